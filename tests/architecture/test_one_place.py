"""What happens in one place, so that it can be judged, and taken out, in one place."""

import ast
import re
from collections.abc import Callable

import pytest

from tests.architecture.source import ROOT, called_name, functions, imports_of, modules

TEMPLATES = sorted((ROOT / "templates").rglob("*.*"))


def _files_that_call(is_meant: Callable[[str], bool]) -> set[str]:
    return {
        module.path.relative_to(ROOT).as_posix() for module in modules() for node in ast.walk(module.tree) if is_meant(called_name(node))
    }


def _files_that_import(library: str) -> set[str]:
    return {
        module.path.relative_to(ROOT).as_posix()
        for module in modules()
        for name, _ in imports_of(module)
        if name == library or name.startswith(f"{library}.")
    }


def _files_that_name(pattern: str) -> set[str]:
    """Return the files whose code, not their words, holds ``pattern``."""
    found = set()
    for module in modules():
        names = (ast.unparse(node) for node in ast.walk(module.tree) if isinstance(node, ast.Attribute | ast.Name))
        if any(re.search(pattern, name) for name in names):
            found.add(module.path.relative_to(ROOT).as_posix())
    return found


def test_one_file_commits() -> None:
    assert _files_that_call(lambda name: name.endswith(".commit")) == {"forum/db/transaction.py"}


# A duration is not a time of day: the request log measures one, who asks a provider or ends a server bounds one, and what a cookie said is remembered for one;
# jobs, and looking at a text, take people's time.
DURATIONS = {
    "forum/web/headers.py",
    "forum/web/front.py",
    "forum/web/cookie_sessions.py",
    "forum/web/metrics.py",
    "forum/server.py",
    "forum/web/statements.py",
    "forum/db/turns.py",
    "forum/db/valkey.py",
    "forum/db/quick.py",
    "forum/sso/fetching.py",
    "forum/webhooks/sending.py",
    "forum/moderation/screening/pipeline.py",
    "forum/jobs/run.py",
    "forum/jobs/worker.py",
}


def test_one_file_reads_the_clock() -> None:
    assert _files_that_name(r"\bdatetime\.(now|today|utcnow)$|\bdate\.today$") == {"forum/clock.py"}
    assert not _files_that_name(r"\btime\.(time|time_ns|localtime|gmtime)$")
    assert _files_that_name(r"\b(perf_counter|monotonic)(_ns)?$") <= DURATIONS
    assert _files_that_import("time") <= DURATIONS


def test_one_file_reads_the_environment() -> None:
    # What WSGI calls environ is a request.
    assert _files_that_name(r"\bos\.(environb?|getenvb?|putenv)$") == {"forum/settings.py"}
    assert not _files_that_import("os.environ") | _files_that_import("os.getenv")


@pytest.mark.parametrize(
    ("library", "file"),
    [
        ("bleach", "forum/text/sanitize.py"),
        ("nh3", "forum/text/sanitize.py"),
        ("markdown_it", "forum/text/markdown.py"),
        ("argon2", "forum/accounts/passwords.py"),
        ("gunicorn", "forum/server.py"),
        ("granian", "forum/server.py"),
        ("huey", "forum/jobs/executor.py"),
        ("urllib3", "forum/webhooks/sending.py"),
        ("re2", "forum/moderation/screening/patterns.py"),
    ],
)
def test_one_file_knows_the_library(library: str, file: str) -> None:
    assert _files_that_import(library) == {file}


def test_html_is_trusted_in_one_macro() -> None:
    assert _files_that_import("markupsafe") == {"forum/app.py"}
    assert _files_that_name(r"\b(Markup|safe_html)$") == {"forum/app.py"}
    assert [path.relative_to(ROOT).as_posix() for path in TEMPLATES if "safe_html" in path.read_text(encoding="utf-8")] == [
        "templates/macros/text.html"
    ]


def test_no_template_trusts_by_itself() -> None:
    assert TEMPLATES
    for path in TEMPLATES:
        assert not re.search(r"\|\s*safe\b|autoescape|\|\s*(?:forceescape|tojson)\b", path.read_text(encoding="utf-8")), path
    # Every template has to have an ending that Flask escapes by itself; in the plain texts of mails nothing is.
    assert {path.suffix for path in TEMPLATES if path.parent.name != "mail"} <= {".html", ".xml"}
    assert {path.suffix for path in TEMPLATES if path.parent.name == "mail"} == {".txt", ".html"}


def test_no_template_holds_a_script_or_a_style_of_its_own() -> None:
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        # What mails are made of: no mail program takes a style from anywhere but the element itself.
        is_mail = path.parent.name == "mail" or path.name == "mail_map.html"
        assert not re.search(r"<style\b|\son[a-z]+=|javascript:" + ("" if is_mail else r"|\sstyle="), text, re.IGNORECASE), path
        assert all("src=" in tag for tag in re.findall(r"<script\b[^>]*>", text)), path


# What is installed only where it is wanted, and imported only when it is used.
EXTRAS = {"authlib", "joserfc", "pyotp", "redis", "requests", "segno", "webauthn"}


# Alembic, which a server that has nothing to migrate does not load, huey, which only a process that runs jobs does, and the demo, of which most have none.
LATE = {"from forum.db import migrating", "from forum.jobs import executor", "from forum.demo.command import offer_demo"}


def test_imports_stand_at_the_top() -> None:
    hidden = [
        f"{module.name}.{function.name}"
        for module, function in functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) and not _imported(node) <= EXTRAS and ast.unparse(node) not in LATE
    ]
    assert not hidden


def _imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return {name.partition(".")[0] for name in names}


def test_nothing_is_evaluated_or_unpickled() -> None:
    assert not _files_that_call(
        lambda name: name in {"eval", "exec", "compile", "__import__"} or name.startswith(("pickle.", "marshal.", "os.system"))
    )
    for library in ("pickle", "marshal", "shelve", "subprocess"):
        assert not _files_that_import(library)
