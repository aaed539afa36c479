"""What is typed means something: every query is read, and what was read otherwise than it looks is told."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.comments.stance import Stance
from forum.search.matching import Wanted, as_fts5, as_tsquery, marks_of_days, within
from forum.search.syntax import LENGTH_MAX, VALUES_MAX, WORDS_MAX, Asked, Term, parse


def terms(*said: str) -> list[Term]:
    return [Term(tuple(one.split())) for one in said]


@pytest.mark.parametrize(
    ("query", "wanted", "absent"),
    [
        ("dose response", ["dose", "response"], []),
        ('"dose response" Größe', ["dose response", "grosse"], []),
        ('"unbalanced quotes', ["unbalanced quotes"], []),
        ('say "', ["say"], []),
        ("don't COVID-19", ["don t", "covid 19"], []),
        ('-mice -"in vitro" dose', ["dose"], ["mice", "in vitro"]),
        ("dose - response --mice", ["dose", "response"], ["mice"]),
        ("“dose response” «in vitro»", ["dose response", "in vitro"], []),
        ("foo:bar https://example.org/a?b=c", ["foo bar", "https example org a b c"], []),
        ("NEAR(a b) AND OR NOT * ^ : col:x", ["near a", "b", "and", "or", "not", "col x"], []),
        ("a & b | c ! d <-> e ' \\ ;--", ["a", "b", "c", "d", "e"], []),
        ("漢字 dose", ["漢 字", "dose"], []),
        ("dose dose", ["dose"], []),
        ("by: anna", ["by", "anna"], []),
        ("by:", ["by"], []),
        ("a\0b", ["a", "b"], []),
        ("", [], []),
        (" \t\n ", [], []),
        ("- -- \"\" '' .", [], []),
    ],
)
def test_words_phrases_and_what_must_not_be_there(query: str, wanted: list[str], absent: list[str]) -> None:
    asked = parse(query)
    assert (asked.terms, asked.absent) == (terms(*wanted), terms(*absent))


def test_filters() -> None:
    asked = parse("by:@Anna -by:bob stance:skep -stance:dis article:12 -article:on-touch after:2026-03 before:2026-05-15 BY:carl")
    assert (asked.people, asked.other_people) == (["anna", "carl"], ["bob"])
    assert (asked.stances, asked.other_stances) == ([Stance.SKEPTICISM], [Stance.DISAGREEMENT])
    assert (asked.articles, asked.other_articles) == (["12"], ["on-touch"])
    assert (asked.since, asked.until) == (date(2026, 3, 1), date(2026, 5, 15))
    assert (asked.terms, asked.absent, asked.notes) == ([], [], [])
    # As the buttons have it.
    said = {"agree": Stance.AGREEMENT, "disagree": Stance.DISAGREEMENT, "doubt": Stance.SKEPTICISM, "encourage": Stance.ENCOURAGEMENT}
    assert {word: parse(f"stance:{word}").stances for word in said} == {word: [stance] for word, stance in said.items()}
    assert parse("article:https://example.org/a?b=1").articles == ["https://example.org/a?b=1"]
    assert parse('article:"on touch"').articles == ["on touch"]
    # The narrowest of several days, and a day turned round.
    assert parse("after:2025 after:2026 before:2028 before:2027").since == date(2026, 1, 1)
    assert (parse("-after:2026").until, parse("-before:2026").since) == (date(2026, 1, 1), date(2026, 1, 1))


@pytest.mark.parametrize(
    ("query", "read_as", "told"),
    [
        ("after:yesterday", "after yesterday", "'after:yesterday' was read as words: a date is"),
        ("before:2026-13", "before 2026 13", "'before:2026-13' was read as words: a date is"),
        ("after:0000", "after 0000", "'after:0000' was read as words"),
        ("after:２０２６x", "after 2026x", "was read as words"),
        ("stance:neutral", "stance neutral", "a stance is agreement, disagreement, skepticism or encouragement"),
    ],
)
def test_what_is_no_filter_is_read_as_words_and_told(query: str, read_as: str, told: str) -> None:
    asked = parse(query)
    assert asked.terms == terms(read_as)
    assert [told in note for note in asked.notes] == [True]


def test_what_is_too_much_is_told() -> None:
    assert "Only the first 1000 characters" in parse("x" * (LENGTH_MAX + 1)).notes[0]
    asked = parse(" ".join(f"w{number}" for number in range(WORDS_MAX + 2)) + " -no")
    assert (len(asked.terms), asked.absent) == (WORDS_MAX, [])
    assert "The last 3 words were left out" in asked.notes[0]
    asked = parse('"' + "a " * 40 + '"')
    assert [len(term.words) for term in asked.terms] == [WORDS_MAX]
    asked = parse(" ".join(f"by:p{number}" for number in range(VALUES_MAX + 1)))
    assert (len(asked.people), asked.terms) == (VALUES_MAX, terms("by p10"))
    assert "at most 10 values" in asked.notes[0]
    assert "'!!!' has neither letters nor digits" in parse("dose !!!").notes[0]
    assert len(max(parse("after:" + "x" * 900).notes, key=len)) < 200


@given(st.text(max_size=60))
def test_any_text_is_read(query: str) -> None:
    asked = parse(query)
    words = [word for term in (*asked.terms, *asked.absent) for word in term.words]
    assert all(word and not set(word) & set("'\"\\ :&|!()<>") for word in words)
    assert len(words) <= WORDS_MAX
    wanted = Wanted(tuple(asked.terms), tuple(asked.absent), (("s1",),))
    assert as_fts5(wanted)
    assert as_tsquery(wanted)


@given(st.text(alphabet='ab:-" \0after before stance by 2026', max_size=40))
def test_any_query_is_read(query: str) -> None:
    assert isinstance(parse(query), Asked)


@pytest.mark.parametrize(
    ("since", "until", "marks"),
    [
        (date(2025, 1, 1), date(2026, 1, 1), ["y2025"]),
        (date(2025, 3, 1), date(2025, 5, 3), ["m202503", "m202504", "d20250501", "d20250502"]),
        (date(2024, 12, 30), date(2026, 1, 2), ["d20241230", "d20241231", "y2025", "d20260101"]),
        (date(2025, 2, 28), date(2025, 3, 1), ["d20250228"]),
        (date(2026, 1, 1), date(2025, 1, 1), []),
        (None, date(1970, 1, 3), ["d19700101", "d19700102"]),
        (date(2098, 12, 31), None, ["d20981231", "y2099"]),
        (None, date(1900, 1, 1), []),
    ],
)
def test_days_are_few_marks(since: date | None, until: date | None, marks: list[str]) -> None:
    assert marks_of_days(since, until) == tuple(marks)


@given(
    st.dates(date(1970, 1, 1), date(2099, 12, 31)),
    st.dates(date(1970, 1, 1), date(2099, 12, 31)),
    st.dates(date(1970, 1, 1), date(2099, 12, 31)),
)
def test_the_marks_are_those_of_the_days_in_between(since: date, until: date, day: date) -> None:
    marks = marks_of_days(since, until)
    assert marks is not None
    assert len(marks) <= 31 + 12 + 130 + 12 + 31
    fits = bool({f"y{day:%Y}", f"m{day:%Y%m}", f"d{day:%Y%m%d}"} & set(marks))
    assert fits == (since <= day < until)


def test_all_days_are_no_mark() -> None:
    assert marks_of_days(None, None) is None


@given(st.integers(0, 300), st.integers(1, 1 << 18))
def test_a_range_of_ids_is_covered_by_few_marks(block: int, length: int) -> None:
    low = block << 12
    marks = within("x", low, low + length).partition(" & ")[2].strip("()").split(" | ")
    blocks = {
        number
        for mark in marks
        for number in ([int(mark[3:-1])] if mark[2] == "b" else range(int(mark[3:-1]) * 16, int(mark[3:-1]) * 16 + 16))
    }
    assert blocks == set(range(low >> 12, ((low + length - 1) >> 12) + 1))
    assert len(marks) <= 15 + 15 + 6
