"""The geometry of stance bars: for any counts everything lies inside, in proportion, and nothing is divided by nothing; and the same bars as mails show them."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask, get_template_attribute
from hypothesis import given
from hypothesis import strategies as st

from forum.articles.present import make_tally
from forum.articles.schemas import Tally
from forum.comments.stance import Stance
from forum.stances.map_lines import COLOURS, MailBar, mail_bars, map_lines
from forum.stances.stance_map import LAYERS, LEFT, LEFT_TO_RIGHT, RIGHT, draw, scale_of, sides_of

counts = st.one_of(st.integers(0, 5), st.integers(0, 10**7))
tallies = st.builds(make_tally, counts, counts, counts, counts)
# What rounding an edge to a tenth of a percent can move it by.
ROUNDING = 0.05 + 1e-9


@given(st.lists(tallies, min_size=1, max_size=8))
def test_bars_that_share_a_scale_lie_inside_and_in_proportion(group: list[Tally]) -> None:
    scale = scale_of(group)
    assert scale == max(1, *(side for tally in group for side in sides_of(tally)))
    for tally in group:
        bar = draw(tally, scale)
        assert (bar.left, bar.right) == sides_of(tally)
        assert {part.stance: part.count for part in bar.parts} == {stance: n for stance in Stance if (n := getattr(tally, stance))}
        for part in bar.parts:
            assert 0 <= part.x <= part.x + part.width <= 100 + 1e-9
            assert abs(part.width - 50 * part.count / scale) <= 2 * ROUNDING
            assert 0 <= part.end <= 50 if part.stance in LEFT else 50 <= part.end <= 100


@given(tallies)
def test_parts_stand_side_by_side_around_the_middle(tally: Tally) -> None:
    bar = draw(tally, scale_of([tally]))
    order = [LEFT_TO_RIGHT.index(part.stance) for part in bar.parts]
    assert order == sorted(order)
    for before, after in zip(bar.parts, bar.parts[1:], strict=False):
        assert before.x + before.width == pytest.approx(after.x)
    left, right = sides_of(tally)
    # The longer side reaches the edge; whoever has only one side begins in the middle.
    if bar.parts:
        assert bar.parts[0].x == pytest.approx(50 - 50 * left / max(left, right), abs=ROUNDING)
        assert bar.parts[-1].x + bar.parts[-1].width == pytest.approx(50 + 50 * right / max(left, right), abs=ROUNDING)


@given(tallies)
def test_what_is_drawn_later_never_hides_what_was_drawn_before(tally: Tally) -> None:
    """Each line goes from the middle to its end: of two on one side the outer is the first, and the end of an empty part hides nothing."""
    bar = draw(tally, scale_of([tally]))
    ends = dict(zip(LAYERS, bar.ends, strict=True))
    for side in (LEFT, RIGHT):
        inner, outer = side
        assert LAYERS.index(outer) < LAYERS.index(inner)
        reach = {stance: abs(ends[stance] - 50) for stance in side}
        assert reach[inner] == pytest.approx(sum(part.width for part in bar.parts if part.stance is inner))
        if getattr(tally, outer):
            assert reach[outer] == pytest.approx(sum(part.width for part in bar.parts if part.stance in side))
        else:
            assert reach[outer] == 0


def test_nothing_counted_draws_nothing() -> None:
    bar = draw(Tally(), scale_of([Tally()]))
    assert (bar.parts, bar.left, bar.right, set(bar.ends)) == ((), 0, 0, {50})
    assert scale_of([]) == 1


@dataclass(frozen=True)
class Counted:
    stances: Tally
    tags: Tally


@given(tallies.filter(lambda tally: tally.n > 0))
def test_the_cells_of_a_mails_bar_fill_its_row(tally: Tally) -> None:
    cells = MailBar("Readers", tally, draw(tally, scale_of([tally]))).cells
    assert sum(width for width, _colour in cells) == pytest.approx(100)
    assert all(0 < width <= 100 for width, _colour in cells)


def test_a_mail_shows_the_bars_in_words_and_as_tables(app: Flask) -> None:
    counted = Counted(make_tally(12, 3, 4, 0), make_tally(1200, 1, 0, 7))
    with app.test_request_context():
        lines = map_lines(counted)
        html = str(get_template_attribute("macros/mail_map.html", "mail_map")(mail_bars(counted)))
    assert lines == [
        "Writers, on the article: Disagree 3 · Doubt 4 · Agree 12 · Encourage 0",
        "Readers, on the comments: Disagree 1 · Doubt 0 · Agree 1,200 · Encourage 7",
    ]
    for line in lines:
        title, _, numbers = line.partition(": ")
        assert f">{title}</p>" in html
        for one in numbers.split(" · "):
            label, _, number = one.rpartition(" ")
            assert f"{label} <b>{number}</b>" in html
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", html)
    assert [sum(float(width) for width in re.findall(r'<td width="([\d.]+)%"', row)) for row in rows] == [pytest.approx(100)] * 2
    assert not re.search(r"<svg|class=|<style|https?:", html)


def test_a_mail_of_an_article_on_which_nobody_stands_has_no_bars(app: Flask) -> None:
    with app.test_request_context():
        assert map_lines(Counted(Tally(), Tally())) == []
        assert str(get_template_attribute("macros/mail_map.html", "mail_map")(mail_bars(Counted(Tally(), Tally())))).strip() == ""


def test_the_colours_of_mails_are_those_of_the_pages() -> None:
    css = (Path(__file__).parents[2] / "forum" / "static" / "forum.css").read_text(encoding="utf-8")
    light = css[: css.index("@media")]
    assert {str(stance): colour for stance, colour in COLOURS.items()} == dict(
        re.findall(r"--(agreement|disagreement|skepticism|encouragement):(#\w{6})", light)
    )
