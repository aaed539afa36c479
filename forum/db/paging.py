"""Keyset paging: opaque, signed cursors and the reading of what comes after a row; OFFSET is used nowhere.

A cursor names the last row's sort key, so that a page costs the page and new rows neither repeat nor hide others. It is signed: a forged
or cut one is refused instead of reaching the database.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, literal, select, true, tuple_, union_all
from sqlalchemy.orm import Session

from forum.refusals import Kind, Refusal

_TAG_BYTES = 9


class Cursors:
    """Writes and reads cursors with one secret; ``purpose`` binds a cursor to the listing, order and filters that made it."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"cursor:" + secret.encode()).digest()

    def write(self, purpose: str, values: Sequence[Any]) -> str:
        """Return an opaque cursor of ``values`` (numbers, texts, moments)."""
        payload = msgspec.msgpack.encode([_freeze(value) for value in values])
        return urlsafe_b64encode(self._tag(purpose, payload) + payload).rstrip(b"=").decode()

    def read(self, purpose: str, cursor: str) -> list[Any]:
        """Return the values of a cursor written for the same purpose; raises Refusal ``bad-cursor`` for any other text."""
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (ValueError, UnicodeEncodeError):
            raise _bad_cursor() from None
        tag, payload = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(purpose, payload)):
            raise _bad_cursor()
        return [_thaw(value) for value in msgspec.msgpack.decode(payload)]

    def _tag(self, purpose: str, payload: bytes) -> bytes:
        return hmac.digest(self._key, purpose.encode() + b"\0" + payload, "sha256")[:_TAG_BYTES]


def first_after(
    session: Session, ids: Select[int], columns: Sequence[ColumnElement[Any]], values: Sequence[Any], *, descending: bool, limit: int
) -> Select[int]:
    """Return the select of the ids that come first after ``values`` in the order of ``columns``: all ascending or all descending, the last one the id.

    No values: from the beginning. At most ``limit`` come of each index range, so the rows must be ordered and limited once more. ``ids`` reads one
    table, and whole rows are read by what is found: with a join in it PostgreSQL may sort everything. However many rows are equal but for their
    id, the cost is the page's.
    """
    ordered = ids.order_by(*(column.desc() if descending else column.asc() for column in columns)).limit(limit)
    ranges = _ranges(session, columns, values, descending=descending) if values else [true()]
    parts = [ordered.where(condition).subquery() for condition in ranges]
    return select(union_all(*(select(part.c.id) for part in parts)).subquery().c.id)


def _ranges(
    session: Session, columns: Sequence[ColumnElement[Any]], values: Sequence[Any], *, descending: bool
) -> list[ColumnElement[bool]]:
    # Values carry their column's type: SQLAlchemy refuses to compare a column with a bare True or False.
    place = [literal(value, column.type) for column, value in zip(columns, values, strict=True)]
    if session.get_bind().dialect.name == "postgresql":
        # One row value. Told "equal, and a smaller id", it might walk the primary key through everybody's rows instead.
        return [_beyond(columns, place, descending=descending)]
    # SQLite leaves the id at the end of a row value out of its index range and would walk through all that is equal: two ranges.
    equal = [column == value for column, value in zip(columns[:-1], place[:-1], strict=True)]
    ties = and_(*equal, _beyond(columns[-1:], place[-1:], descending=descending))
    return [ties, _beyond(columns[:-1], place[:-1], descending=descending)]


def _beyond(columns: Sequence[ColumnElement[Any]], values: Sequence[ColumnElement[Any]], *, descending: bool) -> ColumnElement[bool]:
    return tuple_(*columns) < tuple_(*values) if descending else tuple_(*columns) > tuple_(*values)


def _freeze(value: Any) -> Any:
    return {"t": value.isoformat()} if isinstance(value, datetime) else value


def _thaw(value: Any) -> Any:
    return datetime.fromisoformat(value["t"]) if isinstance(value, dict) else value


def _bad_cursor() -> Refusal:
    return Refusal(Kind.BAD_CURSOR, "This cursor was not made by this listing with this order and these filters; start again without it.")
