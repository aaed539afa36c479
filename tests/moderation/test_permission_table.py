"""Every moderation address by every kind of caller, against what the permission table says: generated from the table and the doors, nothing picked by hand.

The rule: a door of these rooms that has no good request in ``tests.world`` fails the test. Callers with a role on another site are nobody in particular here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import text

from forum.access.permissions import Permission
from forum.access.table import TABLE, is_granted
from forum.access.viewer import DEFAULT_SITE_ID, VISITOR, Role, Via, Viewer
from forum.accounts.models import Membership
from forum.app import DOORS
from forum.db.transaction import writing
from forum.web.doors import Door
from tests.conftest import Reply, add_account
from tests.world import GOOD, World, make_world

pytestmark = pytest.mark.postgresql_slow

ROOMS = ("moderation", "reports", "modlog", "rules", "items", "batches", "decisions", "sanctions", "redress", "appeals")
OTHER_SITE = 2
# Who calls: an account of the world, or somebody with a role on another site alone.
CALLERS = ("visitor", "member", "writer", "author", "publisher", "moderator", "admin", "moderator of another site", "admin of another site")


@dataclass(frozen=True)
class Thing:
    """What the doors of these rooms load, as far as predicates look: a public comment of ``writer`` on an article of ``author``, or a case about it."""

    author_id: int
    site_id: int = DEFAULT_SITE_ID
    listed: bool = True

    @property
    def account_id(self) -> int:
        """Whom a sanction is about."""
        return self.author_id

    @property
    def affected_ids(self) -> tuple[int, ...]:
        """Whom a decision or an appeal concerns."""
        return (self.author_id,)


@pytest.fixture
def world(app: Flask) -> World:
    made = make_world(app)
    with writing() as session:
        session.execute(text("INSERT INTO sites (id, slug, created_at) VALUES (2, 'other', CURRENT_TIMESTAMP)"))
        for role in (Role.MODERATOR, Role.ADMIN):
            account = add_account(session, f"other-{role}")
            session.add(Membership(account_id=account.id, site_id=OTHER_SITE, role=role.value))
            made.ids[f"{role} of another site"] = account.id
    return made


def viewer_of(world: World, who: str) -> Viewer:
    """Return the viewer that the accounts room makes of a caller."""
    if who == "visitor":
        return VISITOR
    site = OTHER_SITE if who.endswith("another site") else DEFAULT_SITE_ID
    roles = {name: Role(name) for name in ("publisher", "moderator", "admin")}
    role = roles.get(who.partition(" ")[0])
    return Viewer(world.ids[who], who, who, {site: role} if role else {}, None, Via.COOKIE)


def moderation_doors(app: Flask) -> list[Door]:
    doors: Mapping[str, Door] = app.extensions[DOORS]
    # Privacy is mostly about oneself; erasing is the moderators' part of it.
    return [
        door
        for door in doors.values()
        if (room := door.endpoint.partition(".")[0].rpartition("_")[0]) in ROOMS or (room == "privacy" and "/mod/" in door.rule)
    ]


def test_the_rooms_have_doors(app: Flask) -> None:
    found = moderation_doors(app)
    assert {door.permission for door in found} >= {
        Permission.QUEUE_READ,
        Permission.ITEM_DECIDE,
        Permission.ITEM_OPEN,
        Permission.NOTE_WRITE,
        Permission.DECISION_READ,
        Permission.REPORT_CREATE,
        Permission.NOTICE_CREATE,
        Permission.MODLOG_READ_INTERNAL,
        Permission.RULES_EDIT,
    }
    assert len(found) > 40
    # Whatever asks for a moderator or an admin is among them: no such door hides in another room.
    asks = {
        permission
        for permission, grant in TABLE.items()
        if any("moderator" in predicate.__name__ for clause in grant.clauses for predicate in clause)
    }
    doors: Mapping[str, Door] = app.extensions[DOORS]
    assert {door.endpoint for door in doors.values() if door.permission in asks - {Permission.COMMENT_READ}} <= {
        door.endpoint for door in found
    }


@pytest.mark.parametrize("who", CALLERS)
def test_each_json_door_lets_in_whom_the_table_lets_in(world: World, who: str) -> None:
    viewer = viewer_of(world, who)
    for door in moderation_doors(world.app):
        if not door.endpoint.partition(".")[0].endswith("_api"):
            continue
        answer = GOOD[door.endpoint](world, who).by(world.enter(who), door.method)
        granted = is_granted(viewer, door.permission, Thing(writer_behind(world, door, who)))
        seen = (door.endpoint, who, granted, answer.status_code, answer.text[:500])
        if granted:
            assert answer.status_code in door.answers, seen
        elif who == "visitor":
            assert (answer.status_code, answer.json["type"]) == (401, "/problems/unauthenticated"), seen
        else:
            assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden"), seen


def writer_behind(world: World, door: Door, who: str) -> int:
    """Return who wrote the comment that the good request of a door is about."""
    return world.ids["member" if door.endpoint == "reports_api.create_report" and who == "writer" else "writer"]


# What fills the addresses of pages; made anew for each, so that nothing one page does is in the way of the next.
FILL: dict[str, Callable[[World, str], object]] = {
    "item_id": lambda world, who: world.item()[0],
    # Only who decided takes a batch back.
    "batch_id": lambda world, who: world.batch(by=who if who in ("moderator", "admin") else "moderator")[0],
    "decision_id": lambda world, who: world.decision(),
    # Nobody decides on an appeal against what they decided.
    "appeal_id": lambda world, who: world.appeal(by="admin" if who == "moderator" else "moderator", asked=True),
    # Nobody confirms what they asked for.
    "erasure_id": lambda world, who: world.erasure(not_by=who),
    "handle": lambda world, who: "writer",
    "sanction_id": lambda world, who: world.sanction(by="moderator"),
    # A notice, which whoever has its reference can appeal; it was.
    "reference": lambda world, who: GOOD["redress_api.get_report_appeal"](world, "visitor").path.split("/")[2],
}


@pytest.mark.parametrize("who", CALLERS)
def test_each_page_lets_in_whom_the_table_lets_in(world: World, who: str) -> None:
    viewer = viewer_of(world, who)
    for door in moderation_doors(world.app):
        if not door.endpoint.partition(".")[0].endswith("_pages"):
            continue
        writer = "member" if door.permission is Permission.REPORT_CREATE and who == "writer" else "writer"
        path = door.rule.replace("<id:comment_id>", str(world.comment(by=writer)))
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(FILL[name[1]](world, who)), path)
        answer = send_page(world, who, door, path)
        granted = is_granted(viewer, door.permission, Thing(world.ids[writer]))
        seen = (door.method, path, who, granted, answer.status_code, answer.headers.get("Location"), answer.text[:300])
        turned_away = answer.status_code in (401, 403) or "/sign-in" in answer.headers.get("Location", "")
        if door.is_safe and granted:
            assert answer.status_code == 200, seen
        elif granted:
            # An empty form is refused for what is missing, or done where nothing is: never for who sent it.
            assert not turned_away, seen
        else:
            assert turned_away, seen


def send_page(world: World, who: str, door: Door, path: str) -> Reply:
    caller = world.enter(who)
    if door.is_safe:
        return caller.request("GET", f"/{path}")
    token = re.search(r'name="csrf_token" value="([^"]+)"', caller.request("GET", "//sign-in").text) if who == "visitor" else None
    return caller.request(door.method, f"/{path}", data={"csrf_token": token[1] if token else caller.csrf or ""})
