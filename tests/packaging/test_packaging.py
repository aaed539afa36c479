"""What is built can be installed and run from any folder: wheel, sdist and editable install carry templates and migrations.

No index is asked: the fresh environments borrow the libraries of the one that runs the tests.
"""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("templates", "migrations")
PAGE = """
from forum.app import create_app
from forum.paths import resource
print(resource("templates"), resource("migrations"), create_app().test_client().get("/").status_code)
"""


def _run(*command: object, **settings: str) -> str:
    """Run a command from the root of the disk in a bare environment and return what it says."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("FORUM_", "PYTHON", "COV_"))}
    done = subprocess.run([str(word) for word in command], cwd="/", env=known | settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _environment(folder: Path) -> Path:
    """Make an environment without pip and index that finds the libraries of this one, and return its folder of programs."""
    _run(sys.executable, "-m", "venv", "--without-pip", folder)
    programs = folder / "bin"
    own = Path(_run(programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # Named as a path only: the editable install that stands in there is not followed.
    (own / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return programs


def _install(programs: Path, *what: object) -> None:
    _run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        programs / "python",
        "install",
        "-qq",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        *what,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sdist, and the wheel built from it: what the sdist lacks, the wheel lacks."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return {"sdist": sdist, "wheel": wheel}


def _ours(folder: str) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def test_the_wheel_holds_everything_that_runs(built: dict[str, Path]) -> None:
    held = set(zipfile.ZipFile(built["wheel"]).namelist())
    wanted = _ours("forum") | {f"forum/{name}" for folder in FOLDERS for name in _ours(folder)}
    assert wanted <= held
    assert {name for name in held if not name.startswith(("forum/", "forum-"))} == set()
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_the_sdist_holds_what_builds_and_tests_it(built: dict[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    files = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "ARCHITECTURE.md", "SECURITY.md", "Makefile"}
    assert files | {path.name for path in ROOT.glob("requirements*.lock")} <= held
    assert _ours("forum") | _ours("templates") | _ours("migrations") | {"tests/conftest.py"} <= held
    assert not any(name.startswith((".venv", "var/", ".git/")) for name in held)


def test_the_wheel_runs_from_any_folder(built: dict[str, Path], tmp_path: Path) -> None:
    programs = _environment(tmp_path / "env")
    _install(programs, built["wheel"])
    data = {"FORUM_DATA_DIR": str(tmp_path / "data")}
    assert _run(programs / "forum", "--version").startswith("forum, version ")
    assert _run(programs / "forum", "init", **data).startswith("Brought up to date: ")
    assert _run(programs / "forum", "demo", **data).startswith("Loaded the demo discussion: ")
    templates, migrations, status = _run(programs / "python", "-c", PAGE, **data).split()
    assert Path(templates).is_relative_to(tmp_path / "env")
    assert Path(migrations).is_relative_to(tmp_path / "env")
    assert status == "200"


def test_the_editable_install_runs_the_checkout(tmp_path: Path) -> None:
    programs = _environment(tmp_path / "env")
    _install(programs, "--editable", ROOT)
    data = {"FORUM_DATA_DIR": str(tmp_path / "data")}
    assert _run(programs / "forum", "init", **data).startswith("Brought up to date: ")
    assert _run(programs / "python", "-c", PAGE, **data).split() == [str(ROOT / "templates"), str(ROOT / "migrations"), "200"]
