"""Articles through the API: made once, found by any address, changed by those who may, listed in every order, counted by address."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from forum.articles.models import Article
from forum.db.transaction import reading
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

URL = "https://host.example/massage-part-2"


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def count() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Article)) or 0


def test_an_article_is_made_with_all_that_was_said_of_it(world: World) -> None:
    body = {"title": " Massage, Part 2 ", "url": URL + "?utm_source=x#top", "key": "massage-2", "body_md": "*Touch*", "main_claim": "It helps.",
            "opening_question": "Does it?", "series": "Massage", "part": 2, "authors": ["author", "@Writer", "author"]}  # fmt: skip
    publisher = world.enter("publisher")
    answer = publisher.post("/articles", body)
    assert answer.status_code == 201, answer.text
    made = answer.json
    assert answer.headers["Location"] == f"/api/v1/articles/{made['id']}"
    assert publisher.get(answer.headers["Location"].removeprefix("/api/v1")).json == made
    assert (made["title"], made["key"], made["body_html"], made["page"]) == (
        "Massage, Part 2",
        "massage-2",
        "<p><em>Touch</em></p>",
        "/a/massage-part-2",
    )
    assert (made["main_claim"], made["opening_question"], made["series"]) == (
        "It helps.",
        "Does it?",
        {"slug": "massage", "title": "Massage", "part": 2},
    )
    assert [(author["handle"], author["is_article_author"]) for author in made["authors"]] == [("author", True), ("writer", True)]
    assert (made["comment_count"], made["version"], made["closed"]) == (0, 1, None)


def test_the_same_address_or_key_again_is_the_article_that_is_there(world: World) -> None:
    publisher = world.enter("publisher")
    made = publisher.post("/articles", {"title": "One", "url": URL, "key": "k"}).json
    before = count()
    for body in (
        {"title": "Two", "url": "HTTPS://HOST.example:443/massage-part-2/?utm_medium=mail"},
        {"title": "Two", "key": "k"},
        {"title": "Two", "url": URL, "key": "k"},
    ):
        again = publisher.post("/articles", body)
        assert (again.status_code, again.json["id"], again.json["title"]) == (200, made["id"], "One"), body
        assert again.headers["Location"] == f"/api/v1/articles/{made['id']}"
    assert count() == before
    publisher.post("/articles", {"title": "Another", "key": "other"})
    clash = publisher.post("/articles", {"title": "Both", "url": URL, "key": "other"})
    assert (clash.status_code, clash.json["type"]) == (409, "/problems/conflict")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/title"),
        ({"title": ""}, "/title"),
        ({"title": "x" * 301}, "/title"),
        ({"title": "a\nb"}, "/title"),
        ({"title": "x", "url": ""}, "/url"),
        ({"title": "x", "url": "javascript:alert(1)"}, "/url"),
        ({"title": "x", "url": "https://user:pass@host.example/"}, "/url"),
        ({"title": "x", "key": ""}, "/key"),
        ({"title": "x", "key": "k" * 201}, "/key"),
        ({"title": "x", "main_claim": "c" * 201}, "/main_claim"),
        ({"title": "x", "opening_question": "q" * 301}, "/opening_question"),
        ({"title": "x", "part": 0}, "/part"),
        ({"title": "x", "part": 10**30}, "/part"),
        ({"title": "x", "authors": ["nobody"]}, "/authors/0"),
        ({"title": "x", "authors": "author"}, "/authors"),
        ({"title": "x", "authors": ["author"] * 21}, "/authors"),
        ({"title": "x", "body_md": "> " * 40 + "deep"}, "/body_md"),
        ({"title": "x", "id": 7}, "/id"),
        ({"title": "x", "slug": "admin"}, "/slug"),
        ({"title": "x", "comment_count": 7}, "/comment_count"),
    ],
)
def test_what_will_not_do_is_named_and_makes_nothing(world: World, body: dict[str, Any], pointer: str) -> None:
    before = count()
    answer = world.enter("publisher").post("/articles", body)
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json["errors"]]
    assert count() == before


def test_titles_alike_get_pages_of_their_own(world: World) -> None:
    publisher = world.enter("publisher")
    pages = [
        publisher.post("/articles", {"title": title}).json["page"]
        for title in ("On Touch", "on touch!", "Über Berührung", "字", "字", "100 %")
    ]
    assert pages == ["/a/on-touch", "/a/on-touch-2", "/a/uber-beruhrung", "/a/article", "/a/article-2", "/a/100"]


def test_an_article_is_found_by_every_address_it_has(world: World) -> None:
    made = world.article(url=URL)
    author, visitor = world.enter("author"), world.enter("visitor")
    assert author.patch(f"/articles/{made}", {"aliases": ["https://old.example/part-2"]}).status_code == 200
    for url in (URL, "http://host.example/massage-part-2", URL + "%23", URL + "?fbclid=1", "https://OLD.example/part-2/"):
        found = visitor.get("/articles/lookup", query_string={"url": url})
        assert (found.status_code, found.json.get("id")) == ((404, None) if "%23" in url else (200, made)), url
    before = count()
    assert visitor.get("/articles/lookup?url=https://host.example/nothing").status_code == 404
    assert count() == before, "asking creates nothing"
    taken = author.patch(f"/articles/{world.article_id}", {"aliases": ["https://old.example/part-2"]})
    assert (taken.status_code, taken.json["type"]) == (409, "/problems/conflict")


def test_a_change_changes_what_it_names(world: World) -> None:
    path, author = f"/articles/{world.article_id}", world.enter("author")
    before = author.get(path).json
    changed = author.patch(path, {"main_claim": "A claim.", "series": "S", "part": 3, "body_md": "Text."}).json
    assert (changed["main_claim"], changed["series"]["part"], changed["body_md"], changed["title"]) == (
        "A claim.",
        3,
        "Text.",
        before["title"],
    )
    assert changed["version"] > before["version"]
    cleared = author.patch(path, {"main_claim": "", "series": None, "part": None, "body_md": ""}).json
    assert (cleared["main_claim"], cleared["series"], cleared["body_md"], cleared["body_html"]) == ("", None, None, None)
    for body in (
        {"title": None},
        {"title": ""},
        {"authors": ["nobody"]},
        {"closed": "yes"},
        {"version": 9},
        {"url": URL},
        {"aliases": ["x"]},
    ):
        assert author.patch(path, body).status_code == 422, body
    assert author.patch(path, {"authors": ["member"]}).json["authors"][0]["handle"] == "member"
    assert author.patch(path, {"title": "No longer mine"}).status_code == 403


def test_closing_keeps_its_reason_until_it_is_changed(world: World) -> None:
    path, author = f"/articles/{world.article_id}", world.enter("author")
    steps: list[tuple[dict[str, Any], str | None]] = [
        ({"closed_reason": "Not closed at all."}, None),
        ({"closed": True, "closed_reason": "Enough."}, "Enough."),
        ({"closed": True}, "Enough."),
        ({"closed_reason": "Said enough."}, "Said enough."),
        ({"closed": False}, None),
        ({"closed": True}, ""),
    ]
    for body, reason in steps:
        closed = author.patch(path, body).json["closed"]
        assert (closed and closed["reason"]) == reason, body
    assert author.patch(path, {"closed_reason": "x" * 301}).status_code == 422


def test_of_two_who_change_an_article_the_second_is_told(world: World) -> None:
    path, author, admin = f"/articles/{world.article_id}", world.enter("author"), world.enter("admin")
    tag = author.get(path).headers["ETag"]
    assert admin.patch(path, {"title": "First"}, headers={"If-Match": tag}).status_code == 200
    lost = author.patch(path, {"title": "Second"}, headers={"If-Match": tag})
    assert (lost.status_code, lost.json["type"], author.get(path).json["title"]) == (412, "/problems/stale-version", "First")


@pytest.mark.parametrize("sort", ["active", "newest", "most_commented"])
def test_every_order_lists_each_article_once(world: World, sort: str) -> None:
    ids = {world.article_id, *(world.article() for _ in range(6))}
    world.comment()
    visitor, seen, cursor = world.enter("visitor"), [], ""
    while cursor is not None:
        page = visitor.get(f"/articles?sort={sort}&limit=3&cursor={cursor}").json
        assert page["sort"] == sort
        assert all(item["body_md"] is None for item in page["items"])
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert sorted(seen) == sorted(ids)
    if sort != "newest":
        assert seen[0] == world.article_id, "the one that was commented on"
    first = visitor.get(f"/articles?sort={sort}&limit=3").json["next"]
    other = "newest" if sort == "active" else "active"
    for cursor in (f"sort={other}&cursor={first}", f"sort={sort}&cursor={first[:-1]}", f"sort={sort}&cursor=x"):
        answer = visitor.get(f"/articles?{cursor}")
        assert (answer.status_code, answer.json["type"]) == (400, "/problems/bad-cursor")


def test_counts_are_given_for_the_addresses_asked_and_create_nothing(world: World) -> None:
    visitor, before = world.enter("visitor"), count() + 1
    world.article_id = world.article(url=URL)
    shown, withdrawn = world.comment(), world.comment(withdrawn=True)
    assert shown != withdrawn
    asked = [URL, "https://host.example/unknown", URL + "?utm_source=x", "no address at all", URL]
    answer = visitor.get("/counts", query_string={"url": asked})
    assert answer.json["items"] == [{"url": url, "comments": 1 if url.startswith(URL) else 0} for url in asked]
    assert count() == before
    assert visitor.get("/counts", query_string={"url": [f"{URL}/{number}" for number in range(50)]}).status_code == 200
    for query in ({"url": [URL] * 51}, {}, {"url": "x" * 4001}, {"url": URL, "site": "1"}):
        assert visitor.get("/counts", query_string=query).status_code == 422
