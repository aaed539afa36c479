"""Steps that the pages and the JSON doors of moderation share: what a door loads, what is sent becomes an order, a refusal brings along what stands.

The rule of the loaders: who may not see a case gets the same answer whether there is one or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import request
from msgspec import to_builtins
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.table import is_granted
from forum.access.viewer import DEFAULT_SITE_ID, Viewer
from forum.accounts.models import Account
from forum.accounts.queries import find_account, known_handles
from forum.articles.queries import get_site
from forum.clock import now
from forum.comments.actions import Text
from forum.comments.models import Comment
from forum.comments.queries import get_comment, lock_place
from forum.db.transaction import reading
from forum.moderation.batches import LeftOut
from forum.moderation.decisions import Order, decide
from forum.moderation.items import Cause, find_open_item, open_item
from forum.moderation.models import Batch, Decision, ModeratorNote, Report, ReviewItem
from forum.moderation.present import get_by_reference, present_decisions, present_items, present_outcome
from forum.moderation.queries import list_items
from forum.moderation.reasons import DecisionReason, ReportReason
from forum.moderation.reporting import Notice, notify
from forum.moderation.review import Action, Origin
from forum.moderation.sanctioning import SanctionOrder, decide_and_impose
from forum.moderation.schemas import BatchItemOut, DecisionIn, ItemsOut, NoticeIn, QueueQuery, Span
from forum.refusals import Fault, Refusal, invalid, not_found
from forum.sentences import Sentence, sentence
from forum.text.fingerprint import fingerprint
from forum.text.limits import normalize_body
from forum.text.mentions import find_mentions
from forum.text.render import render
from forum.web.context import cursors, settings
from forum.web.doors import AnyCall

REDACTION = "[identifying detail removed]"


@dataclass(frozen=True)
class Case:
    """What a permission is asked about where a row alone does not tell: the site, and who wrote the comment."""

    site_id: int
    author_id: int | None = None
    row: Any = None


def load_item(call: AnyCall) -> Any:
    """Load the item of the address."""
    return or_site(call, call.session.get(ReviewItem, call.path["item_id"]), Permission.QUEUE_READ, sentence("item"))


def load_batch(call: AnyCall) -> Any:
    """Load the batch of the address."""
    return or_site(call, call.session.get(Batch, call.path["batch_id"]), Permission.QUEUE_READ, sentence("batch"))


def load_moderated_comment(call: AnyCall) -> Any:
    """Load the comment of the address in any state."""
    return or_site(call, call.session.get(Comment, call.path["comment_id"]), Permission.QUEUE_READ, sentence("comment"))


def load_reported_comment(call: AnyCall) -> Comment:
    """Load the comment of the address; one the caller may not know of is not found."""
    comment = get_comment(call.session, call.path["comment_id"])
    if not is_granted(call.viewer, Permission.COMMENT_READ, comment):
        raise not_found(sentence("comment"))
    return comment


def load_receipt(call: AnyCall) -> Report:
    """Load the report of the address: its reference is known to its sender alone."""
    return get_by_reference(call.session, call.path["reference"])


def load_person(call: AnyCall) -> Any:
    """Load the person of the address, as the site's moderators see them."""
    account = find_account(call.session, call.path["handle"])
    case = Case(DEFAULT_SITE_ID, None, account) if account is not None else None
    return or_site(call, case, Permission.QUEUE_READ, sentence("person"))


def or_site(call: AnyCall, found: Any, permission: Permission, what: Sentence) -> Any:
    """Return what was found or, where nothing was, the site for whoever may not know that. Raises Refusal ``not-found`` to those who may."""
    if found is not None:
        return found
    site = get_site(call.session, DEFAULT_SITE_ID)
    if is_granted(call.viewer, permission, site):
        raise not_found(what)
    # Asked about the site, the permission is refused just as it would be about a case that is there.
    return site


def account_of(call: AnyCall) -> Account:
    """Return the person that ``load_person`` loaded."""
    account: Account = call.thing.row
    return account


def prepare_decision(call: AnyCall) -> Text | None:
    """Render the redacted text before the transaction begins, where one is asked for."""
    return redact_text(call.path["item_id"], call.body.spans) if call.body.action == "redact" and call.body.spans else None


def redact_text(item_id: int, spans: Sequence[Span]) -> Text:
    """Return the text of an item's comment with ``spans`` replaced, rendered. Raises Refusal ``validation`` for spans that are not in it or overlap."""
    with reading() as session:
        item = session.get(ReviewItem, item_id)
        comment = session.get(Comment, item.comment_id) if item else None
        body = (comment.body_md if comment else None) or ""
    return take_out(body, spans)


def take_out(body: str, spans: Sequence[Span]) -> Text:
    """Return a text with ``spans`` replaced, rendered. Raises Refusal ``validation`` for spans that are not in it or overlap."""
    pieces, at = [], 0
    for place, span in enumerate(sorted(spans, key=lambda span: span.start)):
        if not at <= span.start < span.end <= len(body):
            raise invalid(Fault(f"/spans/{place}", "bad-span", "Each span has to lie inside the text and must not overlap another."))
        pieces += [body[at : span.start], REDACTION]
        at = span.end
    return render_again(normalize_body("".join([*pieces, body[at:]])))


def render_again(body: str) -> Text:
    """Return a source text, which was checked when it was written, rendered as it would be today."""
    mentioned = find_mentions(body)
    with reading() as session:
        handles = known_handles(session, mentioned) if mentioned else frozenset()
    rendered = render(body, known_handles=handles)
    return Text(body, rendered.html, rendered.renderer, fingerprint(body))


def take_decision(session: Session, viewer: Viewer, item_id: int, sent: DecisionIn, redacted: Text | None) -> Decision:
    """Decide as ``sent`` says, and impose what it imposes; a refusal carries the decision that stands and what was sent, as structures. Raises Refusal."""
    order = Order(
        Action(sent.action),
        DecisionReason(sent.reason),
        sent.version,
        statement=sent.statement,
        note=sent.note,
        redacted=redacted,
        notice=sent.notice,
    )
    try:
        if sent.sanction is not None:
            imposed = SanctionOrder(sent.sanction.kind, order.reason, statement=sent.sanction.statement, days=sent.sanction.days)
            return decide_and_impose(session, viewer, item_id, order, imposed, draft=to_builtins(sent))
        return decide(session, viewer, item_id, order, draft=to_builtins(sent))
    except Refusal as refusal:
        standing = refusal.members.get("decision")
        if isinstance(standing, Decision):
            refusal.members["decision"] = to_builtins(present_decisions(session, [standing])[0])
        raise


def outcomes_of(session: Session, viewer: Viewer, left_out: Sequence[LeftOut]) -> list[BatchItemOut]:
    """Return what a batch left out, with the kind and sentence of each refusal."""
    return [present_outcome(session, viewer, one.item_id, problem=one.refusal.kind.value, detail=one.refusal.detail) for one in left_out]


def comment_at(session: Session, url: str) -> Comment:
    """Return the comment that an address of this site leads to (``/c/12``, or any page with ``#c12``). Raises Refusal ``validation``."""
    parts = urlsplit(url.strip())
    here = urlsplit(settings().base_url)
    named = parts.path.rpartition("/c/")[2].partition("/")[0] if "/c/" in parts.path else parts.fragment.removeprefix("c")
    number = named if named.isascii() and named.isdigit() and len(named) < 19 else ""
    comment = session.get(Comment, int(number)) if number and (not parts.netloc or parts.netloc == here.netloc) else None
    if comment is None or not comment.listed:
        raise invalid(Fault("/url", "unknown-comment", "Give the comment's own address: it is the link of its date, such as /c/12."))
    return comment


def file_notice(session: Session, sent: NoticeIn) -> Report:
    """Store a notice about the comment that its address names. Raises Refusal ``validation``, ``conflict`` or ``rate-limited``."""
    if not sent.good_faith:
        raise invalid(Fault("/good_faith", "required", "Confirm that you believe in good faith that what you say is right."))
    comment = comment_at(session, sent.url)
    notice = Notice(sent.name.strip(), sent.email.strip())
    return notify(session, comment.id, notice, reason=ReportReason(sent.reason), note=sent.note, address=request.remote_addr)


def read_queue(call: AnyCall) -> ItemsOut:
    """Return the page of the queue that the query asks for. Raises Refusal ``bad-cursor`` or ``not-found``."""
    query: QueueQuery = call.query
    asked = (query.state, query.lane, query.article, query.series, query.person, query.reason)
    purpose = f"queue:{call.thing.id}:{asked}"
    key = cursors().read(purpose, query.cursor) if query.cursor else ()
    page = list_items(call.session, call.thing.id, query, key=key)
    following = cursors().write(purpose, page.next_key) if page.next_key else None
    return ItemsOut(present_items(call.session, call.viewer, page.items), following)


def open_by_moderator(call: AnyCall) -> tuple[ReviewItem, bool]:
    """Open an item on the loaded comment, or return the open one, and say whether it is new."""
    place = lock_place(call.session, call.thing.id)
    item = find_open_item(call.session, call.thing.id)
    if item is not None:
        return item, False
    return open_item(call.session, place, Cause(Origin.MODERATOR, "own_initiative", 2, opened_by=call.viewer.account_id)), True


def unique_items(wanted: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the items of a batch. Raises Refusal ``validation`` when one is named twice."""
    if len({item_id for item_id, _ in wanted}) < len(wanted):
        raise invalid(Fault("/items", "repeated", sentence("Name each item once.")))
    return wanted


def write_note(call: AnyCall, about: Case, body: str, item_id: int | None) -> ModeratorNote:
    """Store a note about the person of a case. Raises Refusal ``validation`` when the item is not about something they wrote."""
    account: Account = about.row
    if not body.strip():
        raise invalid(Fault("/body", "required", "Write what other moderators should know."))
    item = call.session.get(ReviewItem, item_id) if item_id is not None else None
    if item_id is not None and (item is None or item.writer_id != account.id or item.site_id != about.site_id):
        raise invalid(Fault("/item_id", "unknown-item", "There is no such item about a comment of this person."))
    note = ModeratorNote(
        site_id=about.site_id,
        account_id=account.id,
        item_id=item_id,
        author_id=call.viewer.account_id,
        body=body.strip(),
        created_at=now(),
    )
    call.session.add(note)
    call.session.flush()
    return note
