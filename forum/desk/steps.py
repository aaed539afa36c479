"""Steps that the pages and the JSON doors of the desk share: load a comment with its article, read a page of the desk."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.articles.models import Article
from forum.articles.queries import get_article
from forum.clock import now
from forum.comments.models import Comment
from forum.desk.models import ReplyTemplate
from forum.desk.present import count_by_group, group_of, present_answered, present_set_aside, present_waiting
from forum.desk.queries import AnsweredPlace, get_template, is_own, list_answered, list_set_aside, read_answered_place
from forum.desk.schemas import DeskOut, DeskQuery, Group
from forum.desk.waiting import Place, count_waiting, list_waiting, open_desk, read_place
from forum.posting.discussion import load_comment
from forum.refusals import not_found
from forum.sentences import sentence
from forum.web.context import cursors
from forum.web.doors import AnyCall

NOT_COUNTED: tuple[dict[str, int] | None, list[Group]] = None, []


@dataclass(frozen=True)
class Marked:
    """A comment with its article, whose authors may mark it: the permission table asks both."""

    comment: Comment
    article: Article

    @property
    def author_ids(self) -> tuple[int, ...]:
        """The article's authors."""
        return self.article.author_ids


def load_marked(call: AnyCall) -> Marked:
    """Load the comment of the address with its article; one the caller may not know of is not found."""
    comment = load_comment(call)
    return Marked(comment, get_article(call.session, comment.article_id))


def load_template(call: AnyCall) -> ReplyTemplate | None:
    """Load one of the caller's own templates; a visitor has none. Raises Refusal ``not-found``."""
    if call.viewer.account_id is None:
        return None
    return get_template(call.session, call.viewer.account_id, call.path["template_id"])


def read_desk(session: Session, viewer: Viewer, query: DeskQuery) -> DeskOut:
    """Return a page of somebody's desk, empty for who is author of nothing. Raises Refusal ``bad-cursor``, or ``not-found`` for an article of others."""
    assert viewer.account_id is not None, "the permission table shows nobody a desk without an account"
    if query.article is not None and not is_own(session, viewer.account_id, query.article):
        raise not_found(sentence("article"))
    purpose = f"desk-at:{viewer.account_id}:{query.tab}:{query.article}:{query.group}"
    key = cursors().read(purpose, query.cursor) if query.cursor else []
    read = {"waiting": _read_waiting, "set_aside": _read_set_aside, "replied": _read_answered}[query.tab]
    (counts, more_than), items, following = read(session, viewer.account_id, query, key)
    return DeskOut(query.tab, counts, more_than, items, cursors().write(purpose, following) if following else None)


def _read_waiting(session: Session, account_id: int, query: DeskQuery, key: list[Any]) -> Any:
    place = read_place(key) if key else Place(now())
    desk = open_desk(session, account_id, place.moment, only=query.article)
    found, following = list_waiting(session, desk, place, limit=query.limit, only=group_of(query.group))
    counts = NOT_COUNTED if key else count_by_group(count_waiting(session, desk))
    return counts, present_waiting(session, found, place.moment), following.write() if following else None


def _read_set_aside(session: Session, account_id: int, query: DeskQuery, key: list[Any]) -> Any:
    moment = now()
    before_id = key[0] if key else None
    ids, before = list_set_aside(session, account_id, moment, only=query.article, before_id=before_id, limit=query.limit)
    return NOT_COUNTED, present_set_aside(session, ids, moment), [before] if before else None


def _read_answered(session: Session, account_id: int, query: DeskQuery, key: list[Any]) -> Any:
    place = read_answered_place(key) if key else AnsweredPlace()
    pairs, following = list_answered(session, account_id, only=query.article, place=place, limit=query.limit)
    return NOT_COUNTED, present_answered(session, pairs, now()), following.write() if following else None
