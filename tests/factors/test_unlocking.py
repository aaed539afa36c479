"""What becomes of factors when somebody has lost them, leaves, or takes their data away."""

from collections.abc import Callable

from flask import Flask

from forum.db.transaction import reading
from forum.factors.actions import Change, on_security_change
from forum.factors.models import Factor, RecoveryCode
from forum.operating.account_command import unlock_account
from tests.conftest import PASSWORD, ApiClient
from tests.factors.people import Protected


def enter(app: Flask, anna: Protected) -> ApiClient:
    caller = ApiClient(app.test_client())
    answer = caller.post("/session", {"login": anna.handle, "password": PASSWORD, "code": anna.codes.pop()})
    assert answer.status_code == 200, answer.text
    caller.csrf = answer.json["csrf_token"]
    return caller


def test_whoever_runs_the_server_unlocks_an_account(protect: Callable[..., Protected], app: Flask) -> None:
    anna = protect()
    caller = enter(app, anna)
    told: list[tuple[int, Change]] = []
    on_security_change.append(lambda session, account_id, change: told.append((account_id, change)))
    try:
        unlock_account.callback("anna")  # type: ignore[misc]
    finally:
        on_security_change.pop()
    assert told == [(anna.id, Change.UNLOCKED)]
    with reading() as session:
        assert (session.query(Factor).count(), session.query(RecoveryCode).count()) == (0, 0)
    assert caller.get("/me").status_code == 401
    assert ApiClient(app.test_client()).post("/session", {"login": "anna", "password": PASSWORD}).status_code == 200


def test_the_export_names_factors_without_secrets(protect: Callable[..., Protected], app: Flask) -> None:
    anna = protect()
    answer = enter(app, anna).get("/me/export")
    assert [(row["kind"], row["name"]) for row in answer.json["second_factors"]] == [("totp", "My phone")]
    assert len(answer.json["recovery_codes"]) == 10
    assert anna.secret not in answer.text
    assert not any(code in answer.text for code in anna.codes)
