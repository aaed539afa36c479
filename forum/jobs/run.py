"""Runs what is due: the effect of a job and its being done are committed together, so that no kill loses or doubles it.

A job that fails leaves nothing but a trace of its failure. It is tried again ever later, and buried after the eighth time. On SQLite, where a transaction
keeps everybody else from writing, some jobs have one together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import cast

import msgspec
import structlog
from sqlalchemy import Table, and_, bindparam, delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.base import db
from forum.db.columns import Moment
from forum.db.direct import read, write
from forum.db.transaction import reading, undoable, writing
from forum.jobs.handlers import HANDLERS
from forum.jobs.models import Job
from forum.refusals import Refusal

MOST_ATTEMPTS = 8
LONGEST_ERROR = 500
LONGEST_WAIT_MINUTES = 360
MOST_TOGETHER = 50
LONGEST_SECONDS = 0.02
"""How long a transaction takes further jobs: people's writes wait for it."""

# What is to be done again and again that waits for somebody else, such as a mail server: no transaction may be open meanwhile, so that none of it can be
# a job. Each does one piece and returns whether there was any; app.py fills the list.
PASSES: list[Callable[[], bool]] = []
# On SQLite called at the end of each transaction of jobs, within it: what new texts leave to be put in order, without a transaction of its own.
LAST: list[Callable[[Session], None]] = []
# Told of each job's kind and how it ended: ``done``, ``failed`` (it is tried again) or ``buried``.
WITNESSES: list[Callable[[str, str], None]] = []
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Taken:
    id: int
    kind: str
    payload: str
    attempts: int


def run_due(limit: int) -> int:
    """Run at most ``limit`` jobs that are due, the longest due first, and return how many were taken, however they ended.

    Needs an application context. Raises SQLAlchemy's errors when the database is away: nothing is lost then, and no job is blamed for it.
    """
    taken = 0
    while taken < limit and (found := run_some(limit - taken)):
        taken += found
    return taken


def run_some(most: int = MOST_TOGETHER, *, may_begin: Callable[[], bool] = lambda: True) -> int:
    """Do as ``run_due``, as far as that takes one transaction; ``may_begin`` is asked before each further job."""
    if not _is_anything_due():
        return 0
    return _run_next(min(most, MOST_TOGETHER) if _locks_everything() else 1, may_begin)


def run_passes() -> bool:
    """Let every one of ``PASSES`` do a piece, and return whether any had something to do. Needs an application context and no open transaction."""
    found = False
    for work in PASSES:
        found = work() or found
    return found


def wait_after(attempts: int) -> timedelta:
    """Return how long a job waits after its ``attempts``-th failure: 1, 2, 4 … minutes, at most six hours."""
    return timedelta(minutes=min(2 ** (attempts - 1), LONGEST_WAIT_MINUTES))


_IS_DUE = and_(Job.buried_at.is_(None), Job.due_at <= bindparam("moment", type_=Moment))
_ANY = select(Job.id).where(_IS_DUE).limit(1)
# SQLite knows no row locks and leaves the clause out: there BEGIN IMMEDIATE has locked already.
_NEXT = select(Job.id, Job.kind, Job.payload, Job.attempts).where(_IS_DUE).order_by(Job.due_at, Job.id).limit(1)
_NEXT = _NEXT.with_for_update(skip_locked=True)
_FORGET = delete(cast(Table, Job.__table__)).where(Job.__table__.c.id == bindparam("job_id"))


def _is_anything_due() -> bool:
    # Asked without the lock for writing, which an idle worker would take from people on SQLite every few seconds.
    with reading() as session:
        return bool(read(session, _ANY, {"moment": now()}))


def _locks_everything() -> bool:
    # Where each transaction has the database for itself, small jobs share one.
    return db.engine.dialect.name == "sqlite"


def _run_next(most: int, may_begin: Callable[[], bool]) -> int:
    """Run the next jobs, at most ``most`` in one transaction, and return how many there were that nobody else is running."""
    jobs: list[_Taken] = []
    outcomes: list[str] = []
    until = monotonic() + LONGEST_SECONDS
    try:
        # What a machine takes along that fails, it takes with the job's being done: it is then run again.
        with writing(durable=False) as session:
            while len(jobs) < most and not (jobs and (monotonic() >= until or not may_begin())) and (job := _take(session)) is not None:
                jobs.append(job)
                outcomes.append(_do(session, job))
            if jobs and _locks_everything():
                _put_in_order(session)
    except Exception as error:
        if not jobs:
            raise
        if len(jobs) > 1:
            # Nothing of them is done. Each by itself, only the one is blamed that cannot be.
            alone = 0
            while alone < len(jobs) and (not alone or may_begin()) and _run_next(1, may_begin):
                alone += 1
            return alone
        outcomes = [] if _is_lost_race(error) else [_record_failure(jobs[0], error)]
        if not outcomes:
            log.info("job lost a race", job=jobs[0].id, kind=jobs[0].kind)
    for job, outcome in zip(jobs, outcomes, strict=False):
        _tell(job.kind, outcome)
    return len(jobs)


def _put_in_order(session: Session) -> None:
    for act in LAST:
        try:
            with undoable(session):
                act(session)
        except Exception as error:  # noqa: BLE001 the jobs are done, whatever it fails with
            log.warning("what was to follow jobs failed", act=act.__qualname__, error=type(error).__name__)


def _tell(kind: str, outcome: str) -> None:
    for witness in WITNESSES:
        witness(kind, outcome)


def _take(session: Session) -> _Taken | None:
    found = read(session, _NEXT, {"moment": now()})
    return _Taken(*found[0]) if found else None


def _do(session: Session, job: _Taken) -> str:
    handler = HANDLERS.get(job.kind)
    if handler is None:
        why = "This version has no handler for this kind."
        session.execute(update(Job).where(Job.id == job.id).values(buried_at=now(), last_error=why))
        log.error("job buried", job=job.id, kind=job.kind, error=why)
        return "buried"
    handler(session, msgspec.json.decode(job.payload))
    session.flush()
    write(session, _FORGET, {"job_id": job.id})
    return "done"


def _record_failure(job: _Taken, error: Exception) -> str:
    attempts, moment = job.attempts + 1, now()
    is_last = attempts >= MOST_ATTEMPTS
    with writing() as session:
        # The lock went with the rollback: who has taken the job since then, or has failed with it too, records how that ended.
        mine = select(Job).where(Job.id == job.id, Job.attempts == job.attempts, Job.buried_at.is_(None)).with_for_update(skip_locked=True)
        row = session.scalar(mine)
        if row is None:
            return "failed"
        row.attempts, row.last_error, row.due_at = attempts, _describe(error), moment + wait_after(attempts)
        row.buried_at = moment if is_last else None
    say = log.error if is_last else log.warning
    trace = None if isinstance(error, Refusal) else error
    say("job buried" if is_last else "job failed", job=job.id, kind=job.kind, attempts=attempts, error=_describe(error), exc_info=trace)
    return "buried" if is_last else "failed"


def _describe(error: Exception) -> str:
    """Return a failure's type, and its sentence only if we wrote it: another exception may quote what somebody has written."""
    name = type(error).__name__
    said = f"{name}: {error}" if isinstance(error, Refusal) else name
    # What the database could not store would make the failure of one job the failure of all.
    return said.replace("\0", "").encode(errors="replace").decode()[:LONGEST_ERROR]


def _is_lost_race(error: Exception) -> bool:
    # PostgreSQL's serialization failure and deadlock: the job had nothing to do with it.
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in ("40001", "40P01")
