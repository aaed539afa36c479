"""Reading a discussion through the API: cursors that work for one question only, filters with context, a thread's rest, one's own marks."""

import string
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from forum.comments.stance import Stance
from forum.comments.thread import ORDERS
from tests.conftest import ApiClient
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def walk(caller: ApiClient, path: str) -> Iterator[dict[str, Any]]:
    """Yield every page of a listing."""
    cursor = ""
    while True:
        page: dict[str, Any] = caller.get(f"{path}{'&' if '?' in path else '?'}cursor={cursor}").json
        yield page
        cursor = page["next"]
        if cursor is None:
            return


@pytest.mark.parametrize("sort", list(ORDERS))
def test_every_order_walks_every_root_once(world: World, sort: str) -> None:
    made = [world.comment() for _ in range(7)]
    pages = list(walk(world.enter("visitor"), f"/articles/{world.article_id}/comments?sort={sort}&limit=3"))
    assert [len(page["items"]) for page in pages] == [3, 3, 1]
    assert sorted(item["id"] for page in pages for item in page["items"]) == made
    assert {page["sort"] for page in pages} == {sort}


def test_a_cursor_works_for_the_question_that_gave_it(world: World) -> None:
    for _ in range(5):
        world.comment(stance=Stance.AGREEMENT, by="member")
    member, other = world.enter("member"), world.article()
    asked = f"/articles/{world.article_id}/comments?limit=2"
    cursor = member.get(asked).json["next"]
    assert member.get(f"{asked}&cursor={cursor}").status_code == 200
    assert world.enter("visitor").get(f"{asked}&cursor={cursor}").status_code == 200, "the listing is everybody's"
    assert member.get(f"/articles/{world.article_id}/comments?limit=50&cursor={cursor}").status_code == 200, "a length is no other question"
    for question in ("sort=newest", "stance=agreement", "tagged=agreement", "by=me", "by=verified", "answered=no"):
        answer = member.get(f"{asked}&{question}&cursor={cursor}")
        assert (answer.status_code, answer.json["type"]) == (400, "/problems/bad-cursor"), question
    assert member.get(f"/articles/{other}/comments?cursor={cursor}").status_code == 400
    assert member.get(f"/articles?cursor={cursor}").status_code == 400
    mine = member.get(f"{asked}&by=me").json["next"]
    assert world.enter("writer").get(f"{asked}&by=me&cursor={mine}").status_code == 400, "another's own comments are another question"


def test_a_forged_or_cut_cursor_is_refused(world: World) -> None:
    for _ in range(3):
        world.comment()
    visitor, path = world.enter("visitor"), f"/articles/{world.article_id}/comments?limit=1"
    cursor = visitor.get(path).json["next"]
    letters = string.ascii_letters + string.digits
    for place in range(len(cursor)):
        forged = cursor[:place] + letters[(letters.find(cursor[place]) + 32) % len(letters)] + cursor[place + 1 :]
        assert visitor.get(f"{path}&cursor={forged}").json["type"] == "/problems/bad-cursor", place
    for cut in (cursor[:-1], cursor[1:], cursor[:9], cursor + "AAAA", cursor[::-1], "AAAA", "=", "..", "%2F"):
        assert visitor.get(f"{path}&cursor={cut}").status_code == 400, cut


def test_replies_go_on_where_the_page_stopped(world: World) -> None:
    root = world.comment()
    below = [world.comment(by="member", parent_id=root) for _ in range(5)]
    below.append(world.comment(parent_id=below[2]))
    visitor = world.enter("visitor")
    item = visitor.get(f"/articles/{world.article_id}/comments?replies=2").json["items"][0]
    assert [reply["id"] for reply in item["replies"]] == below[:2]
    assert (item["thread_count"], item["reply_count"], item["more_replies"]) == (6, 5, {"count": 4, "after": below[1]})
    rest = visitor.get(f"/comments/{root}/replies?after={below[1]}&limit=3").json
    assert ([reply["id"] for reply in rest["items"]], rest["more_replies"], rest["next"]) == (
        below[2:5],
        {"count": 1, "after": below[4]},
        below[4],
    )
    last = visitor.get(f"/comments/{root}/replies?after={rest['next']}").json
    assert ([reply["id"] for reply in last["items"]], last["more_replies"], last["next"]) == (below[5:], None, None)
    none = visitor.get(f"/articles/{world.article_id}/comments?replies=0").json["items"][0]
    assert (none["replies"], none["more_replies"]) == ([], {"count": 6, "after": root})


def test_a_match_stands_below_what_it_answers(world: World) -> None:
    root = world.comment(stance=Stance.AGREEMENT)
    middle = world.comment(by="member", parent_id=root)
    match = world.comment(by="author", parent_id=middle, stance=Stance.SKEPTICISM)
    visitor = world.enter("visitor")
    for query in ("stance=skepticism", "by=author"):
        items = visitor.get(f"/articles/{world.article_id}/comments?{query}").json["items"]
        assert [item["id"] for item in items] == [match]
        assert [(stub["id"], stub["stance"], stub["excerpt"], stub["state"]) for stub in items[0]["context"]] == [
            (root, "agreement", "A word.", "visible"), (middle, None, "A word.", "visible")]  # fmt: skip
        assert "replies" not in items[0]
    world.enter("writer").delete(f"/comments/{root}")
    stub = visitor.get(f"/articles/{world.article_id}/comments?by=author").json["items"][0]["context"][0]
    assert (stub["id"], stub["stance"], stub["excerpt"], stub["state"]) == (root, None, None, "withdrawn")


def test_filters_combine(world: World) -> None:
    doubted, praised, answered = (world.comment(stance=stance) for stance in (Stance.SKEPTICISM, Stance.AGREEMENT, Stance.SKEPTICISM))
    world.comment(by="author", parent_id=answered)
    for who in ("member", "publisher", "moderator"):
        world.enter(who).put(f"/comments/{doubted}/tag", {"stance": "disagreement"})
        world.enter(who).put(f"/comments/{praised}/tag", {"stance": "encouragement"})
    asked = {
        "stance=skepticism": [doubted, answered],
        "tagged=disagreement": [doubted],
        "tagged=encouragement": [praised],
        "stance=skepticism&tagged=encouragement": [],
        "answered=no": [doubted, praised],
        "stance=skepticism&answered=no": [doubted],
        "by=verified": [],
    }
    visitor = world.enter("visitor")
    for query, ids in asked.items():
        assert [item["id"] for item in visitor.get(f"/articles/{world.article_id}/comments?{query}").json["items"]] == ids, query
    assert [item["id"] for item in world.enter("author").get(f"/articles/{world.article_id}/comments?by=me").json["items"]] == [
        answered + 1
    ]


def test_context_shows_what_is_above_and_below(world: World) -> None:
    root = world.comment()
    first = world.comment(parent_id=root)
    aside = world.comment(parent_id=root)
    below = world.comment(parent_id=first)
    shown = world.enter("visitor").get(f"/comments/{first}/context").json
    assert shown["comment"]["id"] == first
    assert [comment["id"] for comment in shown["ancestors"]] == [root]
    assert [comment["id"] for comment in shown["replies"]] == [below]
    assert aside not in (first, below)
    assert shown["more_replies"] is None


def test_ones_own_marks_are_asked_for_apart(world: World) -> None:
    own, others, withdrawn = world.comment(by="member"), world.comment(), world.comment(withdrawn=True)
    elsewhere = world.article()
    member = world.enter("member")
    member.put(f"/comments/{others}/tag", {"stance": "encouragement"})
    answer = member.get(f"/articles/{world.article_id}/mine?ids={others},{own},{withdrawn},9999,0")
    marks = {mark["id"]: (mark["my_tag"], mark["can"]) for mark in answer.json["items"]}
    assert marks == {
        own: (None, ["reply", "edit", "withdraw"]),
        others: ("encouragement", ["reply", "tag", "report"]),
        withdrawn: (None, []),
    }
    assert answer.headers["Cache-Control"].startswith("private")
    assert member.get(f"/articles/{elsewhere}/mine?ids={own}").json == {"items": [], "own": []}
    assert "my_tag" not in world.enter("visitor").get(f"/articles/{world.article_id}/comments").text


@pytest.mark.parametrize("ids", ["", ",", "1,", "1,,2", "x", "1;2", "-1", "1" * 19, ",".join(["1"] * 501), "1 ", "%D9%A1"])
def test_marks_are_asked_for_by_numbers(world: World, ids: str) -> None:
    assert world.enter("member").get(f"/articles/{world.article_id}/mine?ids={ids}").status_code == 422


def test_what_anyone_gets_is_the_same_for_everyone(world: World) -> None:
    comment = world.comment()
    world.enter("member").put(f"/comments/{comment}/tag", {"stance": "agreement"})
    for path in (
        f"/articles/{world.article_id}/comments",
        f"/comments/{comment}",
        f"/comments/{comment}/context",
        f"/comments/{comment}/replies",
    ):
        bodies = {world.enter(who).get(path).data for who in ("visitor", "member", "writer", "author", "admin")}
        assert len(bodies) == 1, path


def test_nothing_is_here_where_nothing_is(world: World) -> None:
    visitor = world.enter("visitor")
    page = visitor.get(f"/articles/{world.article_id}/comments").json
    assert (page["items"], page["next"], page["article"]["comment_count"]) == ([], None, 0)
    for path in ("/articles/77/comments", "/comments/77", "/comments/77/replies", "/comments/77/context", "/comments/77/revisions"):
        assert visitor.get(path).status_code == 404
