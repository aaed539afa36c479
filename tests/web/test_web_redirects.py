"""Where a form leads back to: only paths of this site, whatever stands in ``next``. The sample's source is beside it in tests/data/web."""

from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.web.pages import safe_next

HERE = "https://talk.example.org/sign-in"
SAMPLE = (Path(__file__).parent.parent / "data" / "web" / "open_redirects_sample.txt").read_text(encoding="utf-8").splitlines()


def leads_to(target: str) -> str:
    """Return the host that a browser goes to: it reads a backslash as a slash and drops tabs and line ends (URL Standard, basic URL parser)."""
    read = "".join(letter for letter in target.strip("".join(map(chr, range(33)))) if letter not in "\t\n\r").replace("\\", "/")
    while read.startswith("///"):
        read = read[1:]
    return urlsplit(urljoin(HERE, read)).hostname or ""


@pytest.mark.parametrize("target", SAMPLE)
def test_no_address_of_the_sample_leads_elsewhere(target: str) -> None:
    assert len(SAMPLE) > 60
    for given_target in (target, unquote(target), unquote(unquote(target)), target + "\n", " " + target, "\t" + target):
        assert leads_to(safe_next(given_target)) == "talk.example.org", given_target


@pytest.mark.parametrize(
    "target", ["/", "/a/on-touch", "/a/on-touch?sort=newest&limit=5#c12", "/c/12", "/settings", "/a/b//c", "/u/anna?x=//evil"]
)
def test_a_path_of_this_site_is_kept(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "a",
        "?x",
        "#x",
        "http:a",
        "https://talk.example.org/",
        "javascript:alert(1)",
        "//",
        "/\\",
        "/\t/x",
        "/a b",
        "/a\x7f",
        "/\x00",
    ],
)
def test_anything_else_leads_to_the_start_or_where_was_said(target: str | None) -> None:
    assert safe_next(target) == "/"
    assert safe_next(target, otherwise="/settings") == "/settings"


@given(st.text(alphabet="/\\.@:;?#%\t\r\n\x00 evil.exampl\u2028\uff0f\u3002", max_size=14))
def test_nothing_at_all_leads_elsewhere(target: str) -> None:
    for written in (target, "/" + target):
        kept = safe_next(written)
        assert leads_to(kept) == "talk.example.org"
        assert "\n" not in kept
        assert "\r" not in kept
