"""Which texts are refused and why, and that an accepted one costs bounded work: counted in calls, never in seconds."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.text import markdown
from forum.text.limits import (
    ARTICLE_LIMITS,
    ARTICLE_MAX,
    BODY_LIMITS,
    BODY_MAX,
    STACKED_MAX,
    find_article_faults,
    find_body_faults,
    find_line_faults,
    normalize_body,
)
from forum.text.render import render


def codes(body_md: str) -> list[str]:
    return [fault.code for fault in find_body_faults(body_md)]


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("a\r\nb\rc\n", "a\nb\nc"),
        ("\n \n\t\n    code\n\n\n", "    code"),
        ("a\x0bb\x0cc\x85d\u2028e\u2029f", "a\nb\nc\nd\ne\nf"),
        ("e\u0301", "\u00e9"),
        ("a  \nb   ", "a  \nb"),
        ("\u200fشكرا", "\u200fشكرا"),
        (" \n ", ""),
    ],
)
def test_body_is_stored_in_one_form(raw: str, stored: str) -> None:
    assert normalize_body(raw) == stored


@given(st.text(alphabet=st.sampled_from("a \n\r\t\x0b\u0301\u0327é\u2028")))
def test_normalising_twice_changes_nothing(raw: str) -> None:
    once = normalize_body(raw)
    assert normalize_body(once) == once
    assert "\r" not in once
    assert once == once.strip("\n").rstrip()


@pytest.mark.parametrize(
    "body_md",
    [
        "",
        " \n\t ",
        "\u200b\u2060",
        "\u3164\u2800",
        "\u0301",
        "***",
        "> ",
        "-\n-",
        "&nbsp;",
        "&#x200b;",
        "```\n```",
        "[](https://b.example)",
        "** **  \n***",
    ],
)
def test_text_without_words_is_empty(body_md: str) -> None:
    assert codes(body_md) == ["empty"]


@pytest.mark.parametrize("body_md", ["a", "\U0001f44d", "`\u200b!`", "```\nx\n```", "https://b.example", "#", "\u0e01\u0e33", "1"])
def test_short_texts_are_welcome(body_md: str) -> None:
    assert codes(body_md) == []


@pytest.mark.parametrize("character", [*"\x00\x01\x1b\x7f\x9f\ud800\ufdd0\ufffe\uffff\U0001ffff"])
def test_characters_that_cannot_be_stored(character: str) -> None:
    assert codes(f"a{character}b") == ["control"]
    assert [fault.code for fault in find_line_faults(f"a{character}b", maximum=9)] == ["control"]
    assert find_body_faults(f"a{character}b")[0].detail == f"The character U+{ord(character):04X} cannot be stored."


@pytest.mark.parametrize(
    "text", ["tab\there", "שלום \u200fabc", "\u2067abc\u2069", "नमस्ते", "a\u0301\u0302\u0303", "👩\u200d👩\u200d👧", "\U000e0067"]
)
def test_writing_of_the_world_is_stored(text: str) -> None:
    assert codes(f"x {text}") == []


CAPS: dict[str, Callable[[int], str]] = {
    "lines": lambda count: "\n".join(["    a"] * count),
    "blocks": lambda count: "- a\n" * (count - 1),
    "nesting": lambda count: "> " * count + "a",
    "signs": lambda count: "x" + "*" * count,
    "links": lambda count: "[a](https://b.example) " * count,
    "mentions": lambda count: "@anna " * count,
}


@pytest.mark.parametrize("code", CAPS)
def test_caps_are_exact(code: str) -> None:
    most = getattr(BODY_LIMITS, code)
    assert codes(CAPS[code](most)) == []
    assert codes(CAPS[code](most + 1)) == [code]


def test_length_is_exact() -> None:
    assert codes("a" * BODY_MAX + "\r\n") == []
    assert codes("a" * (BODY_MAX + 1)) == ["too_long"]
    assert find_body_faults("a" * 12_345)[0].detail == "At most 10,000 characters are allowed; there are 12,345."


def test_every_kind_of_nesting_is_refused_before_the_parser_drops_words() -> None:
    most = BODY_LIMITS.nesting
    for mark in ("> ", "- ", "1. ", "> - ", "* 1. "):
        depth = most // len(mark.split())
        assert codes(mark * depth + "a") == []
        assert codes(mark * (depth + 1) + "a") == ["nesting"]
        # The deepest accepted text is whole, and the depth that the parser drops is refused.
        assert "word" in render(mark * depth + "word").html
    assert 2 * (most + 1) <= markdown.PARSER_NESTING
    assert codes("*a " * (most + 1) + "b" + " a*" * (most + 1)) == ["nesting"]


@given(st.lists(st.sampled_from(["> ", "- ", "1. ", "* ", "a ", "\n", "    ", "  ", "\n\n", "b"]), max_size=80).map("".join))
def test_no_accepted_text_loses_words(body_md: str) -> None:
    text = normalize_body(body_md + "word")
    if not find_body_faults(text):
        assert render(text).html.count("b") - render(text).html.count("blockquote") - render(text).html.count("<br>") == text.count("b")
        assert "word" in render(text).html


def test_expensive_checks_are_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise AssertionError("parsed")

    monkeypatch.setattr(markdown, "measure", fail)
    assert codes("- a\n" * 500) == ["blocks"]
    assert codes("https://b.example " * 300) == ["links"]
    monkeypatch.setattr(markdown, "outline", fail)
    assert codes("[" * 1_000_000) == ["too_long"]
    assert codes("a" + "\u0315\u0301" * 4_000) == ["stacked"]


def test_stacked_marks_are_neither_sorted_nor_stored() -> None:
    tower = "a" + "\u0315\u0301" * STACKED_MAX
    assert normalize_body(tower) == tower
    assert codes(tower) == ["stacked"]
    assert codes("a" + "\u0301" * STACKED_MAX) == []


def test_article_caps_are_exact() -> None:
    def article_codes(body_md: str) -> list[str]:
        return [fault.code for fault in find_article_faults(body_md)]

    paragraph = "word " * 200
    assert article_codes("# Title\n\n" + (paragraph + "\n\n") * 190) == []
    assert article_codes("a" * (ARTICLE_MAX + 1)) == ["too_long"]
    assert article_codes("word " * (ARTICLE_LIMITS.paragraph // 5 + 1)) == ["paragraph"]
    assert article_codes("    " + '"' * ARTICLE_LIMITS.entities) == []
    assert article_codes("    " + '"' * (ARTICLE_LIMITS.entities + 1)) == ["entities"]
    assert article_codes("@anna " * 1_000) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "blank"),
        (" \u200b", "blank"),
        ("a" * 21, "too_long"),
        ("a\nb", "line_break"),
        ("a\u2028b", "line_break"),
        ("a\tb", "control"),
        ("a\x00b", "control"),
        ("a\u202eb", "bidi"),
        ("a\u2066b", "bidi"),
        ("a" + "\u0300" * 31, "too_long"),
        ("Zoë ‘Ω’ 漢字 \u200fع", None),
    ],
)
def test_fields_of_one_line(text: str, code: str | None) -> None:
    assert [fault.code for fault in find_line_faults(text, maximum=20)][:1] == ([code] if code else [])


WORST: dict[str, Callable[[int], str]] = {
    "emphasis between letters": lambda size: "*é" * (BODY_LIMITS.signs * size // 200),
    "open brackets": lambda size: "[a" * (BODY_LIMITS.signs * size // 100),
    "brackets and stars": lambda size: "[*" * (BODY_LIMITS.signs * size // 200),
    "code spans": lambda size: "`a` " * (BODY_LIMITS.signs * size // 200),
    "quotation marks": lambda size: '"' * (BODY_MAX * size // 100),
    "escapes in code": lambda size: "    " + "<&" * (BODY_MAX * size // 202),
    "lines of a deep quote": lambda size: "> " * BODY_LIMITS.nesting + "a\n" * (BODY_LIMITS.lines * size // 100),
    "line breaks": lambda size: "a\n" * (BODY_LIMITS.lines * size // 100),
    "half addresses": lambda size: "http://xn--" * (2 * BODY_LIMITS.links * size // 100),
    "items": lambda size: "- *a*\n" * (BODY_LIMITS.blocks * size // 100 - 1),
    "links": lambda size: "[a](https://b.example/?c&d) " * (BODY_LIMITS.links * size // 100),
    "mentions": lambda size: "@anna " * (BODY_LIMITS.mentions or 0),
}


@pytest.mark.parametrize("shape", WORST)
def test_worst_accepted_text_costs_bounded_work(shape: str) -> None:
    full, quarter = WORST[shape](100), WORST[shape](25)
    assert codes(full) == []
    work = _count_calls(full)
    assert work < 1_600_000
    # Four times the text, about four times the work.
    assert work < 4.6 * _count_calls(quarter)


def _count_calls(text: str) -> int:
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        find_body_faults(text)
        render(text, known_handles={"anna"})
    finally:
        sys.setprofile(None)
    return calls
