"""What a later part of a series answers: among what was replied to, with its link, as long as that part follows; and waiting again as soon as it does not."""

from collections.abc import Callable
from typing import Any

import pytest

from forum.operating.changing import change, merge_articles, undo
from tests.desk.conftest import Room

pytestmark = pytest.mark.postgresql_slow


class Series:
    """The room's article as the first part of three by the same author, and a doubt there that the second answers."""

    def __init__(self, room: Room) -> None:
        self.room, self.parts = room, [room.article_id, room.world.article(), room.world.article()]
        for number, article_id in enumerate(self.parts, start=1):
            self.patch(article_id, series="Touch", part=number)
        self.doubt = room.say(room.writer)
        self.mark(self.doubt, "Look at the second table.")

    def patch(self, article_id: int, **fields: object) -> None:
        """Change an article."""
        assert self.room.author.patch(f"/articles/{article_id}", fields).status_code == 200

    def mark(self, comment_id: int, line: str = "", *, part: int = 2) -> None:
        """Say that a part answers a thread."""
        body = {"article_id": self.parts[part - 1], "line": line}
        assert self.room.author.put(f"/comments/{comment_id}/continuation", body).status_code == 200

    def tabs(self) -> list[list[int]]:
        """Return what waits, what was replied to and what was set aside."""
        return [self.room.desk(f"?tab={tab}") for tab in ("waiting", "replied", "set_aside")]

    def open(self, part: int) -> list[int]:
        """Return the questions that a part lists as open in the one before it."""
        found: Any = self.room.member.get(f"/articles/{self.parts[part - 1]}/series").json
        return [question["comment"]["id"] for question in found["open_questions"]]


@pytest.fixture
def series(room: Room) -> Series:
    return Series(room)


def test_it_is_among_what_was_replied_to_with_the_part_and_its_line(series: Series) -> None:
    assert series.tabs() == [[], [series.doubt], []]
    (item,) = series.room.page("?tab=replied")["items"]
    assert (item["reply"], item["answered_in"]["article"]["id"], item["answered_in"]["line"]) == (
        None,
        series.parts[1],
        "Look at the second table.",
    )
    page = series.room.author.client.get("/desk?tab=replied").text
    assert f'href="{item["answered_in"]["article"]["page"]}"' in page
    assert "Look at the second table." in page


def test_a_part_that_leaves_the_series_gives_its_questions_back(series: Series) -> None:
    assert series.open(2) == []
    for left, back in (({"series": None}, {"series": "Touch"}), ({"part": None}, {"part": 2}), ({"series": "Others"}, {"series": "Touch"})):
        series.patch(series.parts[1], **left)
        assert series.tabs() == [[series.doubt], [], []], left
        if "series" in left:
            assert series.open(3) == [series.doubt]
        series.patch(series.parts[1], **back)
        assert series.tabs() == [[], [series.doubt], []], back
        assert series.open(2) == []


def test_so_does_the_first_part_when_it_goes(series: Series) -> None:
    series.patch(series.parts[0], series=None)
    assert series.tabs() == [[series.doubt], [], []]


@pytest.mark.parametrize(("source", "target", "is_answered"), [(2, 3, True), (2, 1, False), (1, 2, False), (1, 3, False), (3, 2, True)])
def test_merging_keeps_it_true(series: Series, source: int, target: int, is_answered: bool) -> None:
    """Part 2 that has become a part of the third still answers; what has become a part of the answer, or stands after it, is answered by nothing."""
    made = change(lambda session: merge_articles(session, series.parts[source - 1], series.parts[target - 1]).id)
    assert series.tabs() == ([[], [series.doubt], []] if is_answered else [[series.doubt], [], []])
    change(lambda session: undo(session, made).id)
    assert series.tabs() == [[], [series.doubt], []]


def test_what_was_set_aside_before_is_answered_now(series: Series, decide: Callable[..., Any]) -> None:
    for attention in ("later", "no_reply"):
        decide(series.doubt, attention)
        assert series.tabs() == [[], [series.doubt], []]
        series.patch(series.parts[1], series=None)
        assert series.tabs() == [[], [], [series.doubt]]
        series.patch(series.parts[1], series="Touch")


def test_replies_and_later_parts_stand_in_the_order_of_time(series: Series) -> None:
    room = series.room
    wanted = [series.doubt]
    for number in range(5):
        comment_id = room.say(room.writer)
        if number % 2:
            series.mark(comment_id, part=3 if number == 3 else 2)
        else:
            room.say(room.author, None, parent=comment_id)
        wanted.insert(0, comment_id)
    found: list[int] = []
    query = "?tab=replied&limit=2"
    while query:
        page = room.page(query)
        found += [item["comment"]["id"] for item in page["items"]]
        query = f"?tab=replied&limit=2&cursor={page['next']}" if page["next"] else ""
    assert found == wanted
    other = room.world.article()
    assert room.desk(f"?tab=replied&article={other}") == []
    assert room.desk(f"?tab=replied&article={room.article_id}") == wanted


def test_what_is_gone_is_on_no_tab(series: Series) -> None:
    assert series.room.writer.delete(f"/comments/{series.doubt}").status_code == 204
    assert series.tabs() == [[], [], []]


def test_what_others_asked_elsewhere_is_none_of_it(series: Series) -> None:
    """An author of the later part alone has no desk in the first."""
    room = series.room
    ids = ["author", "member"]
    assert room.author.patch(f"/articles/{series.parts[1]}", {"authors": ids}).status_code == 200
    assert [room.desk(f"?tab={tab}", by=room.member) for tab in ("waiting", "replied", "set_aside")] == [[], [], []]
