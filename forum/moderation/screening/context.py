"""What the phases of screening look at: the text and the facts about its writer and its place, gathered beforehand. Plain values, no database."""

from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from forum.moderation.screening.addresses import Address, domain_set, find_addresses, is_on
from forum.moderation.screening.patterns import matcher
from forum.moderation.screening.rules import Rules
from forum.moderation.screening.spellings import spell
from forum.text.fingerprint import fold

WORKED_OUT = ("folded", "spellings", "addresses", "strange_addresses", "words_in_addresses")


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

    @cached_property
    def strange_addresses(self) -> tuple[Address, ...]:
        """The addresses of domains that are not trusted."""
        trusted = domain_set(self.rules.trusted_domains)
        return tuple(address for address in self.addresses if not is_on(address.host, trusted))

    @cached_property
    def words_in_addresses(self) -> tuple[str, ...]:
        """The suspect words in those addresses. Each address is a text of its own, so that no phrase reaches from one into the next."""
        if not self.strange_addresses:
            return ()
        spellings = (spelling for address in self.strange_addresses for spelling in spell(f"{address.host} {address.rest}"))
        return tuple(dict.fromkeys(match.words for match in matcher(self.rules.address_words).find(spellings)))

    def knowing(self, other: "ScreeningContext") -> "ScreeningContext":
        """Return the same with what was worked out of ``other``, a context of the same text under the same rules."""
        same = copy(self)
        for name in WORKED_OUT:
            if name in other.__dict__:
                same.__dict__[name] = other.__dict__[name]
        return same

    def under(self, rules: Rules) -> "ScreeningContext":
        """Return the same text and facts under other rules; what was worked out of the text is kept."""
        _ = self.spellings, self.addresses
        other = copy(self)
        for name in ("strange_addresses", "words_in_addresses"):
            other.__dict__.pop(name, None)
        object.__setattr__(other, "rules", rules)
        return other
