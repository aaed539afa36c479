"""An account's owner leaves: nothing for seven days, then name, tags and, if wished, texts are gone, and every count is right."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from forum.access.permissions import Scope
from forum.access.viewer import Role
from forum.accounts.actions import set_role
from forum.accounts.models import Account, Membership
from forum.accounts.queries import known_handles
from forum.articles.models import Article
from forum.clock import now
from forum.comments.models import Comment
from forum.comments.states import State
from forum.db.transaction import reading, writing
from forum.factors.models import Factor, RecoveryCode
from forum.jobs.models import Job
from forum.jobs.run import run_due
from forum.moderation import log
from forum.moderation.models import Decision, Report
from forum.privacy import leaving
from forum.privacy.leaving import LEFT_WITH_IT
from forum.redress.models import Appeal
from forum.sanctions.kinds import SanctionKind
from forum.sso.linking import connect
from forum.sso.models import Identity
from forum.stances.models import Tag, TagEvent
from forum.web.models import StoredAnswer
from tests.conftest import PASSWORD, ApiClient
from tests.privacy.marks import files_with, tables_with
from tests.stances.recount import find_miscounts
from tests.world import World, make_world, own_factor

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARK = "Zinnober"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=True) as traveller:
        yield traveller


@pytest.fixture
def world(clock: time_machine.Traveller, app: Flask) -> World:
    return make_world(app)


def live(world: World) -> list[int]:
    """Let the writer write, tag, be answered, hidden and noted about; return the comments."""
    writer, member, moderator = world.enter("writer"), world.enter("member"), world.enter("moderator")
    path = f"/articles/{world.article_id}/comments"
    own = [writer.post(path, {"body_md": f"{MARK} {place}", "stance": "agreement"}).json["id"] for place in range(4)]
    own.append(writer.post(path, {"body_md": f"{MARK}, you are a fucking idiot."}).json["id"])
    assert member.post(path, {"body_md": "A reply that stays.", "parent_id": own[0]}).status_code == 201
    for place in range(3):
        comment_id = world.comment(by="member")
        assert writer.put(f"/comments/{comment_id}/tag", {"stance": "skepticism"}).status_code == 200, place
    assert member.put(f"/comments/{own[1]}/tag", {"stance": "agreement"}).status_code == 200
    world.decision(at=_item(world, own[2]))
    assert writer.delete(f"/comments/{own[3]}").status_code == 204
    assert moderator.post("/mod/accounts/writer/notes", {"body": f"{MARK} answers kindly."}).status_code == 201
    return own


def _item(world: World, comment_id: int) -> tuple[int, int]:
    item = world.enter("moderator").post(f"/mod/comments/{comment_id}/items").json["item"]
    return item["id"], item["version"]


def ask(caller: ApiClient, comments: str) -> None:
    answer = caller.post("/me/deletion", {"comments": comments, "password": PASSWORD})
    assert answer.status_code == 202, answer.text


def finish(clock: time_machine.Traveller) -> None:
    clock.move_to(START + timedelta(days=7, hours=1))
    while run_due(50):
        pass
    clock.shift(timedelta(minutes=10))
    run_due(50)


def check(world: World) -> None:
    with reading() as session:
        assert find_miscounts(session) == []
        assert log.verify(session, 1).faults == ()
        assert session.scalar(select(func.count()).select_from(Job).where(Job.attempts > 0)) == 0
        account = session.get_one(Account, world.ids["writer"])
        assert (account.display_name, account.email, account.password_hash, account.credential) == ("Former member", None, None, "")
        assert account.left_at is not None
        for table in (Tag, TagEvent):
            assert session.scalar(select(func.count()).select_from(table).where(table.account_id == account.id)) == 0


@pytest.mark.parametrize("piece", [1, 50])
def test_keeping_leaves_the_words_without_the_name(
    world: World, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(leaving, "PIECE", piece)
    own = live(world)
    ask(world.enter("writer"), "keep")
    finish(clock)
    check(world)
    shown = world.enter("visitor").get(f"/comments/{own[0]}").json
    assert shown["body_md"] == f"{MARK} 0"
    assert (shown["author"]["handle"], shown["author"]["display_name"]) == ("", "Former member")
    page = world.enter("visitor").client.get(f"/c/{own[0]}").text
    assert "Former member" in page
    assert "/u/former" not in page
    assert world.enter("visitor").get("/people/writer").status_code == 404
    assert "moderator_notes.body" not in tables_with(MARK)


@pytest.mark.parametrize("piece", [1, 50])
def test_withdrawing_destroys_every_text(world: World, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(leaving, "PIECE", piece)
    own = live(world)
    assert tables_with(MARK) >= {"comments.body_md", "revisions.body_md"}
    ask(world.enter("writer"), "withdraw")
    finish(clock)
    check(world)
    assert tables_with(MARK) == set()
    assert files_with(world.app, MARK) == set()
    with reading() as session:
        states = {comment.state for comment in session.scalars(select(Comment).where(Comment.id.in_(own)))}
    assert states == {State.WITHDRAWN}
    context = world.enter("visitor").get(f"/comments/{own[0]}/context").json
    assert [reply["body_md"] for reply in context["replies"]] == ["A reply that stays."]
    assert world.enter("moderator").get("/mod/items").json["items"] == []


def test_it_can_be_undone_for_seven_days(world: World, clock: time_machine.Traveller) -> None:
    own = live(world)
    writer = world.enter("writer")
    ask(writer, "withdraw")
    assert writer.get("/me/deletion").json == {"leaving_at": "2026-03-08T12:00:00Z", "comments": "withdraw"} | {
        "leaving_at": writer.get("/me/deletion").json["leaving_at"]
    }
    clock.move_to(START + timedelta(days=6, hours=23))
    run_due(50)
    writer = world.enter("writer")
    assert writer.get(f"/comments/{own[0]}").json["body_md"] == f"{MARK} 0"
    assert writer.delete("/me/deletion").status_code == 204
    finish(clock)
    with reading() as session:
        account = session.get_one(Account, world.ids["writer"])
        assert (account.handle, account.left_at, account.leaving_at) == ("writer", None, None)
        assert session.scalar(select(func.count()).select_from(Tag).where(Tag.account_id == account.id)) == 3


def test_asked_anew_the_time_begins_anew(world: World, clock: time_machine.Traveller) -> None:
    ask(world.enter("writer"), "keep")
    clock.move_to(START + timedelta(days=5))
    ask(world.enter("writer"), "withdraw")
    clock.move_to(START + timedelta(days=8))
    run_due(50)
    with reading() as session:
        assert session.get_one(Account, world.ids["writer"]).left_at is None
    clock.move_to(START + timedelta(days=12, hours=1))
    run_due(50)
    with reading() as session:
        assert session.get_one(Account, world.ids["writer"]).left_at is not None


def test_nobody_signs_in_as_a_former_member_and_the_name_is_free(world: World, clock: time_machine.Traveller) -> None:
    writer = world.enter("writer")
    ask(writer, "keep")
    finish(clock)
    visitor = world.enter("visitor")
    assert writer.get("/me").status_code == 401
    assert visitor.post("/session", {"login": "writer", "password": PASSWORD}).status_code == 401
    taken = visitor.post("/accounts", {"handle": "writer", "email": "writer@example.org", "password": PASSWORD})
    assert taken.status_code == 201, taken.text


def test_a_wrong_password_and_the_last_admin_are_refused(world: World) -> None:
    refused = world.enter("writer").post("/me/deletion", {"comments": "keep", "password": "not that"})
    assert (refused.status_code, [error["pointer"] for error in refused.json["errors"]]) == (422, ["/password"])
    last = world.enter("admin").post("/me/deletion", {"comments": "keep", "password": PASSWORD})
    assert (last.status_code, last.json["type"]) == (409, "/problems/conflict")


def test_the_page_keeps_the_choice_and_never_the_password(world: World) -> None:
    writer = world.enter("writer")
    sent = {"csrf_token": writer.csrf, "comments": "withdraw", "password": "not that"}
    refused = writer.client.post("/settings/deletion", data=sent)
    assert refused.status_code == 422
    assert 'value="withdraw" checked' in refused.text
    assert "not that" not in refused.text
    assert writer.client.post("/settings/deletion", data=sent | {"password": PASSWORD}).status_code == 303
    assert "Keep my account" in writer.client.get("/settings/deletion").text
    assert "will be deleted" in writer.client.get("/settings").text
    assert writer.client.post("/settings/deletion/undo", data={"csrf_token": writer.csrf}).status_code == 303
    assert "will be deleted on" not in writer.client.get("/settings").text


def test_a_piece_touches_a_bounded_number_of_rows(world: World, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch) -> None:
    live(world)
    ask(world.enter("writer"), "withdraw")
    clock.move_to(START + timedelta(days=7, hours=1))
    monkeypatch.setattr(leaving, "PIECE", 2)
    payload, left = {"account_id": world.ids["writer"]}, []
    for _ in range(8):
        with writing() as session:
            leaving.leave(session, payload)
        payload["begun"] = 1
        with reading() as session:
            account = session.get_one(Account, world.ids["writer"])
            tags = session.scalar(select(func.count()).select_from(Tag).where(Tag.account_id == account.id))
            texts = session.scalar(
                select(func.count()).select_from(Comment).where(Comment.author_id == account.id, Comment.body_html.is_not(None))
            )
            left.append((tags, texts, account.left_at is None))
            assert find_miscounts(session) == []
    assert left == [
        *((3, 5, True), (1, 5, True), (0, 5, True)),
        *((0, 3, True), (0, 1, True), (0, 0, True)),
        *((0, 0, False), (0, 0, False)),
    ], "tags first, then the texts, then the name"


def test_of_two_admins_only_one_leaves(world: World, clock: time_machine.Traveller) -> None:
    with writing() as session:
        set_role(session, session.get_one(Account, world.ids["publisher"]), site_id=1, role=Role.ADMIN)
    ask(world.enter("publisher"), "keep")
    last = world.enter("admin").post("/me/deletion", {"comments": "keep", "password": PASSWORD})
    assert (last.status_code, last.json["type"]) == (409, "/problems/conflict"), "the other one is about to go"
    finish(clock)
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Membership).where(Membership.account_id == world.ids["publisher"])) == 0
        assert session.get_one(Account, world.ids["publisher"]).left_at is not None


def test_who_is_the_last_admin_by_then_waits_untouched(world: World, clock: time_machine.Traveller) -> None:
    with writing() as session:
        set_role(session, session.get_one(Account, world.ids["publisher"]), site_id=1, role=Role.ADMIN)
    ask(world.enter("admin"), "withdraw")
    with writing() as session:
        set_role(session, session.get_one(Account, world.ids["publisher"]), site_id=1, role=Role.MEMBER)
    clock.move_to(START + timedelta(days=7, hours=1))
    run_due(50)
    with reading() as session:
        admin = session.get_one(Account, world.ids["admin"])
        assert (admin.handle, admin.left_at, admin.password_hash is None) == ("admin", None, False)
        assert admin.leaving_at is not None
        assert admin.leaving_at > now()
    with writing() as session:
        set_role(session, session.get_one(Account, world.ids["moderator"]), site_id=1, role=Role.ADMIN)
    clock.move_to(START + timedelta(days=8, hours=2))
    while run_due(50):
        pass
    with reading() as session:
        assert session.get_one(Account, world.ids["admin"]).left_at is not None


def test_a_moderator_who_leaves_decides_no_more_and_what_was_decided_stays(world: World, clock: time_machine.Traveller) -> None:
    decision_id = world.decision(by="moderator")
    token = world.token("moderator", *Scope)
    ask(world.enter("moderator"), "keep")
    clock.move_to(START + timedelta(days=7, hours=1))
    with writing() as session:
        leaving.leave(session, {"account_id": world.ids["moderator"]})
    assert token.get("/mod/items").status_code == 401, "from the first piece on"
    finish(clock)
    with reading() as session:
        assert session.get_one(Decision, decision_id).moderator_id == world.ids["moderator"]
    assert world.enter("admin").client.get("/mod/log").status_code == 200
    assert "Former member" in world.enter("admin").client.get("/mod/log").text


def test_what_was_said_in_reports_and_appeals_goes_and_that_it_was_said_stays(world: World, clock: time_machine.Traveller) -> None:
    writer = world.enter("writer")
    sent = writer.post(f"/comments/{world.comment(by='member')}/reports", {"reason": "other", "note": f"{MARK} in a report."})
    assert sent.status_code == 201
    appeal_id = world.appeal(asked=True)
    with writing() as session:
        session.get_one(Appeal, appeal_id).body = f"{MARK} in an appeal."
    assert writer.post(f"/appeals/{appeal_id}/answer", {"answer": f"{MARK} in an answer."}).status_code == 201
    kept = {"Idempotency-Key": "once"}
    path = f"/articles/{world.article_id}/comments"
    assert writer.post(path, {"body_md": f"{MARK} in a comment."}, headers=kept).status_code == 201
    ask(writer, "withdraw")
    clock.move_to(START + timedelta(days=6, hours=23, minutes=30))
    renewed = world.enter("writer").post(path, {"body_md": f"{MARK} in another."}, headers=kept | {"Idempotency-Key": "later"})
    assert renewed.status_code == 201
    finish(clock)
    assert tables_with(MARK) == set()
    assert files_with(world.app, MARK) == set()
    with reading() as session:
        report = session.scalars(select(Report)).one()
        assert (report.state, report.note, report.weight > 0) == ("open", "", True)
        assert session.get_one(Appeal, appeal_id).body == LEFT_WITH_IT
        assert session.scalar(select(func.count()).select_from(StoredAnswer)) == 0
    assert world.enter("admin").get(f"/appeals/{appeal_id}").status_code == 200


def test_the_history_of_tags_goes_also_where_none_is_left(
    world: World, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "EVENTS_AT_A_TIME", 2)
    writer, comment_id = world.enter("writer"), world.comment(by="member")
    for _ in range(3):
        writer.put(f"/comments/{comment_id}/tag", {"stance": "skepticism"})
        writer.delete(f"/comments/{comment_id}/tag")
    ask(writer, "keep")
    finish(clock)
    check(world)


def test_a_former_member_is_not_to_be_mentioned_or_found(world: World, clock: time_machine.Traveller) -> None:
    ask(world.enter("writer"), "keep")
    finish(clock)
    with reading() as session:
        handle = session.get_one(Account, world.ids["writer"]).handle
        assert known_handles(session, {handle, "member"}) == {"member"}
    for address in (f"/people/{handle}", "/people/writer", f"//u/{handle}", f"//mod/people/{handle}"):
        assert world.enter("moderator").get(address).status_code == 404, address


def test_the_pages_with_the_name_are_new_versions(world: World, clock: time_machine.Traveller) -> None:
    world.comment()
    ask(world.enter("writer"), "keep")
    path = f"/articles/{world.article_id}/comments"
    before = world.enter("visitor").get(path).headers["ETag"]
    finish(clock)
    fresh = world.enter("visitor").get(path, headers={"If-None-Match": before})
    assert (fresh.status_code, fresh.json["items"][0]["author"]["display_name"]) == (200, "Former member")


def test_signing_in_says_that_the_account_is_about_to_go(world: World) -> None:
    ask(world.enter("writer"), "keep")
    visitor = world.enter("visitor").client
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get("/sign-in").text)
    assert token
    sent = {"csrf_token": token[1], "login": "writer", "password": PASSWORD}
    assert "will be deleted on March 8, 2026" in visitor.post("/sign-in", data=sent, follow_redirects=True).text


def test_asking_needs_no_more_than_reading_when_it_is_not_asked(world: World) -> None:
    assert world.enter("writer").get("/me/deletion").json == {"leaving_at": None, "comments": None}
    assert world.enter("writer").delete("/me/deletion").status_code == 204


def test_a_suspended_member_can_leave(world: World, clock: time_machine.Traveller) -> None:
    writer = world.enter("writer")
    writer.put(f"/comments/{world.comment(by='member')}/tag", {"stance": "skepticism"})
    world.sanction(SanctionKind.SUSPENSION)
    ask(writer, "withdraw")
    finish(clock)
    check(world)


def test_who_wrote_an_article_goes_on_having_written_it(world: World, clock: time_machine.Traveller) -> None:
    """Nobody can name a former member in the form, so saving it must not take the authorship away."""
    ask(world.enter("author"), "keep")
    finish(clock)
    admin = world.enter("admin")
    assert admin.patch(f"/articles/{world.article_id}", {"authors": ["member"]}).status_code == 200
    shown = admin.get(f"/articles/{world.article_id}").json
    assert [(author["handle"], author["display_name"]) for author in shown["authors"]] == [("member", "Member"), ("", "Former member")]
    page = admin.client.get(f"/a/{shown['slug']}/edit").text
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen
    sent = {"csrf_token": admin.csrf, "title": "Another title", "authors": "member", "seen": seen[1]}
    assert admin.client.post(f"/a/{shown['slug']}/edit", data=sent).status_code == 303
    with reading() as session:
        assert session.get_one(Article, world.article_id).author_ids == (world.ids["member"], world.ids["author"])
        assert find_miscounts(session) == []


def test_second_factors_and_identities_go_with_the_first_piece(world: World, clock: time_machine.Traveller) -> None:
    own_factor(world, "writer")
    with writing() as session:
        connect(session, session.get_one(Account, world.ids["writer"]), issuer="https://host.example", subject="1")
    ask(world.enter("writer"), "keep")
    finish(clock)
    with reading() as session:
        for table in (Factor, RecoveryCode, Identity):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_mails_and_their_links_go_too(world: World, clock: time_machine.Traveller) -> None:
    writer, visitor = world.enter("writer"), world.enter("visitor")
    assert visitor.post("/session/mail", {"email": "member@example.org"}).status_code == 202
    ask(writer, "keep")
    clock.move_to(START + timedelta(days=6, hours=23))
    writer = world.enter("writer")
    assert visitor.post("/session/mail", {"email": "writer@example.org"}).status_code == 202
    assert writer.put("/me/email", {"email": "new@example.org", "password": PASSWORD}).status_code == 202
    run_due(50)
    assert tables_with("new@example.org") == {"mail_links.email", "mails.to_address", "mails.body"}
    finish(clock)
    assert tables_with("writer@example.org") == set()
    assert tables_with("new@example.org") == set()
    assert "mails.to_address" in tables_with("member@example.org")
