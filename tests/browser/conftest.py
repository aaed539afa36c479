"""A real server with the demo discussion and a real Chromium: what the browser tests share.

Chromium comes from the system (``make test-browser`` installs it when it is missing); nothing is downloaded by Playwright. Every page of every
test is watched: an error on its console, a breach of its content security policy or a request to another host fails the test.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, StorageState

from tests.browser.desk import Desk, Visit
from tests.browser.places import Places, find_places
from tests.browser.serving import QUIET, Site, serve

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Long enough for a laden machine; a test that fails says so sooner than Playwright's own 30 seconds.
PATIENCE_MS = 15_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, so that the plain suite can leave it out by name."""
    for item in items:
        if Path(__file__).parent in Path(item.path).parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Launch the system's Chromium, quiet and without background traffic."""
    if CHROMIUM is None:
        pytest.fail("There is no Chromium; 'make test-browser' installs it.")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": list(QUIET)}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The served demo discussion, without rate limits."""
    # No grace: every edit is marked at once, so that nobody has to wait to see its history.
    with serve(tmp_path_factory.mktemp("site"), demo=True, edit_grace_minutes="0") as served:
        yield served


@pytest.fixture(scope="session")
def desk(site: Site) -> Desk:
    """Those who prepare what a journey needs, over the JSON API."""
    return Desk(site)


@pytest.fixture(scope="session")
def places(desk: Desk) -> Places:
    """The comments and articles that pages are shown of."""
    return find_places(desk)


@pytest.fixture(scope="session")
def sign_ins(desk: Desk) -> Callable[[str], StorageState | None]:
    """Return the cookies of somebody signed in; nobody has none. One sign-in a person: hashing a password is slow on purpose."""
    known: dict[str, StorageState] = {}

    def get(who: str) -> StorageState | None:
        if who and who not in known:
            known[who] = {"cookies": [desk.person(who).cookie()], "origins": []}
        return known.get(who)

    return get


@pytest.fixture
def visit(browser: Browser, site: Site, sign_ins: Callable[[str], StorageState | None]) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a watched browser window of somebody (empty: nobody), with any of Playwright's context options."""
    opened: list[tuple[BrowserContext, Visit]] = []

    def open_(who: str = "", *, site_: Site | None = None, **options: Any) -> Visit:
        served = site_ or site
        context = browser.new_context(base_url=served.url, storage_state=sign_ins(who) if who else None, locale="en-GB", **options)
        context.set_default_timeout(PATIENCE_MS)
        found = Visit(context, served)
        opened.append((context, found))
        return found

    yield open_
    faults = [fault for _, found in opened for fault in found.faults]
    for context, _ in opened:
        context.close()
    assert faults == []


@pytest.fixture(scope="session")
def hasty_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same, where an account may comment once a day."""
    with serve(tmp_path_factory.mktemp("hasty"), demo=True, rate_limits="on", comment_rate="1/d", sign_up_rate="100/m") as served:
        yield served


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def script(request: pytest.FixtureRequest) -> bool:
    """Whether the reader's browser runs scripts."""
    allowed: bool = request.param
    return allowed
