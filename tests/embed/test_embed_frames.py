"""Pages in frames: which can be, who may frame them, the cookie that they have of their own, and the way from a host page to its discussion."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.app import DOORS
from forum.articles.models import Article, Site
from forum.db.transaction import reading, writing
from forum.web import framing
from forum.web.framing import allowed_origins
from tests.conftest import PASSWORD, ApiClient, Person, add_account
from tests.embed.framed import FRAME, HOST, WINDOW, Frame, allow

pytestmark = pytest.mark.postgresql_slow

PAGE = f"{HOST}/trigger-points"
APART = "This opens in a window of its own"
# What a reader does inside a discussion. Settings, moderation and everything that gives powers away stay outside.
FRAMED = {
    "accounts_pages": {"show_sign_in", "start_session", "show_sign_up", "create", "end_session"},
    "embed_pages": {"show_frame", "start", "take_over", "show_token_form"},
    "reading_pages": {"show_discussion", "show_comment", "show_thread", "show_history"},
    "series_pages": {"show_continuation", "save_continuation"},
    "stance_map_pages": {"show_map"},
    "reports_pages": {"show_report_form", "create_report"},
    "notifications_pages": {"show_follow", "follow_something", "unfollow_something"},
}


def ancestors(answer: object) -> str:
    policy = answer.headers["Content-Security-Policy"]  # type: ignore[attr-defined]
    found = re.search(r"frame-ancestors ([^;]+)", policy)
    assert found, policy
    return found[1]


@pytest.fixture
def slug(article: Callable[..., int]) -> str:
    """An article of the host page."""
    with reading() as session:
        return session.get_one(Article, article(url=PAGE)).slug


def test_only_allowed_origins_may_frame_and_only_frames(app: Flask, slug: str) -> None:
    frame, window = Frame(app), Frame(app, WINDOW)
    assert ancestors(frame.get(f"/a/{slug}")) == "'none'"
    allow()
    allow("https://www.host.example")
    app.extensions.pop("forum_origins")
    assert ancestors(frame.get(f"/a/{slug}")) == f"{HOST} https://www.host.example"
    assert ancestors(window.get(f"/a/{slug}")) == "'none'"
    assert ancestors(Frame(app, {}).get(f"/a/{slug}")) == "'none'"
    assert "Sec-Fetch-Dest" in frame.get(f"/a/{slug}").headers["Vary"]


def test_a_problem_in_a_frame_is_shown_there(app: Flask) -> None:
    allow()
    answer = Frame(app).get("/a/nothing")
    assert (answer.status_code, ancestors(answer)) == (404, HOST)
    assert 'class="framed"' in answer.text


def test_which_pages_can_be_framed(app: Flask) -> None:
    framed = {door.endpoint for door in app.extensions[DOORS].values() if door.framed}
    listed = {f"{room}.{name}" for room, names in FRAMED.items() for name in names}
    posting = {endpoint for endpoint in framed if endpoint.startswith("posting_pages.")}
    assert len(posting) > 8
    others = framed - posting - listed
    # Signing in with another account or a second step, writing as a guest, following a mailed link.
    rooms = {endpoint.partition(".")[0] for endpoint in others}
    assert rooms <= {"sso_pages", "second_steps_pages", "guests_pages", "mailbox_pages", "reports_pages"}
    for endpoint in framed:
        assert not re.match(
            r"(moderation|items|batches|rules|sanctions|redress|appeals|privacy|site|sso_admin|jobs|webhooks|articles)_pages", endpoint
        )


@pytest.mark.parametrize(
    "path",
    ["/", "/settings", "/settings/security", "/mod", "/admin/site", "/admin/sso", "/admin/webhooks", "/u/moda", "/articles/new", "/modlog"],
)
def test_all_others_open_in_a_window_of_their_own(person: Callable[..., Person], path: str) -> None:
    admin = person("moda", Role.ADMIN)
    answer = admin.client.client.get(path, headers=FRAME)
    assert (answer.status_code, APART in answer.text) == (200, True)
    assert f'href="{path}" target="_blank"' in answer.text
    assert admin.client.client.get(path, headers=WINDOW).text.count(APART) == 0


def test_a_form_that_cannot_be_framed_does_nothing_from_a_frame(person: Callable[..., Person]) -> None:
    admin = person("moda", Role.ADMIN)
    form = {"csrf_token": admin.client.csrf or "", "creates_articles": "true"}
    answer = admin.client.client.post("/admin/site/settings", data=form, headers=FRAME)
    assert APART in answer.text
    with reading() as session:
        assert not session.get_one(Site, DEFAULT_SITE_ID).creates_articles


def cookies_set(answer: object) -> dict[str, str]:
    found = answer.headers.getlist("Set-Cookie")  # type: ignore[attr-defined]
    return {line.partition("=")[0]: line.partition(";")[2] for line in found}


@pytest.mark.parametrize("https", [True, False])
def test_the_frame_has_a_cookie_of_its_own(make_app: Callable[..., Flask], https: bool) -> None:
    url = "https://talk.example" if https else "http://127.0.0.1:8000"
    app = make_app(base_url=url, rate_limits="off")
    with app.app_context():
        with writing() as session:
            add_account(session, "anna")
        allow()
    name = "__Host-forum" if https else "forum"
    entered = {}
    for where, headers in (("frame", FRAME), ("window", WINDOW)):
        browser = Frame(app, headers, url=url)
        answer = browser.send("/sign-in", "/sign-in", login="anna", password=PASSWORD, next="/a/x")
        assert answer.status_code == 303, answer.text
        entered[where] = cookies_set(answer)
    assert set(entered["frame"]) == {f"{name}-frame"}
    assert set(entered["window"]) == {name}
    window, frame = entered["window"][name], entered["frame"][f"{name}-frame"]
    assert "SameSite=Lax" in window
    assert "Partitioned" not in window
    assert ("SameSite=None" in frame, "Partitioned" in frame, "Secure" in frame) == (https, https, https)
    for cookie in (window, frame):
        assert "HttpOnly" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


def test_one_cookie_opens_nothing_for_the_other(app: Flask, slug: str) -> None:
    with writing() as session:
        add_account(session, "anna")
    allow()
    frame = Frame(app)
    frame.send("/sign-in", "/sign-in", login="anna", password=PASSWORD, next=f"/a/{slug}")
    assert "Sign out" in frame.get(f"/a/{slug}").text
    assert "Sign out" not in frame.client.get(f"/a/{slug}", headers=WINDOW, base_url=frame.url).text
    # A script of the frame says where it is by a header that no other site's script can send.
    script = {"Sec-Fetch-Dest": "empty", "X-Forum-Frame": "1"}
    assert "Sign out" in frame.client.get(f"/a/{slug}", headers=script, base_url=frame.url).text


def test_signing_out_in_the_frame_leads_back_to_the_discussion(app: Flask, slug: str) -> None:
    with writing() as session:
        add_account(session, "anna")
    frame = Frame(app)
    frame.send("/sign-in", "/sign-in", login="anna", password=PASSWORD, next=f"/a/{slug}")
    answer = frame.send("/sign-out", f"/a/{slug}", next=f"/a/{slug}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/a/{slug}")
    elsewhere = frame.send("/sign-out", f"/a/{slug}", next="//evil.example")
    assert elsewhere.headers["Location"] == "/"


def test_a_host_page_finds_its_discussion(app: Flask, slug: str, person: Callable[..., Person]) -> None:
    frame = Frame(app)
    with writing() as session:
        article = session.scalars(select(Article)).one()
        article.key, article_id = "post-7", article.id
    comment_id = person("anna").client.post(f"/articles/{article_id}/comments", {"body_md": "A word."}).json["id"]
    held = person("ben").client.post(f"/articles/{article_id}/comments", {"body_md": "You are a fucking idiot."}).json["id"]
    for query, found in (
        (f"url={PAGE}", f"/a/{slug}"),
        (f"url={PAGE}/%3Futm_source%3Dx", f"/a/{slug}"),
        ("key=post-7&url=https://moved.example/", f"/a/{slug}"),
        (f"url={PAGE}&c={comment_id}", f"/c/{comment_id}#c{comment_id}"),
        (f"url={PAGE}&c={held}", f"/a/{slug}"),
        (f"url={PAGE}&c=999999", f"/a/{slug}"),
    ):
        answer = frame.get(f"/embed?{query}")
        assert (answer.status_code, answer.headers.get("Location")) == (303, found), query


@pytest.mark.parametrize("query", ["", "url=https://host.example/none", "url=nonsense", "url=javascript:alert(1)", "key=none", "title=x"])
def test_a_page_without_a_discussion_is_told_so_and_makes_none(app: Flask, query: str) -> None:
    allow()
    answer = Frame(app).get(f"/embed?{query}")
    assert answer.status_code == 404
    assert 'name="csrf_token"' not in answer.text
    assert articles() == 0


@pytest.mark.parametrize("query", ["c=0", "c=x", "theme=pink", "url=" + "x" * 5000, "key=" + "k" * 300])
def test_a_strange_address_is_refused(app: Flask, query: str) -> None:
    assert Frame(app).get(f"/embed?{query}").status_code in (404, 422)


def test_a_browser_that_does_not_say_what_it_asks_for_gets_a_link(app: Flask, slug: str) -> None:
    answer = Frame(app, {}).get(f"/embed?url={PAGE}")
    assert (answer.status_code, APART in answer.text) == (200, True)
    assert 'target="_blank"' in answer.text


def articles() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Article)) or 0


def test_a_first_visit_opens_the_discussion_where_the_site_allows_it(app: Flask) -> None:
    allow(creates_articles=True)
    frame = Frame(app)
    seen = frame.get(f"/embed?url={PAGE}&title=Trigger+points&key=post-7")
    assert (seen.status_code, "data-start" in seen.text) == (200, True)
    assert articles() == 0, "reading creates nothing"
    made = frame.send("/embed/start", f"/embed?url={PAGE}", url=PAGE, title="  Trigger \n points ", key="post-7")
    assert (made.status_code, made.headers["Location"]) == (303, "/a/trigger-points")
    again = frame.send("/embed/start", "/sign-in", url=f"{PAGE}?utm_source=x", title="Another", key="post-7")
    assert (again.headers["Location"], articles()) == ("/a/trigger-points", 1)
    with reading() as session:
        article = session.scalars(select(Article)).one()
        assert (article.title, article.url, article.key) == ("Trigger points", PAGE, "post-7")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "https://host.example.evil.example/x",
        "http://host.example/x",
        "https://host.example:444/x",
        "https://sub.host.example/x",
        "",
        "nonsense",
    ],
)
def test_no_other_origin_opens_one(app: Flask, url: str) -> None:
    allow(creates_articles=True)
    answer = Frame(app).send("/embed/start", "/sign-in", url=url, title="x")
    assert answer.status_code == 403
    assert articles() == 0


def test_none_is_opened_where_the_site_does_not_allow_it_or_without_the_form(app: Flask) -> None:
    allow()
    assert Frame(app).send("/embed/start", "/sign-in", url=PAGE, title="x").status_code == 403
    allow(creates_articles=True)
    assert Frame(app).client.post("/embed/start", data={"url": PAGE, "title": "x"}, headers=FRAME).status_code == 403
    assert articles() == 0


def test_opening_is_limited(make_app: Callable[..., Flask]) -> None:
    app = make_app(start_rate="2/h")
    with app.app_context():
        allow(creates_articles=True)
    frame = Frame(app)
    seen = [frame.send("/embed/start", "/sign-in", url=f"{PAGE}/{number}", title="x").status_code for number in range(3)]
    assert seen == [303, 303, 429]


def test_a_title_of_any_length_and_kind_is_made_to_fit(app: Flask) -> None:
    allow(creates_articles=True)
    frame = Frame(app)
    for number, title in enumerate(["t" * 900, "", "   ", "<script>alert(1)</script>"]):
        made = frame.send("/embed/start", "/sign-in", url=f"{PAGE}/{number}", title=title)
        assert made.status_code == 303, (title, made.text)
        assert "<script>alert" not in frame.get(made.headers["Location"]).text


def test_the_host_page_says_how_it_looks(app: Flask, slug: str) -> None:
    frame = Frame(app)
    frame.get(f"/embed?url={PAGE}&theme=dark")
    assert 'data-theme="dark"' in frame.get(f"/a/{slug}").text
    frame.get(f"/embed?url={PAGE}")
    assert "data-theme" not in frame.get(f"/a/{slug}").text
    assert Frame(app).get(f"/embed?url={PAGE}").headers.getlist("Set-Cookie") == [], "a reader who chose nothing is given no cookie"


def test_the_article_itself_is_not_repeated_in_the_frame(app: Flask, person: Callable[..., Person], article: Callable[..., int]) -> None:
    article_id = article()
    admin: ApiClient = person("root", Role.ADMIN).client
    admin.patch(f"/articles/{article_id}", {"body_md": "The whole text.", "main_claim": "It works."})
    with reading() as session:
        path = f"/a/{session.get_one(Article, article_id).slug}"
    framed = Frame(app).get(path).text
    assert "The whole text." not in framed
    assert "It works." in framed
    assert "The whole text." in Frame(app, WINDOW).get(path).text


def test_origins_are_known_while_the_database_is_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    allow()
    assert allowed_origins() == (HOST,)

    def broken() -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(framing, "reading", broken)
    monkeypatch.setattr(framing, "REMEMBERED", timedelta(0))
    assert allowed_origins() == (HOST,)
