"""The export holds everything about an account and nothing of others: compared with every table that names an account."""

import json

import pytest
from flask import Flask
from sqlalchemy import event

from forum.comments.queries import lock_place
from forum.comments.stance import Stance
from forum.db.base import Base, db
from forum.db.transaction import writing
from forum.jobs.run import run_due
from forum.moderation.actors import Actor, ActorKind
from forum.privacy.erasing import erase
from forum.privacy.export import COLUMNS, LEFT_OUT, OWN
from forum.sanctions.kinds import SanctionKind
from forum.transfer.models import ExternalRef, RefKind
from tests.world import World, make_world

STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."

# Numbers of rows, secrets, other people, what is computed from the rest, and what moderators say among themselves.
NOT_EXPORTED = {
    "accounts": {"id", "password_hash", "left_at", "is_guest", "guest_email", "writes", "has_news", "is_author"},
    "memberships": {"account_id"},
    "sign_ins": {"id", "token_hash", "account_id"},
    "api_tokens": {"id", "account_id", "token_hash"},
    "article_authors": {"account_id", "position"},
    "factors": {"id", "account_id", "secret", "last_step", "credential_id", "public_key", "sign_count", "transports"},
    "recovery_codes": {"account_id", "code_hash"},
    "identities": {"id", "account_id"},
    "comments": {
        *("site_id", "root_id", "depth", "author_id", "renderer", "fingerprint", "version", "listed", "withdrawn_from", "activity_at"),
        *("locked_at", "restriction_id", "restricted_id", "lead", "reply_count", "thread_count", "author_replied", "tag_n"),
        *("score_valued", "score_contested", "doubt_rank", "desk_base", "desk_rank"),
        *("attention", "attention_until", "author_reply_id"),
        *(f"{kind}_{stance}" for kind in ("tag", "thread") for stance in Stance),
    },
    "revisions": {"id", "body_html", "renderer", "redacted_id"},
    "tags": {"account_id", "suspended"},
    "tag_events": {"id", "account_id"},
    "reports": {"id", "site_id", "revision_id", "item_id", "reporter_id", "notifier_name", "notifier_email", "weight", "decision_id"},
    "decisions": {
        *("site_id", "item_id", "item_version", "revision_id", "moderator_id", "note", "comment_version", "closes", "own_initiative"),
        *("restricts", "stated_id", "appeal_id", "batch_id", "undoes_id", "resubmitted_at"),
    },
    "statements": {"site_id", "account_id", "mail_after", "mailed_at"},
    "sanctions": {"site_id", "account_id", "note", "imposed_by", "lifted_by", "tags_stopped", "created_at"},
    "appeals": {
        *("site_id", "report_id", "appellant_id", "first_decider_id", "version", "asked_by", "alone_from", "same_person"),
        *("replacement_id", "decided_by"),
    },
    "moderator_notes": {"id", "site_id", "account_id", "item_id", "author_id"},
    "mail_links": {"id", "token_hash", "account_id", "data"},
    "subscribers": {"id", "account_id", "email", "language", "feed_hash"},
    "follows": {"subscriber_id"},
    "notifications": {"id", "subscriber_id", "article_id", "comment_id", "mail_due_at"},
}


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def test_every_column_that_names_an_account_is_in_it_or_left_out_for_a_reason() -> None:
    naming = {
        f"{key.parent.table.name}.{key.parent.name}"
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "accounts"
    }
    own = {f"{table.__tablename__}.{column.key}" for table, column in OWN.items()}
    assert len(own) == len(OWN) > 10
    assert naming == own | set(LEFT_OUT), "say of each column whether its rows are somebody's own, or why they are left out"
    assert own & set(LEFT_OUT) == set()
    assert set(OWN) <= set(COLUMNS)


def test_no_column_of_an_exported_table_is_forgotten() -> None:
    """Whoever adds a column to one of these tables says whether its person gets it."""
    for table, exported in COLUMNS.items():
        columns = {column.key for column in table.__table__.columns}
        assert set(exported) <= columns
        assert columns - set(exported) == NOT_EXPORTED.get(table.__tablename__, set()), table.__tablename__


def live(world: World) -> int:
    writer, member, moderator = world.enter("writer"), world.enter("member"), world.enter("moderator")
    path, words = f"/articles/{world.article_id}/comments", {"body_md": "My own words.", "stance": "agreement"}
    made = writer.post(path, words, headers={"Idempotency-Key": "once"})
    comment_id: int = made.json["id"]
    other = world.comment(by="member")
    writer.put(f"/comments/{other}/tag", {"stance": "skepticism"})
    writer.post(f"/comments/{other}/reports", {"reason": "other", "note": "My own report."})
    member.post(f"/comments/{comment_id}/reports", {"reason": "other", "note": "A report by another."})
    item = moderator.post(f"/mod/comments/{comment_id}/items").json["item"]
    order = {"action": "redact", "reason": "off_topic", "statement": STATEMENT, "note": "A private note.", "version": item["version"]}
    made = moderator.post(f"/mod/items/{item['id']}/decisions", order | {"spans": [{"start": 0, "end": 2}]})
    assert made.status_code == 201, made.text
    assert writer.post(f"/decisions/{made.json['id']}/appeals", {"body": "My own appeal."}).status_code == 201
    moderator.post("/mod/accounts/writer/notes", {"body": "A note about the writer."})
    world.sanction(SanctionKind.WARNING)
    return comment_id


def test_it_holds_everything_and_nothing_of_others(world: World) -> None:
    comment_id = live(world)
    answer = world.enter("writer").get("/me/export")
    assert answer.status_code == 200
    held = answer.json
    assert (held["account"]["handle"], held["account"]["email"]) == ("writer", "writer@example.org")
    assert [comment["id"] for comment in held["comments"]] == [comment_id]
    assert [(one["state"], one["body_md"].startswith("withheld")) for one in held["revisions"]] == [("redacted", True), ("accepted", False)]
    assert [tag["stance"] for tag in held["tags"]] == ["skepticism"]
    assert [one["note"] for one in held["reports"]] == ["My own report."]
    assert [one["statement"] for one in held["decisions"]] == [STATEMENT]
    assert {one["restriction"] for one in held["statements_of_reasons"]} == {"redacted", "warning"}
    assert [one["kind"] for one in held["sanctions"]] == ["warning"]
    assert [one["body"] for one in held["appeals"]] == ["My own appeal."]
    assert [one["body"] for one in held["notes"]] == ["A note about the writer."]
    assert (held["answers_kept"], held["elsewhere"]["imported_from"]) == (1, [])
    for secret in ("password", "token_hash", "A report by another.", "A private note.", "argon2", '"moderator"'):
        assert secret not in answer.text, secret


def test_what_is_hidden_or_destroyed_is_in_it_as_far_as_it_goes(world: World) -> None:
    writer, member = world.enter("writer"), world.enter("member")
    path = f"/articles/{world.article_id}/comments"
    held = writer.post(path, {"body_md": "You are a fucking idiot."}).json["id"]
    erased, removed = world.comment(), world.comment()
    with writing() as session:
        erase(session, lock_place(session, erased), Actor(ActorKind.ADMIN, world.ids["admin"]))
    world.decision(at=_item(world, removed))
    assert member.get("/me/export").json["comments"] == []
    document = writer.get("/me/export").json
    found = {comment["id"]: (comment["state"], comment["body_md"]) for comment in document["comments"]}
    assert found == {held: ("held", "You are a fucking idiot."), erased: ("erased", None), removed: ("removed", "A word.")}
    texts = {revision["comment_id"]: revision["body_md"] for revision in document["revisions"]}
    assert texts == {held: "You are a fucking idiot.", erased: "destroyed", removed: "A word."}
    decided = {decision["comment_id"]: (decision["action"], decision["rule"]) for decision in document["decisions"]}
    assert decided == {held: ("hold", "words"), removed: ("remove", None)}


def test_where_it_was_imported_from_is_in_it(world: World) -> None:
    comment_id = world.comment()
    with writing() as session:
        for kind, local_id in ((RefKind.ACCOUNT, world.ids["writer"]), (RefKind.COMMENT, comment_id), (RefKind.COMMENT, 9_999_999)):
            session.add(ExternalRef(site_id=1, source="disqus", kind=kind.value, external_id=f"{kind}{local_id}", local_id=local_id))
    found = world.enter("writer").get("/me/export").json["elsewhere"]["imported_from"]
    assert [(one["kind"], one["local_id"]) for one in found] == [("account", world.ids["writer"]), ("comment", comment_id)]


def test_mails_are_in_it_without_their_texts(world: World) -> None:
    writer, visitor = world.enter("writer"), world.enter("visitor")
    assert visitor.post("/session/mail", {"email": "writer@example.org"}).status_code == 202
    assert visitor.post("/session/mail", {"email": "member@example.org"}).status_code == 202
    run_due(5)
    held = writer.get("/me/export")
    assert [(one["purpose"], one["email"], one["used_at"]) for one in held.json["mail_links"]] == [("sign_in", "writer@example.org", None)]
    assert [(one["kind"], one["sent_at"]) for one in held.json["mails"]] == [("sign_in", None)]
    assert "/mail/" not in held.text
    assert held.json["account"]["email_confirmed_at"] is None


def _item(world: World, comment_id: int) -> tuple[int, int]:
    item = world.enter("moderator").post(f"/mod/comments/{comment_id}/items").json["item"]
    return item["id"], item["version"]


def test_it_is_downloaded_as_a_file(world: World) -> None:
    live(world)
    answer = world.enter("writer").client.get("/settings/export")
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=writer-")
    assert json.loads(answer.text)["account"]["handle"] == "writer"


def test_it_costs_the_same_for_many(world: World) -> None:
    costs = []
    for count in (1, 30):
        for _ in range(count):
            world.comment()
        seen: list[str] = []
        caller = world.enter("writer")
        with world.app.app_context():
            engine = db.engine

        def note(*args: object, seen: list[str] = seen) -> None:
            seen.append(str(args[2]))

        event.listen(engine, "before_cursor_execute", note)
        assert caller.get("/me/export").status_code == 200
        event.remove(engine, "before_cursor_execute", note)
        costs.append(len(seen))
    assert costs[0] == costs[1]
