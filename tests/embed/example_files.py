"""The worked examples as their users fill them in, and what every one of them must put into a page."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.architecture.source import ROOT
from tests.journeys.reader import Element

EXAMPLES = ROOT / "examples"
TALK, SITE = "https://talk.example", "https://host.example"


def read_example(path: str, *, talk: str = TALK, site: str = SITE) -> str:
    """Return an example with its two settings filled in, in whatever way they are written there."""
    text = (EXAMPLES / path).read_text(encoding="utf-8")
    for setting, value in ((TALK, talk), (SITE, site)):
        text = text.replace(setting, value).replace(_quoted(setting), _quoted(value))
    return text


def example_files() -> list[Path]:
    """Return every file of the examples but their README."""
    return sorted(path for path in EXAMPLES.rglob("*") if path.is_file() and path.name != "README.md")


def check_place(page: Element, url: str, *, talk: str = TALK) -> Element:
    """Assert that a page has one place for the discussion of ``url``, with a link for readers without a script, and return it."""
    place = next(element for element in page.walk() if "data-forum-article" in element.attributes)
    assert place.attributes["data-forum-article"] == url
    assert "min-height" in place.attributes["style"]
    link = place.one("a")
    assert link.text == "Join the discussion"
    address = urlsplit(link.attributes["href"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{talk}/at"
    assert parse_qs(address.query) == {"url": [url]}
    return place


def _quoted(address: str) -> str:
    return address.replace(":", "%3A").replace("/", "%2F")
