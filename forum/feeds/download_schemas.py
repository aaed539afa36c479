"""JSON shapes of a discussion as a file."""

from typing import Annotated

import msgspec
from msgspec import Meta

from forum.articles.schemas import ArticleOut
from forum.comments.schemas import CommentOut


class DownloadQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part: the cursor that the part before ended with."""

    cursor: Annotated[str, Meta(max_length=300)] = ""


class DownloadOut(msgspec.Struct, frozen=True):
    """A discussion, at most 2,000 comments of it: threads one after another, the oldest first, each comment after what it answers.

    What is hidden keeps its place without its text. ``next`` is the cursor of the following part, or null.
    """

    article: ArticleOut
    items: list[CommentOut]
    next: str | None
