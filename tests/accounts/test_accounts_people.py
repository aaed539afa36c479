"""Signing up and the profile: what is accepted, what is refused with its sentence, and what others get to see of a person."""

from typing import Any

import msgspec
import pytest
from flask import Flask

from forum.access.viewer import Role
from forum.accounts import steps
from forum.accounts.models import Account
from forum.accounts.queries import roles_of
from forum.db.transaction import reading, writing
from forum.web.context import SETTINGS
from tests.conftest import PASSWORD
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

GOOD: dict[str, Any] = {"handle": "nora", "email": "nora@example.org", "password": PASSWORD}


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def test_signing_up_makes_a_member(world: World) -> None:
    answer = world.enter("visitor").post(
        "/accounts", GOOD | {"handle": "@Nora", "email": " Nora@Example.org", "display_name": " Nora Åsen "}
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == "/api/v1/people/nora"
    shown = {name: answer.json[name] for name in ("handle", "email", "display_name", "credential", "verified", "role", "url")}
    assert shown == {
        "handle": "nora",
        "email": "nora@example.org",
        "display_name": "Nora Åsen",
        "credential": "",
        "verified": False,
        "role": "member",
        "url": "/u/nora",
    }
    assert world.enter("visitor").get(answer.headers["Location"].removeprefix("/api/v1")).json["display_name"] == "Nora Åsen"


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"handle": "member"}, "/handle", "taken"),
        ({"handle": "@MEMBER"}, "/handle", "taken"),
        ({"handle": "admin"}, "/handle", "taken"),
        ({"handle": "-nora"}, "/handle", "invalid"),
        ({"handle": "no ra"}, "/handle", "invalid"),
        ({"handle": "nоra"}, "/handle", "invalid"),
        ({"handle": "n" * 31}, "/handle", "invalid"),
        ({"handle": "nora\n"}, "/handle", None),
        ({"handle": ""}, "/handle", "invalid"),
        ({"email": "nora"}, "/email", "invalid"),
        ({"email": "nora@localhost"}, "/email", "invalid"),
        ({"email": "a@b.org,c@d.org"}, "/email", "invalid"),
        ({"email": "nora@example.org\r\nBcc: x@y.org"}, "/email", "invalid"),
        ({"email": "MEMBER@example.org"}, "/email", "taken"),
        ({"password": "short"}, "/password", "too-short"),
        ({"password": "password1"}, "/password", "too-common"),
        ({"password": "Nora@Example.org"}, "/password", "too-common"),
        ({"display_name": "a\nb"}, "/display_name", "line_break"),
        ({"display_name": "\u202eevil"}, "/display_name", "bidi"),
        ({"display_name": "x" * 81}, "/display_name", "too_long"),
        ({"role": "admin"}, "/role", "unknown-field"),
        ({"verified": True}, "/verified", "unknown-field"),
        ({"handle": None}, "/handle", "invalid"),
        ({"email": ["nora@example.org"]}, "/email", "invalid"),
    ],
)
def test_what_will_not_do_is_named(world: World, change: dict[str, Any], pointer: str, code: str | None) -> None:
    answer = world.enter("visitor").post("/accounts", GOOD | change)
    if code is None:
        # A blank at the end is a slip of the hand, not another name.
        assert (answer.status_code, answer.json["handle"]) == (201, "nora")
        return
    assert answer.status_code == 422, answer.text
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in answer.json["errors"]], answer.text
    assert PASSWORD not in answer.text


def test_everything_that_is_wrong_is_said_at_once(world: World) -> None:
    answer = world.enter("visitor").post("/accounts", {"handle": "--", "email": "x", "password": "y", "display_name": "\n"})
    assert {error["pointer"] for error in answer.json["errors"]} == {"/handle", "/email", "/password", "/display_name"}


def test_two_who_take_one_name_at_once_get_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "check_new_account", lambda session, new: None)
    visitor = world.enter("visitor")
    statuses = [
        visitor.post("/accounts", GOOD | change).status_code for change in ({}, {"email": "other@example.org"}, {"handle": "other"})
    ]
    assert statuses == [201, 409, 409]


def test_a_closed_house_takes_nobody_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.app.extensions, SETTINGS, msgspec.structs.replace(world.app.extensions[SETTINGS], registration="closed"))
    answer = world.enter("visitor").post("/accounts", GOOD)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden")


def test_a_changed_credential_is_no_longer_verified(world: World) -> None:
    with writing() as session:
        account = session.get_one(Account, world.ids["member"])
        account.credential, account.verified = "Physiotherapist", True
    member = world.enter("member")
    assert member.patch("/me", {"display_name": "Anna W."}).json["verified"] is True
    assert member.patch("/me", {"credential": "Physiotherapist "}).json["verified"] is True
    changed = member.patch("/me", {"credential": "Professor"}).json
    assert (changed["credential"], changed["verified"]) == ("Professor", False)
    assert member.patch("/me", {"credential": ""}).json["credential"] == ""


@pytest.mark.parametrize("change", [{"display_name": ""}, {"display_name": None}, {"display_name": "x" * 81}, {"credential": "x" * 121}, {"credential": "a\nb"},
                                    {"email": "x@y.org"}, {"role": "admin"}, {"handle": "root"}, {"verified": True}, {"id": 1}])  # fmt: skip
def test_a_profile_takes_only_what_is_the_persons_to_say(world: World, change: dict[str, Any]) -> None:
    member = world.enter("member")
    before = member.get("/me").json
    assert member.patch("/me", change).status_code == 422
    assert member.get("/me").json == before
    with reading() as session:
        assert roles_of(session, world.ids["member"]) == {}


def test_others_see_of_a_person_what_is_public_and_nothing_else(world: World) -> None:
    shown = world.enter("visitor").get("/people/member").json
    known = {"handle": "member", "display_name": "Member", "credential": "", "verified": False}
    assert shown == known | {"is_article_author": False, "is_guest": False}
    assert world.enter("visitor").get("/people/@MEMBER").json == shown
    assert world.enter("visitor").get("/people/nobody").status_code == 404


def test_no_answer_to_others_holds_an_address_or_a_hash(world: World) -> None:
    comment = world.comment()
    visitor = world.enter("visitor")
    paths = ["/articles", f"/articles/{world.article_id}", f"/articles/{world.article_id}/comments", f"/comments/{comment}", f"/comments/{comment}/context",
             f"/comments/{comment}/revisions", f"/comments/{comment}/replies", "/people/writer", "/openapi.json", "/session"]  # fmt: skip
    for path in paths:
        text = visitor.get(path).text
        for secret in ("writer@example.org", "author@example.org", "$argon2", "password_hash", "token_hash"):
            assert secret not in text, (path, secret)


def test_the_role_is_shown_to_its_owner(world: World) -> None:
    roles = {who: world.enter(who).get("/me").json["role"] for who in ("member", "publisher", "moderator", "admin")}
    assert roles == {role.value: role.value for role in Role}
