"""Texts of mails, from ``templates/mail/<name>.txt``: the first line is the subject, the rest the mail, in which nothing of ours is escaped; its HTML is made of it.

They are about an account or an address, one at a time and because of what somebody asked for: no list, so that they have no ``List-Unsubscribe`` (RFC 8058).

The rule: nothing that somebody else chose freely, such as a display name, goes into a mail to an address that they typed: it would be a way to send advertisements.
"""

from typing import Any

from flask import current_app, has_request_context
from flask_babel import force_locale, get_locale
from sqlalchemy.orm import Session

from forum.mail.actions import post_mail
from forum.mail.models import OutgoingMail
from forum.web.context import settings
from forum.web.translation import speaking


def post_letter(session: Session, name: str, *, to: str, language: str = "", **values: Any) -> OutgoingMail:
    """Post the mail ``name`` in the open transaction, in ``language`` or that of the present request. Raises Refusal ``validation`` for an address that is none."""
    subject, body = write_letter(name, language or language_here(), **values)
    return post_mail(session, kind=name, to=to, subject=subject, body=body)


def write_letter(name: str, language: str, **values: Any) -> tuple[str, str]:
    """Return subject and text of the mail ``name``."""
    known = settings()
    with force_locale(language), speaking():
        text = current_app.jinja_env.get_template(f"mail/{name}.txt").render(site=known.site_name, home=known.base_url, **values)
    subject, _, body = text.lstrip().partition("\n")
    return " ".join(subject.split()), f"{body.strip()}\n"


def mark_up(body: str) -> str:
    """Return a mail's text as HTML: the same words, with a line that is an address as a link; what stands below the signature's line is left out."""
    known = settings()
    said = body.partition("\n-- \n")[0].strip()
    paragraphs = [paragraph.split("\n") for paragraph in said.split("\n\n")]
    template = current_app.jinja_env.get_template("mail/letter.html")
    with force_locale(known.languages.split()[0]), speaking():
        language = str(get_locale()).replace("_", "-")
        return template.render(paragraphs=paragraphs, site=known.site_name, home=known.base_url, language=language)


def language_here() -> str:
    """Return the language of the person who asks, or the site's where nobody does, as in a command."""
    return str(get_locale()) if has_request_context() else settings().languages.split()[0]
