"""What a contender of the benchmarks is: a server that holds the discussion and says which requests a reader and a writer send to it."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from benchmarks.discussion import Comment
from benchmarks.load import Errand

ROOTS, REPLIES = 20, 10


class Contender(Protocol):
    """A server under measurement. ``setting`` says in a sentence how it runs, ``durability`` when a written comment is on disk."""

    name: str
    version: str
    setting: str
    durability: str
    port: int

    def open(self, folder: Path, *, workers: int) -> AbstractContextManager[None]:
        """Serve from an empty ``folder`` with ``workers`` processes for the length of the block."""

    def fill(self, discussion: Sequence[Comment]) -> None:
        """Post the discussion, each comment by its writer and below what it answers."""

    def first_page(self) -> Errand:
        """Return the request for the first 20 roots with the first 10 replies of each."""

    def whole_thread(self) -> Errand:
        """Return the requests that together bring every comment."""

    def post(self, comments: Collection[Comment]) -> Sequence[Errand]:
        """Return, for each comment, the request that posts it."""

    def shown(self, errand: Errand) -> Iterator[int]:
        """Send the errand's requests and yield the numbers of the comments in the answers."""
