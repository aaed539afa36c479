"""Tokens of host sites: good ones sign in, whatever breaks a rule is refused by its name and leaves everything as it was."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from flask import Flask

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.models import Account
from forum.accounts.queries import find_account, roles_of
from forum.articles.queries import get_site
from forum.clock import now
from forum.db.transaction import reading, writing
from forum.sso.keys import add_key, edit_sso, revoke_key
from forum.sso.models import Algorithm
from forum.sso.queries import list_identities, list_keys
from tests.conftest import ApiClient, Person, Reply
from tests.sso.host import ISSUER, Host, make_other_site, write

pytestmark = pytest.mark.postgresql_slow

Make = Callable[[Host], str]
LATER = 2**31


def sign_in(client: ApiClient, token: str, **more: Any) -> Reply:
    """Send a token."""
    return client.post("/session/sso", {"token": token} | more)


def payload(host: Host, **instead: Any) -> str:
    return json.dumps(host.claims(**instead))


@pytest.mark.parametrize("alg", ["HS256", "EdDSA"])
def test_the_first_visit_makes_an_account_and_the_next_finds_it(app: Flask, host: Host, alg: str) -> None:
    first, second = ApiClient(app.test_client()), ApiClient(app.test_client())
    answer = sign_in(first, host.token(alg))
    assert answer.status_code == 200, answer.text
    shown = answer.json["account"]
    assert (shown["handle"], shown["display_name"], shown["email"], shown["role"]) == ("anna", "Anna Lind", "anna@host.example", "member")
    assert shown["email_confirmed"] is True
    first.csrf = answer.json["csrf_token"]
    assert first.get("/me").json["handle"] == "anna"
    again = sign_in(second, host.token(alg, user={"name": "Somebody Else", "email": "else@host.example", "handle": "root"}))
    assert (again.json["account"]["handle"], again.json["account"]["email"]) == ("anna", "anna@host.example")
    with reading() as session:
        account = find_account(session, "anna")
        assert account is not None
        assert account.password_hash is None
        assert [(row.issuer, row.subject) for row in list_identities(session, account.id)] == [(ISSUER, "42")]
        used = {key.kid: key.last_used_at for key in list_keys(session, DEFAULT_SITE_ID)}
        assert [kid for kid, moment in used.items() if moment] == ["shared" if alg == "HS256" else "public"]


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["AUDIENCE"]},
        {"nbf": 0},
        {"sub": "x" * 255, "jti": "y" * 255},
        {"locale": "de", "auth_time": 1},
        {"user": {"name": "A", "email": "A@Host.Example", "email_verified": True}},
    ],
)
def test_what_a_token_may_be(host: Host, visitor: ApiClient, changed: dict[str, Any]) -> None:
    given = json.loads(json.dumps(changed).replace("AUDIENCE", host.audience))
    answer = sign_in(visitor, host.token(**given))
    assert answer.status_code == 200, answer.text


def _claim(name: str, value: Any) -> Make:
    return lambda host: host.token(**{name: value})


def _member(name: str) -> Make:
    return lambda host: host.token(user={name: True})


INVALID: dict[str, tuple[str, Make]] = {
    "alg none": ("wrong-algorithm", lambda host: host.token(header={"alg": "none"})),
    "alg None": ("wrong-algorithm", lambda host: host.token(header={"alg": "None"})),
    "alg NONE": ("wrong-algorithm", lambda host: host.token(header={"alg": "NONE"})),
    "alg nOnE": ("wrong-algorithm", lambda host: host.token(header={"alg": "nOnE"})),
    "alg empty": ("wrong-algorithm", lambda host: host.token(header={"alg": ""})),
    "alg null": ("wrong-algorithm", lambda host: host.token(header={"alg": None})),
    "alg a list": ("wrong-algorithm", lambda host: host.token(header={"alg": ["HS256"]})),
    "alg hs256": ("wrong-algorithm", lambda host: host.token(header={"alg": "hs256"})),
    "alg HS256 with a blank": ("wrong-algorithm", lambda host: host.token(header={"alg": "HS256 "})),
    "alg HS384": ("wrong-algorithm", lambda host: host.token(header={"alg": "HS384"})),
    "alg RS256": ("wrong-algorithm", lambda host: host.token(header={"alg": "RS256"})),
    "alg in look-alikes": ("wrong-algorithm", lambda host: host.token(header={"alg": "НS256"})),
    "no signature, alg none": (
        "malformed",
        lambda host: f"{write(json.dumps({'alg': 'none', 'kid': 'shared'}))}.{write(payload(host))}.",
    ),
    "no signature": ("malformed", lambda host: host.token().rpartition(".")[0]),
    "an empty signature": ("malformed", lambda host: host.token().rpartition(".")[0] + "."),
    "the public key as a secret": (
        "wrong-algorithm",
        lambda host: host.sign(json.dumps({"alg": "HS256", "kid": "public"}), payload(host), secret=host.public),
    ),
    "the public PEM as a secret": (
        "wrong-algorithm",
        lambda host: host.sign(json.dumps({"alg": "HS256", "kid": "public"}), payload(host), secret=host.pem.encode()),
    ),
    "the public key as a secret, and alg as it should be": (
        "bad-signature",
        lambda host: host.sign(json.dumps({"alg": "EdDSA", "kid": "public"}), payload(host), secret=host.public),
    ),
    "EdDSA under the secret's name": (
        "wrong-algorithm",
        lambda host: host.sign(json.dumps({"alg": "EdDSA", "kid": "shared"}), payload(host), "EdDSA"),
    ),
    "an empty secret": ("bad-signature", lambda host: host.sign(json.dumps({"alg": "HS256", "kid": "shared"}), payload(host), secret=b"")),
    "another secret": ("bad-signature", lambda host: Host(secret=secrets.token_urlsafe(32), audience=host.audience).token()),
    "another private key": ("bad-signature", lambda host: Host(audience=host.audience).token("EdDSA")),
    "claims changed after signing": ("bad-signature", lambda host: _swap(host.token(), payload(host, sub="1"))),
    "a bit of the signature changed": ("bad-signature", lambda host: _flip(host.token())),
    "a second spelling of the signature": ("malformed", lambda host: _respell(host.token())),
    "no kid": ("unknown-key", lambda host: host.token(header={"kid": None})),
    "kid unknown": ("unknown-key", lambda host: host.token(header={"kid": "other"})),
    "kid empty": ("unknown-key", lambda host: host.token(header={"kid": ""})),
    "kid in other letters": ("unknown-key", lambda host: host.token(header={"kid": "Shared"})),
    "kid a number": ("unknown-key", lambda host: host.token(header={"kid": 1})),
    "kid with NUL": ("unknown-key", lambda host: host.token(header={"kid": "shared\0"})),
    "kid of SQL": ("unknown-key", lambda host: host.token(header={"kid": "' OR 1=1 --"})),
    "kid of another site": ("unknown-key", lambda host: host.token("EdDSA", header={"kid": "foreign"})),
    "crit": ("bad-header", lambda host: host.token(header={"crit": ["exp"], "exp": 1})),
    "jku": ("bad-header", lambda host: host.token(header={"jku": "https://evil.example/jwks"})),
    "x5u": ("bad-header", lambda host: host.token(header={"x5u": "https://evil.example/cert"})),
    "jwk": ("bad-header", lambda host: host.token("EdDSA", header={"jwk": host.jwk})),
    "b64": ("bad-header", lambda host: host.token(header={"b64": False})),
    "typ of another kind": ("bad-header", lambda host: host.token(header={"typ": "at+jwt"})),
    "a name twice in the header": (
        "malformed",
        lambda host: host.sign('{"alg":"none","alg":"HS256","kid":"shared"}', payload(host)),
    ),
    "a name twice in the claims": ("malformed", lambda host: _good(host, payload(host).replace('"sub"', '"sub": "1", "sub"'))),
    "a name twice in the user": (
        "malformed",
        lambda host: _good(host, payload(host).replace('"email"', '"email": "x@y.example", "email"')),
    ),
    "exp NaN": ("malformed", lambda host: _good(host, payload(host, exp=LATER).replace(str(LATER), "NaN"))),
    "exp infinite": ("malformed", lambda host: _good(host, payload(host, exp=LATER).replace(str(LATER), "Infinity"))),
    "exp 1e999": ("bad-claim", lambda host: _good(host, payload(host, exp=LATER).replace(str(LATER), "1e999"))),
    "exp a text": ("bad-claim", lambda host: host.token(exp=str(host.claims()["exp"]))),
    "exp with a fraction": ("bad-claim", lambda host: host.token(exp=host.claims()["exp"] + 0.5)),
    "exp true": ("bad-claim", lambda host: host.token(exp=True)),
    "exp of 3,000 digits": ("bad-claim", lambda host: _good(host, payload(host, exp=LATER).replace(str(LATER), "9" * 2000))),
    "iat below zero": ("bad-claim", lambda host: host.token(iat=-1)),
    "nested deep": ("malformed", lambda host: _good(host, "[" * 2500)),
    "claims nested deep": ("malformed", lambda host: _good(host, '{"user":' * 300 + "[" * 300)),
    "claims a list": ("malformed", lambda host: _good(host, "[]")),
    "claims a text": ("malformed", lambda host: _good(host, '"anna"')),
    "claims not UTF-8": ("malformed", lambda host: _raw(host, b'{"iss": "\xff"}')),
    "claims with half a surrogate pair": ("bad-claim", lambda host: _good(host, payload(host).replace('"42"', '"\\ud800"'))),
    "sub with NUL": ("bad-claim", lambda host: host.token(sub="42\0")),
    "sub empty": ("bad-claim", lambda host: host.token(sub="")),
    "sub a number": ("bad-claim", lambda host: host.token(sub=42)),
    "sub too long": ("bad-claim", lambda host: host.token(sub="x" * 256)),
    "jti empty": ("bad-claim", lambda host: host.token(jti="")),
    "jti a list": ("bad-claim", lambda host: host.token(jti=["a"])),
    "five parts": ("malformed", lambda host: host.token() + ".e30.e30"),
    "two parts": ("malformed", lambda host: "e30.e30"),
    "no token": ("malformed", lambda host: ""),
    "padding": ("malformed", lambda host: host.token().replace(".", "=.", 1)),
    "a line break at the end": ("malformed", lambda host: host.token() + "\n"),
    "letters of another script": ("malformed", lambda host: host.token().replace("e", "е", 1)),
    "more than 4 kB": ("too-large", lambda host: host.token(more="x" * 4000)),
    "another audience": ("wrong-audience", lambda host: host.token(aud="https://elsewhere.example")),
    "another audience beside ours": ("wrong-audience", lambda host: host.token(aud=[host.audience, "https://elsewhere.example"])),
    "our audience with a slash": ("wrong-audience", lambda host: host.token(aud=host.audience + "/")),
    "an empty list as audience": ("wrong-audience", lambda host: host.token(aud=[])),
    "our audience in an object": ("wrong-audience", lambda host: host.token(aud={"0": host.audience})),
    "another issuer": ("wrong-issuer", lambda host: host.token(iss="https://elsewhere.example")),
    "the issuer with a slash": ("wrong-issuer", lambda host: host.token(iss=f"{ISSUER}/")),
    "the issuer in a list": ("wrong-issuer", lambda host: host.token(iss=[ISSUER])),
    "an empty issuer": ("wrong-issuer", lambda host: host.token(iss="")),
    **{f"no {name}": ("missing-claim", _claim(name, None)) for name in ("iss", "aud", "sub", "iat", "exp")},
    "no jti": ("missing-claim", lambda host: host.token(jti=None)),
    "no user": ("missing-claim", lambda host: _good(host, payload(host, user=None))),
    "good for eleven minutes": ("too-long-lived", lambda host: host.token(exp=host.claims()["iat"] + 601)),
    "good for ever": ("too-long-lived", lambda host: host.token(exp=2**39)),
    "good before it was made": ("too-long-lived", lambda host: host.token(exp=host.claims()["iat"] - 10)),
    "made in two minutes": (
        "from-the-future",
        lambda host: host.token(iat=host.claims()["iat"] + 120, exp=host.claims()["iat"] + 300),
    ),
    "good from in two minutes on": ("from-the-future", lambda host: host.token(nbf=host.claims()["iat"] + 120)),
    **{
        f"the claim {name}": ("role-claim", _claim(name, "admin"))
        for name in (
            "role",
            "roles",
            "admin",
            "moderator",
            "groups",
            "scope",
            "permissions",
            "Role",
            "is_admin",
            "https://host.example/roles",
        )
    },
    **{
        f"the user's {name}": ("role-claim", _member(name))
        for name in ("role", "roles", "admin", "moderator", "groups", "scope", "permissions", "isModerator", "ROLES")
    },
    "an unknown member of user": ("unknown-member", lambda host: host.token(user={"phone": "1"})),
    "user a list": ("bad-claim", lambda host: _good(host, payload(host, user=[1]))),
    "no name": ("bad-name", lambda host: host.token(user={"name": None})),
    "a name too long": ("bad-name", lambda host: host.token(user={"name": "x" * 81})),
    "a name in two lines": ("bad-name", lambda host: host.token(user={"name": "Anna\nLind"})),
    "a name that turns writing around": ("bad-name", lambda host: host.token(user={"name": "Anna\u202elind"})),
    "a name of nothing": ("bad-name", lambda host: host.token(user={"name": "\u200b"})),
    "no address": ("bad-email", lambda host: host.token(user={"email": None})),
    "an address that is none": ("bad-email", lambda host: host.token(user={"email": "anna"})),
    "two addresses": ("bad-email", lambda host: host.token(user={"email": "a@b.example,c@d.example"})),
    "an address with a line break": ("bad-email", lambda host: host.token(user={"email": "a@b.example\nBcc: c@d.example"})),
    "a handle too long": ("bad-handle", lambda host: host.token(user={"handle": "x" * 81})),
    "a handle that is no text": ("bad-handle", lambda host: host.token(user={"handle": 7})),
}


def _good(host: Host, claims: str) -> str:
    return host.sign(json.dumps({"alg": "HS256", "kid": "shared"}), claims)


def _raw(host: Host, claims: bytes) -> str:
    return host.sign(json.dumps({"alg": "HS256", "kid": "shared"}), claims)  # type: ignore[arg-type]


def _swap(token: str, claims: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{write(claims)}.{signature}"


def _flip(token: str) -> str:
    head, _, signature = token.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def _respell(token: str) -> str:
    # The last letter of 32 bytes in base64 has two bits that say nothing.
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + letters[letters.index(token[-1]) ^ 1]


@pytest.mark.parametrize("name", INVALID)
def test_a_token_that_breaks_a_rule_changes_nothing(host: Host, visitor: ApiClient, kept: Callable[[], Any], name: str) -> None:
    code, make = INVALID[name]
    make_other_site(host)
    with writing() as session:
        session.add(Account(handle="anna", email="anna@talk.example", display_name="Anna", created_at=now()))
    before = kept()
    answer = sign_in(visitor, make(host))
    assert (answer.status_code, answer.json["type"]) == (401, "/problems/sso-token-invalid"), answer.text
    assert answer.json["errors"][0]["code"] == code
    assert kept() == before
    assert visitor.get("/session").json["account"] is None


@pytest.mark.parametrize("verified", [False, None, "true", 1, "yes", [True]])
def test_an_address_that_the_host_has_not_confirmed_is_refused(
    host: Host, visitor: ApiClient, kept: Callable[[], Any], verified: Any
) -> None:
    before = kept()
    answer = sign_in(visitor, host.token(user={"email_verified": verified}))
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/address-unconfirmed")
    assert kept() == before


def test_a_token_is_good_until_a_minute_after_its_end(
    app: Flask, host: Host, kept: Callable[[], Any], clock: time_machine.Traveller
) -> None:
    first, second = host.token(), host.token()
    clock.shift(359)
    assert sign_in(ApiClient(app.test_client()), first).status_code == 200
    clock.shift(1)
    before = kept()
    answer = sign_in(ApiClient(app.test_client()), second)
    assert (answer.status_code, answer.json["type"]) == (401, "/problems/sso-token-expired")
    assert kept() == before


def test_a_host_whose_clock_is_a_minute_ahead_or_behind_is_understood(app: Flask, host: Host, clock: time_machine.Traveller) -> None:
    moment = int(now().timestamp())
    for issued in (moment - 360 + 1, moment + 59):
        answer = sign_in(ApiClient(app.test_client()), host.token(iat=issued, exp=issued + 300))
        assert answer.status_code == 200, answer.text


def test_a_used_token_is_refused_as_long_as_it_could_be_good_and_forgotten_then(
    app: Flask, host: Host, kept: Callable[[], Any], clock: time_machine.Traveller
) -> None:
    token = host.token()
    assert sign_in(ApiClient(app.test_client()), token).status_code == 200
    before = kept()
    for _ in range(5):
        answer = sign_in(ApiClient(app.test_client()), token)
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/sso-token-replayed")
        clock.shift(70)
    assert kept() == before
    clock.shift(7200)
    assert sign_in(ApiClient(app.test_client()), host.token()).status_code == 200
    assert len(kept()[3]) == 1


def test_the_same_jti_signed_anew_is_the_same_token(app: Flask, host: Host) -> None:
    assert sign_in(ApiClient(app.test_client()), host.token(jti="once")).status_code == 200
    assert sign_in(ApiClient(app.test_client()), host.token("EdDSA", jti="once", sub="43")).status_code == 409


def test_a_refused_token_is_not_used_up(app: Flask, host: Host, person: Callable[..., Person]) -> None:
    person("anna")
    token = host.token(user={"email": "anna@example.org"})
    for _ in range(2):
        assert sign_in(ApiClient(app.test_client()), token).json["type"] == "/problems/link-required"


def test_without_a_key_or_an_issuer_no_token_is_taken(app: Flask, host: Host, visitor: ApiClient, kept: Callable[[], Any]) -> None:
    before = kept()
    with writing() as session:
        edit_sso(session, get_site(session, DEFAULT_SITE_ID), issuer="", address="")
    assert sign_in(visitor, host.token()).json["errors"][0]["code"] == "wrong-issuer"
    assert sign_in(visitor, host.token(iss="")).json["errors"][0]["code"] == "wrong-issuer"
    with writing() as session:
        site = get_site(session, DEFAULT_SITE_ID)
        edit_sso(session, site, issuer=ISSUER, address="")
        for key in list_keys(session, site.id):
            revoke_key(session, site, key.id)
    assert sign_in(visitor, host.token()).json["errors"][0]["code"] == "unknown-key"
    assert kept() == before


def test_a_revoked_key_signs_nobody_in_though_its_name_is_given_anew(host: Host, visitor: ApiClient) -> None:
    old = host.token()
    with writing() as session:
        site = get_site(session, DEFAULT_SITE_ID)
        revoke_key(session, site, next(key.id for key in list_keys(session, site.id) if key.kid == "shared"))
        add_key(session, site, algorithm=Algorithm.HS256, kid="shared", public_key="")
    assert sign_in(visitor, old).json["errors"][0]["code"] == "bad-signature"


def test_an_account_from_elsewhere_has_no_role(host: Host, visitor: ApiClient) -> None:
    assert sign_in(visitor, host.token(user={"handle": "admin", "name": "Moderator"})).status_code == 200
    with reading() as session:
        account = session.get_one(Account, 1)
        assert account.handle == "member"
        assert roles_of(session, account.id) == {}
