"""oEmbed 1.0: what a program gets for the address of a comment or an article, how it finds out, and that nothing hidden is ever quoted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from forum.access.viewer import Role
from tests.comments.measure import statements_of
from tests.conftest import Person
from tests.journeys.reader import parse
from tests.moderation.staging import decide, post

pytestmark = pytest.mark.postgresql_slow

BASE = "http://127.0.0.1:8000"
# Section 2.3.4 of the specification: what every answer may have, and what the type "rich" must.
REQUIRED = {"type", "version", "html", "width", "height"}
OPTIONAL = {"title", "author_name", "author_url", "provider_name", "provider_url", "cache_age"}


@dataclass
class Scene:
    """An article and its people."""

    app: Flask
    anna: Person
    ben: Person
    moderator: Person
    article_id: int
    page: str

    def ask(self, path: str, more: str = "") -> Any:
        """Return the answer for a page of ours."""
        return self.app.test_client().get(f"/oembed?url={quote(path if path.startswith('http') else BASE + path, safe='')}{more}")


@pytest.fixture
def scene(app: Flask, person: Callable[..., Person], article: Callable[..., int]) -> Scene:
    anna, ben, moderator = person("anna", Role.PUBLISHER), person("ben"), person("mod", Role.MODERATOR)
    article_id = article("On touch", authors=(anna.id,), main_claim="Touch <helps> & heals.")
    page = anna.client.get(f"/articles/{article_id}").json["page"]
    return Scene(app, anna, ben, moderator, article_id, page)


def test_a_comment_is_quoted(scene: Scene) -> None:
    comment_id = post(scene.ben, scene.article_id, "Which **study** shows it?", stance="skepticism")
    answer = scene.ask(f"/c/{comment_id}")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "public, max-age=600"
    found = answer.json
    assert set(found) == REQUIRED | OPTIONAL
    assert (found["type"], found["version"], found["width"]) == ("rich", "1.0", 600)
    assert (found["author_name"], found["author_url"]) == ("Ben", f"{BASE}/u/ben")
    assert (found["title"], found["provider_name"], found["provider_url"]) == ("Ben on “On touch”", "Open Discussion", BASE)
    html = parse(found["html"])
    assert {element.tag for element in html.walk()} == {"blockquote", "p", "cite", "b", "a"}
    assert html.all("p")[0].text == "Which study shows it?"
    assert html.all("p")[1].text == "Ben doubts this · On touch"
    assert html.one("a").attributes == {"href": f"{BASE}/c/{comment_id}", "rel": "nofollow ugc noopener"}


def test_an_article_is_quoted(scene: Scene) -> None:
    post(scene.ben, scene.article_id, "A word.")
    found = scene.ask(f"{scene.page}?utm_source=x#discussion").json
    assert (found["title"], found["author_name"]) == ("On touch", "Anna")
    assert parse(found["html"]).text == "Touch <helps> & heals. Anna · On touch · 1 comment"


@pytest.mark.parametrize(("width", "height"), [(600, 240), (300, 150), (100, 120), (50, 40), (5_000, 5_000)])
def test_it_is_no_larger_than_asked_for(scene: Scene, width: int, height: int) -> None:
    comment_id = post(scene.ben, scene.article_id, "word " * 300)
    found = scene.ask(f"/c/{comment_id}", f"&maxwidth={width}&maxheight={height}").json
    assert 0 < found["width"] <= width
    assert 0 < found["height"] <= height
    assert len(parse(found["html"]).all("p")[0].text) <= 400


def test_an_article_of_nobody_names_nobody(scene: Scene, article: Callable[..., int]) -> None:
    page = scene.anna.client.get(f"/articles/{article('Alone', opening_question='Why?')}").json["page"]
    found = scene.ask(page).json
    assert not found.keys() & {"author_name", "author_url"}
    assert parse(found["html"]).text == "Why? Alone"


def test_pages_say_where_it_is(scene: Scene) -> None:
    comment_id = post(scene.ben, scene.article_id, "A word.")
    for path in (scene.page, f"/c/{comment_id}"):
        link = parse(scene.app.test_client().get(path).text).one("link", type="application/json+oembed")
        assert link.attributes["rel"] == "alternate"
        answer = scene.app.test_client().get(link.attributes["href"].removeprefix(BASE))
        assert answer.status_code == 200
        assert f"{BASE}{path}" in answer.get_json()["html"]
        framed = scene.app.test_client().get(path, headers={"Sec-Fetch-Dest": "iframe"}).text
        assert "oembed" not in framed


@pytest.mark.parametrize("format_", ["xml", "JSON", "html", "x" * 40])
def test_another_format_is_not_there(scene: Scene, format_: str) -> None:
    assert scene.ask(scene.page, f"&format={format_}").status_code == 501
    assert scene.ask(scene.page, "&format=json").status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "https://127.0.0.1:8000/a/on-touch",
        "http://127.0.0.1:8001/a/on-touch",
        "http://evil.example/c/1",
        "http://127.0.0.1:8000@evil.example/c/1",
        "http://[/",
        f"{BASE}/",
        f"{BASE}/c/0",
        f"{BASE}/c/99999999999999999999",
        f"{BASE}/c/999",
        f"{BASE}/c/1/history",
        f"{BASE}/a/nothing",
        f"{BASE}/a/on-touch/edit",
        f"{BASE}/u/anna",
        "javascript:alert(1)",
        "http://127.0.0.1:8000/a/on\ud7fftouch",
    ],
)
def test_what_is_not_ours_is_not_here(scene: Scene, url: str) -> None:
    post(scene.ben, scene.article_id, "A word.")
    assert scene.app.test_client().get("/oembed", query_string={"url": url}).status_code == 404


@pytest.mark.parametrize("become", ["withdrawn", "removed", "screened", "held"])
def test_a_text_that_is_not_public_is_not_quoted(scene: Scene, become: str) -> None:
    text = "Quokka, you are a fucking idiot." if become == "held" else "Quokka."
    comment_id = post(scene.ben, scene.article_id, text)
    if become == "withdrawn":
        assert scene.ben.client.delete(f"/comments/{comment_id}").status_code == 204
    elif become == "removed":
        decide(scene.moderator, comment_id, "remove", "off_topic")
    elif become == "screened":
        scene.anna.client.post(f"/comments/{comment_id}/reports", {"reason": "confidentiality", "note": "A name."})
    assert scene.ben.client.get(f"/comments/{comment_id}").json["state"] == become
    for person in (scene.ben, scene.anna, scene.moderator):
        answer = person.client.client.get("/oembed", query_string={"url": f"{BASE}/c/{comment_id}"})
        assert answer.status_code == 404
        assert "Quokka" not in answer.text
    if become != "held":
        assert "json+oembed" not in scene.app.test_client().get(f"/c/{comment_id}").text


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x>', "</blockquote><b>", "&lt;b&gt;"])
def test_a_hostile_text_or_name_stays_text(scene: Scene, person: Callable[..., Person], text: str) -> None:
    eve = person("eve", display_name=text)
    comment_id = post(eve, scene.article_id, f"`{text}`")
    found = scene.ask(f"/c/{comment_id}").json
    html = parse(found["html"])
    assert {element.tag for element in html.walk()} == {"blockquote", "p", "cite", "a"}
    assert html.all("p")[0].text == text
    assert html.one("cite").text == found["author_name"] == text


def test_it_asks_for_little(scene: Scene) -> None:
    comment_id = post(scene.ben, scene.article_id, "A word.")
    with statements_of(scene.app) as statements:
        assert scene.ask(f"/c/{comment_id}").status_code == 200
    assert len(statements) <= 8, [one.sql[:80] for one in statements]
