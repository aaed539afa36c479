"""A month in which known things happened, through the doors that people use: the exact numbers, and where a month begins and ends."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest
import time_machine
from sqlalchemy import select

from forum.clock import now
from forum.comments.models import Comment
from forum.db.transaction import reading, writing
from forum.jobs.run import run_due
from forum.moderation.models import Decision
from tests.conftest import ApiClient
from tests.redress.court import STATEMENT, Court
from tests.transparency.reading import Cell, Place, check_alike, read_json, read_page
from tests.transparency.recount import recount

pytestmark = pytest.mark.postgresql_slow

RUDE = "You are a fucking idiot if you believe that"
UNKIND = "Shut up about it"


def told(figures: Mapping[Place, Cell]) -> dict[Place, float]:
    """Return the figures that are told and not zero."""
    return {place: cell["value"] for place, cell in figures.items() if cell["value"]}


@pytest.fixture
def busy(court: Court, clock: time_machine.Traveller, visitor: ApiClient) -> Court:
    """November: each kind of thing at least three times, so that nothing has to be hidden. Something in October and December, too."""
    old = court.post("A word in October.", stance="agreement")
    court.report(old)
    clock.move_to(datetime(2026, 11, 1, tzinfo=UTC))
    for at in range(4):
        comment = court.post(f"Off the subject {at}.", stance="disagreement")
        court.report(comment)
        clock.shift(timedelta(hours=1 + at))
        removed = court.decide(comment, "remove", reason="off_topic")
        appeal = court.appeal(removed)
        clock.shift(timedelta(hours=2))
        assert court.judge(appeal, "overturn").status_code == 201
    for at in range(3):
        court.notice(court.post(f"Named somebody {at}."), visitor)
        comment = court.post(f"Sharp words {at}.", stance="skepticism")
        court.report(comment, reason="harassment")
        clock.shift(timedelta(hours=3))
        court.decide(comment, "no_action", reason="within_rules")
        gone = court.post(f"Taken back {at}.", stance="encouragement")
        court.report(gone, reason="dangerous_advice")
        assert court.by("anna").delete(f"/comments/{gone}").status_code == 204
    for at in range(6):
        comment = court.post(f"Mrs B from the mill, {at}.", stance="skepticism")
        court.report(comment, reason="confidentiality")
        clock.shift(timedelta(minutes=30))
        if at < 3:
            court.decide(comment, "restore", reason="within_rules")
        else:
            removed = court.decide(comment, "remove", reason="confidentiality")
            appeal = court.appeal(removed)
            clock.shift(timedelta(hours=2))
            assert court.judge(appeal, "uphold").status_code == 201
    for at in range(7):
        comment = court.post(f"{RUDE} {at}.", stance="agreement")
        court.decide(comment, "approve" if at < 4 else "remove", reason="within_rules" if at < 4 else "harassment")
    for at in range(3):
        court.decide(court.post(f"{UNKIND} {at}.", stance="encouragement"), "no_action", reason="within_rules")
        court.decide(court.post(f"Heat helps {at}."), "notice", reason="dangerous_advice", notice="Please ask a doctor first.")
    take_back_a_batch(court, [court.post(f"Looked at {at}.") for at in range(3)])
    for _ in range(3):
        court.sanction("reminder", on="ben")
        sanction = court.sanction("tag_mute", on="ben")
        assert court.by("moda").delete(f"/mod/accounts/ben/sanctions/{sanction}").status_code in (200, 204)
    clock.move_to(datetime(2026, 12, 1, tzinfo=UTC))
    for name in ("anna", "ben", "moda", "modb"):
        court.later(name)
    court.decide(old, "remove", reason="off_topic")
    court.report(court.post("A word in December."))
    return court


def take_back_a_batch(court: Court, comments: list[int]) -> None:
    moda = court.by("moda")
    items = [moda.post(f"/mod/comments/{comment}/items").json["item"] for comment in comments]
    order = {"action": "no_action", "reason": "within_rules", "items": [{"id": item["id"], "version": item["version"]} for item in items]}
    made = moda.post("/mod/batches", order)
    assert made.status_code == 201, made.text
    assert moda.delete(f"/mod/batches/{made.json['id']}").status_code == 200


# What happened in the busy November, in every figure that is told and not zero; the fixture's lines say why.
REPORTED = {
    ("confidentiality", "upheld"): 3,
    ("confidentiality", "declined"): 3,
    ("illegal", "open"): 3,
    ("harassment", "declined"): 3,
    ("dangerous_advice", "moot"): 3,
    # Upheld at first; the appeal overturned that.
    ("off_topic", "declined"): 4,
}
DECIDED = {
    ("approve", "held"): 4,
    ("restore", "reports"): 3,
    ("no_action", "reports"): 3,
    ("no_action", "noted"): 3,
    ("remove", "reports"): 3,
    ("remove", "held"): 3,
    ("notice", "own_initiative"): 3,
}
BECAUSE = {
    ("within_rules", "left"): 13,
    ("confidentiality", "removed"): 3,
    ("harassment", "removed"): 3,
    ("dangerous_advice", "restricted"): 3,
}
HOUR = 3600
REST = {
    ("senders", "readers", "upheld"): 3,
    ("senders", "readers", "declined"): 10,
    ("senders", "readers", "moot"): 3,
    ("senders", "notices", "open"): 3,
    ("undone", "taken_back", "left"): 3,
    ("undone", "overturned", "restricted"): 4,
    ("automatic", "check", "made"): 7,
    ("automatic", "check", "let_stand"): 4,
    ("automatic", "check", "restricted"): 3,
    ("automatic", "check", "share"): 0.5714,
    ("automatic", "reports", "made"): 6,
    ("automatic", "reports", "let_stand"): 3,
    ("automatic", "reports", "restricted"): 3,
    ("automatic", "reports", "share"): 0.5,
    ("automatic", "total", "made"): 13,
    ("automatic", "total", "let_stand"): 7,
    ("automatic", "total", "restricted"): 6,
    ("automatic", "total", "share"): 0.5385,
    ("rules", "words", "made"): 7,
    ("rules", "report-threshold", "made"): 6,
    ("noted", "noted", "left"): 3,
    ("noted", "noted", "total"): 3,
    # Off topic after 1, 2, 3 and 4 hours; confidentiality after half an hour; of the others most were decided on at once.
    ("times", "lane_0", "median"): HOUR // 2,
    ("times", "lane_0", "ninetieth"): HOUR // 2,
    ("times", "lane_1", "ninetieth"): 3 * HOUR,
    ("times", "lane_3", "median"): 5 * HOUR // 2,
    ("times", "lane_3", "ninetieth"): 4 * HOUR,
    # Half an hour six times, 3 hours four times, 4, 5 and 6: an overturned report has waited for the appeal as well.
    ("times", "reports", "median"): 3 * HOUR,
    ("times", "reports", "ninetieth"): 5 * HOUR,
    ("appeals_filed", "writer", "filed"): 7,
    ("appeals_decided", "upheld", "decided"): 3,
    ("appeals_decided", "overturned", "decided"): 4,
    ("appeal_deciders", "another_person", "decided"): 7,
    ("appeals", "total", "reversed"): 0.5714,
    ("appeals", "total", "median"): 2 * HOUR,
    ("appeals", "total", "ninetieth"): 2 * HOUR,
    ("removals", "agreement", "published"): 4,
    # Three that were held and never published, which is why it is no share of the four.
    ("removals", "agreement", "removed"): 3,
    ("removals", "agreement", "share"): 0.75,
    ("removals", "disagreement", "published"): 4,
    ("removals", "skepticism", "published"): 9,
    ("removals", "skepticism", "removed"): 3,
    ("removals", "skepticism", "share"): 0.3333,
    ("removals", "encouragement", "published"): 6,
    ("removals", "none", "published"): 9,
    ("removals", "total", "published"): 32,
    ("removals", "total", "removed"): 6,
    ("removals", "total", "share"): 0.1875,
    ("sanctions", "reminder", "standing"): 3,
    ("sanctions", "tag_mute", "lifted"): 3,
    ("statements", "moderators", "sent"): 13,
    ("statements", "rules", "sent"): 13,
    ("statements", "sanctions", "sent"): 6,
}


def november() -> dict[Place, float]:
    """Return what is expected of the busy November, with the totals of the tables."""
    found: dict[Place, float] = {**REST}
    for table, cells in (("reports", REPORTED), ("decisions", DECIDED), ("reasons", BECAUSE)):
        found |= {(table, row, column): count for (row, column), count in cells.items()}
    for (table, row, column), count in list(found.items()):
        if table in ("reports", "senders", "decisions", "reasons", "undone", "sanctions"):
            for place in ((table, row, "total"), (table, "total", column), (table, "total", "total")):
                found[place] = found.get(place, 0) + count
        elif table in ("rules", "appeals_filed", "appeals_decided", "appeal_deciders", "statements"):
            found[table, "total", column] = found.get((table, "total", column), 0) + count
    return found


def test_a_month_is_told_exactly_and_in_all_three_forms(busy: Court, visitor: ApiClient) -> None:
    figures = check_alike(visitor, "2026-11")
    assert told(figures) == november()
    assert [place for place, cell in figures.items() if cell["value"] is None and cell["least"] is not None] == [], "nothing is hidden"
    with reading() as session:
        counts, others = recount(session, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    assert {place: cell["value"] for place, cell in figures.items()} == counts | others


def test_the_months_beside_it_have_their_own(busy: Court, visitor: ApiClient) -> None:
    october, december = check_alike(visitor, "2026-10"), check_alike(visitor, "2026-12")
    small = {"value": None, "least": 1, "most": 2}
    assert october["reports", "off_topic", "upheld"] == october["removals", "agreement", "published"] == small, (
        "received then, decided on later"
    )
    assert october["decisions", "total", "total"]["value"] == october["removals", "total", "removed"]["value"] == 0
    assert december["decisions", "remove", "reports"] == december["removals", "agreement", "removed"] == small
    assert december["reports", "off_topic", "open"] == december["removals", "none", "published"] == small
    assert visitor.get("/transparency").json["months"] == [
        {"month": "2026-12", "is_complete": False, "page": "/transparency/2026-12"},
        {"month": "2026-11", "is_complete": True, "page": "/transparency/2026-11"},
        {"month": "2026-10", "is_complete": True, "page": "/transparency/2026-10"},
    ]


def test_what_falls_later_falls_out_of_its_own_month(busy: Court, visitor: ApiClient) -> None:
    """A removal of November that is overturned in December: it is counted where it was decided, as undone."""
    with reading() as session:
        removed = session.scalars(
            select(Decision.id).where(Decision.action == "remove", Decision.reason == "harassment").order_by(Decision.id)
        ).all()
    for decision in removed:
        busy.overturn(decision)
    after = read_json(visitor, "2026-11")
    assert after["decisions", "remove", "held"]["value"] == after["removals", "agreement", "removed"]["value"] == 0
    assert after["undone", "overturned", "restricted"]["value"] == 7
    assert (after["automatic", "check", "let_stand"]["value"], after["automatic", "check", "share"]["value"]) == (7, 1.0)
    assert after["appeals_filed", "writer", "filed"]["value"] == after["appeals_decided", "total", "decided"]["value"] == 7
    assert after["statements", "total", "sent"]["value"] == 32, "that it was stated stays true"
    assert after["removals", "agreement", "published"]["value"] == 4
    december = read_json(visitor, "2026-12")
    assert december["appeals_decided", "overturned", "decided"]["value"] == december["removals", "agreement", "published"]["value"] == 3


def test_a_replaced_decision_and_a_reporters_appeal(court: Court, clock: time_machine.Traveller, visitor: ApiClient) -> None:
    clock.move_to(datetime(2026, 11, 2, tzinfo=UTC))
    for at in range(3):
        comment = court.post(f"Replaced {at}.", stance="skepticism")
        removed = court.decide(comment, "remove", reason="off_topic")
        instead = {"action": "notice", "reason": "off_topic", "statement": STATEMENT, "notice": "Stay with it."}
        assert court.judge(court.appeal(removed), "change", **instead).status_code == 201
        reported = court.post(f"Reported in vain {at}.", by="cleo", stance="disagreement")
        court.report(reported)
        left = court.decide(reported, "no_action", reason="within_rules")
        instead = {"action": "remove", "reason": "off_topic", "statement": STATEMENT}
        answer = court.judge(court.appeal(left, by="ben"), "overturn", **instead)
        assert answer.status_code == 201, answer.text
    figures = check_alike(visitor, "2026-11")
    assert figures["decisions", "notice", "own_initiative"]["value"] == figures["decisions", "remove", "reports"]["value"] == 3
    assert figures["decisions", "total", "total"]["value"] == figures["undone", "total", "total"]["value"] == 6
    assert figures["undone", "overturned", "restricted"]["value"] == figures["undone", "overturned", "left"]["value"] == 3
    assert figures["reports", "off_topic", "upheld"]["value"] == figures["removals", "disagreement", "removed"]["value"] == 3
    assert figures["appeals_filed", "reporter", "filed"]["value"] == figures["appeals_decided", "changed", "decided"]["value"] == 3
    assert figures["appeals", "total", "reversed"]["value"] == 1.0


def test_undecided_and_withdrawn_cases_of_rules(court: Court, clock: time_machine.Traveller, visitor: ApiClient) -> None:
    """Hidden and never looked at: shown again by a rule. Held and withdrawn: without object. Held and waiting: not yet decided."""
    clock.move_to(datetime(2026, 11, 2, tzinfo=UTC))
    for name in ("cleo", "dora"):
        court.someone(name)
    for at in range(3):
        hidden = court.post(f"Sharp {at}.")
        for reader in ("ben", "cleo", "dora"):
            court.by(reader).post(f"/comments/{hidden}/reports", {"reason": "harassment"})
        court.post(f"{RUDE} and wait {at}.")
        gone = court.post(f"{RUDE} and go {at}.")
        assert court.by("anna").delete(f"/comments/{gone}").status_code == 204
    clock.move_to(datetime(2026, 11, 20, tzinfo=UTC))
    run_due(100)
    figures = check_alike(visitor, "2026-11")
    assert figures["automatic", "reports", "waiting"]["value"] == figures["automatic", "check", "waiting"]["value"] == 3
    assert figures["automatic", "check", "moot"]["value"] == figures["shown_again", "undecided", "made"]["value"] == 3
    assert figures["automatic", "total", "share"]["value"] is None
    assert figures["statements", "rules", "sent"]["value"] == 9, "to be shown again restricts nobody"


def test_a_month_begins_and_ends_at_its_moments(court: Court, clock: time_machine.Traveller, visitor: ApiClient) -> None:
    """Three comments and reports in the last microsecond of October and four in the first of November."""
    for moment, count in ((datetime(2026, 10, 31, 23, 59, 59, 999999, UTC), 3), (datetime(2026, 11, 1, tzinfo=UTC), 4)):
        clock.move_to(moment)
        assert now() == moment
        for at in range(count):
            comment = court.post(f"At {moment} for the {at}. time.", stance="skepticism")
            court.report(comment)
            court.decide(comment, "no_action", reason="within_rules")
    found = {month: check_alike(visitor, month) for month in ("2026-10", "2026-11")}
    for month, count in (("2026-10", 3), ("2026-11", 4)):
        figures = found[month]
        for place in (
            ("reports", "off_topic", "declined"),
            ("decisions", "no_action", "reports"),
            ("reasons", "within_rules", "left"),
            ("removals", "skepticism", "published"),
        ):
            assert figures[place]["value"] == count, (month, place)
        assert figures["times", "lane_3", "median"]["value"] == 0


def test_a_moment_of_another_time_zone_belongs_to_its_month_in_utc(court: Court, visitor: ApiClient) -> None:
    # Half past midnight of November in Vienna is still October in UTC.
    written = datetime(2026, 11, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    for at in range(3):
        comment_id = court.post(f"Late in the evening {at}.", stance="encouragement")
        with writing() as session:
            session.get_one(Comment, comment_id).published_at = written
    assert read_json(visitor, "2026-10")["removals", "encouragement", "published"]["value"] == 3


def test_one_of_each_is_told_as_fewer_than_three(court: Court, visitor: ApiClient) -> None:
    for at, stance in enumerate(("agreement", "disagreement", "skepticism")):
        comment = court.post(f"A word {at}.", stance=stance)
        court.report(comment)
        court.decide(comment, ("remove", "no_action", "lock")[at], reason=("off_topic", "within_rules", "off_topic")[at])
    figures = check_alike(visitor, "2026-10")
    small, none = {"value": None, "least": 1, "most": 2}, {"value": 0, "least": 0, "most": 0}
    assert figures["reports", "off_topic", "upheld"] == figures["reports", "off_topic", "declined"] == small
    assert figures["reports", "off_topic", "total"] == {"value": None, "least": 2, "most": 4}
    assert figures["reports", "off_topic", "open"] == figures["reports", "harassment", "total"] == none
    assert figures["removals", "agreement", "removed"] == figures["removals", "agreement", "published"] == small
    assert figures["removals", "none", "published"] == none
    assert {cell["value"] for (_, _, column), cell in figures.items() if column in ("share", "reversed")} == {None}
    page = read_page(visitor, "2026-10").text
    assert "<3" in page
    assert "2–4" in page
