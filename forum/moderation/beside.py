"""What stands beside the queue in its head: links of rooms above, each with how much waits there. The rooms register theirs in ``BESIDE``."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from forum.sentences import Sentence
from forum.web.translation import translated

COUNTED_MOST = 100


@dataclass(frozen=True)
class Beside:
    """A link: what it is called, where it leads, and how many things wait there on a site, counted up to 100."""

    label: Sentence
    address: str
    count: Callable[[Session, int], int]


@dataclass(frozen=True)
class Link:
    """A link as a page shows it; ``waiting`` is empty where nothing waits."""

    label: str
    address: str
    waiting: str


BESIDE: dict[str, Beside] = {}


def read_links(session: Session, site_id: int) -> list[Link]:
    """Return what stands beside the queue; one read for each."""
    found = []
    for beside in BESIDE.values():
        count = beside.count(session, site_id)
        found.append(Link(translated(beside.label), beside.address, f"{count}+" if count >= COUNTED_MOST else str(count) if count else ""))
    return found
