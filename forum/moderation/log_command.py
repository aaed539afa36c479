"""``forum modlog``: is the moderation log what was written? Runs inside the application's context, which the command line opens around it."""

import click

from forum.access.viewer import DEFAULT_SITE_ID
from forum.db.transaction import reading
from forum.moderation import log


@click.group("modlog")
def modlog_commands() -> None:
    """The moderation log: verify that nothing was changed behind its back."""


@modlog_commands.command("verify")
def verify_log() -> None:
    """Compare every row of the moderation log with its hash, the row before and the log's end."""
    with reading() as session:
        found = log.verify(session, DEFAULT_SITE_ID)
    if found.faults:
        raise click.ClickException(found.faults[0].detail)
    click.echo(f"{found.count} row{'' if found.count == 1 else 's'}, in order, head {found.head}")
