"""The package's source as the guards read it: every module with its syntax tree, and what it imports from the package.

Called by the tests of this folder alone.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = (
    "operating",
    "embed",
    "desk",
    "feeds",
    "webhooks",
    "notifications",
    "sso",
    "mailbox",
    "factors",
    "mail",
    "accounts",
    "articles",
    "comments",
    "stances",
    "sanctions",
    "moderation",
    "redress",
    "privacy",
    "transparency",
    "posting",
    "transfer",
    "search",
    "demo",
    "text",
    "access",
    "db",
    "web",
    "jobs",
)
AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One module of the package: its dotted name, its file and its tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The room's name, or the module's own at the top level."""
        return self.name.split(".")[1] if "." in self.name else ""

    @property
    def word(self) -> str:
        """What the module is called inside its room."""
        return self.name.rpartition(".")[2]


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the package."""
    found = []
    for path in sorted((ROOT / "forum").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        text = path.read_text(encoding="utf-8")
        found.append(Module(name, path, text, ast.parse(text)))
    return tuple(found)


def imports_of(module: Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield every name that a module imports, as ``package.module`` or ``package.module.name``, with its statement."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name} imports relatively"
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)


def package_imports(module: Module) -> set[str]:
    """Return the package's modules that ``module`` imports; a name in a module counts as the module."""
    known = {other.name for other in modules()}
    found = set()
    for name, _ in imports_of(module):
        if name.partition(".")[0] == "forum":
            found.add(name if name in known else name.rpartition(".")[0])
    return found


def functions() -> Iterator[tuple[Module, AnyFunction]]:
    """Yield every function and method of the package, nested ones too."""
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield module, node


def called_name(node: ast.AST) -> str:
    """Return what a call calls as it is written, ``session.commit`` or ``Markup``; empty for anything else."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""
