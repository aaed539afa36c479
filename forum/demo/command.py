"""``forum demo``: load the demo discussion, say who can sign in. Runs inside the application's context, which the command line opens around it."""

import secrets
from pathlib import Path

import click

from forum.db.schema import bring_up_to_date, settle
from forum.db.transaction import reading, writing
from forum.demo.load import is_demo, is_empty, load_demo, who_signs_in
from forum.settings import Settings, load_settings

PASSWORD_FILE = "demo_password"


@click.command("demo")
def demo_command() -> None:
    """Load the demo discussion into an empty database and show who can sign in."""
    bring_up_to_date()
    offer_demo(load_settings())


def offer_demo(settings: Settings) -> None:
    """Load the demo where the database is empty, and say who can sign in. Raises ClickException where something else is in it."""
    file = Path(settings.data_dir) / PASSWORD_FILE
    with reading() as session:
        empty, is_there = is_empty(session), is_demo(session)
    if empty:
        password = secrets.token_urlsafe(9)
        with writing() as session:
            counts = load_demo(session, password, with_cases=True)
        file.touch(mode=0o600)
        file.write_text(password + "\n", encoding="utf-8")
        settle()
        click.echo("Loaded the demo discussion: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()) + ".")
    elif not (is_there and file.exists()):
        raise click.ClickException(
            "The database is not empty, and what is in it is not the demo. Set FORUM_DATA_DIR to another folder for the demo."
        )
    password = file.read_text(encoding="utf-8").strip()
    with reading() as session:
        people = who_signs_in(session, password)
    click.echo("Sign in as:")
    for person in people:
        known = f"password {password}" if person.has_password else "with the password it was given since"
        click.echo(f"  {person.kind:<10} {person.handle:<12} {known}")
