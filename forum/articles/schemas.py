"""JSON shapes of articles; pages are filled from the same structures."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from forum.accounts.schemas import PersonOut
from forum.text.limits import ARTICLE_MAX

Line = Annotated[str, Meta(max_length=2000)]
Sort = Literal["active", "newest", "most_commented"]


class Tally(msgspec.Struct, frozen=True):
    """Four counts and their sum."""

    agreement: int = 0
    disagreement: int = 0
    skepticism: int = 0
    encouragement: int = 0
    n: int = 0


class SeriesOut(msgspec.Struct, frozen=True):
    """The series an article belongs to, and which part it is."""

    slug: str
    title: str
    part: int | None


class Closed(msgspec.Struct, frozen=True):
    """When and why a discussion was closed to new comments, and when it opens again by itself, if it does."""

    at: datetime
    reason: str
    reopens_at: datetime | None


class AwayOut(msgspec.Struct, frozen=True):
    """What an author says who is away, and until when."""

    author: PersonOut
    note: str
    until: datetime


class ArticleOut(msgspec.Struct, frozen=True):
    """An article: written here (``body_html``) or living at ``url``; ``page`` is its place here. ``stances`` counts writers (roots), ``tags`` readers; they are never added."""

    id: int
    slug: str
    key: str | None
    title: str
    page: str
    url: str | None
    main_claim: str
    opening_question: str
    authors: list[PersonOut]
    series: SeriesOut | None
    created_at: datetime
    last_activity_at: datetime
    comment_count: int
    version: int
    closed: Closed | None
    away: list[AwayOut]
    stances: Tally
    tags: Tally
    body_md: str | None = None
    body_html: str | None = None


class NewsOut(msgspec.Struct, frozen=True):
    """How far a discussion is: what an open page asks for now and then. ``version`` rises with every change, ``comment_count`` counts what readers can see."""

    version: int
    comment_count: int
    last_activity_at: datetime


class ArticlesOut(msgspec.Struct, frozen=True):
    """A page of articles, without their texts; ``next`` is the cursor of the following page, or null."""

    sort: str
    items: list[ArticleOut]
    next: str | None


class ArticleIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new article: at a host page's ``url``, or written here as ``body_md``; the same url or key again answers with the article that is there."""

    title: Line
    url: Line | None = None
    key: Annotated[str, Meta(max_length=200)] | None = None
    body_md: Annotated[str, Meta(max_length=ARTICLE_MAX + 1)] | None = None
    main_claim: Line = ""
    opening_question: Line = ""
    series: Annotated[str, Meta(max_length=200)] | None = None
    part: Annotated[int, Meta(ge=1, le=9999)] | None = None
    authors: Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=20)] = []


class ArticlePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change of an article; what is left out stays. ``closed`` true closes it with ``closed_reason``, false opens it again."""

    title: Line | UnsetType = UNSET
    body_md: Annotated[str, Meta(max_length=ARTICLE_MAX + 1)] | UnsetType = UNSET
    main_claim: Line | UnsetType = UNSET
    opening_question: Line | UnsetType = UNSET
    series: Annotated[str, Meta(max_length=200)] | None | UnsetType = UNSET
    part: Annotated[int, Meta(ge=1, le=9999)] | None | UnsetType = UNSET
    authors: Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=20)] | UnsetType = UNSET
    aliases: Annotated[list[Line], Meta(max_length=20)] | UnsetType = UNSET
    closed: bool | UnsetType = UNSET
    closed_reason: Line | UnsetType = UNSET


class ArticlesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The order, place and length of a page of articles."""

    sort: Sort = "active"
    cursor: Annotated[str, Meta(max_length=1000)] | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


class LookupQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address to look up, by any alias, before or after normalisation."""

    url: Annotated[str, Meta(max_length=4000)]


class CountsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The addresses to count comments of, as they stand on the host pages."""

    url: Annotated[list[Annotated[str, Meta(max_length=4000)]], Meta(min_length=1, max_length=50)]


class CountOut(msgspec.Struct, frozen=True):
    """How many visible comments an address has; 0 when it is not known."""

    url: str
    comments: int


class CountsOut(msgspec.Struct, frozen=True):
    """Counts in the order asked."""

    items: list[CountOut]
