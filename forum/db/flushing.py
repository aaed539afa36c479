"""What SQLite has committed, put on disk after its lock has been given on: writers then wait for their own flush, and not for each other's.

The rule: nobody is answered before the log that holds what they wrote is on disk (``writing`` in transaction.py). SQLite's ``synchronous=FULL`` promises the
same, but flushes while the lock is held. With ``NORMAL`` it leaves the flush of a commit to us and keeps those without which a database could be damaged:
a new log's header, and log and database where the one is put into the other (sqlite.org/wal.html, "Performance Considerations"; sqlite.org/pragma.html,
"synchronous"). Others may read a commit in the moment before it is on disk; what they then write themselves stands behind it in the log and is flushed with it.
"""

import os

import structlog
from sqlalchemy.exc import DBAPIError

# Not on every system; there, fsync does the same and a little more.
_flush_file = getattr(os, "fdatasync", os.fsync)
log = structlog.get_logger(__name__)


class NotOnDiskError(DBAPIError):
    """The disk has failed: what was written is there, but may be gone when the machine fails. Trying again would write it twice."""


def flush_log(file: str) -> None:
    """Put a write-ahead log on disk. Raises NotOnDiskError."""
    try:
        # SQLite has no lock on its log, whose closing would give it up (POSIX); those are on the database and on the log's index.
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _flush_file(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        log.error("the log of the database could not be flushed", error=type(error).__name__, errno=error.errno)
        cause = OSError(error.errno, "what was written is there, but the disk did not confirm it")
        raise NotOnDiskError("fdatasync", None, cause, hide_parameters=True) from error
