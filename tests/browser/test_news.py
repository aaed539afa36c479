"""An open discussion says that something has changed, and leaves it to the reader to look. The clock is the page's own, moved by the test."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.desk import Desk, Visit, new_handle
from tests.browser.test_journeys import count_visits

Open = Callable[..., Visit]
A_WHILE = 20_000


@pytest.fixture
def talk(desk: Desk) -> dict[str, Any]:
    """A fresh article with one comment: ``slug``, ``id``, ``comment``."""
    made = desk.person("marit").article(f"On news {new_handle()}", main_claim="Touch helps.", authors=["marit"])
    return {"slug": made["slug"], "id": made["id"], "comment": desk.newcomer().comment(made["id"], "It helped me.", stance="agreement")}


def is_news(answer: Response) -> bool:
    return answer.url.endswith("/news")


def opened(found: Visit, talk: dict[str, Any]) -> Page:
    """Open the discussion with a clock that stands still until it is moved."""
    found.page.clock.install()
    return found.open(f"/a/{talk['slug']}")


def ask(page: Page, milliseconds: int = A_WHILE) -> Response:
    """Let time pass until the page has asked."""
    with page.expect_response(is_news) as asked:
        page.clock.fast_forward(milliseconds)
    return asked.value


def test_new_comments_are_announced_and_shown_when_the_reader_asks(visit: Open, desk: Desk, talk: dict[str, Any]) -> None:
    page = opened(visit(), talk)
    stays = count_visits(page)
    ask(page)
    expect(page.locator("#news")).to_be_empty()
    writer = desk.newcomer()
    writer.comment(talk["id"], "Not me.", stance="disagreement")
    ask(page, 2 * A_WHILE)
    expect(page.locator("#news")).to_have_text("1 new comment – show")
    desk.newcomer().comment(talk["id"], "Nor me.", stance="disagreement")
    ask(page)
    expect(page.locator("#news")).to_have_text("2 new comments – show")
    assert not stays()
    page.locator("#news").get_by_role("link", name="show").click()
    expect(page.locator("#discussion h2")).to_have_text("3 comments")
    expect(page.locator("#news")).to_be_empty()


def test_an_edit_is_no_news_and_what_is_written_stays(visit: Open, desk: Desk, talk: dict[str, Any]) -> None:
    found = visit("marit")
    page = opened(found, talk)
    page.locator("form.composer textarea").first.fill("A text that takes time.")
    desk.person("marit").call("PATCH", f"/articles/{talk['id']}", {"main_claim": "Touch helps some."})
    ask(page)
    expect(page.locator("#news")).to_be_empty()
    desk.newcomer().comment(talk["id"], "Not for everybody.", stance="disagreement")
    ask(page)
    expect(page.locator("#news")).to_have_text("1 new comment – show")
    page.locator("#news").get_by_role("link", name="show").click()
    expect(page.locator(".claim")).to_contain_text("Touch helps some.")
    expect(page.locator("form.composer textarea").first).to_have_value("A text that takes time.")


def test_ones_own_reply_and_tag_are_no_news(visit: Open, talk: dict[str, Any]) -> None:
    page = opened(visit("joel"), talk)
    card = page.locator(f"#c{talk['comment']}")
    card.locator("form.g label.agreement").click()
    expect(card.locator("form.g input[value=agreement][checked]")).to_have_count(1)
    card.get_by_role("link", name="Reply").press("Enter")
    page.locator(".thread form.composer textarea").fill("Which trial says so?")
    page.locator(".thread form.composer").get_by_role("button", name="Post").first.click()
    expect(page.locator(".thread .c", has_text="Which trial says so?")).to_be_visible()
    assert ask(page).json()["comment_count"] == 2
    ask(page, 2 * A_WHILE)
    expect(page.locator("#news")).to_be_empty()


def test_nothing_is_asked_while_the_server_wants_a_pause(visit: Open, talk: dict[str, Any]) -> None:
    found = visit()
    page = opened(found, talk)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/news") else None)
    # An answer of 429 would be an error on the console, which fails every test: the page is told by one that succeeds.
    page.evaluate("""() => { const real = window.fetch; window.fetch = async (...a) => {
        window.fetch = real; window.calls = 1; return new Response("", { status: 503, headers: { "Retry-After": "120" } }); }; }""")
    page.clock.fast_forward(A_WHILE)
    page.wait_for_function("window.calls === 1")
    page.clock.fast_forward(100_000)
    assert asked == []
    ask(page, 30_000)
    assert len(asked) == 1


def test_a_hidden_page_asks_nothing_and_one_that_is_seen_again_asks_at_once(visit: Open, talk: dict[str, Any]) -> None:
    page = opened(visit(), talk)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/news") else None)
    turn = "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(turn, True)
    page.clock.fast_forward(600_000)
    assert asked == []
    with page.expect_response(is_news):
        page.evaluate(turn, False)
