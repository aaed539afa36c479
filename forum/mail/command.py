"""``forum mail``: what was given up and why, and trying it again. Runs inside the application's context, which the command line opens around it."""

import click

from forum.db.transaction import reading, writing
from forum.mail.actions import retry_mail
from forum.mail.queries import count_waiting_mails, list_dead_mails, list_waiting_mails


@click.group("mail")
def mail_commands() -> None:
    """Outgoing mail: what was given up and why, and trying it again."""


@mail_commands.command("list")
def list_mail() -> None:
    """List the mails that were given up, the latest first, and say how many wait; texts are not shown."""
    with reading() as session:
        dead, waiting, count = list_dead_mails(session), list_waiting_mails(session, limit=20), count_waiting_mails(session)
    for lost in dead:
        click.echo(
            f"{lost.id}  {lost.kind} to {lost.to_address}: given up after {lost.attempts}, {lost.failed_at:%Y-%m-%d %H:%M} ({lost.last_error})"
        )
    for due in waiting:
        trouble = f", failed {due.attempts} times ({due.last_error})" if due.last_error else ""
        click.echo(f"{due.id}  {due.kind} to {due.to_address}: waits until {due.due_at:%Y-%m-%d %H:%M}{trouble}")
    click.echo(f"{len(dead)} given up, {count} waiting.")


@mail_commands.command("retry")
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=click.IntRange(1, 2**63 - 1))
def retry(ids: tuple[int, ...]) -> None:
    """Try mails that were given up once more, from the beginning; 'forum mail list' shows their numbers."""
    with writing() as session:
        for mail_id in ids:
            retry_mail(session, mail_id)
    click.echo(f"{len(ids)} mail{'' if len(ids) == 1 else 's'} will be tried again.")
