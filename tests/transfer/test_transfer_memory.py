"""A discussion of 200,000 comments comes in without the importing process growing by more than 60 MB."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.exports import WRITE

GROWTH_MEGABYTES = 60
FILLING = 20_000

# How much the process grows over what it has with an application and an open database, which is what any command takes.
IMPORTING = """
import json, re, sys
from pathlib import Path
from forum.app import create_app
from forum.db.schema import bring_up_to_date
from forum.settings import load_settings
from forum.transfer.engine import Import, run_import
from forum.transfer.formats import FORMATS

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1000

folder, name, file = sys.argv[1:]
with create_app(load_settings({}, data_dir=folder, log_level="error")).app_context():
    bring_up_to_date()
    idle = peak()
    report = run_import(Import(FORMATS[name], Path(file), base_url="https://blog.example" if FORMATS[name].takes_base else None))
    print(json.dumps({"created": report.comments.created, "idle": idle, "peak": peak()}))
"""


def measure(folder: Path, name: str, count: int) -> dict[str, float]:
    ending, write = WRITE[name]
    file = folder / ending
    write(file, count)
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING, str(folder / "data"), name, str(file)], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    assert found["created"] == count
    return found


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the most memory that a process had is read from /proc")
@pytest.mark.slow
def test_two_hundred_thousand_comments_take_little_memory(tmp_path: Path) -> None:
    found = measure(tmp_path, "disqus", 200_000)
    assert found["peak"] - found["idle"] <= GROWTH_MEGABYTES, found


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the most memory that a process had is read from /proc")
@pytest.mark.slow
@pytest.mark.parametrize("name", ["commento", "isso", "remark42"])
def test_what_is_taken_does_not_grow_with_the_discussion(tmp_path: Path, name: str) -> None:
    few, many = (tmp_path / "few"), (tmp_path / "many")
    for folder in (few, many):
        folder.mkdir()
    # The fewer ones fill what SQLite keeps of a database in memory (16 MB).
    small, large = measure(few, name, FILLING), measure(many, name, 3 * FILLING)
    assert large["peak"] - large["idle"] <= GROWTH_MEGABYTES, large
    # Some 100 bytes for each comment more: no reader or scratch keeps so little of each.
    assert large["peak"] - small["peak"] <= 2 * FILLING * 100 / 1_000_000, (small, large)


def test_every_export_that_is_measured_is_of_its_format(tmp_path: Path) -> None:
    # The place of a comment is told by its number, so that the four are one discussion.
    for name, (ending, write) in WRITE.items():
        write(tmp_path / ending, 30)
        content = (tmp_path / ending).read_bytes()
        assert re.search(rb"blog\.example|^\x1f\x8b|^SQLite", content), name
