"""Whoever wrote a thread that a later part answers is told of it, once, as those who doubted it are; its authors need not be."""

import pytest

from tests.notifications.conftest import Scene, text_of

pytestmark = pytest.mark.postgresql_slow


def test_the_writer_of_a_doubt_is_told_once_where_it_is_answered(scene: Scene) -> None:
    author = scene["author"]
    assert author.client.patch(f"/articles/{scene.article_id}", {"series": "Touch", "part": 1}).status_code == 200
    second = scene.article("On touch again", authors=(author.id,), series="Touch", part=2)
    root = scene.post("writer", "Where is the evidence for that?", stance="skepticism")
    for who in ("reader", "author"):
        assert scene[who].client.put(f"/comments/{root}/tag", {"stance": "skepticism"}).status_code == 200
    scene.work()
    for line in ("The third section is about this.", "The fourth, rather."):
        assert author.client.put(f"/comments/{root}/continuation", {"article_id": second, "line": line}).status_code == 200
        scene.work()
    assert scene.told("writer") == ["answered"]
    assert scene.told("reader") == ["answered"]
    assert "answered" not in scene.told("author")
    (letter,) = scene.letters("writer")
    assert "Author answered in “On touch again” what you wrote" in text_of(letter)
    assert "The third section is about this." in text_of(letter)
    (other,) = scene.letters("reader")
    assert "Author answered a question that you share in “On touch again”" in text_of(other)


def test_a_part_that_has_left_the_series_is_no_news(scene: Scene) -> None:
    author = scene["author"]
    assert author.client.patch(f"/articles/{scene.article_id}", {"series": "Touch", "part": 1}).status_code == 200
    second = scene.article("On touch again", authors=(author.id,), series="Touch", part=2)
    root = scene.post("writer", "Where is the evidence for that?", stance="skepticism")
    scene.work()
    assert author.client.put(f"/comments/{root}/continuation", {"article_id": second}).status_code == 200
    assert author.client.patch(f"/articles/{second}", {"series": None}).status_code == 200
    scene.work()
    assert scene.told("writer") == []
    assert scene.letters("writer") == []
