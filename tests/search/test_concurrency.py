"""While texts are hidden, shown, redacted and edited, a search returns only what everybody could read at some moment of its request."""

import threading
from collections import defaultdict
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field

import pytest
from flask import Flask
from sqlalchemy import update

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.actions import ArticleDraft, create_article
from forum.comments.models import Comment
from forum.db.transaction import reading, writing
from forum.search.schemas import FoundOut, SearchOut
from forum.search.steps import search
from tests.conftest import add_account
from tests.search.conftest import Said, put

ROUNDS, SEARCHERS, WRITERS, COMMENTS = 25, 3, 2, 6
QUERIES = ("dose", "text7", "-nothing", '"dose text8"')


@dataclass
class Scene:
    """What happened before what, told by a count that everybody shares: of each text the spans in which it may have been visible, and every answer."""

    app: Flask
    ids: list[int] = field(default_factory=list)
    spans: dict[tuple[int, str], list[list[int]]] = field(default_factory=lambda: defaultdict(list))
    answers: list[tuple[int, int, str, SearchOut]] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0

    def tick(self) -> int:
        """Return the next number."""
        with self.lock:
            self.count += 1
            return self.count

    def write(self, number: int) -> None:
        """Change comments that no other writer has: every third time hide one, else show it with another text."""
        mine = self.ids[number::WRITERS]
        said = dict.fromkeys(mine, "text0")
        for turn in range(1, ROUNDS + 1):
            known, new, is_hidden = mine[turn % len(mine)], f"text{turn}", turn % 3 == 0
            started = self.tick()
            with self.app.app_context(), writing() as session:
                values = {"state": "withdrawn"} if is_hidden else {"state": "visible", "body_html": f"<p>dose {new}</p>"}
                session.execute(update(Comment).where(Comment.id == known).values(**values))
            ended, last = self.tick(), self.spans[known, said[known]][-1]
            last[1] = last[1] or ended
            if not is_hidden:
                said[known] = new
                self.spans[known, new].append([started, 0])

    def look(self) -> None:
        """Search until it is over."""
        while not self.is_over.is_set():
            for query in QUERIES:
                with self.app.test_request_context():
                    started = self.tick()
                    with reading() as session:
                        found = search(session, query, article="", cursor="", limit=20)
                    self.answers.append((started, self.tick(), query, found))

    def run(self, work: Callable[[], None]) -> threading.Thread:
        """Start a thread whose faults are kept."""

        def guarded() -> None:
            try:
                Context().run(work)
            except BaseException as error:  # noqa: BLE001 a thread's fault is the test's
                self.faults.append(error)

        thread = threading.Thread(target=guarded)
        thread.start()
        return thread

    def could_be_read(self, item: FoundOut, started: int, ended: int) -> bool:
        """Whether the text that was returned may have been visible between two numbers."""
        return any(first <= ended and (last == 0 or last >= started) for first, last in self.spans[item.id, text_of(item)])


def text_of(item: FoundOut) -> str:
    return (item.body_html or "").removeprefix("<p>dose ").removesuffix("</p>")


@pytest.mark.postgresql_slow
def test_nothing_is_returned_that_could_not_be_read_during_the_request(make_app: Callable[..., Flask]) -> None:
    scene = Scene(make_app())
    with scene.app.app_context(), writing() as session:
        for handle in ("anna", "bob"):
            add_account(session, handle)
        create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="On touch"), author_ids=())
        scene.ids += [put(session, Said("dose text0")) for _ in range(COMMENTS)]
    for known in scene.ids:
        scene.spans[known, "text0"].append([0, 0])
    searchers = [scene.run(scene.look) for _ in range(SEARCHERS)]
    writers = [scene.run(lambda number=number: scene.write(number)) for number in range(WRITERS)]  # type: ignore[misc]
    for thread in writers:
        thread.join()
    scene.is_over.set()
    for thread in searchers:
        thread.join()
    assert scene.faults == []
    shown = [(*answer[:3], item) for answer in scene.answers for item in answer[3].items]
    for started, ended, query, item in shown:
        assert scene.could_be_read(item, started, ended), (query, item.id, text_of(item))
        assert "".join(part.text for part in item.snippet) == f"dose {text_of(item)}"
        assert query in ("dose", "-nothing") or text_of(item) == query.strip('"').removeprefix("dose "), "what is shown is what matched"
    assert len(shown) > 20
