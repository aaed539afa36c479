"""Every address goes on answering when texts are destroyed and people have left: nothing that is gone was needed to show what is still there."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from forum.accounts.models import Account
from forum.app import DOORS
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.states import State
from forum.db.transaction import reading, writing
from forum.jobs.run import run_due
from forum.moderation.actors import Actor, ActorKind
from forum.privacy.erasing import erase
from tests.conftest import PASSWORD
from tests.moderation.test_hidden_text import MARK, Hidden, addresses_of, hide_all, post
from tests.world import World, make_world

# What a page shows where it was not foreseen that somebody has no name any more.
ODD = re.compile(r"(?<!-)\bNone\b(?![-:])|href=\"?/(?:u|mod/people)/(?:former-\w+)?[\" >]|@(?=[<\s])|@?former-[0-9a-f]{16}")
WHO = ("visitor", "writer", "admin")
STATES = ("removed", "screened", "withdrawn", "erased", "redacted", "edit_held", "edit_declined", "resubmitted", "unwithdrawn")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-03-01T12:00:00+00:00", tick=True) as traveller:
        yield traveller


@pytest.fixture
def world(clock: time_machine.Traveller, app: Flask) -> World:
    return make_world(app)


@pytest.fixture
def hidden(world: World) -> Hidden:
    """Texts hidden in every way there is, with reports, decisions, sanctions and appeals."""
    made, writer = Hidden(), world.enter("writer")
    made.slug = writer.get(f"/articles/{world.article_id}").json["slug"]
    for name in STATES:
        made.comments[name] = post(world, writer, f"{MARK} {name} before.", stance="skepticism")
    made.comments["held"] = post(world, writer, f"{MARK} held, you are a fucking idiot.")
    hide_all(world, made)
    return made


def erase_all(world: World, made: Hidden, clock: time_machine.Traveller) -> None:
    for comment_id in made.comments.values():
        with writing() as session:
            if session.get_one(Comment, comment_id).state != State.ERASED:
                erase(session, lock_place(session, comment_id), Actor(ActorKind.ADMIN, world.ids["admin"]))


def leave(*handles: str, comments: str) -> Callable[[World, Hidden, time_machine.Traveller], None]:
    def do(world: World, made: Hidden, clock: time_machine.Traveller) -> None:
        for handle in handles:
            body = {"comments": comments, "password": PASSWORD}
            assert world.enter(handle).post("/me/deletion", body).status_code == 202
        clock.shift(timedelta(days=8))
        while run_due(100):
            pass
        with reading() as session:
            left = session.scalars(select(Account.id).where(Account.left_at.is_not(None))).all()
        assert set(left) == {world.ids[handle] for handle in handles}

    return do


def purge(world: World, made: Hidden, clock: time_machine.Traveller) -> None:
    clock.shift(timedelta(days=30))
    while run_due(100):
        pass


WAYS = {
    "erased": erase_all,
    "purged": purge,
    "the writer left": leave("writer", comments="withdraw"),
    "writer, reporter and moderator left": leave("writer", "member", "moderator", "author", comments="keep"),
}


# What a page shows does not depend on the database.
@pytest.mark.sqlite_only
@pytest.mark.parametrize("way", WAYS)
def test_every_address_answers(world: World, hidden: Hidden, clock: time_machine.Traveller, way: str) -> None:
    WAYS[way](world, hidden, clock)
    with reading() as session:
        here = {name for name in WHO if name == "visitor" or session.get_one(Account, world.ids[name]).left_at is None}
    walked = 0
    for who in (name for name in WHO if name in here):
        caller = world.enter(who)
        for door in world.app.extensions[DOORS].values():
            for address in addresses_of(door, world, hidden) if door.is_safe else ():
                answer = caller.request("GET", f"/{address}")
                assert answer.status_code < 500, (who, address, answer.text[:2000])
                assert ODD.findall(answer.text.partition("<main")[2].partition("</main")[0]) == [], (who, address)
                walked += 1
    assert walked > 200
