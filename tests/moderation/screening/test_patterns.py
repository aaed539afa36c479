"""Word lists against texts: what an entry means, in which spellings it is found, what is refused, and what it costs."""

import re
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forum.moderation.screening import entries, patterns, spellings
from forum.moderation.screening.entries import LONGEST_ENTRY, MOST_ENTRIES, BadEntry, parse_entry, read_lines
from forum.moderation.screening.patterns import MOST_MATCHES, Matcher, matcher
from forum.moderation.screening.spellings import is_disguised, signs, spell
from forum.text.fingerprint import fold
from forum.text.lookalikes import CONFUSABLES, LEET


def _finds(entry: str, text: str) -> bool:
    return bool(matcher((entry,)).find(spell(text)))


@pytest.mark.parametrize(
    ("entry", "text", "found"),
    [
        ("idiot", "An IDIOT.", True),
        ("idiot", "idiotic", False),
        ("idiot", "village-idiot", True),
        ("idiot", "éidiot", False),
        ("idiot", "日idiot", False),
        ("idiot*", "idiotic", True),
        ("*idiot", "superidiot", True),
        ("i*t", "idiot it", True),
        ("i*t", "it is what", True),
        ("buy now", "Buy - now", True),
        ("buy now", "buy **now**", True),
        ("buy now", "buynow.example", True),
        ("buy now", "to buy. Now", False),
        ("i demand", "idemand", False),
        ("you are a * fool", "you are a big fool", True),
        ("you are a * fool", "you are a fool", False),
        ("you (are|were) (a|) fool", "you were fool", True),
        ("you (are|were) (a|) fool", "you be a fool", False),
        ("fool (you|)", "fool", True),
        ("fool (you|)", "fool you", True),
        ("(a|b (c|d)) fool", "b d fool", True),
        ("(a|b (c|d)) fool", "b fool", False),
        ("loan & (whatsapp|telegram)", "Telegram us. It is a loan.", True),
        ("loan & (whatsapp|telegram)", "It is a loan.", False),
        ("*% off", "now 20% off!", True),
        ("*% off", "20 off", False),
        ("£* off", "€5 off", True),
        ("sales@*", "sales@shop.example", True),
        ("you ... fool", "you big fool", True),
        ("you ... fool", "you are a very big fool", True),
        ("you … fool", "you fool", True),
        ("you ... fool", "you are not, I think, a very big fool", False),
        ("you ... fool", "It is up to you. Only a fool", False),
        ("(roi|*% off|{phone})", "a heroine", False),
        ("(roi|*% off|{phone})", "ROI", True),
        ("(roi|*% off|{phone})", "now 20% off", True),
        ("i-d-i-o-t", "you id\niot", True),
        ("viagra", "v/i/a/g/r/a", True),
        ("kill yourself", "ki11 y0ur5e1f", True),
        ("don't know", "dont know", True),
        ("dont know", "don’t know", True),
        ("low-life", "low life, lowlife", True),
        ("дурак", "ты Дурак!", True),
        ("naïve", "NAIVE", True),
    ],
)
def test_what_an_entry_means(entry: str, text: str, found: bool) -> None:
    assert _finds(entry, text) is found


@pytest.mark.parametrize(
    "text",
    [
        "v i a g r a",
        "v.i.a.g.r.a",
        "v-i-a-g-r-a",
        "v_i_a_g_r_a",
        "V 1 @ G R A",
        "buy a v i a g r a pill",
        "V1agra",
        "vi\u200bag\u00adra",
        "\u0475iagra".replace("\u0475", "v"),
        "v\u0456\u0430gr\u0430",
        "ｖｉａｇｒａ",
        "𝓿𝓲𝓪𝓰𝓻𝓪",
        "viiiiaaagra",
        "v**i**agra",
        "v&#105;agra",
        "v*agra",
        "v!agra",
        "v\u0301i\u0301a\u0301g\u0301r\u0301a\u0301",
        "ᴠɪᴀɢʀᴀ",
        "🆅🅸🅰🅶🆁🅰",
        "🇻 🇮 🇦 🇬 🇷 🇦",
        "ⓥⓘⓐⓖⓡⓐ",
        "ꓦꓲꓮꓖꓣꓮ",
        "ɐɹƃɐᴉʌ ʇsǝq",
        "v🔥i🔥a🔥g🔥r🔥a",
        "v🔥agra",
        "v/i/a/g/r/a",
    ],
)
def test_spellings_that_are_found(text: str) -> None:
    assert _finds("viagra", text)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("free", "I was freed from it. She is care free."[:22]),
        ("usa", "plan b: a u s"),
        ("pills", "pies"),
        ("anal", "analysis of a canal"),
        ("sex", "Essex, Sussex and Middlesex"),
        ("cunt", "Scunthorpe"),
        ("god", "good"),
        ("scam", "so am I"),
    ],
)
def test_spellings_that_are_something_else(entry: str, text: str) -> None:
    assert not _finds(entry, text)


_LEET = {letter: chr(sign) for sign, letter in LEET.items() if chr(sign) not in "@$"}
_ALIKE = {letter: chr(code) for code, letter in CONFUSABLES.items()}


@settings(deadline=None)
@given(st.data())
def test_any_spelling_that_folds_alike_is_found(data: Any) -> None:
    word = "moronic"
    choices = [[char, char.upper(), char + "\u0301", "\u200b" + char, _ALIKE.get(char, char), _LEET.get(char, char)] for char in word]
    spelt = "".join(data.draw(st.sampled_from(options)) for options in choices)
    assume(fold(spelt) == word)
    assert _finds(word, f"It is {spelt}, isn't it")


@settings(deadline=None)
@given(st.from_regex(r"[a-z]{4,10}", fullmatch=True), st.sampled_from([" ", ".", "-", "_", "*", " - "]))
def test_any_word_is_found_spaced_out(word: str, separator: str) -> None:
    assume(not re.search(r"(.)\1\1", word))
    assert _finds(word, f"Get some {separator.join(word)} here")


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_entry_does_worse_than_be_refused(line: str) -> None:
    refused: list[BadEntry] = []
    try:
        assert len(Matcher((line,)).find(spell("An ordinary text."))) <= 1
    except BadEntry as bad:
        refused.append(bad)
    assert all(bad.index == 0 and bad.detail.startswith("Line 1 ") for bad in refused)


@pytest.mark.parametrize(
    "line",
    ["", " ", "*", "* *", "(*|a)", "a", "(fool|)", "\u200b", "(a", "a)", "a|b", "((((a))))", "- -", "fool & *", "harassment:", "x" * 1001],
)
def test_what_is_refused_names_its_line(line: str) -> None:
    with pytest.raises(BadEntry) as caught:
        matcher(("fine", "also fine", line))
    assert caught.value.index == 2
    assert caught.value.detail.startswith("Line 3 cannot be used: ")


def test_an_unknown_reason_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(BadEntry, match=r"Line 1 .* harrasment is not a reason; use one of confidentiality, threat_selfharm, .*, other\."):
        parse_entry("harrasment: idiot")


def test_the_reason_of_an_entry() -> None:
    assert parse_entry("harassment: you are an idiot").reason == "harassment"
    assert parse_entry("you are an idiot").reason == "other"
    assert parse_entry("http://example").text == "http://example"


def test_too_many_entries_are_refused() -> None:
    with pytest.raises(BadEntry, match="more than 1,000 lines"):
        matcher(tuple(f"word{number}" for number in range(MOST_ENTRIES + 1)))


def test_a_list_that_is_too_big_for_re2_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MEMORY", 1 << 16)
    lines = tuple(f"{'word' * 20}{number}" for number in range(400))
    with pytest.raises(BadEntry, match="too large"):
        Matcher(lines)
    entry = "(" + "|".join("ab*cd*" for _ in range(LONGEST_ENTRY // 8)) + ") & fool"
    monkeypatch.setattr(patterns, "MEMORY", 1 << 10)
    with pytest.raises(BadEntry):
        Matcher((entry,))


def test_no_answer_for_want_of_memory_is_an_error_and_no_pass() -> None:
    full = Matcher(("fool",))

    class _Out:
        def Match(self, text: str) -> list[int]:
            return []

    full._sets = (_Out(),)
    with pytest.raises(MemoryError):
        full.find(("fool",))


def test_a_list_is_compiled_once() -> None:
    lines = ("compiled once", "and only once")
    assert matcher(lines) is matcher((*lines,))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("one", []),
        ("one two", []),
        ("one two three", ["one", "two", "three"]),
        ("one half", []),
        ("two three half", ["two", "three", "half"]),
        ("one two three but", []),
        ("whole", ["whole"]),
        ("whole but", ["whole"]),
        ("whole never", []),
        ("one two elsewhere", []),
    ],
)
def test_hints_count_when_their_shares_come_to_one(text: str, found: list[str]) -> None:
    shares = {"one": "1/3", "two": "1/3", "three": "1/3", "half": "1/2", "but": "-1/3", "never": "-1/1"}
    hints = (*(f"promotion {share}: {word}" for word, share in shares.items()), "harassment 1/3: elsewhere", "promotion: whole")
    assert [match.entry for match in matcher(hints).find(spell(text))] == found


@pytest.mark.parametrize("line", ["promotion 0/3: fool", "promotion 1/0: fool", "promotion 1: fool", "promotion third: fool"])
def test_what_is_no_share_belongs_to_the_words(line: str) -> None:
    assert parse_entry(line).text == line


def test_long_lists_are_matched_in_parts() -> None:
    words = tuple(f"word{first}{second}" for first in "abcdefghij" for second in "abcdefghij")
    listed = matcher((*words, "wordaa & wordjj & zebra"))
    assert len(listed._sets) > 1
    assert [match.words for match in listed.find(spell("zebra wordjj wordaa"))] == ["wordaa", "wordjj", "wordaa … wordjj … zebra"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("In 2016-2018 we had 1,234,567 patients, doi:10.1016/S0140-6736(18)30480-X.", ""),
        ("Ring 020 5550 1234", "{phone}"),
        ("+44 7700 900 111 or anna@example.org", "{email} {phone}"),
        ("anna (at) example (dot) org", "{email}"),
        ("ask @whale_pump, £30, 20 %", "{handle} {price} {percent}"),
        ("Zelvaro® by FlexiGold!!", "{mark} {brand} {shout}"),
        ("YouTube, PubMed and the Mayo Clinic", ""),
    ],
)
def test_signs_of_what_is_no_word(text: str, expected: str) -> None:
    assert signs(text) == expected


@pytest.mark.parametrize(
    ("text", "disguised"),
    [
        ("μ-opioid, β-endorphin, TNFα, κ = 0.21, naïve, Größe", False),
        ("B12, L5/S1, HbA1c, CYP3A4, 5-HT2A, p=0.05", False),
        ("По-русски и ελληνικά.", False),
        ("vitamins a, b, c, d, e and k; e.g. the U.S.A.", False),
        ("раthetic", True),
        ("𝐟𝐫𝐞𝐞 money", True),
        ("ʏᴏᴜ there", True),
        ("wh4t n0ns3ns3", True),
        ("y o u s u c k", True),
        ("m.o.r.o.n", True),
        ("d\u200bi\u200be", True),
        ("\u202eeil", True),
        ("ʞɔnɟ noʎ ʎןןɐǝɹ", True),
    ],
)
def test_disguised_letters(text: str, disguised: bool) -> None:
    assert is_disguised(text) is disguised


def test_the_words_of_the_text_are_told() -> None:
    (match,) = matcher(("promotion: loan & (whatsapp|telegram) me",)).find(spell("Get a L0AN: WhatsApp me!"))
    assert (match.entry, match.reason, match.words) == ("loan & (whatsapp|telegram) me", "promotion", "loan … whatsapp me")


def test_not_all_matches_are_told() -> None:
    words = tuple(f"word{letter}" for letter in "abcdefghijklmnop")
    found = matcher((*words, "harassment: zebra")).find(spell(" ".join(words) + " zebra"))
    # Of each reason some, because the reason decides how soon a person looks.
    assert [match.reason for match in found] == ["other"] * MOST_MATCHES + ["harassment"]


def test_reading_lines() -> None:
    assert read_lines("# why\n\n  one   two \r\nthree\none two\n") == ("one two", "three")


@pytest.mark.parametrize("unit", ["a b ", "a.b-", "aaab", "you are a ", "*a", "&#97;", "a\u0301", "漢字 ", "word ", "x"])
def test_the_cost_is_a_number_of_passes_over_the_text(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RE2 is linear in what it is given, so what it is given is counted: a bounded number of texts, none longer than the folded one."""
    read: list[int] = []
    counted = matcher(("you are a (*|) fool", "a*a*a*a*b"))

    class _Counting:
        def Match(self, text: str) -> Any:
            read.append(len(text))
            return real.Match(text)

    (real,) = counted._sets
    monkeypatch.setattr(counted, "_sets", (_Counting(),))
    for size in (500, 5_000):
        text = unit * (size // len(unit))
        read.clear()
        counted.find(spell(text))
        assert len(read) <= spellings.MOST
        assert max(read) <= len(fold(text)) + 1


def test_modules_keep_moderators_patterns_from_the_standard_library() -> None:
    assert not hasattr(patterns, "re")
    assert entries._TOKEN.findall("(a|b)") == ["(", "a", "|", "b", ")"]


_SIGNS = "7 12 1999-2003 @ @anna (AT) [at] .com x www. WWW. :// http doi: 10.1234/ $ £ usd % ™ (tm) (R) !! ABC Zen Flex A- Clinic é ’ ' * ` _ aaa ZZZ ١ v i . - &amp; &#49; ı ſ K"
SIGNS = [*_SIGNS.split(), "+47 22 33 44 55", " EUR", " per cent", "DEF ", "Acme ", " Pro", " ", "\n", "\n\n", "\t"]


@settings(max_examples=600)
@given(st.lists(st.sampled_from(SIGNS), max_size=18).map("".join) | st.text(max_size=60))
def test_what_is_looked_for_first_hides_no_sign_and_no_spelling(text: str) -> None:
    found = spell(text), signs(text), is_disguised(text)
    anything = re.compile("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spellings, "_WORTH_LOOKING", dict.fromkeys(spellings._WORTH_LOOKING, anything))
        patch.setattr(spellings, "_without_addresses", spellings._without_addresses.__wrapped__)
        for name in ("_DIGIT", "_ONE_ALONE", "_THRICE"):
            patch.setattr(spellings, name, anything)
        for name in ("_URL_SIGNS", "_EMAIL_SIGNS"):
            patch.setattr(spellings, name, ("",))
        assert (spell(text), signs(text), is_disguised(text)) == found
