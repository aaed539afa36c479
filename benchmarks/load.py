"""A bounded closed loop of requests over kept-alive connections, in a process of its own so that it shares no lock with a server.

The rule: an answer with another status than expected ends the run; an error is never counted as a fast answer. ``drive`` starts the process
and reads what it saw; the process itself is ``python -m benchmarks.load``.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from typing import Any

TIMEOUT_SECONDS = 180


@dataclass(frozen=True)
class Request:
    """One request and the status it must be answered with."""

    path: str
    method: str = "GET"
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


# What one visitor does in a row and is timed as one: a page is one request, a long thread several.
Errand = Sequence[Request]


@dataclass(frozen=True)
class Load:
    """Errands for the server at ``port``: the loop ends after ``seconds``, when each connection has done one at least, or when ``most`` are done.

    Errands are taken in turn from the beginning again; those that write are given once each, ``most`` being their number.
    """

    port: int
    errands: Sequence[Errand]
    connections: int
    seconds: float
    most: int


@dataclass(frozen=True)
class Outcome:
    """What a load saw: each errand's milliseconds, the seconds from the first to the end of the last, and the bytes of all bodies."""

    milliseconds: Sequence[float]
    seconds: float
    body_bytes: int

    @property
    def rate(self) -> float:
        """Errands a second."""
        return len(self.milliseconds) / self.seconds


class WrongAnswerError(Exception):
    """A server answered with another status than it should, or not at all."""


def drive(load: Load) -> Outcome:
    """Run ``load`` in a process of its own and return what it saw. Raises WrongAnswerError."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=json.dumps(asdict(load)), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise WrongAnswerError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "the load ended without a word")
    return Outcome(**json.loads(done.stdout))


class Connection:
    """One kept-alive connection; it is opened again when the server closes it, as one with synchronous workers does after each answer."""

    def __init__(self, port: int) -> None:
        self._http = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)

    def send(self, request: Request) -> tuple[bytes, dict[str, str]]:
        """Return body and headers of the answer. Raises WrongAnswerError."""
        try:
            self._http.request(request.method, request.path, request.body.encode() if request.body is not None else None, request.headers)
            answer = self._http.getresponse()
            body = answer.read()
        except (OSError, HTTPException) as error:
            self._http.close()
            raise WrongAnswerError(f"{request.method} {request.path}: {type(error).__name__}: {error}") from error
        if answer.status != request.status:
            raise WrongAnswerError(
                f"{request.method} {request.path}: {answer.status} instead of {request.status}: {body[:300].decode(errors='replace')}"
            )
        return body, {name.lower(): value for name, value in answer.getheaders()}

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def run(load: Load) -> Outcome:
    """Run ``load`` in this process, one thread a connection, and return what it saw. Raises WrongAnswerError."""
    numbers = count()
    seen: list[tuple[float, float, int]] = []
    faults: list[WrongAnswerError] = []
    begun = time.perf_counter()

    def visit() -> None:
        connection = Connection(load.port)
        try:
            for errand in _share(load, numbers, begun, faults):
                start = time.perf_counter()
                size = sum(len(connection.send(request)[0]) for request in errand)
                end = time.perf_counter()
                seen.append((end, (end - start) * 1000, size))
        except WrongAnswerError as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=visit, daemon=True) for _ in range(load.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return Outcome([milliseconds for _, milliseconds, _ in seen], max(end for end, _, _ in seen) - begun, sum(size for _, _, size in seen))


def _share(load: Load, numbers: Iterator[int], begun: float, faults: Sequence[Any]) -> Iterator[Errand]:
    first = True
    while (first or time.perf_counter() - begun < load.seconds) and not faults:
        number = next(numbers)
        if number >= load.most:
            return
        yield load.errands[number % len(load.errands)]
        first = False


def main() -> None:
    """Read a load as JSON from standard input, run it and write what it saw to standard output."""
    plan = json.load(sys.stdin)
    plan["errands"] = [[Request(**request) for request in errand] for errand in plan["errands"]]
    try:
        outcome = run(Load(**plan))
    except WrongAnswerError as error:
        sys.exit(str(error))
    json.dump(asdict(outcome), sys.stdout)


if __name__ == "__main__":
    main()
