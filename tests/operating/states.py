"""The whole database as plain values, so that two moments can be compared table by table."""

from typing import Any

from sqlalchemy import select

from forum.db.base import Base
from forum.db.transaction import reading

# What is done later or counts requests, and what remembers the changes themselves.
LEFT_OUT = frozenset({"jobs", "rate_limits", "stored_answers", "article_changes", "article_change_roots"})


def state_of_all() -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table but those that come and go, without the articles' versions, which only rise."""
    with reading() as session:
        found = {}
        for table in Base.metadata.sorted_tables:
            if table.name in LEFT_OUT or table.name.startswith("comment_words"):
                continue
            columns = [column for column in table.columns if (table.name, column.name) != ("articles", "version")]
            found[table.name] = sorted((tuple(row) for row in session.execute(select(*columns))), key=repr)
        return found


def differences(before: dict[str, list[tuple[Any, ...]]], after: dict[str, list[tuple[Any, ...]]]) -> list[str]:
    """Return which rows of which tables are in one of two states alone."""
    found = []
    for name in before:
        gone, come = [row for row in before[name] if row not in after[name]], [row for row in after[name] if row not in before[name]]
        found += [f"{name}: {len(gone)} gone, {len(come)} come, e.g. {(gone + come)[0]}"] if gone or come else []
    return found
