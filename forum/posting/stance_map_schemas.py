"""JSON shapes of the stance map; its page is filled from the same structures."""

import msgspec

from forum.articles.schemas import Tally
from forum.comments.stance import Stance


class MappedThread(msgspec.Struct, frozen=True):
    """A thread of the map: its first comment, and the readers' tags on all of its visible comments.

    ``stance`` is what that comment's writer thinks of the article; ``excerpt`` how it begins. Both are null where its text is not shown (``state``).
    ``thread_count``: the comments below it.
    """

    id: int
    url: str
    state: str
    stance: Stance | None
    excerpt: str | None
    thread_count: int
    tags: Tally


class MappedArticle(msgspec.Struct, frozen=True):
    """Which discussion a map is of, and how far it was."""

    id: int
    page: str
    version: int


class MapOut(msgspec.Struct, frozen=True):
    """Where people stand in a discussion. ``stances`` counts writers (of the comments that answer the article), ``tags`` readers; they are never added.

    ``threads``: those with the most tagged comments, each thread's ``tags`` are part of the whole's; ``others`` are the tags in all threads that are not listed.
    """

    article: MappedArticle
    stances: Tally
    tags: Tally
    threads: list[MappedThread]
    others: Tally
