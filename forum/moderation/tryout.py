"""What a change of the rules would have done: the site's newest comments as they were posted, looked at under both sets of rules.

Gathered in five reads however many comments there are, then compared without a transaction. What is not known any more is named: whether the writer
was a moderator or an author of the article is taken as it is now, and comments older than the sample count as accepted whenever they were.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.access.viewer import Role
from forum.accounts.models import Account, Membership
from forum.accounts.queries import accounts_by_id
from forum.accounts.schemas import PersonOut
from forum.articles.models import ArticleAuthor
from forum.articles.present import present_person
from forum.comments.models import Comment
from forum.comments.states import State
from forum.moderation.facts import COUNTED_MOST
from forum.moderation.screening.context import ScreeningContext, WriterFacts
from forum.moderation.screening.findings import Outcome
from forum.moderation.screening.phases import PHASES
from forum.moderation.screening.replay import REPLAYED, Change, Sample, replay
from forum.moderation.screening.rules import Rules

LOOKED_AT = 1000
SHOWN = 50
NOT_REPLAYED = tuple(phase.name for phase in PHASES if phase.name not in REPLAYED)
"""Phases that look at the moment of writing, which is over: nobody can say what they would have found."""

STAFF = tuple(role.value for role in Role if role.includes(Role.MODERATOR))


@dataclass(frozen=True)
class Posted:
    """A comment of the sample: its writer, when it was written, its rendered text (empty while it is masked), and what screening looks at."""

    author: PersonOut
    created_at: datetime
    html: str
    sample: Sample
    is_masked: bool = False


@dataclass(frozen=True)
class Tryout:
    """How many comments were looked at, how many went from which outcome to which (only where these differ), and the newest of those."""

    looked_at: int
    counts: Counter[tuple[Outcome, Outcome]]
    shown: Sequence[tuple[Posted, Change]]


class _Row(NamedTuple):
    """A comment as it is read."""

    id: int
    author_id: int
    article_id: int
    created_at: datetime
    published_at: datetime | None
    body_md: str | None
    body_html: str | None
    state: str
    confidential: bool

    @property
    def is_masked(self) -> bool:
        """Whether it may identify a patient and readers cannot see it; here nobody can ask to."""
        return self.confidential and self.state != State.VISIBLE


def gather_posted(session: Session, site_id: int) -> list[Posted]:
    """Return the site's newest comments that have a source text, newest first, in any state but erased; at most ``LOOKED_AT``."""
    rows = _read_newest(session, site_id)
    if not rows:
        return []
    writers = accounts_by_id(session, {row.author_id for row in rows})
    staff = _staff_among(session, site_id, writers)
    by_authors = _written_by_authors(session, {row.article_id for row in rows})
    accepted = _Accepted(rows, _count_accepted_before(session, site_id, rows[-1].id, writers))
    return [_posted(row, writers[row.author_id], staff, by_authors, accepted) for row in rows]


def try_out(posted: Sequence[Posted], before: Rules, after: Rules) -> Tryout:
    """Return what ``after`` would have done to the comments, compared with ``before``. Raises Refusal ``validation`` for rules that cannot be used."""
    changes = replay((one.sample for one in posted), before, after)
    by_id = {one.sample.comment_id: one for one in posted}
    shown = [(by_id[change.comment_id], change) for change in islice(changes, SHOWN)]
    return Tryout(len(posted), Counter(change.outcomes for change in changes), shown)


class _Accepted:
    """How many comments of a writer were public when another was written: those before the sample, and those of it by when they were published."""

    def __init__(self, rows: Sequence[_Row], earlier: dict[int, int]) -> None:
        self.earlier = earlier
        self.published: dict[int, list[datetime]] = defaultdict(list)
        for row in rows:
            if row.published_at is not None:
                self.published[row.author_id].append(row.published_at)
        for moments in self.published.values():
            moments.sort()

    def before(self, row: _Row) -> int:
        """Count them for ``row``, itself aside."""
        until = bisect_right(self.published[row.author_id], row.created_at)
        is_counted = row.published_at is not None and row.published_at <= row.created_at
        return self.earlier.get(row.author_id, 0) + until - is_counted


def _posted(row: _Row, author: Account, staff: Collection[int], by_authors: Collection[tuple[int, int]], accepted: _Accepted) -> Posted:
    facts = WriterFacts(
        is_staff=author.id in staff,
        is_article_author=(row.article_id, author.id) in by_authors,
        account_age=max(row.created_at - author.created_at, timedelta()),
        accepted_count=accepted.before(row),
    )
    context = ScreeningContext(text=row.body_md or "", writer=facts, limits_repetition=False)
    return Posted(
        present_person(author), row.created_at, "" if row.is_masked else row.body_html or "", Sample(row.id, context), row.is_masked
    )


def _read_newest(session: Session, site_id: int) -> list[_Row]:
    newest = (
        select(
            Comment.id,
            Comment.author_id,
            Comment.article_id,
            Comment.created_at,
            Comment.published_at,
            Comment.body_md,
            Comment.body_html,
            Comment.state,
            Comment.confidential,
        )
        .where(Comment.site_id == site_id, Comment.state != State.ERASED.value, Comment.body_md.is_not(None))
        .order_by(Comment.id.desc())
        .limit(LOOKED_AT)
    )
    return [_Row(*row) for row in session.execute(newest)]


def _staff_among(session: Session, site_id: int, account_ids: Collection[int]) -> frozenset[int]:
    memberships = select(Membership.account_id).where(Membership.site_id == site_id, Membership.role.in_(STAFF))
    return frozenset(session.scalars(memberships)) & frozenset(account_ids)


def _written_by_authors(session: Session, article_ids: Collection[int]) -> frozenset[tuple[int, int]]:
    authors = select(ArticleAuthor.article_id, ArticleAuthor.account_id).where(ArticleAuthor.article_id.in_(article_ids))
    return frozenset((article_id, account_id) for article_id, account_id in session.execute(authors))


def _count_accepted_before(session: Session, site_id: int, comment_id: int, account_ids: Collection[int]) -> dict[int, int]:
    """Count each writer's accepted comments that are older than the sample, as far as any threshold can look."""
    own = (
        select(Comment.id)
        .where(Comment.author_id == Account.id, Comment.site_id == site_id, Comment.id < comment_id, Comment.listed.is_(True))
        .limit(COUNTED_MOST)
        .correlate(Account)
        .subquery()
    )
    count = select(func.count()).select_from(own).correlate(Account).scalar_subquery()
    found = session.execute(select(Account.id, count).where(Account.id.in_(account_ids)))
    return {account_id: number for account_id, number in found}
