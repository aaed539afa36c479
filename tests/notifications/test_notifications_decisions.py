"""Who is restricted is told why by inbox and mail, whatever they have set, also a guest; and nobody is told what was undone."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from forum.access.viewer import Role
from forum.accounts.models import Account
from forum.db.transaction import writing
from tests.notifications.conftest import DAY, SAID, Scene, html_of, text_of


@pytest.fixture
def moderated(scene: Scene) -> Scene:
    scene.add("moderator", role=Role.MODERATOR)
    return scene


def test_a_writer_is_told_by_mail_why_a_comment_was_removed(moderated: Scene) -> None:
    comment = moderated.post("writer", "Words that are removed afterwards.")
    moderated.work()
    moderated.set("writer", answers="none", desk="none", follows="none")
    moderated.remove(comment)
    moderated.work()
    (letter,) = moderated.letters("writer")
    assert str(letter["Subject"]) == "About your comment on “On touch”"
    said = text_of(letter)
    assert "Your comment is removed." in said
    assert SAID in said
    assert "You can appeal until 2026-09-02" in said
    assert "Automatic means: None: people found it, and a person decided." in said
    # Each of its items is a paragraph of its own.
    assert html_of(letter).count("<p>") == said.partition(SAID)[2].partition("See the decision")[0].count("\n\n")
    assert "Words that are removed" not in said
    assert "/decisions/" in said
    assert letter["List-Unsubscribe"] is None
    assert moderated.told("writer") == ["decision"]
    moderated.pass_time(3 * DAY)
    assert len(moderated.letters("writer")) == 1


def test_a_batch_that_is_undone_in_time_is_told_to_nobody(moderated: Scene) -> None:
    comments = [moderated.post("writer", f"Advertising of the kind number {number}.") for number in range(2)]
    moderator = moderated["moderator"].client
    items = [moderator.post(f"/mod/comments/{comment}/items").json["item"] for comment in comments]
    order = {
        "items": [{"id": item["id"], "version": item["version"]} for item in items],
        "action": "remove",
        "reason": "promotion",
        "statement": SAID,
    }
    batch = moderator.post("/mod/batches", order)
    assert batch.status_code == 201, batch.text
    moderated.pass_time(timedelta(minutes=5))
    assert moderated.letters("writer") == []
    assert moderator.delete(f"/mod/batches/{batch.json['id']}").status_code in (200, 204)
    moderated.pass_time(DAY)
    assert moderated.letters("writer") == []
    assert moderated.told("writer") == []


def test_a_batch_that_stands_is_told_when_its_time_is_over(moderated: Scene) -> None:
    comment = moderated.post("writer", "Advertising that stays removed in the end.")
    moderator = moderated["moderator"].client
    item = moderator.post(f"/mod/comments/{comment}/items").json["item"]
    order = {"items": [{"id": item["id"], "version": item["version"]}], "action": "remove", "reason": "promotion", "statement": SAID}
    assert moderator.post("/mod/batches", order).status_code == 201
    moderated.pass_time(timedelta(minutes=9))
    assert moderated.letters("writer") == []
    moderated.pass_time(timedelta(minutes=2))
    assert len(moderated.letters("writer")) == 1


def test_a_guest_is_told_by_mail_and_of_nothing_else(moderated: Scene) -> None:
    comment = moderated.post("writer", "Words that somebody wrote as a guest.")
    with writing() as session:
        session.execute(
            update(Account).where(Account.handle == "writer").values(is_guest=True, email=None, guest_email="writer@example.org")
        )
    moderated.post("reader", "An answer to the guest.", to=comment)
    moderated.work()
    assert moderated.letters("writer") == []
    moderated.remove(comment)
    moderated.work()
    (letter,) = moderated.letters("writer")
    assert SAID in text_of(letter)


def test_who_is_muted_for_a_time_is_told_by_mail_until_when(moderated: Scene) -> None:
    order = {"kind": "mute", "days": 7, "reason": "harassment", "statement": SAID}
    moderator = moderated["moderator"].client
    answer = moderator.post("/mod/accounts/writer/sanctions", order)
    assert answer.status_code == 201, answer.text
    moderated.work()
    (letter,) = moderated.letters("writer")
    assert str(letter["Subject"]) == "About your account"
    assert "How long: Until 2026-03-09 12:00 UTC; then it ends by itself." in text_of(letter)
