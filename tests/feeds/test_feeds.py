"""Feeds hold what a visitor could read at that moment, as any feed reader takes it; the private one is for whoever has its address, until it ends."""

import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import feedparser
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, text, update

from forum.access.viewer import Role
from forum.accounts.models import Account
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.feeds.actions import end_feed_of
from forum.feeds.queries import SHOWN, list_answers_to, list_newest_of_article, list_newest_of_site, list_newest_of_thread
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.moves import Deed, move_comment
from forum.notifications.models import Subscriber
from forum.text.atom import CONTENT_TYPE, Entry, Feed, Writer, tag_id, write_feed
from tests.conftest import PASSWORD, ApiClient, Person
from tests.feeds.rules import check_feed, entries_of
from tests.restricting import give_reasons

pytestmark = pytest.mark.postgresql_slow

BASE = "http://127.0.0.1:8000"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NASTY = "A & B <script>alert(1)</script> ]]> \x01\x08\x0b\x1f\x7f \ufffe\uffff 😀 “ü” <!--"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The clock, which a test moves."""
    with time_machine.travel(START, tick=True) as traveller:
        yield traveller


def read(client: FlaskClient, path: str) -> list[dict[str, Any]]:
    """Get a feed by its path, check it by every rule, and return its entries."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    feed = check_feed(answer.data, address=BASE + path, content_type=answer.headers["Content-Type"])
    # As a feed reader of the most used library reads it.
    seen = feedparser.parse(answer.data)
    assert not seen.bozo, seen.get("bozo_exception")
    entries = list(entries_of(feed))
    assert [entry.id for entry in seen.entries] == [entry["id"] for entry in entries]
    return entries


def post(person: Person, article_id: int, text: str, **fields: Any) -> int:
    made = person.client.post(f"/articles/{article_id}/comments", {"body_md": text, **fields})
    assert made.status_code == 201, made.text
    return int(made.json["id"])


def own_feed(person: Person) -> str:
    """Make a person's private feed on its page, and return its path."""
    page = person.client.client.post("/settings/feed", data={"csrf_token": person.client.csrf})
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    (address,) = re.findall(r"<code>(http[^<]+)</code>", page.text)
    return str(address.removeprefix(BASE))


def test_all_feeds_of_a_discussion(client: FlaskClient, person: Callable[..., Person], article: Callable[..., int]) -> None:
    anna, ben = person("anna"), person("ben", Role.MODERATOR, display_name="Ben & <b>Co</b>")
    article_id = article("On touch", authors=(anna.id,), main_claim="Touch heals.")
    other_id = article("On sleep", body_md="## Why\n\nBecause *nobody* sleeps.")
    root = post(ben, article_id, "Does it, @anna? See <https://example.org/a?b=1&c=2>.", stance="skepticism")
    answer = post(anna, article_id, "> Does it?\n\nIt does.", parent_id=root)
    elsewhere = post(ben, other_id, "I do.")
    ids = {name: f"tag:127.0.0.1,{datetime.now(UTC):%Y-%m-%d}:c/{name}" for name in (root, answer, elsewhere)}
    discussion = read(client, "/a/on-touch/feed")
    assert [entry["id"] for entry in discussion] == [ids[answer], ids[root]]
    assert [entry["answers"] for entry in discussion] == [ids[root], f"tag:127.0.0.1,{datetime.now(UTC):%Y-%m-%d}:a/{article_id}"]
    assert [entry["page"] for entry in discussion] == [f"{BASE}/c/{answer}", f"{BASE}/c/{root}"]
    assert discussion[0]["title"] == "Anna on “On touch”"
    assert discussion[1]["title"] == "Ben & <b>Co</b> on “On touch”"
    assert f'href="{BASE}/u/anna"' in discussion[1]["html"]
    assert read(client, f"/c/{root}/feed") == discussion
    assert client.get(f"/c/{answer}/feed").headers["Location"] == f"/c/{root}/feed"
    assert [entry["id"] for entry in read(client, "/comments.atom")] == [ids[elsewhere], ids[answer], ids[root]]
    articles = read(client, "/articles.atom")
    assert [(entry["title"], entry["summary"]) for entry in articles] == [
        ("On sleep", "Why Because nobody sleeps."),
        ("On touch", "Touch heals."),
    ]
    assert articles[1]["id"] == discussion[1]["answers"]


def test_an_empty_feed_is_a_feed(client: FlaskClient, article: Callable[..., int]) -> None:
    assert read(client, "/articles.atom") == read(client, "/comments.atom") == []
    article()
    assert read(client, "/a/on-touch/feed") == []
    assert client.get("/a/nothing/feed").status_code == 404
    assert client.get("/c/99/feed").status_code == 404


def test_whatever_somebody_has_written_it_is_well_formed(
    client: FlaskClient, person: Callable[..., Person], article: Callable[..., int]
) -> None:
    anna = person("anna")
    article_id = article(main_claim="")
    root = post(anna, article_id, "Hello ]]> & <b>you</b> &amp; 😀")
    with writing() as session:
        about = session.get_one(Article, article_id)
        about.title, about.main_claim = NASTY, NASTY
        session.get_one(Account, anna.id).display_name = NASTY
        session.get_one(Comment, root).body_html = f"<p>{NASTY.replace('<', '&lt;').replace('&', '&amp;')}</p>"
        about.version += 1
    for path in ("/a/on-touch/feed", "/comments.atom", "/articles.atom", f"/c/{root}/feed"):
        (entry,) = read(client, path)
        assert "<script>alert(1)</script> ]]> " in entry["title"]
        assert "\x01" not in entry["title"]
        assert "😀 “ü”" in entry["title"]


def test_an_edit_changes_the_entry_and_never_its_id(
    clock: time_machine.Traveller, client: FlaskClient, person: Callable[..., Person], article: Callable[..., int]
) -> None:
    anna = person("anna")
    article_id = article()
    root = post(anna, article_id, "As it was.")
    (before,) = read(client, "/a/on-touch/feed")
    clock.shift(timedelta(hours=1))
    anna.client.patch(f"/comments/{root}", {"body_md": "As it is."})
    (after,) = read(client, "/a/on-touch/feed")
    assert (after["id"], "As it is." in after["html"], "As it was." in after["html"]) == (before["id"], True, False)
    assert after["updated"] > before["updated"]
    with writing() as session:
        session.get_one(Article, article_id).slug = "renamed"
        session.get_one(Article, article_id).title = "Renamed"
    assert read(client, "/a/renamed/feed")[0]["id"] == before["id"]


def test_the_same_feed_is_not_sent_twice(client: FlaskClient, person: Callable[..., Person], article: Callable[..., int]) -> None:
    anna = person("anna")
    article_id = article()
    root = post(anna, article_id, "One.")
    paths = ["/a/on-touch/feed", f"/c/{root}/feed", "/comments.atom", "/articles.atom"]
    tags = {}
    for path in paths:
        for _ in range(2):
            first = client.get(path)
            assert first.headers["Cache-Control"].startswith("public, max-age=0")
            assert "Accept-Language" in first.headers["Vary"]
        tags[path] = first.headers["ETag"]
        again = client.get(path, headers={"If-None-Match": tags[path]})
        assert (again.status_code, again.data) == (304, b"")
        assert "Content-Type" not in again.headers
    post(anna, article_id, "Two.", parent_id=root)
    article("Another")
    for path in paths:
        assert client.get(path, headers={"If-None-Match": tags[path]}).status_code == 200
    signed_in = anna.client.client.get("/a/on-touch/feed")
    assert signed_in.headers["Cache-Control"] == "private, no-cache"
    assert len(signed_in.data) == len(client.get("/a/on-touch/feed").data)


@pytest.mark.parametrize("way", ["remove", "screen_out", "withdraw", "erase"])
def test_what_nobody_may_read_is_gone_from_every_feed_at_once(
    client: FlaskClient, person: Callable[..., Person], article: Callable[..., int], way: str
) -> None:
    anna, ben = person("anna"), person("ben")
    article_id = article()
    root = post(anna, article_id, "A root.")
    bad = post(ben, article_id, "Quokka.", parent_id=root)
    last = post(anna, article_id, "After it.", parent_id=bad)
    private = own_feed(anna)
    paths = ["/a/on-touch/feed", f"/c/{root}/feed", "/comments.atom", private]
    for path in paths:
        assert any("Quokka" in entry["html"] for entry in read(client, path)), path
    with writing() as session:
        place = lock_place(session, bad)
        if way == "withdraw":
            move_comment(session, place, way, Deed(Actor(ActorKind.WRITER, ben.id)))
        elif way == "erase":
            move_comment(session, place, way, Deed(Actor(ActorKind.MODERATOR, 1)))
        else:
            move_comment(session, place, way, Deed(Actor(ActorKind.MODERATOR, 1)))
            give_reasons(session, place)
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200
        assert "Quokka" not in answer.text
        assert f"{BASE}/u/ben" not in answer.text
    # What answers it still says so, by an id that leads to a tombstone.
    assert next(entry for entry in read(client, "/a/on-touch/feed") if f"/c/{last}" in entry["page"])["answers"].endswith(f":c/{bad}")


def test_what_is_held_is_in_no_feed(client: FlaskClient, person: Callable[..., Person], article: Callable[..., int]) -> None:
    ben = person("ben")
    held = ben.client.post(f"/articles/{article()}/comments", {"body_md": "Quokka, you are a fucking idiot."})
    assert held.status_code == 202
    for path in ("/a/on-touch/feed", "/comments.atom"):
        assert read(client, path) == []
    assert client.get(f"/c/{held.json['id']}/feed").status_code == 404


def test_a_feed_is_the_same_for_its_writer(person: Callable[..., Person], article: Callable[..., int]) -> None:
    ben = person("ben")
    article_id = article()
    post(ben, article_id, "Readable.")
    ben.client.post(f"/articles/{article_id}/comments", {"body_md": "Quokka, you are a fucking idiot."})
    assert "Quokka" not in ben.client.client.get("/a/on-touch/feed").text


def test_the_newest_fifty_cost_a_handful_of_reads(client: FlaskClient, person: Callable[..., Person], article: Callable[..., int]) -> None:
    anna, ben = person("anna"), person("ben")
    article_id = article()
    root = post(anna, article_id, "A root.")
    for number in range(SHOWN + 10):
        post(ben, article_id, f"Number {number}.", parent_id=root)
    private = own_feed(anna)
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    for path in ("/a/on-touch/feed", f"/c/{root}/feed", "/comments.atom", private):
        statements.clear()
        entries = read(client, path)
        assert len(entries) == SHOWN
        assert "Number 59." in entries[0]["html"]
        assert len(statements) <= 8, statements


@pytest.mark.sqlite_only
def test_no_feed_reads_all_comments(app: Flask) -> None:
    statements: list[tuple[str, Any]] = []
    event.listen(db.engine, "before_cursor_execute", lambda *told: statements.append(told[2:4]))
    with reading() as session:
        for find in (list_newest_of_site, list_newest_of_article, list_newest_of_thread, list_answers_to):
            session.execute(text("SELECT 1"))
            statements.clear()
            find(session, 1)
            for statement, values in statements[:]:
                plan = [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
                assert any(line.startswith("SEARCH comments USING") for line in plan), (find, plan)
                assert not [line for line in plan if line.startswith("SCAN comments")], (find, plan)


def test_a_private_feed_holds_the_answers_of_others(
    client: FlaskClient, person: Callable[..., Person], article: Callable[..., int]
) -> None:
    anna, ben, carla = person("anna"), person("ben"), person("carla")
    article_id = article()
    root = post(anna, article_id, "A root.")
    answer = post(ben, article_id, "To Anna.", parent_id=root)
    post(anna, article_id, "To myself.", parent_id=root)
    post(carla, article_id, "To Ben.", parent_id=answer)
    post(carla, article_id, "To nobody.")
    path = own_feed(anna)
    assert [entry["page"] for entry in read(client, path)] == [f"{BASE}/c/{answer}"]
    headers = client.get(path).headers
    assert (headers["Cache-Control"], headers["X-Robots-Tag"]) == ("private, no-store", "noindex")
    assert (headers["Referrer-Policy"], "ETag" in headers) == ("no-referrer", False)
    # Whoever is signed in and opens it gets the same.
    assert carla.client.client.get(path).data == client.get(path).data


def test_a_private_feed_ends_at_once(
    clock: time_machine.Traveller, client: FlaskClient, person: Callable[..., Person], article: Callable[..., int]
) -> None:
    anna = person("anna")
    page = anna.client.client.get("/settings/feed").text
    assert "Make my feed" in page
    first = own_feed(anna)
    with reading() as session:
        stored = session.scalars(select(Subscriber.feed_hash)).one()
    assert first.rpartition("/")[2] not in str(stored)
    assert first.rpartition("/")[2] not in anna.client.client.get("/settings/feed").text
    second = own_feed(anna)
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 200)
    ended = anna.client.client.post("/settings/feed/end", data={"csrf_token": anna.client.csrf}, follow_redirects=True)
    assert "Your feed has ended" in ended.text
    assert client.get(second).status_code == 404
    third = own_feed(anna)
    with writing() as session:
        end_feed_of(session, session.get_one(Account, anna.id))
    assert client.get(third).status_code == 404
    last = own_feed(anna)
    assert anna.client.post("/me/deletion", {"comments": "keep", "password": PASSWORD}).status_code == 202
    assert client.get(last).status_code == 404
    for guess in ("/feeds/x", "/feeds/" + "A" * 32, "/feeds/%00", "/feeds/"):
        assert client.get(guess).status_code in (400, 404)


def test_programs_make_and_end_it_as_well(client: FlaskClient, person: Callable[..., Person]) -> None:
    anna = person("anna").client
    assert anna.get("/me/feed").json == {"exists": False}
    made = anna.post("/me/feed", headers={"Idempotency-Key": "one"})
    assert made.status_code == 201
    assert anna.post("/me/feed", headers={"Idempotency-Key": "one"}).json == {"address": None}
    path = made.json["address"].removeprefix(BASE)
    assert read(client, path) == []
    assert anna.get("/me/feed").json == {"exists": True}
    assert (anna.delete("/me/feed").status_code, anna.delete("/me/feed").status_code) == (204, 204)
    assert client.get(path).status_code == 404


def test_a_visitor_signs_in_first(client: FlaskClient) -> None:
    assert client.get("/settings/feed").headers["Location"] == "/sign-in?next=/settings/feed"
    assert client.post("/settings/feed").status_code in (303, 403)


def test_no_log_line_holds_the_address_of_a_private_feed(make_app: Callable[..., Flask]) -> None:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    application, lines = make_app(log_level="debug", rate_limits="off"), StringIO()
    logging.getLogger().handlers[0].setStream(lines)  # type: ignore[attr-defined]
    try:
        browser = application.test_client()
        browser.post("/api/v1/accounts", json={"handle": "anna", "email": "anna@example.org", "password": PASSWORD})
        signed_in = browser.post("/api/v1/session", json={"login": "anna", "password": PASSWORD}).get_json()
        anna = Person(1, "anna", ApiClient(browser, csrf=signed_in["csrf_token"]))
        path = own_feed(anna)
        for address in (path, f"/{path}", f"{path}/", f"{path}?x=1"):
            # Two slashes at the beginning would be a host's name to the client.
            browser.get(environ_overrides={"PATH_INFO": address})
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
    assert "/feeds/…" in lines.getvalue() or "/feeds/\\u2026" in lines.getvalue()
    assert path.rpartition("/")[2] not in lines.getvalue()


def test_pages_lead_to_their_feeds(client: FlaskClient, person: Callable[..., Person], article: Callable[..., int]) -> None:
    anna = person("anna")
    article_id = article()
    root = post(anna, article_id, "A root.")
    reply = post(anna, article_id, "A reply.", parent_id=root)
    for page, feeds in (
        ("/", ["/articles.atom", "/comments.atom"]),
        ("/a/on-touch", ["/a/on-touch/feed"]),
        (f"/c/{root}", [f"/c/{root}/feed"]),
        (f"/c/{reply}", []),
    ):
        found = re.findall(r'<link rel="alternate" type="application/atom\+xml" href="([^"]+)" title="[^"]+">', client.get(page).text)
        assert found == feeds
        for path in feeds:
            read(client, path)


def test_ids_by_the_tag_scheme() -> None:
    at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert tag_id("https://talk.example.org", at, "c/7") == "tag:talk.example.org,2026-03-01:c/7"
    assert tag_id("http://[::1]:8000", at, "c/7") == "tag:--1,2026-03-01:c/7"


def test_the_writer_of_feeds_leaves_out_what_is_empty_and_what_xml_forbids() -> None:
    entry = Entry("tag:x.example,2026-01-01:c/1", "", "/c/1", START, writers=[Writer("A person")])
    words = Entry("tag:x.example,2026-01-01:c/2", NASTY, "/c/2", START + timedelta(1), summary=NASTY, category=(NASTY, NASTY))
    whole = write_feed(
        Feed("tag:x.example,2026-01-01:f", NASTY, NASTY, "/f", "/", NASTY, START, [words]), base_url="https://x.example", language="pt-BR"
    )
    check_feed(whole.encode(), address="https://x.example/f", content_type=CONTENT_TYPE)
    feed = Feed("tag:x.example,2026-01-01:f", "T", "S", "/f", "/", "W", START, [entry])
    made = write_feed(feed, base_url="https://x.example", language="en")
    assert "<title>/c/1</title>" in made
    for name in ("content", "summary", "uri", "published", "category", "thr:in-reply-to"):
        assert f"<{name}" not in made


def test_what_was_imported_with_one_second_has_times_of_its_own(
    client: FlaskClient, person: Callable[..., Person], article: Callable[..., int]
) -> None:
    anna = person("anna")
    first, second = article("On touch", authors=(anna.id,)), article("On sleep", authors=(anna.id,))
    comments = [post(anna, first, f"Comment number {number} of one second.") for number in range(4)]
    with writing() as session:
        session.execute(update(Article).values(created_at=START))
        session.execute(update(Comment).values(created_at=START, published_at=START, version=Comment.version + 1))
        session.execute(update(Comment).where(Comment.id == comments[0]).values(edited_at=START + timedelta(seconds=1)))
    for path in ("/comments.atom", "/a/on-touch/feed"):
        found = read(client, path)
        assert [entry["page"] for entry in found] == [f"{BASE}/c/{number}" for number in reversed(comments)]
        # As its rows have them, to the second; in the order of the feed; the same at every reading.
        assert [entry["updated"][:19] for entry in found] == ["2026-03-01T12:00:00"] * 3 + ["2026-03-01T12:00:01"]
        assert [entry["updated"] for entry in found[:3]] == sorted((entry["updated"] for entry in found[:3]), reverse=True)
        assert read(client, path) == found
    assert [entry["page"] for entry in read(client, "/articles.atom")] == [f"{BASE}/a/on-sleep", f"{BASE}/a/on-touch"]
    assert second > first
