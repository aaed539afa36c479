"""``forum import FORMAT FILE``: progress on standard error, the report on standard output, exit code 1 when the file was refused.

Runs inside the application's context, which the command line opens around it.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from forum.access.viewer import DEFAULT_SITE_ID
from forum.db.schema import bring_up_to_date, schema_head, schema_revision
from forum.db.transaction import reading
from forum.transfer.archive_comparing import bring_in
from forum.transfer.archive_report import ArchiveReport
from forum.transfer.engine import Import, run_import
from forum.transfer.formats import FORMATS
from forum.transfer.queries import find_site_id
from forum.transfer.records import Advance, ImportRefused, moment, web_address
from forum.transfer.report import Report
from forum.web.context import settings

_FORMAT_HELP = "; ".join(f"{format_.name}: {format_.title}" for format_ in FORMATS.values())


@click.command("import", epilog=f"Formats: {_FORMAT_HELP}.")
@click.argument("format_name", metavar="FORMAT", type=click.Choice(sorted(FORMATS)))
@click.argument("file", metavar="FILE", type=click.Path(exists=True, path_type=Path))
@click.option("--site", default="main", show_default=True, help="The slug of the site to import into.")
@click.option("--base-url", metavar="URL", help="Where the pages are that a file names by their paths alone, such as https://blog.example.")
@click.option("--since", metavar="DATE", help="Only comments of this date (UTC) or moment and later, and what they answer.")
@click.option("--dry-run", is_flag=True, help="Read and judge everything, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def import_command(format_name: str, file: Path, site: str, as_json: bool, **options: Any) -> None:
    """Bring in a discussion from another system; again changes nothing, and finishes what was interrupted."""
    order = Import(
        FORMATS[format_name], file, dry_run=options["dry_run"], base_url=_base(options["base_url"]), since=_since(options["since"])
    )
    _prepare(order.dry_run)
    with reading() as session:
        site_id = find_site_id(session, site)
    if site_id is None:
        raise click.BadParameter(f"there is no site '{site}'.", param_hint="--site")
    try:
        report = _bring_in(replace(order, site_id=site_id))
    except ImportRefused as refused:
        if as_json:
            click.echo(json.dumps({"refused": str(refused)}, ensure_ascii=False))
        raise click.ClickException(f"Nothing was imported. {refused}") from None
    click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if as_json else report.as_text())


def _bring_in(order: Import) -> Report | ArchiveReport:
    """Import a file; one of our own archives is restored or compared instead, unless the database has another discussion, or a part of it was asked for."""
    is_whole = order.format is FORMATS["forum"] and order.since is None and order.site_id == DEFAULT_SITE_ID
    found = bring_in(order.file, settings(), dry_run=order.dry_run, bar=_bar) if is_whole else None
    return found or run_import(order, bar=_bar)


def _base(url: str | None) -> str | None:
    if url is not None and web_address(url) is None:
        raise click.BadParameter(
            f"'{url}' is no address: it begins with https:// or http://, such as https://blog.example.", param_hint="--base-url"
        )
    return url


def _since(date: str | None) -> datetime | None:
    since = moment(date) if date is not None else None
    if date is not None and since is None:
        raise click.BadParameter(
            f"'{date}' is no date: write it as 2024-01-31, or with a time as 2024-01-31T18:00:00+02:00.", param_hint="--since"
        )
    return since


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
