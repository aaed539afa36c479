"""A series: neighbours, the open questions of the part before, threads that a later part answers; and none of it is ever shown as it no longer is."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import select

from forum.access.viewer import Role
from forum.accounts.models import Account
from forum.articles.models import Article
from forum.articles.queries import versions_before
from forum.clock import now
from forum.comments.actions import NewComment, move, store
from forum.comments.attention import Attention
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.stance import Stance
from forum.db.quick import QUICK
from forum.db.transaction import reading, writing
from forum.jobs.happening import TELL
from forum.jobs.models import Job
from forum.posting.keeping import read_state
from forum.posting.models import Continuation
from forum.posting.series_queries import read_parts, read_threads
from forum.privacy import leaving
from forum.privacy.forgetting import destroy
from forum.web.front import FRONT
from forum.web.lagging import BehindError, Lagging
from tests.comments.measure import plan_of, statements_of
from tests.conftest import ApiClient, Person, Reply
from tests.journeys.reader import Element, Reader, parse
from tests.seeding import seed_discussion

pytestmark = pytest.mark.postgresql_slow

SERIES = "Hands and evidence"


@dataclass
class Told:
    """A series in three parts by ``author``; the third is by ``other`` alone. ``readers`` comment and tag."""

    app: Flask
    author: Person
    other: Person
    readers: list[Person]
    parts: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, reader: int = 0, *, stance: str | None = "skepticism", part: int = 1, parent_id: int | None = None) -> int:
        """Let a reader comment below a part, and return the comment's id."""
        body = {"body_md": f"A word of reader {reader} on part {part}.", "stance": stance, "parent_id": parent_id}
        answer = self.readers[reader].client.post(f"/articles/{self.parts[part - 1]['id']}/comments", body)
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    def tag(self, comment_id: int, reader: int, stance: str = "skepticism") -> None:
        """Let a reader tag a comment."""
        assert self.readers[reader].client.put(f"/comments/{comment_id}/tag", {"stance": stance}).status_code == 200

    def mark(self, comment_id: int, part: int = 2, line: str = "", by: Person | None = None) -> Reply:
        """Say that a part answers a thread."""
        return (by or self.author).client.put(
            f"/comments/{comment_id}/continuation", {"article_id": self.parts[part - 1]["id"], "line": line}
        )

    def series(self, part: int) -> Any:
        """Return what a visitor gets of the series at a part."""
        return ApiClient(self.app.test_client()).get(f"/articles/{self.parts[part - 1]['id']}/series").json

    def page(self, part: int) -> Element:
        """Return a part's page as a visitor gets it."""
        return parse(self.app.test_client().get(self.parts[part - 1]["page"]).text)

    def open(self, part: int) -> list[int]:
        """Return the open questions that a part lists. Asserts that page and JSON say the same."""
        found = [question["comment"]["id"] for question in self.series(part)["open_questions"]]
        for details in self.page(part).all("details", class_="folded"):
            if details.one("summary").text.startswith("Open questions"):
                links = [item.one("a").attributes["href"] for item in details.all("li", class_="stub")]
                assert links == [f"/c/{comment_id}#c{comment_id}" for comment_id in found]
                break
        else:
            assert found == []
        return found


@pytest.fixture
def told(app: Flask, person: Callable[..., Person]) -> Told:
    author, other = person("marit", Role.PUBLISHER), person("otto", Role.PUBLISHER)
    readers = [person(name) for name in ("anna", "ben", "cleo", "dora", "emil", "fay", "gus")]
    told = Told(app, author, other, readers)
    for number, authors in ((1, ["marit"]), (2, ["marit", "otto"]), (3, ["otto"])):
        body = {"title": f"Hands, {number}", "series": SERIES, "part": number, "authors": authors}
        told.parts.append(author.client.post("/articles", body).json)
    return told


def version(article_id: int) -> int:
    with reading() as session:
        return session.get_one(Article, article_id).version


def events(comment_id: int) -> int:
    with reading() as session:
        payloads = [json.loads(payload) for payload in session.scalars(select(Job.payload).where(Job.kind == TELL))]
        return sum(payload["kind"] == "comment.continued" and payload["comment_id"] == comment_id for payload in payloads)


def test_each_part_leads_to_its_neighbours(told: Told) -> None:
    names = [
        (found["previous"] and found["previous"]["part"], found["next"] and found["next"]["part"]) for found in map(told.series, (1, 2, 3))
    ]
    assert names == [(None, 2), (1, 3), (2, None)]
    assert [part["title"] for part in told.series(2)["parts"]] == ["Hands, 1", "Hands, 2", "Hands, 3"]
    page = told.page(2)
    assert page.one("a", rel="prev").attributes["href"] == told.parts[0]["page"]
    assert page.one("a", rel="next").attributes["href"] == told.parts[2]["page"]
    assert not told.page(1).all("a", rel="prev")


def test_an_article_of_its_own_has_no_neighbours(told: Told) -> None:
    alone = told.author.client.post("/articles", {"title": "Alone", "authors": ["marit"]}).json
    answer = ApiClient(told.app.test_client()).get(f"/articles/{alone['id']}/series").json
    assert answer == {"parts": [], "previous": None, "next": None, "open_questions": [], "answered_here": [], "answered_later": []}
    unnumbered = told.author.client.post("/articles", {"title": "An epilogue", "series": SERIES, "authors": ["marit"]}).json
    answer = ApiClient(told.app.test_client()).get(f"/articles/{unnumbered['id']}/series").json
    assert (len(answer["parts"]), answer["previous"], answer["next"]) == (4, None, None)


def test_open_questions_are_doubts_and_objections_most_doubted_first(told: Told) -> None:
    asked = [told.ask(number, stance=("skepticism", "disagreement")[number % 2]) for number in range(6)]
    told.ask(6, stance="agreement")
    told.ask(6, stance=None)
    told.ask(6, parent_id=asked[0])
    for reader in (0, 1, 2):
        told.tag(asked[4], reader)
    told.tag(asked[3], 0, "disagreement")
    told.tag(asked[3], 1, "agreement")
    assert told.open(2) == [asked[4], asked[3], asked[0], asked[1], asked[2]]
    assert told.open(1) == told.open(3) == []
    first = told.series(2)["open_questions"][0]
    assert (first["doubts"], first["comment"]["author"]["handle"], first["comment"]["excerpt"]) == (
        3,
        "emil",
        "A word of reader 4 on part 1.",
    )


def test_a_question_leaves_the_list_however_it_is_dealt_with(told: Told) -> None:
    """Every step is shown at once, though the later part's page is kept and its own version is not touched."""
    front: Any = told.app.extensions[FRONT]
    asked = [told.ask(number) for number in range(6)]
    before = version(told.parts[1]["id"])
    assert told.open(2) == asked[:5]
    told.author.client.post(f"/articles/{told.parts[0]['id']}/comments", {"body_md": "My answer.", "parent_id": asked[0]})
    assert told.open(2) == asked[1:6]
    assert told.readers[1].client.delete(f"/comments/{asked[1]}").status_code == 204
    assert told.open(2) == asked[2:6]
    assert told.readers[2].client.patch(f"/comments/{asked[2]}", {"stance": "agreement"}).status_code == 200
    assert told.open(2) == asked[3:6]
    told.tag(asked[5], 0)
    assert told.open(2) == [asked[5], asked[3], asked[4]]
    assert version(told.parts[1]["id"]) == before
    assert told.mark(asked[3]).status_code == 200
    assert told.open(2) == [asked[5], asked[4]]
    assert told.author.client.delete(f"/comments/{asked[3]}/continuation").status_code == 204
    assert told.open(2) == [asked[5], asked[3], asked[4]]
    assert len(front.shelf) > 0


@pytest.mark.parametrize(("attention", "is_open"), [(Attention.THANKED, False), (Attention.NO_REPLY, False), (Attention.LATER, True)])
def test_what_an_author_has_set_aside_is_not_open_but_what_is_put_off_is(told: Told, attention: Attention, is_open: bool) -> None:
    asked = told.ask()
    assert told.open(2) == [asked]
    answer = told.author.client.put(f"/comments/{asked}/attention", {"attention": attention.value})
    assert answer.status_code < 300, answer.text
    assert told.open(2) == ([asked] if is_open else [])
    assert told.author.client.delete(f"/comments/{asked}/attention").status_code < 300
    assert told.open(2) == [asked]


def test_what_an_author_doubts_himself_is_no_open_question(told: Told) -> None:
    body = {"body_md": "I doubt it myself.", "stance": "skepticism"}
    assert told.author.client.post(f"/articles/{told.parts[0]['id']}/comments", body).status_code == 201
    assert told.open(2) == []


def test_a_part_that_nobody_has_answered_begins_with_them(told: Told) -> None:
    told.ask()
    unfolded = [details for details in told.page(2).all("details", class_="folded") if "open" in details.attributes]
    assert [details.one("summary").text for details in unfolded] == ["Open questions of Part 1"]
    assert unfolded[0].all("a")[-1].attributes["href"] == f"{told.parts[0]['page']}?sort=unanswered#discussion"
    told.ask(1, part=2)
    assert not [details for details in told.page(2).all("details", class_="folded") if "open" in details.attributes]


def test_a_thread_is_answered_in_a_later_part_and_both_parts_say_so(told: Told) -> None:
    asked = told.ask()
    before = [version(part["id"]) for part in told.parts]
    answer = told.mark(asked, line="  See the second table.  ")
    assert answer.status_code == 200, answer.text
    assert (answer.json["comment_id"], answer.json["article"]["id"], answer.json["line"]) == (
        asked,
        told.parts[1]["id"],
        "See the second table.",
    )
    assert told.series(1)["answered_later"] == [answer.json]
    (here,) = told.series(2)["answered_here"]
    assert (here["comment"]["id"], here["line"]) == (asked, "See the second table.")
    # The third part appeared after them, in no version of theirs.
    assert [version(part["id"]) - old for part, old in zip(told.parts, before, strict=True)] == [1, 1, 0]
    for place in (told.page(1), parse(told.app.test_client().get(f"/c/{asked}").text)):
        note = next(note for note in place.all("p", class_="n") if note.text.startswith("The author answered this in"))
        assert note.one("a").attributes["href"] == told.parts[1]["page"]
        assert "See the second table." in note.text
    details = next(one for one in told.page(2).all("details") if one.one("summary").text == "Earlier questions answered here")
    assert details.one("a").attributes["href"] == f"/c/{asked}#c{asked}"
    assert "See the second table." in details.text


def test_those_who_doubted_are_told_once_of_each_part(told: Told) -> None:
    asked = told.ask()
    assert told.mark(asked).status_code == 200
    states = [version(part["id"]) for part in told.parts]
    assert told.mark(asked).status_code == 200
    assert [version(part["id"]) for part in told.parts] == states
    assert events(asked) == 1
    assert told.mark(asked, line="A line more.").json["line"] == "A line more."
    assert events(asked) == 1
    assert told.series(1)["answered_later"][0]["line"] == "A line more."


def test_a_mark_can_move_to_another_part(told: Told) -> None:
    asked = told.ask()
    both = told.other.client.patch(f"/articles/{told.parts[2]['id']}", {"authors": ["otto", "marit"]})
    assert both.status_code == 200
    assert told.mark(asked).status_code == 200
    assert len(told.series(2)["answered_here"]) == 1
    assert told.mark(asked, part=3).status_code == 200
    assert told.series(2)["answered_here"] == []
    assert [one["comment"]["id"] for one in told.series(3)["answered_here"]] == [asked]
    assert events(asked) == 2


def test_only_an_author_of_both_parts_may_say_so(told: Told) -> None:
    asked, below = told.ask(), told.ask(1, part=2)
    refused = told.mark(asked, by=told.other)
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/forbidden")
    refused = told.mark(asked, by=told.readers[0])
    assert refused.status_code == 403
    # Otto wrote the second and the third, Marit not the third.
    refused = told.mark(below, part=3)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/article_id")
    assert told.mark(below, part=3, by=told.other).status_code == 200


def test_only_a_later_part_of_the_same_series_can_answer(told: Told) -> None:
    asked, second = told.ask(), told.ask(1, part=2)
    alone = told.author.client.post("/articles", {"title": "Alone", "authors": ["marit"]}).json
    told.parts.append(alone)
    for comment_id, part in ((asked, 1), (second, 1), (second, 2), (asked, 4)):
        refused = told.mark(comment_id, part=part)
        assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "no-later-part"), (comment_id, part)
    missing = told.author.client.put(f"/comments/{asked}/continuation", {"article_id": 9_999_999})
    assert missing.json["errors"][0]["code"] == "no-later-part"


def test_only_a_thread_that_readers_see_can_be_marked(told: Told) -> None:
    asked = told.ask()
    reply = told.ask(1, parent_id=asked)
    refused = told.mark(reply)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/conflict")
    told.readers[0].client.delete(f"/comments/{asked}")
    refused = told.mark(asked)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/conflict")


@pytest.mark.parametrize("line", ["x" * 201, "two\nlines", "\u202eturned"])
def test_a_line_fits_on_one(told: Told, line: str) -> None:
    refused = told.mark(told.ask(), line=line)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/line")


def test_what_is_hidden_later_is_named_in_neither_part(told: Told) -> None:
    asked = told.ask()
    assert told.mark(asked, line="Quokka.").status_code == 200
    assert told.readers[0].client.delete(f"/comments/{asked}").status_code == 204
    assert (told.series(1)["answered_later"], told.series(2)["answered_here"]) == ([], [])
    assert "Quokka" not in told.page(1).text + told.page(2).text
    assert told.readers[0].client.delete(f"/comments/{asked}/withdrawal").status_code == 200
    assert len(told.series(2)["answered_here"]) == 1


def test_taking_it_back_twice_is_no_error(told: Told) -> None:
    asked = told.ask()
    told.mark(asked)
    for _ in range(2):
        assert told.author.client.delete(f"/comments/{asked}/continuation").status_code == 204
    assert told.series(1)["answered_later"] == []
    with reading() as session:
        assert session.get(Continuation, asked) is None


def test_a_new_title_or_number_is_seen_on_the_other_parts_at_once(told: Told) -> None:
    asked = told.ask()
    told.mark(asked)
    assert [told.page(part).one("nav", class_="series").text for part in (1, 2, 3)]
    told.author.client.patch(f"/articles/{told.parts[1]['id']}", {"title": "Hands, renamed"})
    assert all("Hands, renamed" in told.page(part).one("nav", class_="series").text for part in (1, 2, 3))
    assert told.series(1)["answered_later"][0]["article"]["title"] == "Hands, renamed"
    told.author.client.patch(f"/articles/{told.parts[1]['id']}", {"part": 7})
    assert [part["part"] for part in told.series(1)["parts"]] == [1, 3, 7]
    assert told.series(3)["next"]["title"] == "Hands, renamed"
    told.author.client.patch(f"/articles/{told.parts[1]['id']}", {"series": None})
    assert [part["part"] for part in told.series(1)["parts"]] == [1, 3]
    assert told.series(1)["answered_later"] == []


def test_a_new_part_is_seen_on_the_others_at_once(told: Told) -> None:
    assert [len(told.series(part)["parts"]) for part in (1, 2, 3)] == [3, 3, 3]
    assert not told.page(3).all("a", rel="next")
    told.author.client.post("/articles", {"title": "Hands, 4", "series": SERIES, "part": 4, "authors": ["marit"]})
    assert [len(told.series(part)["parts"]) for part in (1, 2, 3)] == [4, 4, 4]
    assert told.page(3).one("a", rel="next").text == "Part 4 →"


def test_an_author_marks_and_unmarks_by_form(told: Told) -> None:
    asked = told.ask()
    reader, address = Reader(told.author.client.client), f"/c/{asked}/continue"
    reader.open(f"/c/{asked}")
    assert reader.follow("Answered in a later part?").path == address
    refused = reader.send(address, line="x" * 300)
    assert (refused.status, refused.form(address).one("input", name="line").attributes["value"]) == (422, "x" * 300)
    done = reader.send(address, line="There.")
    assert (done.address, len(done.notices)) == (f"/c/{asked}#c{asked}", 1)
    assert told.series(1)["answered_later"][0]["line"] == "There."
    again = reader.open(address)
    assert again.form(address).one("input", name="line").attributes["value"] == "There."
    reader.send(address, "It is not answered elsewhere after all")
    assert told.series(1)["answered_later"] == []


def test_nobody_else_is_offered_the_form(told: Told) -> None:
    asked = told.ask()
    told.mark(asked)
    for browser in (told.app.test_client(), told.readers[0].client.client, told.other.client.client):
        assert f"/c/{asked}/continue" not in browser.get(f"/c/{asked}").text
    assert told.readers[0].client.client.get(f"/c/{asked}/continue").status_code == 403
    assert told.app.test_client().get(f"/c/{asked}/continue").status_code == 303


def test_the_form_says_when_there_is_no_later_part(told: Told) -> None:
    asked = told.ask(part=3)
    page = parse(told.other.client.client.get(f"/c/{asked}/continue").text)
    assert page.one("p", class_="empty").text.startswith("There is no later part of this series that you wrote.")
    reply = told.ask(1, parent_id=told.ask())
    assert told.author.client.client.get(f"/c/{reply}/continue").status_code == 409


def test_its_author_may_take_it_away(told: Told) -> None:
    asked = told.ask()
    told.mark(asked, line="Mine.")
    (held,) = told.author.client.get("/me/export").json["elsewhere"]["threads_answered_elsewhere"]
    assert (held["comment_id"], held["article_id"], held["line"]) == (asked, told.parts[1]["id"], "Mine.")
    assert told.readers[0].client.get("/me/export").json["elsewhere"]["threads_answered_elsewhere"] == []


def test_the_mark_goes_with_a_text_that_is_destroyed_and_stays_when_its_author_leaves(told: Told) -> None:
    asked, kept = told.ask(), told.ask(1)
    for comment_id in (asked, kept):
        told.mark(comment_id, line="Quokka said so.")
    with writing() as session:
        place = lock_place(session, asked)
        move(session, place, "erase")
        destroy(session, place)
    with reading() as session:
        assert session.get(Continuation, asked) is None
    assert [one["comment_id"] for one in told.series(1)["answered_later"]] == [kept]
    with writing() as session:
        author = session.get_one(Account, told.author.id)
        author.leaving_at, author.leaving_with = now(), "withdraw"
    for piece in range(5):
        with writing() as session:
            leaving.leave(session, {"account_id": told.author.id, **({"begun": 1} if piece else {})})
    with reading() as session:
        assert session.get_one(Account, told.author.id).left_at is not None
    assert [one["line"] for one in told.series(1)["answered_later"]] == ["Quokka said so."]


def test_the_reads_are_bounded_and_use_the_index(app: Flask, told: Told, database: str) -> None:
    with writing() as session:
        large = seed_discussion(session, comments=3_000, replies_each=2)
        earlier = session.get_one(Article, large.article_id)
        earlier.series_id, earlier.part = session.get_one(Article, told.parts[1]["id"]).series_id, 1
        session.get_one(Article, told.parts[0]["id"]).part = None
    with statements_of(app) as statements, reading() as session:
        article = session.get_one(Article, told.parts[1]["id"])
        parts = read_parts(session, article)
        before = len(statements)
        read_threads(session, article, parts, roots=[1, 2])
    asked = statements[before:]
    assert len(asked) == 3
    with reading() as session:
        if database == "postgresql":
            session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
            session.connection().exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        steps = plan_of(session.connection(), asked[0])
    assert any("ix_roots_open" in step for step in steps), steps
    assert not [step for step in steps if step.startswith(("SCAN comments", "Seq Scan using nothing on comments"))], steps


def test_a_replica_that_lacks_an_earlier_part_does_not_answer(told: Told) -> None:
    part, nothing = told.parts[1]["id"], cast(Any, None)
    lagging = Lagging(nothing, told.app.extensions[QUICK], read_stamp=read_state, find_writes=nothing, count_write=nothing)
    with reading() as session:
        article = session.get_one(Article, part)
        here, before = article.version, versions_before(session, article)
    assert before == version(told.parts[0]["id"])
    lagging.require_present(part, here, before)
    told.ask()
    with pytest.raises(BehindError):
        lagging.require_present(part, here, before)
    lagging.require_present(part, here)


def test_in_a_frame_another_part_opens_in_a_window_of_its_own(told: Told) -> None:
    told.mark(told.ask())
    frame = {"Sec-Fetch-Dest": "iframe"}
    second = parse(told.app.test_client().get(told.parts[1]["page"], headers=frame).text)
    assert [second.one("a", rel=rel).attributes["target"] for rel in ("prev", "next")] == ["_blank", "_blank"]
    first = parse(told.app.test_client().get(told.parts[0]["page"], headers=frame).text)
    note = next(note for note in first.all("p", class_="n") if note.text.startswith("The author answered this in"))
    assert note.one("a").attributes["target"] == "_blank"
    assert not second.all("nav", class_="series")


def test_it_stays_so_when_a_comment_is_stored_by_hand(told: Told) -> None:
    """What is not visible is never an open question, whatever way it took."""
    with writing() as session:
        article = session.get_one(Article, told.parts[0]["id"])
        made = store(session, article, None, None, NewComment("A.", "<p>A.</p>\n", 1, Stance.SKEPTICISM, told.readers[0].id))
        asked = made.id
    assert told.open(2) == [asked]
    with writing() as session:
        move(session, lock_place(session, asked), "withdraw")
    assert told.open(2) == []
    with reading() as session:
        assert session.get_one(Comment, asked).listed
