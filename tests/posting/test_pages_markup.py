"""Every page's markup: what a screen reader, a keyboard and a strict content policy rely on. (axe looks at the same pages in Chromium.)"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.journeys.reader import Element, Reader, Screen
from tests.posting import demo

pytestmark = pytest.mark.postgresql_slow

TEMPLATES = Path(__file__).parents[2] / "templates"
LABELLED = ("input", "textarea", "select")
# Layouts themselves, and pieces of pages.
PIECES = {"base.html", "embed/layout.html", "embed/static.html", "embed/quote.html", "posting/tag_control.html"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application with the demo discussion."""
    return demo.make_app(tmp_path_factory.mktemp("markup"))


@pytest.fixture(scope="module")
def screens(site: Flask) -> list[Screen]:
    """Every page, as a visitor, a reader and an author see it; parsing alone proves that tags nest and ids are unique."""
    found = []
    with site.app_context():
        pages = demo.pages_of_everybody()
    for login, paths in pages.items():
        reader = Reader(site.test_client())
        if login:
            reader.sign_in(login, demo.PASSWORD)
        for path in paths:
            screen = reader.open(path)
            assert screen.status in (200, 404), path
            assert bool(login) == bool(screen.page.all("form", action="/sign-out")), path
            found.append(screen)
    return found


def test_every_page_can_be_found_one_s_way_in(screens: list[Screen]) -> None:
    for screen in screens:
        page, where = screen.page, screen.address
        assert page.one("html").attributes["lang"], where
        assert page.one("head").one("title").text.strip(" ·"), where
        assert len(page.all("main")) == len(page.all("h1")) == 1, where
        assert page.one("a", class_="skip").attributes["href"] == "#main", where
        names = [nav.attributes.get("aria-label") for nav in page.all("nav")]
        assert all(names), where
        assert len(names) == len(set(names)), where


def test_headings_go_down_one_step_at_a_time(screens: list[Screen]) -> None:
    for screen in screens:
        level = 0
        for heading in screen.page.walk():
            if re.fullmatch("h[1-6]", heading.tag):
                assert int(heading.tag[1]) <= level + 1, f"{heading.tag} '{heading.text}' on {screen.address}"
                level = int(heading.tag[1])
                assert heading.text, screen.address


def test_every_field_has_a_label_and_every_reference_a_target(screens: list[Screen]) -> None:
    for screen in screens:
        ids = {element.attributes["id"] for element in screen.page.walk() if "id" in element.attributes}
        for element in screen.page.walk():
            for name in ("for", "aria-describedby", "aria-labelledby"):
                assert set(element.attributes.get(name, "").split()) <= ids, f"{name} on {screen.address}"
            if element.tag == "label":
                assert element.text, screen.address
            if element.tag in LABELLED and element.attributes.get("type") != "hidden" and "hidden" not in element.attributes:
                assert _label(screen.page, element), f"{element.attributes} on {screen.address}"


def test_every_choice_has_a_question(screens: list[Screen]) -> None:
    for screen in screens:
        for fieldset in screen.page.all("fieldset"):
            assert fieldset.one("legend").text, screen.address
        for radio in screen.page.all("input", type="radio"):
            assert radio.within("fieldset"), screen.address


def test_links_and_buttons_say_where_they_lead(screens: list[Screen]) -> None:
    for screen in screens:
        for element in (*screen.page.all("a"), *screen.page.all("button")):
            assert element.text or element.attributes.get("aria-label"), f"{element.attributes} on {screen.address}"
        ids = {element.attributes.get("id") for element in screen.page.walk()}
        fragments = [link.attributes["href"][1:] for link in screen.page.all("a") if link.attributes["href"].startswith("#")]
        for fragment in fragments:
            # A reply may answer a comment that stands on an earlier page of its thread.
            assert fragment in ids or "/thread" in screen.path, f"#{fragment} on {screen.address}"


def test_nothing_runs_and_nothing_is_styled_inside_a_page(screens: list[Screen]) -> None:
    for screen in screens:
        policy = screen.response.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy
        for element in screen.page.walk():
            assert not [name for name in element.attributes if name == "style" or name.startswith("on")], screen.address
            assert element.tag != "style"
            assert int(element.attributes.get("tabindex", "0")) <= 0
            for name in ("src", "action", "formaction"):
                assert element.attributes.get(name, "/").startswith("/"), screen.address
        # Data for search engines never runs.
        running = [script for script in screen.page.all("script") if script.attributes.get("type") != "application/ld+json"]
        scripts = [script.attributes["src"].partition("?")[0] for script in running]
        of_moderators = ["/static/moderation.js"] if screen.address.startswith("/mod") else []
        assert scripts in (["/static/forum.js"], ["/static/forum.js", *of_moderators]), screen.address


def test_a_form_that_changes_something_carries_its_token(screens: list[Screen]) -> None:
    for screen in screens:
        signed_in = bool(screen.page.all("form", action="/sign-out"))
        for form in screen.page.all("form", method="post"):
            # A visitor's tag or text needs none: it leads to the sign-in, whose own form has one.
            if signed_in or form.attributes["action"].startswith("/sign-"):
                assert form.one("input", name="csrf_token").attributes["value"], f"{form.attributes} on {screen.address}"


def test_a_stance_is_never_shown_by_colour_alone(screens: list[Screen]) -> None:
    words = {"agreement": "agree", "disagreement": "disagree", "skepticism": "doubt", "encouragement": "encourage"}
    for screen in screens:
        for element in _with_a_stance(screen.page):
            stance = next(iter(set(element.attributes["class"].split()) & set(words)))
            if element.tag == "rect":
                assert element.parent is not None
                assert element.parent.attributes["aria-hidden"] == "true", "the counts beside a bar say the same in words"
            elif element.within("svg"):
                # What a legend draws stands beside its word.
                assert element.parent is not None
                assert element.parent.parent is not None
                assert words[stance] in element.parent.parent.text.lower(), screen.address
            elif not element.within("p", "prompt"):
                assert words[stance] in element.text.lower(), f"{element.text} on {screen.address}"


def test_reading_leaves_no_cookie(site: Flask) -> None:
    reader = Reader(site.test_client())
    with site.app_context():
        pages = demo.pages_of_everybody()[""]
    for path in pages:
        # A form for somebody without an account needs a token, and that a session.
        if not path.startswith(("/sign-", "/notice", "/password", "/follow")):
            assert "Set-Cookie" not in reader.open(path).response.headers, path


def test_every_page_can_be_shown_in_another_layout() -> None:
    pages = [
        path
        for path in sorted(TEMPLATES.rglob("*.html"))
        if path.parent.name not in ("macros", "mail") and path.relative_to(TEMPLATES).as_posix() not in PIECES
    ]
    assert len(pages) > 15
    for path in pages:
        assert path.read_text(encoding="utf-8").startswith('{% extends layout|default("base.html") %}\n'), path


def _with_a_stance(page: Element) -> Iterator[Element]:
    for element in page.walk():
        if {"agreement", "disagreement", "skepticism", "encouragement"} & set(element.attributes.get("class", "").split()):
            yield element


def _label(page: Element, field: Element) -> str:
    above = field.parent
    while above is not None:
        if above.tag == "label":
            return above.text
        above = above.parent
    named = page.all("label", **{"for": field.attributes.get("id", "")})
    return named[0].text if named else field.attributes.get("aria-label", "")
