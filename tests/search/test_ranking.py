"""The order among matches: more often, in a shorter comment, together."""

from forum.search.ranking import score
from forum.search.syntax import parse


def worth(words: str, query: str) -> float:
    return score(words, tuple(parse(query).terms))


def test_more_often_in_less_is_better() -> None:
    assert worth("dose dose response", "dose") > worth("dose response x", "dose")
    assert worth("dose", "dose") > worth("dose " + "x " * 50, "dose")
    # A word that is repeated without end gains less and less.
    assert worth("dose " * 500, "dose") < 2 * worth("dose", "dose") < 4.4


def test_words_that_stand_together_are_better() -> None:
    assert worth("dose response x", "dose response") > worth("dose x response", "dose response")
    assert worth("x dose response dose response", '"dose response"') > worth("x dose response response dose", '"dose response"')


def test_without_words_all_are_equal() -> None:
    assert worth("dose", "by:anna") == worth("", "-dose") == 0
