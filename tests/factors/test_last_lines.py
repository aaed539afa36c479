"""The second lines of defence, each by itself: what they stop, the first lines stop before anybody sees it on a page."""

from dataclasses import replace

import pytest
from flask import Flask
from structlog.testing import capture_logs

from forum.access.viewer import Via, Viewer
from forum.clock import now
from forum.db.transaction import writing
from forum.factors.challenges import Purpose, issue, spend
from forum.factors.confirming import is_confirmed, remember_confirmation
from forum.factors.models import Factor, FactorKind
from forum.factors.proving import Proof, redeem
from forum.refusals import Refusal
from tests.conftest import add_account
from tests.factors.authenticator import Authenticator
from tests.factors.ceremonies import prove
from tests.journeys.reader import Reader


@pytest.fixture
def stored(app: Flask) -> Proof:
    """What a passkey of anna's that counts to 5 proves with its next use."""
    with writing() as session:
        account_id = add_account(session, "anna").id
        key = Factor(account_id=account_id, kind=FactorKind.PASSKEY.value, name="Key", credential_id=b"k", public_key=b"", sign_count=5)
        key.created_at = key.confirmed_at = now()
        session.add(key)
        session.flush()
        return Proof(account_id, key.id, sign_count=6)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_counter_that_went_back_redeems_nothing(stored: Proof, count: int) -> None:
    with pytest.raises(Refusal), writing() as session:
        redeem(session, replace(stored, sign_count=count))


def test_of_two_answers_with_one_count_one_is_redeemed(stored: Proof) -> None:
    with writing() as session:
        redeem(session, stored)
    with pytest.raises(Refusal), writing() as session:
        redeem(session, stored)


def test_a_proof_of_somebody_else_redeems_nothing(stored: Proof) -> None:
    with pytest.raises(Refusal), writing() as session:
        redeem(session, replace(stored, account_id=stored.account_id + 1))


def test_a_challenge_is_for_one_account_and_one_purpose(app: Flask) -> None:
    with app.test_request_context():
        issue(Purpose.SECOND, 1)
        with pytest.raises(Refusal, match="took too long"):
            spend(Purpose.SECOND, 2)
        issue(Purpose.SECOND, 1)
        with pytest.raises(Refusal, match="took too long"):
            spend(Purpose.CONFIRM, 1)
        assert spend(Purpose.SECOND, 1).account_id == 1
        with pytest.raises(Refusal, match="took too long"):
            spend(Purpose.SECOND, 1)


def test_a_confirmation_is_for_one_sign_in(app: Flask) -> None:
    anna = Viewer(1, "anna", "Anna", {}, None, Via.COOKIE, 7)
    with app.test_request_context():
        assert not is_confirmed(anna)
        remember_confirmation(anna)
        assert is_confirmed(anna)
        assert not is_confirmed(replace(anna, signin_id=8))


def test_a_counter_that_went_back_is_logged(key: Authenticator, reader: Reader) -> None:
    prove(reader, key)
    reader.client.delete_cookie("forum")
    key.count = 0
    with capture_logs() as lines:
        assert prove(reader, key).status == 422
    assert [(line["known"], line["sent"]) for line in lines if line["event"] == "passkey counter went back"] == [(2, 0)]


def test_a_forged_answer_does_not_set_off_that_alarm(key: Authenticator, reader: Reader) -> None:
    prove(reader, key)
    reader.client.delete_cookie("forum")
    key.count = 0
    with capture_logs() as lines:
        assert prove(reader, key, signature=b"no").status == 422
    assert "passkey counter went back" not in {line["event"] for line in lines}
