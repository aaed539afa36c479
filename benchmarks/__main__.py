"""``python -m benchmarks``: set both contenders up, check that they show the same, measure, print and keep the results."""

import argparse
import os
import shutil
import signal
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from benchmarks.contender import Contender
from benchmarks.discussion import write_discussion
from benchmarks.forum_contender import ForumContender
from benchmarks.isso_contender import IssoContender, install
from benchmarks.load import WrongAnswerError
from benchmarks.measure import Plan, measure
from benchmarks.process import StartError
from benchmarks.report import describe_machine, write_page, write_table

HERE = Path(__file__).parent
FOLDER = HERE / "var"
COMMENTS = 1000
QUICK = Plan(rounds=1, seconds=0.3, posts=10)


class DifferenceError(Exception):
    """The contenders do not show the same comments, so that comparing them would mean nothing."""


def main() -> int:
    """Run the benchmark and return the exit code: 0 done, 1 it could not be measured, 130 stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure side by side with Isso on the same thread, in one run."
    )
    parser.add_argument(
        "--quick", action="store_true", help="one short round that shows whether everything works; RESULTS-isso.md stays as it is"
    )
    quick = parser.parse_args().quick
    # As by Ctrl-C: whatever was started is stopped on the way out.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _run(QUICK if quick else Plan(), keep=not quick)
    except (StartError, WrongAnswerError, DifferenceError) as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0


def _run(plan: Plan, *, keep: bool) -> None:
    begun = time.monotonic()
    workers = max(1, min(4, os.cpu_count() or 1))
    discussion = write_discussion(COMMENTS)
    FOLDER.mkdir(exist_ok=True)
    _say("setting up Isso (its package is fetched once)")
    install(FOLDER / ".isso", FOLDER / "install.log")
    ours, peer = ForumContender(), IssoContender(FOLDER / ".isso")
    with ExitStack() as running:
        contenders: tuple[Contender, ...] = (ours, peer)
        for contender in contenders:
            folder = FOLDER / contender.name.lower()
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            running.enter_context(contender.open(folder, workers=workers))
            _say(f"posting {COMMENTS:,} comments to {contender.name} {contender.version}")
            contender.fill(discussion)
        _compare(ours, peer)
        figures = measure(ours, peer, discussion, plan, say=_say)
        page = write_page(figures, ours, peer, discussion, at=datetime.now(UTC))
    print(
        f"\n{describe_machine()}\n\n{write_table(figures, ours, peer)}\n\nratio: {ours.name} / {peer.name} in requests a second, median of the rounds (smallest – largest)"
    )
    if keep:
        (HERE / "RESULTS-isso.md").write_text(page, encoding="utf-8")
    _say(f"{time.monotonic() - begun:.0f} seconds" + ("; written to benchmarks/RESULTS-isso.md" if keep else ""))


def _compare(ours: Contender, peer: Contender) -> None:
    for thing, a, b in (("first page", ours.first_page(), peer.first_page()), ("whole thread", ours.whole_thread(), peer.whole_thread())):
        here, there = list(ours.shown(a)), list(peer.shown(b))
        if sorted(here) != sorted(there) or len(here) != len(set(here)):
            raise DifferenceError(f"the {thing} has {len(here)} comments here and {len(there)} there, or other ones")
        _say(f"{thing}: both show the same {len(here)} comments")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
