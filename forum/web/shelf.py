"""Ready answers, kept in this process: bounded in bytes, fair to all articles, and built once however many ask at the same moment.

The rule: what lies here says which state of its article it shows; whoever takes it has asked the database for the present state first. A shelf
therefore needs no word from other processes, and nothing that it holds can be stale when it is sent.

Evicted is by segments (SLRU: Karedla, Love, Wherry, "Caching strategies to improve disk system performance", 1994): what was asked for only once gives way
before what was asked for again, so that a crawler that walks through old pages pushes no discussion out that people are reading.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from forum.web.encodings import CODINGS, IDENTITY, LEAST_BYTES

Stamp = tuple[Any, ...]
# What an answer is about: an article by its id, or several by the hashes of their addresses.
Subject = int | tuple[str, ...]
# What an entry costs besides its bytes.
OVERHEAD_BYTES = 1_000
PROTECTED_SHARE = 0.8
# No article takes more of the room than this, whatever orders, filters and pages of it are asked for.
ARTICLE_SHARE = 0.25
LONGEST_WAIT_SECONDS = 5.0


@dataclass
class Kept:
    """One answer: the article it belongs to, the state that it shows, its headers and bytes.

    ``holes`` split it where each reader's own values go (their names stand between the pieces). ``ids`` are the comments shown, ``writers`` the handles of
    who wrote them or the article: for these the page would be another.
    """

    subject: Subject
    stamp: Stamp
    headers: list[tuple[str, str]]
    body: bytes
    tag: str = ""
    pieces: list[bytes] = field(default_factory=list)
    holes: list[str] = field(default_factory=list)
    ids: frozenset[int] = frozenset()
    writers: frozenset[str] = frozenset()
    packed: dict[str, bytes] = field(default_factory=dict)
    # The database's state at which this was last found to be the present one.
    seen: bytes = b""

    @property
    def size(self) -> int:
        """Its bytes, with those that were compressed from them."""
        return OVERHEAD_BYTES + len(self.body) + sum(map(len, self.packed.values())) + sum(map(len, self.pieces)) + 40 * len(self.ids)

    def encoded(self, coding: str) -> tuple[bytes, str]:
        """Return the bytes in ``coding`` and the coding they are in: as they are, when packing would not pay."""
        if coding == IDENTITY or len(self.body) < LEAST_BYTES:
            return self.body, IDENTITY
        packed = self.packed.get(coding)
        if packed is None:
            packed = self.packed[coding] = CODINGS[coding](self.body)
        return packed, coding


class Shelf:
    """The ready answers of one process, at most ``most_bytes`` of them."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._lock = threading.Lock()
        self._once: OrderedDict[Hashable, Kept] = OrderedDict()
        self._again: OrderedDict[Hashable, Kept] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self._by_article: dict[Subject, OrderedDict[Hashable, None]] = {}
        self._bytes_of: dict[Subject, int] = {}
        self._bytes = self._bytes_again = 0
        self._building: dict[Hashable, threading.Event] = {}

    @property
    def bytes(self) -> int:
        """How many bytes lie here."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._sizes)

    def find(self, key: Hashable) -> Kept | None:
        """Return what lies under ``key``, whatever state it shows."""
        kept = self._again.get(key)
        if kept is not None:
            return kept
        return self._once.get(key)

    def used(self, key: Hashable) -> None:
        """Note that what lies under ``key`` was sent once more."""
        with self._lock:
            if key in self._again:
                self._again.move_to_end(key)
                return
            kept = self._once.pop(key, None)
            if kept is None:
                return
            self._again[key] = kept
            self._bytes_again += self._sizes[key]
            while self._bytes_again > self.most_bytes * PROTECTED_SHARE and len(self._again) > 1:
                demoted, former = self._again.popitem(last=False)
                self._once[demoted] = former
                self._bytes_again -= self._sizes[demoted]

    def put(self, key: Hashable, kept: Kept) -> None:
        """Keep an answer, making room for it; one that would fill an article's share by itself is not kept."""
        size = kept.size
        with self._lock:
            was_used = key in self._again
            self._drop(key)
            if size > self.most_bytes * ARTICLE_SHARE:
                return
            while self._bytes_of.get(kept.subject, 0) + size > self.most_bytes * ARTICLE_SHARE:
                self._drop(next(iter(self._by_article[kept.subject])))
            self._by_article.setdefault(kept.subject, OrderedDict())[key] = None
            self._sizes[key] = size
            self._count(kept, size)
            if was_used:
                self._again[key] = kept
                self._bytes_again += size
            else:
                self._once[key] = kept
            while self._bytes > self.most_bytes:
                self._drop(next(iter(self._once or self._again)))

    def grown(self, key: Hashable, kept: Kept) -> None:
        """Note that the answer under ``key`` was packed in one more coding."""
        with self._lock:
            known = self._sizes.get(key)
            if known is None or self.find(key) is not kept:
                return
            more = kept.size - known
            self._sizes[key] += more
            self._count(kept, more)
            self._bytes_again += more if key in self._again else 0
            while self._bytes > self.most_bytes and len(self._sizes) > 1:
                self._drop(next(iter(self._once or self._again)))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._once.clear()
            self._again.clear()
            self._sizes.clear()
            self._by_article.clear()
            self._bytes_of.clear()
            self._bytes = self._bytes_again = 0

    @contextmanager
    def building(self, key: Hashable) -> Iterator[bool]:
        """Let one caller at a time build what belongs under ``key``: yields True to that one, and False to others once it is done or has taken too long."""
        with self._lock:
            done = self._building.get(key)
            mine = done is None
            if done is None:
                done = self._building[key] = threading.Event()
        if not mine:
            done.wait(LONGEST_WAIT_SECONDS)
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                self._building.pop(key, None)
            done.set()

    def _drop(self, key: Hashable) -> None:
        size = self._sizes.pop(key, None)
        if size is None:
            return
        kept = self._once.pop(key, None)
        if kept is None:
            kept = self._again.pop(key)
            self._bytes_again -= size
        self._count(kept, -size)
        of_article = self._by_article[kept.subject]
        del of_article[key]
        if not of_article:
            del self._by_article[kept.subject], self._bytes_of[kept.subject]

    def _count(self, kept: Kept, more: int) -> None:
        self._bytes += more
        self._bytes_of[kept.subject] = self._bytes_of.get(kept.subject, 0) + more
