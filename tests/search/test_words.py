"""The words of a text: folded alike in Python, in either database and where they are highlighted."""

import html
import unicodedata
from itertools import pairwise

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from forum.db.transaction import reading
from forum.text.render import render
from forum.text.words import SINGLES, all_folds, fold_html, fold_text, place_words, plain_text

LETTERS = "aàÀåÅbB ßẞςΣσİıIﬁæŒøłđ²½٣९漢字かがカﾞ한한กิการक्षि\u0301\u0308\u200d\u00ad\u2028'’-_.,;:!?&<>\"#*`[]()/\\0123\t\n"
TEXTS = st.text(st.one_of(st.sampled_from(LETTERS), st.characters(exclude_categories=["Cs", "Cc"])), max_size=80)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Naïve Größen, ÉTÉ!", "naive grossen ete"),
        ("e\u0301te\u0301", "ete"),
        ("Straße STRASSE", "strasse strasse"),
        ("Ἀθῆναι ὈΔΟΣ", "αθηναι οδοσ"),
        ("ﬁne x² ½", "fine x2 1 2"),
        ("Łódź Ødegård œuvre", "lodz odegard oeuvre"),
        ("don't COVID-19 a_b", "don t covid 19 a b"),
        ("漢字とカナ", "漢 字 と カ ナ"),
        ("ภาษา", "ภ า ษ า"),
        ("٣٤ apples", "34 apples"),
        ("so\u00adft\u200d", "soft"),
        ("👩‍🔬 !!! …", ""),
        ("x" * 70 + " y", "x" * 60 + " y"),
        ("", ""),
    ],
)
def test_words_are_folded(said: str, words: str) -> None:
    assert " ".join(fold_text(said)) == fold_html(html.escape(said)) == words


def test_markup_parts_words_only_where_a_reader_sees_a_gap() -> None:
    assert (
        fold_html('<p>un<em>believ</em>able</p><p>end<br>of<code>line</code> &amp; <a href="x>y">so</a></p>')
        == "unbelievable end ofline so"
    )


@given(TEXTS)
def test_folding_folded_words_changes_nothing(said: str) -> None:
    words = fold_text(said)
    assert fold_text(" ".join(words)) == words


@given(TEXTS)
def test_words_have_their_places(said: str) -> None:
    rendered = f"<p>{html.escape(said)}</p>"
    shown = plain_text(rendered)
    placed = list(place_words(shown))
    assert [one.word for one in placed] == fold_html(rendered).split()
    assert all(0 <= one.start < one.end <= len(shown) for one in placed)
    assert all(one.start <= two.start for one, two in pairwise(placed))


@given(TEXTS)
def test_what_is_rendered_has_the_same_words_where_it_is_highlighted(said: str) -> None:
    rendered = render(said).html
    assert [one.word for one in place_words(plain_text(rendered))] == fold_html(rendered).split()


def test_the_table_folds_once_and_for_all() -> None:
    folds = all_folds()
    assert all("".join(folds.get(letter, letter) for letter in folded) == folded for folded in folds.values())
    assert all(letter == " " or letter.isalnum() or ord(letter) > 0x7F for folded in folds.values() for letter in folded)
    left_out = [point for point in range(0x80, 0x110000) if unicodedata.category(chr(point))[0] not in "LNC" and chr(point) not in folds]
    assert {unicodedata.category(chr(point)) for point in left_out} <= {"Mc"}, "whatever is neither letter nor digit is in it"
    assert "\\u4e00" in SINGLES


@pytest.mark.postgresql_only
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=TEXTS)
def test_postgresql_folds_alike(app: Flask, said: str) -> None:
    for shown in (f"<p>{html.escape(said)}</p>", said.replace("\0", "")):
        with reading() as session:
            assert session.scalar(text("SELECT forum_words(:html)"), {"html": shown}) == fold_html(shown)


@pytest.mark.slow
@pytest.mark.postgresql_only
def test_postgresql_folds_every_character_alike(app: Flask) -> None:
    points = [chr(point) for point in range(1, 0x110000) if not 0xD800 <= point < 0xE000]
    with reading() as session:
        for start in range(0, len(points), 5000):
            said = "<br>".join(points[start : start + 5000])
            assert session.scalar(text("SELECT forum_words(:html)"), {"html": said}) == fold_html(said), hex(ord(points[start]))
