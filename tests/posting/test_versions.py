"""An article's version rises with everything that changes what a visitor sees of it: what is kept in memory is found by it, so that none of it is stale.

Every JSON door that writes is gone through with its good request; before and after, everything that a visitor can read is built afresh and compared.
"""

from typing import Any

from flask import Flask
from sqlalchemy import select

from forum.articles.models import Article, Site
from forum.db.transaction import reading
from forum.web import due
from forum.web.doors import Door
from tests.comments.trees import SORTS
from tests.world import EVERYBODY, GOOD, World, api_doors, make_world

# Speaks to somebody in front of the service, and so passes by what is kept in memory.
AFRESH = {"Authorization": "Basic eA=="}
# What becomes of the text that a person has written elsewhere, or a part of a series, shows on other articles as well: all are looked at, up to so many.
LOOKED_AT = 12


def seen(app: Flask, article_id: int, slug: str) -> list[bytes]:
    """Return what a visitor reads of an article: its page and all of its discussion in every order."""
    visitor = app.test_client()
    addresses = [f"/a/{slug}", f"/api/v1/articles/{article_id}", *(f"/api/v1/articles/{article_id}/comments?sort={sort}" for sort in SORTS)]
    found = [visitor.get(address, headers=AFRESH) for address in addresses]
    assert all(answer.status_code == 200 for answer in found), [answer.status for answer in found]
    return [answer.data for answer in found]


def everything(app: Flask) -> dict[int, tuple[Any, list[bytes]]]:
    """Return of the newest articles by what their answers are kept, and what they show."""
    with reading() as session:
        state = select(Article.id, Article.slug, Article.version, Site.takes_guests).join(Site, Site.id == Article.site_id)
        rows = session.execute(state.order_by(Article.id.desc()).limit(LOOKED_AT)).all()
    return {row.id: ((row.version, row.takes_guests), seen(app, row.id, row.slug)) for row in rows}


def write(world: World, door: Door) -> list[str]:
    """Send the good request of ``door`` as the first who may, and return the articles that look different under the same version."""
    for who in EVERYBODY[::-1]:
        sent = GOOD[door.endpoint](world, who)
        before = everything(world.app)
        answer = sent.by(world.enter(who), door.method)
        if answer.status_code < 400:
            after = everything(world.app)
            return [
                f"{door.endpoint} by {who}: article {article_id}"
                for article_id, (state, shown) in before.items()
                if article_id in after and after[article_id][1] != shown and after[article_id][0] == state
            ]
    return []


def test_nothing_changes_under_the_same_version(app: Flask) -> None:
    world = make_world(app)
    with app.app_context():
        due.look()
    for number in range(3):
        root = world.comment(by=("writer", "member", "moderator")[number])
        world.comment(by="member", parent_id=root)
    stale = [wrong for door in api_doors(app) if not door.is_safe for wrong in write(world, door)]
    assert stale == []
