"""Work done by several threads at the same moment; called by the tests of concurrency."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


def all_at_once(work: Sequence[Callable[[], object]]) -> None:
    """Run every piece of work in a thread of its own, let go together; raises the first failure."""
    gate = threading.Barrier(len(work))

    def run(piece: Callable[[], object]) -> None:
        gate.wait()
        piece()

    with ThreadPoolExecutor(len(work)) as threads:
        list(threads.map(run, work))
