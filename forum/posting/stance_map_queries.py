"""Reads of the stance map: the threads whose first comments are tagged most, and what is left for all others.

Its cost is the map's, never the discussion's: one index range over an article's roots, of which a bounded number is read.
"""

from typing import Any

from sqlalchemy import Integer, Select, bindparam, select, text
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.articles.present import make_tally, stance_tally, tag_tally
from forum.articles.schemas import Tally
from forum.comments.models import LISTED_ROOT, Comment
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.posting.stance_map_schemas import MapOut, MappedArticle, MappedThread
from forum.text.excerpt import excerpt

# On a page of its own; and folded above the threads, where every byte is sent to everybody.
MOST_THREADS, EXCERPT = 30, 90
MOST_FOLDED, FOLDED_EXCERPT = 3, 32


def _most_tagged() -> Select[Any]:
    columns = (Comment.id, Comment.state, Comment.stance, Comment.body_html, Comment.thread_count)
    tallies = (getattr(Comment, f"thread_{stance}") for stance in Stance)
    roots = select(*columns, *tallies).where(Comment.article_id == bindparam("article_id"), text(LISTED_ROOT))
    return roots.order_by(Comment.tag_n.desc(), Comment.id.desc()).limit(bindparam("most", type_=Integer))


_MOST_TAGGED = _most_tagged()


def read_map(session: Session, article: Article, *, most: int = MOST_THREADS, length: int = EXCERPT) -> MapOut:
    """Return the map of an article's discussion with at most ``most`` threads, those with most tags first; threads without a tag are left out.

    ``length``: how many characters of a thread's first comment name it.
    """
    tags = tag_tally(article)
    # Where nobody has tagged anything there is nothing to read.
    rows = session.execute(_MOST_TAGGED, {"article_id": article.id, "most": most}).all() if tags.n else []
    threads = sorted((thread for row in rows if (thread := _present(length, *row)).tags.n), key=lambda thread: (-thread.tags.n, thread.id))
    about = MappedArticle(article.id, f"/a/{article.slug}", article.version)
    return MapOut(about, stance_tally(article), tags, threads, _rest(tags, [thread.tags for thread in threads]))


def _present(length: int, *row: Any) -> MappedThread:
    comment_id, state, stance, body_html, thread_count, *tally = row
    shown = state == State.VISIBLE
    return MappedThread(
        id=comment_id,
        url=f"/c/{comment_id}",
        state=state,
        stance=Stance(stance) if shown and stance else None,
        excerpt=excerpt(body_html or "", length=length) if shown else None,
        thread_count=thread_count,
        tags=make_tally(*tally),
    )


def _rest(whole: Tally, shown: list[Tally]) -> Tally:
    # On PostgreSQL the threads are read after the article: a tag that was set in between must not make a count negative.
    left = (max(0, getattr(whole, stance) - sum(getattr(tally, stance) for tally in shown)) for stance in Stance)
    return make_tally(*left)
