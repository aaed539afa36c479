"""The moderation log: rows are appended one after the other, each hashed with the one before; `verify` finds what was changed behind its back.

What a hash covers is written at `hash_of`; `log_triggers` refuse changes in the database. Called by whatever moves or decides; flushes, never commits.
"""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NotRequired, TypedDict, Unpack, cast

import msgspec
from sqlalchemy import Row, Table, func, literal, select, tuple_
from sqlalchemy.orm import Session

from forum.clock import now
from forum.comments.models import Comment
from forum.db.transaction import make_durable
from forum.db.upsert import insert_if_absent
from forum.moderation import log_triggers
from forum.moderation.actors import Actor
from forum.moderation.models import LogEntry, LogHead
from forum.sentences import Sentence, nsentence, sentence

FIRST_HASH = "0" * 64
"""What the first row of a site names as the hash before it."""

SALT = "salt"
"""The key in ``detail`` that belongs to this file: chance, so that nobody can guess from a public hash what is not public of its row."""

MOST_FAULTS = 20
"""So many faults, and ``verify`` looks no further."""

_BATCH = 500
_TABLE = cast(Table, LogEntry.__table__)
# The database gives out the id after the hash is made, and the hash cannot cover itself.
_HASHED = tuple(sorted(column.key for column in _TABLE.columns if column.key not in ("id", "hash", "previous_hash")))

log_triggers.attach(_TABLE)


class NewEntry(TypedDict):
    """What is said of one event. A ``comment`` gives its id and, unless another is named, its article's.

    ``detail`` may hold ids, counts and names of rules: never any text of a comment, a report or a statement.
    """

    site_id: int
    event: str
    actor: Actor
    is_public: bool
    comment: NotRequired[Comment | None]
    article_id: NotRequired[int | None]
    decision_id: NotRequired[int | None]
    reason: NotRequired[str | None]
    from_state: NotRequired[str | None]
    to_state: NotRequired[str | None]
    detail: NotRequired[Mapping[str, str | int | None] | None]


@dataclass(frozen=True)
class Fault:
    """What is wrong with a log: from which row on, in a word, and in a sentence.

    The word is ``changed``, ``exchanged`` (a row with a right hash in another's place), ``inserted``, ``missing``, ``cut-off`` or ``headless``.
    """

    seq: int
    kind: str
    detail: Sentence


@dataclass(frozen=True)
class Verification:
    """What ``verify`` found: how many rows, the hash of the last one, and the faults in the order of the rows; none of them when the log is whole."""

    count: int
    head: str
    faults: tuple[Fault, ...]


def append(session: Session, **entry: Unpack[NewEntry]) -> LogEntry:
    """Append a row to a site's log and return it, flushed.

    The site's head stays locked until the transaction ends: no two rows have the same place, and a rollback leaves no gap. Always the last lock that a
    transaction takes, since whoever holds it lets all others of the site wait.
    """
    # Who has noted a row's hash would take another row in its place for a forgery.
    make_durable(session)
    head = _lock_head(session, entry["site_id"])
    actor, comment, article_id = entry["actor"], entry.get("comment"), entry.get("article_id")
    row = LogEntry(
        site_id=entry["site_id"],
        seq=head.seq + 1,
        at=now(),
        event=str(entry["event"]),
        actor_kind=actor.kind.value,
        actor_id=actor.account_id,
        rule=actor.rule,
        reason=_text(entry.get("reason")),
        article_id=comment.article_id if comment is not None and article_id is None else article_id,
        comment_id=comment.id if comment is not None else None,
        decision_id=entry.get("decision_id"),
        from_state=_text(entry.get("from_state")),
        to_state=_text(entry.get("to_state")),
        detail=_canonical({**(entry.get("detail") or {}), SALT: secrets.token_hex(16)}).decode(),
        is_public=entry["is_public"],
        previous_hash=head.hash,
    )
    row.hash = hash_of({column.key: getattr(row, column.key) for column in _TABLE.columns})
    session.add(row)
    head.seq, head.hash = row.seq, row.hash
    session.flush()
    return row


def hash_of(row: Mapping[str, Any]) -> str:
    """Return the hash of a row: SHA-256, in hexadecimal, of the 64 characters of ``previous_hash``, a line feed, and the other columns as JSON, in UTF-8.

    The JSON is one object of every column but ``id``, ``previous_hash`` and ``hash``: keys in alphabetical order, no spaces, nothing escaped that need not be,
    null for what is not there; as Python writes it with ``json.dumps(…, sort_keys=True, ensure_ascii=False, separators=(",", ":"))``. ``at`` is in UTC with six
    digits, ``2026-03-01T09:30:00.000000Z``; ``is_public`` is true or false; ``detail`` is the stored text, as a string.
    """
    values = {name: _moment(row[name]) if name == "at" else row[name] for name in _HASHED}
    return hashlib.sha256(f"{row['previous_hash']}\n".encode() + _canonical(values)).hexdigest()


def verify(session: Session, site_id: int) -> Verification:
    """Walk through a site's log in order and compare every hash, every link and the head, with a bounded number of rows in memory.

    Whoever can write to the database can write all of the log anew; only a hash that was noted elsewhere – the public log shows them – tells that.
    """
    last = select(func.max(LogEntry.seq)).where(LogEntry.site_id == site_id).scalar_subquery()
    # One statement, hence one moment: what is appended during the walk lies beyond its end.
    one = select(literal(site_id).label("site_id")).subquery()
    end = session.execute(
        select(last, LogHead.seq, LogHead.hash).select_from(one).outerjoin(LogHead, LogHead.site_id == one.c.site_id)
    ).one()
    walk = _Walk()
    for row in _rows(session, site_id, up_to=end[0] or 0):
        walk.look_at(row)
        if len(walk.faults) >= MOST_FAULTS:
            break
    else:
        walk.compare_head(end[1], end[2])
    return Verification(walk.count, walk.hash, tuple(walk.faults[:MOST_FAULTS]))


class _Walk:
    """Where a walk is: the last row's place and hash, the hash before that, and the faults so far."""

    def __init__(self) -> None:
        self.count, self.seq = 0, 0
        self.hash, self.hash_before = FIRST_HASH, ""
        self.faults: list[Fault] = []

    def look_at(self, row: Row[Any]) -> None:
        self.faults += self._faults_of(row)
        # Go on from what is there: the rows after a fault are not to blame for it.
        self.hash_before, self.hash = self.hash, row.hash
        self.seq, self.count = max(self.seq, row.seq), self.count + 1

    def _faults_of(self, row: Row[Any]) -> Iterator[Fault]:
        seq, follows = row.seq, row.previous_hash == self.hash
        if seq <= self.seq:
            yield Fault(seq, "inserted", sentence("Row %(seq)s was inserted: its place was taken.", seq=seq))
            return
        if seq > self.seq + 1:
            yield _missing(self.seq + 1, seq - 1)
            follows = True
        if not follows and row.previous_hash == self.hash_before:
            yield Fault(self.seq, "inserted", sentence("Row %(seq)s was inserted: the next one follows the one before it.", seq=self.seq))
        elif hash_of(row._asdict()) != row.hash:
            yield Fault(seq, "changed", sentence("Row %(seq)s was changed: it does not have the hash that was made of it.", seq=seq))
        elif not follows and seq == 1:
            yield Fault(seq, "exchanged", sentence("Row %(seq)s was exchanged: nothing comes before it, but it follows another.", seq=seq))
        elif not follows:
            yield Fault(self.seq, "exchanged", sentence("Row %(seq)s was exchanged: the next one follows another.", seq=self.seq))

    def compare_head(self, seq: int | None, stored: str | None) -> None:
        if seq is None and self.count == 0:
            return
        if seq is None:
            detail = sentence("The record of what was written last is gone; row %(seq)s is the last one there.", seq=self.seq)
            self.faults.append(Fault(self.seq, "headless", detail))
        elif seq > self.seq:
            detail = sentence(
                "The end is cut off: row %(first)s and what followed are missing, %(head)s were written.", first=self.seq + 1, head=seq
            )
            self.faults.append(Fault(self.seq + 1, "cut-off", detail))
        elif seq < self.seq:
            detail = sentence("Row %(first)s was inserted: only %(head)s were written.", first=seq + 1, head=seq)
            self.faults.append(Fault(seq + 1, "inserted", detail))
        elif stored != self.hash:
            detail = sentence("Row %(seq)s, the last one, was exchanged: what was written last had another hash.", seq=seq)
            self.faults.append(Fault(seq, "exchanged", detail))


def _missing(first: int, last: int) -> Fault:
    words = nsentence(
        "Row %(first)s is missing.", "%(num)s rows are missing, %(first)s to %(last)s.", last - first + 1, first=first, last=last
    )
    return Fault(first, "missing", words)


def _rows(session: Session, site_id: int, *, up_to: int) -> Iterator[Row[Any]]:
    ordered = select(_TABLE).where(_TABLE.c.site_id == site_id, _TABLE.c.seq <= up_to).order_by(_TABLE.c.seq, _TABLE.c.id).limit(_BATCH)
    batch = session.execute(ordered).all()
    while batch:
        yield from batch
        # By place and id, since whoever tampers may have taken the rule away that a place is taken once.
        after = tuple_(_TABLE.c.seq, _TABLE.c.id) > tuple_(literal(batch[-1].seq), literal(batch[-1].id))
        batch = session.execute(ordered.where(after)).all()


def _lock_head(session: Session, site_id: int) -> LogHead:
    locked = select(LogHead).where(LogHead.site_id == site_id).with_for_update().execution_options(populate_existing=True)
    head = session.scalar(locked)
    if head is None:
        insert_if_absent(session, LogHead, site_id=site_id, seq=0, hash=FIRST_HASH)
        head = session.scalars(locked).one()
    return head


def _canonical(values: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(values, order="sorted")


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _text(value: str | None) -> str | None:
    # A member of an enumeration is a str to us, but not to every driver.
    return None if value is None else str(value)
