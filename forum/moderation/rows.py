"""A row of the queue as a page says it: the item with its times, reasons and claim in words. Made by the pages of the queue, of one item and of batches."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.clock import now
from forum.moderation import page_words
from forum.moderation.queries import count_open
from forum.moderation.review import ItemState
from forum.moderation.schemas import ItemRow


@dataclass(frozen=True)
class QueueRow:
    """An item and what is said of it. ``holder``: who has it open now, empty when nobody; ``is_mine``: the viewer has."""

    item: ItemRow
    lane: str
    when: str
    reasons: str
    holder: str
    is_mine: bool
    held_for: str

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to decide."""
        return self.item.state == ItemState.OPEN

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been decided by now."""
        return self.is_open and self.item.due_at <= now()

    @property
    def seen(self) -> str:
        """The item and its version as the form of a batch carries them."""
        return f"{self.item.id}:{self.item.version}"


@dataclass(frozen=True)
class Waiting:
    """How many items are open, for the masthead; each lane is counted up to 100."""

    count: int
    urgent: int

    @property
    def words(self) -> str:
        """The number, open-ended where counting stopped."""
        return f"{self.count}+" if self.count >= 100 else str(self.count)


def row_of(item: ItemRow, viewer: Viewer) -> QueueRow:
    """Return an item with its words."""
    held = item.claimed_by is not None and item.claimed_until is not None and item.claimed_until > now()
    closed_at = item.closed_at
    return QueueRow(
        item=item,
        lane=page_words.lane(item.lane),
        when=str(_("closed %(when)s", when=page_words.ago(closed_at))) if closed_at else page_words.due(item),
        reasons=page_words.reasons(item.reasons),
        holder=(item.claimed_by or "") if held else "",
        is_mine=held and item.claimed_by == viewer.handle,
        held_for=page_words.how_long(item.claimed_until) if held and item.claimed_until else "",
    )


def by_lane(rows: Sequence[QueueRow]) -> list[tuple[int, list[QueueRow]]]:
    """Return rows, which are in the order of the queue, by their lanes; a lane without any is left out."""
    found: dict[int, list[QueueRow]] = {}
    for row in rows:
        found.setdefault(row.item.lane, []).append(row)
    return list(found.items())


def count_waiting(session: Session, site_id: int) -> Waiting:
    """Return how many items of a site are open."""
    counts = count_open(session, site_id)
    return Waiting(sum(counts.values()), counts[0])
