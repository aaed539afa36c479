"""What was redacted before there was a purge is purged in its time as well: the way down to the version before and up again."""

from collections.abc import Callable
from datetime import timedelta

import flask_migrate
import msgspec
from flask import Flask
from sqlalchemy import delete, select

from forum.db.transaction import reading, writing
from forum.jobs.models import Job
from forum.moderation.models import Decision
from forum.moderation.moves import ORIGINALS_KEPT, PURGE_ORIGINALS
from forum.paths import resource
from tests.world import World, make_world

MIGRATIONS = str(resource("migrations"))
STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."


def redact(world: World) -> None:
    moderator, comment_id = world.enter("moderator"), world.comment()
    item = moderator.post(f"/mod/comments/{comment_id}/items").json["item"]
    order = {"action": "redact", "reason": "confidentiality", "statement": STATEMENT, "version": item["version"]}
    answer = moderator.post(f"/mod/items/{item['id']}/decisions", order | {"spans": [{"start": 0, "end": 1}]})
    assert answer.status_code == 201, answer.text


def purges() -> list[Job]:
    with reading() as session:
        found = list(session.scalars(select(Job).where(Job.kind == PURGE_ORIGINALS)))
        session.expunge_all()
        return found


def test_the_upgrade_asks_for_the_purge_of_what_was_redacted_before(make_app: Callable[..., Flask]) -> None:
    app = make_app(rate_limits="off")
    with app.app_context():
        world = make_world(app)
        redact(world)
        world.decision()
        with reading() as session:
            decision = session.scalars(select(Decision).where(Decision.action == "redact")).one()
            decision_id, decided_at = decision.id, decision.created_at
        assert len(purges()) == 1
        flask_migrate.downgrade(directory=MIGRATIONS, revision="0002")
        assert purges() == [], "the version before has nobody who would do it"
        with writing() as session:
            session.execute(delete(Job))
        flask_migrate.upgrade(directory=MIGRATIONS)
        (job,) = purges()
        assert (msgspec.json.decode(job.payload), job.due_at) == ({"decision_id": decision_id}, decided_at + ORIGINALS_KEPT)
        assert job.due_at - job.created_at == timedelta(days=14)
