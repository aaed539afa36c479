"""What the widget weighs, and how long it may be kept: asserted, so that it stays light."""

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask

STATIC = Path(__file__).parents[2] / "forum" / "static"
# Bytes, gzipped.
MOST = {"/embed.js": 2000, "/embed/counts.js": 600}
FRAME_SCRIPTS = ("forum.js", "frame.js")


def packed(data: bytes) -> int:
    return len(gzip.compress(data, 9))


@pytest.mark.parametrize("path", MOST)
def test_a_script_for_host_pages_is_light_and_can_be_kept(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    assert packed(answer.data) <= MOST[path]
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.headers.getlist("Set-Cookie") == []
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    again = app.test_client().get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_scripts_of_a_framed_page_stay_light() -> None:
    assert sum(packed((STATIC / name).read_bytes()) for name in FRAME_SCRIPTS) <= 8000


@pytest.mark.parametrize("name", ["embed.js", "counts.js", "frame.js", "window.js"])
def test_no_script_names_another_host(name: str) -> None:
    assert re.findall(r"https?://", (STATIC / name).read_text(encoding="utf-8")) == []


def test_the_scripts_are_there_while_the_database_is_not(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from forum.db import transaction

    def away() -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(transaction, "db", away)
    for path in MOST:
        assert app.test_client().get(path).status_code == 200
