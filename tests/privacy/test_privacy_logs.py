"""No log line ever holds a text: while it is written, edited, reported, refused, decided on, erased; not at the most talkative level, and not when something fails."""

import logging
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from forum.jobs.run import run_due
from forum.privacy import erasing
from tests.privacy.test_erasure import MARK, SECRET, WHY, erase, everywhere
from tests.world import make_world


@pytest.fixture
def said(make_app: Callable[..., Flask]) -> Iterator[tuple[Flask, StringIO]]:
    """An application that logs everything, and what it has said."""
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    app, text = make_app(log_level="debug", rate_limits="off"), StringIO()
    logging.getLogger().handlers[0].setStream(text)  # type: ignore[attr-defined]
    yield app, text
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


def test_no_line_holds_a_text(said: tuple[Flask, StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
    app, lines = said
    with app.app_context():
        world = make_world(app)
        comment_id = everywhere(world)
        writer, admin = world.enter("writer"), world.enter("admin")
        refused = writer.post(f"/articles/{world.article_id}/comments", {"body_md": SECRET * 1000})
        assert refused.status_code == 422
        with monkeypatch.context() as patch:
            patch.setattr(erasing, "destroy", fails)
            asked = admin.post(f"/mod/comments/{comment_id}/erasure", {"reason": "confidentiality", "why": f"{WHY} {SECRET}"})
            broken = world.enter("moderator").post(f"/mod/erasures/{asked.json['id']}/confirmation")
            assert broken.status_code == 503
        assert admin.delete(f"/mod/erasures/{asked.json['id']}").status_code == 204
        erase(world, comment_id)
        run_due(50)
    assert lines.getvalue().count('"event":"request"') > 10
    assert MARK not in lines.getvalue()


def fails(*_args: object) -> None:
    raise OperationalError("UPDATE comments SET body_md = ?", {"body_md": SECRET}, Exception("the disk is full"), hide_parameters=True)
