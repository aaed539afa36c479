"""HTML doors of guests: the form that asks for a name and an address, and the page that says that a mail is on its way."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from forum.access.permissions import Permission
from forum.accounts.errands import ask_to_sign_in
from forum.articles.models import Article
from forum.articles.present import present_articles
from forum.articles.queries import get_site
from forum.comments.schemas import Body, RowId, Token
from forum.comments.stance import Stance
from forum.mailbox.asking import prepare_mail
from forum.posting.discussion import load_article_by_slug
from forum.posting.errands import pack_text
from forum.posting.guests import GuestText, ask_as_guest, check_name
from forum.posting.prepare import prepare_body
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, refused_form, typed
from forum.web.pages import Page, PageDoors

doors = PageDoors("guests")


@dataclass(frozen=True)
class GuestPlace:
    """An article, and whether its site takes guests."""

    article: Article
    takes_guests: bool

    @property
    def site_id(self) -> int:
        """The article's site."""
        return self.article.site_id


class GuestForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A comment with who wrote it. ``step`` is ``form`` when the composer only hands it over."""

    body_md: Body = ""
    stance: Stance | None = None
    parent_id: RowId | None = None
    name: Annotated[str, Meta(max_length=200)] = ""
    email: Annotated[str, Meta(max_length=254)] = ""
    wants_answers: bool = False
    step: Annotated[str, Meta(max_length=10)] = ""
    # What the composer of a text that a member is asked to reconsider holds besides.
    reconsidered: Token = ""
    attested: str | None = None


def load_place(call: AnyCall) -> GuestPlace:
    """Load the article of the address, and what its site allows. Raises Refusal ``not-found``."""
    article = load_article_by_slug(call)
    return GuestPlace(article, get_site(call.session, article.site_id).takes_guests)


def prepare_guest(call: Call[GuestPlace, GuestForm, None]) -> None:
    """Check text, name and address and charge the mail, unless the composer only hands the text over."""
    if call.body.step == "form":
        return
    prepare_body(call.body.body_md)
    check_name(call.body.name)
    prepare_mail(call.body.email)


def redisplay_guest(call: AnyCall, refusal: Refusal) -> Page:
    """Show the form again, with the text; where no guests are taken, the way to sign in."""
    if not call.thing.takes_guests:
        errand = pack_text(call.thing.article.id, body_md=typed("body_md"), stance=typed("stance"), parent_id=typed("parent_id"))
        return ask_to_sign_in(call.session, errand=errand, then=f"/a/{call.thing.article.slug}")
    # The composer of a visitor has no token yet: it only brings the text here, which is no fault of theirs.
    is_first = refusal.kind is Kind.CSRF and not typed("email")
    form = (
        filled_form(body_md=typed("body_md"), stance=typed("stance"), parent_id=typed("parent_id")) if is_first else refused_form(refusal)
    )
    return _form(call, form)


@doors.door(
    "POST",
    "/a/<slug>/guest",
    Permission.COMMENT_AS_GUEST,
    load=load_place,
    prepare=prepare_guest,
    body=GuestForm,
    redisplay=redisplay_guest,
    framed=True,
)
def write_as_guest(call: Call[GuestPlace, GuestForm, None]) -> Page:
    """Mail a link to the guest that posts the comment."""
    body, article = call.body, call.thing.article
    if body.step == "form":
        return _form(call, filled_form(body_md=body.body_md, stance=body.stance, parent_id=body.parent_id))
    if article.closed_at is not None:
        raise Refusal(Kind.CLOSED, "This discussion is closed to new comments; tags stay open.")
    if not body.body_md.strip():
        raise invalid(Fault("/body_md", "required", "Write something first."))
    text = GuestText(article.id, body.name.strip(), body.body_md, body.stance or "", str(body.parent_id or ""), body.wants_answers)
    ask_as_guest(call.session, body.email, text)
    return Page("posting/guest_sent.html", {"article": present_articles(call.session, [article])[0], "email": body.email.strip()})


def _form(call: AnyCall, form: Form) -> Page:
    article = call.thing.article
    return Page(
        "posting/guest.html", {"article": present_articles(call.session, [article])[0], "form": form, "action": f"/a/{article.slug}/guest"}
    )
