"""Rooms and their files: names, sizes, docstrings. A longer file or function is a sign to look; these bounds are where looking is over."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import AnyFunction, Module, functions, modules

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
EMPTY_WORDS = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "managers",
    "shared",
    "stuff",
    "core",
    "base_utils",
    "lib",
}


def test_files_are_named_for_what_they_decide() -> None:
    for module in modules():
        assert not EMPTY_WORDS & set(module.name.split(".")), module.name
        assert re.fullmatch(r"[a-z][a-z_]*", module.word), module.name


def test_files_are_short_enough_to_be_read_at_one_sitting() -> None:
    long = {module.name: lines for module in modules() if (lines := len(module.text.splitlines())) > LONGEST_FILE}
    assert not long


def test_functions_are_short_enough_to_be_seen_at_once() -> None:
    long = {f"{module.name}.{function.name}": lines for module, function in functions() if (lines := _length(function)) > LONGEST_FUNCTION}
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    assert [module.name for module in modules() if not _is_sentence(ast.get_docstring(module.tree))] == []


def test_every_public_name_says_what_it_does() -> None:
    silent = [
        f"{module.name}.{name}" for module in modules() for name, node in _public(module.tree) if not _is_sentence(ast.get_docstring(node))
    ]
    assert silent == []


def test_nothing_is_left_to_do() -> None:
    for module in modules():
        assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError", module.text), module.name


def test_an_argument_list_fits_in_the_head() -> None:
    wide = {}
    for module, function in functions():
        arguments = function.args
        count = len([a for a in (*arguments.posonlyargs, *arguments.args) if a.arg not in ("self", "cls")]) + len(arguments.kwonlyargs)
        if count > 6 and not _is_command(function):
            wide[f"{module.name}.{function.name}"] = count
    assert not wide


def _public(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, ast.ClassDef | AnyFunction]]:
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from _public(node, f"{prefix}{node.name}.")


def _is_sentence(docstring: str | None) -> bool:
    """Whether a docstring's first paragraph begins with a capital (or a library's own spelling) and ends like a sentence."""
    if not docstring:
        return False
    first = docstring.split("\n\n")[0].rstrip()
    return not (first[0].islower() and first.split()[0].isalpha()) and first.endswith((".", "!", "?", ":", ".)", ".``"))


def _length(function: AnyFunction) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def _is_command(function: AnyFunction) -> bool:
    """Whether click calls it: its arguments are the command's options."""
    return any("option" in ast.unparse(decorator) for decorator in function.decorator_list)


def test_the_guards_see_the_package() -> None:
    """A guard that reads nothing passes always."""
    names = {module.name for module in modules()}
    assert {"forum", "forum.app", "forum.web.doors", "forum.comments.models"} <= names
    assert sum(1 for _ in functions()) > 200
    sample = next(module for module in modules() if module.name == "forum.app")
    assert isinstance(sample, Module)
    assert "create_app" in [name for name, _ in _public(sample.tree)]
