"""Every word on a page goes through the translation: under a stub that puts ⟦brackets⟧ around each message, no word stands outside them."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import flask_babel
import pytest
from flask import Flask

from forum.demo.load import TEXT
from forum.settings import Settings
from tests.journeys.reader import Element, Reader
from tests.posting import demo

# Days and hours are written by Babel in the reader's language.
WRITTEN_ELSEWHERE = frozenset({"script", "style", "time", "code"})
# The API is documented in one language, the programs'.
FOR_PROGRAMS = ("/api/",)
VISIBLE_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt")
NO_WORD = re.compile(r"[\W\d_]*")


class Brackets:
    """A translation into brackets."""

    def gettext(self, message: str) -> str:
        """Return the message in brackets."""
        return f"⟦{message}⟧"

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return the form for ``count`` in brackets."""
        return f"⟦{singular if count == 1 else plural}⟧"

    ugettext, ungettext = gettext, ngettext


@pytest.fixture
def bracketed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An application with the demo discussion, translated into brackets."""
    app = demo.make_app(tmp_path)
    monkeypatch.setattr(flask_babel.Domain, "get_translations", lambda self: Brackets())
    return app


def outside(text: str) -> str:
    """Return what stands outside of brackets; they nest where one message is put into another."""
    depth, kept = 0, []
    for letter in text:
        depth += (letter == "⟦") - (letter == "⟧")
        if depth == 0 and letter != "⟧":
            kept.append(letter)
    assert depth == 0, text
    return "".join(kept)


def text_to_translate(element: Element) -> Iterator[str]:
    """Yield the text below ``element`` that people did not write; a message may run through several elements."""
    for child in element.children:
        if isinstance(child, str):
            yield child
        elif child.tag not in WRITTEN_ELSEWHERE and not _is_by_people(child):
            yield "\n"
            yield from text_to_translate(child)
            yield "\n"


def _is_by_people(element: Element) -> bool:
    return element.tag in ("textarea", "q") or (element.tag, element.attributes.get("class", "").split()[:1]) in (
        ("div", ["b"]),
        ("p", ["diff"]),
    )


@cache
def words_of_people() -> tuple[str, ...]:
    """Return the names, credentials, titles and other lines of the demo discussion, the longest first."""
    content = tomllib.loads(TEXT.read_text(encoding="utf-8"))
    lines = [Settings().site_name]
    lines += [person[name] for person in content["people"] for name in ("display_name", "credential", "handle")]
    lines += [article[name] for article in content["articles"] for name in ("title", "main_claim", "opening_question")]
    lines += [series["title"] for series in content["series"]]
    lines += [comment["featured"] for comment in content["comments"] if comment.get("featured")]
    return tuple(sorted({line for line in lines if line}, key=len, reverse=True))


def without_people(text: str) -> str:
    """Return ``text`` without what people wrote in it."""
    for line in words_of_people():
        text = text.replace(line, "")
    # An address, and what the test's browser calls itself.
    return re.sub(r"@example\.org|Werkzeug/\S+", "", text)


def test_no_word_stands_outside_the_translation(bracketed: Flask) -> None:
    found = []
    with bracketed.app_context():
        pages = demo.pages_of_everybody()
    for login, paths in pages.items():
        reader = Reader(bracketed.test_client())
        if login:
            reader.sign_in(login, demo.PASSWORD)
        for path in (path for path in paths if not path.startswith(FOR_PROGRAMS)):
            page = reader.open(path).page
            texts = ["".join(text_to_translate(page.one("body")))]
            texts += [element.attributes.get(name, "") for element in page.walk() for name in VISIBLE_ATTRIBUTES]
            for text in texts:
                found += [(path, line.strip()) for line in without_people(outside(text)).splitlines() if not NO_WORD.fullmatch(line)]
    # Each once: a word in the masthead is on every page.
    assert not found, sorted({words for _, words in found})
