"""The threads of a stance map that a digest shows below an article's two bars: the most tagged ones, each a bar that leads to it.

The rule: one statement whatever the number of articles, and of each one index range of a few rows, in the order of the map's own page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, text, union_all
from sqlalchemy.orm import Session

from forum.articles.present import make_tally
from forum.articles.schemas import ArticleOut
from forum.comments.models import LISTED_ROOT, Comment
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.stances.map_lines import MailBar
from forum.stances.stance_map import draw, scale_of
from forum.text.excerpt import excerpt
from forum.web.context import settings

# A single thread's bar says no more than that of the whole.
LEAST_THREADS, MOST_THREADS = 2, 5
EXCERPT = 60


@dataclass(frozen=True)
class ThreadBar:
    """A thread's bar, named by how its first comment begins, and the address where the thread is read."""

    address: str
    bar: MailBar


def read_threads(session: Session, articles: Sequence[ArticleOut]) -> dict[int, list[ThreadBar]]:
    """Return the bars of the most tagged threads of each article by its id, on one scale within an article; what nobody may read or nobody tagged has none."""
    tagged = [article.id for article in articles if article.tags.n]
    if not tagged:
        return {}
    rows = session.execute(union_all(*(select(_most_tagged(article_id).subquery()) for article_id in tagged))).all()
    return {article_id: _draw([row for row in rows if row.article_id == article_id]) for article_id in tagged}


def _most_tagged(article_id: int) -> Select[Any]:
    tallies = (getattr(Comment, f"thread_{stance}") for stance in Stance)
    roots = select(Comment.article_id, Comment.id, Comment.state, Comment.body_html, *tallies)
    roots = roots.where(Comment.article_id == article_id, text(LISTED_ROOT))
    return roots.order_by(Comment.tag_n.desc(), Comment.id.desc()).limit(MOST_THREADS)


def _draw(rows: Sequence[Any]) -> list[ThreadBar]:
    tallies = {row.id: make_tally(*row[4:]) for row in rows if row.state == State.VISIBLE}
    shown = sorted((row for row in rows if row.id in tallies and tallies[row.id].n), key=lambda row: (-tallies[row.id].n, row.id))
    if len(shown) < LEAST_THREADS:
        return []
    scale = scale_of(tallies[row.id] for row in shown)
    base = settings().base_url
    return [
        ThreadBar(f"{base}/c/{row.id}#c{row.id}", MailBar(excerpt(row.body_html or "", length=EXCERPT), tally, draw(tally, scale)))
        for row in shown
        for tally in (tallies[row.id],)
    ]
