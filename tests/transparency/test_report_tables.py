"""The tables of a report, made of any numbers: totals follow from what is shown, no share tells a hidden number, nothing can be worked out across tables."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from forum.comments.stance import Stance
from forum.moderation.reasons import DecisionReason, ReportReason
from forum.moderation.review import ACTIONS, Action, ReportState
from forum.redress.models import Outcome, Part
from forum.sanctions.kinds import SanctionKind
from forum.transparency.figures import Share, Span, Table, median, ninetieth
from forum.transparency.queries import OCCASIONS, AppealsDecided, Decided, Tallies
from forum.transparency.small_cells import SHOWN_FROM, Count, exactly, total
from forum.transparency.tables import build_tables
from forum.transparency.words import SECTIONS, TABLES, column_word, row_word
from tests.transparency.determined import determined
from tests.transparency.recount import LEFT, OTHERWISE, STANCES

# Mostly few cases, since that is what is hidden.
FEW = st.integers(1, 5) | st.integers(1, 2) | st.integers(1, 40)


def some(*kinds: st.SearchStrategy[Any], most: int = 9) -> st.SearchStrategy[Counter[Any]]:
    """Return how often some things happened, each told by a value of every kind."""
    key = kinds[0] if len(kinds) == 1 else st.tuples(*kinds)
    return st.dictionaries(key, FEW, max_size=most).map(Counter)


def of(values: Any) -> st.SearchStrategy[str]:
    """Return one of an enumeration's values, or of some."""
    return st.sampled_from([str(value) for value in values])


@st.composite
def decided(draw: st.DrawFn) -> Decided:
    action = Action(draw(of(ACTIONS)))
    restricts = ACTIONS[action].restricts or draw(st.booleans())
    undone = draw(st.sampled_from([None, None, None, "taken_back", "overturned"]))
    stance = draw(of(STANCES)) if action is Action.REMOVE else None
    return Decided(action.value, restricts, draw(of(DecisionReason)), draw(of(OCCASIONS)), undone, stance)


@st.composite
def appeals_decided(draw: st.DrawFn) -> AppealsDecided:
    cases = draw(st.lists(st.tuples(of(Outcome), st.booleans(), st.integers(0, 10**6)), max_size=12))
    return AppealsDecided(Counter(case[0] for case in cases), Counter(case[1] for case in cases), [case[2] for case in cases])


TALLIES = st.builds(
    Tallies,
    reports=some(of(ReportReason), of(ReportState), st.booleans()),
    decisions=some(decided(), most=14),
    automatic=some(
        st.sampled_from(["hold", "screen_out"]),
        st.sampled_from(["words", "links", "newcomer", "sanctions", "resubmitted", "report-threshold"]),
        st.sampled_from(["let_stand", "restricted", "moot", "waiting"]),
    ),
    shown_again=st.integers(0, 4),
    unstated=st.just(0),
    case_times=st.dictionaries(st.integers(0, 3), st.lists(st.integers(0, 10**6), max_size=6)),
    report_times=st.lists(st.integers(0, 10**6), max_size=6),
    appeals_filed=some(of(Part), st.booleans()),
    appeals_decided=appeals_decided(),
    sanctions=some(of(SanctionKind), st.sampled_from(["standing", "lifted", "overturned"])),
    published=some(of(STANCES)),
)


class Seen:
    """The tables as anybody sees them, by table, row and column."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = {table.code: table for table in tables}
        self.figures = {
            (table.code, row.code, column.code): figure
            for table in tables
            for row in table.rows
            for column, figure in zip(table.columns, row.figures, strict=True)
        }

    def count(self, table: str, row: str, column: str) -> Count:
        """Return a count."""
        figure = self.figures[table, row, column]
        assert isinstance(figure, Count)
        return figure

    def cells(self, table: str, rows: Sequence[str], columns: Sequence[str]) -> dict[tuple[str, str, str], Count]:
        """Return some counts of a table."""
        return {(table, row, column): self.count(table, row, column) for row in rows for column in columns}

    def rows(self, table: str) -> list[str]:
        """Return the rows of a table without its total."""
        return [row.code for row in self.tables[table].rows if row.code != "total"]


def same_cases(seen: Seen, tallies: Tallies) -> Iterator[tuple[list[dict[tuple[str, str, str], Count]], int]]:
    """Yield the parts of tables that count the same cases, and how many these are."""
    for state in ReportState:
        ways = [seen.cells(table, seen.rows(table), [state]) for table in ("reports", "senders")]
        yield ways, sum(n for (_, became, _), n in tallies.reports.items() if became == state)
    for effect, actions in {"removed": ["remove"], "restricted": OTHERWISE, "left": LEFT}.items():
        ways = [seen.cells("decisions", actions, OCCASIONS), seen.cells("reasons", seen.rows("reasons"), [effect])]
        if effect == "removed":
            ways.append(seen.cells("removals", STANCES, ["removed"]))
        standing = [(kind, n) for kind, n in tallies.decisions.items() if kind.undone is None]
        yield ways, sum(n for kind, n in standing if ("declined" if kind.restricts and kind.action in LEFT else kind.action) in actions)
    rules = {
        "reports": [rule for action, rule, _ in tallies.automatic if action == "screen_out"],
        "routine": [rule for action, rule, _ in tallies.automatic if action == "hold" and rule in ("newcomer", "sanctions", "resubmitted")],
    }
    rules["check"] = [rule for _, rule, _ in tallies.automatic if rule not in rules["reports"] + rules["routine"]]
    # A rule that does both is in no real history; then only the sum of both is known.
    if not set(rules["reports"]) & {rule for action, rule, _ in tallies.automatic if action == "hold"}:
        for kind, names in rules.items():
            became = seen.cells("automatic", [kind], ["let_stand", "restricted", "moot", "waiting"])
            yield (
                [seen.cells("rules", sorted(set(names)), ["made"]), became],
                sum(n for (_, rule, _), n in tallies.automatic.items() if rule in names),
            )
    outcomes = seen.cells("appeals_decided", list(Outcome), ["decided"])
    yield [outcomes, seen.cells("appeal_deciders", ["another_person", "same_person"], ["decided"])], len(tallies.appeals_decided.seconds)


@given(TALLIES)
@settings(max_examples=250, deadline=None)
def test_nothing_hidden_can_be_worked_out(tallies: Tallies) -> None:
    seen = Seen(build_tables(tallies))
    for ways, cases in same_cases(seen, tallies):
        assert determined(ways, cases) == []


@given(TALLIES)
@settings(max_examples=150, deadline=None)
def test_totals_follow_from_what_is_shown(tallies: Tallies) -> None:
    """A total that says more than the cells that it sums up could give one of them away."""
    seen = Seen(build_tables(tallies))
    for code in ("reports", "senders", "decisions", "reasons", "undone", "sanctions"):
        columns = [column.code for column in seen.tables[code].columns][:-1]
        rows = seen.rows(code)
        for row in rows:
            assert seen.count(code, row, "total") == total(seen.cells(code, [row], columns).values())
        for column in columns:
            assert seen.count(code, "total", column) == total(seen.cells(code, rows, [column]).values())
        assert seen.count(code, "total", "total") == total(seen.cells(code, rows, columns).values())
    for code, column in (("rules", "made"), ("appeals_filed", "filed"), ("appeals_decided", "decided"), ("appeal_deciders", "decided")):
        assert seen.count(code, "total", column) == total(seen.cells(code, seen.rows(code), [column]).values())
    became = ["let_stand", "restricted", "moot", "waiting"]
    for kind in ("check", "routine", "reports"):
        assert seen.count("automatic", kind, "made") == total(seen.cells("automatic", [kind], became).values())
    noted = seen.cells("decisions", seen.rows("decisions"), ["noted"])
    assert seen.count("noted", "noted", "total") == total(noted.values())
    restricting = seen.cells("decisions", ["remove", *OTHERWISE], OCCASIONS) | seen.cells(
        "undone", ["taken_back", "overturned"], ["restricted"]
    )
    assert seen.count("statements", "moderators", "sent") == total(restricting.values())
    assert seen.count("statements", "rules", "sent") == seen.count("automatic", "total", "made")
    assert seen.count("statements", "sanctions", "sent") == seen.count("sanctions", "total", "total")


@given(TALLIES)
@settings(max_examples=150, deadline=None)
def test_a_share_is_of_two_numbers_that_are_told(tallies: Tallies) -> None:
    seen = Seen(build_tables(tallies))

    def check(figure: Any, part: Count, whole: Count) -> None:
        told = part.value is not None and whole.value is not None and whole.value >= SHOWN_FROM
        assert figure == Share(round(part.least / whole.least, 4) if told else None)

    for kind in ("check", "routine", "reports", "total"):
        let, restricted = (seen.count("automatic", kind, became) for became in ("let_stand", "restricted"))
        check(seen.figures["automatic", kind, "share"], let, total([let, restricted]))
    for stance in (*Stance, "none", "total"):
        published, removed = (seen.count("removals", stance, column) for column in ("published", "removed"))
        check(seen.figures["removals", stance, "share"], removed, published)
    upheld, overturned, changed = (seen.count("appeals_decided", outcome, "decided") for outcome in Outcome)
    check(seen.figures["appeals", "total", "reversed"], total([overturned, changed]), total([upheld, overturned, changed]))


@given(TALLIES)
@settings(max_examples=60, deadline=None)
def test_everything_has_its_words(tallies: Tallies) -> None:
    tables = build_tables(tallies)
    named = [name for words in SECTIONS.values() for name in words.tables]
    assert sorted(named) == sorted(table.code for table in tables) == sorted(TABLES)
    for table in tables:
        assert len({row.code for row in table.rows}) == len(table.rows)
        assert all(column_word(table.code, column.code) for column in table.columns)
        stances = set(Stance) if table.code == "removals" else set()
        assert [row.code for row in table.rows if row_word(table.code, row.code) is None and row.code not in stances] == []


def test_a_month_without_anything_is_zeros() -> None:
    none: Counter[Any] = Counter()
    nothing = AppealsDecided(none, none, [])
    tables = build_tables(Tallies(none, none, none, 0, 0, {}, [], none, nothing, none, none))
    assert all(table.is_empty for table in tables)
    assert {figure for table in tables for row in table.rows for figure in row.figures} == {exactly(0), Share(None), Span(None)}


def test_times_are_of_three_cases_or_more() -> None:
    assert median([]) == median([5, 7]) == ninetieth([5, 7]) == Span(None)
    assert (median([9, 1, 5]), ninetieth([9, 1, 5])) == (Span(5), Span(9))
    assert (median([4, 1, 2, 3]), median([1, 2, 3, 3])) == (Span(2), Span(2)), "the mean of the two in the middle, rounded down"
    assert ninetieth(range(1, 11)) == Span(9)
    assert ninetieth(range(1, 12)) == Span(10)
    assert ninetieth(range(1, 101)) == Span(90)
