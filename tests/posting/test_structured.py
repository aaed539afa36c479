"""The data for search engines on the pages of a discussion: complete by their rules, nothing that a visitor does not read, and data whatever its text says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from forum.access.viewer import Role
from forum.clock import now
from forum.db.base import db
from forum.jobs.run import run_due
from forum.text.data_block import write_data_block
from forum.web.front import FRONT
from tests.conftest import PASSWORD, Person
from tests.journeys.reader import Reader, parse
from tests.moderation.staging import decide, post
from tests.posting import demo
from tests.posting.search_rules import RULES, block_of, comments_of, faults_of
from tests.posting.test_pages_weight import PAGE_MAX, counting, weight

pytestmark = pytest.mark.postgresql_slow

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "a\u2028b\u2029c",
    'quotes " \' and \\u003c, \\" and \\\\',
    "]]> & &amp; &lt;/script&gt;",
    "\N{BYTE ORDER MARK}x \N{PILE OF POO}",
]


@dataclass
class Scene:
    """An article and its people."""

    anna: Person
    ben: Person
    moderator: Person
    article_id: int
    app: Flask

    def open(self, path: str, **headers: str) -> str:
        """Return a page as a visitor gets it."""
        answer = self.app.test_client().get(path, headers=headers)
        assert answer.status_code == 200
        return answer.text

    @property
    def page(self) -> str:
        """The article's page."""
        return str(self.anna.client.get(f"/articles/{self.article_id}").json["page"])


@pytest.fixture
def scene(app: Flask, person: Callable[..., Person], article: Callable[..., int]) -> Scene:
    anna, ben, moderator = person("anna", Role.PUBLISHER), person("ben"), person("mod", Role.MODERATOR)
    return Scene(anna, ben, moderator, article("On touch", authors=(anna.id,), body_md="Touch is a word. " * 80), app)


def test_an_article_written_here_is_a_posting_with_its_thread(scene: Scene) -> None:
    root = post(scene.ben, scene.article_id, "Which **study**?\n\nAnd when?", stance="skepticism")
    reply = post(scene.anna, scene.article_id, "The one of 1999.", parent_id=root)
    deeper = post(scene.ben, scene.article_id, "Thank you.", parent_id=reply)
    data = block_of(scene.open(scene.page))
    assert faults_of(data) == []
    assert (data["@type"], data["headline"], data["url"]) == ("DiscussionForumPosting", "On touch", f"http://127.0.0.1:8000{scene.page}")
    assert data["author"] == [{"@type": "Person", "name": "Anna", "url": "http://127.0.0.1:8000/u/anna"}]
    assert data["text"].startswith("Touch is a word.")
    assert data["commentCount"] == data["interactionStatistic"]["userInteractionCount"] == 3
    first = data["comment"][0]
    assert (first["text"], first["author"]["name"]) == ("Which study? And when?", "Ben")
    assert first["comment"][0]["comment"][0]["url"] == f"http://127.0.0.1:8000/c/{deeper}"
    assert [comment["url"].rpartition("/")[2] for comment in comments_of(data)] == [str(root), str(reply), str(deeper)]


def test_an_article_elsewhere_is_that_page_s(scene: Scene, article: Callable[..., int]) -> None:
    there = article("Elsewhere", url="https://host.example/x")
    comment_id = post(scene.ben, there, "A word.")
    page = scene.anna.client.get(f"/articles/{there}").json["page"]
    for path in (page, f"/c/{comment_id}"):
        data = block_of(scene.open(path))
        assert faults_of(data) == []
        assert (data["@type"], data["url"], data["discussionUrl"]) == ("Article", "https://host.example/x", f"http://127.0.0.1:8000{page}")
        assert [comment["text"] for comment in data["comment"]] == ["A word."]


def test_an_article_of_nobody_is_the_site_s(scene: Scene, article: Callable[..., int]) -> None:
    page = scene.anna.client.get(f"/articles/{article('Alone', main_claim='A claim.')}").json["page"]
    data = block_of(scene.open(page))
    assert faults_of(data) == []
    assert data["author"][0]["@type"] == "Organization"
    assert data["text"] == "A claim."


def test_a_permalink_has_what_it_answers_and_what_answers_it(scene: Scene) -> None:
    root = post(scene.ben, scene.article_id, "First.")
    middle = post(scene.anna, scene.article_id, "Second.", parent_id=root)
    here = post(scene.ben, scene.article_id, "Third.", parent_id=middle)
    post(scene.anna, scene.article_id, "Fourth.", parent_id=here)
    post(scene.anna, scene.article_id, "Beside.", parent_id=root)
    data = block_of(scene.open(f"/c/{here}"))
    assert faults_of(data) == []
    assert [comment["text"] for comment in comments_of(data)] == ["First.", "Second.", "Third.", "Fourth."]


def test_an_edit_has_its_moment(scene: Scene) -> None:
    root = post(scene.ben, scene.article_id, "First.")
    with time_machine.travel(now() + timedelta(hours=1)):
        assert scene.ben.client.patch(f"/comments/{root}", {"body_md": "Better."}).status_code == 200
        data = block_of(scene.open(f"/c/{root}"))
    assert faults_of(data) == []
    assert data["comment"][0]["dateModified"] > data["comment"][0]["datePublished"]


@pytest.mark.parametrize("become", ["withdrawn", "removed", "screened"])
def test_a_tombstone_has_neither_text_nor_author(scene: Scene, become: str) -> None:
    root = post(scene.ben, scene.article_id, "Quokka.")
    post(scene.anna, scene.article_id, "An answer.", parent_id=root)
    if become == "withdrawn":
        assert scene.ben.client.delete(f"/comments/{root}").status_code == 204
    elif become == "removed":
        decide(scene.moderator, root, "remove", "off_topic")
    else:
        scene.anna.client.post(f"/comments/{root}/reports", {"reason": "confidentiality", "note": "A name."})
        assert scene.anna.client.get(f"/comments/{root}").json["state"] == "screened"
    for path in (scene.page, f"/c/{root}"):
        html = scene.open(path)
        data = block_of(html)
        assert faults_of(data) == []
        gone = data["comment"][0]
        assert set(gone) == {"@type", "url", "datePublished", "creativeWorkStatus", "comment"}
        assert [comment["text"] for comment in gone["comment"]] == ["An answer."]
        assert "Quokka" not in html
    # Not even for the writer, who reads the text on the same page.
    own = scene.ben.client.client.get(f"/c/{root}").text
    assert ("Quokka" in own, "ld+json" in own) == (True, False)


def test_a_former_member_has_no_address(scene: Scene) -> None:
    post(scene.ben, scene.article_id, "Still here.")
    assert scene.ben.client.post("/me/deletion", {"comments": "keep", "password": PASSWORD}).status_code == 202
    with time_machine.travel(now() + timedelta(days=8)):
        while run_due(50):
            pass
        data = block_of(scene.open(scene.page))
    assert faults_of(data) == []
    assert data["comment"][0]["author"] == {"@type": "Person", "name": "Former member"}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_stays_data(scene: Scene, article: Callable[..., int], text: str) -> None:
    post(scene.ben, scene.article_id, f"`{text}`")
    html = scene.open(scene.page)
    scripts = parse(html).all("script")
    assert [script.attributes.get("src", "").partition("?")[0] for script in scripts] == ["/static/forum.js", ""]
    written = html.partition('ld+json">')[2].partition("</script>")[0]
    assert not set(written) & set("<>&\u2028\u2029")
    assert faults_of(block_of(html)) == []
    assert " ".join(text.split()) in block_of(html)["comment"][0]["text"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_block_holds_what_was_put_into_it(text: str) -> None:
    assert block_of(write_data_block({"text": text, text: [text, 1, None]})) == {"text": text, text: [text, 1, None]}


def test_it_stands_where_search_engines_read(scene: Scene) -> None:
    post(scene.ben, scene.article_id, "A word.")
    assert "ld+json" in scene.open(scene.page)
    assert "ld+json" not in scene.open(scene.page, **{"Sec-Fetch-Dest": "iframe"})
    # Another order names the page itself as the one that counts.
    assert "ld+json" not in scene.open(f"{scene.page}?sort=newest")
    assert "ld+json" not in scene.anna.client.client.get(scene.page).text


def test_what_does_not_fit_is_left_out_whole(scene: Scene) -> None:
    long = "word " * 500
    roots = [post(scene.ben, scene.article_id, f"{number} {long if number < 2 else 'short'}") for number in range(3)]
    post(scene.anna, scene.article_id, "An answer.", parent_id=roots[1])
    data = block_of(scene.open(scene.page))
    assert faults_of(data) == []
    # The second does not fit beside the first, and its answer has nothing to stand below.
    assert [comment["text"].split()[0] for comment in comments_of(data)] == ["0", "2"]
    assert data["commentCount"] == 4


def test_the_table_of_rules_finds_what_is_wrong() -> None:
    """A checker that accepts everything proves nothing."""
    assert set(RULES) >= {"DiscussionForumPosting", "Comment"}
    bad: list[dict[str, Any]] = [
        {"@type": "DiscussionForumPosting"},
        {"@context": "https://schema.org", "@type": "Thing"},
        {"@context": "https://schema.org", "@type": "Comment", "creativeWorkStatus": "Deleted", "text": "x"},
        {"@context": "https://schema.org", "@type": "Person", "name": "x", "url": "/u/x"},
        {"@context": "https://schema.org", "@type": "Person", "name": ""},
    ]
    assert all(faults_of(data) for data in bad)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application with the demo discussion."""
    return demo.make_app(tmp_path_factory.mktemp("structured"))


@pytest.fixture
def reader(site: Flask) -> Iterator[Reader]:
    """A reader of the demo discussion."""
    with site.app_context():
        yield Reader(site.test_client())


def test_the_demo_keeps_the_rules_on_every_page(reader: Reader) -> None:
    paths = [path for path in demo.pages_of_everybody()[""] if path.startswith(("/a/", "/c/")) and path.count("/") == 2 and "?" not in path]
    described = [screen for path in paths if (screen := reader.open(path)).status == 200]
    assert len(described) > 4
    for screen in described:
        assert faults_of(block_of(screen.response.text)) == [], screen.address


def test_it_costs_little_and_asks_nothing(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    front = reader.client.application.extensions[FRONT]
    front.forget()
    with counting(db.engine) as with_data:
        page = reader.open(demo.PAGE).response
    assert weight(page.data) <= PAGE_MAX
    monkeypatch.setattr("forum.posting.reading_pages.describe", lambda *_, **__: "")
    front.forget()
    with counting(db.engine) as without:
        assert "ld+json" not in reader.open(demo.PAGE).response.text
    assert len(with_data) == len(without) > 0
