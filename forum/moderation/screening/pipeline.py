"""Screens one text: every phase looks, and the strongest outcome wins. Nothing here fails or passes in silence.

A phase that raises, or has not answered when the time is up, is a finding of its own, ``report``: a person looks. Called by `posting` before a
comment or a new revision is stored, and by `replay` without a deadline.
"""

import os
import traceback
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress

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
        # The next text gets fresh threads, so that one which never ends does not make all others late.
        _pools.pop(os.getpid(), None)
        log.error("screening_phase_slow", phase=phase.name)
        detail = sentence("The check “%(phase)s” did not answer in time; please look at this text.", phase=phase.name)
        return (Finding(phase.name, Outcome.REPORT, "phase-slow", detail),)
    error = future.exception()
    return future.result() if error is None else (_failed(phase, error),)


def _failed(phase: Phase, error: BaseException) -> Finding:
    # Neither the message nor the values: they may hold the text.
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    log.error("screening_phase_failed", phase=phase.name, error=type(error).__name__, place=place)
    detail = sentence("The check “%(phase)s” failed; please look at this text.", phase=phase.name)
    return Finding(phase.name, Outcome.REPORT, "phase-failed", detail)
