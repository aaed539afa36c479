"""A sign-in carried from a window into a frame by a code: once, for two minutes, for whoever has it."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from forum.accounts.models import Account, HandOver, SignIn
from forum.clock import now
from forum.db.transaction import reading, writing
from forum.embed.handing_over import ALPHABET, LENGTH
from tests.conftest import Person
from tests.embed.framed import Frame, allow

pytestmark = pytest.mark.postgresql_slow


def code_of(person: Person) -> str:
    """Return a code that this person's window shows."""
    answer = person.client.client.post("/sign-in/window", data={"csrf_token": person.client.csrf})
    found = re.search(r'data-code="([^"]+)"', answer.text)
    assert found, answer.text
    assert answer.headers["Cross-Origin-Opener-Policy"] == "unsafe-none", "the window must keep the frame that opened it"
    return found[1]


def sign_ins(account_id: int) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).where(SignIn.account_id == account_id)) or 0


@pytest.fixture
def anna(person: Callable[..., Person]) -> Person:
    """Somebody signed in in a window."""
    allow()
    return person("anna")


def test_a_code_is_long_and_plain(anna: Person) -> None:
    codes = {code_of(anna) for _ in range(20)}
    assert len(codes) == 20
    for code in codes:
        assert len(code.replace("-", "")) == LENGTH
        assert set(code) - {"-"} <= set(ALPHABET)
    with reading() as session:
        kept = session.scalars(select(HandOver.code_hash)).all()
    assert all(code not in repr(kept) and code.replace("-", "") not in repr(kept) for code in codes)


@pytest.mark.parametrize(
    "spelt",
    [
        str,
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: f" {code.replace('-', ' ')} ",
        lambda code: code.replace("0", "o").replace("1", "l"),
    ],
)
def test_it_signs_the_frame_in_however_it_is_spelt(app: Flask, anna: Person, spelt: Callable[[str], str]) -> None:
    frame = Frame(app)
    answer = frame.send("/sign-in/take-over", "/sign-in", code=spelt(code_of(anna)), next="/a/x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/a/x")
    assert 'data-account="anna"' in frame.get("/a/none").text
    assert sign_ins(anna.id) == 2


def test_it_is_good_once(app: Flask, anna: Person) -> None:
    code = code_of(anna)
    assert Frame(app).send("/sign-in/take-over", "/sign-in", code=code).status_code == 303
    again = Frame(app).send("/sign-in/take-over", "/sign-in", code=code)
    assert (again.status_code, "This code does not fit any more" in again.text) == (422, True)
    assert sign_ins(anna.id) == 2


def test_and_for_two_minutes(app: Flask, anna: Person) -> None:
    code = code_of(anna)
    with time_machine.travel(now() + timedelta(minutes=2, seconds=1)):
        assert Frame(app).send("/sign-in/take-over", "/sign-in", code=code).status_code == 422
        code_of(anna)
        with reading() as session:
            assert session.scalar(select(func.count()).select_from(HandOver)) == 1, "what is over is forgotten"


@pytest.mark.parametrize("code", ["", "x", "AAAAA-AAAAA", "é" * 10, "0" * 40])
def test_a_made_up_code_opens_nothing(app: Flask, anna: Person, code: str) -> None:
    code_of(anna)
    assert Frame(app).send("/sign-in/take-over", "/sign-in", code=code).status_code == 422
    assert sign_ins(anna.id) == 1


def test_codes_cannot_be_tried_out(make_app: Callable[..., Flask]) -> None:
    app = make_app(sign_in_address_rate="3/h")
    frame = Frame(app)
    seen = [frame.send("/sign-in/take-over", "/sign-in", code=f"AAAAA-0000{number}").status_code for number in range(5)]
    assert seen == [422, 422, 422, 429, 429]


def test_who_has_left_is_not_signed_in(app: Flask, anna: Person) -> None:
    code = code_of(anna)
    with writing() as session:
        session.get_one(Account, anna.id).left_at = now()
    assert Frame(app).send("/sign-in/take-over", "/sign-in", code=code).status_code == 422


def test_a_visitors_window_signs_in_first(app: Flask) -> None:
    window = Frame(app, {"Sec-Fetch-Dest": "document"})
    assert 'value="/sign-in/window"' in window.get("/sign-in/window").text
    answer = window.send("/sign-in/window", "/sign-in")
    assert "data-code" not in answer.text


def test_only_a_click_makes_a_code(app: Flask, anna: Person) -> None:
    """Whoever sends somebody the window's address gets nothing by its being opened."""
    assert "data-code" not in anna.client.client.get("/sign-in/window").text
    refused = anna.client.client.post("/sign-in/window", data={"csrf_token": "made up"})
    assert "data-code" not in refused.text
    framed = anna.client.client.post("/sign-in/window", data={"csrf_token": anna.client.csrf}, headers={"Sec-Fetch-Dest": "iframe"})
    assert "data-code" not in framed.text, "its button cannot be framed"
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(HandOver)) == 0


def test_two_frames_at_once_get_one_sign_in(app: Flask, anna: Person) -> None:
    code = code_of(anna)
    frames = [Frame(app) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        seen = list(pool.map(lambda frame: frame.send("/sign-in/take-over", "/sign-in", code=code).status_code, frames))
    assert sorted(seen)[0] == 303
    assert seen.count(303) == 1, seen
    assert sign_ins(anna.id) == 2


def test_a_token_makes_no_code(app: Flask, anna: Person) -> None:
    made = anna.client.post("/me/tokens", {"name": "x", "scopes": ["read", "admin"]}).json["token"]
    answer = app.test_client().post("/sign-in/window", headers={"Authorization": f"Bearer {made}"})
    assert "data-code" not in answer.text
