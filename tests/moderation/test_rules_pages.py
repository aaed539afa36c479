"""The page of the screening rules: made of the rules' own fields, everything typed comes back, and only what was tried is saved."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from forum.access.viewer import Role, Viewer
from forum.db.transaction import writing
from forum.moderation.rule_actions import save_rules
from forum.moderation.rule_form import FIELDS, Control, RulesForm, read_rules_form, type_rules
from forum.moderation.rule_words import EXPECTED, GROUPS, HINTS, LABELS, OUTCOME_WORDS, PHASE_WORDS
from forum.moderation.screening.findings import Outcome
from forum.moderation.screening.phases import PHASES
from forum.moderation.screening.rules import Rules, default_rules
from forum.refusals import Refusal
from tests.conftest import Person
from tests.journeys.reader import Element, parse

pytestmark = pytest.mark.postgresql_slow

PLAIN = type_rules(Rules(hold_first="0", trusted_domains=("doi.org",)))


class Desk:
    """An admin's or a moderator's browser at the page of the rules."""

    def __init__(self, person: Person) -> None:
        self.client, self.csrf = person.client.client, person.client.csrf

    def get(self, path: str = "/mod/rules") -> TestResponse:
        """Open a page."""
        return self.client.get(path)

    def send(self, path: str, fields: dict[str, str]) -> TestResponse:
        """Send the form, its empty boxes left out as a browser does."""
        boxes = {name for name, one in FIELDS.items() if one.control is Control.BOX}
        sent = {name: value for name, value in fields.items() if value or name not in boxes}
        return self.client.post(path, data={"csrf_token": self.csrf, **sent})

    def preview(self, **changes: str) -> TestResponse:
        """Try a change out."""
        return self.send("/mod/rules/preview", PLAIN | changes)


@pytest.fixture
def desk(person: Callable[..., Person]) -> Desk:
    """An admin's browser."""
    return Desk(person("root", Role.ADMIN))


def field_values(page: TestResponse) -> dict[str, str]:
    """Return what stands in the fields of the form."""
    found = {}
    for element in elements(parse(page.text)):
        name = element.attributes.get("name", "")
        if name in FIELDS and element.tag == "textarea":
            found[name] = "".join(child for child in element.children if isinstance(child, str)).removeprefix("\n")
        elif name in FIELDS:
            is_box = element.attributes.get("type") == "checkbox"
            found[name] = ("true" if "checked" in element.attributes else "") if is_box else element.attributes.get("value", "")
    return found


def elements(element: Element) -> list[Element]:
    """Return an element and all below it."""
    below = [each for child in element.children if not isinstance(child, str) for each in elements(child)]
    return [element, *below]


def token_of(page: TestResponse) -> str:
    """Return the token on the button that saves."""
    found = re.search(r'name="preview" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def test_every_field_has_its_words_and_its_place() -> None:
    assert set(LABELS) == set(FIELDS)
    assert {name: " ".join(filter(None, (LABELS[name], HINTS.get(name)))) for name in FIELDS} == {
        name: one.description for name, one in FIELDS.items()
    }, "the words of rule_words.py are the descriptions in rules.py"
    assert sorted(name for _, names in GROUPS for name in names) == sorted(FIELDS)
    assert set(EXPECTED) == {name for name, one in FIELDS.items() if one.control is Control.WORD}
    assert set(OUTCOME_WORDS) == set(Outcome)
    assert {phase.name for phase in PHASES} <= set(PHASE_WORDS)


@pytest.mark.parametrize(
    "rules", [default_rules(), Rules(), Rules(hold_first="all", show_moderator_names=True)], ids=["shipped", "none", "all"]
)
def test_what_stands_in_the_form_is_what_is_read(rules: Rules) -> None:
    assert read_rules_form(RulesForm(**type_rules(rules))) == rules


def test_blank_lines_notes_and_repetitions_are_not_kept() -> None:
    typed = "\n# a note\n  snake   oil \n\nsnake oil\r\nquack*\n".replace("\r\n", "\n")
    assert read_rules_form(RulesForm(**PLAIN | {"banned": typed})).banned == ("snake oil", "quack*")


@pytest.mark.parametrize(
    ("name", "typed", "pointer", "words"),
    [
        ("banned", "# note\n\nfine\n(half", "/banned/3", "Line 4 cannot be used"),
        ("suspect", "nonsense: fine", "/suspect/0", "Line 1 cannot be used"),
        ("blocked_domains", "fine.example\n\nhttp://x.example", "/blocked_domains/2", "Line 3 is not a domain"),
        ("banned", "x" * 1001, "/banned/0", "Line 1 is longer than 1,000 characters"),
        ("banned", "\n".join(f"word{n}" for n in range(1001)), "/banned", "At most 1,000 entries"),
        ("max_links", "101", "/max_links", "from 0 to 100"),
        ("max_links", "", "/max_links", "from 0 to 100"),
        ("max_links", "²", "/max_links", "from 0 to 100"),
        ("max_length", "9" * 5000, "/max_length", "from 100 to 10,000"),
        ("hold_first", "some", "/hold_first", "from 0 to 999"),
        ("hold_first", "٣", "/hold_first", "from 0 to 999"),
    ],
)
def test_a_fault_names_its_field_and_the_line_as_it_was_typed(name: str, typed: str, pointer: str, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_rules_form(RulesForm(**PLAIN | {name: typed}))
    assert [fault.pointer for fault in caught.value.faults] == [pointer]
    assert words in caught.value.faults[0].detail


def test_an_admin_finds_the_shipped_rules_in_the_form(desk: Desk) -> None:
    page = desk.get()
    assert page.status_code == 200
    assert field_values(page) == type_rules(default_rules())
    assert "come with this software" in page.text
    assert "See what this would have done" in page.text
    assert "Save these rules" not in page.text


def test_a_moderator_reads_and_cannot_change(person: Callable[..., Person]) -> None:
    moda = Desk(person("moda", Role.MODERATOR))
    page = moda.get()
    assert page.status_code == 200
    assert all(
        "readonly" in element.attributes or "disabled" in element.attributes
        for element in elements(parse(page.text))
        if element.attributes.get("name") in FIELDS
    )
    assert "See what this would have done" not in page.text
    assert moda.preview().status_code == 403
    assert moda.send("/mod/rules", PLAIN | {"preview": "x"}).status_code == 403


def test_whoever_may_not_read_the_rules_is_shown_none(person: Callable[..., Person], app: Flask) -> None:
    anna = Desk(person("anna"))
    for page in (anna.get(), anna.preview(max_links="x"), anna.send("/mod/rules", {"nonsense": "1"})):
        assert page.status_code == 403
        assert "trusted_domains" not in page.text
    stale = anna.client.post("/mod/rules/preview", data={"csrf_token": "old"})
    assert (stale.status_code, "trusted_domains" in stale.text) == (403, False)
    visitor = app.test_client()
    assert visitor.get("/mod/rules").headers["Location"] == "/sign-in?next=/mod/rules"
    assert "trusted_domains" not in visitor.post("/mod/rules", data=PLAIN).text


def test_a_change_is_tried_and_saved(desk: Desk, person: Callable[..., Person], article: Callable[..., int]) -> None:
    anna, path = person("anna").client, f"/articles/{article()}/comments"
    anna.post(path, {"body_md": "A wobblestick <b> & more."})
    anna.post(path, {"body_md": "Nothing of the kind."})
    typed = {"banned": "# my note\nwobblestick", "max_links": "7", "show_moderator_names": "true"}
    tried = desk.preview(**typed)
    assert tried.status_code == 200
    text = unescape(re.sub(r"<[^>]*>", "", tried.text))
    assert "Of the newest 2 comments, 1 would have fared differently" in text
    assert "1 comment: held instead of shown" in text
    assert "A wobblestick" in text
    assert "Words on the list of banned words: wobblestick." in text
    assert "Not tried: pre-moderation, repetition, confidentiality check, recent removals, heated discussion." in text
    assert field_values(tried) == PLAIN | typed, "notes stay until the rules are saved"
    assert desk.get("/mod/rules?number=0").status_code == 200
    saved = desk.send("/mod/rules", PLAIN | typed | {"preview": token_of(tried)})
    assert (saved.status_code, saved.headers["Location"]) == (303, "/mod/rules")
    page = desk.get()
    assert "The rules are saved." in page.text
    assert field_values(page) == PLAIN | typed | {"banned": "wobblestick"}
    assert "Set 1 of the rules, saved by @root" in page.text
    assert anna.post(path, {"body_md": "Another wobblestick."}).status_code == 202
    assert field_values(desk.get("/mod/rules?number=0")) == type_rules(default_rules())
    assert desk.get("/mod/rules?number=9").status_code == 404


def test_what_was_typed_comes_back_with_every_fault(desk: Desk) -> None:
    typed = {
        "banned": "fine\n\n# a note\n(half",
        "max_links": "many",
        "blocked_domains": "a b\nc d",
        "hold_first": "some",
        "suspect": "kept",
    }
    page = desk.preview(**typed)
    assert page.status_code == 422
    assert field_values(page) == PLAIN | typed
    assert page.text.count('aria-invalid="true"') == 2, "the plain mistakes first"
    repaired = typed | {"max_links": "3", "hold_first": ""}
    page = desk.preview(**repaired)
    assert field_values(page) == PLAIN | repaired
    text = unescape(page.text)
    for sentence in ("Line 4 cannot be used", "Line 1 is not a domain", "Line 2 is not a domain"):
        assert sentence in text
    assert 'id="e-banned"' in text
    assert "Save these rules" not in text


def test_what_changed_after_the_preview_is_tried_again(desk: Desk) -> None:
    tried = desk.preview(max_links="7")
    page = desk.send("/mod/rules", PLAIN | {"max_links": "8", "preview": token_of(tried)})
    assert page.status_code == 422
    assert "preview them again" in page.text
    assert field_values(page) == PLAIN | {"max_links": "8"}
    assert field_values(desk.get()) == type_rules(default_rules())


def test_a_change_by_somebody_else_is_not_overwritten(desk: Desk, person: Callable[..., Person]) -> None:
    tried = desk.preview(max_links="7")
    other = person("other", Role.ADMIN)
    with writing() as session:
        save_rules(session, viewer_of(other), 1, Rules(max_links=9))
    page = desk.send("/mod/rules", PLAIN | {"max_links": "7", "preview": token_of(tried)})
    assert page.status_code == 409
    assert "Somebody else has changed the rules" in page.text
    assert field_values(page) == PLAIN | {"max_links": "7"}
    assert "saved by @other" in page.text


def viewer_of(person: Person) -> Viewer:
    """Return a viewer as which a person acts."""
    return Viewer(person.id, person.handle)
