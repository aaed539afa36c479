"""Which addresses a text holds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.moderation.screening import addresses
from forum.moderation.screening.addresses import Address, domain_set, find_addresses, is_domain, is_on


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("nothing", []),
        ("See https://Example.org/path.", ["example.org"]),
        ("(https://example.org).", ["example.org"]),
        ("[here](https://example.org/a_b)", ["example.org"]),
        ("www.example.org, really", ["example.org"]),
        ("write to anna@example.com", []),
        ("README.md and end.Next and e.g. this and pain.Health and of.it", []),
        ("example.com/x example.com", ["example.com", "example.com"]),
        ("example[.]com or example dot com", ["example.com", "example.com"]),
        ("the dot on the map", []),
        ("rеlеаsерlus.shор", ["releaseplus.shop"]),
        ("https&#58;//example.org", ["example.org"]),
        ("hxxp://example.org", ["example.org"]),
        ("t.me/someone", ["t.me"]),
        ("https://a.example/?u=https://b.example/", ["a.example", "b.example"]),
        ("doi:10.3174/ajnr.A4173 and 10.5% vs. 3.in", []),
    ],
)
def test_addresses(text: str, hosts: list[str]) -> None:
    assert [address.host for address in find_addresses(text)] == hosts


def test_what_is_only_read_is_no_link() -> None:
    assert find_addresses("example.com/x") == (Address("example.com", "/x", is_link=False),)


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("doi.org", True),
        ("dx.doi.org", True),
        ("adoi.org", False),
        ("doi.org.evil.example", False),
        ("x.edu", True),
        ("edu.example", False),
    ],
)
def test_lists_of_domains(host: str, found: bool) -> None:
    assert is_on(host, domain_set(("DOI.org ", "*.edu"))) is found


@pytest.mark.parametrize(
    ("entry", "is_one"),
    [("example.org", True), ("*.ac.uk", True), ("edu", True), ("", False), ("https://x.org", False), ("x.org/a", False), ("a b", False)],
)
def test_what_may_stand_in_a_list(entry: str, is_one: bool) -> None:
    assert is_domain(entry) is is_one


@given(st.text())
def test_no_text_fails(text: str) -> None:
    find_addresses(text)


_PIECES = "https:// HXXP:// www. WWW. // . 。 ． a Ａ example .com .to/ /x ?u=https://b.example [ ( { ] dot D0T d۰t shop @ &#46; &#58;// ß The .Next - “ ο ѡww."
PIECES = [*_PIECES.split(), " ", "\n", " dot ", " com", "\u200b"]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_what_is_looked_for_first_hides_no_address(text: str) -> None:
    found = find_addresses(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses, "_may_hold_link", lambda _: True)
        for name in ("_BRACKET_DOT", "_NAME_DOT"):
            patch.setattr(addresses, name, re.compile(""))
        assert find_addresses(text) == found
