"""An author says that a thread below an article is answered in a later part of its series, or takes that back.

The rule: the thread stays as it is, and so do its tags; what is said stands at the thread and in the later part, for everybody. Who wrote or doubted it is told by whoever
listens to ``comment.continued``. The comment's ``attention`` is not touched: the mark itself is the recorded state.
"""

from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.articles.models import Article
from forum.articles.queries import lock_article
from forum.clock import now
from forum.comments.actions import say
from forum.comments.counts import Place
from forum.comments.queries import lock_place
from forum.comments.states import State
from forum.jobs.happening import Happening
from forum.posting.models import Continuation
from forum.posting.series_schemas import LINE_MAX
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.text.limits import find_line_faults


def continue_thread(session: Session, viewer: Viewer, comment_id: int, *, article_id: int | None, line: str) -> Continuation:
    """Say that the thread of ``comment_id`` is answered in the article, and return that; saying the same again changes nothing.

    Raises Refusal ``conflict`` for what is no thread's first comment or cannot be read now, ``validation`` for an article that is no later part of the same series
    by the viewer, and for an unusable line.
    """
    place = lock_place(session, comment_id)
    line = line.strip()
    _require_thread(place)
    _check_line(line)
    later = _get_later_part(session, viewer, place.article, article_id)
    mark = session.get(Continuation, comment_id)
    if mark is not None and (mark.article_id, mark.line) == (later.id, line):
        return mark
    is_told = mark is None or mark.article_id != later.id
    if mark is None:
        mark = Continuation(comment_id=comment_id)
        session.add(mark)
    elif is_told:
        lock_article(session, mark.article_id).version += 1
    mark.article_id, mark.account_id, mark.line = later.id, _account_of(viewer), line
    if is_told:
        mark.created_at = now()
        say(session, Happening.COMMENT_CONTINUED, place.comment)
    _show(session, place.article, later)
    return mark


def discontinue_thread(session: Session, comment_id: int) -> None:
    """Take back that a thread is answered elsewhere; where nobody has said that, nothing changes."""
    place = lock_place(session, comment_id)
    mark = session.get(Continuation, comment_id)
    if mark is not None:
        later = lock_article(session, mark.article_id)
        session.delete(mark)
        _show(session, place.article, later)


def forget_continuation(session: Session, comment_id: int) -> None:
    """Forget what was said of where a destroyed comment is answered: it may quote it. Who destroys it raises the versions."""
    mark = session.get(Continuation, comment_id)
    if mark is not None:
        session.delete(mark)
        session.flush()


def _require_thread(place: Place) -> None:
    if place.comment.depth > 0:
        raise Refusal(Kind.CONFLICT, "Only a whole thread can be answered in a later part: mark its first comment.")
    if place.comment.state != State.VISIBLE:
        raise Refusal(Kind.CONFLICT, "Readers cannot see this comment now, so nothing can be said about it.")


def _check_line(line: str) -> None:
    found = find_line_faults(line, maximum=LINE_MAX) if line else ()
    if found:
        raise invalid(*(Fault("/line", fault.code, fault.detail) for fault in found))


def _get_later_part(session: Session, viewer: Viewer, article: Article, article_id: int | None) -> Article:
    later = session.get(Article, article_id) if article_id is not None else None
    is_later = (
        later is not None
        and article.series_id is not None
        and article.series_id == later.series_id
        and article.part is not None
        and later.part is not None
        and article.part < later.part
    )
    if later is None or not is_later or viewer.account_id not in later.author_ids:
        raise invalid(Fault("/article_id", "no-later-part", "Choose a later part of the same series that you are an author of."))
    # Always the earlier part first, and then the later one.
    return lock_article(session, later.id)


def _show(session: Session, article: Article, later: Article) -> None:
    article.version += 1
    later.version += 1
    session.flush()


def _account_of(viewer: Viewer) -> int:
    assert viewer.account_id is not None
    return viewer.account_id
