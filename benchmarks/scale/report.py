"""The figures as a page: each with its ratio, and beside it what was to be reached and whether it was."""

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median

from benchmarks.report import describe_machine
from benchmarks.scale.measure import Figure, Plan, Value

_PAGE = """\
# Speed and scale

`make bench` on {date}, commit {commit} ({machine}). {comments:,} comments, SQLite,
`forum serve --workers 2 --threads 8`, rate limits off, a JSON log line a request.
**bare** is a Flask application on the very same server, processes and threads, that returns ready bytes of the same size, inserts one row
(WAL, synchronous=FULL, BEGIN IMMEDIATE) or reads one index. All ran in turns within this one run; a figure is the median of {rounds} rounds
of {seconds:g} s, a ratio the median of the rounds' ratios (smallest – largest). `wrk` sends the requests from the same machine and takes its part of it.

| | connections | ours/s | other/s | other | ratio | wanted | |
|---|---:|---:|---:|---|---:|---:|---|
{figures}

| | | at most | |
|---|---:|---:|---|
{values}

* **Warm**: asked for before. **304**: the caller names the state it has. Each answer is preceded by the question whether the article is still in this state.
* **Cold**: the article's version rises before each request, so that nothing that is kept can be used; the processor's time of the server's processes, from `/proc`.
* **Isso** holds the same 1,000-comment thread; its whole thread is what its own script asks for by default.
* **Posts** are long texts of many writers, none of which comes twice; rate limits are off, and with them the comparison with earlier texts and the slowing of heated
  threads, so these two are not in the figure. **Tags** change the tags that readers have, each request another one.
"""


def write_results(figures: Sequence[Figure], values: Sequence[Value], comments: int, plan: Plan) -> str:
    """Return the page."""
    commit = (
        subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    )
    return _PAGE.format(
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        commit=commit,
        machine=describe_machine(),
        comments=comments,
        rounds=plan.rounds,
        seconds=plan.seconds,
        figures="\n".join(map(_row, figures)),
        values="\n".join(
            f"| {one.name} | {one.value:.2f} {one.unit} | {(one.most and f'{one.most:.2f}') or ''} | {_met(one.is_met)} |" for one in values
        ),
    )


def _row(figure: Figure) -> str:
    ratios = figure.ratios
    ratio = f"{median(ratios):.2f} ({min(ratios):.2f} – {max(ratios):.2f})"
    wanted = "" if figure.least is None else f"≥ {figure.least:g}"
    cells = (
        figure.name,
        figure.connections,
        f"{median(figure.ours):,.0f}",
        f"{median(figure.theirs):,.0f}",
        figure.other,
        ratio,
        wanted,
        _met(figure.is_met),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _met(is_met: bool | None) -> str:
    return {None: "", True: "met", False: "**not met**"}[is_met]
