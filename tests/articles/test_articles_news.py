"""How far a discussion is: a small answer whose bytes follow the article's version, unchanged most of the time."""

from typing import Any

import pytest
from flask import Flask

from tests.world import World, make_world


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def test_it_says_what_an_open_page_compares(world: World) -> None:
    reader = world.enter("visitor")
    path = f"/articles/{world.article_id}"
    article: dict[str, Any] = reader.get(path).json
    answer = reader.get(f"{path}/news")
    assert answer.json == {name: article[name] for name in ("version", "comment_count", "last_activity_at")}
    assert len(answer.data) < 120


def test_it_is_unchanged_until_something_is_said(world: World) -> None:
    reader = world.enter("visitor")
    path = f"/articles/{world.article_id}/news"
    first = reader.get(path)
    known = {"If-None-Match": first.headers["ETag"]}
    for _ in range(2):
        again = reader.get(path, headers=known)
        assert (again.status_code, again.data) == (304, b"")
    world.enter("member").post(f"/articles/{world.article_id}/comments", {"body_md": "One more thing.", "stance": "agreement"})
    changed = reader.get(path, headers=known)
    assert changed.status_code == 200
    assert changed.json["version"] > first.json["version"]
    assert changed.json["comment_count"] == first.json["comment_count"] + 1


def test_everybody_is_told_the_same(world: World) -> None:
    path = f"/articles/{world.article_id}/news"
    assert {world.enter(who).get(path).data for who in ("visitor", "member", "moderator")} == {world.enter("visitor").get(path).data}


def test_an_article_that_is_not_there_has_no_news(world: World) -> None:
    assert world.enter("visitor").get("/articles/999999/news").status_code == 404
