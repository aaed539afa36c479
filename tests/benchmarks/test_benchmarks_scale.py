"""What the benchmark of speed and scale stands on: the bare application does what it is compared for, ratios and bounds are computed from what was seen."""

import os
from pathlib import Path

from benchmarks.scale.bare import TAG, address_of, build
from benchmarks.scale.measure import Figure, Plan, Value, children_of, memory_megabytes, processor_seconds, write_lines
from benchmarks.scale.report import write_results
from benchmarks.scale.seed import SIZES, settings_for


def test_the_bare_application_does_what_it_is_compared_for(tmp_path: Path) -> None:
    client = build(str(tmp_path)).test_client()
    assert client.get("/ready/57000").content_length == 57_000
    assert client.get("/ready/57000", headers={"If-None-Match": TAG}).status_code == 304
    written = client.post("/row", json={"body_md": "a row"})
    assert (written.status_code, written.get_json()) == (201, {"id": 1, "body_md": "a row"})
    counted = client.get("/counts", query_string={"url": [address_of(0), "https://elsewhere.example/"]}).get_json()
    assert [item["comments"] for item in counted["items"]] == [7, 0]


def test_a_ratio_is_judged_by_its_median() -> None:
    figure = Figure("a page", 1, "bare", 1.0, [10.0, 30.0, 12.0], [10.0, 10.0, 10.0])
    assert figure.ratios == [1.0, 3.0, 1.2]
    assert figure.is_met
    assert Figure("a page", 1, "bare", 2.0, [10.0], [10.0]).is_met is False
    assert Figure("a page", 1, "Isso", None, [10.0], [10.0]).is_met is None
    assert [Value("memory", 120.0, "MB", most).is_met for most in (120.0, 119.0, None)] == [True, False, None]


def test_the_page_says_what_was_not_met() -> None:
    figures = [Figure("a page", 1, "bare", 2.0, [10.0], [10.0]), Figure("a page", 16, "bare", 0.5, [10.0], [10.0])]
    page = write_results(figures, [Value("memory", 300.0, "MB", 250.0)], sum(SIZES), Plan(rounds=1))
    assert page.count("**not met**") == 2
    assert page.count("| met |") == 1
    assert "1.00 (1.00 – 1.00)" in page


def test_the_processors_time_and_memory_are_those_of_the_process() -> None:
    before = processor_seconds([os.getpid()])
    assert sum(range(3_000_000)) > 0
    assert processor_seconds([os.getpid()]) > before
    rss, pss = memory_megabytes(os.getpid())
    assert rss >= pss > 5
    assert os.getpid() in children_of(os.getppid())


def test_writes_are_made_by_readers_in_turn() -> None:
    lines = write_lines(["a", "b"], lambda n: ("PUT", f"/{n}"), lambda n: {"n": n}, 3)
    assert lines == [("PUT", "/0", "a", {"n": 0}), ("PUT", "/1", "b", {"n": 1}), ("PUT", "/2", "a", {"n": 2})]


def test_the_measured_server_has_no_limits(tmp_path: Path) -> None:
    assert settings_for(tmp_path).rate_limits == "off"
