"""A desk of more articles than one statement reads: nothing is out of reach, doubts come first wherever they stand, and what is counted is true or says "more than"."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from forum.access.viewer import Via, Viewer
from forum.accounts.models import Account
from forum.articles.models import Article
from forum.comments.attention import Attention
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.db.transaction import reading, writing
from forum.desk.actions import attend
from forum.desk.schemas import DeskOut, DeskQuery
from forum.desk.steps import read_desk
from forum.desk.waiting import COUNTED_MOST, GROUPS, MOST_ARTICLES
from tests.comments.measure import statements_of
from tests.desk.conftest import Room
from tests.seeding import Plan, PlannedComment, Seeded, store_plan

pytestmark = pytest.mark.postgresql_slow

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
MANY = 2 * MOST_ARTICLES + 10
DOUBTS = (Stance.SKEPTICISM,) * 8


def supported(place: int, readers: int, stance: Stance | None = Stance.SKEPTICISM) -> PlannedComment:
    """Return a root by a reader with so many readers who doubt as well."""
    return PlannedComment(None, 1, place, stance=stance, tags=tuple((reader, Stance.SKEPTICISM) for reader in range(2, 2 + readers)))


def store_many(articles: Sequence[Sequence[PlannedComment]], *, people: int = 25) -> list[Seeded]:
    """Store articles of the same author, the one with the newest discussion last."""
    with writing() as session:
        made = [store_plan(session, Plan(planned, people=people, verified=frozenset())) for planned in articles]
        for place, one in enumerate(made):
            session.execute(update(Article).where(Article.id == one.article_id).values(last_activity_at=NOW + timedelta(seconds=place)))
    return made


def viewer_of(made: Sequence[Seeded]) -> Viewer:
    """Return the articles' author."""
    with reading() as session:
        author = session.get_one(Account, made[0].account_ids[0])
        return Viewer(author.id, author.handle, via=Via.COOKIE, is_author=True)


def page(app: Flask, viewer: Viewer, query: DeskQuery) -> DeskOut:
    """Read a page of the desk."""
    with app.test_request_context(), reading() as session:
        return read_desk(session, viewer, query)


def walk(app: Flask, viewer: Viewer, *, tab: str = "waiting", limit: int = 50) -> list[int]:
    """Return everything on a tab, page by page."""
    found: list[int] = []
    cursor = None
    while True:
        read = page(app, viewer, DeskQuery(tab=tab, limit=limit, cursor=cursor))  # type: ignore[arg-type]
        found += [item.comment.id for item in read.items]
        if read.next is None:
            return found
        cursor = read.next


def test_a_doubt_on_an_old_article_is_not_hidden_by_own_comments_on_newer_ones(app: Flask) -> None:
    """Nor by what is set aside there, nor by what was answered in a later part: none of it waits."""
    made = store_many([[supported(0, 0)], *([PlannedComment(None, 0, 1)] for _ in range(MOST_ARTICLES + 5))])
    (doubt,) = made[0].comment_ids
    viewer = viewer_of(made)
    found = page(app, viewer, DeskQuery())
    assert [item.comment.id for item in found.items] == [doubt]
    assert (sum((found.counts or {}).values()), found.more_than) == (1, [])
    aside = store_many([[supported(0, 0)] for _ in range(MOST_ARTICLES + 5)])
    with app.test_request_context(), writing() as session:
        for one in aside:
            attend(session, viewer, one.comment_ids[0], Attention.LATER)
    found = page(app, viewer, DeskQuery())
    assert [item.comment.id for item in found.items] == [doubt]
    assert sorted(walk(app, viewer, tab="set_aside", limit=20)) == sorted(one.comment_ids[0] for one in aside)


def test_everything_is_reached_and_doubts_come_first(app: Flask) -> None:
    chance = random.Random(5)
    articles = []
    for place in range(MANY):
        planned = [
            supported(place * 60, chance.randrange(6), chance.choice((None, *Stance))) for _ in range(chance.choice((0, 1, 1, 2, 3)))
        ]
        articles.append([*planned, PlannedComment(None, 0, place)])
    # The five that most readers share stand on the five articles that have been quiet longest.
    for place in range(5):
        articles[place] = [supported(place, 20 - 2 * place)]
    made = store_many(articles)
    viewer = viewer_of(made)
    with time_machine.travel(NOW, tick=False):
        first = page(app, viewer, DeskQuery())
        assert [item.comment.id for item in first.items[:5]] == [made[place].comment_ids[0] for place in range(5)]
        found = walk(app, viewer, limit=7)
    with reading() as session:
        rows = {one.id: one for one in session.scalars(select(Comment).where(Comment.author_id != viewer.account_id))}
    assert sorted(found) == sorted(rows)
    groups = [GROUPS.index(Stance(rows[one].stance) if rows[one].stance else None) for one in found]  # type: ignore[arg-type]
    assert groups == sorted(groups)
    assert list((first.counts or {}).values()) == [groups.count(group) for group in range(len(GROUPS))]
    assert first.more_than == []


def test_what_leaves_the_desk_during_a_walk_takes_nothing_else_along(app: Flask) -> None:
    """What then moves up into a window that was begun is shown in the next one: it may well be more urgent than what was shown last."""
    made = store_many([[supported(-60 * 24 * place, place % 3), supported(-60 * 24 * place, 5 * (place % 2))] for place in range(MANY)])
    viewer = viewer_of(made)
    with time_machine.travel(NOW, tick=False), app.test_request_context():
        found: list[int] = []
        gone: set[int] = set()
        cursor = None
        while True:
            read = page(app, viewer, DeskQuery(limit=20, cursor=cursor))
            found += [item.comment.id for item in read.items]
            if read.next is None:
                break
            cursor = read.next
            with writing() as session:
                for item in read.items[:10]:
                    attend(session, viewer, item.comment.id, Attention.NO_REPLY)
                    gone.add(item.comment.id)
    assert len(found) == len(set(found))
    assert set(found) == {comment_id for one in made for comment_id in one.comment_ids}
    assert gone


def test_a_desk_of_many_articles_costs_the_statements_of_a_window(app: Flask) -> None:
    made = store_many([[supported(0, place % 5)] for place in range(MOST_ARTICLES + 1)])
    viewer = viewer_of(made)

    def cost() -> int:
        with statements_of(app) as statements:
            assert len(page(app, viewer, DeskQuery()).items) == 20
        return len(statements)

    few = cost()
    store_many([[supported(0, place % 5)] for place in range(2 * MOST_ARTICLES)])
    # Only counting goes on to the next articles.
    assert cost() == few + 2


def test_what_is_not_counted_is_said_to_be_more(app: Flask) -> None:
    made = store_many([[supported(place, 0) for place in range(COUNTED_MOST - 1)], [supported(0, 0), supported(0, 0, None)]])
    viewer = viewer_of(made)
    exact = page(app, viewer, DeskQuery())
    assert ((exact.counts or {})["skepticism"], (exact.counts or {})["open"], exact.more_than) == (COUNTED_MOST, 1, [])
    store_many([[supported(0, 0)]])
    more = page(app, viewer, DeskQuery())
    assert ((more.counts or {})["skepticism"], (more.counts or {})["open"], more.more_than) == (COUNTED_MOST, 1, ["skepticism"])


def test_the_page_says_more_than(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forum.desk.waiting.COUNTED_MOST", 2)
    monkeypatch.setattr("forum.desk.present.COUNTED_MOST", 2)
    room.say(room.writer, "disagreement")
    for _ in range(2):
        room.say(room.writer)
    assert "3 comments wait:" in room.author.client.get("/desk").text
    room.say(room.writer)
    text = room.author.client.get("/desk").text
    assert "More than 3 comments wait:" in text
    assert "<b>more than 2</b> Doubts" in text
    assert "<b>1</b> Disagreement" in text
