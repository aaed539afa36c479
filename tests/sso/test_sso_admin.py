"""What a site's admins set about its host's tokens: secrets shown once, public keys alone, nothing of a key in a log line."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from flask import Flask
from structlog.testing import capture_logs

from forum.access.viewer import Role
from forum.articles.models import Site
from forum.articles.queries import get_site
from forum.clock import now
from forum.db.transaction import writing
from forum.refusals import Refusal
from forum.sso import extra
from forum.sso.keys import edit_sso
from tests.conftest import ApiClient, Person
from tests.journeys.reader import Reader
from tests.sso.host import ISSUER, Host, write

pytestmark = pytest.mark.postgresql_slow


@pytest.fixture
def admin(person: Callable[..., Person]) -> Person:
    return person("ada", Role.ADMIN)


def test_an_admin_sets_a_host_up_on_the_page(app: Flask, admin: Person) -> None:
    reader = Reader(admin.client.client)
    page = reader.open("/admin/sso")
    assert "There is no key yet" in page.text
    with capture_logs() as lines:
        reader.send("/admin/sso/host", issuer=ISSUER, address="https://host.example/sign-in")
        page = reader.send("/admin/sso/keys", algorithm="HS256", kid="main", public_key="")
    secret = re.search(r"[\w-]{43}", page.text)
    assert secret is not None
    assert "shown this once" in page.text
    assert secret[0] not in str(lines)
    assert {"host sign-in changed", "host key added"} <= {line["event"] for line in lines}
    assert secret[0] not in reader.open("/admin/sso").text
    host = Host(secret=secret[0], audience="http://127.0.0.1:8000")
    answer = ApiClient(app.test_client()).post("/session/sso", {"token": host.token(header={"kid": "main"})})
    assert answer.status_code == 200
    page = reader.open("/admin/sso")
    assert "last used" in page.text
    revoke = next(form.attributes["action"] for form in page.page.all("form") if form.attributes["action"].endswith("/revoke"))
    assert "good no more" in reader.send(revoke).text
    assert ApiClient(app.test_client()).post("/session/sso", {"token": host.token(header={"kid": "main"})}).status_code == 401


def test_the_same_over_the_api(admin: Person) -> None:
    client, host = admin.client, Host()
    assert client.put("/admin/site/sso", {"issuer": ISSUER, "address": ""}).json["audience"] == "http://127.0.0.1:8000"
    made = client.post("/admin/site/keys", {"algorithm": "HS256"})
    assert made.status_code == 201
    assert len(made.json["secret"]) == 43
    public = client.post("/admin/site/keys", {"algorithm": "EdDSA", "kid": "ed", "public_key": json.dumps(host.jwk)})
    assert public.json["secret"] is None
    listed = client.get("/admin/site/keys")
    assert [key["algorithm"] for key in listed.json["items"]] == ["EdDSA", "HS256"]
    assert made.json["secret"] not in listed.text
    assert client.post("/admin/site/keys", {"algorithm": "HS256", "kid": "ed"}).status_code == 409
    assert client.delete(f"/admin/site/keys/{public.json['id']}").status_code == 204
    assert client.delete(f"/admin/site/keys/{public.json['id']}").status_code == 404
    assert client.get("/admin/site/sso").json["issuer"] == ISSUER


def _pem(key: object) -> str:
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return pem.decode()


PRIVATE = Ed25519PrivateKey.generate()
PRIVATE_PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = write(PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
JWK = {"kty": "OKP", "crv": "Ed25519", "x": PUBLIC}


@pytest.mark.parametrize(
    "key",
    [json.dumps(JWK), json.dumps({**JWK, "kid": "own", "use": "sig", "alg": "EdDSA"}), _pem(PRIVATE)],
    ids=("jwk", "jwk-named", "pem"),
)
def test_a_public_key_is_taken_as_jwk_or_pem(admin: Person, key: str) -> None:
    made = admin.client.post("/admin/site/keys", {"algorithm": "EdDSA", "public_key": f"\n{key}\n"})
    assert made.status_code == 201, made.text
    assert (made.json["kid"] == "own") is ('"own"' in key)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (PRIVATE_PEM, "private"),
        (json.dumps({**JWK, "d": PUBLIC}), "private"),
        ("", "invalid"),
        ("{}", "invalid"),
        ('{"kty": "OKP", "kty": "OKP"}', "invalid"),
        (json.dumps({**JWK, "x": "AAAA"}), "invalid"),
        (json.dumps({**JWK, "crv": "X25519"}), "invalid"),
        (json.dumps({**JWK, "kid": 7}), "invalid"),
        (json.dumps({"kty": "oct", "k": PUBLIC}), "invalid"),
        (_pem(ed448.Ed448PrivateKey.generate()), "invalid"),
        (_pem(x25519.X25519PrivateKey.generate()), "invalid"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "invalid"),
        (_pem(rsa.generate_private_key(65537, 2048)), "invalid"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "invalid"),
    ],
    # The keys are new in every process; the workers of a run must agree on what the tests are called.
    ids=lambda value: "",
)
def test_whatever_is_no_public_key_of_ed25519_is_refused(admin: Person, key: str, code: str) -> None:
    answer = admin.client.post("/admin/site/keys", {"algorithm": "EdDSA", "public_key": key})
    assert answer.status_code == 422, answer.text
    assert [(error["pointer"], error["code"]) for error in answer.json["errors"]] == [("/public_key", code)]


def test_a_private_key_that_was_pasted_is_not_sent_back(admin: Person) -> None:
    reader = Reader(admin.client.client)
    reader.open("/admin/sso")
    page = reader.send("/admin/sso/keys", algorithm="EdDSA", kid="a", public_key=PRIVATE_PEM)
    assert "This is a private key" in page.text
    assert "PRIVATE" not in page.text


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"issuer": "a\nb"}, "/issuer"),
        ({"issuer": "x" * 256}, "/issuer"),
        ({"issuer": "", "address": "https://host.example/"}, "/issuer"),
        ({"issuer": "https://taken.example"}, "/issuer"),
        ({"issuer": ISSUER, "address": "http://host.example/"}, "/address"),
        ({"issuer": ISSUER, "address": "javascript:alert(1)"}, "/address"),
        ({"issuer": ISSUER, "address": "https://user@host.example/"}, "/address"),
        ({"issuer": ISSUER, "address": "https://host.example/#x"}, "/address"),
        ({"issuer": ISSUER, "address": "https://host.example:x/"}, "/address"),
        ({"issuer": ISSUER, "address": "//host.example/"}, "/address"),
    ],
)
def test_what_cannot_be_an_issuer_or_a_sign_in_page(admin: Person, sent: dict[str, str], pointer: str) -> None:
    with writing() as session:
        session.add(Site(id=2, slug="other", created_at=now(), sso_issuer="https://taken.example"))
    answer = admin.client.put("/admin/site/sso", sent)
    assert (answer.status_code, [error["pointer"] for error in answer.json["errors"]]) == (422, [pointer])


def test_no_site_speaks_for_the_provider(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app(oidc_issuer="https://login.example", oidc_client_id="forum")
    with app.app_context(), pytest.raises(Refusal), writing() as session:
        edit_sso(session, get_site(session, 1), issuer="https://login.example", address="")


def test_a_site_has_ten_keys_at_most(admin: Person) -> None:
    for _ in range(10):
        assert admin.client.post("/admin/site/keys", {"algorithm": "HS256"}).status_code == 201
    assert admin.client.post("/admin/site/keys", {"algorithm": "HS256"}).status_code == 422


@pytest.mark.parametrize("kid", ["a b", "ä", "x" * 65, "a/b", "a\0b"])
def test_a_keys_name_is_plain(admin: Person, kid: str) -> None:
    assert admin.client.post("/admin/site/keys", {"algorithm": "HS256", "kid": kid}).status_code in (400, 422)


def test_without_the_extra_no_key_is_taken_and_no_token(admin: Person, host: Host, monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    monkeypatch.setattr(extra, "LIBRARIES", ("no_such_library",))
    answer = admin.client.post("/admin/site/keys", {"algorithm": "HS256"})
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/unavailable")
    assert "pip install" in answer.json["detail"]
    assert ApiClient(app.test_client()).post("/session/sso", {"token": host.token()}).status_code == 503
    assert "pip install" in Reader(admin.client.client).open("/admin/sso").text
