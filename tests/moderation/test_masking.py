"""What may identify a patient is masked for moderators as well: in the queue, in the case, in batches and dry runs, until one asks to see it."""

import msgspec
import pytest
from flask import Flask
from sqlalchemy import select

from forum.comments.models import Comment
from forum.db.transaction import reading, writing
from forum.moderation import log
from forum.moderation.models import LogEntry, Reveal
from forum.moderation.screening.rules import Rules
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

MARK = "Quokka"
STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


@pytest.fixture
def case(world: World) -> int:
    """A comment that a reader has reported for confidentiality; returns its item."""
    comment_id = world.enter("writer").post(f"/articles/{world.article_id}/comments", {"body_md": f"{MARK} was my neighbour."}).json["id"]
    assert world.enter("member").post(f"/comments/{comment_id}/reports", {"reason": "confidentiality"}).status_code == 201
    return int(world.enter("moderator").get("/mod/items").json["items"][0]["id"])


def everything(world: World, item_id: int, who: str) -> str:
    """Return all that a moderator is shown of the case at any address."""
    caller = world.enter(who)
    version = caller.get(f"/mod/items/{item_id}").json["item"]["version"]
    batch = {"action": "remove", "reason": "confidentiality", "statement": STATEMENT, "items": [{"id": item_id, "version": version}]}
    shown = [
        caller.get(path).text
        for path in (
            "/mod/items",
            f"/mod/items/{item_id}",
            "/mod/accounts/writer",
            "//mod",
            f"//mod/items/{item_id}",
            "//mod/people/writer",
        )
    ]
    shown.append(caller.post("/mod/batches", {**batch, "preview": True}).text)
    rules = msgspec.to_builtins(Rules(banned=(MARK.lower(),)))
    shown.append(world.enter("admin").post("/mod/rules/preview", rules).text)
    return "\n".join(shown)


def reveals(world: World) -> list[tuple[int | None, bool]]:
    with reading() as session:
        rows = session.execute(select(LogEntry.actor_id, LogEntry.is_public).where(LogEntry.event == "reveal"))
        return [(actor_id, is_public) for actor_id, is_public in rows]


def test_a_masked_text_is_shown_at_no_address(world: World, case: int) -> None:
    assert MARK not in everything(world, case, "moderator")
    row = world.enter("moderator").get("/mod/items").json["items"][0]
    assert (row["masked"], row["lane"], row["comment"]["excerpt"]) == (True, 0, None)
    assert reveals(world) == []


def test_whoever_asks_sees_it_and_the_log_keeps_that(world: World, case: int, monkeypatch: pytest.MonkeyPatch) -> None:
    moderator, admin = world.enter("moderator"), world.enter("admin")
    shown = moderator.post(f"/mod/items/{case}/reveal")
    assert (shown.status_code, shown.json["item"]["masked"]) == (200, False)
    assert MARK in shown.json["comment"]["body_md"]
    assert MARK in moderator.get(f"//mod/items/{case}").text
    assert MARK not in admin.get(f"/mod/items/{case}").text, "each for themselves"
    assert reveals(world) == [(world.ids["moderator"], False)]
    moderator.post(f"/mod/items/{case}/reveal")
    assert len(reveals(world)) == 2, "each asking is a row"
    with reading() as session:
        assert log.verify(session, 1).faults == ()
        assert MARK not in str([vars(row) for row in session.scalars(select(LogEntry))])
    with writing() as session:
        asked = session.scalars(select(Reveal)).one()
        asked.revealed_at = asked.revealed_at.replace(year=asked.revealed_at.year - 1)
    assert MARK not in moderator.get(f"/mod/items/{case}").text, "for ten minutes"


def test_the_page_has_a_button_that_shows_it(world: World, case: int) -> None:
    moderator = world.enter("moderator")
    page = moderator.get(f"//mod/items/{case}").text
    assert "Show text" in page
    assert 'name="spans"' not in page, "nobody marks what they have not read"
    answer = moderator.client.post(f"/mod/items/{case}/reveal", data={"csrf_token": moderator.csrf})
    assert answer.status_code == 303
    page = moderator.get(f"//mod/items/{case}").text
    assert MARK in page
    assert 'value="redact" checked' in page, "redacting is what is done by default"


@pytest.mark.parametrize("who", ["visitor", "member", "writer", "author"])
def test_nobody_else_can_ask(world: World, case: int, who: str) -> None:
    assert world.enter(who).post(f"/mod/items/{case}/reveal").status_code in (401, 403)
    assert reveals(world) == []


def test_its_writer_reads_it_all_the_time(world: World, case: int) -> None:
    with reading() as session:
        comment_id = session.scalars(select(Comment.id)).one()
    assert MARK in world.enter("writer").get(f"/comments/{comment_id}").json["body_md"]


@pytest.mark.parametrize(("action", "stays"), [("restore", False), ("redact", False), ("remove", True)])
def test_a_decision_ends_the_masking_unless_it_hides_the_text(world: World, case: int, action: str, stays: bool) -> None:
    moderator = world.enter("moderator")
    moderator.post(f"/mod/items/{case}/reveal")
    version = moderator.get(f"/mod/items/{case}").json["item"]["version"]
    body = {"action": action, "reason": "confidentiality", "statement": STATEMENT, "version": version}
    if action == "redact":
        body["spans"] = [{"start": 0, "end": len(MARK)}]
    assert moderator.post(f"/mod/items/{case}/decisions", body).status_code == 201
    with reading() as session:
        assert session.scalars(select(Comment.confidential)).one() is stays
    shown = world.enter("admin").get(f"/mod/items/{case}").json["comment"]["body_md"]
    assert (shown is None, MARK in (shown or "")) == (stays, action == "restore")


def test_an_undone_batch_masks_it_again(world: World, case: int) -> None:
    moderator = world.enter("moderator")
    version = moderator.get(f"/mod/items/{case}").json["item"]["version"]
    batch = {"action": "restore", "reason": "within_rules", "items": [{"id": case, "version": version}]}
    made = moderator.post("/mod/batches", batch)
    assert made.status_code == 201
    assert moderator.delete(f"/mod/batches/{made.json['id']}").status_code == 200
    assert MARK not in everything(world, case, "moderator")


def test_a_waiting_change_is_masked_with_its_comment(world: World) -> None:
    comment_id = world.comment()
    with writing() as session:
        session.get_one(Comment, comment_id).confidential = True
    assert world.enter("writer").patch(f"/comments/{comment_id}", {"body_md": f"{MARK}, you are a fucking idiot."}).status_code == 202
    moderator = world.enter("moderator")
    item_id = moderator.get("/mod/items").json["items"][0]["id"]
    case = moderator.get(f"/mod/items/{item_id}").json
    assert (case["comment"]["body_md"], case["waiting"]["body_md"], case["findings"][0]["matches"]) == ("A word.", None, [])
    assert MARK not in everything(world, item_id, "moderator")
    assert MARK in moderator.post(f"/mod/items/{item_id}/reveal").json["waiting"]["body_md"]
    assert MARK in moderator.get(f"//mod/items/{item_id}").text
