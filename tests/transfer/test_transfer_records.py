"""The pure parts of reading: names, dates, addresses, identities."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.transfer.records import SAMPLE_LENGTH, content_id, moment, person, sample, tidy, web_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-02-01T10:00:00Z", datetime(2015, 2, 1, 10, tzinfo=UTC)),
        ("2015-02-01T10:00:00+02:00", datetime(2015, 2, 1, 8, tzinfo=UTC)),
        (" 2015-02-01 10:00:00 ", datetime(2015, 2, 1, 8, tzinfo=UTC)),
        ("0000-00-00 00:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2011-x09-30T22:48:43Z", None),
        ("", None),
    ],
)
def test_moments(text: str, expected: datetime | None) -> None:
    assert moment(text, offset=timedelta(hours=2)) == expected


@given(st.text())
def test_no_text_breaks_reading_dates_names_or_samples(text: str) -> None:
    moment(text)
    shown = tidy(text)
    assert shown == shown.strip()
    assert not any(c in shown for c in "\n\r\t\x00\x1b\u202e\u2066")
    assert len(sample(text)) <= SAMPLE_LENGTH


def test_a_shared_address_does_not_join_two_names_and_is_not_kept() -> None:
    anna, pseudonym = person("Anna", email="anna@host.example"), person("Somebody", email=" ANNA@host.example ")
    assert anna != pseudonym
    assert anna.external_id.split("/")[0] == pseudonym.external_id.split("/")[0]
    assert "host.example" not in anna.external_id + pseudonym.external_id
    assert person("Anna", email="anna@host.example") == anna
    assert person("Anna") != anna
    assert person("Anna", user="anna17") != anna


def test_names_lose_what_would_steer_a_terminal_but_no_letters() -> None:
    assert person("  Ra&amp;b \x1b[31m\u202e Łukasz\n ").name == "Ra&b [31m Łukasz"
    assert tidy("👩\u200d🔬 می\u200cخواهم") == "👩\u200d🔬 می\u200cخواهم"


def test_samples_show_text_without_tags() -> None:
    assert sample("<p>Hello <b>there</b></p>") == "Hello there"
    assert len(sample("word " * 100)) == SAMPLE_LENGTH


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        (("", "https://host.example/a"), "https://host.example/a"),
        ((" HTTP://host.example ",), "HTTP://host.example"),
        (("/relative", "javascript:alert(1)", "https://"), None),
    ],
)
def test_only_web_addresses_are_addresses(candidates: tuple[str, ...], expected: str | None) -> None:
    assert web_address(*candidates) == expected


def test_the_same_content_is_the_same_thing() -> None:
    assert content_id("a", "bc") == content_id("a", "bc") != content_id("ab", "c")
