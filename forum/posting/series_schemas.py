"""JSON shapes of a series as one of its parts shows it: the parts, what is open in the one before, what is answered where; pages are filled from the same."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from forum.comments.schemas import RowId, Stub

LINE_MAX = 200


class PartOut(msgspec.Struct, frozen=True):
    """A part of a series, as a link; ``part`` is its number, if it has one."""

    id: int
    title: str
    page: str
    part: int | None


class QuestionOut(msgspec.Struct, frozen=True):
    """An open question of an earlier part: its first comment in one line, and how many readers tagged it as doubtful or wrong."""

    comment: Stub
    doubts: int


class AnsweredOut(msgspec.Struct, frozen=True):
    """A thread of an earlier part that this part answers, and the author's line about that, which may be empty."""

    comment: Stub
    line: str


class ContinuationOut(msgspec.Struct, frozen=True):
    """Where a thread is answered: the later part, and the author's line about that, which may be empty."""

    comment_id: int
    article: PartOut
    line: str
    created_at: datetime


class PartsOut(msgspec.Struct, frozen=True):
    """A part among the others. ``previous`` and ``next`` are its neighbours; all lists are empty for an article that belongs to no series.

    ``open_questions``: doubts and objections below the previous part that none of its authors has answered, those with most doubts first, at most five.
    ``answered_here``: threads of earlier parts that this one answers. ``answered_later``: threads of this one that a later part answers.
    """

    parts: list[PartOut]
    previous: PartOut | None
    next: PartOut | None
    open_questions: list[QuestionOut]
    answered_here: list[AnsweredOut]
    answered_later: list[ContinuationOut]


class ContinuationIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The later part that answers a thread, and a line about it for everybody to read."""

    article_id: RowId
    line: Annotated[str, Meta(max_length=LINE_MAX * 10)] = ""
