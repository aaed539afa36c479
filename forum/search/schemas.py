"""JSON shapes of a search: what was understood, and what was found; the page is filled from the same structures."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from forum.comments.schemas import CommentOut
from forum.comments.stance import Stance
from forum.text.snippet import Part

LIMIT = 20


class SearchQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is searched (``q``: words, "phrases", -not, by:, stance:, article:, after:, before:), in which article (id, slug or address), from where on."""

    q: str = ""
    article: str = ""
    cursor: Annotated[str, Meta(max_length=300)] = ""
    limit: Annotated[int, Meta(ge=1, le=50)] = LIMIT


class SearchPageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same for the page."""

    q: str = ""
    article: str = ""
    cursor: Annotated[str, Meta(max_length=300)] = ""


class ArticleLink(msgspec.Struct, frozen=True):
    """An article's name and place."""

    id: int
    title: str
    page: str


class UnderstoodOut(msgspec.Struct, frozen=True):
    """What a search was taken to mean. ``terms``: words and phrases as they are compared, all of which must be there; ``without``: none of which may.

    ``after`` is the first day that counts, ``before`` the first that no longer does. ``notes`` says what was read otherwise than it looks.
    """

    terms: list[str]
    without: list[str]
    by: list[str]
    not_by: list[str]
    stances: list[Stance]
    not_stances: list[Stance]
    articles: list[ArticleLink]
    not_articles: list[ArticleLink]
    after: date | None
    before: date | None
    notes: list[str]


class FoundOut(CommentOut, frozen=True, kw_only=True):
    """A comment that was found, its article, and about 200 characters of it in parts, of which those that ``match`` are what was searched."""

    article: ArticleLink
    snippet: list[Part]


class SearchOut(msgspec.Struct, frozen=True):
    """A page of what was found. Of 500 matches, the newest first, the best come first; then the 500 before them.

    ``next`` is the cursor of the following page, or null. It is there, with few items or none, where older comments are still to be looked through.
    """

    understood: UnderstoodOut
    items: list[FoundOut]
    next: str | None
