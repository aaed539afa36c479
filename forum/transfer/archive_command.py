"""``forum export``, ``forum backup`` and ``forum restore``: progress on standard error, what was done on standard output, exit code 1 when something was refused.

Runs inside the application's context, which the command line opens around it.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from forum.transfer.archive_comparing import open_archive
from forum.transfer.archive_restoring import restore
from forum.transfer.archive_writing import ArchiveOrder, write_archive, write_file
from forum.transfer.records import Advance, ImportRefused
from forum.web.context import settings

_FILE = click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
_FORCE = click.option("--force", is_flag=True, help="Replace a file that is there already.")


@click.command("export")
@_FILE
@_FORCE
def export_command(file: Path, force: bool) -> None:
    """Write everything but passwords, tokens and other secrets into an archive (`-`: standard output)."""
    _write(file, secrets=False, force=force)


@click.command("backup")
@_FILE
@_FORCE
def backup_command(file: Path, force: bool) -> None:
    """Write everything, secrets as well, into an archive (`-`: standard output); the server goes on meanwhile."""
    _write(file, secrets=True, force=force)


@click.command("restore")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Read and judge everything, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def restore_command(file: Path, dry_run: bool, as_json: bool) -> None:
    """Fill an empty database with an archive (`-`: standard input): all of it as it was, or nothing."""
    try:
        with open_archive(file) as archive:
            report = restore(archive, settings(), dry_run=dry_run, bar=progress)
    except ImportRefused as refused:
        if as_json:
            click.echo(json.dumps({"refused": str(refused)}, ensure_ascii=False))
        raise click.ClickException(f"Nothing was restored. {refused}") from None
    click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if as_json else report.as_text())


@contextmanager
def progress(label: str, length: int) -> Iterator[Advance]:
    """Show on standard error how many of ``length`` rows are done."""
    with click.progressbar(length=max(length, 1), label=label, file=sys.stderr) as bar:
        yield bar.update


def _write(file: Path, *, secrets: bool, force: bool) -> None:
    order = ArchiveOrder(settings(), secrets)
    try:
        if str(file) != "-":
            manifest = write_file(file, order, force=force, bar=progress)
        elif sys.stdout.isatty():
            raise click.UsageError("an archive is no text: name a file, or send it on with '|' or '>'.")
        else:
            manifest = write_archive(sys.stdout.buffer, order, bar=progress)
    except ImportRefused as refused:
        raise click.ClickException(f"Nothing was written. {refused}") from None
    rows = sum(one.rows for one in manifest.tables.values())
    held = (
        "secrets and all: whoever has it can sign in as anybody"
        if secrets
        else "no passwords, tokens and other secrets; addresses of people are in it"
    )
    click.echo(f"{rows:,} rows of {len(manifest.tables)} tables ({held}).", err=True)
