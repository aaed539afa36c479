"""``python -m benchmarks.scale``: seed, serve ours, the bare application and Isso side by side, measure in turns, write RESULTS.md; with ``--postgres``, RESULTS-POSTGRES.md."""

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.isso_contender import install
from benchmarks.load import WrongAnswerError
from benchmarks.process import StartError
from benchmarks.scale.disk import Disk
from benchmarks.scale.measure import Plan
from benchmarks.scale.memory import forget_the_most, measure_memory, note_the_most
from benchmarks.scale.moderation import measure_queue
from benchmarks.scale.postgres import postgres
from benchmarks.scale.reads import measure_cold, measure_counts, measure_polling, measure_reads
from benchmarks.scale.report import Run, write_results
from benchmarks.scale.seed import seed
from benchmarks.scale.servers import FOLDER, HERE, Bench, say
from benchmarks.scale.syncs import measure_syncs
from benchmarks.scale.thread import measure_thread
from benchmarks.scale.writes import measure_writes

QUICK = Plan(rounds=1, seconds=1, cold=5, requests=2_000)
PARTS: dict[str, Callable[[Bench], None]] = {
    "reads": measure_reads,
    "thread": measure_thread,
    "polling": measure_polling,
    "cold": measure_cold,
    "counts": measure_counts,
    "queue": measure_queue,
    "writes": measure_writes,
    "syncs": measure_syncs,
    "memory": measure_memory,
}


def main() -> int:
    """Run the benchmark and return the exit code: 0 done, 1 it could not be measured."""
    options = _options()
    is_whole = not (options.quick or options.small or options.only)
    plan = QUICK if options.quick else Plan(rounds=options.rounds)
    FOLDER.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    try:
        bench = _measure(options, plan)
    except (StartError, WrongAnswerError) as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    command = "make bench-postgres" if options.postgres else "make bench"
    words = command if is_whole else " ".join(["python -m benchmarks.scale", *sys.argv[1:]])
    run = Run(words, bench.seeded.comments, plan, bench.server.version if bench.server else "")
    results = write_results(bench.figures, bench.values, run)
    print(results)
    if options.output or is_whole:
        (options.output or HERE / ("RESULTS-POSTGRES.md" if options.postgres else "RESULTS.md")).write_text(results, encoding="utf-8")
    say(f"{time.monotonic() - begun:.0f} seconds")
    return 0


def _measure(options: argparse.Namespace, plan: Plan) -> Bench:
    install(HERE / "var" / ".isso", FOLDER / "install.log")
    is_small = options.quick or options.small
    folder = FOLDER / ("small" if is_small else "million")
    seeded = seed(folder, million=not is_small, say=say)
    disk = Disk(FOLDER, say)
    # A copy is measured: what is posted to it would make the next run another one.
    measured = FOLDER / "measured"
    shutil.rmtree(measured, ignore_errors=True)
    with ExitStack() as running:
        server = running.enter_context(postgres(FOLDER / f"{folder.name}-pgdata", disk)) if options.postgres else None
        if server is not None:
            server.prepare(folder, seeded.recipe, say)
            measured.mkdir()
        else:
            shutil.copytree(folder, measured)
        bench = Bench(seeded, plan, measured, disk=disk, server=server)
        running.enter_context(bench.serve())
        for part in PARTS:
            if not options.only or part in options.only:
                forget_the_most(bench)
                PARTS[part](bench)
                note_the_most(bench, part)
    return bench


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--quick", action="store_true", help="one short round on a small database; the results stay as they are")
    parser.add_argument("--small", action="store_true", help="a small database: sooner seeded; the results stay as they are")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part; the results stay as they are")
    parser.add_argument("--rounds", type=int, default=Plan().rounds, help="how often each pair is measured")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL; results in RESULTS-POSTGRES.md")
    parser.add_argument("--output", type=Path, help="write the results there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
