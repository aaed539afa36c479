"""What a change would have done."""

from dataclasses import fields

import msgspec
import pytest

from forum.moderation.screening import context as contexts
from forum.moderation.screening.context import Heat, Repetition, ScreeningContext, WriterFacts
from forum.moderation.screening.phases import PHASES
from forum.moderation.screening.replay import REPLAYED, Sample, replay
from forum.moderation.screening.rules import Rules, default_rules
from forum.refusals import Refusal

TEXTS = ("An ordinary text.", "Such a placebo.", "A foolish idea.", "https://blog.example.org")
SAMPLES = [Sample(number, ScreeningContext(text, writer=WriterFacts(accepted_count=number))) for number, text in enumerate(TEXTS)]


def _changes(before: Rules, after: Rules) -> list[tuple[int, str, str]]:
    return [(change.comment_id, *change.outcomes) for change in replay(SAMPLES, before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Rules(), Rules(), []),
        (Rules(), Rules(suspect=("placebo",)), [(1, "pass", "report")]),
        (Rules(suspect=("placebo",)), Rules(banned=("placebo", "fool*")), [(1, "report", "hold"), (2, "pass", "hold")]),
        (Rules(banned=("placebo",)), Rules(banned=("placebos",)), [(1, "hold", "pass")]),
        (Rules(), Rules(hold_first="2"), [(0, "pass", "hold"), (1, "pass", "hold")]),
        (Rules(), Rules(blocked_domains=("example.org",)), [(3, "pass", "hold")]),
        (Rules(), Rules(show_moderator_names=True), []),
    ],
)
def test_changes(before: Rules, after: Rules, expected: list[tuple[int, str, str]]) -> None:
    assert _changes(before, after) == expected


def test_a_change_tells_why() -> None:
    (change,) = replay(SAMPLES, Rules(), Rules(banned=("promotion: placebo",)))
    assert change.before.findings == ()
    assert [(finding.reason, finding.matches) for finding in change.after.findings] == [("promotion", ("placebo",))]


def test_what_depended_on_the_moment_is_not_replayed() -> None:
    hot = ScreeningContext(
        "A text that was said before, by the same account." * 2,
        writer=WriterFacts(recent_count=9, recent_removed_count=9),
        repetition=Repetition(own_same_place=True, others_count=9),
        heat=Heat(reports_above=9, since_own_last=WriterFacts.account_age * 0),
    )
    assert replay([Sample(1, hot)], Rules(), Rules(history_percent=1, duplicate_others=1)) == []
    assert set(REPLAYED) < {phase.name for phase in PHASES}
    assert {phase.name for phase in PHASES} - set(REPLAYED) == {"sanctions", "duplicate", "confidentiality", "history", "heat"}


def test_rules_that_cannot_be_used_are_refused_before_anything_is_read() -> None:
    with pytest.raises(Refusal) as caught:
        replay(SAMPLES, Rules(), Rules(suspect=("fine", "*")))
    assert [fault.pointer for fault in caught.value.faults] == ["/suspect/1"]


def test_each_text_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def spell(text: str) -> tuple[str, ...]:
        read.append(text)
        return (text,)

    monkeypatch.setattr(contexts, "spell", spell)
    samples = [Sample(number, ScreeningContext(f"text {number}")) for number in range(1_000)]
    rules = default_rules()
    after = msgspec.structs.replace(rules, banned=(*rules.banned, "text 7"))
    assert [change.comment_id for change in replay(samples, rules, after)] == [7]
    assert len(read) == 1_000


def test_under_other_rules_everything_else_stays() -> None:
    context = ScreeningContext("Hello", writer=WriterFacts(accepted_count=1), is_edit=True)
    rules = Rules(hold_first="all")
    other = context.under(rules)
    assert other.rules is rules
    assert other.spellings is context.spellings
    assert context.rules == Rules()
    assert all(getattr(other, field.name) == getattr(context, field.name) for field in fields(context) if field.name != "rules")
