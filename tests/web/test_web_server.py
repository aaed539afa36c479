"""Between the server and the application: what a process starts with, bodies that were cut short, and addresses of a site that are none."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from forum.app import create_app
from forum.server import Body, Traffic, answering
from forum.settings import SettingsError, load_settings
from tests.conftest import test_settings

FORM = "application/x-www-form-urlencoded"
WARMED = """
import gc
from forum import server

server._warm()
frozen = gc.get_freeze_count()
print(frozen, len(gc.get_objects()))
"""


class Protocol:
    """The engine's side of an answer, which keeps what it is given."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, dict(headers), body


def scope(method: str, path: str, body: bytes = b"", **headers: str) -> dict[str, Any]:
    """Return a request as the engine describes it."""
    fixed = {
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "x.example",
    }
    return (
        fixed
        | {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body)}
        | headers
    )


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"login": "anna"', {"CONTENT_LENGTH": "40"}),
        (b"", {"CONTENT_LENGTH": "40"}),
        (b'{"login": "anna"', {"HTTP_TRANSFER_ENCODING": "chunked"}),
    ],
)
def test_a_body_that_was_cut_short_is_the_callers_fault(tmp_path: Path, body: bytes, headers: dict[str, str]) -> None:
    protocol = Protocol()
    answering(create_app(test_settings(tmp_path)), Traffic())(
        protocol, scope("POST", "/api/v1/session", body, CONTENT_TYPE="application/json", **headers)
    )
    assert protocol.status == 400
    assert b'"/problems/malformed"' in protocol.body


@pytest.mark.parametrize("headers", [{"CONTENT_LENGTH": "30"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_half_a_form_is_no_form(tmp_path: Path, headers: dict[str, str]) -> None:
    protocol = Protocol()
    answering(create_app(test_settings(tmp_path)), Traffic())(
        protocol, scope("POST", "/sign-in", b"login=anna&passw", CONTENT_TYPE=FORM, **headers)
    )
    assert protocol.status == 400


def test_a_whole_body_is_read_in_pieces_or_at_once() -> None:
    environ = {"CONTENT_LENGTH": "6"}
    assert Body(io.BytesIO(b"abcdef"), environ).read() == b"abcdef"
    pieces = Body(io.BytesIO(b"abcdef"), environ)
    assert [pieces.read(4), pieces.read(4), pieces.read(4)] == [b"abcd", b"ef", b""]


def test_the_application_is_not_told_the_processs_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORUM_SECRET_KEY", "not for anybody")
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        seen.update(environ)
        start("204 No Content", [])
        return []

    answering(application, Traffic())(Protocol(), scope("GET", "/"))
    assert "FORUM_SECRET_KEY" not in seen
    assert seen["PATH_INFO"] == "/"


@pytest.mark.parametrize("address", ["http://[::1", "http://x:99999", "http://x:0", "http://x:y", "ftp://x", "http://", "x.example", "https://x.example/forum",
                                     "https://x.example?a", "https://user:secret@x.example", ""])  # fmt: skip
def test_a_public_address_that_is_none_is_one_sentence(address: str) -> None:
    with pytest.raises(SettingsError, match="FORUM_BASE_URL must be an address") as caught:
        load_settings({"FORUM_BASE_URL": address})
    assert "secret" not in str(caught.value)


def test_what_a_process_starts_with_is_not_looked_through_for_garbage_again() -> None:
    frozen, looked_through = map(
        int, subprocess.run([sys.executable, "-c", WARMED], capture_output=True, text=True, check=True).stdout.split()
    )
    assert frozen > 50_000
    assert looked_through < frozen / 10
