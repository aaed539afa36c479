"""The moderators' style and script: small, only on their pages, nothing from elsewhere; the pages' markup and words."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.conftest import Person
from tests.journeys.reader import Screen
from tests.moderation.modpages import Room, post, send
from tests.posting.test_pages_style import TEXT, contrast, mix, palettes

STATIC = Path(__file__).parents[2] / "forum" / "static"
CSS = (STATIC / "moderation.css").read_text(encoding="utf-8")
MOST = 3_000


@pytest.fixture
def screens(person: Callable[..., Person], article: Callable[..., int]) -> list[Screen]:
    """Every page of the room."""
    room = Room(person, article())
    items = [room.case("One.", "harassment"), room.case("Two, [[here]].", by="dora")]
    browser = room.browser("moda")
    found = [browser.open(path) for path in ("/mod", "/mod?lane=0", f"/mod/items/{items[0]}", f"/mod/items/{items[1]}", "/mod/people/anna")]
    found.append(post(browser, f"/mod/items/{items[0]}/decisions", version="1", action="remove"))
    found.append(post(browser, "/mod/batches/preview", items=[f"{item}:1" for item in items]))
    found.append(post(browser, "/mod/batches/preview", items=[f"{item}:1" for item in items], action="no_action"))
    found.append(send(browser, "/mod/batches", "Do it"))
    return found


def test_they_are_small() -> None:
    for name in ("moderation.css", "moderation.js"):
        assert len(gzip.compress((STATIC / name).read_bytes(), 6)) <= MOST, name


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert not re.search(r"@import|url\(|https?:", CSS)
    assert not re.search(r"#[0-9a-f]{3,6}\b", CSS), "colours are forum.css's"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_match_can_be_read(scheme: str) -> None:
    colours = palettes()[scheme]
    for name, share in re.findall(r"color-mix\(in srgb,var\(--(\w+)\) (\d+)%,var\(--paper\)\)", CSS):
        assert contrast(colours["ink"], mix(colours[name], colours["paper"], int(share) / 100)) >= TEXT


def test_readers_do_not_load_them(screens: list[Screen], client: FlaskClient) -> None:
    assert "moderation." not in client.get("/").text
    for screen in screens:
        sheets = [link.attributes["href"].partition("?")[0] for link in screen.page.all("link", rel="stylesheet")]
        assert sheets == ["/static/forum.css", "/static/moderation.css"]
        assert "unsafe" not in screen.response.headers["Content-Security-Policy"]


def test_headings_fields_and_references_are_sound(screens: list[Screen]) -> None:
    for screen in screens:
        page, where = screen.page, screen.address
        level = 0
        for heading in page.walk():
            if re.fullmatch("h[1-6]", heading.tag):
                assert int(heading.tag[1]) <= level + 1, f"{heading.text} on {where}"
                level = int(heading.tag[1])
        ids = {element.attributes["id"] for element in page.walk() if "id" in element.attributes}
        for element in page.walk():
            for name in ("for", "aria-describedby", "aria-labelledby"):
                assert set(element.attributes.get(name, "").split()) <= ids, f"{element.attributes} on {where}"
            if element.tag == "a" and element.attributes["href"].startswith("#"):
                assert element.attributes["href"][1:] in ids, where
            assert not [name for name in element.attributes if name == "style" or name.startswith("on")], where
        assert all(form.one("input", name="csrf_token") for form in page.all("form", method="post")), where
        names = [nav.attributes["aria-label"] for nav in page.all("nav")]
        assert len(names) == len(set(names)), where
