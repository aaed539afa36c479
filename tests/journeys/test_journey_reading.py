"""Reading without an account: from the list to an article, through its discussion to single comments and people."""

from collections.abc import Callable

import pytest
from flask import Flask

from forum.articles.models import Article
from forum.comments.stance import Stance
from forum.db.transaction import writing
from tests.journeys.reader import Reader
from tests.seeding import Plan, PlannedComment, Seeded, seed_discussion, store_plan

pytestmark = pytest.mark.postgresql_slow


@pytest.fixture
def seeded(app: Flask) -> Callable[..., tuple[str, Seeded]]:
    """Return a function that stores a planned or a large discussion and returns its page with what was stored."""

    def make(plan: Plan | None = None, **size: int) -> tuple[str, Seeded]:
        with writing() as session:
            made = store_plan(session, plan) if plan else seed_discussion(session, **size)
            return f"/a/{session.get_one(Article, made.article_id).slug}", made

    return make


def walk(reader: Reader, page: str, words: str) -> list[int]:
    """Return the ids of the comments on a page and on all that follow it."""
    found = reader.open(page).comments
    while any(link.text == words for link in reader.screen.page.all("a")):
        found += reader.follow(words).comments
    return found


def test_a_visitor_reads_from_the_list_to_a_person(reader: Reader, seeded: Callable[..., tuple[str, Seeded]]) -> None:
    plan = Plan(
        [
            PlannedComment(writer=1, stance=Stance.SKEPTICISM, tags=((2, Stance.AGREEMENT), (3, Stance.SKEPTICISM))),
            PlannedComment(parent=0, writer=0, stance=Stance.DISAGREEMENT),
        ]
    )
    page, made = seeded(plan)
    root, reply = made.comment_ids
    assert reader.open("/").heading == "What is being discussed"
    discussion = reader.follow("A planned discussion")
    assert discussion.path == page
    assert discussion.comments == [root, reply]
    assert "doubts this" in discussion.comment(root).text
    assert "2 readers" in discussion.comment(root).text
    assert "disagrees with @" in discussion.comment(reply).text
    assert discussion.comment(reply).one("h4").one("i").text == "Author"
    link = next(link for link in discussion.comment(reply).all("a") if link.all("time"))
    permalink = reader.open(link.attributes["href"])
    assert permalink.comments == [root, reply]
    assert permalink.page.one("h1").text == "A planned discussion"
    person = reader.open(permalink.comment(reply).one("h3").one("a").attributes["href"])
    assert person.comments == [reply]
    assert reader.follow("A planned discussion").comments == [root, reply]


def test_the_two_tallies_stand_apart(reader: Reader, seeded: Callable[..., tuple[str, Seeded]]) -> None:
    doubted = PlannedComment(writer=1, stance=Stance.SKEPTICISM, tags=((2, Stance.AGREEMENT), (3, Stance.AGREEMENT)))
    page, _ = seeded(Plan([doubted, PlannedComment(parent=0, writer=2, stance=Stance.AGREEMENT, tags=((1, Stance.ENCOURAGEMENT),))]))
    writers, readers = reader.open(page).page.one("div", class_="tallies").all("ul")
    assert writers.text == "Disagree 0 Doubt 1 Agree 0 Encourage 0"
    assert readers.text == "Disagree 0 Doubt 0 Agree 2 Encourage 1"
    assert "never added together" in reader.screen.text
    thread = reader.screen.page.one("div", class_="about")
    assert "1 reply" in thread.text
    assert thread.one("ul").text == "Disagree 0 Doubt 0 Agree 2 Encourage 1"


@pytest.mark.parametrize("sort", ["oldest", "newest", "active", "most_tagged", "most_valued", "most_contested", "unanswered"])
def test_every_page_of_every_order_shows_each_thread_once(reader: Reader, seeded: Callable[..., tuple[str, Seeded]], sort: str) -> None:
    page, made = seeded(comments=135, replies_each=2)
    found = walk(reader, f"{page}?sort={sort}", "Next discussions")
    assert sorted(found) == sorted(made.comment_ids)
    assert reader.screen.page.one("select", name="sort").one("option", selected="").attributes["value"] == sort


def test_a_wide_thread_is_read_to_its_end(reader: Reader, seeded: Callable[..., tuple[str, Seeded]]) -> None:
    page, made = seeded(comments=131, wide=130, replies_each=0)
    screen = reader.open(page)
    assert len(screen.comments) == 11
    found = screen.comments + reader.follow("Show 120 more replies").comments
    found += reader.follow("Show 70 more replies").comments
    found += reader.follow("Show 20 more replies").comments
    assert found == list(made.comment_ids)
    assert not reader.screen.page.all("p", class_="more")


def test_a_deep_thread_is_indented_so_far_and_then_named(reader: Reader, seeded: Callable[..., tuple[str, Seeded]]) -> None:
    page, made = seeded(comments=9, deep=8, replies_each=0)
    screen = reader.open(page)
    assert screen.comments == list(made.comment_ids)
    cards = screen.page.all("article", class_="c")
    depths = []
    for card in cards:
        depth, above = 0, card.parent
        while above is not None:
            depth, above = depth + (above.tag == "ol"), above.parent
        depths.append(depth - 1)
    assert depths == [0, 1, 2, 3, 4, 4, 4, 4, 4]
    assert ["in reply to @" in card.text for card in cards] == [False] * 5 + [True] * 4
    last = reader.open(f"/c/{made.comment_ids[-1]}")
    assert last.comments == list(made.comment_ids[-2:])
    assert [int(line.one("a").attributes["href"].partition("#c")[2]) for line in last.page.all("li", class_="stub")] == list(
        made.comment_ids[:-2]
    )


def test_a_filter_shows_matches_below_what_they_answer(reader: Reader, seeded: Callable[..., tuple[str, Seeded]]) -> None:
    plan = Plan([PlannedComment(writer=1), PlannedComment(parent=0, writer=2, stance=Stance.SKEPTICISM), PlannedComment(writer=3)])
    page, made = seeded(plan)
    reader.open(page)
    screen = reader.send(f"{page}#discussion", "Show", stance="skepticism")
    assert screen.comments == [made.comment_ids[1]]
    assert len(screen.page.all("li", class_="stub")) == 1
    assert "#discussion" in screen.address
    assert screen.page.one("select", name="stance").one("option", selected="").attributes["value"] == "skepticism"
    screen = reader.send(f"{page}#discussion", "Show", stance="encouragement")
    assert screen.comments == []
    assert "No comment here fits what you asked for." in screen.text
    assert reader.follow("Show everything again").comments == [made.comment_ids[0], made.comment_ids[1], made.comment_ids[2]]


def test_an_article_without_comments_invites_by_its_question(reader: Reader, slug: str) -> None:
    screen = reader.open(f"/a/{slug}")
    assert "Nobody has answered yet. Where do you stand?" in screen.text
    assert "What would change your mind?" in screen.text
    starters = screen.page.one("ul", class_="starters").all("a")
    assert [starter.attributes["href"] for starter in starters] == [f"/a/{slug}?stand={stance}#composer" for stance in Stance]
    assert not screen.page.all("form", class_="composer")
    opened = reader.open(starters[2].attributes["href"])
    chosen = opened.page.one("form", class_="composer").one("input", checked="")
    assert chosen.attributes["value"] == "skepticism"
    assert "0 comments" not in screen.text


def test_unknown_parameters_are_no_fault_of_the_reader(reader: Reader, slug: str) -> None:
    assert reader.open(f"/a/{slug}?utm_source=mail&fbclid=x").status == 200


@pytest.mark.parametrize("path", ["/a/nothing", "/c/99", "/c/99/thread", "/c/99/history", "/u/nobody", "/nowhere", "/c/0"])
def test_what_is_not_there_says_so(reader: Reader, app: Flask, path: str) -> None:
    screen = reader.open(path)
    assert (screen.status, screen.heading) == (404, "This is not here")
    assert reader.follow("All articles").status == 200


def test_a_person_is_read_backwards_page_by_page(reader: Reader, seeded: Callable[..., tuple[str, Seeded]]) -> None:
    _, made = seeded(Plan([PlannedComment(writer=1, minute=minute) for minute in range(45)]))
    with_handle = reader.open(f"/c/{made.comment_ids[0]}").comment(made.comment_ids[0]).one("h3").one("a").attributes["href"]
    assert walk(reader, with_handle, "Older comments") == list(reversed(made.comment_ids))
