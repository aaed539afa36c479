"""What the benchmark of importing stands on: one discussion in every format, whole, and figures that are what they are called."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.exports import WRITE, make_comments
from benchmarks.importing import Figure, Run, run_measured, write_page
from benchmarks.process import StartError
from forum.transfer.formats import FORMATS, recognise
from forum.transfer.opening import beginning
from forum.transfer.records import ImportedComment


def test_the_discussion_is_the_same_every_time_and_every_answer_stands_below_an_earlier_comment_of_its_page() -> None:
    comments = list(make_comments(3000))
    assert list(make_comments(3000)) == comments
    by_number = {one.number: one for one in comments}
    for one in comments:
        assert one.parent < one.number
        assert not one.parent or by_number[one.parent].page == one.page
    assert 0.6 < sum(one.parent > 0 for one in comments) / len(comments) < 0.8


@pytest.mark.parametrize("name", sorted(WRITE))
def test_every_format_holds_all_of_it(tmp_path: Path, name: str) -> None:
    ending, write = WRITE[name]
    write(tmp_path / ending, 1200)
    format_ = recognise(beginning(tmp_path / ending))
    assert format_ is FORMATS[name]
    records = format_.read(tmp_path / ending, lambda _: None, **({"base_url": "https://blog.example"} if format_.takes_base else {}))
    found = [record for record in records if isinstance(record, ImportedComment)]
    made = list(make_comments(1200))
    assert [one.created_at for one in found if one.created_at] == [
        one.at.replace(microsecond=123456 if name == "remark42" else 0) for one in made
    ]
    assert [one.parent_external_id is not None for one in found] == [one.parent > 0 for one in made]


def test_a_command_is_measured_to_its_end_and_failing_ones_are_said(tmp_path: Path) -> None:
    run = run_measured([sys.executable, "-c", "print(sum(range(10**6)))"], dict(os.environ), tmp_path / "log")
    assert run.seconds > 0
    assert 1 < run.megabytes < 1000
    assert (tmp_path / "log").read_text() == "499999500000\n"
    with pytest.raises(StartError, match="ended with 3"):
        run_measured([sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ), tmp_path / "log")


def test_the_page_says_rates_ratios_and_memory() -> None:
    figure = Figure(1000, [Run(1.0, 0.5, 120.0), Run(2.0, 0.7, 130.0)], [Run(4.0, 1.0, 80.0), Run(4.0, 1.0, 90.0)])
    assert figure.ratios == [4.0, 2.0]
    page = write_page([figure], datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    assert "on 2026-01-02 03:04 UTC" in page
    assert "| 1,000 | 750 | 250 | 3.0 (2.0 – 4.0) | 600 | 1,000 | 130 | 90 |" in page
