"""Payloads that ran in browsers, and bleach's own cases, through every way text comes in: nothing outside the allow-list comes out."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bleach
import pytest

from forum.text.render import render, render_article, render_imported
from forum.text.sanitize import sanitize

DATA = Path(__file__).parent.parent / "data"
PAYLOADS: list[dict[str, Any]] = json.loads((DATA / "xss" / "payloads.json").read_text("utf-8"))
BLEACH = sorted((DATA / "bleach").glob("*.test"), key=lambda file: int(file.stem))
Strangers = Callable[..., list[str]]


def test_every_payload_is_there() -> None:
    assert len(PAYLOADS) == 336
    assert sum(payload["live"] for payload in PAYLOADS) == 68


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload["id"])
def test_payload_comes_out_harmless(payload: dict[str, Any], strangers: Strangers) -> None:
    text = payload["payload"]
    assert strangers(render(text).html) == []
    assert strangers(render_article(text).html, "h2", "h3", "h4") == []
    assert strangers(render_imported(text).html, "sub", "sup") == []
    assert "javascript:" not in "".join(re.findall('href="([^"]*)"', render_imported(text).html)).lower()


@pytest.mark.parametrize("payload", [payload for payload in PAYLOADS if payload["live"]], ids=lambda payload: payload["id"])
def test_payload_hidden_in_markdown_comes_out_harmless(payload: dict[str, Any], strangers: Strangers) -> None:
    text = payload["payload"]
    for wrapped in (
        f"[x]({text})",
        f"[x](<{text}>)",
        f'[x](https://x.example "{text}")',
        f"<{text}>",
        f"```{text}\n{text}\n```",
        f"> - {text}",
    ):
        assert strangers(render(wrapped, known_handles={"anna"}).html) == []


def test_sanitisers_alone_refuse_what_the_parser_would_never_write(strangers: Strangers) -> None:
    # The layer behind: were raw HTML ever let through by the parser, no script would be (links lose only their rel there).
    for payload in PAYLOADS:
        html = sanitize(payload["payload"])
        assert [stranger for stranger in strangers(html) if not stranger.startswith("link {")] == []
        assert not re.search(r"href=\"(?!https?:|mailto:|/u/)", html)


@pytest.mark.parametrize("file", BLEACH, ids=lambda file: file.stem)
def test_bleach_behaves_as_its_own_tests_say(file: Path, strangers: Strangers) -> None:
    given, expected = file.read_text("utf-8").split("\n--\n")
    assert bleach.clean(given).strip() == expected.strip()
    assert strangers(render_imported(given).html, "sub", "sup") == []
    assert strangers(render(given).html) == []


def test_bleach_data_is_whole() -> None:
    assert len(BLEACH) == 20


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        "<p onclick='x'>y</p>",
        '<a href="javascript:x">y</a>',
        '<a href="/x">y</a>',
        '<a href="https://x.example">y</a>',
        '<a class="mention" href="/u/../x">y</a>',
        '<code class="x">y</code>',
        "<p>y",
        "<p><em>y</p></em>",
        "<p>a < b</p>",
        "<!-- y -->",
        "<svg/>",
    ],
)
def test_the_reader_sees_what_is_wrong(html: str, strangers: Strangers) -> None:
    assert strangers(html) != []
