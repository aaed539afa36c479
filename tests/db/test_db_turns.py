"""Whoever writes in one process gets the turn in the order of asking, and nobody keeps it."""

import os
import signal
import threading
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import TimeoutError as BusyError

from forum.db.transaction import writing
from forum.db.turns import Gate, Turns, gate_of, turns


def in_thread(work: object) -> threading.Thread:
    thread = threading.Thread(target=work)  # type: ignore[arg-type]
    thread.start()
    return thread


def waiting(queue: Turns, count: int) -> None:
    while len(queue._waiting) < count:
        pass


def test_first_come_first_served() -> None:
    queue, order = Turns(), list[int]()
    assert queue.take(1)

    def write(number: int) -> None:
        assert queue.take(60)
        order.append(number)
        queue.give()

    threads = []
    for number in range(8):
        threads.append(in_thread(lambda number=number: write(number)))
        waiting(queue, number + 1)
    queue.give()
    for thread in threads:
        thread.join()
    assert order == list(range(8))
    assert queue.take(1), "nobody has kept it"


def test_who_has_it_does_not_wait_for_themselves() -> None:
    queue = Turns()
    assert queue.take(1)
    assert not queue.take(1), "nothing to give back"


def test_who_gives_up_is_passed_over() -> None:
    queue, gave_up = Turns(), list[bool]()
    assert queue.take(1)

    def try_once() -> None:
        with pytest.raises(TimeoutError):
            queue.take(0.001)
        gave_up.append(True)

    in_thread(try_once).join()
    queue.give()
    assert gave_up == [True]

    def take_and_give() -> None:
        queue.take(1)
        queue.give()

    in_thread(take_and_give).join()
    assert queue.take(1)


@pytest.mark.sqlite_only
def test_a_failure_gives_the_turn_back(app: Flask) -> None:
    with pytest.raises(RuntimeError), writing():
        raise RuntimeError
    assert turns.take(1)
    turns.give()


@pytest.mark.sqlite_only
def test_who_waits_too_long_is_told_that_the_database_is_busy(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Turns, "take", lambda self, timeout: (_ for _ in ()).throw(TimeoutError))
    with pytest.raises(BusyError), writing():
        pytest.fail("the block must not begin")


@pytest.mark.sqlite_only
def test_a_child_begins_anew() -> None:
    thread = in_thread(lambda: turns.take(1))
    thread.join()
    child = os.fork()
    if child == 0:
        os._exit(0 if turns.take(0.1) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    turns.give()


def test_processes_pass_the_gate_one_at_a_time(tmp_path: Path) -> None:
    database = str(tmp_path / "forum.sqlite3")
    go_on, inside, waits = (os.pipe() for _ in range(3))
    child = os.fork()
    if child == 0:
        gate = Gate(f"{database}-turn")
        gate.enter(60)
        os.write(inside[1], b"x")
        os.read(go_on[0], 1)
        os.write(waits[1], b"child")
        gate.leave()
        os._exit(0)
    os.read(inside[0], 1)
    gate = Gate(f"{database}-turn")
    with pytest.raises(TimeoutError):
        gate.enter(0)
    os.write(go_on[1], b"x")
    gate.enter(60)
    os.write(waits[1], b"parent")
    gate.leave()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert os.read(waits[0], 99) == b"childparent"


def test_a_process_that_is_killed_gives_the_gate_up(tmp_path: Path) -> None:
    path, inside = str(tmp_path / "turn"), os.pipe()
    child = os.fork()
    if child == 0:
        Gate(path).enter(60)
        os.write(inside[1], b"x")
        signal.pause()
    os.read(inside[0], 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    gate = Gate(path)
    gate.enter(60)
    gate.leave()


def test_where_there_can_be_no_gate_nobody_is_kept_out(tmp_path: Path) -> None:
    assert gate_of(str(tmp_path / "nowhere" / "forum.sqlite3")) is None
    assert gate_of("") is None
