"""Rows of the moderation log for tests, and a way past its triggers for those who play the intruder."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.db.transaction import reading, writing
from forum.moderation import log
from forum.moderation.actors import Actor, ActorKind, rule
from forum.moderation.log_words import EVENTS

ACTORS = (Actor(ActorKind.MODERATOR, 7), rule("links"), Actor(ActorKind.ADMIN, 8), Actor(ActorKind.READER, 9))


def write_rows(count: int, **fields: Any) -> None:
    """Append rows of every event in turn, by everybody in turn, every third not public, in one transaction."""
    given: dict[str, Any] = {"reason": "promotion", "detail": {"item_id": 3, "note": "“ü” \\ \n\x7f", "none": None}} | fields
    with writing() as session:
        for number, event, actor in zip(range(count), cycle(EVENTS), cycle(ACTORS), strict=False):
            each: dict[str, Any] = {"site_id": DEFAULT_SITE_ID, "event": event, "actor": actor, "is_public": number % 3 != 0}
            log.append(session, **(each | given))


def verified() -> log.Verification:
    """Return what is found of the site's log."""
    with reading() as session:
        return log.verify(session, DEFAULT_SITE_ID)


@contextmanager
def unguarded() -> Iterator[Session]:
    """Open a transaction in which the log's triggers do not look."""
    with writing() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("ALTER TABLE moderation_log DISABLE TRIGGER USER"))
            yield session
            session.execute(text("ALTER TABLE moderation_log ENABLE TRIGGER USER"))
            return
        triggers = session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        assert triggers
        for name, _ in triggers:
            session.execute(text(f"DROP TRIGGER {name}"))
        yield session
        for _, statement in triggers:
            session.execute(text(statement))
