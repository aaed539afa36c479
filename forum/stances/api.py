"""JSON doors of tags: see, set and remove one's own tag on a comment."""

from forum.access.permissions import Permission
from forum.access.table import is_granted
from forum.comments.models import Comment
from forum.comments.present import tally_of
from forum.comments.queries import get_comment
from forum.comments.stance import Stance
from forum.refusals import Kind, not_found
from forum.sentences import sentence
from forum.stances.actions import Tagged, put_tag, remove_tag
from forum.stances.models import Tag
from forum.stances.schemas import TagIn, TagOut
from forum.web.doors import Answer, AnyCall, ApiDoors, Call

doors = ApiDoors("stances")
WRITES = (Kind.NOT_FOUND, Kind.OWN_COMMENT, Kind.NOT_TAGGABLE, Kind.SANCTIONED, Kind.RATE_LIMITED)


def load_comment(call: AnyCall) -> Comment:
    """Load the comment of the address; one the caller may not know of is not found."""
    comment = get_comment(call.session, call.path["comment_id"])
    if not is_granted(call.viewer, Permission.COMMENT_READ, comment):
        raise not_found(sentence("comment"))
    return comment


@doors.door(
    "GET",
    "/comments/<id:comment_id>/tag",
    Permission.TAG_READ,
    load=load_comment,
    answers={200: TagOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def get_tag(call: Call[Comment, None, None]) -> Answer:
    """Show one's own tag on a comment and the comment's tally."""
    tag = call.session.get(Tag, (call.thing.id, call.viewer.account_id))
    tally = tally_of(call.thing)
    shown = Tagged(Stance(tag.stance), tag.counted and not tag.suspended, tally) if tag else Tagged(None, False, tally)
    return Answer(_present(call.thing.id, shown))


@doors.door(
    "PUT", "/comments/<id:comment_id>/tag", Permission.TAG_SET, load=load_comment, body=TagIn, answers={200: TagOut}, problems=WRITES
)
def set_tag(call: Call[Comment, TagIn, None]) -> Answer:
    """Tag a comment, or change one's tag; the same again changes nothing."""
    return Answer(_present(call.thing.id, put_tag(call.session, call.viewer, call.thing.id, call.body.stance)))


@doors.door("DELETE", "/comments/<id:comment_id>/tag", Permission.TAG_SET, load=load_comment, answers={204: None}, problems=WRITES)
def delete_tag(call: Call[Comment, None, None]) -> Answer:
    """Take one's tag off a comment; without one nothing changes."""
    remove_tag(call.session, call.viewer, call.thing.id)
    return Answer(status=204)


def _present(comment_id: int, tagged: Tagged) -> TagOut:
    return TagOut(comment_id, tagged.stance, tagged.counted, tagged.tally)
