"""In front of Flask: the same bytes and headers as from Flask itself, never an old state, and nobody's page for anybody else."""

import gzip
import json
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from forum.access.viewer import Role
from forum.accounts.models import Account
from forum.articles.models import Site
from forum.db.transaction import writing
from forum.web import due
from forum.web.caching import is_named
from forum.web.framing import forget_origins
from forum.web.front import FRONT, Front
from forum.web.keeping import HOLES
from forum.web.logs import JsonHandler
from tests.conftest import ApiClient, OutsideClient, Person
from tests.conftest import test_settings as settings_for

QUERIES = ("", "?sort=newest", "?sort=most_contested&limit=2", "?stance=skepticism", "?answered=no", "?tagged=agreement")


@pytest.fixture
def front(app: Flask) -> Front:
    found: Front = app.extensions[FRONT]
    return found


@pytest.fixture
def author(person: Callable[..., Person]) -> Person:
    return person("publisher", Role.PUBLISHER)


@pytest.fixture
def article(author: Person) -> dict[str, Any]:
    made: dict[str, Any] = author.client.post("/articles", {"title": "What is discussed", "authors": ["publisher"]}).json
    return made


@pytest.fixture
def writer(person: Callable[..., Person]) -> Person:
    return person("writer")


@pytest.fixture
def comment(article: dict[str, Any], writer: Person) -> dict[str, Any]:
    body = {"body_md": "A doubt that is worth an answer.", "stance": "skepticism"}
    made: dict[str, Any] = writer.client.post(f"/articles/{article['id']}/comments", body).json
    return made


def api(article: dict[str, Any], query: str = "") -> str:
    return f"/api/v1/articles/{article['id']}/comments{query}"


def counted(front: Front, ask: Callable[[], Any]) -> tuple[Any, bool]:
    """Return what ``ask`` returns, and whether Flask was asked for it."""
    asked: list[str] = []
    inner = front.inner

    def listening(environ: dict[str, Any], start: Any) -> Any:
        asked.append(environ["PATH_INFO"])
        return inner(environ, start)

    front.inner = listening
    try:
        return ask(), bool(asked)
    finally:
        front.inner = inner


def from_flask(front: Front, ask: Callable[[], Any]) -> Any:
    """Return what ``ask`` gets when nothing is kept."""
    application, plain = front.app, front.inner
    application.wsgi_app = plain  # type: ignore[method-assign,assignment]
    try:
        return ask()
    finally:
        application.wsgi_app = front  # type: ignore[method-assign,assignment]


def same(one: Any, other: Any) -> bool:
    own = {"X-Request-ID", "ETag", "Vary", "Date"}
    return bool(
        one.status_code == other.status_code
        and one.data == other.data
        and {name: value for name, value in one.headers if name not in own}
        == {name: value for name, value in other.headers if name not in own}
    )


@pytest.mark.parametrize("query", QUERIES)
def test_what_is_kept_is_what_flask_answers(front: Front, article: dict[str, Any], comment: dict[str, Any], query: str) -> None:
    browser = front.app.test_client()
    for path in (f"{article['page']}{query}", api(article, query)):
        first, was_asked = counted(front, partial(browser.get, path))
        again, asked_again = counted(front, partial(browser.get, path))
        assert (was_asked, asked_again) == (True, False)
        assert same(first, again)
        assert same(again, from_flask(front, partial(browser.get, path)))
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]


def test_a_page_is_kept_for_all_visitors_and_asked_for_each_time(front: Front, article: dict[str, Any]) -> None:
    page = front.app.test_client().get(article["page"])
    assert page.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert {"Cookie", "Accept-Language", "Sec-Fetch-Dest", "Accept-Encoding"} <= set(page.headers["Vary"].split(", "))
    assert "Set-Cookie" not in page.headers


def test_nobody_is_shown_an_old_state(front: Front, article: dict[str, Any], writer: Person, person: Callable[..., Person]) -> None:
    browser = front.app.test_client()
    reader = person("reader")

    def seen() -> tuple[str, Any]:
        return browser.get(article["page"]).text, browser.get(api(article)).get_json()

    assert seen()[1]["items"] == []
    posted = writer.client.post(f"/articles/{article['id']}/comments", {"body_md": "The first word.", "stance": "agreement"}).json
    page, listed = seen()
    assert "The first word." in page
    assert [item["id"] for item in listed["items"]] == [posted["id"]]
    reader.client.put(f"/comments/{posted['id']}/tag", {"stance": "skepticism"})
    assert seen()[1]["items"][0]["tally"]["skepticism"] == 1
    writer.client.patch(f"/comments/{posted['id']}", {"body_md": "Another word."})
    page, listed = seen()
    assert ("Another word." in page, "The first word." in page) == (True, False)
    writer.client.delete(f"/comments/{posted['id']}")
    page, listed = seen()
    assert "Another word." not in page
    assert all(item["body_html"] is None for item in listed["items"])


@pytest.mark.sqlite_only
def test_what_another_process_writes_is_seen_at_once(front: Front, article: dict[str, Any], comment: dict[str, Any]) -> None:
    # Another application on the same database has nothing in common with this one but the file.
    from forum.app import create_app

    settings = front.app.extensions["forum_settings"]
    other = create_app(settings_for(settings.sqlite_file.parent, settings.database_url))
    other.test_client_class = OutsideClient
    browser = front.app.test_client()
    assert "A doubt" in browser.get(article["page"]).text
    assert front.reads.state() != b"", "SQLite's own counter of changes is used"
    answer = other.test_client().post("/api/v1/session", json={"login": "writer", "password": "correct horse battery"})
    there = ApiClient(other.test_client(), csrf=answer.get_json()["csrf_token"])
    there.client.set_cookie(*_cookie(answer))
    assert there.patch(f"/comments/{comment['id']}", {"body_md": "Changed elsewhere."}).status_code == 200
    assert "Changed elsewhere." in browser.get(article["page"]).text


def _cookie(answer: Any) -> tuple[str, str]:
    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    return name, rest.partition(";")[0]


def test_who_has_it_already_is_told_so_without_flask(
    front: Front, article: dict[str, Any], comment: dict[str, Any], writer: Person
) -> None:
    browser = front.app.test_client()
    for path in (article["page"], api(article)):
        tag = browser.get(path).headers["ETag"]
        for header in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            answer, asked = counted(front, partial(browser.get, path, headers={"If-None-Match": header}))
            assert (answer.status_code, answer.data, answer.headers["ETag"], asked) == (304, b"", tag, False)
            assert "Content-Type" not in answer.headers
        assert browser.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
        writer.client.post(f"/articles/{article['id']}/comments", {"body_md": f"More about {path}."})
        answer = browser.get(path, headers={"If-None-Match": tag})
        assert (answer.status_code, answer.headers["ETag"] != tag) == (200, True)
    assert is_named("a", '"b", W/"a"')
    assert not is_named("a", '"aa"')


def test_packed_answers_are_the_same_answers(front: Front, article: dict[str, Any], writer: Person) -> None:
    for number in range(5):
        writer.client.post(f"/articles/{article['id']}/comments", {"body_md": f"Word {number}: " + "much the same again. " * 20})
    browser = front.app.test_client()
    for path in (article["page"], api(article)):
        plain = browser.get(path)
        packed, asked = counted(front, partial(browser.get, path, headers={"Accept-Encoding": "gzip"}))
        assert (packed.headers["Content-Encoding"], asked) == ("gzip", False)
        assert gzip.decompress(packed.data) == plain.data
        assert packed.headers["ETag"] == f"W/{plain.headers['ETag']}"
        assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
        same_tag = browser.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
        assert (same_tag.status_code, "Content-Encoding" in same_tag.headers) == (304, False)


def test_readers_share_a_page_and_each_has_their_own_name_and_token(
    front: Front, article: dict[str, Any], comment: dict[str, Any], person: Callable[..., Person]
) -> None:
    anna, ben = person("anna", display_name="Anna <b> & 'Co'"), person("ben")
    browsers = [anna.client.client, ben.client.client]
    for browser in browsers:
        browser.get("/settings")
    first, _ = counted(front, lambda: browsers[0].get(article["page"]))
    second, asked = counted(front, lambda: browsers[1].get(article["page"]))
    again, asked_again = counted(front, lambda: browsers[0].get(article["page"]))
    assert (asked, asked_again) == (False, False)
    assert again.data == first.data
    assert "Anna &lt;b&gt; &amp; &#39;Co&#39;" in first.text
    assert 'href="/u/ben"' in second.text
    assert "anna" not in second.text.lower()
    assert second.headers["Cache-Control"] == "private, no-cache"
    for browser, page in zip(browsers, (first, second), strict=True):
        assert from_flask(front, partial(browser.get, article["page"])).text.count("csrf_token") == page.text.count("csrf_token")
        token = page.text.partition("name=csrf_token value=")[2].partition(">")[0]
        tagged = browser.post(f"/c/{comment['id']}/tag", data={"csrf_token": token, "stance": "agreement"})
        assert tagged.status_code == 303, "the token in the shared page is this reader's"
    assert counted(front, lambda: browsers[0].get(article["page"], headers={"If-None-Match": again.headers["ETag"]}))[0].status_code == 200


def test_a_readers_own_tags_are_shown_to_that_reader_alone(
    front: Front, article: dict[str, Any], comment: dict[str, Any], person: Callable[..., Person]
) -> None:
    anna, ben = person("anna"), person("ben")
    for one in (anna, ben):
        one.client.client.get("/settings")
        one.client.client.get(article["page"])
    anna.client.put(f"/comments/{comment['id']}/tag", {"stance": "skepticism"})
    for _ in range(2):
        assert "value=skepticism checked" in anna.client.client.get(article["page"]).text
        assert "value=skepticism checked" not in ben.client.client.get(article["page"]).text
    assert not counted(front, lambda: anna.client.client.get(article["page"]))[1], "the page with these tags is kept as well"
    anna.client.delete(f"/comments/{comment['id']}/tag")
    assert "value=skepticism checked" not in anna.client.client.get(article["page"]).text


def test_those_for_whom_it_is_another_page_get_theirs_from_flask(
    front: Front, article: dict[str, Any], comment: dict[str, Any], author: Person, writer: Person, person: Callable[..., Person]
) -> None:
    reader = person("reader")
    for one in (reader, author, writer, moderator := person("mod", Role.MODERATOR)):
        one.client.client.get("/settings")
        one.client.client.get(article["page"])
    assert not counted(front, lambda: reader.client.client.get(article["page"]))[1]
    for one in (author, writer, moderator):
        page, asked = counted(front, partial(one.client.client.get, article["page"]))
        assert asked, one.handle
        assert one.handle in page.text
    assert f"/c/{comment['id']}/edit" in writer.client.client.get(article["page"]).text
    assert f"/c/{comment['id']}/edit" not in reader.client.client.get(article["page"]).text


def test_whoever_signs_out_or_is_renamed_is_not_shown_as_before(
    front: Front, article: dict[str, Any], comment: dict[str, Any], person: Callable[..., Person]
) -> None:
    anna = person("anna")
    browser = anna.client.client
    browser.get("/settings")
    browser.get(article["page"])
    assert not counted(front, lambda: browser.get(article["page"]))[1]
    with writing() as session:
        session.execute(update(Account).where(Account.id == anna.id).values(display_name="Somebody Else"))
    assert "Somebody Else" in browser.get(article["page"]).text
    kept = browser.get_cookie("forum")
    assert kept is not None
    anna.client.delete("/session")
    browser.set_cookie("forum", kept.value)
    assert "Somebody Else" not in browser.get(article["page"]).text
    assert "Sign in" in browser.get(article["page"]).text


def test_a_readers_program_gets_the_shared_bytes_as_private(
    front: Front, article: dict[str, Any], comment: dict[str, Any], writer: Person
) -> None:
    browser = front.app.test_client()
    for one in (writer.client.client, browser):
        one.get(api(article))
    theirs, asked = counted(front, lambda: writer.client.client.get(api(article)))
    ours = browser.get(api(article))
    assert (theirs.data, asked) == (ours.data, False)
    assert theirs.headers["Cache-Control"] == "private, no-cache"
    assert ours.headers["Cache-Control"].startswith("public")
    assert counted(front, lambda: browser.get(api(article), headers={"Authorization": "Bearer wrong"}))[0].status_code == 401


def test_a_message_is_shown_once_and_not_kept(front: Front, article: dict[str, Any], writer: Person) -> None:
    browser = writer.client.client
    form = browser.get(f"{article['page']}/comments").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    posted = browser.post(f"{article['page']}/comments", data={"csrf_token": form, "body_md": "A word of mine."})
    assert posted.status_code == 303
    assert "data-notice" in browser.get(posted.location).text
    assert "data-notice" not in browser.get(article["page"]).text
    assert "data-notice" not in front.app.test_client().get(article["page"]).text


def test_parameters_of_others_make_no_other_page(front: Front, article: dict[str, Any], comment: dict[str, Any], writer: Person) -> None:
    browser = front.app.test_client()
    browser.get(article["page"])
    assert not counted(front, lambda: browser.get(f"{article['page']}?utm_source=letter&utm_medium=x"))[1]
    assert len(front.shelf) == 1
    newest = browser.get(f"{article['page']}?so%72t=newest")
    assert newest.data == browser.get(f"{article['page']}?sort=newest&utm_source=x").data, "a name written otherwise is the same name"
    mine = writer.client.client.get(f"{article['page']}?by=me")
    assert "A doubt" in mine.text
    assert browser.get(f"{article['page']}?b%79=me").status_code == 303, "a visitor is asked to sign in"
    assert writer.client.client.get(api(article, "?by=me")).get_json()["items"]
    assert browser.get(api(article, "?by=me")).status_code == 401


def test_an_address_that_asks_for_nothing_has_one_answer(front: Front, article: dict[str, Any]) -> None:
    browser = front.app.test_client()
    news = f"/api/v1/articles/{article['id']}/news"
    browser.get(news)
    for query in ("?x=1", "?since=7&y=2"):
        assert not counted(front, partial(browser.get, f"{news}{query}"))[1]
    assert len(front.shelf) == 1


def test_each_language_has_its_own(front: Front, article: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    browser = front.app.test_client()
    browser.get(article["page"], headers={"Accept-Language": "en"})
    assert not counted(front, lambda: browser.get(article["page"], headers={"Accept-Language": "en-GB, de;q=0.5"}))[1]
    monkeypatch.setattr(front, "_languages", ["en", "de"])
    assert counted(front, lambda: browser.get(article["page"], headers={"Accept-Language": "de, en;q=0.5"}))[1]


def test_a_frame_has_its_own_page_and_who_may_frame_it_is_known_anew(
    front: Front, article: dict[str, Any], comment: dict[str, Any], person: Callable[..., Person]
) -> None:
    admin = person("admin", Role.ADMIN)
    browser = front.app.test_client()
    framed = {"Sec-Fetch-Dest": "iframe"}
    browser.get(article["page"])
    inside = browser.get(article["page"], headers=framed)
    assert 'class="framed"' in inside.text
    assert 'class="framed"' not in browser.get(article["page"]).text
    assert same(browser.get(article["page"], headers=framed), inside)
    assert admin.client.post("/admin/site/origins", {"origin": "https://host.example"}).status_code in (200, 201)
    forget_origins()
    allowed = browser.get(article["page"], headers=framed)
    assert "https://host.example" in allowed.headers["Content-Security-Policy"]


def test_whether_guests_are_taken_is_part_of_the_state(front: Front, article: dict[str, Any], comment: dict[str, Any]) -> None:
    browser = front.app.test_client()
    assert "Post as a guest" not in browser.get(article["page"]).text
    with writing() as session:
        session.execute(update(Site).values(takes_guests=True))
    assert "Post as a guest" in browser.get(article["page"]).text


def test_what_time_makes_due_comes_first(front: Front, article: dict[str, Any]) -> None:
    browser = front.app.test_client()
    browser.get(article["page"])
    assert not counted(front, lambda: browser.get(article["page"]))[1]
    due.forget()
    assert counted(front, lambda: browser.get(article["page"]))[1], "Flask looks what is due"


def test_a_database_that_is_away_is_said_as_ever(front: Front, article: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    browser = front.app.test_client()
    browser.get(article["page"])

    def away(*_: Any, **__: Any) -> None:
        raise front.reads.errors[0]

    monkeypatch.setattr(front.reads, "state", lambda: b"")
    monkeypatch.setattr(front.reads, "rows", away)
    answer, asked = counted(front, lambda: browser.get(article["page"]))
    assert (answer.status_code, asked) == (200, True), "Flask asked the database itself, and it answered"


def test_a_kept_answer_has_its_log_line(front: Front, article: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    browser = front.app.test_client()
    browser.get(article["page"])
    lines: list[str] = []
    handler = next(handler for handler in logging.getLogger().handlers if isinstance(handler, JsonHandler))
    monkeypatch.setattr(handler, "write", lines.append)
    monkeypatch.setattr(logging.getLogger("forum.request"), "isEnabledFor", lambda _level: True)
    browser.get(article["page"], headers={"X-Request-ID": "from-the-proxy-1"})
    line = json.loads(lines[0])
    assert len(lines) == 1
    assert {name: line[name] for name in ("method", "path", "status", "request_id", "event", "level")} == {
        "method": "GET",
        "path": article["page"],
        "status": 200,
        "request_id": "from-the-proxy-1",
        "event": "request",
        "level": "info",
    }


def test_nothing_is_kept_where_that_is_not_wanted(make_app: Callable[..., Flask]) -> None:
    assert FRONT not in make_app(cache_megabytes=0).extensions


def test_a_page_that_cannot_be_filled_leaves_no_hole_in_the_page_that_says_so(
    front: Front, article: dict[str, Any], person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = person("reader").client.client
    browser.get("/settings")

    def broken(*_: Any, **__: Any) -> str:
        raise RuntimeError

    monkeypatch.setattr("forum.web.pages.render_template", broken)
    page = browser.get(article["page"])
    assert page.status_code == 500
    assert 'name="csrf_token"' in page.text
    assert not any(hole in page.text for hole in HOLES)
    assert len(front.shelf) == 0
