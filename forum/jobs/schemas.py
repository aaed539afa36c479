"""JSON shapes of jobs that never succeeded: their kind and what became of them, never what they are about."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta


class BuriedJobOut(msgspec.Struct, frozen=True):
    """A job that is not tried any more. ``last_error``: the type of its last failure, with the sentence if it was a refusal."""

    id: int
    kind: str
    attempts: int
    last_error: str
    created_at: datetime
    buried_at: datetime


class BuriedJobsOut(msgspec.Struct, frozen=True):
    """A page of them, the latest first; ``next`` is the following page's cursor, or null."""

    items: list[BuriedJobOut]
    next: str | None


class BuriedJobsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The place and length of a page."""

    cursor: Annotated[str, Meta(max_length=1000)] | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 20
