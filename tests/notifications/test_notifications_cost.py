"""What telling costs: so many statements for a comment, however many follow it. It is done after each post."""

import msgspec
import pytest
from sqlalchemy import event, func, insert, select

from forum.accounts.models import Account
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.jobs.happening import TELL, tell
from forum.jobs.models import Job
from forum.notifications.models import Follow, Notification, Subscriber
from tests.notifications.conftest import START, Scene

WEBHOOKS, COMMENT, PEOPLE, FOLLOWERS, STORE, MAIL = 1, 1, 1, 1, 1, 1
"""One statement for each: the site's webhooks, the comment, those whom it concerns, a target's followers, all notifications, mails of a kind."""

FIRST_TIME = 3
"""Who was never told of anything becomes a subscriber and is looked for again; and their inbox is marked, in which there was no news."""


def _cost_of_telling(scene: Scene) -> int:
    """Tell of what was posted, and return the statements of it, without the savepoints of the job."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "SAVEPOINT" not in statement:
            seen.append(statement)

    with writing() as session:
        (job,) = session.scalars(select(Job).where(Job.kind == TELL)).all()
        event.listen(db.engine, "after_cursor_execute", note)
        try:
            tell(session, msgspec.json.decode(job.payload))
        finally:
            event.remove(db.engine, "after_cursor_execute", note)
        session.delete(job)
    return len(seen)


def _add_followers(kind: str, target_id: int, count: int) -> None:
    emails = [f"{kind}{number}@example.org" for number in range(count)]
    with writing() as session:
        session.execute(insert(Subscriber), [{"email": email, "created_at": START} for email in emails])
        for each in session.scalars(select(Subscriber.id).where(Subscriber.email.in_(emails))).all():
            session.execute(insert(Follow), {"subscriber_id": each, "kind": kind, "target_id": target_id, "created_at": START})


def _count_told(comment_id: int, reason: str) -> int:
    with reading() as session:
        told = select(func.count()).where(Notification.comment_id == comment_id, Notification.reason == reason)
        return session.scalar(told) or 0


def test_telling_of_a_comment_takes_few_statements(scene: Scene) -> None:
    root = scene.post("writer")
    assert _cost_of_telling(scene) <= WEBHOOKS + COMMENT + PEOPLE + FIRST_TIME + STORE + MAIL
    other = scene.post("reader", "Another root on the same article.")
    assert _cost_of_telling(scene) <= WEBHOOKS + COMMENT + PEOPLE + STORE + MAIL
    reply = scene.post("reader", "An answer to the first.", to=root)
    scene.work()
    again = scene.post("reader", "Another answer to the first.", to=root)
    # Whom it answers and the article's author have their mails at different times.
    assert _cost_of_telling(scene) <= WEBHOOKS + COMMENT + PEOPLE + STORE + 2 * MAIL
    assert [_count_told(each, "desk") for each in (root, other, reply, again)] == [1, 1, 1, 1]
    assert [_count_told(each, "reply") for each in (root, other, reply, again)] == [0, 0, 1, 1]


def test_telling_nobody_asks_for_nobody(scene: Scene) -> None:
    comment = scene.post("author", "The author's own root, which nobody follows.")
    assert _cost_of_telling(scene) <= WEBHOOKS + COMMENT
    with reading() as session:
        assert session.scalar(select(func.count()).where(Notification.comment_id == comment)) == 0


@pytest.mark.parametrize("count", [0, 1, 20])
def test_telling_twenty_followers_takes_as_many_statements_as_telling_one(scene: Scene, count: int) -> None:
    root = scene.post("author")
    scene.work()
    if count:
        _add_followers("thread", root, count)
        _add_followers("article", scene.article_id, count)
    reply = scene.post("writer", "An answer that all of them are told of.", to=root)
    # The author is told at once of an answer, and all others once a day.
    followers = 2 * FOLLOWERS + MAIL if count else 0
    assert _cost_of_telling(scene) == WEBHOOKS + COMMENT + PEOPLE + FIRST_TIME + followers + STORE + MAIL
    assert (_count_told(reply, "thread"), _count_told(reply, "article"), _count_told(reply, "reply")) == (count, count, 1)


def test_what_somebody_was_told_of_before_is_no_news(scene: Scene) -> None:
    scene.post("writer")
    with writing() as session:
        payload = msgspec.json.decode(session.scalars(select(Job.payload).where(Job.kind == TELL)).one())
    scene.work()
    mine = select(Account.has_news).where(Account.id == scene["author"].id)
    with reading() as session:
        assert session.scalar(mine) is True
    newest = scene["author"].client.get("/me/notifications").json["items"][0]["id"]
    assert scene["author"].client.patch("/me/notifications", {"read_up_to": newest}).status_code == 200
    with writing() as session:
        tell(session, payload)
    with reading() as session:
        assert session.scalar(mine) is False
    assert scene.told("author") == ["desk"]
