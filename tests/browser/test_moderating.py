"""A moderator at work in Chromium: by keys with scripts, by clicking without; a case takes three keystrokes and a sentence.

The rule: what is decided is looked up over the API, not believed of the page.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.desk import Caller, Desk, Visit, new_handle

SENTENCE = "The second paragraph recommends a shop of yours without saying so."
Open = Callable[..., Visit]


@pytest.fixture
def cases(desk: Desk) -> dict[str, Any]:
    """A fresh article with two reported comments: its id, and items in the order of the queue; the first is about promotion."""
    made = desk.person("marit").article(f"To look at {new_handle()}", authors=["marit"])
    writer = desk.newcomer(display_name="Ida Holm")
    found = []
    for text, reason in (("My shop has the best oil.", "promotion"), ("Nice weather today.", "off_topic")):
        comment = writer.comment(made["id"], text)
        desk.person("joel").call("POST", f"/comments/{comment}/reports", {"reason": reason})
        found.append(comment)
    listed = desk.person("imke").call("GET", f"/mod/items?article={made['id']}")["items"]
    assert [item["comment"]["id"] for item in listed] == found
    return {"article": made["id"], "items": [item["id"] for item in listed], "watch": f"/mod?article={made['id']}"}


def row(page: Page, item_id: int) -> Locator:
    """Return a case's row in the queue."""
    return page.locator(".row", has=page.locator(f"#i{item_id}"))


def action(page: Page, name: str) -> Locator:
    """Return the choice of what happens to the comment."""
    return page.get_by_role("radio", name=re.compile(f"^{name}"))


def state(desk: Desk, item_id: int) -> tuple[str, str]:
    """Return the states of an item and of its comment."""
    found = desk.person("imke").call("GET", f"/mod/items/{item_id}")
    return found["item"]["state"], found["comment"]["state"]


def test_three_keystrokes_and_a_sentence(visit: Open, desk: Desk, cases: dict[str, Any]) -> None:
    first, second = cases["items"]
    window = visit("imke")
    page = window.open(cases["watch"])
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(rf"/mod/items/{first}\?"))
    expect(page.get_by_text("You have it for 10 minutes more")).to_be_visible()
    page.keyboard.press("r")
    statement = page.get_by_label("What the writer reads")
    expect(statement).to_be_focused()
    expect(statement).to_have_value(re.compile("advertises"))
    page.keyboard.type(SENTENCE)
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile(r"/mod\?article="))
    expect(page.get_by_role("status").filter(has_text="The comment by Ida Holm is removed.")).to_be_visible()
    assert state(desk, first) == ("closed", "removed")
    [decision] = desk.person("imke").call("GET", f"/mod/items/{first}")["decisions"]
    assert decision["statement"].endswith(SENTENCE)
    # The next one is at hand: its button has the focus, and the key opens it.
    expect(row(page, second).get_by_role("button", name="Open")).to_be_focused()
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(rf"/mod/items/{second}\?"))
    page.keyboard.press("n")
    expect(action(page, "Leave as it is")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Nothing in this selection waits for a decision.")).to_be_visible()
    assert state(desk, second) == ("closed", "visible")


def test_keys_move_through_the_queue_and_give_back(visit: Open, cases: dict[str, Any]) -> None:
    first, second = cases["items"]
    page = visit("imke").open(cases["watch"])
    for key, item in (("j", first), ("j", second), ("j", second), ("k", first), ("j", second)):
        page.keyboard.press(key)
        expect(row(page, item)).to_be_focused()
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile(rf"/mod/items/{second}\?"))
    page.keyboard.press("e")
    expect(page.get_by_label("What the writer reads")).to_be_focused()
    # While somebody types, a letter is a letter.
    page.keyboard.type("rude")
    expect(page.get_by_label("What the writer reads")).to_have_value("rude")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("d")
    area = page.get_by_label("What to take out")
    expect(area).to_be_focused()
    area.evaluate("it => it.setSelectionRange(0, 4)")
    page.get_by_role("button", name="Mark what is selected").click()
    expect(area).to_have_value("[[Nice]] weather today.")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("u")
    expect(page).to_have_url(re.compile(r"/mod\?article="))
    expect(page.get_by_text("You have given it back")).to_be_visible()


def test_keys_can_be_switched_off_for_good(visit: Open, cases: dict[str, Any]) -> None:
    page = visit("imke").open(cases["watch"])
    page.keyboard.press("?")
    box = page.get_by_label("Single keys work on these pages")
    expect(box).to_be_visible()
    expect(page.get_by_text("They never do while you type.")).to_be_visible()
    box.uncheck()
    page.reload()
    for key in ("j", "o", "?"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile(r"/mod\?article="))
    expect(page.locator("[aria-keyshortcuts]")).to_have_count(0)
    page.locator("#keys summary").click()
    expect(box).not_to_be_checked()
    box.check()
    page.locator("h1").click()
    page.keyboard.press("j")
    expect(row(page, cases["items"][0])).to_be_focused()


def test_a_case_is_decided_by_clicking(visit: Open, desk: Desk, cases: dict[str, Any], script: bool) -> None:
    first = cases["items"][0]
    page = visit("imke", java_script_enabled=script).open(cases["watch"])
    row(page, first).get_by_role("button", name="Open").click()
    action(page, "Remove").check()
    if script:
        page.get_by_text("Sentences to begin from").click()
        page.get_by_role("button", name="Use it").first.click()
        expect(page.get_by_label("What the writer reads")).to_have_value(re.compile("advertises"))
    else:
        expect(page.get_by_role("button", name="Use it")).to_have_count(0)
        expect(page.locator("#keys")).to_be_hidden()
        page.get_by_text("Sentences to begin from").click()
        expect(page.get_by_text("Your comment advertises a product")).to_be_visible()
    page.get_by_label("What the writer reads").fill("Too short.")
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("at least 40 characters")
    expect(action(page, "Remove")).to_be_checked()
    page.get_by_label("What the writer reads").fill(SENTENCE)
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_text("The comment by Ida Holm is removed.")).to_be_visible()
    assert state(desk, first) == ("closed", "removed")


def test_a_passage_is_taken_out(visit: Open, desk: Desk, cases: dict[str, Any], script: bool) -> None:
    first = cases["items"][0]
    page = visit("imke", java_script_enabled=script).open(f"/mod/items/{first}")
    expect(page.get_by_label("What to take out")).to_be_hidden()
    action(page, "Redact").check()
    page.get_by_label("What to take out").fill("[[My shop]] has the best oil.")
    page.get_by_label("What the writer reads").fill(SENTENCE)
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_text("the rest is shown")).to_be_visible()
    shown = desk.person("imke").call("GET", f"/mod/items/{first}")["comment"]["body_md"]
    assert shown == "[identifying detail removed] has the best oil."


def test_several_at_once_are_seen_done_and_undone(visit: Open, desk: Desk, cases: dict[str, Any], script: bool) -> None:
    page = visit("imke", java_script_enabled=script).open(cases["watch"])
    for item in cases["items"]:
        row(page, item).get_by_label("Select").check()
    page.get_by_role("button", name="Decide on the selected together").click()
    action(page, "Remove").check()
    page.get_by_label("Reason").select_option("off_topic")
    page.get_by_label("What the writer reads").fill(SENTENCE)
    page.get_by_role("button", name="Show what will happen").click()
    expect(page.get_by_text("This will be done to 2 comments.")).to_be_visible()
    assert [state(desk, item)[0] for item in cases["items"]] == ["open", "open"]
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Removed: 2 comments")
    assert [state(desk, item) for item in cases["items"]] == [("closed", "removed")] * 2
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The decisions are taken back").first).to_be_visible()
    assert [state(desk, item) for item in cases["items"]] == [("open", "visible")] * 2


def test_who_is_too_late_keeps_what_they_typed(visit: Open, desk: Desk, cases: dict[str, Any], script: bool) -> None:
    first = cases["items"][0]
    page = visit("imke", java_script_enabled=script).open(f"/mod/items/{first}")
    action(page, "Remove").check()
    page.get_by_label("What the writer reads").fill(SENTENCE)
    decide(desk.person("imke"), first)
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_role("heading", name="What was decided meanwhile")).to_be_visible()
    expect(page.get_by_label("What the writer reads")).to_have_value(SENTENCE)
    assert state(desk, first) == ("closed", "visible")


def decide(moderator: Caller, item_id: int) -> None:
    """Leave a comment as it is."""
    version = moderator.call("GET", f"/mod/items/{item_id}")["item"]["version"]
    moderator.call("POST", f"/mod/items/{item_id}/decisions", {"action": "no_action", "reason": "within_rules", "version": version})
