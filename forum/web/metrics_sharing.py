"""The figures of all processes of one server together: each writes its own to a file every few seconds, and whichever is asked adds them up.

The client of Prometheus has a way of its own (a memory map for each process and kind of figure): it must be chosen by an environment variable
before the first import. What a killed process had counted in its last ``INTERVAL_SECONDS`` is lost; what it had written before still counts.
"""

import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from forum.clock import now
from forum.web.measuring import Figures, begin_counting, end_counting, gauge, is_counting, read_figures

FOLDER = "metrics"
# The group of those that run jobs apart from every server; each server shows what they do.
WORKERS = "worker"
INTERVAL_SECONDS = 2.0
# A file that nobody has written for so long is that of a process that has ended.
LIVING_SECONDS = 15.0
FORGOTTEN_SECONDS = 120.0
log = structlog.get_logger(__name__)


class Sharing:
    """One process of ``group`` that lets the others know its figures. ``sample`` is called before each writing."""

    def __init__(self, folder: Path, group: str, sample: Callable[[], None]) -> None:
        self._folder, self._group, self._sample = folder, group, sample
        self._file = folder / f"{group}.{secrets.token_hex(8)}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        """Begin to write; what was counted before the process was forked is forgotten."""
        end_counting()
        begin_counting()
        self._thread.start()

    def stop(self) -> None:
        """Write for the last time."""
        self._stopping.set()
        self._thread.join()
        self._write()

    def read_all(self) -> tuple[Figures, list[Figures]]:
        """Return the sums of the group, of what has ended too, and the figures of each process that lives, this one first."""
        self._sample()
        mine = read_figures()
        total, living = Figures(), [mine]
        total.add(mine)
        for file in sorted(self._folder.glob("*.*")):
            group = file.name.partition(".")[0]
            is_living = _age(file) < LIVING_SECONDS
            if file == self._file or group not in (self._group, WORKERS) or (group == WORKERS and not is_living):
                continue
            figures = _read(file)
            if figures is not None:
                total.add(figures)
                living += [figures] if is_living else []
        return total, living

    def _run(self) -> None:
        while True:
            self._sample()
            self._write()
            if self._stopping.wait(INTERVAL_SECONDS):
                return

    def _write(self) -> None:
        beside = self._file.with_name(f"~{self._file.name}")
        try:
            beside.write_bytes(msgspec.msgpack.encode(read_figures()))
            beside.replace(self._file)
        except OSError as error:
            log.warning("the figures cannot be written", file=str(self._file), error=type(error).__name__)
            self._stopping.set()


def prepare_folder(data_dir: str) -> str:
    """Make the folder, clear away what servers have left that are no more, and return the name of a new group."""
    folder = Path(data_dir) / FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        by_group: dict[str, list[Path]] = {}
        for file in folder.glob("*.*"):
            by_group.setdefault(file.name.partition(".")[0].lstrip("~"), []).append(file)
        for files in by_group.values():
            if all(_age(file) > FORGOTTEN_SECONDS for file in files):
                for file in files:
                    file.unlink(missing_ok=True)
    except OSError as error:
        log.warning("no folder for the figures", folder=str(folder), error=type(error).__name__)
    return secrets.token_hex(8)


def share_figures(data_dir: str, group: str, sample: Callable[[], None]) -> Sharing | None:
    """Let the other processes of ``group`` know this one's figures; None where nothing is counted. To be called after the fork."""
    if not is_counting():
        return None
    sharing = Sharing(Path(data_dir) / FOLDER, group, sample)
    sharing.start()
    return sharing


def sample_memory() -> None:
    """Note how much memory this process has; nothing where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return
    gauge(pages * os.sysconf("SC_PAGE_SIZE"), "memory")


def _read(file: Path) -> Figures | None:
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=Figures)
    except (OSError, msgspec.DecodeError):
        return None


def _age(file: Path) -> float:
    try:
        return now().timestamp() - file.stat().st_mtime
    except OSError:
        return float("inf")
