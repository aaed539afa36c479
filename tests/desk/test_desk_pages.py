"""The pages of the desk by somebody who uses them without a script: decide, reply, come back to what follows; a text once typed is never lost."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from forum.clock import now
from forum.db.transaction import writing
from tests.conftest import PASSWORD, add_account
from tests.desk.conftest import DOUBT, Room
from tests.journeys.reader import Reader, Screen

pytestmark = pytest.mark.postgresql_slow

PATIENT = "A 52-year-old patient of mine in Ribbleton improved."


@pytest.fixture
def author(room: Room) -> Reader:
    """The author, signed in at the pages."""
    reader = Reader(room.world.app.test_client())
    reader.sign_in("author", PASSWORD)
    return reader


def cards(screen: Screen) -> list[int]:
    """Return the comments on the desk, in order."""
    return [int(card.attributes["id"][1:]) for card in screen.page.all("article", class_="w")]


def press(author: Reader, path: str, **fields: str) -> Screen:
    """Send one of several forms with one address, as it stands on the present page but for these fields."""
    form = author.screen.page.all("form", action=path)[0]
    token = next(field.attributes["value"] for field in form.all("input") if field.attributes.get("name") == "csrf_token")
    return author._go("POST", path, data={"csrf_token": token, **fields})


def test_deciding_goes_on_to_the_next_comment(room: Room, author: Reader) -> None:
    first, second, third = (room.say(room.writer) for _ in range(3))
    screen = author.open("/desk")
    assert cards(screen) == [first, second, third]
    assert "3 comments wait:" in screen.text
    screen = press(author, f"/desk/c/{first}/attention?then={second}", attention="thanked")
    assert (cards(screen), screen.address) == ([second, third], f"/desk#w{second}")
    screen = press(author, f"/desk/c/{second}/attention?then={third}", attention="no_reply")
    day = (now() + timedelta(days=9)).date()
    screen = press(author, f"/desk/c/{third}/attention", attention="later", until=f"{day}")
    assert cards(screen) == []
    assert "Nothing waits for you" in screen.text
    screen = author.follow("Set aside")
    assert cards(screen) == [third, second, first]
    for words in ("The author thanks you", "No reply needed.", f"{day.day}, {day.year}"):
        assert words in screen.text, words
    screen = press(author, f"/desk/c/{second}/attention?tab=set_aside&then={first}", attention="undo")
    assert (cards(screen), screen.path) == ([third, first], "/desk")
    assert cards(author.open("/desk")) == [second]


def test_a_reply_is_posted_in_place_and_lands_on_the_desk(room: Room, author: Reader) -> None:
    root = room.say(room.writer, None, text="What do you think?")
    doubt = room.say(room.member, parent=root)
    screen = author.open("/desk?group=skepticism")
    card = screen.page.one("article", id=f"w{doubt}")
    assert "Answers Writer: What do you think?" in re.sub(r"\s+", " ", card.text)
    screen = author.send(f"/desk/c/{doubt}/reply?group=skepticism", body_md="Here is what we measured.")
    assert (screen.path, screen.notices) == ("/desk", ["Your reply is posted."])
    assert cards(screen) == []
    assert cards(author.open("/desk")) == [], "the answer in its branch is one to the root as well"
    replied = author.open("/desk?tab=replied")
    assert cards(replied) == [doubt]
    assert "Here is what we measured." in replied.text


@pytest.mark.parametrize("text", ["   ", PATIENT, "x" * 10_001])
def test_a_refused_reply_stands_in_the_composer(room: Room, author: Reader, text: str) -> None:
    comment_id = room.say(room.writer)
    author.open("/desk")
    screen = author.send(f"/desk/c/{comment_id}/reply", body_md=text)
    assert screen.status == 422
    assert screen.page.one("textarea", name="body_md").raw.strip() == text.strip()
    assert DOUBT in screen.text
    if text is PATIENT:
        # Whoever has thought about it posts it from there, and still lands on the desk.
        screen = author.send(f"/desk/c/{comment_id}/reply", attested="1")
        assert (screen.path, screen.notices) == ("/desk", ["Your reply is posted."])


def test_a_preview_keeps_the_place_on_the_desk(room: Room, author: Reader) -> None:
    first, second = room.say(room.writer), room.say(room.writer)
    author.open(f"/desk/c/{first}?then={second}")
    screen = author.send(f"/desk/c/{first}/reply?then={second}", "Preview", body_md="So it *is*.", stance="agreement")
    assert screen.page.one("section", class_="preview").one("em").text == "is"
    screen = author.send(f"/desk/c/{first}/reply?then={second}")
    assert screen.address == f"/desk#w{second}"


def test_a_reply_to_a_closed_discussion_is_kept_and_says_the_way_out(room: Room, author: Reader) -> None:
    comment_id = room.say(room.writer)
    author.open("/desk")
    room.author.put(f"/articles/{room.article_id}/closing", {"reason": "So."})
    screen = author.send(f"/desk/c/{comment_id}/reply", body_md="Too late.")
    assert screen.status == 409
    assert "Too late." in screen.page.one("textarea", name="body_md").text
    assert [link.text for link in screen.page.all("a") if link.attributes["href"].endswith("/closing")] == ["Open it again"]


def test_whoever_was_signed_out_signs_in_and_finds_the_reply(room: Room, author: Reader) -> None:
    comment_id = room.say(room.writer)
    author.open("/desk")
    author.client.delete_cookie(room.world.app.config["SESSION_COOKIE_NAME"])
    screen = author.send(f"/desk/c/{comment_id}/reply", body_md="Written while signed out.")
    assert screen.page.all("form", action="/sign-in")
    screen = author.sign_in("author", PASSWORD)
    assert screen.page.one("textarea", name="body_md").raw.strip() == "Written while signed out."
    assert DOUBT in screen.text


def test_no_reply_needed_is_refused_kindly_when_the_comment_is_gone(room: Room, author: Reader) -> None:
    comment_id = room.say(room.writer)
    author.open("/desk")
    room.writer.delete(f"/comments/{comment_id}")
    screen = press(author, f"/desk/c/{comment_id}/attention", attention="thanked")
    assert screen.status == 409
    assert "Readers cannot see this comment at present" in screen.text


def test_who_wrote_no_article_is_told_what_a_desk_is(room: Room, app: Flask) -> None:
    member = Reader(app.test_client())
    member.sign_in("member", PASSWORD)
    assert not [link for link in member.open("/").page.all("a") if link.attributes["href"] == "/desk"]
    assert "This is where authors find what readers ask and doubt" in member.open("/desk").text


def test_authors_have_a_link_to_their_desk_on_every_page(room: Room, author: Reader) -> None:
    slug = room.author.get(f"/articles/{room.article_id}").json["slug"]
    other = room.world.article()
    with writing() as session:
        room.world.ids["coauthor"] = add_account(session, "coauthor").id
    room.author.patch(f"/articles/{other}", {"authors": ["author", "coauthor"]})
    member = Reader(room.world.app.test_client())
    member.sign_in("member", PASSWORD)
    coauthor = Reader(room.world.app.test_client())
    coauthor.sign_in("coauthor", PASSWORD)
    # A page that was made for a reader is never given to somebody who has a desk, and the other way round.
    for reader, has_desk in ((member, False), (coauthor, True), (member, False), (author, True)):
        for path in (f"/a/{slug}", "/settings"):
            links = [link for link in reader.open(path).page.all("a") if link.attributes["href"] == "/desk"]
            assert bool(links) is has_desk, (path, has_desk)


def test_marks_are_set_on_a_page(room: Room, author: Reader) -> None:
    root = room.say(room.writer)
    author.open(f"/c/{root}")
    author.follow("As the author: pin, feature, thank")
    forms = author.screen.page.all("form", action=f"/c/{root}/mark")
    assert len(forms) == 2
    screen = press(author, f"/c/{root}/mark", mark="pin")
    assert "Pinned" in screen.text
    author.open(f"/c/{root}/mark")
    screen = press(author, f"/c/{root}/mark", mark="feature", why="")
    assert screen.status == 422
    screen = press(author, f"/c/{root}/mark", mark="feature", why="The best doubt here.")
    assert "The author: The best doubt here." in screen.text
    author.open(f"/c/{root}/mark")
    press(author, f"/c/{root}/mark", mark="unpin")
    author.open(f"/c/{root}/mark")
    screen = press(author, f"/c/{root}/mark", mark="unfeature")
    assert "The best doubt here." not in screen.page.one("article", id=f"c{root}").text
    assert room.writer.client.get(f"/c/{root}/mark").status_code == 403


def test_a_discussion_is_closed_and_opened_on_a_page(room: Room, author: Reader) -> None:
    page = room.author.get(f"/articles/{room.article_id}").json["page"]
    author.open(page)
    author.follow("Close the discussion")
    assert "at most 300 characters" in author.screen.text
    day = (now() + timedelta(days=3)).date()
    screen = author.send(f"{page}/closing", reason="I am writing Part 2.", reopens_on=f"{day}")
    assert "I am writing Part 2." in screen.page.one("section", class_="closed").text
    author.follow("Open the discussion again")
    screen = author._go("POST", f"{page}/closing", data={"csrf_token": token_of(author.screen), "open": "true"})
    assert screen.page.all("section", class_="closed") == []
    author.open(f"{page}/closing")
    assert author.send(f"{page}/closing", reason="").status == 422


def token_of(screen: Screen) -> str:
    """Return the token of the forms on a page."""
    return next(field.attributes["value"] for field in screen.page.all("input") if field.attributes.get("name") == "csrf_token")


def test_being_away_is_said_and_taken_back_on_a_page(room: Room, author: Reader) -> None:
    page = room.author.get(f"/articles/{room.article_id}").json["page"]
    author.open("/desk/away")
    assert author.send("/desk/away", note="I am back on Monday.").status == 422
    day = (now() + timedelta(days=2)).date()
    screen = author.send("/desk/away", note="I am back on Monday.", until=f"{day}")
    assert "I am back on Monday." in screen.text
    visitor = Reader(room.world.app.test_client())
    assert "I am back on Monday." in visitor.open(page).text
    author.open("/desk/away")
    assert author.screen.page.one("input", name="until").attributes["value"] == f"{day}"
    press(author, "/desk/away", back="true")
    assert "I am back on Monday." not in visitor.open(page).text


def test_the_first_answer_of_the_author_is_a_step_away(room: Room) -> None:
    page = room.author.get(f"/articles/{room.article_id}").json["page"]
    visitor = Reader(room.world.app.test_client())
    root = room.say(room.writer)
    replies = [room.say(room.member, None, parent=root) for _ in range(2)]
    answer = room.say(room.author, None, parent=replies[1])
    room.say(room.author, None, parent=root)

    def link(path: str) -> str:
        return next(link.attributes["href"] for link in visitor.open(path).page.all("a") if link.text == "Author replied ↓")

    assert link(page) == f"#c{answer}"
    assert link(f"{page}?replies=2") == f"/c/{answer}"
    assert link(f"/c/{root}") == f"/c/{answer}#c{answer}"
    room.author.delete(f"/comments/{answer}")
    assert link(page) != f"#c{answer}"
