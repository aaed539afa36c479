"""A discussion as files: every listed comment once and after what it answers, whatever the size of the parts; nothing hidden, and texts that break no format."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from sqlalchemy import event, select

from forum.articles.models import Article
from forum.comments.models import Comment
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.feeds import download_queries
from forum.feeds.download_queries import Place, find_next, read_part
from tests.conftest import ApiClient, Person
from tests.feeds.rules import check_feed, entries_of

pytestmark = pytest.mark.postgresql_slow

BASE = "http://127.0.0.1:8000"
KINDS = ("json", "csv", "md", "atom")


@pytest.fixture
def slug(article: Callable[..., int]) -> str:
    """An article that can be discussed."""
    with reading() as session:
        return session.get_one(Article, article()).slug


def id_of(slug: str) -> int:
    with reading() as session:
        return session.scalars(select(Article.id).where(Article.slug == slug)).one()


def post(person: Person, slug: str, text: str, **fields: Any) -> int:
    made = person.client.post(f"/articles/{id_of(slug)}/comments", {"body_md": text, **fields})
    assert made.status_code == 201, made.text
    return int(made.json["id"])


def get(client: FlaskClient, slug: str, kind: str) -> str:
    answer = client.get(f"/a/{slug}/download/{kind}")
    assert answer.status_code == 200, answer.text
    assert f"filename={slug}.{kind}" in answer.headers["Content-Disposition"].replace('"', "")
    return answer.text


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff"))))


def all_parts(slug: str, most: int) -> list[int]:
    """Return the ids of all parts of at most ``most`` comments; no part is larger, and only the last one may be smaller."""
    found: list[int] = []
    after: Place | None = None
    with reading() as session:
        article = session.scalars(select(Article).where(Article.slug == slug)).one()
        while True:
            part = read_part(session, article, after, most=most)
            found += [row[0].id for row in part.rows]
            if part.next_place is None:
                assert len(part.rows) <= most
                return found
            assert len(part.rows) == most
            after = part.next_place


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=st.lists(st.integers(min_value=-3, max_value=30), max_size=14), most=st.integers(min_value=1, max_value=6))
def test_all_parts_together_are_the_whole_discussion(
    app: Flask, article: Callable[..., int], person: Callable[..., Person], tree: list[int], most: int
) -> None:
    anna = person(f"anna-{id(tree)}")
    with reading() as session:
        slug = session.get_one(Article, article()).slug
    ids: list[int] = []
    for number, above in enumerate(tree):
        parent = ids[above % len(ids)] if ids and above >= 0 else None
        ids.append(post(anna, slug, f"Comment {number} of {id(tree)}", **({"parent_id": parent} if parent else {})))
    found = all_parts(slug, most)
    assert sorted(found) == ids
    with reading() as session:
        comments = {comment.id: comment for comment in session.scalars(select(Comment).where(Comment.id.in_(ids)))}
    assert [comments[known].root_id for known in found] == sorted(comments[known].root_id or 0 for known in found), "thread by thread"
    assert all(found.index(comment.parent_id) < found.index(comment.id) for comment in comments.values() if comment.parent_id)


def test_the_cost_does_not_grow_with_the_discussion(app: Flask, slug: str, person: Callable[..., Person]) -> None:
    anna = person("anna")
    for number in range(6):
        root = post(anna, slug, f"Thread number {number}")
        post(anna, slug, f"A reply in thread {number}", parent_id=root)
    statements: list[str] = []
    with reading() as session:
        article = session.scalars(select(Article).where(Article.slug == slug)).one()
        first = read_part(session, article, None, most=3)
        note = lambda *call: statements.append(call[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", note)
        read_part(session, article, first.next_place, most=5)
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(statements) <= 5


def test_each_kind_has_every_comment_and_says_who_answers_whom(
    app: Flask, slug: str, person: Callable[..., Person], client: FlaskClient
) -> None:
    anna, ben = person("anna"), person("ben")
    root = post(anna, slug, "The first *claim*.\n\n## A heading of its own", stance="skepticism")
    reply = post(ben, slug, "=1+1 is a formula, “quoted”, with\na line", parent_id=root)
    assert anna.client.put(f"/comments/{reply}/tag", {"stance": "agreement"}).status_code == 200

    shown = json.loads(get(client, slug, "json"))
    assert [item["id"] for item in shown["items"]] == [root, reply]
    assert shown["items"][1]["parent_id"] == root
    assert shown["items"][1]["tally"]["agreement"] == 1
    assert (shown["next"], shown["article"]["slug"]) == (None, slug)

    lines = rows_of(get(client, slug, "csv"))
    assert [(line["id"], line["parent_id"], line["stance"]) for line in lines] == [
        (str(root), "", "skepticism"),
        (str(reply), str(root), ""),
    ]
    assert lines[0]["text"] == "The first *claim*.\n\n## A heading of its own"
    assert lines[1]["text"] == "'=1+1 is a formula, “quoted”, with\na line", "no spreadsheet runs it"
    assert (lines[1]["tags_agreement"], lines[1]["author_handle"]) == ("1", "ben")

    tokens = MarkdownIt("commonmark").parse(get(client, slug, "md"))
    headings = [
        (token.tag, tokens[place + 1].content) for place, token in enumerate(tokens) if token.type == "heading_open" and token.level == 0
    ]
    assert [tag for tag, _ in headings] == ["h1", "h2", "h3"], "a heading in a text is none of the document's"
    assert "Skepticism" in headings[1][1]

    feed = check_feed(
        get(client, slug, "atom").encode(), address=f"{BASE}/a/{slug}/download/atom", content_type="application/atom+xml; charset=utf-8"
    )
    assert len(list(entries_of(feed))) == 2


def test_a_hidden_text_is_in_no_file_and_its_place_is(app: Flask, slug: str, person: Callable[..., Person], client: FlaskClient) -> None:
    anna, ben = person("anna"), person("ben")
    root = post(anna, slug, "Wombat was here.")
    post(ben, slug, "An answer to it.", parent_id=root)
    assert anna.client.delete(f"/comments/{root}").status_code == 204
    for kind in KINDS:
        for reader in (client, anna.client.client):
            assert "Wombat" not in get(reader, slug, kind)
    assert [line["state"] for line in rows_of(get(client, slug, "csv"))] == ["withdrawn", "visible"]
    assert "The text is not shown." in get(client, slug, "md")


def test_a_long_discussion_is_given_in_parts(
    app: Flask, slug: str, person: Callable[..., Person], client: FlaskClient, visitor: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = person("anna")
    ids = [post(anna, slug, f"Thread number {number}") for number in range(5)]
    monkeypatch.setattr(download_queries, "MOST", 2)
    monkeypatch.setattr(read_part, "__kwdefaults__", {"most": 2})
    seen: list[int] = []
    path = f"/articles/{id_of(slug)}/download"
    cursor = ""
    while cursor is not None:
        part = visitor.get(f"{path}?cursor={cursor}" if cursor else path)
        assert part.status_code == 200, part.text
        seen += [item["id"] for item in part.json["items"]]
        page = client.get(f"/a/{slug}/download" + (f"?cursor={cursor}" if cursor else ""))
        cursor = part.json["next"]
        assert (f"/download?cursor={cursor}" in page.text) == (cursor is not None)
        if cursor:
            assert f"/download/csv?cursor={cursor}" in client.get(f"/a/{slug}/download?cursor={cursor}").text
            assert cursor in get(client, slug, "md") or len(seen) > 2
            assert 'rel="next"' in client.get(f"/a/{slug}/download/atom").text
    assert seen == ids
    with reading() as session:
        assert find_next(session, session.scalars(select(Article).where(Article.slug == slug)).one(), None) is not None


def test_bad_cursors_and_kinds_are_refused(
    app: Flask, slug: str, article: Callable[..., int], client: FlaskClient, visitor: ApiClient
) -> None:
    other = article()
    assert visitor.get(f"/articles/{other}/download?cursor=nonsense").status_code == 400
    assert client.get(f"/a/{slug}/download/json?cursor=nonsense").status_code == 400
    assert client.get(f"/a/{slug}/download?cursor=nonsense").status_code == 400
    assert client.get(f"/a/{slug}/download/docx").status_code == 404
    assert client.get("/a/nothing-there/download/json").status_code == 404


def test_a_file_that_has_not_changed_is_not_sent_again(
    app: Flask, slug: str, person: Callable[..., Person], client: FlaskClient, visitor: ApiClient
) -> None:
    anna = person("anna")
    post(anna, slug, "The first one.")
    for asked, path in ((client, f"/a/{slug}/download/csv"), (client, f"/api/v1/articles/{id_of(slug)}/download")):
        first = asked.get(path)
        again = asked.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    tag = client.get(f"/a/{slug}/download/csv").headers["ETag"]
    post(anna, slug, "The second one.")
    assert client.get(f"/a/{slug}/download/csv", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    "text", ["<b>&amp;</b>", "# not a heading\n\n> quoted\n\n```\ncode", "\u2028 lines \u2029 of \x0b others", "'; DROP TABLE", "💬 “ü”"]
)
def test_whatever_is_written_stays_in_its_place(
    app: Flask, slug: str, person: Callable[..., Person], client: FlaskClient, text: str
) -> None:
    anna = person("anna", display_name="*Anna* [x](y) # <b>")
    first = post(anna, slug, text)
    second = post(anna, slug, "What comes after it.")
    assert [line["id"] for line in rows_of(get(client, slug, "csv"))] == [str(first), str(second)]
    assert len(json.loads(get(client, slug, "json"))["items"]) == 2
    tokens = MarkdownIt("commonmark").parse(get(client, slug, "md"))
    assert [token.tag for token in tokens if token.type == "heading_open" and token.level == 0] == ["h1", "h2", "h2"]
    with writing() as session:
        session.get_one(Comment, first).body_md = None
    assert get(client, slug, "csv")
