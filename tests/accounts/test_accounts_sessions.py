"""Sign-ins and tokens as rows: ended one by one, all at once, by a new password and by time; a cookie alone opens nothing."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from forum.access.permissions import Scope
from forum.accounts.actions import TOKENS_MAX
from forum.accounts.models import Account, ApiToken, SignIn
from forum.db.transaction import reading, writing
from tests.conftest import PASSWORD, ApiClient
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

START = datetime(2026, 1, 1, 8, tzinfo=UTC)
NEW = "a much better one"


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def test_signing_out_ends_the_row_so_that_the_cookie_is_worth_nothing(world: World) -> None:
    member, other = world.enter("member"), world.enter("member")
    cookie = member.client.get_cookie(world.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    assert member.delete("/session").status_code == 204
    assert member.get("/session").json == {"account": None, "csrf_token": None}
    stolen = ApiClient(world.app.test_client())
    stolen.client.set_cookie(cookie.key, cookie.value)
    assert stolen.get("/me").status_code == 401
    assert stolen.post(f"/articles/{world.article_id}/comments", {"body_md": "Still me?"}).status_code == 401
    assert other.get("/me").status_code == 200
    assert member.delete("/session").status_code == 401


def test_signing_out_everywhere_ends_every_row_and_leaves_tokens(world: World) -> None:
    places = [world.enter("member") for _ in range(3)]
    token = world.token("member", Scope.READ)
    assert places[1].delete("/me/sessions").status_code == 204
    assert [place.get("/me").status_code for place in places] == [401] * 3
    assert token.get("/me").status_code == 200


def test_one_place_is_ended_from_another(world: World) -> None:
    here, there, somebody = world.enter("member"), world.enter("member"), world.enter("writer")
    items = here.get("/me/sessions").json["items"]
    assert [item["current"] for item in items].count(True) == 1
    assert {item["device"] for item in items} == {"a test"}
    other = next(item["id"] for item in items if not item["current"])
    assert somebody.delete(f"/me/sessions/{other}").status_code == 404, "another's sign-in is as good as none"
    assert here.delete(f"/me/sessions/{other}").status_code == 204
    assert (here.get("/me").status_code, there.get("/me").status_code) == (200, 401)


def test_a_new_password_ends_every_other_sign_in(world: World) -> None:
    here, there = world.enter("member"), world.enter("member")
    assert here.put("/me/password", {"current_password": PASSWORD, "new_password": NEW}).status_code == 204
    assert (here.get("/me").status_code, there.get("/me").status_code) == (200, 401)
    visitor = world.enter("visitor")
    assert visitor.post("/session", {"login": "member", "password": PASSWORD}).status_code == 401
    assert visitor.post("/session", {"login": "member", "password": NEW}).status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "pointer", "code"),
    [
        ("not mine", NEW, "/current_password", "wrong"),
        (PASSWORD, "short", "/new_password", "too-short"),
        (PASSWORD, "x" * 257, "/new_password", "too-long"),
        (PASSWORD, "password1", "/new_password", "too-common"),
        (PASSWORD, "MEMBER@example.org", "/new_password", "too-common"),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(world: World, current: str, new: str, pointer: str, code: str) -> None:
    here, there = world.enter("member"), world.enter("member")
    answer = here.put("/me/password", {"current_password": current, "new_password": new})
    assert answer.status_code == 422
    assert (answer.json["errors"][0]["pointer"], answer.json["errors"][0]["code"]) == (pointer, code)
    assert there.get("/me").status_code == 200


@pytest.mark.parametrize("password", ["eight ch", "x" * 64, "пароль, который длинный", "😀" * 8, "  spaces around  "])
def test_a_password_may_hold_any_characters(world: World, password: str) -> None:
    assert world.enter("member").put("/me/password", {"current_password": PASSWORD, "new_password": password}).status_code == 204
    assert world.enter("visitor").post("/session", {"login": "member", "password": password}).status_code == 200
    assert world.enter("visitor").post("/session", {"login": "member", "password": password.strip() + "."}).status_code == 401


def test_a_token_cannot_try_passwords(world: World) -> None:
    token = world.token("member", *Scope)
    answers = [token.put("/me/password", {"current_password": guess, "new_password": NEW}) for guess in (PASSWORD, "a wrong one")]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].json["detail"] == answers[1].json["detail"]


def test_a_sign_in_ends_when_it_is_not_used(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        used, idle = world.enter("member"), world.enter("member")
        for day in (7, 13):
            clock.move_to(START + timedelta(days=day))
            assert used.get("/me").status_code == 200
        clock.move_to(START + timedelta(days=14, minutes=1))
        assert (used.get("/me").status_code, idle.get("/me").status_code) == (200, 401)


def test_a_sign_in_ends_in_any_case_after_sixty_days(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        member = world.enter("member")
        statuses = []
        for day in (10, 20, 30, 40, 50, 59, 61):
            clock.move_to(START + timedelta(days=day))
            statuses.append(member.get("/me").status_code)
    assert statuses == [200] * 6 + [401]


def test_the_last_visit_is_written_at_most_once_an_hour(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        member = world.enter("member")
        seen = set()
        for minutes in (0, 20, 40, 59, 61, 80, 119, 123):
            clock.move_to(START + timedelta(minutes=minutes))
            member.get("/me")
            with reading() as session:
                seen.add(session.scalars(select(SignIn.last_seen_at)).one())
    assert seen == {START, START + timedelta(minutes=61), START + timedelta(minutes=123)}


def test_a_clock_set_back_ends_no_earlier_sign_in(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        member = world.enter("member")
        for hours in (2, 1):
            clock.move_to(START + timedelta(hours=hours))
            assert member.get("/me").status_code == 200


def test_a_token_is_shown_once_and_stored_as_a_hash(world: World) -> None:
    member = world.enter("member")
    made = member.post("/me/tokens", {"name": "Nightly script", "scopes": ["tag", "read", "read"]})
    assert (made.status_code, made.json["scopes"]) == (201, ["read", "tag"])
    secret = made.json["token"]
    listed = member.get("/me/tokens")
    assert secret not in listed.text
    assert secret.startswith(listed.json["items"][0]["hint"])
    assert listed.json["items"][0]["last_used_at"] is None
    with reading() as session:
        row = session.scalars(select(ApiToken)).one()
        assert secret not in (row.token_hash, row.name, row.hint)
    used = ApiClient(world.app.test_client(), token=secret)
    assert used.get("/me").json["handle"] == "member"
    assert member.get("/me/tokens").json["items"][0]["last_used_at"] is not None
    assert member.delete(f"/me/tokens/{made.json['id']}").status_code == 204
    assert member.delete(f"/me/tokens/{made.json['id']}").status_code == 404
    assert used.get("/articles").status_code == 401, "a revoked token is told so, even where a visitor may read"


def test_anothers_token_cannot_be_revoked_and_has_no_more_than_twenty(world: World) -> None:
    member = world.enter("member")
    ids = [member.post("/me/tokens", {"name": f"n{number}", "scopes": ["read"]}).json["id"] for number in range(TOKENS_MAX)]
    refused = member.post("/me/tokens", {"name": "one more", "scopes": ["read"]})
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "too-many")
    assert world.enter("writer").delete(f"/me/tokens/{ids[0]}").status_code == 404


@pytest.mark.parametrize("body", [{"name": "x"}, {"name": "x", "scopes": []}, {"name": "x", "scopes": ["root"]}, {"name": " ", "scopes": ["read"]},
                                  {"name": "x" * 81, "scopes": ["read"]}, {"name": "a\nb", "scopes": ["read"]}, {"name": "x", "scopes": "read"}])  # fmt: skip
def test_a_token_that_cannot_be_is_not_made(world: World, body: dict[str, object]) -> None:
    assert world.enter("member").post("/me/tokens", body).status_code == 422
    with reading() as session:
        assert session.scalars(select(ApiToken)).all() == []


def test_an_account_that_is_gone_takes_its_sign_ins_and_tokens_with_it(world: World) -> None:
    member, token = world.enter("member"), world.token("member", Scope.READ)
    with writing() as session:
        session.delete(session.get_one(Account, world.ids["member"]))
    assert (member.get("/me").status_code, token.get("/me").status_code) == (401, 401)
