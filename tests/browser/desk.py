"""Who prepares a browser test, over the JSON API; and a watched window of a reader.

The rule: what is prepared goes through the doors that everybody uses. Called by ``conftest`` and by the tests of this folder.
"""

import json
import secrets
import ssl
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, StorageStateCookie

from tests.browser.serving import Site

PASSWORD = "a sentence that nobody guesses"


class Caller:
    """A caller of the JSON API with cookies of its own; signed in or nobody."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.handle = ""
        self.csrf = ""
        self.jar = CookieJar()
        # A served discussion behind TLS has a certificate that signs itself.
        trusting = urllib.request.HTTPSHandler(context=ssl._create_unverified_context())
        self.opener = urllib.request.build_opener(trusting, urllib.request.HTTPCookieProcessor(self.jar))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request below /api/v1 and return its JSON; None for an empty answer. Raises AssertionError for a refusal."""
        headers = {"Content-Type": "application/json"} | ({"X-CSRF-Token": self.csrf} if self.csrf else {})
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.site.url}/api/v1{path}", data, headers, method=method)
        try:
            with self.opener.open(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{method} {path}: {refusal.code} {refusal.read().decode()}") from None
        return json.loads(text) if text else None

    def enter(self, handle: str, password: str) -> None:
        """Sign in."""
        self.csrf = self.call("POST", "/session", {"login": handle, "password": password})["csrf_token"]
        self.handle = handle

    def comment(self, article_id: int, body_md: str, *, parent_id: int | None = None, stance: str | None = None) -> int:
        """Post a comment and return its id."""
        body = {"body_md": body_md} | ({"parent_id": parent_id} if parent_id else {}) | ({"stance": stance} if stance else {})
        found: int = self.call("POST", f"/articles/{article_id}/comments", body)["id"]
        return found

    def article(self, title: str, **fields: Any) -> dict[str, Any]:
        """Add an article and return it as the API shows it."""
        made: dict[str, Any] = self.call("POST", "/articles", {"title": title, **fields})
        return made

    def cookie(self) -> StorageStateCookie:
        """Return the session's cookie as a browser keeps it."""
        found = next(iter(self.jar))
        return {
            "name": found.name,
            "value": found.value or "",
            "domain": "127.0.0.1",
            "path": "/",
            "httpOnly": True,
            "secure": False,
            "sameSite": "Lax",
            "expires": -1,
        }


class Desk:
    """The people of a served discussion."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.nobody = Caller(site)
        self.known: dict[str, Caller] = {}

    def person(self, handle: str) -> Caller:
        """Return one of the demo's three people, the admin ``ada``, or whoever was entered in ``known``, signed in."""
        if handle not in self.known:
            caller = Caller(self.site)
            caller.enter(handle, self.site.password)
            self.known[handle] = caller
        return self.known[handle]

    def newcomer(self, **fields: str) -> Caller:
        """Return somebody who has just signed up, whose password is PASSWORD."""
        handle = new_handle()
        caller = Caller(self.site)
        caller.call("POST", "/accounts", {"handle": handle, "email": f"{handle}@example.org", "password": PASSWORD, **fields})
        caller.enter(handle, PASSWORD)
        return caller


def new_handle() -> str:
    """Return a handle that nobody has."""
    return f"n{secrets.token_hex(5)}"


class Visit:
    """A watched window: ``page`` is the tab, ``faults`` what no page of ours may do."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context = context
        self.site = site
        self.faults: list[str] = []
        self.loads = 0
        context.on("request", self._note_request)
        context.on("console", self._note_console)
        context.on("weberror", lambda error: self.faults.append(f"script error: {error.error}"))
        self.page: Page = context.new_page()

    def open(self, path: str) -> Page:
        """Open an address of the site."""
        self.page.goto(path, wait_until="load")
        return self.page

    @property
    def path(self) -> str:
        """Where the window is: path, query and fragment."""
        return self.page.url.removeprefix(self.site.url)

    def _note_request(self, request: Request) -> None:
        if request.is_navigation_request():
            self.loads += 1
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and not request.url.startswith(self.site.url + "/"):
            self.faults.append(f"a request to another host: {request.url}")

    def _note_console(self, message: ConsoleMessage) -> None:
        # Chromium writes a line for every answer of 400 and above; those are asked for on purpose.
        if message.type in ("error", "warning") and not message.text.startswith(
            "Failed to load resource: the server responded with a status of 4"
        ):
            self.faults.append(f"console {message.type}: {message.text}")
