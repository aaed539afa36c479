"""The command line as a person uses it: what is typed, what comes back, with a data folder of its own and a bare environment."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from forum.app import create_app
from forum.cli import main
from forum.db.base import db
from forum.settings import Settings


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code, its answer and its complaint."""

    code: int
    out: str
    err: str

    @property
    def refusal(self) -> str:
        """The one sentence of a command that refused; anything more, or a traceback, fails the test."""
        assert self.code == 1, self
        assert self.err.startswith("Error: "), self.err
        assert len(self.err.splitlines()) == 1, self.err
        assert self.err.rstrip().endswith((".", ")")), self.err
        assert "Traceback" not in self.out + self.err
        return self.err.removeprefix("Error: ").strip()


Forum = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder that is not there yet."""
    return tmp_path / "data"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """An environment without settings but the data folder."""
    for name in [name for name in os.environ if name.startswith("FORUM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FORUM_DATA_DIR", str(folder))


@pytest.fixture
def forum(bare: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Forum]:
    """Return a function that runs ``forum ARGUMENTS`` with settings (in lower case, without their prefix) and standard input."""
    made: list[Flask] = []

    def build(settings: Settings) -> Flask:
        made.append(create_app(settings))
        return made[-1]

    def run(*arguments: str, typed: str = "", **settings: object) -> Done:
        with monkeypatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(f"FORUM_{name.upper()}", str(value))
            patch.setattr(sys, "argv", ["forum", *arguments])
            patch.setattr(sys, "stdin", io.StringIO(typed))
            patch.setattr("forum.cli.create_app", build)
            capsys.readouterr()
            try:
                Context().run(main)
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Done(code, out, err)

    yield run
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def installed(forum: Forum, database: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Forum:
    """Return ``forum`` on each kind of database, set up by ``forum init``."""
    if database == "postgresql":
        monkeypatch.setenv("FORUM_DATABASE_URL", request.getfixturevalue("postgresql")("cli"))
    assert forum("init").code == 0
    return forum
