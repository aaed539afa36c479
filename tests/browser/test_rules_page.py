"""An admin at the page of the screening rules, without a script: a change is tried, refused, saved; every look of it passes axe."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MS
from tests.browser.desk import Desk
from tests.browser.serving import serve
from tests.browser.test_axe import AXE, LOOKS, OUTSIDE, RULES, RUN, ZOOMED

TRY = "See what this would have done"


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a window of the demo's moderator, who is an admin here."""
    folder = tmp_path_factory.mktemp("admin")
    with serve(folder, demo=True) as site:
        command = [str(Path(sys.executable).parent / "forum"), "account", "role", "imke", "admin"]
        known = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
        subprocess.run(command, env=known | {"FORUM_DATA_DIR": str(folder)}, check=True, capture_output=True)
        cookie = Desk(site).person("imke").cookie()

        def open_(*, script: bool = True) -> Page:
            context = browser.new_context(
                base_url=site.url, storage_state={"cookies": [cookie], "origins": []}, locale="en-GB", java_script_enabled=script
            )
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.goto("/mod/rules")
            return page

        yield open_


def check(page: Page) -> None:
    """Look at the page wide and narrow, light and dark, and as large as it gets."""
    page.evaluate(AXE)
    found: dict[object, list[str]] = {}
    for width, scheme in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 1024})
        found[width, scheme] = page.evaluate(RUN, RULES)
    page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]
    found["zoomed"] = page.evaluate(OUTSIDE)
    assert {look: faults for look, faults in found.items() if faults} == {}


def test_every_look_of_the_form_is_clean(admin: Callable[..., Page]) -> None:
    page = admin()
    check(page)
    page.fill("#f-suspect", "massage*")
    page.click(f"text={TRY}")
    assert page.evaluate("document.activeElement.id") == "tryout", "what is new is where the reader is"
    check(page)
    page.fill("#f-banned", "fine\n(half")
    page.click(f"text={TRY}")
    assert "Line 2" in page.inner_text("#e-banned")
    check(page)
    page.context.close()


def test_a_change_is_tried_and_saved_without_a_script(admin: Callable[..., Page]) -> None:
    page = admin(script=False)
    page.fill("#f-banned", "# mine\nmassage*")
    page.fill("#f-max_links", "3")
    page.click(f"text={TRY}")
    assert "would have fared differently" in page.inner_text(".preview")
    page.fill("#f-max_links", "4")
    page.click("text=Save these rules")
    assert "preview them again" in page.inner_text(".errors")
    assert page.input_value("#f-max_links") == "4"
    page.click(f"text={TRY}")
    page.click("text=Save these rules")
    assert "The rules are saved." in page.inner_text(".notice")
    assert (page.input_value("#f-banned"), page.input_value("#f-max_links")) == ("massage*", "4")
    page.click("text=Open them")
    assert "They are not in force." in page.inner_text(".notice")
    assert page.input_value("#f-max_links") == "20"
    page.context.close()
