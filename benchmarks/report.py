"""Figures as a table of text for the terminal and as RESULTS-isso.md, with what must be known to read them."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from benchmarks.contender import Contender
from benchmarks.discussion import Comment
from benchmarks.measure import Figure

_PAGE = """\
# Side by side with {peer}

`make bench` on {date} ({machine}). Both hold the same {count:,} comments ({roots} begin threads; {length:,} characters of Markdown) and ran in turns within
this one run; ratios are what counts, the machine was not idle and absolute numbers move with it. **Ratio**: how many times as many requests a second as {peer}, the
median of {rounds} rounds (smallest – largest).

{table}

| | version | served by | a written comment is |
|---|---|---|---|
{contenders}

How to read it:

* **First page** is the JSON of the first 20 threads with at most 10 replies each, the request that {peer}'s own script sends when it is told to page. That both answers hold
  the same comments was checked before anything was measured.
* **Whole thread** is every comment: one request to {peer}, {requests} in a row here (pages of 50 threads, then the rest of the long ones), timed together.
* **Posting** adds {posts} comments to the same thread, the same ones to both, so it ended with {total:,}. Ours checks a token, screens the text, renders Markdown once
  and stores it sanitised, with a revision and all counts; {peer} knows no accounts, stores the text and renders it for this answer and again on every read.
* Ours waits up to 30 s for the database here, not 5: SQLite lets waiting writers in without order, and with 16 of them on a busier machine a post was
  answered 503 at the default, with nothing stored. An answer with any other status than the expected one ends the run.
* Ours answers reads from memory after the first time (see RESULTS.md for what a page costs that is made anew); no request is conditional.
* One process with 1 or 16 threads sends the requests over 127.0.0.1, each after the answer to the one before, over connections that are kept alive where
  the server allows it (gunicorn's synchronous workers close after each answer). It takes its part of the same {cores} processors.
* Bodies are not compressed by either. Rate limits, {peer}'s guard and moderation are off.
"""


def write_table(figures: Sequence[Figure], ours: Contender, peer: Contender) -> str:
    """Return the figures as a Markdown table, which is readable as it stands."""
    head = [
        "",
        "connections",
        f"{ours.name} req/s",
        f"{peer.name} req/s",
        f"{ours.name} ms",
        f"{peer.name} ms",
        f"{ours.name} kB",
        f"{peer.name} kB",
        "ratio",
    ]
    rows = [head, *(_row(figure) for figure in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    lines = ["| " + " | ".join(_pad(cell, widths[place], place) for place, cell in enumerate(row)) + " |" for row in rows]
    rule = "|" + "|".join("-" * (width + 1) + ("-" if place == 0 else ":") for place, width in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def write_page(figures: Sequence[Figure], ours: Contender, peer: Contender, discussion: Sequence[Comment], *, at: datetime) -> str:
    """Return RESULTS-isso.md."""
    posted = sum(len(outcome.milliseconds) for figure in figures if figure.thing == "post a comment" for outcome in figure.ours.outcomes)
    return _PAGE.format(
        peer=peer.name,
        date=f"{at:%Y-%m-%d %H:%M} UTC",
        machine=describe_machine(),
        cores=_cores(),
        count=len(discussion),
        roots=sum(comment.parent is None for comment in discussion),
        length=sum(len(comment.text) for comment in discussion),
        rounds=_span([len(figure.ratios) for figure in figures]),
        table=write_table(figures, ours, peer),
        contenders="\n".join(f"| {one.name} | {one.version} | {one.setting} | {one.durability} |" for one in (ours, peer)),
        requests=len(ours.whole_thread()),
        posts=posted,
        total=len(discussion) + posted,
    )


def describe_machine() -> str:
    """Return what the machine is, as far as it bears on the figures."""
    system = f"{platform.system()} {platform.machine()}, {_processor()}"
    load = os.getloadavg()[0]
    return f"{_cores()} cores, {system}; Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; load average {load:.1f}"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.is_file() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor() or "unknown processor"
    )


def _span(numbers: Sequence[int]) -> str:
    return str(min(numbers)) if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"


def _row(figure: Figure) -> list[str]:
    pairs = [
        *(_short(series.rate) for series in (figure.ours, figure.peer)),
        *(_short(series.milliseconds) for series in (figure.ours, figure.peer)),
        *(_short(series.kilobytes) for series in (figure.ours, figure.peer)),
    ]
    ratio = f"{_short(figure.ratio)} ({_short(min(figure.ratios))} – {_short(max(figure.ratios))})"
    return [figure.thing, str(figure.connections), *pairs, ratio]


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def _pad(cell: str, width: int, place: int) -> str:
    return cell.ljust(width) if place == 0 else cell.rjust(width)
