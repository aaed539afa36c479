"""The widget on another site's page, in Chromium with third-party cookies blocked: read, post, tag, sign in and out; and what hostile pages cannot do."""

import base64
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Frame, Page, expect

from tests.browser.conftest import CHROMIUM, PATIENCE_MS
from tests.browser.desk import PASSWORD
from tests.browser.hosting import EVIL, HOST, NAMES, TALK, Talk, make_profile, talk_and_host
from tests.browser.serving import QUIET

HTML = "<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"
LONG = '<p style="height:400px">An article about trigger points.</p>'
OBSERVE = """<script>
window.shifts = 0;
new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifts += entry.value; }).observe({ type: "layout-shift", buffered: true });
</script>"""


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    """A discussion and host pages, each on a site of its own, over HTTPS."""
    with talk_and_host(tmp_path_factory.mktemp("talk")) as found:
        yield found


class Reader:
    """A browser with a profile of its own that blocks third-party cookies; where its requests went is noted."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.hosts: set[str] = set()
        context.set_default_timeout(PATIENCE_MS)
        context.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))

    def open(self, address: str) -> Page:
        """Open an address in a new tab."""
        page = self.context.new_page()
        page.goto(address, wait_until="load")
        return page


@pytest.fixture
def reader(browser_type: BrowserType, tmp_path: Path) -> Iterator[Callable[..., Reader]]:
    """Return a function that starts a browser as most readers will have it soon: no third-party cookies."""
    opened: list[BrowserContext] = []

    def start(**options: Any) -> Reader:
        profile = make_profile(tmp_path / f"profile{len(opened)}")
        context = browser_type.launch_persistent_context(
            str(profile), executable_path=CHROMIUM, args=[*QUIET, *NAMES], ignore_https_errors=True, locale="en-GB", **options
        )
        opened.append(context)
        return Reader(context)

    yield start
    for context in opened:
        context.close()


def page_of(talk: Talk, path: str, *, title: str = "Trigger points", head: str = "", attributes: str = "") -> str:
    """Show a host page with the widget and return its address."""
    body = f"{head}{LONG}{talk.placeholder(path, attributes)}{talk.loader}<footer>The end of the page</footer>"
    return talk.hosted.show(path, HTML.format(title=title, body=body))


def frame_of(page: Page, place: int = 0) -> Frame:
    """Return the widget's frame, once the discussion is in it."""
    box = page.locator("iframe").nth(place)
    box.scroll_into_view_if_needed()
    handle = box.element_handle()
    assert handle is not None
    found = handle.content_frame()
    assert found is not None
    found.wait_for_url(re.compile(r"/(a|c)/"))
    return found


def sign_in(frame: Frame, login: str, password: str) -> None:
    frame.get_by_role("link", name="Sign in").first.click()
    frame.get_by_label("Handle or e-mail address").fill(login)
    frame.get_by_label("Password").fill(password)
    frame.get_by_role("button", name="Sign in", exact=True).click()
    expect(frame.get_by_role("button", name="Sign out")).to_be_visible()


def cookies_of(reader: Reader) -> list[tuple[str, str | None]]:
    return [(cookie["name"], cookie.get("partitionKey")) for cookie in reader.context.cookies()]


def test_third_party_cookies_are_blocked_here(talk: Talk, reader: Callable[..., Reader]) -> None:
    """What the other tests rest on: a cookie that is not partitioned is not kept in a frame."""
    address = page_of(talk, "/blocked")
    started = reader()
    page = started.open(address)
    frame = frame_of(page)
    frame.evaluate("document.cookie = 'plain=1; SameSite=None; Secure'")
    frame.evaluate("document.cookie = 'kept=1; SameSite=None; Secure; Partitioned'")
    assert frame.evaluate("document.cookie") == "kept=1"


def test_read_sign_in_post_tag_and_sign_out(talk: Talk, reader: Callable[..., Reader]) -> None:
    path = "/trigger-points"
    started = reader()
    page = started.open(page_of(talk, path))
    frame = frame_of(page)
    expect(frame.get_by_role("heading", name="Nobody has answered yet. Where do you stand?")).to_be_visible()
    anna, ben = talk.desk.newcomer(), talk.desk.newcomer()

    sign_in(frame, anna.handle, PASSWORD)
    assert ("__Host-forum-frame", f"https://{HOST}") in cookies_of(started)
    frame.get_by_role("link", name="Doubt").click()
    frame.get_by_label("Your comment").fill("Which study shows it?")
    frame.get_by_role("button", name="Post").click()
    expect(frame.get_by_text("Which study shows it?")).to_be_visible()

    found = talk.desk.nobody.call("GET", f"/articles/lookup?url={talk.hosted.origin()}{path}")
    assert (found["title"], found["comment_count"]) == ("Trigger points", 1)
    ben.comment(found["id"], "The one of 1999.", stance="disagreement")
    page.reload()
    frame = frame_of(page)
    expect(frame.get_by_role("button", name="Sign out")).to_be_visible()
    other = frame.locator(".c", has_text="The one of 1999.")
    other.locator("label", has_text="Encourage").click()
    expect(frame.locator("#live")).to_have_text("Your tag is saved.")
    assert talk.desk.nobody.call("GET", f"/articles/{found['id']}/comments")["items"][1]["tally"]["encouragement"] == 1

    frame.get_by_role("button", name="Sign out").click()
    expect(frame.get_by_role("link", name="Sign in").first).to_be_visible()
    assert frame.url.startswith(f"{talk.origin}/a/")
    # Chromium asks the host for its icon; nothing else is asked for, and of nobody else.
    assert started.hosts == {HOST, TALK}


def test_a_window_hands_its_sign_in_over(talk: Talk, reader: Callable[..., Reader]) -> None:
    started = reader()
    page = started.open(page_of(talk, "/by-window"))
    frame = frame_of(page)
    frame.get_by_role("link", name="Sign in").first.click()
    with page.expect_popup() as opened:
        frame.get_by_role("link", name="Open the window").click()
    window = opened.value
    anna = talk.desk.newcomer()
    window.get_by_label("Handle or e-mail address").fill(anna.handle)
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Sign in", exact=True).click()
    with window.expect_event("close"):
        window.get_by_role("button", name=f"Sign in there as @{anna.handle}").click()
    expect(frame.get_by_role("button", name="Sign out")).to_be_visible()
    assert {name for name, _ in cookies_of(started)} == {"__Host-forum", "__Host-forum-frame"}
    assert frame.url.startswith(f"{talk.origin}/a/")


def test_the_windows_code_can_be_typed(talk: Talk, reader: Callable[..., Reader]) -> None:
    """As where the browser keeps the window from the page that opened it."""
    started = reader()
    page = started.open(page_of(talk, "/by-code"))
    frame = frame_of(page)
    frame.get_by_role("link", name="Sign in").first.click()
    anna = talk.desk.newcomer()
    window = started.open(f"{talk.origin}/sign-in/window")
    window.get_by_label("Handle or e-mail address").fill(anna.handle)
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Sign in", exact=True).click()
    window.get_by_role("button", name=f"Sign in there as @{anna.handle}").click()
    code = window.locator(".code").inner_text()
    frame.get_by_label("The code that the window shows").fill("00000-00000")
    frame.get_by_role("button", name="Sign in with the code").click()
    expect(frame.get_by_text("This code does not fit any more").first).to_be_visible()
    frame.get_by_label("The code that the window shows").fill(code.lower().replace("-", " "))
    frame.get_by_role("button", name="Sign in with the code").click()
    expect(frame.get_by_role("button", name="Sign out")).to_be_visible()


def test_without_a_script_the_link_stands_there(talk: Talk, reader: Callable[..., Reader]) -> None:
    page = reader(java_script_enabled=False).open(page_of(talk, "/no-script"))
    link = page.get_by_role("link", name="Join the discussion")
    expect(link).to_be_visible()
    assert page.locator("iframe").count() == 0
    link.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.url.startswith(f"{talk.origin}/at?url=")


def test_nothing_shifts_after_the_reserve(talk: Talk, reader: Callable[..., Reader]) -> None:
    article = talk.desk.person("ada").article("A long discussion", url=f"{talk.hosted.origin()}/long")
    writer = talk.desk.newcomer()
    for number in range(12):
        writer.comment(article["id"], f"Comment {number}, which is here to take up room on the page.")
    started = reader(viewport={"width": 1000, "height": 900})
    page = started.open(page_of(talk, "/long", head=OBSERVE, attributes='style="min-height:100vh"'))
    frame = frame_of(page)
    expect(frame.get_by_text("Comment 11")).to_be_attached()
    page.wait_for_function("document.querySelector('iframe').offsetHeight > 1500")
    page.mouse.wheel(0, 400)
    page.wait_for_function("scrollY > 300")
    assert page.evaluate("window.shifts") == 0


def test_a_comments_address_on_the_host_page_leads_to_it(talk: Talk, reader: Callable[..., Reader]) -> None:
    article = talk.desk.person("ada").article("Deep", url=f"{talk.hosted.origin()}/deep")
    writer = talk.desk.newcomer()
    ids = [writer.comment(article["id"], f"Comment number {number}.") for number in range(3)]
    page = reader(viewport={"width": 1000, "height": 500}).open(
        page_of(talk, "/deep", head='<p style="height:2000px"></p>') + f"#forum-c{ids[1]}"
    )
    page.wait_for_function("scrollY > 1500")
    frame = frame_of(page)
    assert frame.url.endswith(f"/c/{ids[1]}#c{ids[1]}")


def test_two_widgets_and_counts_on_one_page(talk: Talk, reader: Callable[..., Reader]) -> None:
    article = talk.desk.person("ada").article("First", url=f"{talk.hosted.origin()}/first")
    talk.desk.newcomer().comment(article["id"], "Only in the first.")
    counted = "".join(f'<b data-forum-count="{talk.hosted.origin()}/{name}"></b> ' for name in ("first", "second", "first"))
    counter = f'<script async src="{talk.origin}/embed/counts.js"></script>'
    body = f"{counted}{talk.placeholder('/first')}{talk.placeholder('/second')}{talk.loader}{counter}"
    page = reader().open(talk.hosted.show("/both", HTML.format(title="Both", body=body)))
    expect(page.locator("b").nth(0)).to_have_text("1")
    assert page.locator("b").all_inner_texts() == ["1", "0", "1"]
    expect(frame_of(page, 0).get_by_text("Only in the first.")).to_be_visible()
    expect(frame_of(page, 1).get_by_role("heading", name="Nobody has answered yet")).to_be_visible()


def test_a_hostile_page_can_neither_frame_read_nor_post(talk: Talk, reader: Callable[..., Reader]) -> None:
    article = talk.desk.person("ada").article("Wanted", url=f"{talk.hosted.origin()}/wanted")
    address = page_of(talk, "/wanted").replace(f"//{HOST}", f"//{EVIL}")
    page = reader().open(address)
    box = page.locator("iframe")
    box.scroll_into_view_if_needed()
    page.wait_for_function("performance.getEntriesByType('resource').some((entry) => entry.name.includes('/embed?'))")
    handle = box.element_handle()
    frame = handle.content_frame() if handle else None
    assert frame is not None
    expect(frame.get_by_role("link", name="Sign in")).to_have_count(0)
    assert not frame.url.startswith(f"{talk.origin}/a/")
    api = f"{talk.origin}/api/v1/articles/{article['id']}"
    ask = "([url, options]) => fetch(url, options).then((answer) => answer.status, () => 'refused')"
    assert page.evaluate(ask, [api, {}]) == "refused"
    post = {"method": "POST", "headers": {"Content-Type": "application/json", "Authorization": "Bearer x"}, "body": "{}"}
    assert page.evaluate(ask, [f"{api}/comments", post]) == "refused"
    assert page.evaluate(ask, [f"{api}/comments", {"method": "POST", "credentials": "include", "body": '{"body_md":"x"}'}]) == "refused"
    assert talk.desk.nobody.call("GET", f"/articles/{article['id']}")["comment_count"] == 0
    allowed = reader().open(page_of(talk, "/reads"))
    assert allowed.evaluate(ask, [api, {}]) == 200


def test_hostile_messages_do_nothing(talk: Talk, reader: Callable[..., Reader]) -> None:
    """Another frame of the host page, and the page itself, speak to the loader and to the discussion's frame."""
    shout = "<script>for (const to of [parent, parent.frames[0]]) for (const data of {messages}) to.postMessage(data, '*')</script>"
    messages = '[{forum:1,height:9999},{forum:1,hello:1,visitor:true},{forum:1,top:0},{forum:1,token:"x.y.z"},{forum:1,accent:"#ff0000"},{forum:1,code:"AAAAA-BBBBB"}]'
    talk.hosted.show("/shouting", shout.format(messages=messages))
    head = '<p style="height:1500px"></p>'
    page = reader().open(page_of(talk, "/shouted-at", head=head))
    frame = frame_of(page)
    expect(frame.get_by_role("link", name="Sign in").first).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    height, scrolled = page.locator("iframe").evaluate("(it) => it.offsetHeight"), page.evaluate("scrollY")
    evil = f"https://{EVIL}:{talk.hosted.port}/shouting"
    with page.expect_event("frameattached"):
        page.evaluate("(src) => document.body.append(Object.assign(document.createElement('iframe'), { src, id: 'evil' }))", evil)
    page.frame_locator("#evil").locator("html").wait_for(state="attached")
    page.evaluate("postMessage({ forum: 1, height: 9999 }, '*')")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert page.locator("iframe").first.evaluate("(it) => it.offsetHeight") == height
    assert page.evaluate("scrollY") == scrolled
    assert frame.evaluate("document.documentElement.style.length") == 0
    assert [url for url in asked if "/sign-in" in url or "/embed/token" in url] == []


def test_a_discussion_that_does_not_come_leaves_the_link(talk: Talk, reader: Callable[..., Reader]) -> None:
    started = reader()
    page = started.context.new_page()
    page.clock.install()
    started.context.route("**/embed?*", lambda route: route.abort())
    page.goto(page_of(talk, "/gone"), wait_until="load")
    page.locator("iframe").scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    page.clock.fast_forward(30_000)
    expect(page.get_by_role("link", name="Join the discussion")).to_be_visible()
    started.context.unroute("**/embed?*")
    page.get_by_role("button", name="Load the discussion again").click()
    frame = frame_of(page)
    expect(frame.get_by_role("heading", name="Nobody has answered yet")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)


def test_what_may_not_be_framed_opens_apart(talk: Talk, reader: Callable[..., Reader]) -> None:
    page = reader().open(
        talk.hosted.show("/settings", HTML.format(title="Settings", body=f'<iframe src="{talk.origin}/settings"></iframe>'))
    )
    expect(page.frame_locator("iframe").get_by_role("link", name="Open it")).to_have_attribute("target", "_blank")


@pytest.mark.parametrize(("theme", "dark"), [("dark", True), ("light", False)])
def test_the_host_page_says_how_it_looks(talk: Talk, reader: Callable[..., Reader], theme: str, dark: bool) -> None:
    scheme = "light" if dark else "dark"
    page = reader(color_scheme=scheme).open(
        page_of(talk, f"/looks-{theme}", attributes=f'data-forum-theme="{theme}" data-forum-accent="#123456"')
    )
    frame = frame_of(page)
    ink = frame.evaluate("getComputedStyle(document.body).color")
    assert ink == ("rgb(233, 228, 218)" if dark else "rgb(33, 30, 26)")
    frame.wait_for_function("getComputedStyle(document.querySelector('a')).color === 'rgb(18, 52, 86)'")


def test_the_widget_fits_a_phone(talk: Talk, browser: Browser, reader: Callable[..., Reader]) -> None:
    page = reader(viewport={"width": 360, "height": 740}).open(page_of(talk, "/phone"))
    frame = frame_of(page)
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")


def host_token(talk: Talk, secret: str, **changes: object) -> str:
    """Return a token as a host site's server makes it, with nothing but HMAC."""
    moment = int(time.time())
    user = {"name": "Hanna Host", "email": "hanna@host.example", "email_verified": True}
    claims = {
        "iss": talk.hosted.origin(),
        "aud": talk.origin,
        "sub": "7",
        "iat": moment,
        "exp": moment + 300,
        "jti": secrets.token_hex(8),
        "user": user,
    }
    parts = [json.dumps({"alg": "HS256", "kid": "one", "typ": "JWT"}), json.dumps(claims | changes)]
    signed = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
    return f"{signed}.{base64.urlsafe_b64encode(hmac.digest(secret.encode(), signed.encode(), 'sha256')).decode().rstrip('=')}"


def test_the_host_page_signs_its_reader_in(talk: Talk, reader: Callable[..., Reader]) -> None:
    admin = talk.desk.person("ada")
    admin.call("PUT", "/admin/site/sso", {"issuer": talk.hosted.origin(), "address": ""})
    made = admin.call("POST", "/admin/site/keys", {"algorithm": "HS256", "kid": "one"})
    token = host_token(talk, made["secret"])
    page = reader().open(page_of(talk, "/signed-in", attributes=f'data-forum-token="{token}"'))
    frame = frame_of(page)
    expect(frame.get_by_role("button", name="Sign out")).to_be_visible()
    expect(frame.get_by_role("link", name="Hanna Host")).to_be_visible()
    # Used up: another browser that gets the same page stays a visitor who can read.
    other = frame_of(reader().open(page_of(talk, "/signed-in", attributes=f'data-forum-token="{token}"')))
    expect(other.get_by_role("link", name="Sign in").first).to_be_visible()
    expect(other.get_by_role("button", name="Sign out")).to_have_count(0)
