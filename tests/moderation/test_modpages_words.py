"""Every word of the moderators' pages goes through the translation, what data calls reasons, lanes and actions included."""

from collections.abc import Callable, Iterator
from typing import get_args

import flask_babel
import pytest

from forum.moderation import page_words
from forum.moderation.reasons import DecisionReason
from forum.moderation.review import STOCK_STATEMENTS, Action, Origin, ReportState
from forum.moderation.schemas import BulkChoice, Choice
from forum.moderation.screening.findings import Outcome
from tests.conftest import Person
from tests.journeys.reader import Screen
from tests.moderation.modpages import STATEMENT, Room, post, send
from tests.posting.test_pages_translation import Brackets, words_outside

# A statement is stored as its writer got it.
PEOPLE = (
    "@anna",
    "@ben",
    "@moda",
    "Anna",
    "Ben",
    "Moda",
    "On touch",
    "Read it.",
    "I saw Mrs B in May.",
    STATEMENT,
    "Short.",
    *STOCK_STATEMENTS.values(),
)


@pytest.fixture
def bracketed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flask_babel.Domain, "get_translations", lambda self: Brackets())
        yield


def untranslated(screen: Screen) -> list[str]:
    """Return what stands outside of brackets and was not written by somebody; keys are called alike everywhere."""
    keys = {key.text for key in screen.page.all("kbd")}
    found = []
    for line in words_outside(screen.page):
        for words in PEOPLE:
            line = line.replace(words, "")
        if any(letter.isalpha() for letter in line) and line not in keys:
            found.append(line)
    return found


@pytest.mark.sqlite_only
def test_no_word_stands_outside_the_translation(bracketed: None, person: Callable[..., Person], article: Callable[..., int]) -> None:
    room = Room(person, article())
    one, two = room.case(reason="off_topic"), room.case(reason="harassment")
    browser = room.browser("moda")
    seen = [browser.open(path) for path in ("/mod?lane=1", "/mod?state=closed", "/mod?person=nobody", "/mod/people/ben", "/mod")]
    seen.append(send(browser, f"/mod/items/{one}/claim"))
    seen.append(post(browser, f"/mod/items/{one}/decisions", version="1", action="remove", statement="Short."))
    seen.append(post(browser, f"/mod/items/{one}/decisions", version="77", action="remove", reason="other", statement=STATEMENT))
    seen.append(post(browser, "/mod/batches/preview", items=[f"{item}:1" for item in (one, two)], action="no_action"))
    seen.append(send(browser, "/mod/batches"))
    seen.append(browser.open(f"/mod/items/{two}"))
    browser.open("/mod/batches/1")
    seen.append(send(browser, "/mod/batches/1/undo"))
    assert all(screen.status < 500 for screen in seen)
    assert not {words for screen in seen for words in untranslated(screen)}


def test_every_code_has_its_words() -> None:
    choices, bulk = set(get_args(Choice)), set(get_args(BulkChoice))
    assert set(page_words.MEANINGS) == set(page_words.DONE) == choices
    assert set(page_words.WILL) == set(page_words.BATCHED) == bulk
    assert set(page_words.ORIGINS) == set(Origin)
    assert set(page_words.OUTCOMES) == set(Outcome)
    assert set(page_words.REPORT_STATES) == set(ReportState)
    assert {reason.value for reason in DecisionReason} <= set(page_words.REASONS)
    assert {action.value for action in Action} - choices == {"hold", "settle", "undo"}
