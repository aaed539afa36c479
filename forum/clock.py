"""The time, in UTC: the only place that asks for it, so that it is the only lever a test has on time.

Every room calls ``now()``; nothing else in the package may call ``datetime.now`` or ``time.time`` (ruff's DTZ rules and a test keep it so).
"""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment as an aware datetime in UTC, with microseconds."""
    return datetime.now(UTC)
