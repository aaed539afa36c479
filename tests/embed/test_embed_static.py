"""A discussion as HTML for another site's page: whole, safe, the same for all, and nothing in it that a visitor does not read."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import func, select

from forum.access.viewer import Role
from forum.articles.models import Article
from forum.articles.queries import get_article
from forum.comments.actions import NewComment, store
from forum.db.transaction import reading, writing
from forum.embed import reading_pages
from forum.text.limits import BODY_MAX
from tests.comments.measure import statements_of
from tests.conftest import Person
from tests.journeys.reader import Element, Reader, parse
from tests.moderation.staging import decide, post
from tests.moderation.test_hidden_text import MARK, Hidden, hidden, world
from tests.posting import demo
from tests.posting.search_rules import block_of, comments_of, faults_of
from tests.posting.test_pages_translation import bracketed, words_outside
from tests.world import World

pytestmark = pytest.mark.postgresql_slow

__all__ = ["bracketed", "hidden", "world"]

URL = "https://host.example/trigger-points"
BASE = "http://127.0.0.1:8000"
REL = "nofollow ugc noopener"
# Site, article with its authors, their accounts, leads, roots, replies; for a key that is not known the address is looked up besides.
STATEMENTS = 8


@dataclass
class Scene:
    """A host page's article and its people."""

    app: Flask
    anna: Person
    ben: Person
    moderator: Person
    article_id: int

    def get(self, query: str = f"url={URL}", **headers: str) -> Element:
        """Return the fragment, parsed: its tags nest and close, its ids are unique."""
        answer = self.app.test_client().get(f"/embed/static?{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return parse(answer.text)

    def html(self, query: str = f"url={URL}") -> str:
        """Return the fragment as it is sent."""
        return self.app.test_client().get(f"/embed/static?{query}").text

    def say(self, who: Person, text: str, **fields: object) -> int:
        """Post a comment."""
        return post(who, self.article_id, text, **fields)


@pytest.fixture
def scene(app: Flask, person: Callable[..., Person], article: Callable[..., int]) -> Scene:
    anna, ben, moderator = person("anna", Role.PUBLISHER), person("ben"), person("mod", Role.MODERATOR)
    return Scene(app, anna, ben, moderator, article("Trigger points", authors=(anna.id,), url=URL, key="tp"))


def test_threads_stand_in_it_nested_and_whole(scene: Scene) -> None:
    root = scene.say(scene.ben, "Which *study*, @anna?", stance="skepticism")
    reply = scene.say(scene.anna, "The one of 1999.", parent_id=root)
    second = scene.say(scene.ben, "Something else.")
    page = scene.get()
    assert [element.tag for element in page.children if isinstance(element, Element)] == ["section"]
    assert page.one("h2").text == "Discussion"
    assert "3 comments" in page.text
    articles = page.all("article")
    assert [article.attributes["id"] for article in articles] == [f"forum-c{number}" for number in (root, reply, second)]
    assert articles[0].one("h3").text == "Ben doubts this"
    assert articles[0].one("em").text == "study"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", articles[0].one("time").attributes["datetime"])
    assert articles[1].one("h4").text == "Anna Author"
    assert articles[1].within("ol")
    assert articles[1].parent is not None
    assert articles[1].parent.within("li"), "a reply stands in a list in its parent's item"
    join = page.all("a")[-1]
    assert (join.text, join.attributes["href"]) == ("Join the discussion", f"{BASE}/a/trigger-points")


def test_every_address_is_whole_and_of_others_words(scene: Scene) -> None:
    root = scene.say(scene.ben, "Ask @anna or [them](https://other.example/).")
    # A newcomer's link waits for a moderator.
    decide(scene.moderator, root, "approve", "within_rules")
    links = [link for link in scene.get().all("a") if link.within("article")]
    assert {link.attributes["href"] for link in links} == {
        f"{BASE}/u/ben",
        f"{BASE}/c/{root}",
        f"{BASE}/u/anna",
        "https://other.example/",
    }
    assert {link.attributes["rel"] for link in links} == {REL}


def test_it_carries_no_form_no_script_and_no_style(scene: Scene) -> None:
    scene.say(scene.ben, "A word.")
    for element in scene.get().walk():
        assert element.tag not in ("html", "head", "body", "form", "input", "button", "style", "link", "iframe", "img")
        assert not [name for name in element.attributes if name == "style" or name.startswith("on")]
        if element.tag == "script":
            assert element.attributes == {"type": "application/ld+json"}


@pytest.mark.parametrize("level", [2, 3, 4, 5])
def test_headings_begin_where_the_page_wants_them(scene: Scene, level: int) -> None:
    root = scene.say(scene.ben, "One.")
    two = scene.say(scene.anna, "Two.", parent_id=root)
    scene.say(scene.ben, "Three.", parent_id=two)
    levels = [int(element.tag[1]) for element in scene.get(f"url={URL}&level={level}").walk() if re.fullmatch("h[1-6]", element.tag)]
    assert levels == [min(level + step, 6) for step in range(4)]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "</section></script><b>",
        '"><i>',
        '<!--#include virtual="/x" -->',
    ],
)
def test_a_hostile_text_or_name_stays_text(scene: Scene, person: Callable[..., Person], text: str) -> None:
    eve = person("eve", display_name=text)
    scene.say(eve, text)
    page = scene.get()
    assert not page.all("img") + page.all("b") + page.all("i")
    # A server that takes the fragment in may look for its own instructions.
    assert "<!--" not in scene.html()
    assert len(page.all("script")) == 1
    assert all(link.attributes["href"].startswith(("http://", "https://")) for link in page.all("a"))
    assert faults_of(block_of(scene.html())) == []


def test_search_engines_read_it_as_the_page_s_own_discussion(scene: Scene) -> None:
    scene.say(scene.ben, "A word.")
    data = block_of(scene.html())
    assert faults_of(data) == []
    assert (data["@type"], data["url"]) == ("Article", URL)
    assert [comment["text"] for comment in comments_of(data)] == ["A word."]


def test_a_key_finds_it_whatever_the_address(scene: Scene) -> None:
    scene.say(scene.ben, "A word.")
    assert "A word." in scene.html("key=tp")
    assert "A word." in scene.html(f"key=nothing&url={URL}/?utm_source=x")


def test_an_unknown_page_invites_and_makes_nothing(scene: Scene) -> None:
    page = scene.get("url=https://host.example/a%26b")
    assert page.one("a").attributes["href"] == f"{BASE}/at?url=https%3A%2F%2Fhost.example%2Fa%26b"
    assert not scene.get("key=nothing").all("a")
    assert not scene.get("").all("a")
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Article)) == 1


@pytest.mark.parametrize("query", ["url=nope", "url=https://u:p@host.example/", f"url={URL}&level=6", "url=" + "x" * 4001])
def test_what_is_wrong_is_said_in_a_line(scene: Scene, query: str) -> None:
    answer = scene.app.test_client().get(f"/embed/static?{query}")
    assert answer.status_code == 422
    assert "public" not in answer.headers["Cache-Control"]
    page = parse(answer.text)
    assert [element.tag for element in page.walk()] == ["section", "h2", "p"]
    assert page.one("p").text.startswith("This discussion cannot be shown here:")


def test_it_is_kept_for_a_minute_and_not_sent_twice(scene: Scene) -> None:
    scene.say(scene.ben, "A word.")
    client = scene.app.test_client()
    first = client.get(f"/embed/static?url={URL}")
    assert first.headers["Cache-Control"] == "public, max-age=60"
    assert set(first.headers["Vary"].split(", ")) == {"Accept-Language", "Sec-Fetch-Dest"}
    again = client.get(f"/embed/static?url={URL}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    scene.say(scene.anna, "Another.")
    assert client.get(f"/embed/static?url={URL}", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_it_is_the_same_for_all(scene: Scene) -> None:
    root = scene.say(scene.ben, "Quokka.")
    scene.say(scene.anna, "An answer.", parent_id=root)
    assert scene.ben.client.delete(f"/comments/{root}").status_code == 204
    texts = {person.client.client.get(f"/embed/static?url={URL}").text for person in (scene.anna, scene.ben, scene.moderator)}
    assert texts == {scene.html()}
    assert "Quokka" not in scene.html()


def test_what_is_hidden_leaves_a_tombstone_with_its_answers(scene: Scene) -> None:
    root = scene.say(scene.ben, "Quokka.")
    scene.say(scene.anna, "An answer.", parent_id=root)
    decide(scene.moderator, root, "remove", "off_topic")
    page = scene.get()
    gone = page.all("article")[0]
    assert gone.text.startswith("Removed by a moderator")
    assert not gone.all("time") + gone.all("a")
    assert "An answer." in page.text
    assert "Quokka" not in scene.html()
    assert "Ben" not in page.text


def test_a_closed_discussion_invites_nobody(scene: Scene) -> None:
    scene.say(scene.ben, "A word.")
    with writing() as session:
        article = get_article(session, scene.article_id)
        article.closed_at, article.closed_reason = article.created_at, "Enough said."
    page = scene.get()
    assert "This discussion is closed" in page.text
    assert [link.text for link in page.all("a")][-1] == "Read it where it was written"


def test_what_it_costs_is_bounded(scene: Scene) -> None:
    roots = [scene.say(scene.ben, f"Root {number}.") for number in range(23)]
    for number in range(12):
        scene.say(scene.anna, f"Reply {number}.", parent_id=roots[0])
    with statements_of(scene.app) as statements:
        page = scene.get()
    assert len(statements) <= STATEMENTS, [one.sql[:80] for one in statements]
    assert len(page.all("article")) == 20 + 10
    assert "Not all of it is shown here." in page.text
    with statements_of(scene.app) as later:
        scene.get("url=https://host.example/unknown")
    assert len(later) <= 2


def test_long_texts_are_not_carried_without_end(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    roots = [scene.say(scene.ben, f"{number} " + "long " * 50) for number in range(3)]
    replies = [scene.say(scene.anna, f"{number} " + "short " * 20, parent_id=roots[1]) for number in range(3)]
    monkeypatch.setattr(reading_pages, "HTML_MOST", 700)
    page = scene.get()
    shown = [article.attributes["id"] for article in page.all("article")]
    assert shown == [f"forum-c{number}" for number in (roots[0], roots[1], replies[0])]
    assert "Not all of it is shown here." in page.text
    assert len(scene.html()) < 6_000


def test_the_longest_texts_stay_within_the_bound(scene: Scene) -> None:
    # The most that a text can become: every character is written as an entity.
    html = f"<p>{'&gt;' * BODY_MAX}</p>\n"
    with writing() as session:
        article = get_article(session, scene.article_id)
        for _ in range(6):
            store(session, article, None, None, NewComment(">" * BODY_MAX, html, 1, None, scene.ben.id))
    page = scene.html()
    assert page.count("<article") == 2
    assert len(page) < reading_pages.HTML_MOST + len("\\u003e") * reading_pages.DESCRIBED_MOST + 10_000


def test_it_is_no_page_for_a_frame(scene: Scene) -> None:
    framed = Reader(scene.app.test_client()).client.get(f"/embed/static?url={URL}", headers={"Sec-Fetch-Dest": "iframe"})
    assert "This opens in a window of its own" in framed.text


def test_no_text_that_somebody_hid_is_in_it(world: World, hidden: Hidden) -> None:
    html = world.enter("visitor").client.get("/embed/static?key=hidden").text
    assert MARK not in html
    # They have their places there, with what answers them.
    page = parse(html)
    answered = [element.text for element in page.all("article") if "An answer to what was" in element.text]
    assert len(answered) == 5
    gone = [comment for comment in comments_of(block_of(html)) if "creativeWorkStatus" in comment]
    assert len(gone) == len([element for element in page.all("article") if not element.all("time")]) > 5
    assert len(hidden.comments) == 10


def test_every_word_of_it_is_translated(bracketed: Flask) -> None:
    with bracketed.app_context(), writing() as session:
        article = session.scalars(select(Article).where(Article.slug == demo.PAGE.rpartition("/")[2])).one()
        article.key = "demo"
    with bracketed.app_context():
        edited, gone = demo.comment_by("priya"), demo.comment_by("pedro", state="withdrawn")
    client = bracketed.test_client()
    for query in ("key=demo", "key=nothing", "url=nope", "url=https://host.example/"):
        # What people wrote stands in these; on our own pages they are called b.
        html = client.get(f"/embed/static?{query}").text.replace('<div class="forum-text">', '<div class="b">')
        assert words_outside(parse(f"<body>{html}</body>")) == [], query
    for path in (demo.PAGE, f"/c/{edited}"):
        quoted = client.get(f"/oembed?url=http://127.0.0.1:8000{path}").get_json()
        assert words_outside(parse(f"<body>{quoted['html'].replace('<p>', '<q>', 1).replace('</p>', '</q>', 1)}</body>")) == []
    assert client.get(f"/oembed?url=http://127.0.0.1:8000/c/{gone}").status_code == 404
