"""The author's desk in a real browser: what 200 comments leave on the first screen, and a day's work there by the keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from forum.accounts.models import Account
from forum.accounts.passwords import hash_password
from forum.app import create_app
from forum.db.base import db
from forum.db.transaction import writing
from tests.browser.desk import PASSWORD, Visit
from tests.browser.serving import serve
from tests.conftest import test_settings
from tests.desk.test_desk_waiting import two_hundred

SEEN = "[...document.querySelectorAll('article.w')].filter((card) => card.getBoundingClientRect().bottom <= innerHeight).map((card) => card.id)"


def sign_in(window: Visit, handle: str) -> Page:
    """Sign in at the page itself: the site is this test's own."""
    page = window.open("/sign-in")
    page.fill("input[name=login]", handle)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_selector("a[href='/desk']")
    return page


def test_five_doubts_of_two_hundred_comments_are_seen_at_once_and_worked_through(
    visit: Callable[..., Visit], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("desk")
    with serve(folder, demo=False) as own:
        app = create_app(test_settings(folder))
        with app.app_context():
            with writing() as session:
                made, supported = two_hundred(session)
                session.get_one(Account, made.account_ids[0]).password_hash = hash_password(PASSWORD)
            db.engine.dispose()
        window = visit("", site_=own, viewport={"width": 1280, "height": 900})
        page = sign_in(window, "seed0")
        window.open("/desk")
        assert page.evaluate(SEEN)[:5] == [f"w{one}" for one in supported]
        # By the keyboard alone: open the composer of the first, write, post, and be at the desk again.
        page.focus(f"#w{supported[0]} details.reply summary")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("Here is the protocol.")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/desk#w{supported[1]}")
        assert page.locator("article.w").first.get_attribute("id") == f"w{supported[1]}"
        # A date that is confirmed with the Enter key sets aside and never thanks.
        page.focus(f"#w{supported[1]} details.do:not(.reply) summary")
        page.keyboard.press("Enter")
        page.focus(f"#w{supported[1]} input[type=date]")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/desk#w{supported[2]}")
        window.open("/desk?tab=set_aside")
        assert "Later: it comes back on" in page.locator(f"#w{supported[1]}").inner_text()
