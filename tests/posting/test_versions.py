"""An article's version rises with everything that changes what a visitor sees of it: what is kept in memory is found by it, so that none of it is stale.

Every JSON door that writes is gone through with its good request; before and after, everything that a visitor can read is built afresh and compared.
"""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from forum.articles.models import Article, Site
from forum.articles.queries import versions_before
from forum.db.transaction import reading, writing
from forum.privacy import leaving
from forum.sanctions.kinds import SanctionKind
from forum.web import due
from forum.web.doors import Door
from tests.comments.trees import SORTS
from tests.conftest import PASSWORD
from tests.moderation.sanctioned import START, sanction, tag
from tests.world import EVERYBODY, GOOD, World, api_doors, make_world

pytestmark = pytest.mark.slow

# Speaks to somebody in front of the service, and so passes by what is kept in memory.
AFRESH = {"Authorization": "Basic eA=="}
# What becomes of the text that a person has written elsewhere, or a part of a series, shows on other articles as well: all are looked at, up to so many.
LOOKED_AT = 12


def seen(app: Flask, article_id: int, slug: str) -> list[bytes]:
    """Return what a visitor reads of an article: its page and all of its discussion in every order."""
    visitor = app.test_client()
    addresses = [f"/a/{slug}", f"/a/{slug}/map", *(f"/api/v1/articles/{article_id}{part}" for part in ("", "/map", "/series"))]
    addresses += [f"/api/v1/articles/{article_id}/comments?sort={sort}" for sort in SORTS]
    found = [visitor.get(address, headers=AFRESH) for address in addresses]
    assert all(answer.status_code == 200 for answer in found), [answer.status for answer in found]
    return [answer.data for answer in found]


def everything(app: Flask) -> dict[int, tuple[Any, list[bytes]]]:
    """Return of the newest articles by what their answers are kept, and what they show."""
    with reading() as session:
        state = select(Article.id, Article.slug, Article.version, Site.takes_guests).join(Site, Site.id == Article.site_id)
        rows = session.execute(state.order_by(Article.id.desc()).limit(LOOKED_AT)).all()
        before = {row.id: versions_before(session, session.get_one(Article, row.id)) for row in rows}
    return {row.id: ((row.version, before[row.id], row.takes_guests), seen(app, row.id, row.slug)) for row in rows}


def write(world: World, door: Door) -> list[str]:
    """Send the good request of ``door`` as the first who may, and return the articles that look different under the same version."""
    for who in EVERYBODY[::-1]:
        sent = GOOD[door.endpoint](world, who)
        before = everything(world.app)
        answer = sent.by(world.enter(who), door.method)
        if answer.status_code < 400:
            after = everything(world.app)
            return [f"{door.endpoint} by {who}: article {article_id}" for article_id in stale_between(before, after)]
    return [f"{door.endpoint}: nobody could write"]


def stale_between(before: dict[int, tuple[Any, list[bytes]]], after: dict[int, tuple[Any, list[bytes]]]) -> list[int]:
    """Return the articles that look different under the same version."""
    return [
        article_id
        for article_id, (state, shown) in before.items()
        if article_id in after and after[article_id][1] != shown and after[article_id][0] == state
    ]


def test_nothing_changes_under_the_same_version(app: Flask) -> None:
    world = make_world(app)
    with app.app_context():
        due.look()
    for number in range(3):
        root = world.comment(by=("writer", "member", "moderator")[number])
        world.comment(by="member", parent_id=root)
    stale = [wrong for door in api_doors(app) if not door.is_safe for wrong in write(world, door)]
    assert stale == []


def test_nothing_that_time_changes_is_kept(app: Flask) -> None:
    """A suspension takes a person's tags out of the counts and ends by itself: at the first request after its end."""
    with time_machine.travel(START, tick=False) as clock:
        world = make_world(app)
        tag(world, "member", world.comment())
        before = everything(app)
        sanction(world, "member", SanctionKind.SUSPENSION, 1)
        with app.app_context():
            due.forget()
        suspended = everything(app)
        clock.move_to(START + timedelta(days=1))
        with app.app_context():
            due.look()
        after = everything(app)
    article_id = world.article_id
    assert before[article_id][1] != suspended[article_id][1] != after[article_id][1]
    assert len({state[article_id][0] for state in (before, suspended, after)}) == 3


@pytest.mark.parametrize("comments", ["keep", "withdraw"])
def test_nothing_of_somebody_who_leaves_is_kept(app: Flask, monkeypatch: pytest.MonkeyPatch, comments: str) -> None:
    """An account is taken apart in many transactions, each of which others may read after."""
    monkeypatch.setattr(leaving, "PIECE", 1)
    with time_machine.travel(START, tick=False) as clock:
        world = make_world(app)
        first = world.comment(by="writer")
        world.comment(by="member", parent_id=first)
        other = world.comment(by="member")
        world.comment(by="writer", parent_id=other)
        tag(world, "writer", other)
        asked = world.enter("writer").post("/me/deletion", {"password": PASSWORD, "comments": comments})
        assert asked.status_code < 300, asked.text
        clock.move_to(START + timedelta(days=7, hours=1))
        states = [everything(app)]
        for piece in range(14):
            with writing() as session:
                leaving.leave(session, {"account_id": world.ids["writer"], **({"begun": 1} if piece else {})})
            states.append(everything(app))
    assert states[0][world.article_id][1] != states[-1][world.article_id][1]
    assert [stale_between(before, after) for before, after in pairwise(states)] == [[] for _ in states[1:]]
