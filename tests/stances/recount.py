"""A second, plain count of everything that the forum keeps counted, written from the design and not from the code.

``expected`` computes every stored count of one article from its bare comments and tags; ``find_miscounts`` compares a whole database with
it. Tests of counts, histories and crashes end with an empty ``find_miscounts``; the seeding fills its columns with ``expected``.
"""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.articles.models import Article, ArticleAuthor
from forum.clock import now
from forum.comments.models import Comment
from forum.sanctions.models import Sanction
from forum.stances.models import Tag

STANCES = ("agreement", "disagreement", "skepticism", "encouragement")
QUANTILE = 1.281551565545


@dataclass(frozen=True)
class Said:
    """The bare facts of one comment, from which all counts follow. ``listed``: it was public once, by default whatever is not held; ``published_at``: since when."""

    id: int
    parent_id: int | None
    author_id: int
    state: str
    stance: str | None
    created_at: datetime
    listed: bool | None = None
    published_at: datetime | None = None
    body_md: str | None = None

    @property
    def desk_base(self) -> float:
        """Minus what its stance or a question at its end makes it count on an author's desk."""
        asks = re.search(r"\?[\s*_)\"'”’]*$", self.body_md or "") is not None
        return {"skepticism": -4.0, "disagreement": -3.0}.get(self.stance or "", -3.0 if asks else -1.0)

    @property
    def is_listed(self) -> bool:
        """Whether it has a place in the listing."""
        return self.state != "held" if self.listed is None else self.listed

    @property
    def appeared_at(self) -> datetime:
        """When it became part of the discussion."""
        return self.published_at or self.created_at


@dataclass(frozen=True)
class Marked:
    """The bare facts of one reader's tag."""

    comment_id: int
    stance: str
    counted: bool
    suspended: bool = False


@dataclass(frozen=True)
class Expected:
    """What the article's row and each comment's row must hold, by column."""

    article: dict[str, Any]
    comments: dict[int, dict[str, Any]]


def wilson_bound(pro: int, n: int) -> float:
    """Return the lower end of the Wilson interval as the textbook writes it: centre minus margin; they are equal where ``pro`` is 0."""
    if pro == 0:
        return 0.0
    z2 = QUANTILE**2
    centre = (pro + z2 / 2) / (n + z2)
    margin = QUANTILE / (n + z2) * math.sqrt(pro * (n - pro) / n + z2 / 4)
    return max(0.0, centre - margin)


def contest(pro: int, con: int) -> float:
    """Return n to the power of the smaller side over the larger one, 0 when a side is empty."""
    return 0.0 if 0 in (pro, con) else math.pow(pro + con, min(pro, con) / max(pro, con))


def expected(comments: Sequence[Said], tags: Sequence[Marked], author_ids: Collection[int]) -> Expected:
    """Return what must be stored for one article's ``comments`` (parents before their replies) and ``tags``."""
    root_of: dict[int, int] = {}
    depth_of: dict[int, int] = {}
    for said in comments:
        root_of[said.id] = said.id if said.parent_id is None else root_of[said.parent_id]
        depth_of[said.id] = 0 if said.parent_id is None else depth_of[said.parent_id] + 1
    counts = ("reply_count", "thread_count", *(f"{kind}_{stance}" for kind in ("tag", "thread") for stance in STANCES))
    rows: dict[int, dict[str, Any]] = {
        said.id: dict.fromkeys(counts, 0)
        | {"root_id": root_of[said.id], "depth": depth_of[said.id], "activity_at": said.appeared_at}
        | {"author_replied": False, "author_reply_id": None}
        for said in comments
    }
    for tag in tags:
        if tag.counted and not tag.suspended:
            rows[tag.comment_id][f"tag_{tag.stance}"] += 1
    article: dict[str, Any] = dict.fromkeys(("comment_count", *(f"{kind}_{stance}" for kind in ("stance", "tag") for stance in STANCES)), 0)
    parent_of = {said.id: said.parent_id for said in comments}
    for said in comments:
        _add(said, rows, article, root_of[said.id], author_ids)
        if said.parent_id is not None and said.state == "visible" and said.author_id in author_ids:
            _mark_answered(said.id, rows, parent_of)
    base_of = {said.id: said.desk_base for said in comments}
    for comment_id, row in rows.items():
        pro, con = row["tag_agreement"] + row["tag_encouragement"], row["tag_disagreement"] + row["tag_skepticism"]
        row |= {"desk_base": base_of[comment_id], "desk_rank": base_of[comment_id] - math.log2(1 + con)}
        row |= {"tag_n": pro + con, "score_valued": wilson_bound(pro, pro + con), "score_contested": contest(pro, con), "doubt_rank": -con}
    return Expected(article, rows)


def _add(said: Said, rows: dict[int, dict[str, Any]], article: dict[str, Any], root_id: int, author_ids: Collection[int]) -> None:
    row, root, parent = rows[said.id], rows[root_id], rows.get(said.parent_id or 0)
    if not said.is_listed:
        return
    for above in (parent, root):
        if above is not None:
            above["activity_at"] = max(above["activity_at"], said.appeared_at)
    if parent is not None:
        root["thread_count"] += 1
    if said.state != "visible":
        return
    article["comment_count"] += 1
    for stance in STANCES:
        article[f"tag_{stance}"] += row[f"tag_{stance}"]
        root[f"thread_{stance}"] += row[f"tag_{stance}"]
    if parent is not None:
        parent["reply_count"] += 1
    elif said.stance is not None:
        article[f"stance_{said.stance}"] += 1


def _mark_answered(reply_id: int, rows: dict[int, dict[str, Any]], parent_of: dict[int, int | None]) -> None:
    at = reply_id
    while (above := parent_of[at]) is not None:
        rows[above]["author_replied"] = True
        at = above
    rows[at]["author_reply_id"] = min(reply_id, rows[at]["author_reply_id"] or reply_id)


def find_miscounts(session: Session) -> list[str]:
    """Return a line for every stored count in the database that differs from ``expected``."""
    authors: dict[int, set[int]] = defaultdict(set)
    for article_id, account_id in session.execute(select(ArticleAuthor.article_id, ArticleAuthor.account_id)):
        authors[article_id].add(account_id)
    comments: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(select(*Comment.__table__.c).order_by(Comment.id)).mappings():
        comments[row["article_id"]].append(row)
    tags: dict[int, list[Marked]] = defaultdict(list)
    suspended = _suspended(session)
    marks = select(Comment.article_id, Comment.site_id, Tag.account_id, Tag.comment_id, Tag.stance, Tag.counted)
    for article_id, site_id, account_id, comment_id, stance, counted in session.execute(marks.join(Comment, Comment.id == Tag.comment_id)):
        tags[article_id].append(Marked(comment_id, stance, counted, (account_id, site_id) in suspended))
    found: list[str] = []
    for article in session.execute(select(*Article.__table__.c)).mappings():
        rows = comments[article["id"]]
        names = ("id", "parent_id", "author_id", "state", "stance", "created_at", "listed", "published_at", "body_md")
        said = [Said(**{name: row[name] for name in names}) for row in rows]
        wanted = expected(said, tags[article["id"]], authors[article["id"]])
        found += _differences(f"article {article['id']}", article, wanted.article)
        for row in rows:
            kept = wanted.comments[row["id"]]
            if row["state"] == "erased":
                # What it counted on the desk, where it never comes again, is not forgotten.
                kept = {name: value for name, value in kept.items() if not name.startswith("desk_")}
            found += _differences(f"comment {row['id']}", row, kept)
    return found


def _suspended(session: Session) -> set[tuple[int, int]]:
    """Return who is suspended or banned now, and on which site: what the tags' own column says is not asked."""
    stopping = select(Sanction).where(Sanction.kind.in_(("suspension", "ban")), Sanction.lifted_at.is_(None))
    moment = now()
    return {(one.account_id, one.site_id) for one in session.scalars(stopping) if one.ends_at is None or one.ends_at > moment}


def _differences(name: str, row: Any, wanted: dict[str, Any]) -> list[str]:
    return [f"{name}: {column} is {row[column]!r}, counted {value!r}" for column, value in wanted.items() if not _same(row[column], value)]


def _same(stored: Any, counted: Any) -> bool:
    return math.isclose(stored, counted, rel_tol=1e-12, abs_tol=1e-12) if isinstance(counted, float) else bool(stored == counted)
