"""What is kept in memory: at most during each part, and after all of this, and whether it grows while the same is asked again and again."""

from pathlib import Path

from benchmarks.scale.measure import Value, memory_megabytes
from benchmarks.scale.servers import MOST_AFTER, Bench
from benchmarks.scale.wrk import Ask, drive

SECONDS = 5
# See proc_pid_clear_refs(5).
FORGET_THE_MOST = "5"


def forget_the_most(bench: Bench) -> None:
    """Let the kernel begin anew to note the most memory that each of our processes has."""
    for pid in bench.pids:
        Path(f"/proc/{pid}/clear_refs").write_text(FORGET_THE_MOST, encoding="ascii")


def note_the_most(bench: Bench, part: str) -> None:
    """Keep the most memory that one of our processes had since it was last forgotten."""
    found = []
    for pid in bench.pids:
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines())
        found.append(int(lines["VmHWM"].split()[0]) / 1024)
    bench.note(Value(f"memory of a process, at most while measuring {part} (RSS)", max(found), "MB"))


def measure_memory(bench: Bench) -> None:
    """Note what there is after everything else, then whether it grows while the same page is asked for very often."""
    bench.note_memory("after the benchmark", MOST_AFTER)
    ask = Ask(bench.ours, bench.pages(1_000)[1])
    drive(ask, connections=16, seconds=SECONDS)
    before = sum(memory_megabytes(pid)[0] for pid in bench.pids)
    done = 0.0
    while done < bench.plan.requests:
        done += drive(ask, connections=16, seconds=SECONDS) * SECONDS
    grown = sum(memory_megabytes(pid)[0] for pid in bench.pids) - before
    bench.note(Value(f"growth of all processes over {done:,.0f} requests", grown, "MB"))
