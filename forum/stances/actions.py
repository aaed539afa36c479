"""Writes of tags: set, change, remove. The row is the present, the event the history; comment, thread and article tallies follow at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.articles.schemas import Tally
from forum.clock import now
from forum.comments.counts import Place, counted
from forum.comments.models import Comment
from forum.comments.present import tally_of
from forum.comments.queries import hold_place
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.direct import read, write
from forum.db.rows import insert_of
from forum.refusals import Kind, Refusal
from forum.sanctions.kinds import Activity
from forum.sanctions.queries import require_free
from forum.stances.counting import is_counted
from forum.stances.models import Tag, TagEvent
from forum.stances.suspension import hold_tagger
from forum.stances.tally import columns_of, count_tags
from forum.web.limits import charge

# Written once, and past the unit of work: each tag runs several.
_TAGS = cast(Table, Tag.__table__)
_MINE = (_TAGS.c.comment_id == bindparam("at_comment"), _TAGS.c.account_id == bindparam("at_account"))
_FIND = select(_TAGS.c.stance, _TAGS.c.counted).where(*_MINE)
_ADD = insert_of(Tag, "comment_id", "account_id", "stance", "counted", "suspended", "created_at", "changed_at")
_CHANGE = update(_TAGS).where(*_MINE).values(stance=bindparam("stance"), counted=bindparam("counted"), changed_at=bindparam("changed_at"))
_REMOVE = delete(_TAGS).where(*_MINE)
_NOTE = insert_of(TagEvent, "comment_id", "account_id", "stance", "created_at")


class _Mine(NamedTuple):
    stance: str
    counted: bool


@dataclass(frozen=True)
class Tagged:
    """A reader's tag after a change, whether it counts, and the tally that holds now."""

    stance: Stance | None
    counted: bool
    tally: Tally


def put_tag(session: Session, viewer: Viewer, comment_id: int, stance: Stance) -> Tagged:
    """Make ``stance`` the viewer's one tag on a comment; the same again changes nothing.

    The article's authors' tags are kept and shown but not counted. Raises Refusal ``own-comment``, ``not-taggable``, ``sanctioned`` or ``rate-limited``.
    """
    place, tag = _open(session, viewer, comment_id)
    assert viewer.account_id is not None, "the permission table lets nobody tag without an account"
    if tag is None:
        # Otherwise a suspension that takes the tags out at this very moment would miss this one.
        hold_tagger(session, viewer.account_id)
    require_free(session, viewer.account_id, place.article.site_id, Activity.TAG)
    if tag is not None and tag.stance == stance:
        return Tagged(stance, tag.counted, tally_of(place.comment))
    _charge(session, viewer, comment_id, is_change=tag is not None)
    moment = now()
    counts = is_counted(session, place.article.author_ids, viewer.account_id, comment_id)
    with counted(session, place) as columns:
        at = {"at_comment": comment_id, "at_account": viewer.account_id}
        if tag is None:
            write(session, _ADD, _row(viewer, comment_id, stance, moment) | {"counted": counts, "suspended": False, "changed_at": moment})
        else:
            write(session, _CHANGE, {"stance": stance.value, "counted": counts, "changed_at": moment, **at})
        columns.update(_record(session, viewer, place.comment, stance, moment))
    return Tagged(stance, counts, tally_of(place.comment))


def remove_tag(session: Session, viewer: Viewer, comment_id: int) -> Tagged:
    """Take the viewer's tag off a comment; without one nothing changes.

    Raises Refusal ``own-comment``, ``not-taggable``, ``sanctioned`` or ``rate-limited``.
    """
    place, tag = _open(session, viewer, comment_id)
    require_free(session, viewer.account_id, place.article.site_id, Activity.TAG)
    if tag is not None:
        _charge(session, viewer, comment_id, is_change=True)
        with counted(session, place) as columns:
            write(session, _REMOVE, {"at_comment": comment_id, "at_account": viewer.account_id})
            columns.update(_record(session, viewer, place.comment, None, now()))
    return Tagged(None, False, tally_of(place.comment))


def _open(session: Session, viewer: Viewer, comment_id: int) -> tuple[Place, _Mine | None]:
    place = hold_place(session, comment_id)
    if place.comment.author_id == viewer.account_id:
        raise Refusal(Kind.OWN_COMMENT, "This is your own comment; readers tag what others wrote.")
    if place.comment.state != State.VISIBLE:
        raise Refusal(Kind.NOT_TAGGABLE, "Only comments that everybody can read take tags.")
    found = read(session, _FIND, {"at_comment": comment_id, "at_account": viewer.account_id})
    return place, _Mine(*found[0]) if found else None


def _charge(session: Session, viewer: Viewer, comment_id: int, *, is_change: bool) -> None:
    charge(session, "tag_rate", str(viewer.account_id))
    if is_change:
        charge(session, "tag_change_rate", f"{viewer.account_id}:{comment_id}")


def _record(session: Session, viewer: Viewer, comment: Comment, stance: Stance | None, moment: datetime) -> dict[str, int | float]:
    """Keep the change, and return the columns of the comment that follow from its tags now."""
    write(session, _NOTE, _row(viewer, comment.id, stance, moment))
    return columns_of(count_tags(session, comment.id), desk_base=comment.desk_base)


def _row(viewer: Viewer, comment_id: int, stance: Stance | None, moment: datetime) -> dict[str, Any]:
    return {"comment_id": comment_id, "account_id": viewer.account_id, "stance": stance.value if stance else None, "created_at": moment}
