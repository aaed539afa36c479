"""What the phases of screening look at: the text and the facts about its writer and its place, gathered beforehand. Plain values, no database."""

from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from forum.moderation.screening.addresses import Address, find_addresses
from forum.moderation.screening.rules import Rules
from forum.moderation.screening.spellings import spell
from forum.text.fingerprint import fold


@dataclass(frozen=True)
class WriterFacts:
    """The writer. ``accepted_count``: own comments that were ever public, here; ``recent_*``: own comments in the rules' history window.

    ``pre_moderated``: a moderator has decided that everything by them is read first.
    """

    is_staff: bool = False
    is_article_author: bool = False
    account_age: timedelta = timedelta(days=3650)
    accepted_count: int = 100
    recent_count: int = 0
    recent_removed_count: int = 0
    pre_moderated: bool = False


@dataclass(frozen=True)
class Repetition:
    """Who wrote the same text (by fingerprint) within the rules' hours: the writer at the same place or elsewhere, and how many other accounts."""

    own_same_place: bool = False
    own_elsewhere_count: int = 0
    others_count: int = 0


@dataclass(frozen=True)
class Heat:
    """Open reports on the comments above, how many of them are the writer's own, and how long ago the writer last wrote in this thread."""

    reports_above: int = 0
    own_reports_above: int = 0
    since_own_last: timedelta | None = None


@dataclass(frozen=True)
class ScreeningContext:
    """One text about to be stored. ``limits_repetition`` is off where rate limits are (load tests): neither duplicates nor heat are looked at then."""

    text: str
    rules: Rules = field(default_factory=Rules)
    writer: WriterFacts = field(default_factory=WriterFacts)
    repetition: Repetition = field(default_factory=Repetition)
    heat: Heat = field(default_factory=Heat)
    is_edit: bool = False
    limits_repetition: bool = True

    @cached_property
    def folded(self) -> str:
        """The text as it is compared: case, accents, look-alikes and invisible characters made one."""
        return fold(self.text)

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """The text in the spellings that word lists are compared with."""
        return spell(self.text)

    @cached_property
    def addresses(self) -> tuple[Address, ...]:
        """The web addresses in the text."""
        return find_addresses(self.text)

    def under(self, rules: Rules) -> "ScreeningContext":
        """Return the same text and facts under other rules; what was worked out of the text is kept."""
        _ = self.spellings, self.addresses
        other = copy(self)
        object.__setattr__(other, "rules", rules)
        return other
