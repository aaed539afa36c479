"""``/metrics``: what was counted and what waits, as Prometheus reads it, for the addresses that the settings allow.

It asks the database a few bounded things at most once in ``REMEMBERED_SECONDS``, and without a database it says everything else.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from time import monotonic
from typing import Any

import structlog
from flask import Flask, current_app, request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.clock import now
from forum.db.base import db
from forum.db.queues import MOST_COUNTED, Queue
from forum.db.quick import QuickReads
from forum.db.transaction import reading
from forum.refusals import Kind, Refusal, not_found
from forum.sentences import sentence
from forum.settings import Settings
from forum.web.context import SETTINGS, settings
from forum.web.doors import Answer, AnyCall, ApiDoors
from forum.web.front import FRONT, Front
from forum.web.lagging import LAGGING, Lagging
from forum.web.measuring import BUCKETS, Figures, begin_counting, gauge, gauge_cache, read_figures
from forum.web.metrics_sharing import Sharing, sample_memory, share_figures
from forum.web.statements import hear_statements

doors = ApiDoors("metrics", prefix="")
LIBRARY = "prometheus_client"
INSTALL = "pip install 'forum[metrics]'"
# Where the application keeps what shares its figures with other processes, None while it is alone.
SHARING = "forum_sharing"
REMEMBERED_SECONDS = 10.0
# Set by proxies: with one in front that the settings do not declare, everybody's address would be the proxy's.
PROXIED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")
log = structlog.get_logger(__name__)


# Read by the names that they have in the figures; app.py fills them from the rooms.
QUEUES: dict[str, Callable[[Session], Queue]] = {}


class QueueFigures:
    """What waited when it was last asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: float | None = None
        self._found: dict[str, Queue] = {}

    def read(self) -> dict[str, Queue]:
        """Return what waits, as it was at most ``REMEMBERED_SECONDS`` ago; nothing while the database is away."""
        with self._lock:
            moment = monotonic()
            if self._asked is None or moment >= self._asked + REMEMBERED_SECONDS:
                self._asked = moment
                try:
                    with reading() as session:
                        self._found = {name: read(session) for name, read in QUEUES.items()}
                except SQLAlchemyError as error:
                    log.warning("queues not read", error=type(error).__name__)
                    self._found = {}
            return self._found


QUEUE_FIGURES = "forum_queue_figures"


def is_wanted(chosen: Settings) -> bool:
    """Whether figures can be shown: somebody may see them, and the client of Prometheus is installed."""
    return bool(chosen.metrics_allowed) and find_spec(LIBRARY) is not None


def measure(app: Flask, reads: QuickReads | None, queues: Mapping[str, Callable[[Session], Queue]]) -> None:
    """Let what is counted and what is slow be heard of; where nobody may see it, nothing is listened to."""
    chosen: Settings = app.extensions[SETTINGS]
    QUEUES.update(queues)
    if is_wanted(chosen):
        begin_counting()
    with app.app_context():
        statements = hear_statements(db.engine, chosen.slow_query_ms)
    lagging: Lagging | None = app.extensions.get(LAGGING)
    if statements is not None and lagging is not None:
        statements.listen(lagging.replica.engine)
    if statements is not None and reads is not None:
        reads.witness = statements.heard


def sampler(app: Flask) -> Callable[[], None]:
    """Return what notes the figures of ``app`` that are not counted but read: memory, connections, kept answers."""
    with app.app_context():
        pool: Any = db.engine.pool
    front: Front | None = app.extensions.get(FRONT)
    lagging: Lagging | None = app.extensions.get(LAGGING)

    def sample() -> None:
        sample_memory()
        gauge(pool.checkedout(), "connections", "used")
        gauge(pool.size(), "connections", "most")
        if front is not None:
            gauge_cache(len(front.shelf), front.shelf.bytes)
        if lagging is not None:
            with app.app_context():
                gauge(lagging.replica.is_near(), "replica", "used")
            gauge(lagging.replica.lag_seconds or 0.0, "replica", "lag")

    return sample


def share(app: Flask, group: str) -> Sharing | None:
    """Let the other processes of ``group`` know what this one counts; None where nothing is counted. To be called after the fork."""
    chosen: Settings = app.extensions[SETTINGS]
    sharing = share_figures(chosen.data_dir, group, sampler(app))
    app.extensions[SHARING] = sharing
    return sharing


@doors.door(
    "GET", "/metrics", Permission.SERVICE_READ, answers={200: None}, problems=(Kind.NOT_FOUND, Kind.UNAVAILABLE), private=True, unbound=True
)
def show(call: AnyCall) -> Answer:
    """Show the service's figures in Prometheus' text format, to the addresses that the settings allow."""
    if not is_allowed(request.remote_addr or "", settings().metrics_allowed) or _is_proxied():
        raise not_found(sentence("address"))
    if find_spec(LIBRARY) is None:
        raise Refusal(
            Kind.UNAVAILABLE,
            sentence("What shows figures is not installed. Whoever runs this server can add it with %(command)s.", command=INSTALL),
            retry_after=60,
        )
    encode, content_type = import_module(f"{LIBRARY}.exposition").choose_encoder(request.headers.get("Accept", ""))
    return Answer(encode(_Collector()), content_type=content_type)


def is_allowed(address: str, networks: str) -> bool:
    """Whether ``address`` lies in one of ``networks``, separated by spaces."""
    try:
        there = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(there, "ipv4_mapped", None)
    return any((mapped or there) in ip_network(network, strict=False) for network in networks.split())


def _is_proxied() -> bool:
    return not settings().trusted_proxies and any(name in request.headers for name in PROXIED)


class _Collector:
    """Stands for a registry of Prometheus' client: all figures, as they are now."""

    def collect(self) -> Iterator[Any]:
        sharing: Sharing | None = current_app.extensions.get(SHARING)
        if sharing is None:
            sampler(current_app)()
            total = read_figures()
            living = [total]
        else:
            total, living = sharing.read_all()
        families = import_module(f"{LIBRARY}.core")
        yield from _counted(families, total)
        yield from _sampled(families, living)
        yield from _queued(families, current_app.extensions.setdefault(QUEUE_FIGURES, QueueFigures()).read())
        yield _gauge(families, "forum_build", "The version that runs.", ("version",), {(version("forum"),): 1})


def _counted(families: Any, total: Figures) -> Iterator[Any]:
    requests = families.CounterMetricFamily("forum_requests", "Requests answered.", labels=("endpoint", "method", "status"))
    by_door: dict[tuple[str, ...], list[float]] = {}
    for key, cells in sorted(total.requests.items()):
        requests.add_metric(key, sum(cells[1:]))
        sums = by_door.setdefault(key[:2], [0.0] * len(cells))
        sums[:] = [one + other for one, other in zip(sums, cells, strict=True)]
    yield requests
    seconds = families.HistogramMetricFamily("forum_request_seconds", "Seconds until an answer was ready.", labels=("endpoint", "method"))
    for key, cells in by_door.items():
        ends, below = [*map(str, BUCKETS), "+Inf"], 0.0
        buckets = []
        for end, count in zip(ends, cells[1:], strict=True):
            below += count
            buckets.append((end, below))
        seconds.add_metric(key, buckets, cells[0])
    yield seconds
    for name, public, words, labels in (
        ("cache", "forum_cache_requests", "What the kept answers were asked for.", ("outcome",)),
        ("statements", "forum_database_statements", "Statements that the database has answered.", ("kind",)),
        ("statement_seconds", "forum_database_statement_seconds", "Seconds that statements took.", ("kind",)),
        ("jobs", "forum_jobs", "Jobs that were run.", ("kind", "outcome")),
        ("replica", "forum_replica_reads", "Reads that a replica may answer, and what became of them.", ("outcome",)),
    ):
        family = families.CounterMetricFamily(public, words, labels=labels)
        for key, value in sorted(total.counters.items()):
            if key[0] == name:
                family.add_metric(key[1:], value)
        yield family


def _sampled(families: Any, living: list[Figures]) -> Iterator[Any]:
    def values(*names: str) -> list[float]:
        return [figures.gauges[names] for figures in living if names in figures.gauges]

    connections = {(state,): sum(values("connections", state)) for state in ("used", "most")}
    yield _gauge(families, "forum_database_connections", "Connections in use, and as many as there may be.", ("state",), connections)
    yield _gauge(families, "forum_cache_entries", "Answers that are kept.", (), {(): sum(values("cache_entries"))})
    yield _gauge(families, "forum_cache_bytes", "Bytes that the kept answers take.", (), {(): sum(values("cache_bytes"))})
    used = values("replica", "used")
    if used:
        yield _gauge(families, "forum_replica_used", "Processes that ask the replica: it is there and near enough.", (), {(): sum(used)})
        lag = max(values("replica", "lag"))
        yield _gauge(families, "forum_replica_lag_seconds", "How far behind the replica was, as far as is known.", (), {(): lag})
    yield _gauge(families, "forum_processes", "Processes that live.", (), {(): len(living)})
    memory = values("memory")
    if memory:
        yield _gauge(families, "forum_memory_bytes", "Resident memory of all processes together.", (), {(): sum(memory)})
        yield _gauge(families, "forum_memory_largest_bytes", "Resident memory of the largest process.", (), {(): max(memory)})


def _queued(families: Any, queues: dict[str, Queue]) -> Iterator[Any]:
    moment = now()
    waiting = {(name,): float(queue.waiting) for name, queue in queues.items()}
    ages = {(name,): max(0.0, (moment - queue.since).total_seconds()) if queue.since else 0.0 for name, queue in queues.items()}
    yield _gauge(families, "forum_queue_waiting", f"What waits, counted up to {MOST_COUNTED}.", ("queue",), waiting)
    yield _gauge(families, "forum_queue_oldest_seconds", "For how long the first has waited.", ("queue",), ages)


def _gauge(families: Any, name: str, words: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Any:
    family = families.GaugeMetricFamily(name, words, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
