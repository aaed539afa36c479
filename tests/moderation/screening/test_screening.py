"""All phases look, the strongest wins, and one that fails or hangs is a report."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forum.moderation.screening import pipeline as screening
from forum.moderation.screening.context import Heat, Repetition, ScreeningContext, WriterFacts
from forum.moderation.screening.findings import Finding, Outcome
from forum.moderation.screening.phases import PHASES, Phase
from forum.moderation.screening.pipeline import glance, screen, screen_further, screen_here
from forum.moderation.screening.rules import Rules, default_rules
from forum.sentences import sentence

SECRET = "marker-of-the-text"


def _finds(outcome: Outcome) -> Phase:
    finding = Finding(outcome.value, outcome, "code", sentence("Found."))
    return Phase(outcome.value, lambda _: (finding,))


@contextmanager
def _logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.mark.parametrize(
    ("outcomes", "strongest"),
    [
        ([], "pass"),
        (["report", "nudge"], "nudge"),
        (["hold", "nudge", "report"], "hold"),
        (["report", "reject", "hold"], "reject"),
    ],
)
def test_the_strongest_wins_and_all_are_kept_in_order(outcomes: list[str], strongest: str) -> None:
    verdict = screen(ScreeningContext("Hello"), phases=[_finds(Outcome(one)) for one in outcomes])
    assert verdict.outcome == strongest
    assert [finding.outcome for finding in verdict.findings] == outcomes
    assert (verdict.deciding is None) is (strongest == "pass")


def test_every_phase_looks_although_the_first_rejects() -> None:
    context = ScreeningContext(
        "you idiot https://bad.example " + "a" * 100,
        rules=Rules(
            max_length=100,
            banned=("idiot",),
            blocked_domains=("bad.example",),
            hold_first="all",
        ),
        writer=WriterFacts(recent_count=5, recent_removed_count=5),
        repetition=Repetition(own_same_place=True),
        heat=Heat(reports_above=1, since_own_last=WriterFacts.account_age * 0),
    )
    verdict = screen(context)
    assert [finding.phase for finding in verdict.findings] == ["limits", "duplicate", "words", "links", "newcomer", "history", "heat"]
    assert verdict.outcome == "reject"
    assert verdict.deciding is verdict.findings[0]


def test_staff_pass_everything_but_hard_limits() -> None:
    rules = Rules(max_length=100, banned=("idiot",), hold_first="all")
    staff = WriterFacts(is_staff=True, recent_count=9, recent_removed_count=9)
    assert screen(ScreeningContext("idiot", rules=rules, writer=staff)).outcome == "pass"
    assert screen(ScreeningContext("idiot" * 50, rules=rules, writer=staff)).outcome == "reject"


def test_a_phase_that_raises_is_a_report_logged_without_the_text() -> None:
    def fail(context: ScreeningContext) -> tuple[Finding, ...]:
        raise ValueError(context.text)

    phases = [Phase("broken", fail), _finds(Outcome.REPORT)]
    for in_threads in (True, False):
        context = ScreeningContext(SECRET)
        with _logged() as lines:
            verdict = screen(context, phases=phases) if in_threads else screen_here(context, phases)
        assert [(finding.phase, finding.code) for finding in verdict.findings] == [("broken", "phase-failed"), ("report", "code")]
        assert verdict.outcome == "report"
        assert [(line["event"], line["phase"], line["error"]) for line in lines] == [("screening_phase_failed", "broken", "ValueError")]
        assert SECRET not in repr(lines) + repr(verdict)


def test_a_phase_that_hangs_is_a_report_and_the_next_text_is_not_late() -> None:
    release = threading.Event()

    def hang(_: ScreeningContext) -> tuple[Finding, ...]:
        release.wait()
        return _finds(Outcome.REJECT).look(ScreeningContext(""))

    hanging = [Phase(f"hangs{number}", hang) for number in range(screening.THREADS + 1)]
    try:
        with _logged() as lines:
            verdict = screen(ScreeningContext(SECRET), deadline=0.05, phases=hanging)
        assert {finding.code for finding in verdict.findings} == {"phase-slow"}
        assert len(verdict.findings) == len(hanging)
        assert verdict.outcome == "report"
        assert SECRET not in repr(lines)
        assert screen(ScreeningContext("Hello"), deadline=30, phases=[_finds(Outcome.HOLD)]).outcome == "hold"
    finally:
        release.set()


def test_a_list_that_cannot_be_read_is_a_report() -> None:
    verdict = screen(ScreeningContext("Hello", rules=Rules(banned=("*",))))
    assert [(finding.phase, finding.code) for finding in verdict.findings] == [("words", "phase-failed")]


def test_each_process_has_its_own_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    screen(ScreeningContext("Hello"))
    mine = screening._pools[os.getpid()]
    monkeypatch.setattr(os, "getpid", lambda: -1)
    screen(ScreeningContext("Hello"))
    assert screening._pools.pop(-1) is not mine


@settings(deadline=None, max_examples=60)
@example("YO")
@given(st.text(st.characters(), max_size=200) | st.text("ahtp:/.@&#;()[]*dot wvi1\u200b\u0301", max_size=200))
def test_no_text_makes_a_phase_fail(text: str) -> None:
    with _logged() as lines:
        verdict = screen_here(ScreeningContext(text, rules=default_rules(), writer=WriterFacts(accepted_count=0)), PHASES)
    assert "phase-failed" not in {finding.code for finding in verdict.findings}
    assert lines == []


def _reads(name: str, look: Any, *, reads_facts: bool = False) -> Phase:
    return Phase(name, look, reads_text=True, reads_facts=reads_facts)


def test_a_glance_is_what_the_phases_that_read_the_text_alone_find() -> None:
    context = ScreeningContext(
        "you idiot https://bad.example", rules=Rules(banned=("idiot",), blocked_domains=("bad.example",), hold_first="all")
    )
    seen = glance(context.text, context.rules)
    assert {name: [finding.code for finding in found] for name, found in seen.findings.items()} == {
        "limits": [],
        "confidentiality": [],
        "words": ["banned-words"],
    }
    assert screen_further(context, seen) == screen(context)


def test_while_one_phase_hangs_all_others_look_once(monkeypatch: pytest.MonkeyPatch) -> None:
    release, asked = threading.Event(), []

    def note(name: str) -> Phase:
        return _reads(name, lambda _: asked.append(name) or ())  # type: ignore[func-returns-value]

    def fail(_: ScreeningContext) -> tuple[Finding, ...]:
        raise ValueError(SECRET)

    phases = (
        note("first"),
        _reads("hangs", lambda _: (release.wait(), ())[1]),
        note("later"),
        _reads("broken", fail, reads_facts=True),
        note("last"),
    )
    monkeypatch.setattr(screening, "PHASES", phases)
    try:
        with _logged() as lines:
            seen = glance(SECRET, Rules(), deadline=0.5)
        pool = screening._pools.get(os.getpid())
    finally:
        release.set()
    codes = {name: [finding.code for finding in found] for name, found in seen.findings.items()}
    assert codes == {"first": [], "hangs": ["phase-slow"], "later": [], "broken": ["phase-failed"], "last": []}
    assert sorted(asked) == ["first", "last", "later"]
    assert pool is None, "the next text gets fresh threads"
    assert SECRET not in repr(lines)


def test_where_no_thread_is_free_every_phase_is_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    for _ in range(screening.THREADS):
        screening._pool().submit(release.wait)
    monkeypatch.setattr(screening, "PHASES", tuple(_reads(str(number), lambda _: ()) for number in range(3)))
    try:
        with _logged():
            seen = glance("Hello", Rules(), deadline=0.05)
    finally:
        release.set()
    assert [finding.code for found in seen.findings.values() for finding in found] == ["phase-slow"] * 3
