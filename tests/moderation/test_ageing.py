"""What time alone does: an overdue item moves up a lane, once; a comment hidden before anybody looked is shown again when nobody ever does."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from forum.access.viewer import DEFAULT_SITE_ID, Role, Viewer
from forum.articles.actions import ArticleDraft, create_article
from forum.comments import actions
from forum.comments.models import Comment
from forum.comments.queries import get_comment, lock_place, newest_revision
from forum.comments.states import State
from forum.db.transaction import reading, writing
from forum.jobs.happening import TELL
from forum.jobs.models import Job
from forum.jobs.run import run_due
from forum.moderation import log
from forum.moderation.actors import writer
from forum.moderation.batches import decide_all, undo
from forum.moderation.decisions import Order, decide
from forum.moderation.intake import after_edit, settle_withdrawn
from forum.moderation.items import AGE_ITEM, Cause, open_item
from forum.moderation.models import Decision, ItemReason, LogEntry, Report, ReviewItem
from forum.moderation.moves import RESTORE_UNDECIDED, Deed, move_comment
from forum.moderation.reasons import LANE_TIMES, DecisionReason, ReportReason
from forum.moderation.reporting import report
from forum.moderation.review import Action, ItemState, Origin, ReportState
from forum.moderation.screening.findings import Finding, Outcome, Verdict
from forum.moderation.stating import TELL_RESTRICTED
from forum.sentences import sentence
from tests.conftest import add_account
from tests.stances.recount import find_miscounts

pytestmark = pytest.mark.postgresql_slow

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
STATEMENT = "Please leave out what could tell readers who this was; the rest can stand."
SECOND = timedelta(seconds=1)


class Scene:
    """One comment, readers who report it and moderators who may decide, and a clock that the test moves."""

    def __init__(self, clock: time_machine.Traveller) -> None:
        self.clock = clock
        with writing() as session:
            self.people = {name: add_account(session, name).id for name in ("anna", "ben", "cleo", "dan")}
            self.people |= {name: add_account(session, name, role=Role.MODERATOR).id for name in ("moda", "modb")}
            article = create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="On touch"))[0]
            self.comment_id = actions.store(
                session, article, None, None, actions.NewComment("I saw it.", "<p>I saw it.</p>\n", 1, None, self.people["anna"])
            ).id

    def viewer(self, name: str) -> Viewer:
        """Return a person as they act."""
        role = Role.MODERATOR if name.startswith("mod") else Role.MEMBER
        return Viewer(self.people[name], name, roles={DEFAULT_SITE_ID: role})

    def pass_time(self, until: datetime) -> None:
        """Move the clock and run whatever is due; nothing may fail."""
        self.clock.move_to(until)
        run_due(100)
        with reading() as session:
            assert session.scalar(select(func.count()).select_from(Job).where(Job.attempts > 0)) == 0

    def report(self, name: str, reason: ReportReason) -> None:
        """Let a reader report the comment."""
        with writing() as session:
            report(session, self.viewer(name), self.comment_id, reason=reason, note="It says so itself.")

    def open(self, lane: int, reason: str = "own_initiative") -> None:
        """Open an item in a lane, or let the open one take in another cause."""
        with writing() as session:
            open_item(session, lock_place(session, self.comment_id), Cause(Origin.MODERATOR, reason, lane))

    def item(self) -> ReviewItem:
        """Return the newest item about the comment."""
        with reading() as session:
            item = session.scalars(select(ReviewItem).order_by(ReviewItem.id.desc()).limit(1)).one()
            session.expunge_all()
            return item

    def comment(self) -> Comment:
        """Return the comment."""
        with reading() as session:
            comment = get_comment(session, self.comment_id)
            session.expunge_all()
            return comment

    def decide(self, action: Action, *, name: str = "moda", reason: DecisionReason = DecisionReason.WITHIN_RULES) -> int:
        """Let a moderator decide on the item as it is and return the decision's id."""
        item = self.item()
        with writing() as session:
            return decide(session, self.viewer(name), item.id, Order(action, reason, item.version, statement=STATEMENT)).id

    def screen(self, reason: ReportReason = ReportReason.HARASSMENT) -> None:
        """Let readers report the comment until it is hidden."""
        for name in ("ben", "cleo", "dan"):
            if self.comment().state == State.VISIBLE:
                self.report(name, reason)
        assert self.comment().state == State.SCREENED

    def decisions(self) -> list[tuple[str, str | None, str, str]]:
        """Return what was decided: action, rule, and from which state to which."""
        with reading() as session:
            rows = session.execute(select(Decision.action, Decision.rule, Decision.from_state, Decision.to_state).order_by(Decision.id))
            return [(action, rule, before, after) for action, rule, before, after in rows]

    def check(self) -> None:
        """Counts equal a recount, the log is whole and has a row for each decision, and a reason stands where its item does."""
        with reading() as session:
            assert find_miscounts(session) == []
            assert log.verify(session, DEFAULT_SITE_ID).faults == ()
            logged = session.scalars(select(LogEntry.decision_id).where(LogEntry.decision_id.is_not(None)).order_by(LogEntry.decision_id))
            assert list(logged) == list(session.scalars(select(Decision.id).order_by(Decision.id)))
            for item, reason in session.execute(select(ReviewItem, ItemReason).join(ItemReason, ItemReason.item_id == ReviewItem.id)):
                assert (reason.site_id, reason.state, reason.lane, reason.rank) == (item.site_id, item.state, item.lane, item.rank)


@pytest.fixture
def scene(app: Flask) -> Iterator[Scene]:
    """The scene, on the first of March at noon."""
    with time_machine.travel(START, tick=False) as clock:
        yield Scene(clock)


def where(item: ReviewItem) -> tuple[int, int, bool]:
    return item.lane, item.base_lane, item.aged


@pytest.mark.parametrize("lane", [1, 2, 3])
def test_an_overdue_item_moves_up_one_lane_once(scene: Scene, lane: int) -> None:
    scene.open(lane)
    due = START + LANE_TIMES[lane]
    assert scene.item().due_at == due
    scene.pass_time(due - SECOND)
    assert where(scene.item()) == (lane, lane, False)
    version = scene.item().version
    scene.pass_time(due)
    assert where(scene.item()) == (lane - 1, lane, True)
    assert scene.item().version == version, "its time is nothing that a moderator should have seen"
    for later in (1, 10, 400):
        scene.pass_time(due + timedelta(days=later))
        assert where(scene.item()) == (lane - 1, lane, True)
    scene.check()


def test_what_is_most_urgent_stays(scene: Scene) -> None:
    scene.open(0)
    scene.pass_time(START + timedelta(days=30))
    assert where(scene.item())[:2] == (0, 0)
    scene.check()


def test_a_decided_item_does_not_move(scene: Scene) -> None:
    scene.open(2)
    scene.decide(Action.NO_ACTION)
    scene.pass_time(START + timedelta(days=30))
    assert (scene.item().state, *where(scene.item())) == (ItemState.CLOSED, 2, 2, False)
    scene.check()


def test_the_next_item_has_its_own_time(scene: Scene) -> None:
    scene.open(2)
    scene.decide(Action.NO_ACTION)
    scene.pass_time(START + timedelta(hours=40))
    scene.open(2)
    scene.pass_time(START + timedelta(hours=50))
    assert where(scene.item()) == (2, 2, False), "the first one's time is over, not this one's"
    scene.pass_time(START + timedelta(hours=88))
    assert where(scene.item()) == (1, 2, True)


def test_a_second_report_brings_the_time_forward(scene: Scene) -> None:
    scene.report("ben", ReportReason.OFF_TOPIC)
    assert scene.item().due_at == START + timedelta(days=7)
    scene.pass_time(START + timedelta(hours=1))
    scene.report("cleo", ReportReason.PROMOTION)
    due = START + timedelta(hours=49)
    assert (scene.item().due_at, scene.item().reason, *where(scene.item())) == (due, "promotion", 2, 2, False)
    scene.pass_time(due - SECOND)
    assert where(scene.item()) == (2, 2, False)
    scene.pass_time(due)
    assert where(scene.item()) == (1, 2, True)
    scene.pass_time(START + timedelta(days=8))
    assert where(scene.item()) == (1, 2, True), "the time that the first report had set comes to nothing"
    scene.check()


def test_the_earlier_time_holds_whatever_the_lane(scene: Scene) -> None:
    scene.report("ben", ReportReason.IMPERSONATION)
    scene.pass_time(START + timedelta(hours=1))
    # In the same lane, with half the time; then in a lane below, which takes nothing back.
    scene.report("cleo", ReportReason.DANGEROUS_ADVICE)
    scene.report("dan", ReportReason.OFF_TOPIC)
    assert (scene.item().due_at, *where(scene.item())) == (START + timedelta(hours=13), 1, 1, False)
    scene.pass_time(START + timedelta(hours=13))
    assert where(scene.item()) == (0, 1, True)
    scene.check()


def test_an_overdue_item_stays_a_lane_above_its_most_urgent_cause(scene: Scene) -> None:
    scene.open(3)
    scene.pass_time(START + timedelta(days=7))
    assert where(scene.item()) == (2, 3, True)
    scene.open(2, "links")
    assert (scene.item().reason, *where(scene.item())) == ("links", 1, 2, True)
    scene.open(3, "heat")
    assert (scene.item().reason, *where(scene.item())) == ("links", 1, 2, True)
    scene.open(0, "words")
    assert (scene.item().reason, *where(scene.item())) == ("words", 0, 0, True)
    scene.pass_time(START + timedelta(days=60))
    assert where(scene.item()) == (0, 0, True)
    scene.check()


def test_an_item_reopened_after_its_time_moves_up_all_the_same(scene: Scene) -> None:
    scene.open(2)
    due = START + LANE_TIMES[2]
    scene.pass_time(due - timedelta(minutes=5))
    batch_id = decide_in_batch(scene, Action.NO_ACTION)
    scene.pass_time(due)
    assert where(scene.item()) == (2, 2, False)
    scene.clock.move_to(due + timedelta(minutes=4))
    with writing() as session:
        undo(session, scene.viewer("moda"), batch_id)
    scene.pass_time(due + timedelta(minutes=4))
    assert (scene.item().state, *where(scene.item())) == (ItemState.OPEN, 1, 2, True)
    scene.check()


def decide_in_batch(scene: Scene, action: Action) -> int:
    item = scene.item()
    order = Order(action, DecisionReason.OFF_TOPIC, 0, statement=STATEMENT)
    with writing() as session:
        batch, left_out = decide_all(session, scene.viewer("moda"), DEFAULT_SITE_ID, [(item.id, item.version)], order)
        assert left_out == []
        return batch.id


# Shown again


@pytest.mark.parametrize(("reason", "lane"), [(ReportReason.HARASSMENT, 1), (ReportReason.PROMOTION, 2)])
def test_a_hidden_comment_is_shown_again_when_nobody_decides(scene: Scene, reason: ReportReason, lane: int) -> None:
    scene.screen(reason)
    assert scene.item().base_lane == lane
    version, over = scene.item().version, START + 3 * LANE_TIMES[lane]
    scene.pass_time(over - SECOND)
    assert scene.comment().state == State.SCREENED
    scene.pass_time(over)
    comment, item = scene.comment(), scene.item()
    assert (comment.state, comment.restriction_by, comment.restriction_reason, comment.restriction_id) == (State.VISIBLE, None, None, None)
    assert (item.state, item.version, *where(item)) == (ItemState.OPEN, version + 1, lane - 1, lane, True)
    assert scene.decisions() == [
        ("screen_out", "report-threshold", "visible", "screened"),
        ("restore", "undecided", "screened", "visible"),
    ]
    with reading() as session:
        assert set(session.scalars(select(Report.state))) == {ReportState.OPEN}
        shown = session.scalars(select(Decision).where(Decision.rule == "undecided")).one()
        assert (shown.moderator_id, shown.closes, len(shown.statement) >= 40) == (None, False, True)
        last = session.scalars(select(LogEntry).order_by(LogEntry.id.desc()).limit(1)).one()
        assert (last.event, last.actor_kind, last.rule, last.is_public) == ("restore", "rule", "undecided", True)
    scene.check()
    scene.pass_time(over + timedelta(days=90))
    assert len(scene.decisions()) == 2
    scene.decide(Action.REMOVE, reason=DecisionReason(reason.value))
    scene.check()


def test_hidden_by_a_moderator_who_never_came_back(scene: Scene) -> None:
    scene.open(2)
    scene.decide(Action.SCREEN_OUT, reason=DecisionReason.OFF_TOPIC)
    scene.pass_time(START + 3 * LANE_TIMES[2] - SECOND)
    assert scene.comment().state == State.SCREENED
    scene.pass_time(START + 3 * LANE_TIMES[2])
    assert scene.comment().state == State.VISIBLE
    assert [action for action, *_ in scene.decisions()] == ["screen_out", "restore"]
    scene.check()


def test_never_for_confidentiality(scene: Scene) -> None:
    scene.report("ben", ReportReason.CONFIDENTIALITY)
    scene.pass_time(START + timedelta(days=400))
    assert (scene.comment().state, scene.item().state) == (State.SCREENED, ItemState.OPEN)
    with reading() as session:
        assert session.scalars(select(Job.kind)).all() == []
    scene.check()


@pytest.mark.parametrize("first", ["screened", "aged"])
def test_never_when_confidentiality_came_later(scene: Scene, first: str) -> None:
    """Neither when it was hidden for something else before, nor when an item that had grown old stood in the most urgent lane already."""
    if first == "screened":
        scene.screen()
    else:
        scene.report("ben", ReportReason.HARASSMENT)
        scene.pass_time(START + timedelta(hours=12))
        assert where(scene.item()) == (0, 1, True)
    scene.report("dan", ReportReason.CONFIDENTIALITY)
    assert scene.comment().state == State.SCREENED
    assert scene.item().base_lane == 0
    scene.pass_time(START + timedelta(days=400))
    assert scene.comment().state == State.SCREENED
    scene.check()


def remove(scene: Scene) -> None:
    scene.decide(Action.REMOVE, reason=DecisionReason.HARASSMENT)


def restore(scene: Scene) -> None:
    scene.decide(Action.RESTORE)


def withdraw(scene: Scene) -> None:
    with writing() as session:
        place = lock_place(session, scene.comment_id)
        move_comment(session, place, "withdraw", Deed(writer(scene.viewer("anna"))))
        settle_withdrawn(session, place)


@pytest.mark.parametrize(
    ("meanwhile", "state"),
    [(remove, State.REMOVED), (restore, State.VISIBLE), (withdraw, State.WITHDRAWN)],
    ids=["removed", "restored", "withdrawn"],
)
def test_never_when_it_was_decided_or_withdrawn(scene: Scene, meanwhile: Callable[[Scene], None], state: State) -> None:
    scene.screen()
    scene.pass_time(START + timedelta(hours=1))
    meanwhile(scene)
    decided, version = scene.decisions(), scene.comment().version
    scene.pass_time(START + timedelta(days=400))
    assert (scene.comment().state, scene.comment().version) == (state, version)
    assert scene.decisions() == decided
    assert scene.item().state == ItemState.CLOSED
    scene.check()


def test_hidden_anew_for_a_time_of_its_own(scene: Scene) -> None:
    scene.screen()
    scene.pass_time(START + timedelta(hours=30))
    scene.decide(Action.RESTORE)
    scene.screen()
    scene.pass_time(START + timedelta(hours=36))
    assert scene.comment().state == State.SCREENED, "the first time was another's"
    scene.pass_time(START + timedelta(hours=66))
    assert scene.comment().state == State.VISIBLE
    scene.check()


def test_taken_back_after_its_time_it_is_shown_again_all_the_same(scene: Scene) -> None:
    scene.screen()
    over = START + 3 * LANE_TIMES[1]
    scene.pass_time(over - timedelta(minutes=5))
    batch_id = decide_in_batch(scene, Action.REMOVE)
    scene.pass_time(over)
    assert scene.comment().state == State.REMOVED
    scene.clock.move_to(over + timedelta(minutes=4))
    with writing() as session:
        undo(session, scene.viewer("moda"), batch_id)
    assert scene.comment().state == State.SCREENED
    scene.pass_time(over + timedelta(minutes=4))
    assert (scene.comment().state, scene.item().state) == (State.VISIBLE, ItemState.OPEN)
    scene.check()


def test_never_a_text_that_was_put_in_its_place_and_that_screening_holds(scene: Scene) -> None:
    scene.screen()
    found = Finding("words", Outcome.HOLD, "banned", sentence("It has a word that a person has to look at."), "promotion")
    with writing() as session:
        place = lock_place(session, scene.comment_id)
        actions.change(session, place, text=actions.Text("Buy this.", "<p>Buy this.</p>\n", 1), stance=None, grace=timedelta())
        after_edit(session, place, Verdict((found,)), newest_revision(session, scene.comment_id))
    scene.pass_time(START + timedelta(days=400))
    assert (scene.comment().state, scene.item().state) == (State.SCREENED, ItemState.OPEN)
    scene.check()


def test_the_jobs_are_there_with_their_cause(scene: Scene) -> None:
    scene.screen()
    with reading() as session:
        jobs = [
            (kind, due_at)
            for kind, due_at in session.execute(
                select(Job.kind, Job.due_at).where(Job.kind.not_in((TELL, TELL_RESTRICTED))).order_by(Job.due_at)
            )
        ]
    assert jobs == [(AGE_ITEM, START + LANE_TIMES[1]), (RESTORE_UNDECIDED, START + 3 * LANE_TIMES[1])]
