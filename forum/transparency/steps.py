"""Steps that the pages and the JSON doors of the monthly reports share: which months there are, and the one that an address names.

The rule: there is a report for each month from the first that has something to count up to the present one; any other address is not there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from forum.articles.steps import load_site
from forum.clock import now
from forum.refusals import not_found
from forum.sentences import sentence
from forum.transparency.months import Month, month_of, months_down, read_month
from forum.transparency.queries import first_moment
from forum.web.doors import Call


@dataclass(frozen=True)
class Calendar:
    """The months of a site for which there is a report."""

    site_id: int
    first: Month
    present: Month

    def __contains__(self, month: Month) -> bool:
        return self.first <= month <= self.present

    def is_complete(self, month: Month) -> bool:
        """Whether a month is over."""
        return month < self.present

    def newest_first(self) -> Iterator[Month]:
        """Yield the months, the present one first."""
        return months_down(self.present, self.first)


@dataclass(frozen=True)
class Reported:
    """The month that a report is about, among those of its site."""

    calendar: Calendar
    month: Month


def load_calendar(call: Call[Any, Any, Any]) -> Calendar:
    """Load which months there are on the site; the present one always."""
    site, present = load_site(call), month_of(now())
    began = first_moment(call.session, site.id)
    return Calendar(site.id, min(month_of(began), present) if began is not None else present, present)


def load_month(call: Call[Any, Any, Any]) -> Reported:
    """Load the month that the address names. Raises Refusal ``not-found``."""
    calendar = load_calendar(call)
    month = read_month(call.path["month"])
    if month is None or month not in calendar:
        raise not_found(sentence("monthly report"))
    return Reported(calendar, month)
