"""Discussions of any size and shape, put into the database in bulk with every stored count right.

``store_plan`` writes a planned discussion; ``seed_discussion`` plans one of a size: small regular threads, one very wide and one very deep.
Called by tests of paging, bounds and counts and by whoever needs a large discussion quickly.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.models import Account
from forum.articles.actions import ArticleDraft, create_article
from forum.comments.models import Comment, Revision
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.moderation.models import CommentRestriction, StatementOfReasons
from forum.search.triggers import POSTGRESQL_TRIGGERS_DROP, SQLITE_TRIGGERS_DROP, recreate_triggers
from forum.stances.models import Tag
from tests.restricting import PLAIN, plain_statement
from tests.stances.recount import Marked, Said, expected

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
RESTRICTED_STATES = ("held", "screened", "removed")
BATCH = 5000


@dataclass(frozen=True)
class PlannedComment:
    """A comment to be: the place of its parent in the plan, of its writer among the people, and who tags it how."""

    parent: int | None = None
    writer: int = 0
    minute: int = 0
    state: State = State.VISIBLE
    stance: Stance | None = None
    tags: tuple[tuple[int, Stance], ...] = ()
    lead: int = 0


@dataclass(frozen=True)
class Plan:
    """A discussion to be. ``authors`` and ``verified`` are places among ``people`` accounts, which all plans share by their handles."""

    comments: Sequence[PlannedComment]
    people: int = 5
    authors: tuple[int, ...] = (0,)
    verified: frozenset[int] = frozenset({1})
    title: str = "A planned discussion"


@dataclass(frozen=True)
class Seeded:
    """What was stored: the article, its comments in the plan's order, and the people."""

    article_id: int
    comment_ids: Sequence[int]
    account_ids: Sequence[int]
    roots: Sequence[int] = field(default=())


def seed_discussion(
    session: Session,
    *,
    comments: int,
    replies_each: int = 4,
    wide: int = 0,
    deep: int = 0,
    people: int = 50,
    tags_each: float = 0.6,
    seed: int = 1,
) -> Seeded:
    """Store a discussion of exactly ``comments`` comments and return it; its ``roots`` are the wide and the deep one, where asked for.

    The wide root has ``wide`` replies, below the deep one is a chain of ``deep``. All others are regular threads: a root with
    ``replies_each`` replies, the last of which answers the first. A comment has ``tags_each`` tags on average. Raises ValueError when it does not add up.
    """
    chance = random.Random(seed)
    planned: list[PlannedComment] = []

    def add(parent: int | None) -> int:
        stance = chance.choice((None, *Stance)) if parent is None or chance.random() < 0.5 else None
        readers = chance.sample(range(people), k=min(people, int(chance.expovariate(1 / tags_each)))) if tags_each else []
        writer = chance.randrange(people)
        tags = tuple((reader, chance.choice(tuple(Stance))) for reader in readers if reader != writer)
        planned.append(PlannedComment(parent, writer, len(planned) // 2, State.VISIBLE, stance, tags))
        return len(planned) - 1

    roots: list[int] = []
    for size, is_chain in ((wide, False), (deep, True)):
        if size:
            roots.append(last := add(None))
            for _ in range(size):
                last = add(last if is_chain else roots[-1])
    while len(planned) < comments:
        root = add(None)
        first = None
        for number in range(min(replies_each, comments - len(planned))):
            reply = add(first if number == replies_each - 1 and first is not None else root)
            first = first or reply
    if len(planned) != comments:
        raise ValueError(f"{wide} wide and {deep} deep do not fit into {comments} comments")
    made = store_plan(session, Plan(planned, people=people, title=f"A discussion of {comments} comments"))
    return Seeded(made.article_id, made.comment_ids, made.account_ids, [made.comment_ids[root] for root in roots])


def store_plan(session: Session, plan: Plan) -> Seeded:
    """Store a planned discussion with all its counts, on an article of its own, and return it; ids rise in the plan's order."""
    accounts = _people(session, plan)
    author_ids = [accounts[place] for place in plan.authors]
    article, _ = create_article(session, DEFAULT_SITE_ID, ArticleDraft(title=plan.title, created_at=START), author_ids=author_ids)
    first = (session.scalar(select(func.max(Comment.id))) or 0) + 1
    ids = range(first, first + len(plan.comments))
    parents = [None if planned.parent is None else ids[planned.parent] for planned in plan.comments]
    moments = [START + timedelta(minutes=planned.minute) for planned in plan.comments]
    said = [
        Said(
            ids[place],
            parents[place],
            accounts[planned.writer],
            planned.state,
            planned.stance,
            moments[place],
            body_md=f"Comment {ids[place]}",
        )
        for place, planned in enumerate(plan.comments)
    ]
    tags = [
        (Marked(ids[place], stance.value, accounts[reader] not in author_ids), accounts[reader])
        for place, planned in enumerate(plan.comments)
        for reader, stance in planned.tags
    ]
    counts = expected(said, [tag for tag, _ in tags], author_ids)
    _insert(
        session,
        Comment,
        [_row(article.id, one, planned, counts.comments[one.id]) for one, planned in zip(said, plan.comments, strict=True)],
    )
    hidden = [one for one in said if one.state in RESTRICTED_STATES]
    _insert(session, StatementOfReasons, [plain_statement(PLAIN + one.id, one.author_id) for one in hidden])
    _insert(session, CommentRestriction, [{"comment_id": one.id, "decision_id": PLAIN + one.id} for one in hidden])
    _insert(session, Revision, [_first_revision(one) for one in said])
    _insert(session, Tag, [_tag(tag, account_id) for tag, account_id in tags])
    for column, value in counts.article.items():
        setattr(article, column, value)
    article.last_activity_at = max([START, *(one.created_at for one in said if one.state != State.HELD)])
    if session.get_bind().dialect.name == "postgresql" and said:
        session.execute(text("SELECT setval(pg_get_serial_sequence('comments', 'id'), :last)"), {"last": ids[-1]})
    session.flush()
    return Seeded(article.id, ids, accounts)


@contextmanager
def without_index(session: Session) -> Iterator[None]:
    """Store large discussions in a third of the time, for tests of what search has no part in: what is stored meanwhile it does not find."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    for statement in SQLITE_TRIGGERS_DROP if is_sqlite else POSTGRESQL_TRIGGERS_DROP:
        session.execute(text(statement))
    yield
    if not is_sqlite:
        # No trigger can be made on a table that has rows whose constraints are still to be looked at.
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    recreate_triggers(session)


def _people(session: Session, plan: Plan) -> list[int]:
    handles = [f"seed{place}" for place in range(plan.people)]
    known = {account.handle: account for account in session.scalars(select(Account).where(Account.handle.in_(handles)))}
    for handle in handles:
        if handle not in known:
            known[handle] = Account(
                handle=handle, email=f"{handle}@example.org", display_name=handle.title(), credential="", created_at=START
            )
            session.add(known[handle])
    for place, handle in enumerate(handles):
        known[handle].verified = place in plan.verified
    session.flush()
    return [known[handle].id for handle in handles]


def _row(article_id: int, said: Said, planned: PlannedComment, counts: dict[str, Any]) -> dict[str, Any]:
    return counts | {
        "id": said.id,
        "site_id": DEFAULT_SITE_ID,
        "article_id": article_id,
        "parent_id": said.parent_id,
        "author_id": said.author_id,
        "state": planned.state.value,
        "stance": said.stance,
        "body_md": f"Comment {said.id}",
        "body_html": f"<p>Comment {said.id}</p>\n",
        "renderer": 1,
        "created_at": said.created_at,
        "listed": planned.state is not State.HELD,
        "published_at": None if planned.state is State.HELD else said.created_at,
        "withdrawn_at": said.created_at if planned.state is State.WITHDRAWN else None,
        "lead": planned.lead,
    }


def _first_revision(said: Said) -> dict[str, Any]:
    return {"comment_id": said.id, "number": 1, "body_md": f"Comment {said.id}", "stance": said.stance, "created_at": said.created_at}


def _tag(tag: Marked, account_id: int) -> dict[str, Any]:
    moments = {"created_at": START, "changed_at": START}
    return {"comment_id": tag.comment_id, "account_id": account_id, "stance": tag.stance, "counted": tag.counted, **moments}


def _insert(session: Session, table: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        if session.get_bind().dialect.name == "postgresql":
            _copy(session, table, batch)
        else:
            session.execute(insert(table.__table__), batch)


def _copy(session: Session, table: type[Any], batch: Sequence[dict[str, Any]]) -> None:
    columns = list(batch[0])
    cursor: Any = session.connection().connection.cursor()
    with cursor, cursor.copy(f"COPY {table.__tablename__} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in batch:
            copy.write_row([row[column] for column in columns])
