"""What is measured: pairs of requests in turns, so that whatever else the machine does strikes both; the processor's time of a page; memory."""

import http.client
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.load import WrongAnswerError
from benchmarks.scale.wrk import Ask, drive

NANOSECONDS = 1e9
# How long a rest is looked for, and how often.
LOOK_SECONDS, LOOKS = 0.3, 200
# What was answered in the last moment is not counted by both alike.
COUNTED = 0.95
# One flush a write, and what little the server writes by itself meanwhile.
MOST_FLUSHES = 1.05
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
    """Answers a second of ours and of another, round by round; ``least`` is the ratio that is to be reached, None where there is none.

    ``disk`` says on which disk, where that matters.
    """

    name: str
    connections: int
    other: str
    least: float | None
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    disk: str = ""

    @property
    def ratios(self) -> list[float]:
        """Ours to theirs, round by round."""
        return [one / other for one, other in zip(self.ours, self.theirs, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return median(self.ratios)

    @property
    def is_met(self) -> bool | None:
        """Whether the median of the ratios is what it is to be."""
        return None if self.least is None else self.ratio >= self.least


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


@dataclass
class Turns:
    """One who is measured in turn with others: makes the requests of a turn, and counts what is stored by now where they write.

    ``pids``: the processes that go on with what nobody waits for any more when a turn is over; the next one begins when they rest.
    """

    make: Callable[[], Ask]
    count: Callable[[], int] | None = None
    seconds: int | None = None
    pids: Sequence[int] = ()
    rates: list[float] = field(default_factory=list)

    def take(self, connections: int, seconds: int) -> None:
        """Let it answer as fast as it goes. Raises WrongAnswerError unless as much was stored as was answered."""
        ask, length = self.make(), max(seconds, self.seconds or 0)
        before = self.count() if self.count else 0
        rate = drive(ask, connections=connections, seconds=length)
        wait_for_rest(self.pids)
        self.rates.append(rate / ask.each)
        if self.count and (stored := self.count() - before) < int(rate * length * COUNTED):
            raise WrongAnswerError(f"{ask.sent[0].path}: {stored} stored of {rate * length:.0f} answered")


def take_turns(all_of_them: Sequence[Turns], connections: int, plan: Plan) -> None:
    """Measure all in turn, round by round, each as often before as after another."""
    for number in range(plan.rounds):
        for one in all_of_them[:: 1 if number % 2 == 0 else -1]:
            one.take(connections, plan.seconds)


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


def send_all(ask: Ask) -> None:
    """Send the requests one after another, each once. Raises WrongAnswerError for an answer that is no success."""
    connection = http.client.HTTPConnection("127.0.0.1", ask.port, timeout=60)
    for one in ask.sent:
        headers = {name: value for name, value in (one.header, ("Content-Type", "application/json")) if name}
        connection.request(one.method, one.path, json.dumps(one.body), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status not in (200, 201, 202):
            raise WrongAnswerError(f"{one.path}: {answer.status} {body[:200]!r}")
    connection.close()


def cost_of_cold_pages(
    port: int, working: Callable[[], Sequence[int]], change: Callable[[], None], paths: Sequence[str], count: int
) -> float:
    """Return the milliseconds of processor time for asking for ``paths`` in a row, of which nothing is kept: ``change`` sees to it before each row."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(times: int) -> None:
        for _ in range(times):
            change()
            for path in paths:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    raise WrongAnswerError(f"{path}: {answer.status}")

    # What a process does once is not a page's cost.
    ask(WARM_UP)
    pids = working()
    before = processor_seconds(pids)
    ask(count)
    spent = processor_seconds(pids) - before
    connection.close()
    return spent / count * 1000


def processor_seconds(pids: Sequence[int]) -> float:
    """Return what the processes have used, to the nanosecond (``/proc/<pid>/task/*/schedstat``)."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(task.read_text().split()[0])
    return total / NANOSECONDS


def wait_for_rest(pids: Sequence[int]) -> None:
    """Return when the processes have nothing to do, after a minute in any case."""
    for _look in range(LOOKS if pids else 0):
        before = processor_seconds(pids)
        time.sleep(LOOK_SECONDS)
        if processor_seconds(pids) - before < LOOK_SECONDS / 10:
            return


def memory_megabytes(pid: int) -> tuple[float, float]:
    """Return a process's resident memory in megabytes (2**20 bytes), and its share of it where pages are shared with others (PSS)."""
    found = dict(line.split(":") for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return tuple(int(found[name].split()[0]) / 1024 for name in ("Rss", "Pss"))  # type: ignore[return-value]


def children_of(pid: int) -> list[int]:
    """Return a server's processes."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
