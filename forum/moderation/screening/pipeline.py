"""Screens one text: every phase looks, and the strongest outcome wins. Nothing here fails or passes in silence.

A phase that raises, or has not answered when the time is up, is a finding of its own, ``report``: a person looks. Called by `posting` before a
comment or a new revision is stored, and by `replay` without a deadline.
"""

import os
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass

import structlog

from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.entries import BadEntry
from forum.moderation.screening.findings import Finding, Outcome, Verdict
from forum.moderation.screening.patterns import matcher
from forum.moderation.screening.phases import PHASES, Phase
from forum.moderation.screening.rules import Rules
from forum.sentences import sentence

DEADLINE = 1.0
"""Seconds that all phases together may take; the usual text takes a few milliseconds."""

THREADS = 4

log = structlog.get_logger(__name__)

_pools: dict[int, ThreadPoolExecutor] = {}


@dataclass(frozen=True)
class Glance:
    """What was found by looking at a text alone, before any transaction: the findings of the phases that need no more, by name, and what was worked out."""

    context: ScreeningContext
    findings: Mapping[str, tuple[Finding, ...]]

    def fits(self, context: ScreeningContext) -> bool:
        """Tell whether it is about this text under these rules; they may have been changed meanwhile."""
        return self.context.rules is context.rules and self.context.text == context.text


class _Looking:
    """A look at a text by another thread: one that hangs does not hold up its writer."""

    def __init__(self, text: str, rules: Rules) -> None:
        self._context = ScreeningContext(text, rules)
        self._phases = tuple(phase for phase in PHASES if phase.reads_text)
        # Each thread takes from one end what it looks at next, so that no phase looks twice.
        self._waiting = deque(self._phases)
        self._answers: dict[str, tuple[Finding, ...] | BaseException] = {}

    def finish(self, deadline: float) -> Glance:
        with suppress(TimeoutError):
            _pool().submit(self._look_at_all).exception(timeout=deadline)
        # One that hangs must not keep the others, which have not begun, from looking.
        if self._waiting:
            wait([_pool().submit(self._look_at_next) for _ in range(len(self._waiting))], timeout=deadline)
        found: dict[str, tuple[Finding, ...]] = {}
        for phase in self._phases:
            answer = self._answers.get(phase.name)
            if answer is None:
                found[phase.name] = (_slow(phase),)
            elif isinstance(answer, BaseException):
                found[phase.name] = (_failed(phase, answer),)
            elif not phase.reads_facts:
                found[phase.name] = answer
            # A phase that also asks for facts only does here what takes time; where it fails or hangs, that is its finding.
        self._waiting.clear()
        return Glance(self._context, found)

    def _look_at_all(self) -> None:
        # In one thread: handing each phase to another takes longer than most of them.
        while self._waiting:
            self._look_at_next()
        _ = self._context.folded

    def _look_at_next(self) -> None:
        with suppress(IndexError):
            phase = self._waiting.popleft()
            try:
                self._answers[phase.name] = phase.look(self._context)
            except BaseException as error:  # noqa: BLE001 a phase may fail in any way, and each is a finding
                self._answers[phase.name] = error


def glance(text: str, rules: Rules, *, deadline: float = DEADLINE) -> Glance:
    """Look at a text as far as that can be done without knowing who writes it and where; compiles new lists first.

    Never raises; answers within ``deadline`` seconds, and once more as long where a phase hangs. The thread that asks waits, and does nothing else meanwhile:
    word lists are matched without Python's lock (GIL), and two threads that want it at each match take longer than one after the other.
    """
    warm(rules)
    return _Looking(text, rules).finish(deadline)


def screen_further(context: ScreeningContext, seen: Glance) -> Verdict:
    """Return what all phases find in ``context``, of whose text ``seen`` is known: what is left compares a few numbers. Never raises."""
    if not seen.fits(context):
        return screen(context)
    context = context.knowing(seen.context)
    found: list[Finding] = []
    for phase in PHASES:
        known = seen.findings.get(phase.name)
        if known is not None:
            found += known if _looks_at(phase, context) else ()
        else:
            found += screen_here(context, (phase,)).findings
    return Verdict(tuple(found))


def screen(context: ScreeningContext, *, deadline: float = DEADLINE, phases: Sequence[Phase] = PHASES) -> Verdict:
    """Return what the phases find in ``context``, in their order. Never raises; answers within ``deadline`` seconds and the compiling of new lists."""
    warm(context.rules)
    looking = [(phase, _pool().submit(phase.look, context)) for phase in phases if _looks_at(phase, context)]
    wait([future for _, future in looking], timeout=deadline)
    return Verdict(tuple(finding for phase, future in looking for finding in _answer(phase, future)))


def screen_here(context: ScreeningContext, phases: Sequence[Phase]) -> Verdict:
    """Return what ``phases`` find, looked at one after the other in this thread and without a deadline. Never raises."""
    found: list[Finding] = []
    for phase in phases:
        if _looks_at(phase, context):
            try:
                found += phase.look(context)
            except Exception as error:  # noqa: BLE001 a phase may fail in any way, and each is a finding
                found.append(_failed(phase, error))
    return Verdict(tuple(found))


def warm(rules: Rules) -> None:
    """Compile the word lists of ``rules``, so that no text's time goes into that; a list that cannot be compiled is found when it is used."""
    for lines in (rules.banned, rules.suspect, rules.address_words):
        with suppress(BadEntry, MemoryError):
            matcher(lines)


def _looks_at(phase: Phase, context: ScreeningContext) -> bool:
    return phase.is_for_staff or not context.writer.is_staff


def _pool() -> ThreadPoolExecutor:
    # Threads do not survive a fork, so each process has its own; setdefault, because two threads may be first.
    pid = os.getpid()
    return _pools.get(pid) or _pools.setdefault(pid, ThreadPoolExecutor(THREADS, thread_name_prefix="screening"))


def _answer(phase: Phase, future: Future[tuple[Finding, ...]]) -> tuple[Finding, ...]:
    if not future.done():
        # One that has not begun never will; one that runs cannot be stopped, its answer is dropped.
        future.cancel()
        return (_slow(phase),)
    error = future.exception()
    return future.result() if error is None else (_failed(phase, error),)


def _slow(phase: Phase) -> Finding:
    # The next text gets fresh threads, so that one which never ends does not make all others late.
    _pools.pop(os.getpid(), None)
    log.error("screening_phase_slow", phase=phase.name)
    detail = sentence("The check “%(phase)s” did not answer in time; please look at this text.", phase=phase.name)
    return Finding(phase.name, Outcome.REPORT, "phase-slow", detail)


def _failed(phase: Phase, error: BaseException) -> Finding:
    # Neither the message nor the values: they may hold the text.
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    log.error("screening_phase_failed", phase=phase.name, error=type(error).__name__, place=place)
    detail = sentence("The check “%(phase)s” failed; please look at this text.", phase=phase.name)
    return Finding(phase.name, Outcome.REPORT, "phase-failed", detail)
