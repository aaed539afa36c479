"""Comments of people without an account, where a site takes guests: a name and an address, which a link in a mail confirms; then the text is posted as any other.

The rule: until the link is followed nothing is stored but the link, for three days, with the text in it; nobody can write under an address that they do not
read. Who has an account with that address is sent a link to sign in instead, with the text in it.
"""

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
from flask import flash
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID, Viewer
from forum.accounts.actions import NAME_MAX
from forum.accounts.models import Account
from forum.accounts.queries import find_account_by_address, fold_email
from forum.articles.models import Article
from forum.clock import now
from forum.comments.schemas import RowId
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.upsert import insert_if_absent
from forum.jobs.actions import enqueue
from forum.mail.letters import language_here, post_letter
from forum.mailbox.following import Explanation, Handler
from forum.mailbox.letters import send_sign_in
from forum.mailbox.links import data_of, gone, link_address, make_link
from forum.mailbox.models import MailLink, Purpose
from forum.notifications.actions import subscriber_of
from forum.notifications.models import Delivery
from forum.posting.addresses import comment_address
from forum.posting.errands import pack_text
from forum.posting.people import refresh_pages_of
from forum.posting.prepare import PreparedBody, prepare_body
from forum.posting.submit import submit
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import sentence
from forum.text.excerpt import excerpt
from forum.text.limits import find_line_faults
from forum.web.pages import Page, Redirect

MAIL_GUEST = "mail-guest"
SHOWN = 2_000
"""So many characters of the text stand on the link's page."""


RECOGNISABLE = sentence(
    "Your text may hold details by which a patient or client could be recognised, so it is not posted like this. Copy it, go back to the discussion, and"
    " write it once more without them."
)


class GuestText(msgspec.Struct, frozen=True):
    """What a guest wants to say, as the link keeps it. ``wants_answers``: whoever answers it is to be told by mail."""

    article_id: RowId
    name: str
    body_md: str
    stance: str = ""
    parent_id: str = ""
    wants_answers: bool = False


def check_name(name: str) -> None:
    """Raise Refusal ``validation`` for a name that cannot stand above a comment."""
    if not name.strip():
        raise invalid(Fault("/name", "required", "Write the name that is to stand above your comment."))
    faults = [Fault("/name", found.code, found.detail) for found in find_line_faults(name, maximum=NAME_MAX)]
    if faults:
        raise invalid(*faults)


def ask_as_guest(session: Session, email: str, text: GuestText) -> None:
    """Let a link be mailed that posts the text; who has the address is found out by a job, so that nobody can learn it here."""
    enqueue(session, MAIL_GUEST, {"email": fold_email(email), "language": language_here(), "text": msgspec.json.encode(text).decode()})


def mail_guest(session: Session, payload: Mapping[str, Any]) -> None:
    """Mail the link that posts a guest's text or, to somebody with an account, one that signs in and brings the text back; a job's handler."""
    text = msgspec.json.decode(payload["text"], type=GuestText)
    article = session.get(Article, text.article_id)
    if article is None:
        return
    account = find_account_by_address(session, payload["email"])
    if account is not None:
        errand = pack_text(article.id, body_md=text.body_md, stance=text.stance, parent_id=text.parent_id)
        send_sign_in(session, account, language=payload["language"], onward={"next": f"/a/{article.slug}", "errand": errand})
        return
    secret = make_link(session, Purpose.GUEST, email=payload["email"], data={"text": payload["text"]})
    post_letter(session, "guest", to=payload["email"], language=payload["language"], title=article.title, link=link_address(secret))


def describe(session: Session, link: MailLink) -> Explanation:
    """Show what will be posted, where and under which name."""
    text, article = _read(session, link)
    says = (
        _("Your comment on “%(title)s”, under the name “%(name)s (guest)”:", title=article.title, name=text.name),
        excerpt(text.body_md, length=SHOWN),
        _("If you did not write this, close this page; then nothing is posted."),
    )
    return Explanation(_("Post your comment"), says, _("Post it"))


def prepare(link: MailLink) -> PreparedBody:
    """Check and render the text while no transaction is open."""
    return prepare_body(msgspec.json.decode(data_of(link)["text"], type=GuestText).body_md, site_id=DEFAULT_SITE_ID)


def follow(session: Session, link: MailLink, prepared: PreparedBody) -> Page | Redirect:
    """Post the text as the guest who reads this address. Raises what posting does; the link stays good then."""
    text, article = _read(session, link)
    guest = _get_guest(session, link.email, text.name.strip())
    viewer = Viewer(guest.id, guest.handle, guest.display_name)
    stance = Stance(text.stance) if text.stance else None
    parent_id = int(text.parent_id) if text.parent_id else None
    try:
        comment = submit(session, viewer, article.id, stance=stance, parent_id=parent_id, prepared=prepared)
    except Refusal as refusal:
        if refusal.kind is not Kind.PLEASE_RECONSIDER:
            raise
        # A member changes the text or says that nobody can be recognised; here there is no form to do that in.
        raise Refusal(refusal.kind, RECOGNISABLE) from None
    if text.wants_answers:
        subscriber_of(session, guest.id).answers = Delivery.AT_ONCE.value
    if comment.state == State.HELD:
        flash(_("Thank you. A person reads your comment before others can."))
        return Redirect(f"/a/{article.slug}")
    flash(_("Your comment is posted."))
    return Redirect(comment_address(comment.id))


def _read(session: Session, link: MailLink) -> tuple[GuestText, Article]:
    text = msgspec.json.decode(data_of(link)["text"], type=GuestText)
    article = session.get(Article, text.article_id)
    if article is None or find_account_by_address(session, link.email) is not None:
        # Somebody has signed up with the address meanwhile: they write as a member.
        raise gone()
    return text, article


def _get_guest(session: Session, email: str, name: str) -> Account:
    handle = f"guest-{secrets.token_hex(6)}"
    insert_if_absent(
        session,
        Account,
        handle=handle,
        display_name=name,
        guest_email=email,
        is_guest=True,
        created_at=now(),
        email_confirmed_at=now(),
    )
    guest = session.scalars(select(Account).where(Account.guest_email == email)).one()
    if guest.display_name != name:
        guest.display_name = name
        session.flush()
        refresh_pages_of(session, guest.id)
    return guest


POSTING_AS_GUEST = Handler(describe, follow, prepare)
