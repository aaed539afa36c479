"""Other sites' scripts and the API: those of allowed origins may read it, never with cookies; all others get nothing."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.conftest import Person
from tests.embed.framed import HOST, allow

pytestmark = pytest.mark.postgresql_slow

ASKED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}
STRANGERS = (
    "https://evil.example",
    "https://host.example.evil.example",
    "http://host.example",
    "https://host.example:444",
    "null",
    "*",
    "https://HOST.example",
)


def allowed(answer: object) -> dict[str, str]:
    headers = answer.headers  # type: ignore[attr-defined]
    return {name: value for name, value in headers.items() if name.startswith("Access-Control-")}


def test_an_allowed_origin_may_read(app: Flask, article: Callable[..., int]) -> None:
    allow()
    answer = app.test_client().get(f"/api/v1/articles/{article()}", headers={"Origin": HOST})
    assert answer.status_code == 200
    assert allowed(answer)["Access-Control-Allow-Origin"] == HOST
    assert "ETag" in allowed(answer)["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", STRANGERS)
def test_no_other_origin_may(app: Flask, article: Callable[..., int], origin: str) -> None:
    allow()
    path = f"/api/v1/articles/{article()}"
    answer = app.test_client().get(path, headers={"Origin": origin})
    assert (answer.status_code, allowed(answer)) == (200, {})
    assert "Origin" in answer.headers["Vary"], "a cache must not hand an allowed origin's answer to another"
    asked = app.test_client().options(f"{path}/comments", headers={"Origin": origin, **ASKED})
    assert (asked.status_code, allowed(asked)) == (204, {})


def test_a_script_asks_before_it_writes(app: Flask, article: Callable[..., int]) -> None:
    allow()
    answer = app.test_client().options(f"/api/v1/articles/{article()}/comments", headers={"Origin": HOST, **ASKED})
    assert (answer.status_code, answer.get_data()) == (204, b"")
    found = allowed(answer)
    assert found["Access-Control-Allow-Origin"] == HOST
    assert {"POST", "PUT", "PATCH", "DELETE"} <= set(found["Access-Control-Allow-Methods"].split(", "))
    assert {"Authorization", "Content-Type", "Idempotency-Key", "If-Match"} <= set(found["Access-Control-Allow-Headers"].split(", "))
    assert "Access-Control-Allow-Credentials" not in found


def test_a_refusal_can_be_read_as_well(app: Flask) -> None:
    allow()
    answer = app.test_client().get("/api/v1/articles/999", headers={"Origin": HOST})
    assert (answer.status_code, answer.get_json()["type"]) == (404, "/problems/not-found")
    assert allowed(answer)["Access-Control-Allow-Origin"] == HOST


def test_a_cookie_does_nothing_without_the_token_that_scripts_of_others_cannot_read(
    person: Callable[..., Person], article: Callable[..., int]
) -> None:
    allow()
    anna = person("anna")
    answer = anna.client.client.post(f"/api/v1/articles/{article()}/comments", json={"body_md": "x"}, headers={"Origin": HOST})
    assert (answer.status_code, answer.get_json()["type"]) == (403, "/problems/csrf")


def test_pages_are_read_by_no_script_of_another_site(app: Flask) -> None:
    allow()
    for path in ("/", "/sign-in", "/embed.js"):
        assert "Access-Control-Allow-Origin" not in app.test_client().get(path, headers={"Origin": HOST}).headers


def test_what_is_forbidden_again_is_so_at_once(person: Callable[..., Person], app: Flask) -> None:
    from forum.access.viewer import Role

    admin = person("root", Role.ADMIN).client
    made = admin.post("/admin/site/origins", {"origin": HOST})
    ask = {"Origin": HOST}
    assert "Access-Control-Allow-Origin" in app.test_client().get("/api/v1/articles", headers=ask).headers
    assert admin.delete(f"/admin/site/origins/{made.json['id']}").status_code == 204
    assert "Access-Control-Allow-Origin" not in app.test_client().get("/api/v1/articles", headers=ask).headers
