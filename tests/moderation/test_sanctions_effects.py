"""What each kind of sanction keeps a person from, and for how long: nothing but the clock, an acknowledgement or a lifting ends one."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from forum.access.viewer import DEFAULT_SITE_ID
from forum.comments.models import Comment
from forum.db.transaction import reading, writing
from forum.refusals import Kind, Refusal
from forum.sanctions.kinds import KINDS, Activity, SanctionKind
from forum.sanctions.models import Sanction
from forum.sanctions.queries import in_force, is_in_force, list_in_force, require_free
from tests.conftest import Reply
from tests.moderation.sanctioned import START, report, sanction, say_that_it_was_read, tag, take_back, write
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

# From the product's design, not from the code: what each kind forbids.
FORBIDDEN: dict[str, set[str]] = {
    "reminder": set(),
    "warning": {"write"},
    "pre_moderation": set(),
    "mute": {"write"},
    "tag_mute": {"tag"},
    "report_mute": {"report"},
    "suspension": {"write", "tag", "report"},
    "ban": {"write", "tag", "report"},
}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(clock: time_machine.Traveller, app: Flask) -> World:
    return make_world(app)


def attempt(world: World, activity: str) -> Reply:
    """Let the member do one thing, to a comment of the writer's that is new."""
    if activity == "write":
        return write(world, "member")
    return {"tag": tag, "report": report}[activity](world, "member", world.comment())


def assert_refused(answer: Reply, sanction_id: int, *, until: str | None) -> None:
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/sanctioned"), answer.text
    assert answer.json["sanction"] == f"/sanctions/{sanction_id}"
    assert answer.json.get("until") == until


@pytest.mark.parametrize("kind", list(SanctionKind))
@pytest.mark.parametrize("activity", list(Activity))
def test_each_kind_with_each_activity(world: World, kind: SanctionKind, activity: Activity) -> None:
    sanction_id = sanction(world, "member", kind)
    days = KINDS[kind].usual_days
    until = (START + timedelta(days=days)).isoformat().replace("+00:00", "Z") if days else None
    answer = attempt(world, activity)
    if activity in FORBIDDEN[kind]:
        assert_refused(answer, sanction_id, until=until)
    else:
        assert answer.status_code in (200, 201, 202), answer.text
    # Nobody else is concerned, and the same person is free as soon as it is lifted.
    assert write(world, "publisher").status_code == 201
    take_back(world, sanction_id)
    assert attempt(world, activity).status_code in (200, 201)


@pytest.mark.parametrize("kind", [kind for kind, rule in KINDS.items() if rule.has_end])
def test_each_ends_by_the_clock_alone(world: World, clock: time_machine.Traveller, kind: SanctionKind) -> None:
    sanction(world, "member", kind, 3)
    forbidden = [Activity(name) for name in FORBIDDEN[kind]]
    clock.move_to(START + timedelta(days=3, microseconds=-1))
    assert [attempt(world, activity).status_code for activity in forbidden] == [403] * len(forbidden)
    clock.move_to(START + timedelta(days=3))
    assert all(attempt(world, activity).status_code in (200, 201) for activity in Activity)
    assert write(world, "member").status_code == 201


def test_a_warning_waits_until_it_is_acknowledged(world: World, clock: time_machine.Traveller) -> None:
    sanction_id = sanction(world, "member", SanctionKind.WARNING)
    clock.move_to(START + timedelta(days=400))
    assert_refused(write(world, "member"), sanction_id, until=None)
    say_that_it_was_read(world, "member", sanction_id)
    assert write(world, "member").status_code == 201
    with reading() as session:
        first = session.get_one(Sanction, sanction_id).acknowledged_at
    clock.move_to(START + timedelta(days=401))
    say_that_it_was_read(world, "member", sanction_id)
    with reading() as session:
        assert session.get_one(Sanction, sanction_id).acknowledged_at == first


def test_only_whom_it_is_about_acknowledges(world: World) -> None:
    sanction_id = sanction(world, "member", SanctionKind.WARNING)
    with pytest.raises(Refusal) as caught:
        say_that_it_was_read(world, "publisher", sanction_id)
    assert caught.value.kind is Kind.FORBIDDEN


def test_the_one_that_lasts_longest_is_named(world: World) -> None:
    warning = sanction(world, "member", SanctionKind.WARNING)
    sanction(world, "member", SanctionKind.MUTE, 2)
    long = sanction(world, "member", SanctionKind.SUSPENSION, 9)
    assert write(world, "member").json["sanction"] == f"/sanctions/{long}"
    take_back(world, long)
    assert write(world, "member").json["sanction"] != f"/sanctions/{warning}"
    assert tag(world, "member", world.comment()).status_code == 200


def test_what_is_ones_own_can_be_withdrawn_but_not_changed(world: World) -> None:
    own, gone = world.comment(by="member"), world.comment(by="member", withdrawn=True)
    sanction(world, "member", SanctionKind.SUSPENSION)
    caller = world.enter("member")
    assert caller.patch(f"/comments/{own}", {"body_md": "Said otherwise."}).json["type"] == "/problems/sanctioned"
    assert caller.patch(f"/comments/{own}", {"stance": "agreement"}).json["type"] == "/problems/sanctioned"
    assert caller.delete(f"/comments/{own}").status_code == 204
    assert caller.delete(f"/comments/{gone}/withdrawal").status_code == 200


def test_a_tag_can_neither_be_changed_nor_removed(world: World) -> None:
    comment_id = world.comment()
    assert tag(world, "member", comment_id).status_code == 200
    sanction(world, "member", SanctionKind.TAG_MUTE)
    for stance in ("skepticism", "agreement", None):
        assert tag(world, "member", comment_id, stance).json["type"] == "/problems/sanctioned"
    shown = world.enter("member").get(f"/comments/{comment_id}/tag").json
    assert (shown["stance"], shown["counted"], shown["tally"]["skepticism"]) == ("skepticism", True, 1)


def test_a_notice_stays_open_to_everybody(world: World) -> None:
    sanction(world, "member", SanctionKind.BAN)
    body = {"reason": "illegal", "note": "It names a third person.", "name": "Nora", "email": "nora@example.org", "good_faith": True}
    assert world.enter("member").post("/notices", {"url": f"/c/{world.comment()}", **body}).status_code == 201


def test_reading_and_ones_own_account_stay_open(world: World) -> None:
    comment_id = world.comment(by="member")
    sanction(world, "member", SanctionKind.BAN)
    caller = world.enter("member")
    for path in (
        f"/articles/{world.article_id}/comments",
        f"/comments/{comment_id}",
        "/me",
        "/me/reports",
        f"/articles/{world.article_id}/mine?ids=1",
    ):
        assert caller.get(path).status_code == 200, path
    assert caller.patch("/me", {"credential": "Physiotherapist"}).status_code == 200


@pytest.mark.parametrize("who", ["member", "author", "moderator"])
def test_pre_moderation_holds_new_texts_and_changes(world: World, clock: time_machine.Traveller, who: str) -> None:
    own = world.comment(by=who)
    sanction(world, who, SanctionKind.PRE_MODERATION, 5)
    answer = write(world, who)
    assert (answer.status_code, answer.json["state"]) == (202, "held"), answer.text
    assert world.enter(who).patch(f"/comments/{own}", {"body_md": "Said otherwise."}).status_code == 202
    with reading() as session:
        assert session.get_one(Comment, own).body_md == "A word."
    clock.move_to(START + timedelta(days=5))
    assert write(world, who).status_code == 201


def test_a_held_text_says_why_to_its_writer_and_not_in_public(world: World) -> None:
    sanction(world, "member", SanctionKind.PRE_MODERATION)
    held = write(world, "member").json["id"]
    item = world.enter("moderator").get("/mod/items").json["items"][0]
    assert (item["reasons"], item["comment"]["id"]) == (["sanctions"], held)
    [decision] = world.enter("moderator").get(f"/mod/items/{item['id']}").json["decisions"]
    assert "By decision of a moderator" in decision["statement"]
    answer = world.enter("moderator").post(
        f"/mod/items/{item['id']}/decisions", {"action": "approve", "reason": "within_rules", "version": item["version"]}
    )
    assert answer.status_code == 201, answer.text
    public = world.enter("visitor").get("/modlog").json["items"]
    assert [row["by"] for row in public if row["comment_id"] == held] == ["moderator"]


def test_the_condition_on_rows_and_the_predicate_agree(world: World, clock: time_machine.Traveller) -> None:
    for kind in SanctionKind:
        sanction(world, "member", kind)
        take_back(world, sanction(world, "member", kind))
        say_that_it_was_read(world, "member", sanction(world, "member", kind))
    for days in (0, 6, 7, 8, 14, 30, 31, 4000, -1):
        moment = START + timedelta(days=days)
        clock.move_to(moment)
        with reading() as session:
            rows = session.query(Sanction).all()
            asked = set(session.query(Sanction.id).filter(in_force(moment)))
            assert {row.id for row in rows if is_in_force(row, moment)} == {row_id for (row_id,) in asked}
            assert len(list_in_force(session, world.ids["member"], DEFAULT_SITE_ID)) == len(asked)


def test_nothing_is_asked_about_somebody_without_an_account(app: Flask) -> None:
    with writing() as session:
        assert require_free(session, None, DEFAULT_SITE_ID, Activity.WRITE) == ()
