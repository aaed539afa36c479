"""Every word on a page goes through the translation: under a stub that puts ⟦brackets⟧ around each message that a translator is given, no word
stands outside them. The messages are gathered by the command that ``babel.cfg`` names.
"""

import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import flask_babel
import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from flask import Flask

from forum.demo.load import TEXT
from forum.settings import Settings
from tests.journeys.reader import Element, Reader, parse
from tests.posting import demo

# Days and hours are written by Babel in the reader's language.
WRITTEN_ELSEWHERE = frozenset({"script", "style", "time", "code"})
# The API is documented in one language, the programs'.
FOR_PROGRAMS = ("/api/",)
ROOT = Path(__file__).parents[2]
VISIBLE_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt")
NO_WORD = re.compile(r"[\W\d_]*")


@cache
def messages_for_translators() -> frozenset[str]:
    """Return every message, and every plural form, that the command of ``babel.cfg`` gathers."""
    config = ROOT / "babel.cfg"
    command = next(line for line in config.read_text(encoding="utf-8").splitlines() if "pybabel extract" in line)
    given = shlex.split(command.lstrip("# ."))
    keywords = {**DEFAULT_KEYWORDS, **parse_keywords(after for option, after in pairwise(given) if option == "-k")}
    with config.open(encoding="utf-8") as lines:
        methods, options = parse_mapping_cfg(lines)  # type: ignore[no-untyped-call]
    found: set[str] = set()
    for _file, _line, message, _comments, _context in extract_from_dir(ROOT, methods, options, keywords):
        found.update([message] if isinstance(message, str) else message)
    return frozenset(found)


class Brackets:
    """A translation into brackets; a message that no translator is given stays as it is."""

    def gettext(self, message: str) -> str:
        """Return the message in brackets."""
        return f"⟦{message}⟧" if message in messages_for_translators() else message

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return the form for ``count`` in brackets."""
        return self.gettext(singular if count == 1 else plural)

    ugettext, ungettext = gettext, ngettext


@pytest.fixture(scope="module")
def bracketed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application with the demo discussion, translated into brackets; what is sent to it is refused."""
    app = demo.make_app(tmp_path_factory.mktemp("translated"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flask_babel.Domain, "get_translations", lambda self: Brackets())
        yield app


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
    # A key has the same name in every language.
    return element.tag in ("textarea", "q", "kbd") or (element.tag, element.attributes.get("class", "").split()[:1]) in (
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
    lines += [mark["line"] for mark in content["continuations"]]
    lines += [comment["featured"] for comment in content["comments"] if comment.get("featured")]
    return tuple(sorted({line for line in lines if line}, key=len, reverse=True))


def without_people(text: str) -> str:
    """Return ``text`` without what people wrote in it."""
    for line in words_of_people():
        text = text.replace(line, "")
    # An address, and what the test's browser calls itself.
    return re.sub(r"@example\.org|Werkzeug/\S+", "", text)


def words_outside(page: Element) -> list[str]:
    """Return the lines of ``page``, its attributes included, that have a word outside of brackets which no person wrote."""
    texts = ["".join(text_to_translate(page.one("body")))]
    texts += [element.attributes.get(name, "") for element in page.walk() for name in VISIBLE_ATTRIBUTES]
    lines = [line.strip() for text in texts for line in without_people(outside(text)).splitlines()]
    return [line for line in lines if not NO_WORD.fullmatch(line)]


def test_no_word_stands_outside_the_translation(bracketed: Flask) -> None:
    found = []
    with bracketed.app_context():
        pages = demo.pages_of_everybody()
    for login, paths in pages.items():
        reader = Reader(bracketed.test_client())
        if login:
            reader.sign_in(login, demo.PASSWORD)
        for path in (path for path in paths if not path.startswith(FOR_PROGRAMS)):
            found += [(path, words) for words in words_outside(reader.open(path).page)]
    # Each once: a word in the masthead is on every page.
    assert not found, sorted({words for _, words in found})


SIGN_UP = {"handle": "nora", "email": "nora@example.org", "password": "a password of a test"}
REFUSED_FORMS = {
    "a text that is too long": ("joel", f"{demo.PAGE}/comments", {"body_md": "x " * 6_000}, "At most"),
    "a text with too many links": ("joel", f"{demo.PAGE}/comments", {"body_md": "<https://a.example> " * 120}, "links"),
    "a text without words": ("joel", f"{demo.PAGE}/comments", {"body_md": "   "}, "no words"),
    "a control character": ("joel", f"{demo.PAGE}/comments", {"body_md": "a\x07b"}, "U+0007"),
    "stacked marks": ("joel", f"{demo.PAGE}/comments", {"body_md": "a" + "\u0301" * 40}, "stacked"),
    "an unknown parent": ("joel", f"{demo.PAGE}/comments", {"body_md": "Yes.", "parent_id": "999999"}, "no such comment"),
    "a stance of no list": ("joel", f"{demo.PAGE}/comments", {"body_md": "Yes.", "stance": "maybe"}, "not one of the choices"),
    "a field of no form": ("joel", f"{demo.PAGE}/comments", {"body_md": "Yes.", "role": "admin"}, "not a field"),
    "a short password": ("", "/sign-up", SIGN_UP | {"password": "short"}, "at least"),
    "a handle that is taken": ("", "/sign-up", SIGN_UP | {"handle": "joel"}, "is taken"),
    "a wrong password": ("", "/sign-in", {"login": "joel", "password": "wrong"}, "do not fit"),
    "an author nobody knows": ("marit", "/articles/new", {"title": "A title", "body_md": "Text.", "authors": "nobody-here"}, "Nobody here"),
    "a part that is no number": ("marit", "/articles/new", {"title": "A title", "body_md": "Text.", "part": "two"}, "whole number"),
    "a part below one": ("marit", "/articles/new", {"title": "A title", "body_md": "Text.", "part": "0"}, "at least"),
    "an address without scheme": ("marit", "/articles/new", {"title": "A title", "url": "host.example/x"}, "http://"),
    "a reader who adds an article": ("joel", "/articles/new", {"title": "A title", "body_md": "Text."}, "may not do this"),
}


@pytest.mark.parametrize("case", REFUSED_FORMS)
def test_no_word_of_a_refused_form_stands_outside_the_translation(bracketed: Flask, case: str) -> None:
    login, path, fields, sentence = REFUSED_FORMS[case]
    reader = Reader(bracketed.test_client())
    if login:
        reader.sign_in(login, demo.PASSWORD)
    token = reader.open("/sign-up" if not login else "/settings").page.all("input", name="csrf_token")[0].attributes["value"]
    page = parse(reader.client.post(path, data={**fields, "csrf_token": token}).text)
    assert sentence in page.text
    assert not words_outside(page)
