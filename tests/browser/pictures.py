"""Takes the README's picture and others to look at: ``python tests/browser/pictures.py [FOLDER]``.

Without a folder only docs/article.png is taken. With one, every page that a newcomer meets is put there as well, wide, narrow and dark. No test.
"""

import re
import shutil
import sys
import tempfile
from base64 import b64encode
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.serving import QUIET, Site, serve

README = Path(__file__).parents[2] / "docs" / "article.png"
PAGE = "/a/massage-in-the-treatment-of-cancer-part-2"
EMPTY = "/a/what-i-would-measure-next"
WIDE, NARROW = 1280, 360
Scheme = Literal["light", "dark"]


def take_all(browser: Browser, site: Site, folder: Path | None) -> None:
    """Take the README's picture and, into ``folder``, all the others."""
    _take_readme(browser, site)
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for width in (WIDE, NARROW):
        for scheme in ("light", "dark"):
            _take_visit(browser, site, folder, width, scheme)


def _take_readme(browser: Browser, site: Site) -> None:
    # The article lies between its claim and what people say of it: two windows beside each other show both at once, and nothing is made up.
    page = _open(browser, site, WIDE // 2, "light")
    _go(page, site, PAGE)
    halves = [page.screenshot()]
    page.locator(".thread > li > .c.skepticism").first.evaluate("it => scrollTo(0, it.getBoundingClientRect().top + scrollY - 28)")
    halves.append(page.screenshot())
    page.context.close()
    sheet = _open(browser, site, WIDE, "light")
    images = "".join(
        f'<img src="data:image/png;base64,{b64encode(half).decode()}" width="{WIDE // 2}" style="box-shadow:0 0 0 1px #ddd5c7">'
        for half in halves
    )
    sheet.set_content(f'<body style="margin:0;display:flex;background:#fdfbf7">{images}')
    sheet.wait_for_function("[...document.images].every((it) => it.complete)")
    README.parent.mkdir(exist_ok=True)
    sheet.screenshot(path=README)
    sheet.context.close()


def _take_visit(browser: Browser, site: Site, folder: Path, width: int, scheme: Scheme) -> None:
    page = _open(browser, site, width, scheme)

    def take(name: str, path: str) -> None:
        _go(page, site, path)
        page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)

    for name, path in (
        ("list", "/"),
        ("visitor", PAGE),
        ("filtered", f"{PAGE}?stance=skepticism&sort=most_contested"),
        ("empty", EMPTY),
        ("sign-up", "/sign-up"),
        ("lost", "/nowhere"),
    ):
        take(name, path)
    _go(page, site, "/sign-in")
    page.fill("[name=login]", "joel")
    page.fill("[name=password]", site.password)
    page.click("main form .main")
    for name, path in (("reader", PAGE), ("settings", "/settings"), ("person", "/u/priya")):
        take(name, path)
    _go(page, site, PAGE)
    found = re.search(r'href="?(/c/\d+)/reply', page.content())
    assert found is not None
    take("permalink", found[1])
    take("reply", f"{found[1]}/reply")
    page.fill("textarea", "I *doubt* it:\n\n> who was blinded?\n\n- nobody\n- or so it reads")
    page.locator("form.composer label.skepticism").click()
    page.click("[data-preview]")
    page.locator(".preview").wait_for()
    page.screenshot(path=folder / f"preview-{width}-{scheme}.png", full_page=True)
    page.context.close()


def _open(browser: Browser, site: Site, width: int, scheme: Scheme) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale="en-GB")
    return context.new_page()


def _go(page: Page, site: Site, path: str) -> None:
    page.goto(site.url + path, wait_until="load")


def main() -> None:
    """Serve the demo in a folder of its own and take the pictures."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as data, serve(Path(data), demo=True) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*QUIET, "--disable-lcd-text"])
        take_all(browser, site, Path(sys.argv[1]) if len(sys.argv) > 1 else None)
        browser.close()


if __name__ == "__main__":
    main()
