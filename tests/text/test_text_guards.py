"""Who may know what in this room: one file the parser, one file the sanitisers, no file the web or the database."""

import ast
from pathlib import Path

import pytest

import forum.text

FILES = sorted(Path(forum.text.__file__).parent.glob("*.py"))
KNOWN_BY = {"markdown_it": "markdown.py", "linkify_it": "markdown.py", "bleach": "sanitize.py", "nh3": "sanitize.py"}
FOREIGN = {"flask", "sqlalchemy", "werkzeug", "jinja2"}


def _imports(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return set(names) | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_libraries_are_known_in_one_file(file: Path) -> None:
    for module in _imports(file):
        top = module.split(".")[0]
        assert KNOWN_BY.get(top, file.name) == file.name
        assert top not in FOREIGN
        assert top != "forum" or module.startswith("forum.text.") or module in ("forum.text", "forum.sentences")
