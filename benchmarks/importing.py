"""``make bench-importing``: bring one made-up Disqus export into Forum and into Isso, each by its own command, and say how long that takes.

Both write to a database file of their own on the same disk with what they do by default to keep it there. Rounds alternate; what counts is the ratio.
"""

import argparse
import os
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.exports import write_disqus
from benchmarks.isso_contender import LOCK, install
from benchmarks.process import StartError
from benchmarks.report import describe_machine

HERE = Path(__file__).parent
FOLDER = HERE / "var"
RESULTS = HERE / "RESULTS-importing.md"
SIZES = (20_000, 200_000)
ROUNDS: Mapping[int, int] = {20_000: 3, 200_000: 1}
QUICK = (500,)
_ISSO = "[general]\ndbpath = {folder}/comments.db\nhost = http://127.0.0.1:1/\n[guard]\nenabled = false\n"


@dataclass(frozen=True)
class Run:
    """One import: how long it took, how long the processor was busy with it, and the most memory that it had at once."""

    seconds: float
    processor: float
    megabytes: float


@dataclass
class Figure:
    """The rounds of one size, ours and the other's in turns."""

    comments: int
    ours: list[Run] = field(default_factory=list)
    other: list[Run] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """How many times as many comments a second we bring in, round by round."""
        return [other.seconds / ours.seconds for ours, other in zip(self.ours, self.other, strict=True)]


class LostError(Exception):
    """An importer did not bring in every comment, so that its time means nothing."""


def main() -> int:
    """Run the benchmark and return the exit code: 0 done, 1 it could not be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.importing", description="Measure importing side by side with Isso's importer, in one run."
    )
    parser.add_argument(
        "--quick", action="store_true", help="one round with few comments that shows whether everything works; the results stay as they are"
    )
    quick = parser.parse_args().quick
    FOLDER.mkdir(exist_ok=True)
    try:
        install(FOLDER / ".isso", FOLDER / "install.log")
        figures = [_measure(count, 1 if quick else ROUNDS[count]) for count in (QUICK if quick else SIZES)]
    except (StartError, LostError) as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    page = write_page(figures, datetime.now(UTC))
    print(page)
    if not quick:
        RESULTS.write_text(page, encoding="utf-8")
    return 0


def _measure(count: int, rounds: int) -> Figure:
    folder = FOLDER / "importing"
    figure = Figure(count)
    for number in range(rounds):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        file = folder / "disqus.xml"
        write_disqus(file, count)
        print(f"bench: {count:,} comments, round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        figure.ours.append(_import_ours(folder, file, count))
        figure.other.append(_import_isso(folder, file, count))
    shutil.rmtree(folder)
    return figure


def _import_ours(folder: Path, file: Path, count: int) -> Run:
    home = folder / "forum"
    home.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")} | {"FORUM_DATA_DIR": str(home)}
    command = [str(Path(sys.executable).with_name("forum"))]
    run_measured([*command, "init"], env, folder / "forum.log")
    run = run_measured([*command, "import", "disqus", str(file)], env, folder / "forum.log")
    _check(home / "forum.sqlite3", count)
    return run


def _import_isso(folder: Path, file: Path, count: int) -> Run:
    home = folder / "isso"
    home.mkdir()
    configuration = home / "isso.cfg"
    configuration.write_text(_ISSO.format(folder=home), encoding="utf-8")
    command = [str(FOLDER / ".isso" / "bin" / "isso"), "-c", str(configuration), "import", "--empty-id", "-t", "disqus", str(file)]
    run = run_measured(command, dict(os.environ), folder / "isso.log")
    _check(home / "comments.db", count)
    return run


def run_measured(command: Sequence[str], env: Mapping[str, str], log: Path) -> Run:
    """Run a command to its end and return what it took. Raises StartError when it fails."""
    with log.open("ab") as lines:
        begun = time.monotonic()
        actions = [(os.POSIX_SPAWN_DUP2, lines.fileno(), 1), (os.POSIX_SPAWN_DUP2, lines.fileno(), 2)]
        number = os.posix_spawn(command[0], list(command), dict(env), file_actions=actions)
        _, status, usage = os.wait4(number, 0)
        seconds = time.monotonic() - begun
    if status:
        raise StartError(f"{' '.join(command[:3])} … ended with {os.waitstatus_to_exitcode(status)}; see {log}")
    # Linux counts kilobytes, macOS bytes.
    unit = 1_000_000 if sys.platform == "darwin" else 1000
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def _check(database: Path, count: int) -> None:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT count(*) FROM comments").fetchone()[0]
    if found != count:
        raise LostError(f"{database} has {found:,} comments, not {count:,}")


def write_page(figures: Sequence[Figure], at: datetime) -> str:
    """Return RESULTS-importing.md."""
    version = re.findall(r"^isso==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)[0]
    rows = "\n".join(_row(figure) for figure in figures)
    return _PAGE.format(date=f"{at:%Y-%m-%d %H:%M} UTC", machine=describe_machine(), version=version, rows=rows)


def _row(figure: Figure) -> str:
    def rate(runs: Sequence[Run]) -> str:
        return f"{median(figure.comments / run.seconds for run in runs):,.0f}"

    def busy(runs: Sequence[Run]) -> str:
        return f"{median(run.processor * 1e6 / figure.comments for run in runs):,.0f}"

    def memory(runs: Sequence[Run]) -> str:
        return f"{max(run.megabytes for run in runs):,.0f}"

    ratios = figure.ratios
    cells = [rate(figure.ours), rate(figure.other), f"{median(ratios):.1f} ({min(ratios):.1f} – {max(ratios):.1f})"]
    return f"| {figure.comments:,} | {' | '.join(cells)} | {busy(figure.ours)} | {busy(figure.other)} | {memory(figure.ours)} | {memory(figure.other)} |"


_PAGE = """\
# Bringing a discussion in

`make bench-importing` on {date} ({machine}). The same Disqus export (XML, a thousand comments a page, seven in ten of them replies) by
`forum import disqus` and by `isso import` of Isso {version}, in turns within this one run, each into a new SQLite file with its defaults. A ratio is the median
of the rounds' ratios (smallest – largest).

| comments | Forum, comments/s | Isso, comments/s | ratio | Forum, µs of processor each | Isso, µs of processor each | Forum, MB at most | Isso, MB at most |
|---:|---:|---:|---:|---:|---:|---:|---:|
{rows}

How to read it:

* The whole command is timed, from its start to its end: reading and checking the file, writing, and refreshing the planner's statistics.
* **What is on disk**: Forum commits 200 comments at a time and flushes its write-ahead log each time; Isso commits each one with synchronous=FULL and a rollback
  journal. Neither says that it is done before everything is on disk. An import of Forum that is killed is finished by running it again, one of Isso's brings what it had
  brought in a second time.
* Forum sanitises each HTML body once, makes an account for each writer, keeps the nesting at any depth with all counts, a first revision and each foreign id; Isso stores the
  text as it came, renders it on each read, and keeps one level of replies.
* **MB at most** is the resident memory of the whole process. Forum's has some 110 MB before it reads the file, and grows by the same whatever the size of the file; Isso parses
  the file as a whole.
* That every comment was brought in is counted in both databases after each round.
"""


if __name__ == "__main__":
    sys.exit(main())
