"""The order in which comments wait: exact against a plain sort, doubts first, walked page by page without loss, at a cost that does not grow with the article."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import log2
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from forum.access.viewer import DEFAULT_SITE_ID, Via, Viewer
from forum.accounts.models import Account
from forum.articles.actions import ArticleDraft, create_article
from forum.clock import now
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.transaction import reading, writing
from forum.desk import waiting
from forum.desk.schemas import DeskQuery
from forum.desk.steps import read_desk
from forum.desk.waiting import GROUPS, Place, list_waiting, open_desk
from tests.conftest import ApiClient
from tests.desk.conftest import Room
from tests.seeding import Plan, PlannedComment, Seeded, store_plan

pytestmark = pytest.mark.postgresql_slow

START = datetime(2026, 1, 20, 12, tzinfo=UTC)
PEOPLE = 12


def make_plan(chance: random.Random, size: int, *, replies: bool = True) -> Plan:
    """Return a discussion at random, of which person 0 is the author and some are verified."""
    planned: list[PlannedComment] = []
    for place in range(size):
        parent = chance.randrange(place) if replies and place and chance.random() < 0.3 else None
        readers = chance.sample(range(1, PEOPLE), k=chance.choice((0, 0, 1, 2, 4, 8)))
        planned.append(
            PlannedComment(
                parent,
                writer=chance.randrange(PEOPLE),
                minute=chance.randrange(20 * 24 * 60) if parent is None else planned[parent].minute + 5,
                state=chance.choice((State.VISIBLE,) * 6 + (State.REMOVED, State.HELD)) if parent is None else State.VISIBLE,
                stance=chance.choice((None, *Stance)),
                tags=tuple((reader, chance.choice(tuple(Stance))) for reader in readers),
            )
        )
    return Plan(planned, people=PEOPLE, verified=frozenset({1, 2}))


def plain_order(seeded: Sequence[Seeded], moment: datetime) -> list[int]:
    """Return what waits as the design says it, read plainly from the rows."""
    with reading() as session:
        verified = set(session.scalars(select(Account.id).where(Account.verified)))
        rows = list(session.scalars(select(Comment).where(Comment.article_id.in_([one.article_id for one in seeded]))))
    author = seeded[0].account_ids[0]
    replies: dict[int | None, list[Comment]] = {}
    for comment in rows:
        replies.setdefault(comment.parent_id, []).append(comment)

    def is_answered(comment: Comment) -> bool:
        return any((other.author_id == author and other.state == "visible") or is_answered(other) for other in replies.get(comment.id, []))

    def key(comment: Comment) -> tuple[int, float, int]:
        base = {"skepticism": 4.0, "disagreement": 3.0}.get(comment.stance or "", 1.0)
        days = min((moment - (comment.published_at or START)).total_seconds() / 86_400, 14.0)
        con = comment.tag_skepticism + comment.tag_disagreement
        score = base + log2(1 + con) + 0.5 * (comment.author_id in verified) + max(days, 0.0) / 7
        return GROUPS.index(Stance(comment.stance) if comment.stance else None), -round(score, 9), comment.id

    waits = [comment for comment in rows if comment.state == "visible" and comment.author_id != author and not is_answered(comment)]
    return [comment.id for comment in sorted(waits, key=key)]


def walk(author_id: int, *, limit: int, only: int | None = None) -> list[int]:
    """Return everything that waits, page by page."""
    found: list[int] = []
    place: Place | None = Place(now())
    with reading() as session:
        desk = open_desk(session, author_id, now())
        while place is not None:
            page, place = list_waiting(session, desk, place, limit=limit, only=only)
            assert page or not found, "no page but the first is empty"
            found += [one.id for one in page]
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_order_is_that_of_the_design(app: Flask, seed: int) -> None:
    chance = random.Random(seed)
    with writing() as session:
        seeded = [store_plan(session, make_plan(chance, size)) for size in (40, 60, 3)]
    author = seeded[0].account_ids[0]
    with time_machine.travel(START, tick=False):
        wanted = plain_order(seeded, START)
        assert len(wanted) > 30
        for limit in (7, 1000):
            assert walk(author, limit=limit) == wanted
        in_groups = [one for group in range(len(GROUPS)) for one in walk(author, limit=3, only=group)]
        assert in_groups == wanted


def test_small_windows_reach_everything_once_and_keep_the_groups(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a window the order is by what is stored; nothing is lost or repeated by that, and doubts still come first."""
    monkeypatch.setattr(waiting, "WINDOW", 5)
    with writing() as session:
        seeded = [store_plan(session, make_plan(random.Random(7), size)) for size in (50, 30)]
    with time_machine.travel(START, tick=False):
        wanted = plain_order(seeded, START)
        found = walk(seeded[0].account_ids[0], limit=4)
    assert sorted(found) == sorted(wanted)
    with reading() as session:
        stances = dict(session.execute(select(Comment.id, Comment.stance)).all())
    groups = [GROUPS.index(Stance(stance) if (stance := stances[one]) else None) for one in found]
    assert groups == sorted(groups)


def test_a_question_counts_as_much_as_disagreement(room: Room) -> None:
    plain = room.say(room.writer, None, text="I read it twice.")
    asks = room.say(room.member, None, text='Who was in the control group? ("Really?")')
    assert [(item["comment"]["id"], round(item["score"], 3)) for item in room.page()["items"]] == [(asks, 3.0), (plain, 1.0)]
    assert room.page()["counts"] == {"skepticism": 0, "disagreement": 0, "open": 2, "agreement": 0, "encouragement": 0}


def test_one_article_or_one_group_is_shown(room: Room) -> None:
    second = room.world.article()
    here, there = room.say(room.writer), room.say(room.writer, "disagreement", at=second)
    assert room.desk() == [here, there]
    assert room.desk(f"?article={second}") == [there]
    assert room.desk("?group=disagreement") == [there]
    assert room.desk(f"?article={second}&group=skepticism") == []
    assert room.author.get("/desk?article=9999").status_code == 404
    assert room.member.get(f"/desk?article={second}").status_code == 404, "another's article is none of theirs"
    assert (room.desk(by=room.member), ApiClient(room.world.app.test_client()).get("/desk").status_code) == ([], 401)


def test_a_cursor_belongs_to_its_listing_and_its_owner(room: Room) -> None:
    for _ in range(3):
        room.say(room.writer)
    first = room.page("?limit=2")
    assert len(first["items"]) == 2
    rest = room.page(f"?limit=2&cursor={first['next']}")
    assert (len(rest["items"]), rest["next"], rest["counts"]) == (1, None, None)
    for query in (f"?tab=set_aside&cursor={first['next']}", f"?group=skepticism&cursor={first['next']}", "?cursor=made-up"):
        assert room.author.get(f"/desk{query}").json["type"] == "/problems/bad-cursor"
    assert room.member.get(f"/desk?cursor={first['next']}").status_code == 400


def test_replied_and_set_aside_are_walked_by_pages(room: Room) -> None:
    asked = [room.say(room.writer) for _ in range(5)]
    for comment_id in asked[:3]:
        room.say(room.author, None, parent=comment_id)
    for comment_id in asked[3:]:
        room.author.put(f"/comments/{comment_id}/attention", {"attention": "no_reply"})
    for tab, wanted in (("replied", asked[:3]), ("set_aside", asked[3:])):
        found, query = [], f"?tab={tab}&limit=1"
        while query:
            page = room.page(query)
            found += [item["comment"]["id"] for item in page["items"]]
            query = f"?tab={tab}&limit=1&cursor={page['next']}" if page["next"] else ""
        assert found == wanted[::-1], tab


def test_what_is_hidden_is_on_no_tab(room: Room) -> None:
    waits, answered, aside = (room.say(room.writer) for _ in range(3))
    room.say(room.author, None, parent=answered)
    room.author.put(f"/comments/{aside}/attention", {"attention": "thanked"})
    tabs = ("", "?tab=replied", "?tab=set_aside")
    assert [room.desk(tab) for tab in tabs] == [[waits], [answered], [aside]]
    for comment_id in (waits, answered, aside):
        assert room.writer.delete(f"/comments/{comment_id}").status_code == 204
    assert [room.desk(tab) for tab in tabs] == [[], [], []]


def two_hundred(session: Any) -> tuple[Seeded, list[int]]:
    """Store 200 comments that wait, of which five doubts are supported most, by 20 down to 12 readers; return the ids of these."""
    chance = random.Random(3)
    supported = dict(zip(chance.sample(range(200), 5), (20, 18, 16, 14, 12), strict=True))
    planned = []
    for place in range(200):
        con = supported.get(place, chance.randrange(3))
        stance = Stance.SKEPTICISM if place in supported else chance.choice((None, *Stance))
        tags = tuple((reader, Stance.SKEPTICISM) for reader in range(3, 3 + con))
        planned.append(PlannedComment(None, 1 + place % 2, place * 100, State.VISIBLE, stance, tags))
    made = store_plan(session, Plan(planned, people=25, verified=frozenset()))
    order = sorted(supported, key=lambda place: -supported[place])
    return made, [made.comment_ids[place] for place in order]


def test_two_hundred_wait_and_the_five_most_supported_doubts_are_on_the_first_screen(app: Flask) -> None:
    with writing() as session:
        made, supported = two_hundred(session)
        author = session.get_one(Account, made.account_ids[0])
        viewer = Viewer(author.id, author.handle, via=Via.COOKIE)
    with time_machine.travel(START, tick=False), app.test_request_context(), reading() as session:
        page = read_desk(session, viewer, DeskQuery())
    # Among themselves those that wait longest may come before those that a few readers more support.
    assert {item.comment.id for item in page.items[:5]} == set(supported)
    assert {item.doubting for item in page.items[:5]} == {20, 18, 16, 14, 12}
    assert (len(page.items), sum((page.counts or {}).values())) == (20, 200)


def test_the_words_say_why_it_comes_first(room: Room) -> None:
    with time_machine.travel(START, tick=False) as clock:
        doubt = room.say(room.world.enter("writer"))
        for who in ("member", "moderator", "admin"):
            assert room.world.enter(who).put(f"/comments/{doubt}/tag", {"stance": "skepticism"}).status_code == 200
        clock.move_to(START + timedelta(days=3, hours=1))
        page = room.world.enter("author").client.get("/desk").text
    assert "3 readers share this doubt · 3 days" in page


def test_what_a_later_part_answers_waits_no_more_until_that_is_taken_back(room: Room) -> None:
    doubt = room.say(room.writer)
    assert room.author.patch(f"/articles/{room.article_id}", {"series": "Touch", "part": 1}).status_code == 200
    with writing() as session:
        draft = ArticleDraft(title="Touch again", series="Touch", part=2)
        later, _ = create_article(session, DEFAULT_SITE_ID, draft, author_ids=[room.world.ids["author"]])
        later_id = later.id
    assert doubt in room.desk()
    assert room.author.put(f"/comments/{doubt}/continuation", {"article_id": later_id}).status_code == 200
    assert doubt not in room.desk()
    # For readers it has no answer here.
    unanswered = room.member.get(f"/articles/{room.article_id}/comments?answered=no").json["items"]
    assert doubt in [item["id"] for item in unanswered]
    assert room.author.delete(f"/comments/{doubt}/continuation").status_code in (200, 204)
    assert doubt in room.desk()
