"""JSON doors for moderators: the queue, one item, claims, decisions, batches, what is known of a person."""

from forum.access.permissions import Permission
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.clock import now
from forum.comments.models import Comment
from forum.moderation import steps
from forum.moderation.batches import decide_all, preview_all, undo
from forum.moderation.decisions import Order
from forum.moderation.items import CLAIM_TIME, claim, release
from forum.moderation.masking import reveal
from forum.moderation.models import Batch, ReviewItem
from forum.moderation.present import (
    present_batch,
    present_decisions,
    present_history,
    present_item,
    present_notes,
    present_outcome,
)
from forum.moderation.queries import list_notes
from forum.moderation.reasons import DecisionReason
from forum.moderation.review import Action
from forum.moderation.schemas import (
    BatchIn,
    BatchOut,
    CaseOut,
    ClaimOut,
    DecisionIn,
    DecisionOut,
    HistoryOut,
    ItemsOut,
    NoteIn,
    NoteOut,
    NotesOut,
    QueueQuery,
)
from forum.refusals import Kind
from forum.web.doors import Answer, ApiDoors, Call

doors = ApiDoors("moderation")
DECIDING = (Kind.NOT_FOUND, Kind.RECUSED, Kind.STALE_VERSION, Kind.CLAIMED_BY_OTHER, Kind.ILLEGAL_TRANSITION)


@doors.door(
    "GET",
    "/mod/items",
    Permission.QUEUE_READ,
    load=load_site,
    query=QueueQuery,
    answers={200: ItemsOut},
    problems=(Kind.BAD_CURSOR, Kind.NOT_FOUND),
    private=True,
)
def list_queue(call: Call[Site, None, QueueQuery]) -> Answer:
    """List the review queue: open items by lane, priority and age, or closed ones, newest first."""
    return Answer(steps.read_queue(call))


@doors.door(
    "GET",
    "/mod/items/<id:item_id>",
    Permission.QUEUE_READ,
    load=steps.load_item,
    answers={200: CaseOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def get_item(call: Call[ReviewItem, None, None]) -> Answer:
    """Show one item with its thread, findings, reports, decisions, the writer's history, and what can be decided."""
    return Answer(present_item(call.session, call.viewer, call.thing))


@doors.door(
    "PUT",
    "/mod/items/<id:item_id>/claim",
    Permission.ITEM_DECIDE,
    load=steps.load_item,
    answers={200: ClaimOut},
    problems=(Kind.NOT_FOUND, Kind.CLAIMED_BY_OTHER, Kind.CONFLICT),
)
def claim_item(call: Call[ReviewItem, None, None]) -> Answer:
    """Claim an item for ten minutes, or prolong one's claim."""
    item = claim(call.session, call.viewer, call.thing.id)
    return Answer(ClaimOut(item.id, item.version, item.claimed_until or now() + CLAIM_TIME))


@doors.door(
    "DELETE",
    "/mod/items/<id:item_id>/claim",
    Permission.ITEM_DECIDE,
    load=steps.load_item,
    answers={204: None},
    problems=(Kind.NOT_FOUND,),
)
def release_item(call: Call[ReviewItem, None, None]) -> Answer:
    """Give up one's claim; without one nothing changes."""
    release(call.session, call.viewer, call.thing.id)
    return Answer(status=204)


@doors.door(
    "POST",
    "/mod/items/<id:item_id>/reveal",
    Permission.TEXT_REVEAL,
    load=steps.load_item,
    answers={200: CaseOut},
    problems=(Kind.NOT_FOUND,),
)
def reveal_text(call: Call[ReviewItem, None, None]) -> Answer:
    """Show a text that is masked because it may identify a patient, to the caller, for ten minutes; the log keeps who asked."""
    reveal(call.session, call.viewer, call.thing.id)
    return Answer(present_item(call.session, call.viewer, call.thing))


@doors.door(
    "POST",
    "/mod/items/<id:item_id>/decisions",
    Permission.ITEM_DECIDE,
    load=steps.load_item,
    prepare=steps.prepare_decision,
    body=DecisionIn,
    answers={201: DecisionOut},
    problems=DECIDING,
)
def decide_item(call: Call[ReviewItem, DecisionIn, None]) -> Answer:
    """Decide on an item at the version that was seen; who comes too late gets the decision that stands and the own draft back."""
    decision = steps.take_decision(call.session, call.viewer, call.thing.id, call.body, call.prepared)
    return Answer(present_decisions(call.session, [decision])[0], 201, location=f"/api/v1/decisions/{decision.id}")


@doors.door(
    "POST",
    "/mod/comments/<id:comment_id>/items",
    Permission.ITEM_OPEN,
    load=steps.load_moderated_comment,
    answers={200: CaseOut, 201: CaseOut},
    problems=(Kind.NOT_FOUND,),
)
def open_own(call: Call[Comment, None, None]) -> Answer:
    """Open an item on any comment on one's own initiative; 200: one was open already."""
    item, is_new = steps.open_by_moderator(call)
    return Answer(present_item(call.session, call.viewer, item), 201 if is_new else 200, location=f"/api/v1/mod/items/{item.id}")


@doors.door(
    "POST",
    "/mod/batches",
    Permission.ITEM_DECIDE,
    load=load_site,
    body=BatchIn,
    answers={200: BatchOut, 201: BatchOut},
    problems=(),
)
def create_batch(call: Call[Site, BatchIn, None]) -> Answer:
    """Decide on up to 50 items at once, or preview that; what cannot be decided is left out and named."""
    body = call.body
    wanted = steps.unique_items([(one.id, one.version) for one in body.items])
    order = Order(Action(body.action), DecisionReason(body.reason), 0, statement=body.statement, note=body.note)
    if body.preview:
        refused = {one.item_id: one for one in preview_all(call.session, call.viewer, call.thing.id, wanted, order)}
        fine = [present_outcome(call.session, call.viewer, item_id) for item_id, _ in wanted if item_id not in refused]
        return Answer(
            BatchOut(None, body.action, [*fine, *steps.outcomes_of(call.session, call.viewer, list(refused.values()))], None, None)
        )
    batch, left_out = decide_all(call.session, call.viewer, call.thing.id, wanted, order)
    shown = present_batch(call.session, call.viewer, batch, steps.outcomes_of(call.session, call.viewer, left_out))
    return Answer(shown, 201, location=f"/api/v1/mod/batches/{batch.id}")


@doors.door(
    "GET",
    "/mod/batches/<id:batch_id>",
    Permission.QUEUE_READ,
    load=steps.load_batch,
    answers={200: BatchOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def get_batch(call: Call[Batch, None, None]) -> Answer:
    """Show a batch and until when it can be undone."""
    return Answer(present_batch(call.session, call.viewer, call.thing))


@doors.door(
    "DELETE",
    "/mod/batches/<id:batch_id>",
    Permission.ITEM_DECIDE,
    load=steps.load_batch,
    answers={200: BatchOut},
    problems=(Kind.NOT_FOUND, Kind.ILLEGAL_TRANSITION),
)
def undo_batch(call: Call[Batch, None, None]) -> Answer:
    """Undo a batch within ten minutes; what was changed since is left out and named."""
    batch, left_out = undo(call.session, call.viewer, call.thing.id)
    return Answer(present_batch(call.session, call.viewer, batch, steps.outcomes_of(call.session, call.viewer, left_out)))


@doors.door(
    "GET",
    "/mod/accounts/<handle>",
    Permission.QUEUE_READ,
    load=steps.load_person,
    answers={200: HistoryOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def get_history(call: Call[steps.Case, None, None]) -> Answer:
    """Show what moderators should know of a person: comments by state, decisions on them, own reports, notes."""
    return Answer(present_history(call.session, steps.account_of(call), call.thing.site_id))


@doors.door(
    "GET",
    "/mod/accounts/<handle>/notes",
    Permission.QUEUE_READ,
    load=steps.load_person,
    answers={200: NotesOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def get_notes(call: Call[steps.Case, None, None]) -> Answer:
    """List the private notes about a person, newest first."""
    notes = list_notes(call.session, steps.account_of(call).id, call.thing.site_id)
    return Answer(NotesOut(present_notes(call.session, notes)))


@doors.door(
    "POST",
    "/mod/accounts/<handle>/notes",
    Permission.NOTE_WRITE,
    load=steps.load_person,
    body=NoteIn,
    answers={201: NoteOut},
    problems=(Kind.NOT_FOUND,),
)
def create_note(call: Call[steps.Case, NoteIn, None]) -> Answer:
    """Write a private note about a person."""
    note = steps.write_note(call, call.thing, call.body.body, call.body.item_id)
    return Answer(present_notes(call.session, [note])[0], 201, location=f"/api/v1/mod/accounts/{steps.account_of(call).handle}/notes")
