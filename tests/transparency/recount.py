"""Counts a month anew from the rows, with plain loops and nothing of the package's own counting: what the reports are compared with.

The rule: every row of every table is read and looked at; what is counted is told by the sentences on the page. Called by the tests of this folder.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.comments.models import Comment
from forum.moderation.models import Decision, Report, ReviewItem, StatementOfReasons
from forum.redress.models import Appeal
from forum.sanctions.models import Sanction

Counts = dict[tuple[str, str, str], int]
REASONS = [
    "confidentiality",
    "threat_selfharm",
    "illegal",
    "harassment",
    "impersonation",
    "dangerous_advice",
    "promotion",
    "off_topic",
    "other",
]
LEFT = ["approve", "restore", "no_action", "unlock"]
OTHERWISE = ["redact", "screen_out", "lock", "notice", "declined"]
OCCASIONS = ["reports", "held", "noted", "brought_back", "own_initiative"]
STANCES = ["agreement", "disagreement", "skepticism", "encouragement", "none"]
KINDS = ["reminder", "warning", "pre_moderation", "mute", "tag_mute", "report_mute", "suspension", "ban"]


class Rows:
    """All rows that a report is made of, and the month that is counted, as its first moment and the first after it."""

    def __init__(self, session: Session, begin: datetime, end: datetime) -> None:
        self.begin, self.end = begin, end

        def every(table: type[Any]) -> list[Any]:
            return list(session.scalars(select(table).order_by(table.id)))

        self.comments = {row.id: row for row in every(Comment)}
        self.items = {row.id: row for row in every(ReviewItem)}
        self.reports, self.decisions, self.appeals = every(Report), every(Decision), every(Appeal)
        self.sanctions, self.statements = every(Sanction), every(StatementOfReasons)

    def within(self, moment: datetime | None) -> bool:
        """Whether a moment belongs to the month."""
        return moment is not None and self.begin <= moment < self.end


def recount(session: Session, begin: datetime, end: datetime) -> tuple[Counts, dict[tuple[str, str, str], int | float | None]]:
    """Return every count of a month by table, row and column, totals included; and every share and time, None where there are fewer than three cases."""
    rows = Rows(session, begin, end)
    counts: Counts = {}
    others: dict[tuple[str, str, str], int | float | None] = {}
    _reports(rows, counts)
    _decisions(rows, counts)
    _automatic(rows, counts, others)
    _appeals(rows, counts, others)
    _people(rows, counts)
    _removals(rows, counts, others)
    _statements(rows, counts)
    _times(rows, others)
    return counts, others


def _fill(counts: Counts, table: str, grid: Counter[tuple[str, str]], rows: Iterable[str], columns: Sequence[str]) -> None:
    names = list(rows)
    assert set(grid) <= {(row, column) for row in names for column in columns}, (table, grid)
    for row in names:
        for column in columns:
            counts[table, row, column] = grid[row, column]
        counts[table, row, "total"] = sum(grid[row, column] for column in columns)
    for column in columns:
        counts[table, "total", column] = sum(grid[row, column] for row in names)
    counts[table, "total", "total"] = sum(grid.values())


def _list(counts: Counts, table: str, column: str, found: dict[str, int]) -> None:
    for row, count in found.items():
        counts[table, row, column] = count
    counts[table, "total", column] = sum(found.values())


def _reports(rows: Rows, counts: Counts) -> None:
    states = ["open", "upheld", "declined", "moot"]
    reasons, senders = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for report in rows.reports:
        if rows.within(report.created_at):
            reasons[report.reason, report.state] += 1
            senders["readers" if report.notifier_email is None else "notices", report.state] += 1
    _fill(counts, "reports", reasons, REASONS, states)
    _fill(counts, "senders", senders, ["readers", "notices"], states)


def _occasion(rows: Rows, decision: Decision) -> str:
    item = rows.items[decision.item_id]
    for statement in rows.statements:
        # What the writer was told; whether a check held the text or only pointed it out is told apart by what came before.
        if statement.decision_id == decision.id and statement.source != "screening":
            return {"report": "reports", "notice": "reports", "resubmission": "brought_back"}.get(statement.source, "own_initiative")
    if item.origin == "moderator":
        return "own_initiative"
    if any(report.item_id == item.id and report.created_at <= decision.created_at for report in rows.reports):
        return "reports"
    if item.origin in ("report", "resubmission"):
        return {"report": "reports", "resubmission": "brought_back"}[item.origin]
    held = any(other.item_id == item.id and other.action == "hold" and other.id < decision.id for other in rows.decisions)
    return "held" if held else "noted"


def _decisions(rows: Rows, counts: Counts) -> None:
    actions, reasons, undone = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for decision in rows.decisions:
        if not rows.within(decision.created_at) or decision.moderator_id is None or decision.action == "undo":
            continue
        if decision.undone_at is not None:
            fell = any(appeal.decision_id == decision.id and appeal.outcome in ("overturned", "changed") for appeal in rows.appeals)
            undone["overturned" if fell else "taken_back", "restricted" if decision.restricts else "left"] += 1
            continue
        action = "declined" if decision.restricts and decision.action in LEFT else decision.action
        effect = "left" if action in LEFT else "removed" if action == "remove" else "restricted"
        actions[action, _occasion(rows, decision)] += 1
        reasons[decision.reason, effect] += 1
    _fill(counts, "decisions", actions, [*LEFT, "remove", *OTHERWISE], OCCASIONS)
    _fill(counts, "reasons", reasons, ["within_rules", *REASONS], ["removed", "restricted", "left"])
    _fill(counts, "undone", undone, ["taken_back", "overturned"], ["restricted", "left"])
    counts["noted", "noted", "left"] = sum(actions[action, "noted"] for action in LEFT)
    counts["noted", "noted", "total"] = sum(count for (_, occasion), count in actions.items() if occasion == "noted")


def _automatic(rows: Rows, counts: Counts, others: dict[tuple[str, str, str], int | float | None]) -> None:
    became, by_rule = Counter[tuple[str, str]](), Counter[str]()
    for decision in rows.decisions:
        if not rows.within(decision.created_at) or decision.rule is None or decision.action not in ("hold", "screen_out", "remove"):
            continue
        kind = "check"
        if decision.action == "screen_out":
            kind = "reports"
        elif decision.rule in ("newcomer", "sanctions", "resubmitted"):
            kind = "routine"
        became[kind, _what_became(rows, decision)] += 1
        by_rule[decision.rule] += 1
    states = ["let_stand", "restricted", "moot", "waiting"]
    for kind in ("check", "routine", "reports", "total"):
        own = {state: sum(n for (one, other), n in became.items() if kind in (one, "total") and other == state) for state in states}
        for state in states:
            counts["automatic", kind, state] = own[state]
        counts["automatic", kind, "made"] = sum(own.values())
        decided = own["let_stand"] + own["restricted"]
        others["automatic", kind, "share"] = round(own["let_stand"] / decided, 4) if decided >= 3 else None
    _list(counts, "rules", "made", dict(by_rule))
    counts["shown_again", "undecided", "made"] = sum(
        1 for it in rows.decisions if rows.within(it.created_at) and it.rule is not None and it.action == "restore"
    )


def _what_became(rows: Rows, decision: Decision) -> str:
    later = [it for it in rows.decisions if it.item_id == decision.item_id and it.id > decision.id and it.moderator_id is not None]
    if later and not (later[-1].action == "undo" and later[-1].appeal_id is None):
        return "restricted" if later[-1].restricts else "let_stand"
    return "waiting" if rows.items[decision.item_id].state == "open" else "moot"


def _appeals(rows: Rows, counts: Counts, others: dict[tuple[str, str, str], int | float | None]) -> None:
    filed = [it for it in rows.appeals if rows.within(it.created_at)]
    decided = [it for it in rows.appeals if rows.within(it.decided_at)]
    parties = Counter("reporter" if it.part == "reporter" else "sanctioned" if it.sanction_id else "writer" for it in filed)
    _list(counts, "appeals_filed", "filed", {party: parties[party] for party in ("writer", "sanctioned", "reporter")})
    outcomes = Counter(it.outcome for it in decided)
    _list(counts, "appeals_decided", "decided", {outcome: outcomes[outcome] for outcome in ("upheld", "overturned", "changed")})
    same = sum(1 for it in decided if it.same_person)
    _list(counts, "appeal_deciders", "decided", {"another_person": len(decided) - same, "same_person": same})
    others["appeals", "total", "reversed"] = round((len(decided) - outcomes["upheld"]) / len(decided), 4) if len(decided) >= 3 else None
    _spans(others, "appeals", "total", [(it.decided_at - it.created_at).total_seconds() for it in decided])


def _people(rows: Rows, counts: Counts) -> None:
    grid = Counter[tuple[str, str]]()
    for sanction in rows.sanctions:
        if rows.within(sanction.created_at):
            grid[sanction.kind, "overturned" if sanction.overturned else "lifted" if sanction.lifted_at else "standing"] += 1
    _fill(counts, "sanctions", grid, KINDS, ["standing", "lifted", "overturned"])


def _removals(rows: Rows, counts: Counts, others: dict[tuple[str, str, str], int | float | None]) -> None:
    published = Counter(it.stance or "none" for it in rows.comments.values() if rows.within(it.published_at))
    removed = Counter(
        rows.comments[it.comment_id].stance or "none"
        for it in rows.decisions
        if rows.within(it.created_at) and it.action == "remove" and it.undone_at is None
    )
    for stance in (*STANCES, "total"):
        whole, part = (sum(counter.values()) if stance == "total" else counter[stance] for counter in (published, removed))
        counts["removals", stance, "published"], counts["removals", stance, "removed"] = whole, part
        others["removals", stance, "share"] = round(part / whole, 4) if whole >= 3 else None


def _statements(rows: Rows, counts: Counts) -> None:
    by_id = {decision.id: decision for decision in rows.decisions}
    sources = Counter[str]()
    for statement in rows.statements:
        if rows.within(statement.created_at):
            decision = by_id.get(statement.decision_id)
            sources["sanctions" if decision is None else "rules" if decision.moderator_id is None else "moderators"] += 1
    _list(counts, "statements", "sent", {source: sources[source] for source in ("moderators", "rules", "sanctions")})
    counts["statements", "without", "sent"] = 0


def _times(rows: Rows, others: dict[tuple[str, str, str], int | float | None]) -> None:
    for lane in range(4):
        closed = [it for it in rows.items.values() if it.state == "closed" and it.base_lane == lane and rows.within(it.closed_at)]
        _spans(others, "times", f"lane_{lane}", [(it.closed_at - it.opened_at).total_seconds() for it in closed])
    decided = [it for it in rows.reports if it.state in ("upheld", "declined") and rows.within(it.closed_at)]
    _spans(others, "times", "reports", [(it.closed_at - it.created_at).total_seconds() for it in decided])


def _spans(others: dict[tuple[str, str, str], int | float | None], table: str, row: str, seconds: list[float]) -> None:
    ordered = sorted(int(each) for each in seconds)
    middle = len(ordered) // 2
    enough = len(ordered) >= 3
    others[table, row, "median"] = (
        (ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) // 2) if enough else None
    )
    others[table, row, "ninetieth"] = (
        next(it for at, it in enumerate(ordered, 1) if at >= math.ceil(0.9 * len(ordered))) if enough else None
    )
