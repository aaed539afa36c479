"""The figures as a page: each with its ratio, and beside it what was to be reached and whether it was; writes once for each disk."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from benchmarks.report import describe_machine
from benchmarks.scale.disk import AS_IS, MILLISECONDS
from benchmarks.scale.measure import MOST_FLUSHES, Figure, Plan, Value

_PAGE = """\
# Speed and scale{on}

`{command}` on {date}, commit {commit} ({machine}). {comments:,} comments, {database},
`forum serve --workers 2 --threads 8`, rate limits off, a JSON log line a request.
**bare** is a Flask application on the very same server, processes and threads, that returns ready bytes of the same size, inserts one row
({durably}) or reads one index. All ran in turns within this one run; a figure is the median of {rounds} round{plural}
of {seconds:g} s, a ratio the median of the rounds' ratios (smallest – largest). `wrk` sends the requests from the same machine and takes its part of it.

{sections}

## Processor, memory, flushes

| | | at most | |
|---|---:|---:|---|
{values}

* **Warm**: asked for before. **304**: the caller names the state it has. Each answer is preceded by the question whether the article is still in this state.
* **Cold**: the article's version rises before each request, so that nothing that is kept can be used; the processor's time of the server's processes{and_database}, from `/proc`.
* **Isso** holds the same 1,000-comment thread; its whole thread is what its own script asks for by default, its counts are those of 50 pages of 7 comments, its votes come
  each from another address. It always writes to SQLite.
* **Posts** are long texts of many writers, none of which comes twice; rate limits are off, and with them the comparison with earlier texts and the slowing of heated
  threads, so these two are not in the figure. **Tags** change the tags that readers have, each request another one. What was stored is counted after each turn.
* **Flushes** (`fsync`, `fdatasync`) are counted by `strace`, one request after another; a checkpoint writes the log into the database now and then, for many writes at once.
  One a write is wanted; up to {most_flushes:g} is counted as met, since the server also writes by itself now and then.
"""

_AS_IS = """\
A flush of this machine's disk costs next to nothing: a bare row is then a matter of the processor alone, and whatever is done besides it counts in full."""
_SLOW = """\
The same servers, while every `fsync` and `fdatasync` of theirs takes at least {milliseconds} ms, as on the machine of issue 6, where a bare row came to 314 a second
on one connection (`benchmarks/scale/slow_disk.c`, loaded before libc, for ours, bare and Isso{and_database} alike)."""
_HEAD = """\
| | connections | ours/s | other/s | other | ratio | wanted | |
|---|---:|---:|---:|---|---:|---:|---|
"""
DURABLY = {"SQLite": "WAL, synchronous=FULL, BEGIN IMMEDIATE", "PostgreSQL": "the same database server, synchronous_commit=on"}


@dataclass(frozen=True)
class Run:
    """What was run: with which command, on how many comments, for how long, on which database; ``version`` is PostgreSQL's, or empty."""

    command: str
    comments: int
    plan: Plan
    version: str = ""

    @property
    def database(self) -> str:
        """The database's name."""
        return "PostgreSQL" if self.version else "SQLite"


def write_results(figures: Sequence[Figure], values: Sequence[Value], run: Run) -> str:
    """Return the page."""
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    on_server = run.database == "PostgreSQL"
    return _PAGE.format(
        on=" on PostgreSQL" if on_server else "",
        command=run.command,
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        commit=found.stdout.strip() or "unknown",
        machine=describe_machine(),
        comments=run.comments,
        database=f"PostgreSQL {run.version} with its defaults" if on_server else "SQLite",
        durably=DURABLY[run.database],
        rounds=run.plan.rounds,
        plural="" if run.plan.rounds == 1 else "s",
        seconds=run.plan.seconds,
        sections="\n\n".join(_sections(figures, " and PostgreSQL" if on_server else "")),
        values="\n".join(map(_value, values)),
        and_database=" and of PostgreSQL's" if on_server else "",
        most_flushes=MOST_FLUSHES,
    )


def _sections(figures: Sequence[Figure], and_database: str) -> list[str]:
    words = {False: _AS_IS, True: _SLOW.format(milliseconds=MILLISECONDS, and_database=and_database)}
    made = []
    for disk in dict.fromkeys(figure.disk for figure in figures):
        rows = "\n".join(_row(figure) for figure in figures if figure.disk == disk)
        title = f"## Writing, {disk}\n\n{words[disk != AS_IS]}" if disk else "## Reading"
        made.append(f"{title}\n\n{_HEAD}{rows}")
    return made


def _value(value: Value) -> str:
    most = "" if value.most is None else f"{value.most:.2f}"
    number = f"{value.value:,.0f}" if value.value == int(value.value) or value.value >= 10_000 else f"{value.value:.2f}"
    return f"| {value.name} | {number} {value.unit} | {most} | {_met(value.is_met)} |"


def _row(figure: Figure) -> str:
    ratios = figure.ratios
    cells = (
        figure.name,
        figure.connections,
        f"{median(figure.ours):,.0f}",
        f"{_short(median(figure.theirs))}",
        figure.other,
        f"{_short(figure.ratio)} ({_short(min(ratios))} – {_short(max(ratios))})",
        "" if figure.least is None else f"≥ {figure.least:g}",
        _met(figure.is_met),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.2f}" if number >= 0.1 else f"{number:.3f}"


def _met(is_met: bool | None) -> str:
    return {None: "", True: "met", False: "**not met**"}[is_met]
