"""Passkeys in a real Chromium with its virtual authenticator (WebDriver's, over CDP), on a site that is served by name."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import CDPSession, Page

from tests.browser.desk import Visit
from tests.browser.serving import Site, serve
from tests.browser.test_axe import AXE, LOOKS, OUTSIDE, RULES, RUN, SEEN, ZOOMED

SECURITY = "/settings/security"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo discussion at http://localhost, for which browsers make passkeys; by number they make none."""
    with serve(tmp_path_factory.mktemp("named"), demo=True, host="localhost") as served:
        yield served


class Person:
    """Somebody with a browser of their own and an authenticator in it."""

    def __init__(self, visit: Visit, handle: str) -> None:
        self.page: Page = visit.page
        self.handle = handle
        self.devices: CDPSession = visit.page.context.new_cdp_session(visit.page)
        self.devices.send("WebAuthn.enable")
        self.device = self.plug_in()

    def plug_in(self) -> str:
        """Add an authenticator that verifies its user by itself, and return its id."""
        kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        options = kind | {"isUserVerified": True, "automaticPresenceSimulation": True}
        added: str = self.devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
        return added

    def credentials(self) -> list[dict[str, Any]]:
        """Return the passkeys that the authenticator holds."""
        held: list[dict[str, Any]] = self.devices.send("WebAuthn.getCredentials", {"authenticatorId": self.device})["credentials"]
        return held

    def verify(self, succeeds: bool) -> None:
        """Let the finger be the right one, or not."""
        self.devices.send("WebAuthn.setUserVerified", {"authenticatorId": self.device, "isUserVerified": succeeds})

    def sign_up(self) -> None:
        """Make an account and be signed in."""
        self.page.goto("/sign-up")
        self.page.fill("[name=handle]", self.handle)
        self.page.fill("[name=email]", f"{self.handle}@example.org")
        self.page.fill("[name=password]", PASSWORD)
        self.press("Sign up", within="form[action='/sign-up']")
        assert self.is_in()

    def give_password(self) -> None:
        """Prove the first factor."""
        self.page.goto("/sign-in")
        self.page.fill("[name=login]", self.handle)
        self.page.fill("[name=password]", PASSWORD)
        self.press("Sign in", within="form[action='/sign-in']")

    def confirm(self) -> None:
        """Confirm on the page of factors, by password alone."""
        self.page.goto(SECURITY)
        self.page.fill("[name=password]", PASSWORD)
        self.press("Go on")

    def make(self, name: str) -> None:
        """Make a passkey on the page of factors."""
        self.page.fill("form[data-passkey=create] [name=name]", name)
        self.press("Make a passkey")

    def sign_out(self) -> None:
        """Sign out on the server and here."""
        self.press("Sign out", within=".masthead")
        assert not self.is_in()

    def is_in(self) -> bool:
        """Whether the page shows somebody who is signed in."""
        return self.page.locator("form[action='/sign-out']").count() > 0

    def press(self, words: str, within: str = "main") -> None:
        """Press a button that leads to another page."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.locator(within).get_by_role("button", name=words, exact=True).click()

    def press_here(self, words: str) -> str:
        """Press a button after which this page says what went wrong, and return that."""
        self.page.get_by_role("button", name=words, exact=True).click()
        problem = self.page.locator("[data-passkey-problem]:not([hidden])")
        problem.wait_for()
        return problem.inner_text()

    def heading(self) -> str:
        """The page's heading."""
        return self.page.inner_text("h1")


@pytest.fixture
def enter(visit: Callable[..., Visit], named: Site) -> Callable[..., Person]:
    """Return a function that opens a browser for somebody."""

    def open_(handle: str) -> Person:
        return Person(visit(site_=named, viewport={"width": 1280, "height": 1024}), handle)

    return open_


@pytest.fixture
def anna(enter: Callable[..., Person], request: pytest.FixtureRequest) -> Person:
    """Somebody new who has just made a passkey."""
    person = enter(f"anna-{abs(hash(request.node.name)) % 10**8}")
    person.sign_up()
    person.confirm()
    person.make("My laptop")
    assert person.heading() == "Your recovery codes"
    assert len(person.credentials()) == 1
    return person


def test_a_passkey_alone_signs_in(anna: Person) -> None:
    anna.sign_out()
    anna.page.goto("/sign-in?next=/settings")
    anna.page.get_by_role("link", name="Sign in with a passkey").click()
    anna.page.wait_for_url("**/sign-in/passkey?next=/settings")
    anna.press("Use a passkey")
    assert anna.is_in()
    assert anna.page.url.endswith("/settings")
    assert anna.credentials()[0]["signCount"] > 1


def test_it_is_the_second_step_after_the_password(anna: Person) -> None:
    anna.sign_out()
    anna.give_password()
    assert anna.heading() == "One more step to sign in"
    assert not anna.is_in()
    anna.press("Use a passkey")
    assert anna.is_in()


def test_cancelled_nothing_is_sent_and_it_works_the_next_time(anna: Person) -> None:
    anna.sign_out()
    anna.page.goto("/sign-in/passkey")
    anna.verify(False)
    assert "cancelled, or took too long" in anna.press_here("Use a passkey")
    anna.verify(True)
    anna.press("Use a passkey")
    assert anna.is_in()


def test_one_device_makes_one_passkey_for_an_account(anna: Person) -> None:
    anna.page.goto(SECURITY)
    anna.page.fill("form[data-passkey=create] [name=name]", "Once more")
    assert "has a passkey for your account already" in anna.press_here("Make a passkey")
    assert len(anna.credentials()) == 1


def test_the_passkey_of_somebody_else_is_no_second_step(anna: Person, enter: Callable[..., Person]) -> None:
    ben = enter(f"b{anna.handle}"[:30])
    ben.sign_up()
    ben.confirm()
    ben.make("Ben's key")
    ben.sign_out()
    # Anna's password in Ben's browser: his authenticator has none of the passkeys that are asked for.
    ben.handle, bens = anna.handle, ben.handle
    ben.give_password()
    assert "cancelled, or took too long" in ben.press_here("Use a passkey")
    # And a script that asks for any passkey instead gets no further.
    ben.page.evaluate(
        "() => { const form = document.querySelector('form[data-passkey]');"
        " form.dataset.options = JSON.stringify({ ...JSON.parse(form.dataset.options), allowCredentials: [] }); }"
    )
    with ben.page.expect_navigation(wait_until="load") as sent:
        ben.page.get_by_role("button", name="Use a passkey", exact=True).click()
    assert sent.value is not None
    assert sent.value.status == 422
    assert not ben.is_in()
    # Alone it is good for its own account.
    ben.page.goto("/sign-in/passkey")
    ben.press("Use a passkey")
    assert bens in ben.page.inner_text(".masthead")


def test_a_removed_passkey_opens_nothing(anna: Person) -> None:
    anna.page.goto(SECURITY)
    anna.press("Remove My laptop")
    assert "Your password alone opens your account now." in anna.page.inner_text("main")
    anna.sign_out()
    anna.page.goto("/sign-in/passkey")
    with anna.page.expect_navigation(wait_until="load") as sent:
        anna.page.get_by_role("button", name="Use a passkey", exact=True).click()
    assert sent.value is not None
    assert sent.value.status == 422
    assert "may have been removed" in anna.page.inner_text("main")
    anna.give_password()
    assert anna.is_in()


def test_a_passkey_confirms_before_anything_is_changed(anna: Person) -> None:
    anna.sign_out()
    anna.page.goto("/sign-in/passkey")
    anna.press("Use a passkey")
    anna.page.goto(SECURITY)
    assert anna.page.get_by_role("button", name="Remove").count() == 0
    anna.page.fill("[name=password]", PASSWORD)
    anna.press("Go on with a passkey")
    assert anna.page.get_by_role("button", name="Remove").count() == 1


def test_without_a_device_the_page_says_what_happened(anna: Person) -> None:
    anna.sign_out()
    anna.devices.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": anna.device})
    anna.device = anna.plug_in()
    anna.page.goto("/sign-in/passkey")
    assert "cancelled, or took too long" in anna.press_here("Use a passkey")


def test_without_script_everything_else_works(visit: Callable[..., Visit], named: Site) -> None:
    page = visit(site_=named, java_script_enabled=False).page
    page.goto("/sign-in/passkey")
    assert page.get_by_role("button", name="Use a passkey").count() == 0
    assert "A passkey needs JavaScript" in page.inner_text("main")
    page.get_by_role("link", name="Sign in with a password instead").click()
    assert page.inner_text("h1") == "Sign in"


def look(page: Page, name: str, folder: Path | None) -> dict[Any, list[str]]:
    """Look at a page as everybody may see it, and return what axe and the bounds find; keep pictures where a folder is given."""
    page.evaluate(AXE)
    found: dict[Any, list[str]] = {}
    for number, (width, scheme) in enumerate(LOOKS):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 1024})
        found[name, width, scheme] = page.evaluate(RUN, RULES if number < 2 else SEEN)
        if folder is not None:
            page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]
    found[name, "zoomed"] = page.evaluate(OUTSIDE)
    page.set_viewport_size({"width": 1280, "height": 1024})
    return {place: faults for place, faults in found.items() if faults}


def test_the_pages_are_for_everybody(anna: Person) -> None:
    folder = Path(kept) if (kept := os.environ.get("PICTURES")) else None
    found = look(anna.page, "codes", folder)
    anna.page.goto(SECURITY)
    found |= look(anna.page, "factors", folder)
    anna.press("Set up an app")
    found |= look(anna.page, "app", folder)
    key = anna.page.inner_text(".secret code").replace(" ", "")
    anna.page.fill("[name=name]", "My phone")
    anna.page.fill("[name=code]", "12")
    anna.press("Use this app from now on")
    found |= look(anna.page, "app-refused", folder)
    anna.page.fill("[name=code]", pyotp.TOTP(key).now())
    anna.press("Use this app from now on")
    assert "The app is set up." in anna.page.inner_text("main")
    anna.sign_out()
    anna.give_password()
    found |= look(anna.page, "second", folder)
    anna.page.fill("[name=code]", "12")
    anna.press("Sign in")
    found |= look(anna.page, "second-refused", folder)
    anna.press("Use a passkey")
    anna.page.goto(SECURITY)
    found |= look(anna.page, "confirm", folder)
    anna.sign_out()
    anna.page.goto("/sign-in/passkey")
    found |= look(anna.page, "alone", folder)
    assert found == {}
