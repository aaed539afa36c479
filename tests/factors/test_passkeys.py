"""Passkeys by their protocol: what a browser's own authenticator never answers – old challenges, other origins, counters that went back."""

import json
from collections.abc import Callable

import msgspec
import pytest
import time_machine
from flask import Flask

from forum.db.transaction import reading, writing
from forum.factors import passkeys
from forum.factors.models import Factor, UsedChallenge
from forum.web.context import SETTINGS
from tests.conftest import PASSWORD
from tests.factors.authenticator import ATTESTED, PRESENT, VERIFIED, Authenticator, to_text
from tests.factors.ceremonies import MAKE, SIGN_IN, make, options, post, prove
from tests.factors.people import SECOND, SECURITY, is_in
from tests.journeys.reader import Reader

pytestmark = pytest.mark.postgresql_slow


def test_a_passkey_alone_signs_in(key: Authenticator, reader: Reader) -> None:
    screen = reader.open("/sign-in?next=/settings")
    assert reader.follow("Sign in with a passkey").path == SIGN_IN
    screen = post(reader, SIGN_IN, next="/settings", answer=key.prove(options(reader.screen, SIGN_IN)))
    assert (screen.path, is_in(screen)) == ("/settings", True)
    with reading() as session:
        factor = session.query(Factor).one()
        assert (factor.sign_count, factor.transports, factor.kind) == (2, "internal", "passkey")
        assert factor.last_used_at is not None


def test_the_password_is_not_enough_then_but_with_the_passkey_it_is(key: Authenticator, reader: Reader) -> None:
    screen = reader.sign_in("anna", PASSWORD)
    assert screen.heading == "One more step to sign in"
    asked = json.loads(options(screen, SECOND))
    assert [each["id"] for each in asked["allowCredentials"]] == [to_text(key.credential_id)]
    assert asked["userVerification"] == "required"
    screen = post(reader, SECOND, answer=key.prove(options(screen, SECOND)))
    assert is_in(screen)


def test_a_passkey_confirms_that_it_is_oneself(key: Authenticator, reader: Reader) -> None:
    prove(reader, key)
    screen = reader.open(SECURITY)
    answer = key.prove(options(screen, f"{SECURITY}/confirm"))
    screen = post(reader, f"{SECURITY}/confirm", password=PASSWORD, answer=answer)
    assert screen.page.all("form", action=f"{SECURITY}/app")
    reader.open(SECURITY)
    screen = reader.send(f"{SECURITY}/factors/1/remove", "Remove")
    assert "Your password alone opens your account now." in screen.text


def test_an_answer_is_good_once(key: Authenticator, reader: Reader, app: Flask, clock: time_machine.Traveller) -> None:
    screen = reader.open(SIGN_IN)
    answer = key.prove(options(screen, SIGN_IN))
    kept = reader.client.get_cookie("forum")
    assert kept is not None
    form = screen.form(SIGN_IN)
    fields = {"csrf_token": form.one("input", name="csrf_token").attributes["value"], "answer": answer}
    assert is_in(post(reader, SIGN_IN, answer=answer))
    # The counter would let a key pass that does not count: the challenge alone must not.
    with writing() as session:
        session.query(Factor).one().sign_count = 0
    thief = app.test_client()
    thief.set_cookie("forum", kept.value)
    again = thief.post(SIGN_IN, data=fields)
    assert again.status_code == 422
    assert "answered already" in again.text


def test_what_was_refused_is_spent_as_well(key: Authenticator, reader: Reader) -> None:
    screen = reader.open(SIGN_IN)
    asked = options(screen, SIGN_IN)
    assert post(reader, SIGN_IN, answer=key.prove(asked, signature=b"no")).status == 422
    # The page that came back asks anew; the old question is answered too late.
    assert options(reader.screen, SIGN_IN) != asked
    assert not is_in(post(reader, SIGN_IN, answer=key.prove(asked)))
    with reading() as session:
        assert session.query(UsedChallenge).count() == 3


def test_five_minutes_to_answer(clock: time_machine.Traveller, key: Authenticator, reader: Reader) -> None:
    screen = reader.open(SIGN_IN)
    clock.shift(301)
    screen = post(reader, SIGN_IN, answer=key.prove(options(screen, SIGN_IN)))
    assert (screen.status, "took too long" in screen.errors) == (422, True)
    assert is_in(post(reader, SIGN_IN, answer=key.prove(options(screen, SIGN_IN))))
    with reading() as session:
        assert session.query(UsedChallenge).count() == 1


def test_an_answer_to_one_question_is_none_to_another(key: Authenticator, reader: Reader) -> None:
    screen = reader.open(SIGN_IN)
    alone = key.prove(options(screen, SIGN_IN))
    reader.sign_in("anna", PASSWORD)
    assert not is_in(post(reader, SECOND, answer=alone))


def test_the_counter_must_not_go_back(key: Authenticator, reader: Reader) -> None:
    assert is_in(prove(reader, key))
    reader.client.delete_cookie("forum")
    key.count = 0
    assert prove(reader, key).status == 422
    key.count = 1
    assert prove(reader, key).status == 422
    key.count = 7
    assert is_in(prove(reader, key))


def test_a_key_that_does_not_count_stays_good(local: Flask, confirmed: Callable[[str], Reader], reader: Reader) -> None:
    synced = Authenticator(count=0)
    make(confirmed("anna"), synced)
    for _ in range(2):
        assert is_in(prove(reader, synced))
        reader.client.delete_cookie("forum")


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://localhost:8000"},
        {"origin": "https://localhost"},
        {"origin": "http://evil.example"},
        {"host": "evil.example"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"flags": PRESENT | VERIFIED | ATTESTED},
        {"handle": passkeys.handle_of(99)},
    ],
    ids=str,
)
def test_what_is_not_ours_signs_nobody_in(key: Authenticator, reader: Reader, wrong: dict[str, object]) -> None:
    for name, value in wrong.items():
        setattr(key, name, value)
    screen = prove(reader, key)
    assert (screen.status, is_in(screen)) == (422, False)
    assert "could not be checked" in screen.errors


@pytest.mark.parametrize(
    "wrong",
    [{"origin": "http://evil.example"}, {"host": "evil.example"}, {"flags": PRESENT}, {"credential_id": bytes(1024)}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_is_not_ours_is_not_stored(local: Flask, confirmed: Callable[[str], Reader], wrong: dict[str, object]) -> None:
    key = Authenticator()
    for name, value in wrong.items():
        setattr(key, name, value)
    screen = make(confirmed("anna"), key)
    assert screen.status == 422
    assert screen.form(MAKE).one("input", name="name").attributes["value"] == "My laptop"
    with reading() as session:
        assert session.query(Factor).count() == 0


def test_the_passkey_of_another_account_is_no_second_step(key: Authenticator, confirmed: Callable[[str], Reader], reader: Reader) -> None:
    bens = Authenticator()
    make(confirmed("ben"), bens)
    screen = reader.sign_in("anna", PASSWORD)
    screen = post(reader, SECOND, answer=bens.prove(options(screen, SECOND)))
    assert (screen.status, is_in(screen)) == (422, False)
    # Alone it opens its own account, and no other.
    assert "Ben" in prove(reader, bens).page.one("header").text


def test_one_passkey_is_of_one_account(key: Authenticator, confirmed: Callable[[str], Reader]) -> None:
    again = Authenticator(credential_id=key.credential_id)
    screen = make(confirmed("ben"), again)
    assert screen.status == 409
    assert "known here already" in screen.text


def test_a_removed_passkey_opens_nothing(key: Authenticator, reader: Reader) -> None:
    with writing() as session:
        session.query(Factor).delete()
    assert prove(reader, key).status == 422


NONSENSE = [
    "null",
    "[]",
    "{}",
    "{",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "[" * 5000,
    '{"id": 7, "response": {}}',
    '{"id": "AA", "response": []}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}',
    '{"id": "ä", "rawId": "AA", "type": "public-key", "response": {"userHandle": 7}}',
    '{"id": "A", "rawId": "A", "type": "other", "response": {"clientDataJSON": 1}}',
]


@pytest.mark.parametrize("answer", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_refused(key: Authenticator, reader: Reader, answer: str) -> None:
    reader.open(SIGN_IN)
    assert post(reader, SIGN_IN, answer=answer).status == 422


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature", "attestationObject"])
def test_broken_parts_are_refused(key: Authenticator, reader: Reader, confirmed: Callable[[str], Reader], part: str) -> None:
    ben = confirmed("ben")
    for broken in (b"", b"\x00", b"\xff" * 40, b"{}", b'{"type":7,"challenge":7,"origin":7}', b"\xa1\x63fmt\x9f", b"\xd8\x1e" * 300):
        if part != "attestationObject":
            assert prove(reader, key, **{part: broken}).status == 422
        if part in ("clientDataJSON", "attestationObject"):
            sent = json.loads(Authenticator().make(options(ben.screen, MAKE)))
            sent["response"][part] = to_text(broken)
            assert post(ben, MAKE, name="x", answer=json.dumps(sent)).status == 422


def test_a_form_without_an_answer_says_what_is_missing(key: Authenticator, reader: Reader, confirmed: Callable[[str], Reader]) -> None:
    reader.open(SIGN_IN)
    assert "needs JavaScript" in post(reader, SIGN_IN).errors
    ben = confirmed("ben")
    assert "needs JavaScript" in post(ben, MAKE, name="x").errors


def test_by_number_passkeys_are_not_offered(confirmed: Callable[[str], Reader], reader: Reader) -> None:
    screen = confirmed("anna").screen
    assert screen.page.all("form", action=MAKE) == []
    assert "by its name and by https" in screen.text
    assert "passkey" not in reader.open("/sign-in").text
    assert "by its name and by https" in reader.open(SIGN_IN).text


@pytest.mark.parametrize(
    ("scheme", "host", "possible"),
    [
        ("https", "talk.example.org", True),
        ("http", "talk.example.org", False),
        ("http", "localhost", True),
        ("https", "localhost", True),
        ("http", "talk.localhost", True),
        ("http", "127.0.0.1", False),
        ("https", "127.0.0.1", False),
        ("https", "::1", False),
    ],
)
def test_where_browsers_make_passkeys(scheme: str, host: str, possible: bool) -> None:
    assert passkeys.is_secure(scheme, host) == possible


def test_what_the_visitor_came_for_is_done_after_a_passkey(key: Authenticator, reader: Reader, article: Callable[..., int]) -> None:
    article("On touch")
    reader.open("/a/on-touch?stand=skepticism")
    reader.send("/a/on-touch/comments", body_md="What I came to say.")
    screen = reader.send(SIGN_IN, "Sign in with a passkey")
    assert "What I came to say." in screen.page.one("p", class_="purpose").text
    form = screen.form(SIGN_IN)
    fields = {name: form.one("input", name=name).attributes["value"] for name in ("next", "errand")}
    screen = post(reader, SIGN_IN, answer=key.prove(options(screen, SIGN_IN)), **fields)
    assert is_in(screen)
    assert "What I came to say." in screen.text


def test_passkeys_are_tried_as_often_as_passwords(key: Authenticator, reader: Reader) -> None:
    known = reader.client.application.extensions
    known[SETTINGS] = msgspec.structs.replace(known[SETTINGS], rate_limits="on", sign_in_address_rate="2/5m")
    reader.open(SIGN_IN)
    assert [post(reader, SIGN_IN, answer="{}").status for _ in range(3)] == [422, 422, 429]
    assert "too fast" in reader.screen.errors
