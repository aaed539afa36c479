"""Payloads that ran in Chromium, stored through the API as everything that people write, and opened where readers see them: nothing runs.

The rule: alert, confirm, prompt and print are hooked before any page, every element is poked, and nothing leaves for another host. Payloads
come from tests/data/xss (SOURCE.md says from where); tests/text proves what becomes of the others without a browser.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page

from tests.browser.desk import Caller, Desk, Visit, new_handle

DATA = Path(__file__).parent.parent / "data" / "xss" / "payloads.json"
LIVE: list[str] = [entry["payload"] for entry in json.loads(DATA.read_text("utf-8")) if entry["live"]]
# As many people as payloads would hash as many passwords; each carries one after the other.
PEOPLE = 12
HOOK = """() => {
  window.ran = [];
  for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = (text) => void window.ran.push(`${name}(${text})`);
}"""
# What a reader may do by accident to an element, without leaving the page for another of ours.
POKE = """() => {
  const kinds = ["mouseover", "mousemove", "mouseenter", "pointerenter", "pointerdown", "pointerup", "focus", "focusin", "input", "toggle",
    "animationstart", "transitionend", "copy", "drag", "wheel", "keydown", "load", "error"];
  document.addEventListener("click", (event) => (event.target.closest("form, label, summary") || event.target.closest("a")?.protocol !== "javascript:") && event.preventDefault());
  document.addEventListener("submit", (event) => event.preventDefault(), true);
  for (const it of document.querySelectorAll("main *")) {
    for (const kind of kinds)
      it.dispatchEvent(new Event(kind, { bubbles: true, cancelable: true }));
    if (it.closest(".b")) it.click();
  }
  const strange = [...document.querySelectorAll("a[href], area[href], form[action], [src], [formaction]")]
    .flatMap((it) => ["href", "action", "src", "formaction"].map((name) => it.getAttribute(name)).filter(Boolean))
    .filter((address) => !["http:", "https:", "mailto:"].includes(new URL(address, location.href).protocol));
  return [...window.ran, ...strange];
}"""


def poke(visit: Visit, path: str) -> Page:
    """Open a page, poke everything on it, and prove that nothing ran."""
    page = visit.open(path)
    assert page.evaluate("window.ran") == [], path
    assert page.evaluate(POKE) == [], path
    return page


@pytest.fixture
def hooked(visit: Callable[..., Visit]) -> Iterator[Callable[[Caller | None], Visit]]:
    """Return a function that opens a window in which a payload that runs is noticed."""
    dialogs: list[str] = []

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    def open_(who: Caller | None = None) -> Visit:
        found = visit()
        if who is not None:
            found.context.add_cookies([{"name": who.cookie()["name"], "value": who.cookie()["value"], "url": who.site.url}])
        found.context.add_init_script(f"({HOOK})()")
        found.page.on("dialog", note)
        return found

    yield open_
    assert dialogs == []


def tried(caller: Caller, method: str, path: str, body: dict[str, Any]) -> Any:
    """Send something that may be refused for what it is (too long, a character that no text may hold); None when it was."""
    try:
        return caller.call(method, path, body)
    except AssertionError as refusal:
        if ": 422 " not in str(refusal):
            raise
        return None


def test_the_hooks_notice_a_payload_that_runs(hooked: Callable[..., Visit]) -> None:
    reader = hooked()
    page = reader.open("/")
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<p class=b><a href=\"javascript:alert(1)\">x</a></p>')")
    assert page.evaluate(POKE) == ["javascript:alert(1)"]
    # The policy is the last of the walls, and is watched as well.
    assert all("Content Security Policy" in fault for fault in reader.faults)
    assert len(reader.faults) == 1
    reader.faults.clear()
    page.evaluate("alert(2)")
    assert page.evaluate("window.ran") == ["alert(2)"]


def test_payloads_in_comments_run_nowhere(hooked: Callable[..., Visit], desk: Desk) -> None:
    article = desk.person("marit").article(f"Payloads {new_handle()}")
    writer, plain = desk.newcomer(), f"/a/{article['slug']}"
    kept = [made["id"] for text in LIVE if (made := tried(writer, "POST", f"/articles/{article['id']}/comments", {"body_md": text}))]
    assert len(kept) > 60
    reader = hooked()
    for query in ("?limit=50", "?limit=50&sort=newest"):
        assert poke(reader, plain + query).locator(".c").count() == 50
    poke(reader, f"/u/{writer.handle}")
    # A text also stands in the form that changes it, in its history, and in the link that names it.
    own = hooked(writer)
    for comment_id in kept[::4]:
        writer.call("PATCH", f"/comments/{comment_id}", {"body_md": LIVE[0] + LIVE[-1]})
        poke(own, f"/c/{comment_id}/edit")
        poke(reader, f"/c/{comment_id}/history")


def test_payloads_as_names_and_credentials_run_nowhere(hooked: Callable[..., Visit], desk: Desk) -> None:
    article = desk.person("marit").article(f"Names {new_handle()}")
    people = [desk.newcomer() for _ in range(PEOPLE)]
    ids = [person.comment(article["id"], f"@{people[0].handle} [x](javascript:alert`1`)", stance="agreement") for person in people]
    for person, above in zip(people, ids, strict=True):
        person.comment(article["id"], "Why?", parent_id=above, stance="disagreement")
    reader, named = hooked(), 0
    for start in range(0, len(LIVE), PEOPLE):
        for person, text in zip(people, LIVE[start:], strict=False):
            named += bool(tried(person, "PATCH", "/me", {"display_name": text}))
            tried(person, "PATCH", "/me", {"credential": text})
        poke(reader, f"/a/{article['slug']}?limit=50")
        place = start // PEOPLE
        poke(reader, f"/u/{people[place].handle}")
        poke(reader, f"/c/{ids[place]}")
    assert named > 50
    own = hooked(people[0])
    poke(own, "/settings")
    poke(own, f"/c/{ids[1]}/reply")


def test_payloads_as_articles_run_nowhere(hooked: Callable[..., Visit], desk: Desk) -> None:
    author = desk.person("marit")
    fields = [{"title": text, "main_claim": text, "opening_question": text, "series": text, "part": 1, "body_md": text} for text in LIVE]
    # What one field refuses must not keep the payload out of the others.
    made = [
        tried(author, "POST", "/articles", one) or tried(author, "POST", "/articles", {"title": one["title"], "body_md": one["body_md"]})
        for one in fields
    ]
    slugs = [article["slug"] for article in made if article]
    assert len(slugs) > 50
    reader = hooked()
    page = poke(reader, "/?limit=50&sort=newest")
    assert page.locator(".articles > li").count() == 50
    poke(reader, page.get_by_role("link", name="Next articles").get_attribute("href") or "")
    for slug in slugs[::3]:
        poke(reader, f"/a/{slug}")
    poke(hooked(author), f"/a/{slugs[0]}/edit")
