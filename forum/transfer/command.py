"""``forum import FORMAT FILE``: progress on standard error, the report on standard output, exit code 1 when the file was refused.

Runs inside the application's context, which the command line opens around it.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from forum.db.schema import bring_up_to_date, schema_head, schema_revision
from forum.db.transaction import reading
from forum.transfer.engine import Import, run_import
from forum.transfer.formats import FORMATS
from forum.transfer.queries import find_site_id
from forum.transfer.records import Advance, ImportRefused

_FORMAT_HELP = "; ".join(f"{format_.name}: {format_.title}" for format_ in FORMATS.values())


@click.command("import", epilog=f"Formats: {_FORMAT_HELP}.")
@click.argument("format_name", metavar="FORMAT", type=click.Choice(sorted(FORMATS)))
@click.argument("file", metavar="FILE", type=click.Path(exists=True, path_type=Path))
@click.option("--site", default="main", show_default=True, help="The slug of the site to import into.")
@click.option("--dry-run", is_flag=True, help="Read and judge everything, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def import_command(format_name: str, file: Path, site: str, dry_run: bool, as_json: bool) -> None:
    """Bring in a discussion from another system; again changes nothing, and finishes what was interrupted."""
    _prepare(dry_run)
    with reading() as session:
        site_id = find_site_id(session, site)
    if site_id is None:
        raise click.BadParameter(f"there is no site '{site}'.", param_hint="--site")
    try:
        report = run_import(Import(FORMATS[format_name], file, site_id, dry_run), bar=_bar)
    except ImportRefused as refused:
        if as_json:
            click.echo(json.dumps({"refused": str(refused)}, ensure_ascii=False))
        raise click.ClickException(f"Nothing was imported. {refused}") from None
    click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if as_json else report.as_text())


def _prepare(dry_run: bool) -> None:
    """Make a new database's tables; a dry run leaves the schema of one that is in use alone."""
    with reading() as session:
        found = schema_revision(session)
    if found is not None and found != schema_head() and dry_run:
        raise click.ClickException("The database is not this version's: run 'forum init' first, then the dry run.")
    bring_up_to_date()


@contextmanager
def _bar(label: str, length: int) -> Iterator[Advance]:
    with click.progressbar(length=max(length, 1), label=label, file=sys.stderr) as bar:
        yield bar.update
