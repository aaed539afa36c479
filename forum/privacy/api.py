"""JSON doors of erasure, deletion of an account and the export of one's data."""

from forum.access.permissions import Permission
from forum.accounts.models import Account
from forum.accounts.steps import load_self
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.comments.models import Comment
from forum.moderation.steps import load_moderated_comment
from forum.privacy import steps
from forum.privacy.erasing import ask, confirm, drop
from forum.privacy.export import export_account
from forum.privacy.leaving import With, ask_to_leave, stay
from forum.privacy.models import Erasure
from forum.privacy.queries import list_erasures
from forum.privacy.schemas import ErasureIn, ErasureOut, ErasuresOut, ExportOut, LeavingIn, LeavingOut
from forum.refusals import Kind
from forum.web.doors import Answer, ApiDoors, Call

doors = ApiDoors("privacy")


@doors.door(
    "POST",
    "/mod/comments/<id:comment_id>/erasure",
    Permission.ERASURE_ASK,
    load=load_moderated_comment,
    body=ErasureIn,
    answers={201: ErasureOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT, Kind.ILLEGAL_TRANSITION),
)
def ask_for_erasure(call: Call[Comment, ErasureIn, None]) -> Answer:
    """Ask for a comment's text to be destroyed for good; a second person has to confirm it."""
    erasure = ask(call.session, call.viewer, call.thing.id, reason=call.body.reason, why=call.body.why)
    return Answer(steps.present_erasures(call.session, call.viewer, [erasure])[0], 201, location="/api/v1/mod/erasures")


@doors.door("GET", "/mod/erasures", Permission.ERASURE_CONFIRM, load=load_site, answers={200: ErasuresOut}, private=True)
def list_waiting(call: Call[Site, None, None]) -> Answer:
    """List the erasures that wait for a second person."""
    erasures = list_erasures(call.session, call.thing.id)
    return Answer(ErasuresOut(steps.present_erasures(call.session, call.viewer, erasures)))


@doors.door(
    "POST",
    "/mod/erasures/<id:erasure_id>/confirmation",
    Permission.ERASURE_CONFIRM,
    load=steps.load_erasure,
    answers={200: ErasureOut},
    problems=(Kind.NOT_FOUND, Kind.RECUSED, Kind.ILLEGAL_TRANSITION),
)
def confirm_erasure(call: Call[Erasure, None, None]) -> Answer:
    """Confirm an erasure that somebody else has asked for: the text is destroyed at once and cannot be brought back."""
    confirm(call.session, call.viewer, call.thing)
    return Answer(steps.present_erasures(call.session, call.viewer, [call.thing])[0])


@doors.door(
    "DELETE",
    "/mod/erasures/<id:erasure_id>",
    Permission.ERASURE_CONFIRM,
    load=steps.load_erasure,
    answers={204: None},
    problems=(Kind.NOT_FOUND, Kind.ILLEGAL_TRANSITION),
)
def drop_erasure(call: Call[Erasure, None, None]) -> Answer:
    """Give up or turn down an erasure that nobody has confirmed."""
    drop(call.session, call.viewer, call.thing)
    return Answer(status=204)


@doors.door(
    "GET",
    "/me/export",
    Permission.SELF_EXPORT,
    load=load_self,
    prepare=steps.charge_export,
    answers={200: ExportOut},
    problems=(Kind.RATE_LIMITED,),
    private=True,
)
def get_export(call: Call[Account, None, None]) -> Answer:
    """Take away everything that is held about one's account, as one document."""
    return Answer(export_account(call.session, call.thing))


@doors.door("GET", "/me/deletion", Permission.SELF_DELETE, load=load_self, answers={200: LeavingOut}, private=True)
def get_leaving(call: Call[Account, None, None]) -> Answer:
    """Show whether and when one's account is deleted."""
    return Answer(steps.present_leaving(call.thing))


@doors.door(
    "POST",
    "/me/deletion",
    Permission.SELF_DELETE,
    load=load_self,
    prepare=steps.check_own_password,
    body=LeavingIn,
    answers={202: LeavingOut},
    problems=(Kind.CONFLICT, Kind.RATE_LIMITED),
)
def leave(call: Call[Account, LeavingIn, None]) -> Answer:
    """Let one's account be deleted in seven days; until then it can be undone."""
    ask_to_leave(call.session, call.thing, With(call.body.comments))
    return Answer(steps.present_leaving(call.thing), 202, location="/api/v1/me/deletion")


@doors.door("DELETE", "/me/deletion", Permission.SELF_DELETE, load=load_self, answers={204: None})
def undo_leaving(call: Call[Account, None, None]) -> Answer:
    """Undo the wish to delete one's account; without one nothing changes."""
    stay(call.session, call.thing)
    return Answer(status=204)
