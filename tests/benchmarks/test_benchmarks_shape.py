"""What the benchmarks stand on: the discussion is the same everywhere and of the promised shape, and the figures are what they are called."""

import os
import re
import sys
from collections import Counter
from itertools import islice
from pathlib import Path
from statistics import median

import pytest

from benchmarks.contender import Contender
from benchmarks.discussion import DEPTH_MAX, LONGEST, SHORTEST, WRITERS, Comment, write_discussion, write_more
from benchmarks.forum_contender import ForumContender
from benchmarks.isso_contender import LOCK, IssoContender
from benchmarks.load import Load, Outcome, Request, WrongAnswerError, run
from benchmarks.measure import Figure, Series
from benchmarks.process import StartError, free_port, serving
from benchmarks.report import write_table
from forum.text.limits import find_body_faults, normalize_body


@pytest.fixture(scope="module")
def discussion() -> list[Comment]:
    """The discussion that is measured."""
    return write_discussion(1000)


def _roots(discussion: list[Comment]) -> dict[int, int]:
    root_of: dict[int, int] = {}
    for comment in discussion:
        root_of[comment.number] = root_of[comment.parent] if comment.parent else comment.number
    return root_of


def test_discussion_is_the_same_every_time(discussion: list[Comment]) -> None:
    assert write_discussion(1000) == discussion
    assert write_discussion(1000, seed=2) != discussion
    assert list(islice(write_more(discussion), 50)) == list(islice(write_more(discussion), 50))


@pytest.mark.parametrize(("count", "roots"), [(1, 1), (4, 1), (5, 2), (100, 25), (1000, 250)])
def test_a_quarter_begins_threads(count: int, roots: int) -> None:
    said = write_discussion(count)
    assert [comment.number for comment in said] == list(range(1, count + 1))
    assert sum(comment.parent is None for comment in said) == roots


def test_every_answer_stands_below_an_earlier_comment(discussion: list[Comment]) -> None:
    for comment in discussion:
        above = discussion[comment.parent - 1] if comment.parent else None
        assert above is None or above.number < comment.number
        assert comment.depth == (above.depth + 1 if above else 0)
        assert 0 <= comment.writer < WRITERS


def test_discussion_has_the_shape_of_real_ones(discussion: list[Comment]) -> None:
    depths = Counter(comment.depth for comment in discussion)
    assert max(depths) == DEPTH_MAX
    assert 0.3 < depths[1] / len(discussion) < 0.55
    sizes = Counter(_roots(discussion).values())
    assert min(sizes.values()) == 1
    assert max(sizes.values()) > 24
    lengths = [len(comment.text) for comment in discussion]
    assert min(lengths) >= SHORTEST
    assert max(lengths) < LONGEST + 1000
    assert 250 < median(lengths) < 450


def test_this_service_takes_every_comment(discussion: list[Comment]) -> None:
    texts = [comment.text for comment in (*discussion, *islice(write_more(discussion), 1000))]
    assert len(set(texts)) == len(texts)
    assert [text for text in texts if find_body_faults(normalize_body(text))] == []


def test_what_follows_answers_the_discussion_or_begins_a_thread(discussion: list[Comment]) -> None:
    more = list(islice(write_more(discussion), 400))
    assert [comment.number for comment in more] == list(range(1001, 1401))
    assert {comment.parent for comment in more if comment.parent} <= {comment.number for comment in discussion}
    assert 60 < sum(comment.parent is None for comment in more) < 140


def _outcome(*milliseconds: float, seconds: float, body_bytes: int = 0) -> Outcome:
    return Outcome(milliseconds, seconds, body_bytes)


def _figure() -> Figure:
    ours = Series([_outcome(1, 1, 1, 9, seconds=1, body_bytes=6000), _outcome(2, 2, seconds=1), _outcome(*[1] * 9, seconds=1)])
    peer = Series([_outcome(5, seconds=2), _outcome(7, 9, seconds=1), _outcome(3, seconds=1)])
    return Figure("first page", 16, ours, peer)


def test_figures_are_medians_and_ratios_within_a_round() -> None:
    figure = _figure()
    assert (figure.ours.rate, figure.peer.rate) == (4, 1)
    assert (figure.ours.milliseconds, figure.peer.milliseconds) == (1, 6)
    assert figure.ours.kilobytes == pytest.approx(6 / 15)
    assert figure.ratios == [8, 1, 9]
    assert figure.ratio == 8


def test_rounds_that_only_one_has_give_no_ratio() -> None:
    figure = _figure()
    figure.peer.outcomes.pop()
    with pytest.raises(ValueError, match="shorter"):
        _ = figure.ratio


def test_table_names_both_and_shows_the_spread(tmp_path_factory: pytest.TempPathFactory) -> None:
    contenders: tuple[Contender, Contender] = (ForumContender(), IssoContender(tmp_path_factory.mktemp("isso")))
    head, rule, row = write_table([_figure()], *contenders).splitlines()
    assert "forum req/s" in head
    assert "Isso req/s" in head
    assert head.count("|") == rule.count("|") == row.count("|")
    assert "8.00 (1.00 – 9.00)" in row


def test_an_unanswered_request_is_no_fast_answer() -> None:
    with pytest.raises(WrongAnswerError, match="GET /there"):
        run(Load(free_port(), [[Request("/there")]], 2, 0.0, 4))


def test_the_peer_is_locked_by_hashes_without_an_address() -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|index-url|find-links", text)
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert lines
    assert all(re.fullmatch(r"[a-z0-9-]+==\S+ \\", line) for line in lines)
    assert text.count("--hash=sha256:") >= len(lines)
    assert {"isso", "gunicorn", "setuptools"} <= {line.partition("==")[0] for line in lines}


SERVER = "import http.server, sys; http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind='127.0.0.1')"


def _interrupted(port: int, log: Path) -> None:
    with serving([sys.executable, "-c", SERVER, str(port)], env=os.environ, log=log, port=port, ready_path="/"):
        assert run(Load(port, [[Request("/")]], 1, 0.0, 3)).body_bytes > 0
        raise KeyboardInterrupt


def test_what_was_started_is_stopped_whatever_happens(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(KeyboardInterrupt):
        _interrupted(port, tmp_path / "log")
    with pytest.raises(WrongAnswerError):
        run(Load(port, [[Request("/")]], 1, 0.0, 1))


def test_a_server_that_ends_is_not_waited_for(tmp_path: Path) -> None:
    with (
        pytest.raises(StartError, match="ended before"),
        serving([sys.executable, "-c", ""], env=os.environ, log=tmp_path / "log", port=1, ready_path="/"),
    ):
        raise AssertionError("it never began")
