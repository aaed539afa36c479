"""When mail goes: hours of somebody's own day, quiet ones, and the two days a year that are shorter and longer. Pure."""

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.notifications.models import Delivery
from forum.notifications.schedule import Hours, Slot, end_of_quiet, is_zone, slot_for, zone_of

NOON = datetime(2026, 3, 2, 12, 20, tzinfo=UTC)
HOURS = st.builds(
    Hours,
    quiet_from=st.one_of(st.none(), st.integers(0, 23)),
    quiet_to=st.one_of(st.none(), st.integers(0, 23)),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "Australia/Lord_Howe"]),
    digest_hour=st.integers(0, 23),
)
MOMENTS = st.integers(0, 2 * 365 * 24 * 3600).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("delivery", "hours", "expected"),
    [
        (Delivery.AT_ONCE, Hours(), Slot(NOON, False)),
        (Delivery.NONE, Hours(), None),
        (Delivery.HOURLY, Hours(), Slot(NOON.replace(hour=13, minute=0), True)),
        (Delivery.DAILY, Hours(digest_hour=7), Slot(NOON.replace(day=3, hour=7, minute=0), True)),
        (Delivery.DAILY, Hours(digest_hour=15), Slot(NOON.replace(hour=15, minute=0), True)),
        (Delivery.DAILY, Hours(zone="America/New_York", digest_hour=7), Slot(NOON.replace(day=3, hour=12, minute=0), True)),
        (Delivery.DAILY, Hours(22, 8, digest_hour=7), Slot(NOON.replace(day=3, hour=8, minute=0), True)),
        (Delivery.DAILY, Hours(22, 7, digest_hour=7), Slot(NOON.replace(day=3, hour=7, minute=0), True)),
        (Delivery.DAILY, Hours(22, 8, digest_hour=22), Slot(NOON.replace(day=3, hour=8, minute=0), True)),
        (Delivery.DAILY, Hours(22, 8, "Europe/Berlin", 7), Slot(NOON.replace(day=3, hour=7, minute=0), True)),
        (Delivery.AT_ONCE, Hours(22, 7), Slot(NOON, False)),
        (Delivery.AT_ONCE, Hours(12, 14), Slot(NOON.replace(hour=14, minute=0), True)),
        (Delivery.HOURLY, Hours(13, 8), Slot(NOON.replace(day=3, hour=8, minute=0), True)),
        (Delivery.AT_ONCE, Hours(9, 9), Slot(NOON, False)),
        (Delivery.AT_ONCE, Hours(zone="No/Where"), Slot(NOON, False)),
    ],
)
def test_when_a_mail_goes(delivery: Delivery, hours: Hours, expected: Slot | None) -> None:
    assert slot_for(delivery, hours, NOON) == expected


def test_a_day_that_lacks_the_hour_has_its_mail_when_the_hour_is_over() -> None:
    # In Berlin the clock goes from 2 to 3 on 29 March 2026.
    evening = datetime(2026, 3, 28, 20, tzinfo=UTC)
    found = slot_for(Delivery.DAILY, Hours(zone="Europe/Berlin", digest_hour=2), evening)
    assert found == Slot(datetime(2026, 3, 29, 1, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("hours", "moment", "expected"),
    [
        (Hours(), NOON, None),
        (Hours(13, 8), NOON, None),
        (Hours(12, 13), NOON, NOON.replace(hour=13, minute=0)),
        (Hours(22, 8, "Europe/Berlin"), NOON.replace(hour=21), NOON.replace(day=3, hour=7, minute=0)),
        # All day but for the hour that is left out when the clock is put forward: the mail comes a day later.
        (Hours(3, 2, "Europe/Berlin"), datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 30, 0, tzinfo=UTC)),
    ],
)
def test_when_quiet_hours_end(hours: Hours, moment: datetime, expected: datetime | None) -> None:
    assert end_of_quiet(hours, moment) == expected


@given(st.sampled_from(Delivery), HOURS, MOMENTS)
def test_it_is_never_earlier_nor_much_later_nor_in_quiet_hours(delivery: Delivery, hours: Hours, moment: datetime) -> None:
    found = slot_for(delivery, hours, moment)
    if delivery is Delivery.NONE:
        assert found is None
        return
    assert found is not None
    # A day until its hour, a day of quiet, and one more where the clock leaps over their end.
    assert moment <= found.at <= moment + timedelta(hours=74)
    assert found.gathers or found.at == moment
    first, last = hours.quiet_from, hours.quiet_to
    if first is not None and last is not None:
        quiet = range(first, last) if first < last else [*range(first, 24), *range(last)] if first > last else []
        assert found.at.astimezone(zone_of(hours.zone)).hour not in quiet
        assert end_of_quiet(hours, found.at) is None


def test_zones_are_known_by_their_names_alone() -> None:
    assert {"Europe/Berlin", "America/New_York", "UTC"} <= available_timezones()
    assert all(is_zone(name) for name in ("Europe/Berlin", "UTC", "Asia/Kolkata"))
    assert not any(is_zone(name) for name in ("", "Berlin", "../../etc/passwd", "/etc/localtime", "Europe", "x" * 64, "Europe/Berlin\x00"))
