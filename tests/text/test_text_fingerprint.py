"""When two texts are the same."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.text.fingerprint import fingerprint, fold
from forum.text.lookalikes import CONFUSABLES


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ｖ\u200bi\u00adágra ﬁne 𝓼𝓹𝓪𝓶", "viagra fine spam"),
        ("\u0440\u0430\u0443\u0440\u0430l", "paypal"),
        ("\u0392\u0395\u03a3\u03a4", "beot"),
        ("v1agra fr33 c4$h p@ss", "viagra free cash pass"),
        ("1984, $100, 3.14, @anna", "1984, $100, 3.14, @anna"),
        ("  a\t\n b\u00a0c  ", "a b c"),
        ("Straße ŁÓDŹ Øre", "strasse lodz ore"),
        ("a\u0301\u0301\u0301 \u202eb\u202c", "a b"),
        ("\uff76\uff9e", "\u30ab"),
        ("\u3164\u2800", ""),
        ("\ud800a", "a"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=st.characters(codec="ascii")), st.sampled_from(["\u200b", "\u00ad", "\u0301", "\u2060", "\ufe0f"]))
def test_invisible_characters_and_case_do_not_hide_a_text(text: str, veil: str) -> None:
    assert fold(veil.join(text.upper())) == fold(text)
    assert fingerprint(veil.join(text.upper())) == fingerprint(text)


def test_look_alikes_of_every_table_fold_to_one_letter() -> None:
    for code, letter in CONFUSABLES.items():
        assert unicodedata.normalize("NFKD", chr(code)).casefold() == chr(code)
        assert fold(chr(code)) == letter


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Buy NOW!!!", "b u y   n-o-w"),
        ("bu\u0443 n0w", "buy now"),
        ("caf\u00e9", "cafe\u0301"),
        ("\U0001f44d \U0001f44d", "\U0001f44d\U0001f44d"),
    ],
)
def test_same_text(one: str, other: str) -> None:
    assert fingerprint(one) == fingerprint(other)
    assert len(fingerprint(one)) == 64


@pytest.mark.parametrize(("one", "other"), [("I agree", "I disagree"), ("5 mg", "50 mg"), ("👍", "👎"), ("!", "?"), ("不", "是")])
def test_other_text(one: str, other: str) -> None:
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize("run", ["\u0315\u0301\u0327", "\uff9e\u0315", "\U0001d165\U0001d16d", "\u0f73\u0f74", "\u0e33\u0301", "\ufdfa"])
def test_no_run_of_marks_reaches_the_sorting(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    longest = 0
    normalize = unicodedata.normalize

    def watch(form: str, text: str) -> str:
        nonlocal longest
        run_length = 0
        for char in text:
            run_length = run_length + 1 if unicodedata.combining(char) or unicodedata.combining(normalize("NFKD", char)[0]) else 0
            longest = max(longest, run_length)
        return normalize(form, text)  # type: ignore[arg-type]

    monkeypatch.setattr(sys.modules["forum.text.fingerprint"].unicodedata, "normalize", watch)
    fold("a" + run * 500)
    assert longest <= 4
