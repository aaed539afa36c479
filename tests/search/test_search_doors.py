"""The search from outside: what is found and what is said of it, on the page and by the API."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from forum.search import queries
from tests.conftest import Reply
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


@pytest.fixture
def say(world: World) -> Callable[..., int]:
    """Return a function that posts a comment and returns its id."""

    def post(text: str, *, by: str = "writer", **fields: object) -> int:
        answer = world.enter(by).post(f"/articles/{world.article_id}/comments", {"body_md": text, **fields})
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    return post


def ask(world: World, query: str, more: str = "") -> Reply:
    answer = world.enter("visitor").get(f"/search?q={quote(query, safe='')}{more}")
    assert answer.status_code == 200, answer.text
    return answer


def ids(world: World, query: str, more: str = "") -> list[int]:
    return [item["id"] for item in ask(world, query, more).json["items"]]


def text_of(item: dict[str, Any]) -> str:
    return "".join(f"[{part['text']}]" if part["match"] else part["text"] for part in item["snippet"])


def test_what_is_said_is_found(world: World, say: Callable[..., int]) -> None:
    touch = say("Touch *un*believable **things** over a bakery.", stance="skepticism")
    other = say("Überraschend: naïve Größen & straße.", by="member")
    assert ids(world, "touch") == ids(world, "TOUCH bakery") == ids(world, '"things over a"') == ids(world, "unbelievable") == [touch]
    assert ids(world, "uberraschend grossen") == ids(world, "Größen STRASSE naive") == [other]
    assert ids(world, "over things") == [touch]
    assert ids(world, '"over things"') == []
    assert sorted(ids(world, "-bakery by:member")) == [other]
    assert ids(world, "stance:skep") == [touch]
    assert ids(world, f"article:{world.article_id} straße") == [other]
    assert ids(world, "nowhere") == []
    found = ask(world, "bakery").json
    assert text_of(found["items"][0]) == "Touch unbelievable things over a [bakery]."
    assert found["understood"]["terms"] == ["bakery"]
    assert found["next"] is None


def test_what_is_read_otherwise_is_told(world: World, say: Callable[..., int]) -> None:
    known = say("Touch after yesterday.")
    found = ask(world, "after:yesterday by:nobody-here article:no-such stance:x").json
    told = found["understood"]["notes"]
    assert len(told) == 4
    assert ("Nobody here is called 'nobody-here'." in told, "No discussion was found by 'no-such'." in told) == (True, True)
    assert found["items"] == []
    assert ids(world, "after:yesterday") == [known]
    assert ask(world, "by:nobody-here -by:nobody-here touch").json["items"] == []
    assert ids(world, "-by:nobody-here touch") == [known]


def test_a_discussion_is_named_by_number_slug_or_address(world: World, say: Callable[..., int]) -> None:
    known, member = say("Touch."), world.enter("member")
    about = member.get(f"/articles/{world.article_id}").json
    for name in (
        str(world.article_id),
        about["slug"],
        f"/a/{about['slug']}",
        f"http://localhost/a/{about['slug']}",
        about["url"] or about["slug"],
    ):
        assert ids(world, f'touch article:"{name}"') == [known], name
        assert ids(world, "touch", f"&article={quote(name, safe='')}") == [known], name
        assert ids(world, f'touch -article:"{name}"') == [], name
    for name in ("99999999999999999999", "9223372036854775807", "no-such", "https://elsewhere.example/x", "http://[", "٣"):
        assert ids(world, f"touch article:{name}") == []


def test_nothing_that_is_asked_is_an_error(world: World, say: Callable[..., int]) -> None:
    say("Touch and go.")
    visitor = world.enter("visitor")
    asked = [
        "",
        " ",
        '"',
        '""',
        "-",
        "--",
        '-"',
        '-"a',
        "*",
        "a*",
        "NEAR(",
        "a OR",
        "AND",
        "NOT",
        "^a",
        "col:",
        "words:a",
        "marks:s1",
        "{a}",
        "(",
        "a + b",
    ]
    asked += [
        "'; DROP TABLE comments; --",
        "\\",
        "\\'",
        "\x01\x1f\x7f",
        "%",
        "_",
        "a:b:c",
        "by:",
        "by:@",
        'by:""',
        "before:9999-99-99",
    ]
    asked += [
        "after:0001",
        "before:9999",
        "after:9999 before:0001",
        "x" * 5000,
        "a " * 3000,
        '"' * 999,
        "-a " * 500,
        "\u202e",
        "\ufffe\uffff",
        "😀",
        "\ue000",
    ]
    asked += [
        "=a1",
        "'=s1'",
        "a <-> b",
        "a & !b",
        ":*",
        "a:A",
        "stance:",
        "stance:agreement stance:skep",
        "by:a " * 100,
        "after:2026 " * 50,
    ]
    for query in asked:
        for path in ("/search", "//search"):
            answer = visitor.get(f"{path}?q={quote(query, safe='')}")
            assert answer.status_code == 200, (query, answer.text[:500])
            again = visitor.get(f"{path}?q=touch&article={quote(query, safe='')}")
            assert again.status_code == 200, (query, again.text[:500])
    # A house rule for every address, with a sentence of its own.
    assert visitor.get("/search?q=a%00b").json["type"].endswith("malformed")


def test_pages_follow_each_other(world: World, say: Callable[..., int]) -> None:
    known = [say(f"Touch number {number}.") for number in range(5)]
    first = ask(world, "touch number", "&limit=2").json
    second = ask(world, "touch number", f"&limit=2&cursor={first['next']}").json
    third = ask(world, "touch number", f"&limit=2&cursor={second['next']}").json
    assert [item["id"] for page in (first, second, third) for item in page["items"]] == known[::-1]
    assert third["next"] is None
    assert world.enter("visitor").get(f"/search?q=other&cursor={first['next']}").json["type"].endswith("bad-cursor")
    assert world.enter("visitor").get("//search?q=touch&cursor=forged").status_code == 400


def test_nobody_keeps_what_was_found(world: World, say: Callable[..., int]) -> None:
    say("Touch.")
    for path in ("/search", "//search"):
        answer = world.enter("visitor").get(f"{path}?q=touch")
        assert answer.headers["Cache-Control"] == "private, no-cache"


def test_the_page_shows_what_was_found_and_marks_it(world: World, say: Callable[..., int]) -> None:
    known = say("Is 1 < 2 <b>&amp; *touch*?", stance="skepticism")
    shown = world.enter("visitor").get(f"//search?q=touch&article={world.article_id}").text
    assert "<mark>touch</mark>?" in shown
    assert "1 &lt; 2 &lt;b&gt;&amp;" in shown
    assert f'href="/c/{known}#c{known}"' in shown
    assert '<meta name="robots" content="noindex">' in shown
    assert f'name="article" value="{world.article_id}" checked' in shown
    nothing = world.enter("visitor").get(f"//search?q=%3Cscript%3Eno&article={world.article_id}").text
    assert "No comment was found." in nothing
    assert "Search in all discussions" in nothing
    assert "<script>no" not in nothing
    assert "read as words" in world.enter("visitor").get("//search?q=after:never").text


def test_the_page_goes_further_back(world: World, say: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        say(f"Touch {number}.")
    monkeypatch.setattr(queries, "LOOKED", 1)
    page = world.enter("visitor").get("//search?q=1").text
    assert "Search further back" in page
    assert "Among the comments that were looked through last there is none." in page


def test_moderators_find_no_more_than_others(world: World, say: Callable[..., int]) -> None:
    known = say("Touch.")
    assert world.enter("writer").delete(f"/comments/{known}").status_code == 204
    for who in ("writer", "moderator", "admin"):
        assert world.enter(who).get("/search?q=touch").json["items"] == []
