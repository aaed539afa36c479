"""``forum db``: upgrade, downgrade, where the schema stands. Runs inside the application's context, which the command line opens around it."""

import click

from forum.db.schema import refresh_statistics, schema_head, schema_revision
from forum.db.transaction import reading


@click.group("db")
def database_commands() -> None:
    """The database's schema: upgrade, downgrade, where it stands."""


@database_commands.command("upgrade")
@click.argument("revision", default="head")
def upgrade_schema(revision: str) -> None:
    """Bring the schema to REVISION, by default this version's."""
    from forum.db import migrating

    migrating.upgrade(revision)
    _say_revision()


@database_commands.command("downgrade")
@click.argument("revision")
def downgrade_schema(revision: str) -> None:
    """Take the schema back to REVISION (`base`: no tables, and nothing in them)."""
    from forum.db import migrating

    migrating.downgrade(revision)
    _say_revision()


@database_commands.command("current")
def current() -> None:
    """Say which revision the database has and which one this version needs."""
    _say_revision()


@database_commands.command("analyze")
def analyze() -> None:
    """Let the database's planner look at the tables anew."""
    refresh_statistics()
    click.echo("Done.")


def _say_revision() -> None:
    with reading() as session:
        found = schema_revision(session)
    click.echo(f"The database is at {found or 'nothing yet'}; this version needs {schema_head()}.")
