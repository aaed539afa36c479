"""What is counted in this process: requests, statements, kept answers, jobs. Counting is a sum in a table of numbers and costs nothing until it is begun.

The rule: what is counted is named by what the program knows – a door's endpoint, a kind of job – never by what somebody sent: no text, address or id.
"""

import threading
from bisect import bisect_left

import msgspec

# Any other method is counted under one name, so that nobody can add rows by inventing methods.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Upper ends in seconds; what took longer than the last is counted behind it.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
STATEMENTS = {"SELECT": "select", "INSERT": "insert", "UPDATE": "update", "DELETE": "delete"}

Names = tuple[str, ...]


class Figures(msgspec.Struct):
    """The figures of one process. ``requests``: by endpoint, method and class of status, for each the seconds and the counts by ``BUCKETS``.

    ``counters`` and ``gauges``: by their name and the values of their labels.
    """

    requests: dict[Names, list[float]] = msgspec.field(default_factory=dict)
    counters: dict[Names, float] = msgspec.field(default_factory=dict)
    gauges: dict[Names, float] = msgspec.field(default_factory=dict)

    def add(self, others: "Figures") -> None:
        """Add the requests and counters of ``others``; its gauges are not sums."""
        for key, cells in others.requests.items():
            mine = self.requests.setdefault(key, [0.0] * len(cells))
            mine[:] = [one + other for one, other in zip(mine, cells, strict=True)]
        for key, value in others.counters.items():
            self.counters[key] = self.counters.get(key, 0.0) + value


# Holds the figures once counting has begun.
_begun: list[Figures] = []
_lock = threading.Lock()


def begin_counting() -> None:
    """Count from now on."""
    if not _begun:
        _begun.append(Figures())


def end_counting() -> None:
    """Count no longer, and forget the figures."""
    _begun.clear()


def is_counting() -> bool:
    """Whether anything is counted."""
    return bool(_begun)


def read_figures() -> Figures:
    """Return a copy of the figures as they are now; none before counting has begun."""
    with _lock:
        figures = _begun[0] if _begun else Figures()
        return Figures({key: list(cells) for key, cells in figures.requests.items()}, dict(figures.counters), dict(figures.gauges))


def count_request(endpoint: str, method: str, status: int, seconds: float) -> None:
    """Count an answer by its door's endpoint, its method and the class of its status, never by its address."""
    if not _begun:
        return
    key = (endpoint, method if method in METHODS else "other", f"{status // 100}xx")
    place = bisect_left(BUCKETS, seconds) + 1
    with _lock:
        requests = _begun[0].requests
        cells = requests.get(key)
        if cells is None:
            cells = requests[key] = [0.0] * (len(BUCKETS) + 2)
        cells[0] += seconds
        cells[place] += 1


def count_cache(outcome: str) -> None:
    """Count how the kept answers met a request: ``hit``, ``miss`` (built and perhaps kept), ``wait`` (built by somebody else meanwhile), ``shared`` (by another process)."""
    _add(1.0, "cache", outcome)


def count_replica(outcome: str) -> None:
    """Count who answered what the replica may: itself (``answered``), or the primary because the replica is ``behind`` or ``away``."""
    _add(1.0, "replica", outcome)


def gauge_cache(entries: int, bytes: int) -> None:
    """Say how many answers are kept and how many bytes they take."""
    gauge(entries, "cache_entries")
    gauge(bytes, "cache_bytes")


def count_statement(sql: str, seconds: float) -> None:
    """Count a statement of the database by its first word."""
    if not _begun:
        return
    kind = STATEMENTS.get(sql[:6], "other")
    count, took = ("statements", kind), ("statement_seconds", kind)
    with _lock:
        counters = _begun[0].counters
        counters[count] = counters.get(count, 0.0) + 1.0
        counters[took] = counters.get(took, 0.0) + seconds


def count_job(kind: str, outcome: str) -> None:
    """Count a job by its kind and how it ended: ``done``, ``failed`` (it is tried again), ``buried``."""
    _add(1.0, "jobs", kind, outcome)


def gauge(value: float, *names: str) -> None:
    """Say what something is now: its name, then the values of its labels."""
    if _begun:
        with _lock:
            _begun[0].gauges[names] = value


def _add(value: float, *names: str) -> None:
    if _begun:
        with _lock:
            counters = _begun[0].counters
            counters[names] = counters.get(names, 0.0) + value
