"""Malformed input at one door of each kind: bodies, queries, addresses, methods; whatever is sent, the answer is a problem and never a failure."""

import gzip
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from forum.access.permissions import Scope
from tests.conftest import ApiClient, Reply
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

JSON = "application/json"
BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "no JSON": (b"body_md=x", 400),
    "cut off": (b'{"body_md":"x', 400),
    "two values": (b'{"body_md":"x"}{}', 400),
    "a comment": (b'{"body_md":"x"/**/}', 400),
    "NaN": (b'{"body_md":NaN}', 400),
    "a number out of range": (b'{"body_md":"x","parent_id":1e400}', 400),
    "invalid UTF-8": (b'{"body_md":"\xff"}', 400),
    "a surrogate as bytes": (b'{"body_md":"\xed\xa0\x80"}', 400),
    "half a surrogate pair": (b'{"body_md":"\\ud800"}', 400),
    "the other half": (b'{"body_md":"x\\udc00"}', 400),
    "NUL": (b'{"body_md":"a\\u0000b"}', 400),
    "NUL in a name": (b'{"a\\u0000":1}', 400),
    "a byte order mark": (b'\xef\xbb\xbf{"body_md":"x"}', 400),
    "UTF-16": ('{"body_md":"x"}'.encode("utf-16"), 400),
    "packed": (gzip.compress(b'{"body_md":"x"}'), 400),
    "deep lists": (b"[" * 100_000, 400),
    "deep objects": (b'{"body_md":' * 20_000 + b"1" + b"}" * 20_000, 400),
    "a little too deep": (b'{"body_md":' + b"[" * 40 + b"]" * 40 + b"}", 400),
    "wide": (b'{"body_md":[' + b"[]," * 80_000 + b"[]]}", 422),
    "null": (b"null", 422),
    "a list": (b"[]", 422),
    "a text": (b'"x"', 422),
    "a wrong type": (b'{"body_md":1}', 422),
    "a list for a text": (b'{"body_md":["x"]}', 422),
    "an unknown field": (b'{"body_md":"x","state":"visible"}', 422),
    "an unknown stance": (b'{"body_md":"x","stance":"love"}', 422),
    "a fraction for an id": (b'{"body_md":"x","parent_id":1.5}', 422),
    "a negative id": (b'{"body_md":"x","parent_id":-1}', 422),
    "an id past 63 bits": (b'{"body_md":"x","parent_id":9223372036854775808}', 422),
    "an id of 400 digits": (b'{"body_md":"x","parent_id":' + b"9" * 400 + b"}", 422),
    "a text for an id": (b'{"body_md":"x","parent_id":"1"}', 422),
    "true for an id": (b'{"body_md":"x","parent_id":true}', 422),
    "the largest id": (b'{"body_md":"x","parent_id":9223372036854775807}', 422),
}


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def post(caller: ApiClient, world: World, data: bytes, **named: Any) -> Reply:
    return caller.request("POST", f"/articles/{world.article_id}/comments", data=data, **({"content_type": JSON} | named))


def test_bodies_that_cannot_be_are_refused_with_their_status(world: World) -> None:
    caller = world.enter("writer")
    for name, (data, status) in BODIES.items():
        answer = post(caller, world, data)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), (name, answer.text[:300])
        assert answer.json["type"] == ("/problems/malformed" if status == 400 else "/problems/validation"), name
        assert world.enter("visitor").get(f"/articles/{world.article_id}").json["comment_count"] == 0


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", ";;=\xff", "x" * 5000],
)
def test_only_json_is_read(world: World, kind: str) -> None:
    answer = post(world.enter("writer"), world, b'{"body_md":"x"}', content_type=kind)
    assert (answer.status_code, answer.json["type"]) == (415, "/problems/unsupported-media-type")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x"])
def test_a_packed_body_is_not_unpacked(world: World, coding: str) -> None:
    answer = post(world.enter("writer"), world, gzip.compress(b"0" * 10_000_000), headers={"Content-Encoding": coding})
    assert answer.status_code == 415


def test_the_largest_body_is_read_and_one_byte_more_is_not(world: World) -> None:
    caller, most = world.enter("writer"), world.app.config["MAX_CONTENT_LENGTH"]
    body = b'{"body_md":"fits"}'
    assert post(caller, world, body + b" " * (most - len(body))).status_code == 201
    assert post(caller, world, body + b" " * (most - len(body) + 1)).status_code == 413
    # Announced, never sent: refused by the announcement.
    assert post(caller, world, b"", environ_overrides={"CONTENT_LENGTH": "10000000"}).status_code == 413


def test_a_body_in_chunks_ends_at_the_limit(world: World) -> None:
    token = world.token("writer", Scope.COMMENT)
    for size, status in ((100, 201), (600_000, 413)):
        body = b'{"body_md":"' + b"x" * 10 + b'"}' + b" " * size
        builder = EnvironBuilder(
            f"/api/v1/articles/{world.article_id}/comments", method="POST", headers=[("Authorization", f"Bearer {token.token}")]
        )
        builder.content_type, builder.input_stream = JSON, BytesIO(body)
        environ = builder.get_environ()
        environ.pop("CONTENT_LENGTH", None)
        environ["wsgi.input_terminated"] = True
        assert token.client.open(environ).status_code == status


QUERIES = {
    "limit=0": 422,
    "limit=51": 422,
    "limit=-1": 422,
    "limit=x": 422,
    "limit=true": 422,
    "limit=" + "9" * 40: 422,
    "limit=5&limit=6": 422,
    "replies=51": 422,
    "sort=hot": 422,
    "sort=oldest&sort=newest": 422,
    "stance=love": 422,
    "by=nobody": 422,
    "answered=yes": 422,
    "unknown=1": 422,
    "cursor=" + "a" * 1001: 422,
    "cursor=%F0%9F%98%80": 400,
    "cursor=x%00": 400,
    "x=%00": 400,
    "by=me": 401,
    "limit=&sort=&cursor=": 200,
}


def test_queries_that_cannot_be_are_refused_with_their_status(world: World) -> None:
    visitor = world.enter("visitor")
    for query, status in QUERIES.items():
        answer = visitor.get(f"/articles/{world.article_id}/comments?{query}")
        assert answer.status_code == status, (query, answer.text[:300])
        assert answer.mimetype == ("application/json" if status == 200 else "application/problem+json")


def test_a_pointer_names_what_is_wrong(world: World) -> None:
    writer, path = world.enter("writer"), f"/articles/{world.article_id}/comments"
    sent: list[tuple[Any, str, str]] = [
        ({"body_md": "x", "a/b~c": 1}, "/a~1b~0c", "unknown-field"),
        ({}, "/body_md", "required"),
        ({"body_md": 5}, "/body_md", "invalid"),
        ([], "", "invalid"),
        ({"body_md": "x", "parent_id": 77}, "/parent_id", "unknown-parent"),
        ({"body_md": "x" * 10_001}, "/body_md", "too_long"),
    ]
    for body, pointer, code in sent:
        error = writer.post(path, body).json["errors"][0]
        assert (error["pointer"], error["code"]) == (pointer, code)
    made = world.enter("admin").post("/articles", {"title": "x", "authors": ["member", 5]}).json["errors"][0]
    assert made["pointer"] == "/authors/1"


@pytest.mark.parametrize("path", ["/articles/0", "/articles/-1", "/articles/01", "/articles/1.0", "/articles/x", "/articles/9223372036854775808",
                                  "/articles/" + "9" * 300,
                                  "/articles/%D9%A1", "/articles/", "/comments/1/nothing", "", "/", "/people/%ff%fe",
                                  "/people/%ed%a0%80", "/people/a%0d%0ab", "/people/" + "a" * 3000])  # fmt: skip
def test_addresses_that_are_none(world: World, path: str) -> None:
    answer = world.enter("visitor").get(path)
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/not-found")


def test_methods_that_an_address_does_not_have(world: World) -> None:
    visitor = world.enter("visitor")
    for method in ("POST", "PUT", "DELETE", "TRACE", "FOO"):
        answer = visitor.request(method, f"/articles/{world.article_id}")
        assert (answer.status_code, answer.json["type"]) == (405, "/problems/method-not-allowed"), method
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "PATCH"}
    options = visitor.request("OPTIONS", f"/articles/{world.article_id}")
    assert (options.status_code, options.data) == (200, b"")
    assert not [name for name, _ in options.headers if name.startswith("Access-Control")], "no other site's scripts are let in"


@pytest.mark.parametrize("address", ["//problems", "//problems//"])
def test_a_redirect_stays_here_whatever_host_is_named(apps: Callable[[str], Flask], address: str) -> None:
    answer = apps("sqlite").test_client().get(address[1:], headers={"Host": "evil.example"})
    assert answer.status_code in (200, 308)
    assert "evil" not in answer.text
    assert answer.headers.get("Location", "/problems/").startswith("/problems")


@settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_at_all_are_answered(apps: Callable[[str], Flask], data: bytes) -> None:
    client = apps("sqlite").test_client()
    quoted = "".join(f"%{byte:02x}" for byte in data)
    answers = [
        client.post("/api/v1/session", data=data, content_type=JSON),
        client.get(f"/api/v1/people/{quoted}"),
        client.get(f"/api/v1/articles/lookup?url={quoted}"),
        client.get(f"/api/v1/articles?{quoted}"),
        client.get("/api/v1/articles", headers={"Authorization": "Bearer " + "".join(chr(byte) for byte in data if byte > 31)}),
    ]
    assert all(answer.status_code < 500 for answer in answers), [answer.status for answer in answers]
