"""What is measured: pairs of requests in turns, so that whatever else the machine does strikes both; the processor's time of a page; memory."""

import http.client
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.load import WrongAnswerError
from benchmarks.scale.wrk import Ask, drive

NANOSECONDS = 1e9
SLOW_SECONDS = 8
WARM_UP = 10


@dataclass(frozen=True)
class Plan:
    """How long the measuring takes. ``cold``: pages that are made anew for each figure of their cost."""

    rounds: int = 3
    seconds: int = 2
    cold: int = 40
    requests: int = 200_000


@dataclass
class Figure:
    """Answers a second of ours and of another, round by round; ``least`` is the ratio that is to be reached, None where there is none."""

    name: str
    connections: int
    other: str
    least: float | None
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Ours to theirs, round by round."""
        return [one / other for one, other in zip(self.ours, self.theirs, strict=True)]

    @property
    def is_met(self) -> bool | None:
        """Whether the median of the ratios is what it is to be."""
        return None if self.least is None else median(self.ratios) >= self.least


@dataclass(frozen=True)
class Value:
    """A figure without another beside it, and what it may be at most."""

    name: str
    value: float
    unit: str
    most: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether it is within its bound."""
        return None if self.most is None else self.value <= self.most


def take_turns(figure: Figure, ours: Callable[[], Ask], theirs: Callable[[], Ask], plan: Plan) -> Figure:
    """Measure both in turns, each first as often as second; what is sent is made anew for each turn."""
    for number in range(plan.rounds):
        pair = [(figure.ours, ours), (figure.theirs, theirs)]
        for seen, make in pair if number % 2 == 0 else pair[::-1]:
            # Isso can need seconds for one answer.
            is_slow = make is theirs and figure.other == "Isso" and not make().writes
            seen.append(drive(make(), connections=figure.connections, seconds=max(plan.seconds, SLOW_SECONDS) if is_slow else plan.seconds))
    return figure


def check_unchanged(port: int, path: str, headers: Mapping[str, str]) -> None:
    """Raise WrongAnswerError unless the answer to ``headers`` is 304."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 304:
        raise WrongAnswerError(f"{path}: {answer.status} instead of 304")


def fetch(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[bytes, str]:
    """Return the body and the entity tag of an answer. Raises WrongAnswerError for any but 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise WrongAnswerError(f"{path}: {answer.status} {body[:200]!r}")
    return body, answer.getheader("ETag") or ""


def cost_of_cold_page(port: int, pids: Sequence[int], file: Path, article_id: int, path: str, count: int) -> float:
    """Return the milliseconds of processor time for a page of which nothing is kept: its article's version rises before each."""
    database = sqlite3.connect(file, timeout=30, isolation_level=None)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(times: int) -> None:
        for _ in range(times):
            database.execute("UPDATE articles SET version = version + 1 WHERE id = ?", (article_id,))
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise WrongAnswerError(f"{path}: {answer.status}")

    # What a process does once is not a page's cost.
    ask(WARM_UP)
    before = processor_seconds(pids)
    ask(count)
    spent = processor_seconds(pids) - before
    connection.close()
    database.close()
    return spent / count * 1000


def processor_seconds(pids: Sequence[int]) -> float:
    """Return what the processes have used, to the nanosecond (``/proc/<pid>/task/*/schedstat``)."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(task.read_text().split()[0])
    return total / NANOSECONDS


def memory_megabytes(pid: int) -> tuple[float, float]:
    """Return a process's resident memory in megabytes (2**20 bytes), and its share of it where pages are shared with others (PSS)."""
    found = dict(line.split(":") for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return tuple(int(found[name].split()[0]) / 1024 for name in ("Rss", "Pss"))  # type: ignore[return-value]


def children_of(pid: int) -> list[int]:
    """Return a server's processes."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def write_lines(
    tokens: Sequence[str], path: Callable[[int], tuple[str, str]], body: Callable[[int], dict[str, object]], count: int
) -> list[tuple[str, str, str, dict[str, object]]]:
    """Return ``count`` requests that change something, by the readers in turn."""
    return [(*path(number), tokens[number % len(tokens)], json.loads(json.dumps(body(number)))) for number in range(count)]
