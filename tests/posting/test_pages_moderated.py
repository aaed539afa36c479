"""What readers and writers see of moderation in a discussion: tombstones, notices, locked branches, what waits, and what was taken out.

Marker words stand in every text that somebody may not read; no page may show them to anybody else.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from forum.access.viewer import Role
from forum.articles.models import Article
from forum.db.transaction import reading
from tests.conftest import Person
from tests.journeys.reader import Reader, Screen
from tests.moderation.staging import STATEMENT, browse, decide, post

pytestmark = pytest.mark.postgresql_slow

HELD_TEXT = "You are an idiot, heldmarker."
WAITING_TEXT = "You are a moron, waitmarker."


@dataclass
class Scene:
    """An article with a root by Anna and a reply by Ben, and those who look at it."""

    people: dict[str, Person]
    article_id: int
    slug: str
    root: int
    reply: int
    visitor: Reader

    def browse(self, who: str) -> Reader:
        """Return somebody's browser; nobody's for a visitor."""
        return browse(self.people[who]) if who else self.visitor

    def pages_of(self, comment_id: int) -> list[str]:
        """Return every page on which a comment may appear."""
        return [
            f"/a/{self.slug}",
            f"/a/{self.slug}?stance=agreement",
            f"/c/{comment_id}",
            f"/c/{comment_id}/history",
            f"/c/{comment_id}/report",
            f"/c/{comment_id}/tag",
            f"/c/{comment_id}/reply",
            f"/c/{comment_id}/thread",
            f"/c/{self.root}",
            f"/c/{self.reply}",
            "/u/anna",
            "/",
            "/modlog",
        ]

    def assert_hidden(self, comment_id: int, *markers: str) -> None:
        """Assert that no page shows a marker to a stranger, signed in or not."""
        for who in ("", "ben", "cleo"):
            reader = self.browse(who)
            for path in self.pages_of(comment_id):
                text = reader.open(path).response.text
                assert not [marker for marker in markers if marker in text], (who, path)


@pytest.fixture
def scene(app: Flask, person: Callable[..., Person], article: Callable[..., int]) -> Scene:
    """The scene."""
    people = {
        name: person(name, Role.MODERATOR if name.startswith("mod") else Role.MEMBER) for name in ("anna", "ben", "cleo", "moda", "modb")
    }
    article_id = article()
    with reading() as session:
        slug = session.scalars(select(Article.slug).where(Article.id == article_id)).one()
    root = post(people["anna"], article_id, "A shop sells it, rootmarker.", stance="agreement")
    reply = post(people["ben"], article_id, "Where would that be?", parent_id=root)
    return Scene(people, article_id, slug, root, reply, Reader(app.test_client()))


def links_of(screen: Screen, comment_id: int) -> list[str]:
    """Return the words of what can be done at a comment."""
    return [link.text for foot in screen.comment(comment_id).all("p", class_="a") for link in foot.all("a")]


def test_a_removed_comment_keeps_its_place_and_says_why(scene: Scene) -> None:
    decision = decide(scene.people["moda"], scene.root, "remove", "promotion")
    for path in (f"/a/{scene.slug}", f"/c/{scene.root}", f"/c/{scene.reply}"):
        card = scene.visitor.open(path).comment(scene.root)
        assert card.text == "Removed by a moderator · Promotion · log"
        assert card.one("a").attributes["href"] == f"/modlog?decision={decision}#d{decision}"
        assert "Where would that be?" in scene.visitor.screen.comment(scene.reply).text
    assert scene.visitor.follow("log").page.all("p", id=f"d{decision}")
    scene.assert_hidden(scene.root, "rootmarker", STATEMENT)


def test_its_writer_reads_text_and_reason_in_place_and_submits_it_again(scene: Scene) -> None:
    decision = decide(scene.people["moda"], scene.root, "remove", "promotion")
    anna = scene.browse("anna")
    page = anna.open(f"/a/{scene.slug}")
    card = page.comment(scene.root)
    assert "rootmarker" in card.text
    assert "Removed by a moderator · Promotion · why" in card.text
    assert links_of(page, scene.root) == ["Edit and submit again", "Withdraw"]
    assert "Removed by a moderator" in page.page.one("section", class_="own").text
    anna.open(f"/c/{scene.root}")
    box = anna.screen.page.one("aside", class_="standing")
    assert box.text == f"Removed: {STATEMENT} What was decided, and why Edit and submit again"
    assert anna.follow("What was decided, and why").path == f"/decisions/{decision}"
    anna.open(f"/c/{scene.root}/edit")
    assert STATEMENT in anna.screen.text
    screen = anna.send(f"/c/{scene.root}/edit", "Preview", body_md="I *sell* nothing.")
    assert screen.page.one("section", class_="preview").one("em").text == "sell"
    screen = anna.send(f"/c/{scene.root}/edit", "Submit again")
    assert "Waiting for a person to read it" in screen.comment(scene.root).text
    box = screen.page.one("aside", class_="standing")
    assert box.text.startswith("Your comment was hidden or removed before you brought it back")
    # It was public once, so it keeps its place.
    assert scene.visitor.open(f"/a/{scene.slug}").comment(scene.root).text == "Waiting for a person to read it"
    scene.assert_hidden(scene.root, "rootmarker", "nothing.")
    decide(scene.people["modb"], scene.root, "approve", "within_rules")
    assert "I sell nothing." in scene.visitor.open(f"/c/{scene.root}").comment(scene.root).text


def test_an_unchanged_text_is_not_submitted_again(scene: Scene) -> None:
    decide(scene.people["moda"], scene.root, "remove", "promotion")
    anna = scene.browse("anna")
    anna.open(f"/c/{scene.root}/edit")
    screen = anna.send(f"/c/{scene.root}/edit", "Submit again")
    assert screen.status == 422
    assert "Change the text" in screen.errors
    assert screen.page.one("textarea", name="body_md").raw == "A shop sells it, rootmarker."


def test_a_screened_comment_says_that_somebody_looks(scene: Scene) -> None:
    scene.people["ben"].client.post(f"/comments/{scene.root}/reports", {"reason": "confidentiality"})
    assert scene.visitor.open(f"/a/{scene.slug}").comment(scene.root).text == "Hidden while a moderator looks at it"
    scene.assert_hidden(scene.root, "rootmarker", "because readers reported it")
    screen = scene.browse("anna").open(f"/c/{scene.root}")
    assert "rootmarker" in screen.comment(scene.root).text
    assert "because readers reported it" in screen.page.one("aside", class_="standing").text


def test_a_held_comment_is_its_writer_s_alone(scene: Scene) -> None:
    anna = scene.browse("anna")
    anna.open(f"/a/{scene.slug}/comments")
    screen = anna.send(f"/a/{scene.slug}/comments", "Post", body_md=HELD_TEXT)
    assert screen.notices == ["Thank you. A person reads your comment before others can; you find it here."]
    held = int(screen.address.rpartition("#c")[2])
    assert "heldmarker" in screen.comment(held).text
    assert "Waiting for a person to read it" in screen.comment(held).text
    assert links_of(screen, held) == ["Edit", "Withdraw"]
    box = screen.page.one("aside", class_="standing")
    assert box.text.startswith("Your comment waits for a person to read it before others can:")
    page = anna.open(f"/a/{scene.slug}")
    own = page.page.one("section", class_="own")
    assert "heldmarker" in own.one("article", id=f"c{held}").text
    discussion = page.page.one("section", id="discussion")
    assert not discussion.all("article", id=f"c{held}")
    main = list(page.page.one("main").walk())
    assert main.index(own) < main.index(discussion)
    scene.assert_hidden(held, "heldmarker")
    assert scene.visitor.open(f"/c/{held}").status == 404


def test_what_was_never_accepted_has_no_place(scene: Scene) -> None:
    held = post(scene.people["anna"], scene.article_id, HELD_TEXT, parent_id=scene.root)
    decide(scene.people["moda"], held, "remove", "harassment")
    scene.assert_hidden(held, "heldmarker", STATEMENT)
    page = scene.browse("anna").open(f"/a/{scene.slug}")
    assert "Removed by a moderator · Harassment" in page.page.one("section", class_="own").text
    assert STATEMENT in scene.browse("anna").open(f"/c/{held}").text


def test_a_change_that_waits_is_kept_for_its_writer(scene: Scene) -> None:
    anna = scene.browse("anna")
    anna.open(f"/c/{scene.root}/edit")
    screen = anna.send(f"/c/{scene.root}/edit", "Save", body_md=WAITING_TEXT, stance="disagreement")
    assert screen.notices == ["Your change is kept. A person reads it before others can."]
    assert "rootmarker" in screen.comment(scene.root).text
    assert "A change of yours waits for a moderator; readers see the text before it." in screen.page.one("aside", class_="standing").text
    scene.assert_hidden(scene.root, "waitmarker")
    assert "rootmarker" in scene.visitor.open(f"/c/{scene.root}").text
    screen = anna.open(f"/c/{scene.root}/edit")
    assert "A change of yours waits" in screen.text
    assert screen.page.one("textarea", name="body_md").raw == WAITING_TEXT
    assert screen.page.one("form", class_="composer").one("input", checked="").attributes["value"] == "disagreement"
    assert "rootmarker" in screen.page.one("section", class_="preview").text
    history = anna.open(f"/c/{scene.root}/history")
    newest, first = history.page.all("section", class_="change")
    assert "For you alone: this change waits for a moderator" in newest.text
    assert "waitmarker" in newest.text
    assert "First written like this: A shop sells it, rootmarker." in first.text
    # Going on from it replaces it.
    anna.open(f"/c/{scene.root}/edit")
    screen = anna.send(f"/c/{scene.root}/edit", "Save", body_md="A calm word.")
    assert screen.notices == ["Your change is saved."]
    assert not screen.page.all("aside", class_="standing")
    assert "For you alone: you replaced this change" in anna.open(f"/c/{scene.root}/history").text
    scene.assert_hidden(scene.root, "waitmarker")
    newest, first = scene.visitor.open(f"/c/{scene.root}/history").page.all("section", class_="change")
    assert [mark.text for mark in newest.all("ins")], "compared with the last accepted text"
    assert "rootmarker" in newest.text


def test_a_declined_change_says_so_to_its_writer_alone(scene: Scene) -> None:
    scene.people["anna"].client.patch(f"/comments/{scene.root}", {"body_md": WAITING_TEXT})
    decide(scene.people["moda"], scene.root, "no_action", "within_rules")
    assert "For you alone: a moderator did not accept this change" in scene.browse("anna").open(f"/c/{scene.root}/history").text
    assert not scene.browse("anna").open(f"/c/{scene.root}").page.all("aside", class_="standing")
    scene.assert_hidden(scene.root, "waitmarker", "For you alone")


def test_what_was_taken_out_is_nowhere_any_more(scene: Scene) -> None:
    text = "My patient Gerdamarker felt better."
    redacted = post(scene.people["anna"], scene.article_id, text)
    scene.people["anna"].client.patch(f"/comments/{redacted}", {"body_md": f"{text} So did I."})
    at = text.index("Gerdamarker")
    decide(scene.people["moda"], redacted, "redact", "confidentiality", spans=[{"start": at, "end": at + len("Gerdamarker")}])
    scene.assert_hidden(redacted, "Gerdamarker")
    for who in ("", "anna", "ben"):
        history = scene.browse(who).open(f"/c/{redacted}/history")
        assert "Gerdamarker" not in history.response.text
        newest, second, first = history.page.all("section", class_="change")
        assert "Since then it says: My patient [identifying detail removed] felt better. So did I." in newest.text
        assert not newest.all("ins"), "a difference would give away what was taken out"
        assert second.one("p", class_="empty").text == first.one("p", class_="empty").text == "This text was taken out by a moderator."
    assert "[identifying detail removed]" in scene.visitor.open(f"/c/{redacted}").comment(redacted).text


def test_a_moderator_s_notice_stands_below_the_text_as_theirs(scene: Scene) -> None:
    decide(scene.people["moda"], scene.root, "notice", "dangerous_advice", notice="Ask <your> doctor first.")
    for path in (f"/a/{scene.slug}", f"/c/{scene.root}", f"/c/{scene.reply}"):
        card = scene.visitor.open(path).comment(scene.root)
        assert card.one("p", class_="n").text == "A moderator: Ask <your> doctor first."
    # Under what cannot be read it would speak of nothing.
    decide(scene.people["modb"], scene.root, "remove", "promotion")
    assert not scene.visitor.open(f"/c/{scene.root}").comment(scene.root).all("p", class_="n")


def test_a_locked_branch_says_so_and_offers_no_reply(scene: Scene) -> None:
    deeper = post(scene.people["ben"], scene.article_id, "And below it?", parent_id=scene.reply)
    aside = post(scene.people["ben"], scene.article_id, "Elsewhere.", parent_id=scene.root)
    decide(scene.people["moda"], scene.reply, "lock", "off_topic")
    for who in ("", "cleo"):
        reader = scene.browse(who)
        for path in (f"/a/{scene.slug}", f"/c/{scene.reply}", f"/c/{scene.root}"):
            page = reader.open(path)
            assert "This branch is locked to new replies" in page.comment(scene.reply).text
            assert links_of(page, scene.reply) == ["Report"], (who, path)
            assert links_of(page, deeper) == ["Report"], (who, path)
            assert "Reply" in links_of(page, scene.root)
        assert "Reply" in links_of(reader.open(f"/a/{scene.slug}"), aside)
        # The lock stands above what the permalink is about.
        assert links_of(reader.open(f"/c/{deeper}"), deeper) == ["Report"]
        assert links_of(reader.open(f"/c/{scene.reply}/thread"), deeper) == ["Report"]


def test_a_report_is_offered_to_all_but_the_writer(scene: Scene) -> None:
    for who, offered in (("", True), ("ben", True), ("moda", True), ("anna", False)):
        for path in (f"/a/{scene.slug}", f"/c/{scene.root}"):
            assert ("Report" in links_of(scene.browse(who).open(path), scene.root)) is offered, (who, path)
    decide(scene.people["moda"], scene.root, "screen_out", "harassment")
    assert "Report" not in links_of(scene.browse("ben").open(f"/c/{scene.root}"), scene.root)


def test_moderators_can_open_a_case_from_the_permalink_alone(scene: Scene) -> None:
    action = f"/mod/comments/{scene.root}/items"
    form = scene.browse("moda").open(f"/c/{scene.root}").form(action)
    assert form.attributes["method"] == "post"
    assert form.one("input", name="csrf_token").attributes["value"]
    assert form.one("button").text == "Review as a moderator"
    assert not scene.browse("moda").open(f"/a/{scene.slug}").page.all("form", action=action)
    for who in ("", "anna", "ben"):
        assert not scene.browse(who).open(f"/c/{scene.root}").page.all("form", action=action)
    own = post(scene.people["moda"], scene.article_id, "A moderator's own word.")
    assert not scene.browse("moda").open(f"/c/{own}").page.all("form", action=f"/mod/comments/{own}/items")


def test_a_stub_above_a_match_says_only_that_it_is_removed(scene: Scene) -> None:
    post(scene.people["ben"], scene.article_id, "I doubt it.", parent_id=scene.root, stance="skepticism")
    decide(scene.people["moda"], scene.root, "remove", "promotion")
    page = scene.visitor.open(f"/a/{scene.slug}?stance=skepticism")
    assert page.page.one("ol", class_="stubs").text == "Removed"
    assert "rootmarker" not in page.response.text
