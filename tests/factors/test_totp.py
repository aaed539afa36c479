"""Authenticator apps: the window of three steps, no step twice, five tries, and the page that sets one up."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
import time_machine
from flask import Flask

from forum.db.transaction import reading, writing
from forum.factors.actions import on_security_change
from forum.factors.models import Factor
from forum.factors.proving import prove_code, redeem
from forum.factors.queries import has_factor, list_factors
from forum.factors.totp import find_steps
from forum.refusals import Refusal
from tests.conftest import PASSWORD, ApiClient
from tests.factors.people import APP, SECOND, SECURITY, Protected, is_in
from tests.journeys.reader import Reader

pytestmark = pytest.mark.postgresql_slow

# RFC 6238, appendix B: the SHA-1 rows, whose last six digits a six-digit app shows.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC = [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")]


@pytest.mark.parametrize(("moment", "code"), RFC)
def test_the_vectors_of_the_rfc(moment: int, code: str) -> None:
    with time_machine.travel(moment, tick=False):
        assert find_steps(RFC_SECRET, code) == [moment // 30]


def test_a_code_holds_one_step_before_and_after(protect: Callable[..., Protected], app: Flask) -> None:
    anna = protect()
    for steps, holds in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        if holds:
            assert prove_code(anna.id, anna.code(steps)).factor_id
        else:
            with pytest.raises(Refusal, match="does not fit"):
                prove_code(anna.id, anna.code(steps))


def test_no_step_is_used_twice_nor_one_before_it(protect: Callable[..., Protected], clock: time_machine.Traveller) -> None:
    anna = protect()
    proof = prove_code(anna.id, anna.code())
    with writing() as session:
        redeem(session, proof)
    for steps in (0, -1):
        with pytest.raises(Refusal, match="used already"):
            prove_code(anna.id, anna.code(steps))
    # Proven before the other was redeemed: the conditional update finds it out.
    with pytest.raises(Refusal, match="used already"), writing() as session:
        redeem(session, proof)
    clock.shift(30)
    with writing() as session:
        redeem(session, prove_code(anna.id, anna.code()))


def test_two_requests_with_one_code_at_once_give_one_success(protect: Callable[..., Protected], app: Flask) -> None:
    anna = protect()
    code = anna.code()

    def sign_in(_: int) -> int:
        answer = ApiClient(app.test_client()).post("/session", {"login": "anna", "password": PASSWORD, "code": code})
        return answer.status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(sign_in, range(6)))
    assert sorted(statuses) == [200, *[401] * 5]


def test_a_recovery_code_is_good_once_for_two_at_once(protect: Callable[..., Protected], app: Flask) -> None:
    anna = protect()
    code = anna.codes[0].upper().replace("-", " ")

    def sign_in(_: int) -> int:
        return ApiClient(app.test_client()).post("/session", {"login": "anna", "password": PASSWORD, "code": code}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(sign_in, range(4))) == [200, 401, 401, 401]


@pytest.mark.parametrize("code", ["12345", "1234567", "١٢٣٤٥٦", "abcdef", "a" * 16, "🙂" * 6, "-" * 40, "½½½½½½"])
def test_nonsense_is_no_code(protect: Callable[..., Protected], app: Flask, code: str) -> None:
    anna = protect()
    answer = ApiClient(app.test_client()).post("/session", {"login": anna.handle, "password": PASSWORD, "code": code})
    assert answer.status_code == 401, answer.text


def test_five_codes_in_five_minutes(protect: Callable[..., Protected], limited: Flask, clock: time_machine.Traveller) -> None:
    anna = protect()
    for _ in range(5):
        with pytest.raises(Refusal, match="does not fit"):
            prove_code(anna.id, anna.wrong())
    with pytest.raises(Refusal, match="too fast") as refused:
        prove_code(anna.id, anna.code())
    clock.shift(refused.value.retry_after or 0)
    with writing() as session:
        redeem(session, prove_code(anna.id, anna.code()))


def test_an_app_is_set_up_on_the_page(confirmed: Callable[[str], Reader], clock: time_machine.Traveller, app: Flask) -> None:
    told: list[str] = []
    on_security_change.append(lambda session, account_id, change: told.append(change.value))
    try:
        anna = confirmed("anna")
        screen = anna.send(APP, "Set up an app")
        assert screen.path == APP
        assert screen.response.headers["Cache-Control"] == "no-store"
        assert screen.page.one("img").attributes["src"].startswith("data:image/svg+xml")
        secret = screen.page.one("p", class_="secret").one("code").text.replace(" ", "")
        with reading() as session:
            factor = session.query(Factor).one()
            assert (factor.secret, factor.confirmed_at) == (secret, None)
            assert not has_factor(session, factor.account_id)
        screen = anna.send(f"{APP}/confirm", name="My phone", code="000000")
        assert (screen.status, "should show now" in screen.errors) == (422, True)
        # What was typed comes back, and the code does not.
        form = screen.form(f"{APP}/confirm")
        assert form.one("input", name="name").attributes["value"] == "My phone"
        assert form.one("input", name="code").attributes["value"] == ""
        screen = anna.send(f"{APP}/confirm", name="My phone", code=pyotp.TOTP(secret).now())
        assert screen.heading == "Your recovery codes"
        assert screen.response.headers["Cache-Control"] == "no-store"
        codes = [code.text for code in screen.page.all("code")]
        assert len(set(codes)) == 10
        screen = anna.open(SECURITY)
        assert "My phone" in screen.text
        assert "10 recovery codes are left." in screen.text
        assert secret not in screen.text
        assert not set(codes) & set(screen.text.split())
        assert told == ["app_added"]
        # The key is never shown again.
        assert anna.open(APP).path == SECURITY
        screen = anna.send(f"{SECURITY}/codes", "Make new recovery codes")
        new = [code.text for code in screen.page.all("code")]
        assert not set(new) & set(codes)
        anna.open(SECURITY)
        screen = next_screen = anna.send(f"{SECURITY}/factors/{factor.id}/remove", "Remove")
        assert next_screen.notices == ["It is removed. Your password alone opens your account now."]
        assert told == ["app_added", "codes_renewed", "removed"]
        assert is_in(screen)
    finally:
        on_security_change.pop()


def test_nothing_changes_without_confirming(enter: Callable[[str], Reader], clock: time_machine.Traveller, app: Flask) -> None:
    anna = enter("anna")
    screen = anna.open(SECURITY)
    assert screen.page.all("form", action=APP) == []
    assert anna.open(APP).path == SECURITY
    token = anna.screen.form(f"{SECURITY}/confirm").one("input", name="csrf_token").attributes["value"]
    for action in (APP, f"{APP}/confirm", f"{SECURITY}/passkeys", f"{SECURITY}/factors/1/remove", f"{SECURITY}/codes"):
        answer = anna.client.post(
            action, data={"csrf_token": token, "name": "x", "code": "123456"} if "/confirm" in action else {"csrf_token": token}
        )
        assert answer.status_code == 403, action
        assert "confirm first that it is you" in answer.text
    screen = anna.send(f"{SECURITY}/confirm", "Go on", password="a wrong one")
    assert (screen.status, screen.errors) == (422, "This is not your password. Your password")
    anna.send(f"{SECURITY}/confirm", "Go on", password=PASSWORD)
    assert anna.screen.page.one("form", action=APP)
    clock.shift(601)
    assert anna.open(SECURITY).page.all("form", action=APP) == []


def test_confirming_takes_the_second_factor_as_well(
    protect: Callable[..., Protected], reader: Reader, clock: time_machine.Traveller
) -> None:
    anna = protect()
    anna.give_password(reader)
    reader.send(SECOND, code=anna.code())
    clock.shift(30)
    reader.open(SECURITY)
    assert reader.send(f"{SECURITY}/confirm", "Go on", password=PASSWORD).status == 422
    assert reader.send(f"{SECURITY}/confirm", "Go on", password=PASSWORD, code=anna.wrong()).status == 422
    assert reader.send(f"{SECURITY}/confirm", "Go on", password="a wrong one", code=anna.code()).status == 422
    screen = reader.send(f"{SECURITY}/confirm", "Go on", password=PASSWORD, code=anna.code())
    assert screen.page.all("form", action=APP)
    with reading() as session:
        assert len(list_factors(session, anna.id)) == 1
