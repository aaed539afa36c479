"""When mail goes to somebody: at once, at the next full hour, or at their hour of the day, and never in their quiet hours. Pure.

The rule: what comes in quiet hours is gathered and goes in one mail when they end; so does a digest whose hour lies in them, and a mail that was late.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forum.notifications.models import Delivery

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Hours:
    """Somebody's day: the hours (0 to 23) from and to which it is quiet, neither or both; the hour of the daily mail; the time zone's IANA name."""

    quiet_from: int | None = None
    quiet_to: int | None = None
    zone: str = "UTC"
    digest_hour: int = 7


@dataclass(frozen=True)
class Slot:
    """When a mail goes, and whether it gathers all that came until then."""

    at: datetime
    gathers: bool


def slot_for(delivery: Delivery, hours: Hours, moment: datetime) -> Slot | None:
    """Return when the mail about something that happened at ``moment`` goes, or None where none goes."""
    if delivery is Delivery.NONE:
        return None
    at = moment
    if delivery is Delivery.DAILY:
        at = _next_at(hours.digest_hour, zone_of(hours.zone), moment)
    elif delivery is Delivery.HOURLY:
        at = moment.replace(minute=0, second=0, microsecond=0) + HOUR
    awake = end_of_quiet(hours, at)
    return Slot(awake or at, delivery is not Delivery.AT_ONCE or awake is not None)


def end_of_quiet(hours: Hours, moment: datetime) -> datetime | None:
    """Return when the quiet hours end in which ``moment`` lies, or None where it lies in none."""
    if not _is_quiet(hours, zone_of(hours.zone), moment):
        return None
    at = moment
    # More than once only where a clock that was put forward leaps over their end.
    while _is_quiet(hours, zone_of(hours.zone), at):
        at = _next_at(hours.quiet_to or 0, zone_of(hours.zone), at)
    return at


def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of that name, UTC where this machine knows none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def is_zone(name: str) -> bool:
    """Whether ``name`` is a time zone's IANA name."""
    return name == "UTC" or zone_of(name).key == name


def _is_quiet(hours: Hours, zone: ZoneInfo, moment: datetime) -> bool:
    first, last = hours.quiet_from, hours.quiet_to
    if first is None or last is None or first == last:
        return False
    hour = moment.astimezone(zone).hour
    return first <= hour < last if first < last else hour >= first or hour < last


def _next_at(hour: int, zone: ZoneInfo, moment: datetime) -> datetime:
    """Return the first time after ``moment`` at which a clock in ``zone`` shows ``hour`` o'clock; where the clock leaps over it, when it has."""
    local = moment.astimezone(zone)
    at = local.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    while at.astimezone(UTC) <= moment:
        # The day and not 24 hours: the clock may be put forward or back meanwhile.
        at = (at.replace(tzinfo=None) + DAY).replace(tzinfo=zone)
    return at.astimezone(UTC)
