"""Reads for moderators: a page of the queue, one case with its surroundings, a person's history. Each costs the page, not the queue."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, bindparam, case, func, literal_column, select, text, true, union_all
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.accounts.queries import get_account
from forum.articles.models import Article, Series
from forum.clock import now
from forum.comments.models import Comment, Revision
from forum.comments.queries import Row, with_writer
from forum.comments.states import RevisionState, State
from forum.db.columns import Id
from forum.db.direct import read
from forum.db.paging import first_after
from forum.db.queues import Queue, read_queue
from forum.moderation.models import IS_CLOSED, IS_OPEN, Batch, Decision, ItemReason, ModeratorNote, Report, ReviewItem, StoredFinding
from forum.moderation.review import ReportState

NOTES_MOST = 100
DECISIONS_MOST = 50
REPORTS_MOST = 200
HISTORY_MOST = 200
OPEN_ORDER = ("lane", "rank", "id")
CLOSED_ORDER = ("closed_at", "id")


class QueueFilter(Protocol):
    """What of the queue is asked for, as the doors' query has it."""

    @property
    def state(self) -> str:
        """``open`` or ``closed``."""

    @property
    def lane(self) -> int | None:
        """Only this lane."""

    @property
    def article(self) -> list[int]:
        """Only these articles; empty: all."""

    @property
    def series(self) -> str | None:
        """Only articles of the series with this slug."""

    @property
    def person(self) -> str | None:
        """Only what the person with this handle wrote."""

    @property
    def reason(self) -> str | None:
        """Only items that have this reason."""

    @property
    def limit(self) -> int:
        """How many items a page has at most."""


@dataclass(frozen=True)
class ItemsPage:
    """Items of a page and the sort key of the last one when more follow."""

    items: Sequence[ReviewItem]
    next_key: tuple[Any, ...] | None


def list_items(session: Session, site_id: int, query: QueueFilter, *, key: Sequence[Any]) -> ItemsPage:
    """Return a page of a site's items after ``key``: open ones by lane, priority and age, closed ones newest first. Raises Refusal ``not-found`` (person)."""
    is_open = query.state == "open"
    names = OPEN_ORDER if is_open else CLOSED_ORDER
    columns = tuple(getattr(ReviewItem, name).expression for name in names)
    found = _Search(session, site_id, query, key).ids()
    ordered = select(ReviewItem).where(ReviewItem.id.in_(found)).order_by(*(column if is_open else column.desc() for column in columns))
    rows = list(session.scalars(ordered.limit(query.limit + 1)))
    items = rows[: query.limit]
    return ItemsPage(items, tuple(getattr(items[-1], name) for name in names) if len(rows) > query.limit else None)


def read_open_items(session: Session) -> Queue:
    """Return how many items wait for a moderator, on all sites, and since when the first has been open."""
    return read_queue(session, ReviewItem.opened_at, text(IS_OPEN))


@dataclass(frozen=True)
class _Search:
    """A page's ids, out of whichever index has them in their order: the site's, a person's, those of one or several articles, or a reason's.

    What else is asked for is looked at row by row.
    """

    session: Session
    site_id: int
    query: QueueFilter
    key: Sequence[Any]

    @property
    def is_open(self) -> bool:
        return self.query.state == "open"

    def ids(self) -> Select[int]:
        query, conditions = self.query, []
        if query.lane is not None:
            conditions.append(ReviewItem.lane == query.lane)
        if query.person is not None:
            conditions.append(ReviewItem.writer_id == get_account(self.session, query.person).id)
        if query.reason is not None and self.is_open and not (query.person or query.article or query.series):
            return self._with_reason(query.reason)
        if query.reason is not None:
            named = select(ItemReason.item_id).where(ItemReason.item_id == ReviewItem.id, ItemReason.reason == query.reason)
            conditions.append(named.exists())
        if len(query.article) == 1 and query.series is None:
            conditions.append(ReviewItem.article_id == query.article[0])
        elif query.article or query.series is not None:
            return self._of_articles(conditions)
        return self._first(conditions)

    def _first(self, conditions: Sequence[ColumnElement[bool]]) -> Select[int]:
        ids = select(ReviewItem.id).where(text(IS_OPEN if self.is_open else IS_CLOSED), ReviewItem.site_id == self.site_id, *conditions)
        if self.is_open:
            return self._in_lanes(ids, (ReviewItem.lane.expression, ReviewItem.rank.expression, ReviewItem.id.expression))
        columns = (ReviewItem.closed_at.expression, ReviewItem.id.expression)
        return first_after(self.session, ids, columns, self.key, descending=True, limit=self.query.limit + 1)

    def _with_reason(self, reason: str) -> Select[int]:
        conditions = [ItemReason.site_id == self.site_id, ItemReason.reason == reason]
        if self.query.lane is not None:
            conditions.append(ItemReason.lane == self.query.lane)
        ids = select(ItemReason.item_id.label("id")).where(text(IS_OPEN), *conditions)
        return self._in_lanes(ids, (ItemReason.lane.expression, ItemReason.rank.expression, ItemReason.item_id.expression))

    def _in_lanes(self, ids: Select[int], columns: tuple[ColumnElement[Any], ...]) -> Select[int]:
        """The rest of the cursor's lane, then the lanes below it: of three columns in one comparison SQLite would walk through all of equal rank."""
        lane, limit = columns[0], self.query.limit + 1
        if not self.key:
            return first_after(self.session, ids, columns, (), descending=False, limit=limit)
        same = ids if self.query.lane is not None else ids.where(lane == self.key[0])
        rest = first_after(self.session, same, columns[1:], self.key[1:], descending=False, limit=limit)
        if self.query.lane is not None:
            return rest
        below = first_after(self.session, ids.where(lane > self.key[0]), columns, (), descending=False, limit=limit)
        return select(union_all(rest, below).subquery().c.id)

    def _of_articles(self, conditions: Sequence[ColumnElement[bool]]) -> Select[int]:
        """A page of each article: no planner merges the ranges of an index by itself, and sorting them all would cost the queue."""
        chosen = select(Article.id).where(Article.site_id == self.site_id)
        if self.query.article:
            chosen = chosen.where(Article.id.in_(self.query.article))
        if self.query.series is not None:
            chosen = chosen.join(Series, Series.id == Article.series_id).where(Series.slug == self.query.series)
        articles = chosen.subquery("chosen")
        # The subquery's own column would be taken for one of a table to be read here.
        page = self._first([*conditions, ReviewItem.article_id == literal_column("chosen.id", Id)])
        if self.session.get_bind().dialect.name == "postgresql":
            lateral = page.lateral()
            return select(lateral.c.id).select_from(articles.join(lateral, true()))
        # SQLite knows no LATERAL, but what stands in a condition may depend on the row.
        return select(ReviewItem.id).select_from(articles.join(ReviewItem, ReviewItem.id.in_(page)))


def comments_by_id(session: Session, ids: Collection[int]) -> dict[int, Row]:
    """Return comments in any state with their writers, in one read."""
    rows = session.execute(with_writer().where(Comment.id.in_(ids))).all() if ids else []
    return {comment.id: (comment, account) for comment, account in rows}


def articles_by_id(session: Session, ids: Collection[int]) -> dict[int, Article]:
    """Return the articles with these ids in one read."""
    return {article.id: article for article in session.scalars(select(Article).where(Article.id.in_(ids)))} if ids else {}


def reasons_of(session: Session, item_ids: Collection[int]) -> dict[int, list[str]]:
    """Return the reasons of each item, in one read."""
    found: dict[int, list[str]] = {}
    rows = session.execute(
        select(ItemReason.item_id, ItemReason.reason).where(ItemReason.item_id.in_(item_ids)).order_by(ItemReason.reason)
    )
    for item_id, reason in rows:
        found.setdefault(item_id, []).append(reason)
    return found


def count_reports(session: Session, item_ids: Collection[int]) -> dict[int, int]:
    """Return how many reports each item has, in one read."""
    rows = session.execute(select(Report.item_id, func.count()).where(Report.item_id.in_(item_ids)).group_by(Report.item_id))
    return {item_id: count for item_id, count in rows}


def list_reports(session: Session, item_id: int) -> list[Report]:
    """Return an item's reports, oldest first; at most 200."""
    return list(session.scalars(select(Report).where(Report.item_id == item_id).order_by(Report.id).limit(REPORTS_MOST)))


def list_findings(session: Session, comment_id: int) -> list[tuple[StoredFinding, int]]:
    """Return what screening found in a comment's revisions, newest first, each with the revision's number; at most 100."""
    statement = select(StoredFinding, Revision.number).join(Revision, Revision.id == StoredFinding.revision_id)
    rows = session.execute(statement.where(StoredFinding.comment_id == comment_id).order_by(StoredFinding.id.desc()).limit(100))
    return [(finding, number) for finding, number in rows]


def list_decisions(session: Session, comment_id: int) -> list[Decision]:
    """Return the decisions on a comment, oldest first; at most the newest 50."""
    newest = select(Decision).where(Decision.comment_id == comment_id).order_by(Decision.id.desc()).limit(DECISIONS_MOST)
    return list(session.scalars(newest))[::-1]


def latest_decision(session: Session, item_id: int) -> Decision | None:
    """Return the newest decision on an item, or None."""
    return session.scalar(select(Decision).where(Decision.item_id == item_id).order_by(Decision.id.desc()).limit(1))


def decisions_on_writer(session: Session, account_id: int, site_id: int) -> list[Decision]:
    """Return the newest 20 decisions on a person's newest 200 comments."""
    own = _newest_of(account_id, site_id).with_only_columns(Comment.id)
    return list(session.scalars(select(Decision).where(Decision.comment_id.in_(own)).order_by(Decision.id.desc()).limit(20)))


def count_states(session: Session, account_id: int, site_id: int) -> dict[str, int]:
    """Return how many of a person's newest 200 comments are in each state."""
    newest = _newest_of(account_id, site_id).subquery()
    return {state: count for state, count in session.execute(select(newest.c.state, func.count()).group_by(newest.c.state))}


def count_recent_removals(session: Session, account_id: int, site_id: int) -> int:
    """Return how many of a person's newest 200 comments were written in the last 90 days and are removed."""
    newest = _newest_of(account_id, site_id).where(Comment.created_at >= now() - timedelta(days=90)).subquery()
    return session.scalar(select(func.count()).where(newest.c.state == State.REMOVED.value)) or 0


def _newest_of(account_id: int, site_id: int) -> Select[int, str]:
    own = select(Comment.id, Comment.state).where(Comment.author_id == account_id, Comment.site_id == site_id)
    return own.order_by(Comment.id.desc()).limit(HISTORY_MOST)


def list_notes(session: Session, account_id: int, site_id: int) -> list[ModeratorNote]:
    """Return the private notes about a person, newest first; at most 100."""
    notes = select(ModeratorNote).where(ModeratorNote.account_id == account_id, ModeratorNote.site_id == site_id)
    return list(session.scalars(notes.order_by(ModeratorNote.id.desc()).limit(NOTES_MOST)))


def handles_of(session: Session, account_ids: Collection[int | None]) -> dict[int | None, str]:
    """Return the handles of these accounts, empty for former members, in one read."""
    asked = {account_id for account_id in account_ids if account_id is not None}
    shown = case((Account.left_at.is_(None), Account.handle), else_="")
    rows = session.execute(select(Account.id, shown).where(Account.id.in_(asked))) if asked else ()
    return {account_id: handle for account_id, handle in rows}


def waiting_revision(session: Session, comment_id: int) -> Revision | None:
    """Return the change of a comment that waits for a moderator, or None."""
    return session.scalar(select(Revision).where(Revision.comment_id == comment_id, Revision.state == RevisionState.HELD.value).limit(1))


def numbers_of_revisions(session: Session, ids: Collection[int | None]) -> dict[int | None, int]:
    """Return the numbers of these revisions, in one read."""
    asked = {revision_id for revision_id in ids if revision_id is not None}
    rows = session.execute(select(Revision.id, Revision.number).where(Revision.id.in_(asked))) if asked else ()
    return {revision_id: number for revision_id, number in rows}


def reporters_outcomes(session: Session, account_ids: Collection[int | None]) -> dict[int | None, tuple[int, int]]:
    """Return for each reporter how many reports were upheld and how many declined, in one read."""
    asked = {account_id for account_id in account_ids if account_id is not None}
    if not asked:
        return {}
    rows = session.execute(
        select(Report.reporter_id, Report.state, func.count())
        .where(Report.reporter_id.in_(asked))
        .group_by(Report.reporter_id, Report.state)
    )
    found: dict[int | None, tuple[int, int]] = dict.fromkeys(asked, (0, 0))
    for account_id, state, count in rows:
        upheld, declined = found[account_id]
        if state == ReportState.UPHELD:
            found[account_id] = (count, declined)
        elif state == ReportState.DECLINED:
            found[account_id] = (upheld, count)
    return found


def find_report(session: Session, reference: str) -> Report | None:
    """Return the report with this reference, or None."""
    return session.scalar(select(Report).where(Report.reference == reference))


def list_own_reports(session: Session, account_id: int) -> list[Report]:
    """Return a person's own reports, newest first; at most 100."""
    return list(session.scalars(select(Report).where(Report.reporter_id == account_id).order_by(Report.id.desc()).limit(100)))


def decisions_of_batch(session: Session, batch: Batch) -> list[Decision]:
    """Return the decisions of a batch, in the order of their items; not those that undid it."""
    statement = select(Decision).where(Decision.batch_id == batch.id, Decision.undoes_id.is_(None))
    return list(session.scalars(statement.order_by(Decision.id)))


# Written once: it is asked for at every tag.
_DECIDED = (
    select(Decision.id)
    .where(Decision.moderator_id == bindparam("account_id"), Decision.comment_id == bindparam("comment_id"), Decision.undone_at.is_(None))
    .limit(1)
)


def has_decided(session: Session, account_id: int, comment_id: int) -> bool:
    """Whether a person has decided on a comment as a moderator: whoever judged it is not counted among its readers."""
    session.flush()
    return bool(read(session, _DECIDED, {"account_id": account_id, "comment_id": comment_id}))


def count_open(session: Session, site_id: int) -> dict[int, int]:
    """Return how many items are open in each lane, each counted up to 100: enough for a badge, and bounded."""
    counts = {}
    for lane in range(4):
        some = select(ReviewItem.id).where(text(IS_OPEN), ReviewItem.site_id == site_id, ReviewItem.lane == lane)
        # In the order of the index: told only to find a hundred, PostgreSQL would look for them among all that was ever closed.
        some = some.order_by(ReviewItem.rank, ReviewItem.id).limit(100)
        counts[lane] = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return counts
