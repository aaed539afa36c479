"""The tables of a month's report: what was counted, as it may be shown. Page, CSV and JSON are all filled from these, so they cannot disagree.

The rule: whatever is shown comes out of ``small_cells.publish``; tables that count the same cases go into it together, and totals and shares are made of
what came out. Pure.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from forum.comments.stance import Stance
from forum.moderation.reasons import LANE_TIMES, DecisionReason, ReportReason
from forum.moderation.review import ACTIONS, Action, ReportState
from forum.redress.models import Outcome, Part
from forum.sanctions.kinds import SanctionKind
from forum.transparency.figures import Column, Figure, Row, Table, Unit, median, ninetieth, share
from forum.transparency.queries import (
    LET_STAND,
    LIFTED,
    MOOT,
    NO_STANCE,
    NOTED,
    OCCASIONS,
    OVERTURNED,
    RESTRICTED,
    STANDING,
    TAKEN_BACK,
    WAITING,
    AppealsDecided,
    Decided,
    Tallies,
)
from forum.transparency.small_cells import Count, publish, total

Cells = Mapping[tuple[str, str], Count]

TOTAL = "total"
# A change of a comment that was turned down: whatever else was decided with it, this is what its writer lost.
DECLINED = "declined"
REMOVED, OTHERWISE, LEFT = "removed", "restricted", "left"
EFFECTS: Mapping[str, tuple[str, ...]] = {
    REMOVED: (Action.REMOVE.value,),
    OTHERWISE: (*(action.value for action, known in ACTIONS.items() if known.restricts and action is not Action.REMOVE), DECLINED),
    LEFT: tuple(action.value for action, known in ACTIONS.items() if not known.restricts),
}
RESTRICTING = (*EFFECTS[REMOVED], *EFFECTS[OTHERWISE])
CHECK, ROUTINE, REPORTS = "check", "routine", "reports"
# Rules that let a text wait whatever it says.
ROUTINE_RULES = ("newcomer", "sanctions", "resubmitted")
MADE = "made"
IMPOSED = (STANDING, LIFTED, OVERTURNED)
BECAME = (LET_STAND, RESTRICTED, MOOT, WAITING)
STANCES = (*(stance.value for stance in Stance), NO_STANCE)
READERS, NOTICES = "readers", "notices"
ANOTHER, SAME = "another_person", "same_person"
SPEED = (Column("median", Unit.SECONDS), Column("ninetieth", Unit.SECONDS))


def build_tables(tallies: Tallies) -> tuple[Table, ...]:
    """Return the tables of a month in the order in which they are shown."""
    decided = _Decisions(tallies.decisions)
    rules, automatic = _publish_automatic(tallies.automatic)
    kinds = [kind.value for kind in SanctionKind]
    sanctions = _publish(kinds, IMPOSED, tallies.sanctions)
    return (
        *_report_tables(tallies.reports),
        _matrix("decisions", [*EFFECTS[LEFT], *RESTRICTING], OCCASIONS, decided.by_action),
        _matrix("reasons", [reason.value for reason in DecisionReason], tuple(EFFECTS), decided.by_reason),
        _matrix("undone", [TAKEN_BACK, OVERTURNED], (OTHERWISE, LEFT), decided.undone),
        _automatic_table(automatic),
        _noted_table(decided.by_action),
        _list("rules", MADE, rules),
        Table("shown_again", (Column(MADE),), (Row("undecided", (_one(tallies.shown_again),)),)),
        _times_table(tallies),
        *_appeal_tables(tallies.appeals_filed, tallies.appeals_decided),
        _removal_table(decided.by_stance, tallies.published),
        _matrix("sanctions", kinds, IMPOSED, sanctions),
        _statement_table(decided, automatic, sanctions, tallies.unstated),
    )


class _Decisions:
    """Moderators' decisions, published: those that stand by action and occasion, by reason and effect, removals by stance; and those that were undone."""

    def __init__(self, decisions: Counter[Decided]) -> None:
        self.by_action: dict[tuple[str, str], Count] = {}
        self.by_reason: dict[tuple[str, str], Count] = {}
        self.by_stance: dict[tuple[str, str], Count] = {}
        for effect, actions in EFFECTS.items():
            self._publish(decisions, effect, actions)
        undone = Counter[tuple[str, str]]()
        for kind, count in decisions.items():
            if kind.undone is not None:
                undone[kind.undone, OTHERWISE if kind.restricts else LEFT] += count
        self.undone = _publish((TAKEN_BACK, OVERTURNED), (OTHERWISE, LEFT), undone)

    def _publish(self, decisions: Counter[Decided], effect: str, actions: Sequence[str]) -> None:
        """Three ways to count the same decisions, so whoever compares them must not find a hidden number."""
        by_action = {(action, occasion): 0 for action in actions for occasion in OCCASIONS}
        by_reason = {(reason.value, effect): 0 for reason in DecisionReason}
        by_stance = {(stance, REMOVED): 0 for stance in STANCES}
        for kind, count in decisions.items():
            action = action_row(kind)
            if kind.undone is None and action in actions:
                by_action[action, kind.occasion] += count
                by_reason[kind.reason, effect] += count
                by_stance[kind.stance or NO_STANCE, REMOVED] += count
        ways = (by_action, by_reason, by_stance) if effect == REMOVED else (by_action, by_reason)
        shown = publish(*ways)
        for into, cells in zip((self.by_action, self.by_reason, self.by_stance), shown, strict=False):
            into.update(cells)


def action_row(kind: Decided) -> str:
    """Return the row in which a decision is counted: its action, or that it turned a change down."""
    return DECLINED if kind.restricts and kind.action in EFFECTS[LEFT] else kind.action


def automatic_row(action: str, rule: str) -> str:
    """Return the row in which a restriction by a rule is counted: a check of the text, a matter of routine, or readers' reports."""
    if action == Action.SCREEN_OUT:
        return REPORTS
    return ROUTINE if rule in ROUTINE_RULES else CHECK


def _report_tables(reports: Counter[tuple[str, str, bool]]) -> Iterator[Table]:
    states = [state.value for state in ReportState]
    by_reason: dict[tuple[str, str], Count] = {}
    by_sender: dict[tuple[str, str], Count] = {}
    for state in states:
        reasons = {(reason.value, state): 0 for reason in ReportReason}
        senders = {(READERS, state): 0, (NOTICES, state): 0}
        for (reason, became, without_account), count in reports.items():
            if became == state:
                reasons[reason, state] += count
                senders[NOTICES if without_account else READERS, state] += count
        shown = publish(reasons, senders)
        by_reason |= shown[0]
        by_sender |= shown[1]
    yield _matrix("reports", [reason.value for reason in ReportReason], states, by_reason)
    yield _matrix("senders", [READERS, NOTICES], states, by_sender)


def _publish_automatic(automatic: Counter[tuple[str, str, str]]) -> tuple[Cells, Cells]:
    """Return what rules did, by rule, and by kind and by what has become of it: the same cases, counted in two ways."""
    by_rule: dict[tuple[str, str], Count] = {}
    by_kind: dict[tuple[str, str], Count] = {}
    for kind in (CHECK, ROUTINE, REPORTS):
        made = Counter[tuple[str, str]]()
        became = {(kind, state): 0 for state in BECAME}
        for (action, rule, state), count in automatic.items():
            if automatic_row(action, rule) == kind:
                made[rule, MADE] += count
                became[kind, state] += count
        shown = publish(made, became)
        by_rule |= shown[0]
        by_kind |= shown[1]
    return dict(sorted(by_rule.items())), by_kind


def _automatic_table(cells: Cells) -> Table:
    def row(code: str, kinds: Sequence[str]) -> Row:
        became = {state: total(cells[kind, state] for kind in kinds) for state in BECAME}
        decided = total((became[LET_STAND], became[RESTRICTED]))
        return Row(code, (total(became.values()), *became.values(), share(became[LET_STAND], decided)))

    kinds = (CHECK, ROUTINE, REPORTS)
    columns = (Column(MADE), *(Column(state) for state in BECAME), Column("share", Unit.SHARE))
    return Table("automatic", columns, (*(row(kind, [kind]) for kind in kinds), row(TOTAL, kinds)))


def _noted_table(decided: Cells) -> Table:
    """What came of findings that only brought a comment before moderators, as the decisions above show it."""
    effects = {effect: total(decided[action, NOTED] for action in actions) for effect, actions in EFFECTS.items()}
    return Table("noted", (Column(LEFT), Column(TOTAL)), (Row(NOTED, (effects[LEFT], total(effects.values()))),))


def _times_table(tallies: Tallies) -> Table:
    waits = {f"lane_{lane}": tallies.case_times.get(lane, ()) for lane in range(len(LANE_TIMES))} | {REPORTS: tallies.report_times}
    return Table("times", SPEED, tuple(Row(code, (median(seconds), ninetieth(seconds))) for code, seconds in waits.items()))


def _appeal_tables(filed: Counter[tuple[str, bool]], decided: AppealsDecided) -> Iterator[Table]:
    parties = {
        "writer": filed[Part.WRITER, False],
        "sanctioned": filed[Part.WRITER, True],
        "reporter": filed[Part.REPORTER, False] + filed[Part.REPORTER, True],
    }
    yield _list("appeals_filed", "filed", publish({(party, "filed"): count for party, count in parties.items()})[0])
    outcomes = {(outcome.value, "decided"): decided.outcomes[outcome] for outcome in Outcome}
    deciders = {(ANOTHER, "decided"): decided.same_person[False], (SAME, "decided"): decided.same_person[True]}
    by_outcome, by_decider = publish(outcomes, deciders)
    yield _list("appeals_decided", "decided", by_outcome)
    yield _list("appeal_deciders", "decided", by_decider)
    fell = total(by_outcome[outcome.value, "decided"] for outcome in (Outcome.OVERTURNED, Outcome.CHANGED))
    figures = (share(fell, total(by_outcome.values())), median(decided.seconds), ninetieth(decided.seconds))
    yield Table("appeals", (Column("reversed", Unit.SHARE), *SPEED), (Row(TOTAL, figures),))


def _removal_table(removed: Cells, published: Counter[str]) -> Table:
    (shown,) = publish({(stance, "published"): published[stance] for stance in STANCES})

    def row(code: str, stances: Sequence[str]) -> Row:
        whole, part = total(shown[stance, "published"] for stance in stances), total(removed[stance, REMOVED] for stance in stances)
        return Row(code, (whole, part, share(part, whole)))

    columns = (Column("published"), Column(REMOVED), Column("share", Unit.SHARE))
    return Table("removals", columns, (*(row(stance, [stance]) for stance in STANCES), row(TOTAL, STANCES)))


def _statement_table(decided: _Decisions, automatic: Cells, sanctions: Cells, unstated: int) -> Table:
    """As many as there are restrictions above: the database takes none without its statement, and ``unstated`` counts whether that holds."""
    restricting = [count for (action, _), count in decided.by_action.items() if action in RESTRICTING]
    undone = [count for (_, effect), count in decided.undone.items() if effect == OTHERWISE]
    sources = {"moderators": total((*restricting, *undone)), "rules": total(automatic.values()), "sanctions": total(sanctions.values())}
    rows = {**sources, TOTAL: total(sources.values()), "without": _one(unstated)}
    return Table("statements", (Column("sent"),), tuple(Row(code, (count,)) for code, count in rows.items()))


def _publish(rows: Iterable[str], columns: Sequence[str], counts: Mapping[tuple[str, str], int]) -> Cells:
    (shown,) = publish({(row, column): counts.get((row, column), 0) for row in rows for column in columns})
    return shown


def _one(count: int) -> Count:
    (shown,) = publish({"": count})
    return shown[""]


def _matrix(code: str, rows: Sequence[str], columns: Sequence[str], cells: Cells) -> Table:
    """Return a table of rows by columns with the totals of both."""

    def row(name: str, of: Sequence[str]) -> Row:
        counts: list[Figure] = [total(cells[each, column] for each in of) for column in columns]
        return Row(name, (*counts, total(cells[each, column] for each in of for column in columns)))

    return Table(code, (*(Column(column) for column in columns), Column(TOTAL)), (*(row(name, [name]) for name in rows), row(TOTAL, rows)))


def _list(code: str, column: str, cells: Cells) -> Table:
    """Return a table of one column with its total."""
    rows = [*(Row(name, (count,)) for (name, _), count in cells.items()), Row(TOTAL, (total(cells.values()),))]
    return Table(code, (Column(column),), tuple(rows))
