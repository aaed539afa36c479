"""The shelf of ready answers: bounded in bytes whatever is put there, fair to all articles, and built once."""

import threading
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from forum.web.shelf import ARTICLE_SHARE, OVERHEAD_BYTES, Kept, Shelf


def answer(article: int, size: int = 1000) -> Kept:
    return Kept(article, (1,), [], b"x" * size)


def test_what_is_put_there_is_found() -> None:
    shelf = Shelf(1_000_000)
    kept = answer(1)
    shelf.put("a", kept)
    assert shelf.find("a") is kept
    assert shelf.find("b") is None
    assert (len(shelf), shelf.bytes) == (1, 1000 + OVERHEAD_BYTES)
    shelf.clear()
    assert (len(shelf), shelf.bytes, shelf.find("a")) == (0, 0, None)


def test_a_newer_answer_takes_the_place_of_the_older() -> None:
    shelf = Shelf(1_000_000)
    shelf.put("a", answer(1, 5000))
    shelf.used("a")
    newer = answer(1, 100)
    shelf.put("a", newer)
    assert shelf.find("a") is newer
    assert shelf.bytes == 100 + OVERHEAD_BYTES


def test_pages_that_were_asked_for_once_give_way_to_those_that_are_read() -> None:
    shelf = Shelf(100_000)
    for article in range(10):
        shelf.put(("read", article), answer(article))
        shelf.used(("read", article))
    for number in range(1000):
        shelf.put(("crawled", number), answer(100 + number))
    assert all(shelf.find(("read", article)) is not None for article in range(10))


def test_no_article_takes_more_than_its_share() -> None:
    shelf = Shelf(100_000)
    shelf.put("another", answer(2))
    for number in range(200):
        shelf.put(number, answer(1))
        shelf.used(number)
    kept = [number for number in range(200) if shelf.find(number) is not None]
    assert len(kept) == int(100_000 * ARTICLE_SHARE) // (1000 + OVERHEAD_BYTES)
    assert kept[-1] == 199, "the newest are kept"
    assert shelf.find("another") is not None


def test_what_is_larger_than_a_share_is_not_kept() -> None:
    shelf = Shelf(10_000)
    shelf.put("a", answer(1, 9_000))
    assert (shelf.find("a"), len(shelf), shelf.bytes) == (None, 0, 0)


def test_what_is_packed_counts_as_well() -> None:
    shelf = Shelf(1_000_000)
    kept = answer(1, 50_000)
    shelf.put("a", kept)
    packed, coding = kept.encoded("gzip")
    shelf.grown("a", kept)
    assert coding == "gzip"
    assert shelf.bytes == 50_000 + OVERHEAD_BYTES + len(packed)
    assert kept.encoded("gzip")[0] is packed, "packed once"
    assert answer(1, 10).encoded("gzip") == (b"x" * 10, ""), "too small to gain by it"


@given(st.lists(st.tuples(st.sampled_from("puw"), st.integers(0, 12), st.integers(0, 4), st.integers(0, 9000))))
def test_any_use_leaves_the_sums_true_and_the_bound_kept(steps: list[tuple[str, int, int, int]]) -> None:
    shelf = Shelf(40_000)
    for what, key, article, size in steps:
        if what == "p":
            shelf.put(key, answer(article, size))
        elif what == "u":
            shelf.used(key)
        elif (kept := shelf.find(key)) is not None:
            kept.encoded("gzip")
            shelf.grown(key, kept)
        found = [kept for number in range(13) if (kept := shelf.find(number)) is not None]
        assert shelf.bytes == sum(kept.size for kept in found) <= 40_000
        assert len(shelf) == len(found)


def test_one_builds_while_the_others_wait() -> None:
    shelf = Shelf(1_000_000)
    begun, finish = threading.Event(), threading.Event()
    built: list[Any] = []

    def ask() -> None:
        with shelf.building("a") as mine:
            if mine:
                begun.set()
                finish.wait(5)
            built.append(mine)

    first = threading.Thread(target=ask)
    first.start()
    assert begun.wait(5)
    others = [threading.Thread(target=ask) for _ in range(5)]
    for other in others:
        other.start()
    finish.set()
    for thread in (first, *others):
        thread.join(5)
    assert built.count(True) == 1
    assert built.count(False) == 5
    with shelf.building("a") as mine:
        assert mine, "who comes later builds anew"
