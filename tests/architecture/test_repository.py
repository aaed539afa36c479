"""What is committed works on any machine: no address of an index, no path of somebody's disk, nothing that only one place knows."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

LOCKS = sorted(ROOT.glob("requirements*.lock"))
# Written apart, so that this file is not the one that it looks for.
ELSEWHERE = re.compile(
    "|".join(("/wor" + "k/", "/hom" + "e/", "/Users" + "/", "/roo" + "t/", r"\.\./sha" + "red", r"\.libr" + "ary/", "tools/newc" + "omer"))
)


def _committed() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_nothing_names_a_place_of_one_machine() -> None:
    files = _committed()
    assert len(files) > 150
    found = []
    for path in files:
        # What others wrote is kept as they wrote it.
        if "data" in path.relative_to(ROOT).parts and path.name not in ("SOURCE.md", "SOURCES.md"):
            continue
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in ELSEWHERE.finditer(text)]
    assert found == []


def test_no_file_is_a_secret_or_a_database() -> None:
    for path in _committed():
        assert path.suffix not in {".sqlite3", ".db", ".pyc", ".key", ".pem", ".log"}, path
        assert path.name not in {"secret_key", "demo_password", ".env"}, path
        assert path.stat().st_size < 3_000_000, path


def test_locks_hold_hashes_and_no_address() -> None:
    assert [path.name for path in LOCKS] == ["requirements-dev.lock", "requirements-e2e.lock", "requirements.lock"]
    for path in LOCKS:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links", text), path.name
        requirements = re.findall(r"^[a-z0-9][\w.-]*(?:\[[\w,]+\])?==\S+(?: ;[^\\]+)? \\$", text, re.MULTILINE)
        lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert len(requirements) == len(lines)
        assert text.count("--hash=sha256:") >= len(lines)


def test_the_small_locks_are_parts_of_the_larger() -> None:
    run, test, browser = (_pinned(ROOT / f"requirements{part}.lock") for part in ("", "-dev", "-e2e"))
    assert run <= test <= browser


def test_what_the_package_needs_is_in_its_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = (*project["dependencies"], *project["optional-dependencies"]["postgres"])
    locked = {name for name, _ in _pinned(ROOT / "requirements.lock")}
    assert {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in requirements} <= locked


def _pinned(lock: Path) -> set[tuple[str, str]]:
    return set(re.findall(r"^([a-z0-9][\w.-]*)(?:\[[\w,]+\])?==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE))
