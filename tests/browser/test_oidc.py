"""Signing in with a real provider of OpenID Connect: npm's certified oidc-provider, its own login and consent pages, in Chromium and over plain HTTP."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.browser.hosting import free_port
from tests.browser.mailed import wait_for_link
from tests.browser.serving import Site, serve
from tests.browser.test_axe import AXE, RULES, RUN

PROVIDER = Path(__file__).parents[1] / "sso" / "provider"
SECRET = "a secret that the tests know, long enough"
RETURN = "/sign-in/oidc/return"


@dataclass(frozen=True)
class Both:
    """A served discussion and the port of its provider, which does not run by itself (``running``)."""

    site: Site
    port: int

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the provider until the block ends."""
        node = shutil.which("node")
        if node is None or not (PROVIDER / "node_modules").is_dir():
            pytest.fail("The provider is not installed; 'make provider' does it.")
        command = [node, "provider.js", str(self.port), f"{self.site.url}{RETURN}"]
        with subprocess.Popen(command, cwd=PROVIDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            try:
                assert process.stdout.readline().strip() == "ready"
                yield
            finally:
                process.terminate()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """The demo discussion, which knows a provider that is not there yet."""
    port = free_port()
    named = {
        "oidc_issuer": f"http://127.0.0.1:{port}",
        "oidc_client_id": "forum",
        "oidc_client_secret": SECRET,
        "oidc_name": "Clinic login",
    }
    with serve(tmp_path_factory.mktemp("oidc"), demo=True, **named) as site:
        yield Both(site, port)


@pytest.fixture(scope="module")
def down(both: Both) -> str:
    """What the way to the provider answers before it runs: the page, and its status in front."""
    answer = requests.get(f"{both.site.url}/sign-in/oidc?next=/modlog", timeout=30)
    return f"{answer.status_code} {answer.text}"


@pytest.fixture(scope="module")
def provider(both: Both, down: str) -> Iterator[Both]:
    """Both, with the provider running."""
    with both.running():
        yield both


@pytest.fixture
def window(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a window on the discussion, with a cookie jar of its own."""
    opened: list[BrowserContext] = []

    def open_(both: Both, **options: object) -> Page:
        context = browser.new_context(base_url=both.site.url, locale="en-GB", **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        opened.append(context)
        return context.new_page()

    yield open_
    for context in opened:
        context.close()


def log_in(page: Page, name: str, *, then: str = "/modlog") -> None:
    """Go to the provider from the sign-in page, log in there and consent."""
    page.goto(f"/sign-in?next={then}")
    page.get_by_role("link", name="Sign in with Clinic login").click()
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("any password")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def check_for_everybody(page: Page) -> None:
    """Assert that axe finds nothing wrong with the page."""
    page.evaluate(AXE)
    assert page.evaluate(RUN, RULES) == []


def who(page: Page) -> str | None:
    """Return who is signed in here in this window."""
    account = page.request.get("/api/v1/session").json()["account"]
    return account["handle"] if account else None


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_somebody_new_comes_back_signed_in(provider: Both, window: Callable[..., Page], script: bool) -> None:
    page, name = window(provider, java_script_enabled=script), "nils" if script else "nora"
    log_in(page, name)
    expect(page).to_have_url(f"{provider.site.url}/modlog")
    assert who(page) == name
    page.goto("/settings/accounts")
    expect(page.get_by_role("listitem").filter(has_text=name)).to_contain_text("127.0.0.1")
    if script:
        check_for_everybody(page)
    other = window(provider)
    log_in(other, name, then="/")
    assert who(other) == name


def test_an_address_that_the_provider_has_not_confirmed_makes_no_account(provider: Both, window: Callable[..., Page]) -> None:
    page = window(provider)
    log_in(page, "newton")
    expect(page.get_by_text("has not confirmed your e-mail address")).to_be_visible()
    assert urlsplit(page.url).query == ""
    assert who(page) is None
    assert page.request.get("/api/v1/people/newton").status == 404


def test_an_account_that_is_here_is_connected_by_mail(provider: Both, window: Callable[..., Page]) -> None:
    page = window(provider)
    log_in(page, "joel")
    expect(page.get_by_role("heading", name="There is an account here with your address")).to_be_visible()
    assert who(page) is None
    check_for_everybody(page)
    page.get_by_role("button", name="Send the mail").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    check_for_everybody(page)
    mailbox = window(provider)
    mailbox.goto(wait_for_link(provider.site.folder, to="joel@example.org", about="connect"))
    mailbox.get_by_role("button", name="Connect them").click()
    expect(mailbox.get_by_text("is connected")).to_be_visible()
    assert who(mailbox) is None
    # The provider knows who is there and asks nothing again.
    page.goto("/sign-in?next=/modlog")
    page.get_by_role("link", name="Sign in with Clinic login").click()
    expect(page).to_have_url(f"{provider.site.url}/modlog")
    assert who(page) == "joel"


def test_who_turns_back_at_the_provider_is_told_so(provider: Both, window: Callable[..., Page]) -> None:
    page = window(provider)
    page.goto("/sign-in")
    page.get_by_role("link", name="Sign in with Clinic login").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_text("You were not signed in at Clinic login")).to_be_visible()
    assert who(page) is None


def test_a_provider_that_is_down_is_said_to_be(window: Callable[..., Page], both: Both, down: str) -> None:
    page = window(both)
    # The page as it was, at an address of ours: its style comes from there.
    page.route("**/sign-in/oidc", lambda route: route.fulfill(status=503, content_type="text/html", body=down.partition(" ")[2]))
    page.goto("/sign-in/oidc")
    check_for_everybody(page)
    assert down.startswith("503 ")
    assert "Clinic login does not answer" in down
    assert 'href="/sign-in?next=/modlog"' in down


def walk(session: requests.Session, both: Both, name: str) -> str:
    """Log in at the provider over plain HTTP and return the address to which it sends the browser back, which is not opened."""
    address = session.get(f"{both.site.url}/sign-in/oidc?next=/modlog", allow_redirects=False, timeout=30).headers["Location"]
    for _ in range(12):
        if urlsplit(address).path == RETURN:
            return address
        answer = session.get(address, allow_redirects=False, timeout=30)
        if answer.status_code == 200:
            action = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert action is not None
            assert prompt is not None
            form = {"prompt": prompt[1], "login": name, "password": "any password"}
            answer = session.post(urljoin(address, action[1]), data=form, allow_redirects=False, timeout=30)
        address = urljoin(address, answer.headers["Location"])
    raise AssertionError("the provider did not send the browser back")


def signed_in(session: requests.Session, both: Both) -> str | None:
    account = session.get(f"{both.site.url}/api/v1/session", timeout=30).json()["account"]
    return account["handle"] if account else None


@pytest.mark.parametrize("changed", [{"state": "wrong"}, {"iss": "https://elsewhere.example"}, {"iss": None}, {"code": "wrong"}], ids=str)
def test_a_way_back_that_was_tampered_with_signs_nobody_in(provider: Both, changed: dict[str, str | None]) -> None:
    session = requests.Session()
    back = walk(session, provider, "otto")
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()} | changed
    told = {name: value for name, value in query.items() if value is not None}
    answer = session.get(f"{provider.site.url}{RETURN}?{urlencode(told)}", allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert signed_in(session, provider) is None


def test_a_way_back_is_good_once_and_in_its_own_browser(provider: Both) -> None:
    session, other = requests.Session(), requests.Session()
    back = walk(session, provider, "olga")
    walk(other, provider, "oskar")
    assert other.get(back, allow_redirects=False, timeout=30).headers["Location"] == "/sign-in"
    assert signed_in(other, provider) is None
    answer = session.get(back, allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/modlog")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert signed_in(session, provider) == "olga"
    again = session.get(back, allow_redirects=False, timeout=30)
    assert again.headers["Location"].startswith("/sign-in")


def test_a_code_is_taken_with_its_own_proof_only(provider: Both) -> None:
    # The code of one trip with the state of another: the provider compares the proof (PKCE) and turns it away.
    session = requests.Session()
    first = {name: values[0] for name, values in parse_qs(urlsplit(walk(session, provider, "pia")).query).items()}
    second = {name: values[0] for name, values in parse_qs(urlsplit(walk(session, provider, "pia")).query).items()}
    mixed = urlencode(second | {"code": first["code"]})
    answer = session.get(f"{provider.site.url}{RETURN}?{mixed}", allow_redirects=False, timeout=30)
    assert answer.headers["Location"] == "/sign-in"
    assert signed_in(session, provider) is None
