"""Writes of tags: set, change, remove. The row is the present, the event the history; comment, thread and article tallies follow at once."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.articles.schemas import Tally
from forum.clock import now
from forum.comments.counts import Place, counted
from forum.comments.present import tally_of
from forum.comments.queries import hold_place
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.rows import insert_row
from forum.refusals import Kind, Refusal
from forum.sanctions.kinds import Activity
from forum.sanctions.queries import require_free
from forum.stances.counting import is_counted
from forum.stances.models import Tag, TagEvent
from forum.stances.suspension import hold_tagger
from forum.stances.tally import count_tags, write_tally
from forum.web.limits import charge

_HAS_TAG = select(Tag.comment_id).where(Tag.comment_id == bindparam("comment_id"), Tag.account_id == bindparam("account_id"))


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
    with counted(session, place):
        if tag is None:
            tag = Tag(
                comment_id=comment_id,
                account_id=viewer.account_id,
                stance=stance.value,
                counted=counts,
                created_at=moment,
                changed_at=moment,
            )
            insert_row(session, tag)
        else:
            tag.stance, tag.counted, tag.changed_at = stance.value, counts, moment
        _record(session, viewer, place, stance)
    return Tagged(stance, counts, tally_of(place.comment))


def remove_tag(session: Session, viewer: Viewer, comment_id: int) -> Tagged:
    """Take the viewer's tag off a comment; without one nothing changes.

    Raises Refusal ``own-comment``, ``not-taggable``, ``sanctioned`` or ``rate-limited``.
    """
    place, tag = _open(session, viewer, comment_id)
    require_free(session, viewer.account_id, place.article.site_id, Activity.TAG)
    if tag is not None:
        _charge(session, viewer, comment_id, is_change=True)
        with counted(session, place):
            session.delete(tag)
            _record(session, viewer, place, None)
    return Tagged(None, False, tally_of(place.comment))


def _open(session: Session, viewer: Viewer, comment_id: int) -> tuple[Place, Tag | None]:
    place = hold_place(session, comment_id)
    if place.comment.author_id == viewer.account_id:
        raise Refusal(Kind.OWN_COMMENT, "This is your own comment; readers tag what others wrote.")
    if place.comment.state != State.VISIBLE:
        raise Refusal(Kind.NOT_TAGGABLE, "Only comments that everybody can read take tags.")
    return place, _find_tag(session, comment_id, viewer.account_id)


def _find_tag(session: Session, comment_id: int, account_id: int | None) -> Tag | None:
    # Mostly there is none, and looking for one costs less than making a row of it.
    if session.connection().scalar(_HAS_TAG, {"comment_id": comment_id, "account_id": account_id}) is None:
        return None
    return session.get(Tag, (comment_id, account_id), populate_existing=True)


def _charge(session: Session, viewer: Viewer, comment_id: int, *, is_change: bool) -> None:
    charge(session, "tag_rate", str(viewer.account_id))
    if is_change:
        charge(session, "tag_change_rate", f"{viewer.account_id}:{comment_id}")


def _record(session: Session, viewer: Viewer, place: Place, stance: Stance | None) -> None:
    change = TagEvent(comment_id=place.comment.id, account_id=viewer.account_id, stance=stance.value if stance else None, created_at=now())
    insert_row(session, change)
    write_tally(session, place.comment, count_tags(session, place.comment.id))
