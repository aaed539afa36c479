"""How often a write flushes to disk, counted by ``strace`` on the server's processes: one for each post and each tag is wanted.

A checkpoint, which moves SQLite's log into the database every thousand pages, flushes three times: the log, the database, and the log's new head.
How many there were is told by the flushes of the database's own file. PostgreSQL's flush many files, none of which is of the log.
The average is given with checkpoints and without.
"""

import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import WrongAnswerError
from benchmarks.scale.measure import MOST_FLUSHES, Value, send_all
from benchmarks.scale.servers import Bench, say
from benchmarks.scale.writes import Writes
from benchmarks.scale.wrk import Ask

CALLS = "fsync,fdatasync,sync_file_range"
COUNT = 300
WARM_UP = 64
OF_A_CHECKPOINT = 3
ATTACH_SECONDS = 10


@dataclass
class Flushes:
    """What was seen: every flush, and those that checkpoints made."""

    all: int = 0
    by_checkpoints: int = 0

    def each(self, writes: int) -> tuple[float, float]:
        """Return how many a write has, with checkpoints and without."""
        return self.all / writes, (self.all - self.by_checkpoints) / writes


def read_trace(lines: str) -> Flushes:
    """Return the flushes in what ``strace -y`` has written."""
    found = re.findall(r"(?:fsync|fdatasync|sync_file_range)\(\d+<([^>]*)>", lines)
    of_sqlite = sum(path.endswith(".sqlite3") for path in found)
    of_postgresql = sum("pgdata/" in path and "/pg_wal/" not in path for path in found)
    return Flushes(len(found), OF_A_CHECKPOINT * of_sqlite + of_postgresql)


@contextmanager
def counting(pids: Sequence[int], *, flushes: Flushes) -> Iterator[None]:
    """Count in ``flushes`` what the processes flush for the length of the block. Raises WrongAnswerError when they cannot be watched."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "trace")
        named = [word for pid in pids for word in ("-p", str(pid))]
        command = ["strace", "-f", "-y", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(log), *named]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _wait(process, len(pids))
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
        seen = read_trace(log.read_text(encoding="utf-8"))
        flushes.all, flushes.by_checkpoints = seen.all, seen.by_checkpoints


def _wait(process: "subprocess.Popen[str]", count: int) -> None:
    assert process.stderr is not None
    until, attached = time.monotonic() + ATTACH_SECONDS, 0
    while attached < count:
        line = process.stderr.readline()
        attached += "attached" in line
        if not line or time.monotonic() > until:
            raise WrongAnswerError(f"strace could not be attached: {line}")


def measure_syncs(bench: Bench) -> None:
    """Count the flushes of some hundred posts and tags, and of as many bare rows and Isso's posts and votes."""
    if shutil.which("strace") is None:
        say("flushes a write: not counted, there is no strace (make strace)")
        return
    made = Writes(bench, part=1)
    for name, pids, ask, most in (
        ("a post", bench.pids, made.posts(made.hot), MOST_FLUSHES),
        ("a tag", bench.pids, made.tags(made.hot), MOST_FLUSHES),
        ("a bare row", bench.bare_pids(), made.rows(), None),
        ("Isso's post", bench.isso_pids(), made.isso_posts(), None),
        ("Isso's vote", bench.isso_pids(), made.isso_votes(), None),
    ):
        _note(bench, name, pids if "Isso" in name else bench.flushing(pids), ask, most)


def _note(bench: Bench, name: str, pids: Sequence[int], ask: Ask, most: float | None) -> None:
    flushes = Flushes()
    # That a token is used is noted at its first use of a day: not a cost of each write.
    send_all(Ask(ask.port, sent=ask.sent[COUNT : COUNT + WARM_UP]))
    with counting(pids, flushes=flushes):
        send_all(Ask(ask.port, sent=ask.sent[:COUNT]))
    with_them, without = flushes.each(COUNT)
    bench.note(Value(f"flushes of {name}, without checkpoints", without, "", most))
    bench.note(Value(f"flushes of {name}, with checkpoints", with_them, ""))
