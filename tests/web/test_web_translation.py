"""Sentences with values: English as they stand, and in a reader's language by a catalogue that was compiled as a translator's is."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import flask_babel
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.support import Translations
from flask import Flask

from forum.app import create_app
from forum.sentences import Sentence, nsentence, sentence
from forum.web.translation import translated
from tests.conftest import test_settings as settings_for

GERMAN: dict[str | tuple[str, str], str | tuple[str, str]] = {
    "At most %(most)s %(what)s are allowed; there are %(count)s.": "Höchstens %(most)s %(what)s sind erlaubt; es sind %(count)s.",
    "links": "Verweise",
    "Allowed: %(allowed)s.": "Erlaubt: %(allowed)s.",
    "edit": "ändern",
    "100% sure?": "100% sicher?",
    ("%(num)s second", "%(num)s seconds"): ("%(num)s Sekunde", "%(num)s Sekunden"),
    "Please wait %(time)s.": "Bitte %(time)s warten.",
}
SENTENCES = [
    (
        sentence("At most %(most)s %(what)s are allowed; there are %(count)s.", most=100, what=sentence("links"), count=12_345),
        "At most 100 links are allowed; there are 12,345.",
        "Höchstens 100 Verweise sind erlaubt; es sind 12.345.",
    ),
    (sentence("Allowed: %(allowed)s.", allowed=(sentence("edit"), "x")), "Allowed: edit, x.", "Erlaubt: ändern, x."),
    (sentence("100% sure?"), "100% sure?", "100% sicher?"),
    ("100% sure?", "100% sure?", "100% sicher?"),
    (
        sentence("Please wait %(time)s.", time=nsentence("%(num)s second", "%(num)s seconds", 1)),
        "Please wait 1 second.",
        "Bitte 1 Sekunde warten.",
    ),
    (
        sentence("Please wait %(time)s.", time=nsentence("%(num)s second", "%(num)s seconds", 7)),
        "Please wait 7 seconds.",
        "Bitte 7 Sekunden warten.",
    ),
    (sentence("Not in the catalogue: %(name)s.", name="100%s"), "Not in the catalogue: 100%s.", "Not in the catalogue: 100%s."),
]


@pytest.fixture
def german(tmp_path: Path) -> Iterator[Flask]:
    """An application whose reader reads German."""
    catalogue = Catalog(locale="de")
    for message, translation in GERMAN.items():
        catalogue.add(message, translation)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    translations = Translations(compiled)
    app = create_app(settings_for(tmp_path))
    with pytest.MonkeyPatch.context() as patch, app.test_request_context(), flask_babel.force_locale("de"):
        patch.setattr(flask_babel.Domain, "get_translations", lambda self: translations)
        yield app


@pytest.mark.parametrize(("said", "english", "_german"), SENTENCES)
def test_english_is_the_text_itself(said: str, english: str, _german: str) -> None:
    assert said == english
    assert str(said) == english
    assert type(str(said)) is str


@pytest.mark.parametrize(("said", "_english", "expected"), SENTENCES)
@pytest.mark.usefixtures("german")
def test_a_page_has_it_in_the_readers_language(said: str, _english: str, expected: str) -> None:
    assert translated(said) == expected


def test_a_value_of_no_place_is_left_out_and_a_place_without_value_is_a_mistake() -> None:
    assert isinstance(sentence("Plain.", name="x"), Sentence)
    with pytest.raises(KeyError):
        sentence("%(name)s %(other)s", name="x")
