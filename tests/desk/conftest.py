"""An article with readers, its author's desk over the JSON API, and clients without the hash of a password each."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.conftest import ApiClient
from tests.world import World, make_world

DOUBT = "Not convinced yet."


class Room:
    """A world with its author's client and readers who write and tag."""

    def __init__(self, world: World) -> None:
        self.world, self.author = world, world.enter("author")
        self.writer, self.member = world.enter("writer"), world.enter("member")
        self.article_id = world.article_id

    def say(self, by: ApiClient, stance: str | None = "skepticism", *, parent: int | None = None, text: str = DOUBT, at: int = 0) -> int:
        """Post a comment over the API and return its id."""
        body = {"body_md": text, "stance": stance, "parent_id": parent}
        answer = by.post(f"/articles/{at or self.article_id}/comments", body)
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    def desk(self, query: str = "", *, by: ApiClient | None = None) -> list[int]:
        """Return the ids on the first page of a desk."""
        return [item["comment"]["id"] for item in self.page(query, by=by)["items"]]

    def page(self, query: str = "", *, by: ApiClient | None = None) -> Any:
        """Return the first page of a desk."""
        answer = (by or self.author).get(f"/desk{query}")
        assert answer.status_code == 200, answer.text
        return answer.json

    def version(self) -> int:
        """Return the article's version."""
        return int(self.author.get(f"/articles/{self.article_id}").json["version"])

    def see(self, comment_id: int) -> Any:
        """Return a comment as everybody gets it."""
        return ApiClient(self.world.app.test_client()).get(f"/comments/{comment_id}").json


@pytest.fixture
def room(app: Flask) -> Room:
    """A world at the author's desk."""
    return Room(make_world(app))


@pytest.fixture
def decide(room: Room) -> Callable[..., Any]:
    """Return a function by which the author decides about a comment; the answer must be good unless another status is expected."""

    def put(comment_id: int, attention: str, *, status: int = 200, by: ApiClient | None = None, **more: object) -> Any:
        answer = (by or room.author).put(f"/comments/{comment_id}/attention", {"attention": attention, **more})
        assert answer.status_code == status, answer.text
        return answer.json

    return put
