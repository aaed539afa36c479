"""The ``forum`` command: serve, worker, init, demo, import, account, modlog, mail, db, settings.

Exit codes: 0 done, 1 the input was refused or a check fell short, 2 wrong usage. Errors are one sentence with the way out, never a traceback.
"""

import secrets
import sys
from collections.abc import Callable
from copy import copy
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import msgspec
from flask import Flask
from sqlalchemy.exc import DBAPIError

from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.accounts.actions import NewAccount, change_password, check_new_account, create_account, end_sign_ins, set_role
from forum.accounts.passwords import find_password_faults, hash_password
from forum.accounts.queries import get_account
from forum.app import create_app
from forum.clock import now
from forum.db.base import db
from forum.db.schema import bring_up_to_date, refresh_statistics, schema_head, schema_revision
from forum.db.transaction import reading, writing
from forum.demo.load import is_demo, is_empty, load_demo, who_signs_in
from forum.factors.actions import unlock
from forum.jobs.worker import Worker, run_until_signalled
from forum.mail.actions import retry_mail
from forum.mail.queries import count_waiting_mails, list_dead_mails, list_waiting_mails
from forum.moderation import log
from forum.refusals import Refusal
from forum.server import Server, default_workers, find_listening_fault
from forum.settings import Settings, SettingsError, describe_settings, load_settings, mask_password
from forum.transfer.command import import_command
from forum.web.metrics import share
from forum.web.metrics_sharing import WORKERS, prepare_folder

DEMO_PASSWORD_FILE = "demo_password"


def say(line: str = "") -> None:
    """Write a line for the person at the terminal."""
    click.echo(line)


def with_app(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run ``command`` inside an application built from the environment."""

    @wraps(command)
    def run(*args: Any, **named: Any) -> Any:
        with _application().app_context():
            return command(*args, **named)

    return run


def with_database(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run ``command`` as ``with_app`` does, on a database that has this version's schema."""

    @wraps(command)
    def run(*args: Any, **named: Any) -> Any:
        with _application().app_context():
            _refuse_other_schema()
            return command(*args, **named)

    return run


def _application() -> Flask:
    return create_app(_command_settings())


def _command_settings() -> Settings:
    # A person reads these lines, not a log collector; what a command has to say it says itself.
    settings = load_settings()
    return msgspec.structs.replace(settings, log_format="console", log_level="error")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("forum"), prog_name="forum")
def cli() -> None:
    """A self-hosted discussion backend for articles whose claims are contested."""


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="The port to listen on.")
@click.option("--workers", type=click.IntRange(1, 64), help="Server processes. [default: FORUM_WORKERS]")
@click.option("--threads", type=click.IntRange(1, 64), help="Threads in each process. [default: FORUM_THREADS]")
@click.option("--demo", "with_demo", is_flag=True, help="Load the demo discussion first, as 'forum demo' does.")
def serve(host: str, port: int, workers: int | None, threads: int | None, with_demo: bool) -> None:
    """Serve the site; an empty data folder is initialised first."""
    settings = load_settings()
    if fault := find_listening_fault(host, port):
        raise click.ClickException(fault)
    with _application().app_context():
        if bring_up_to_date():
            say(f"The database was brought up to date: {_where(settings)}")
        _refuse_other_schema()
        if with_demo:
            _offer_demo(settings)
        # The workers open connections of their own: one that two processes share would mix up their answers.
        db.engine.dispose()
    shown = f"[{host}]" if ":" in host else host
    count = workers or settings.workers or default_workers()
    welcome = f"Serving {settings.site_name} at http://{shown}:{port} with {count} process{'es' if count > 1 else ''}. Stop with Ctrl-C."
    Server(settings, bind=f"{shown}:{port}", workers=count, threads=threads or settings.threads, on_ready=lambda: say(welcome)).run()


@cli.command()
def worker() -> None:
    """Run what is done later, apart from the server, until SIGTERM or Ctrl-C; what is running then is finished."""
    # With the log lines of the settings: this one runs for as long as the server does.
    app = create_app(load_settings())
    with app.app_context():
        _refuse_other_schema()
    prepare_folder(load_settings().data_dir)

    # What shares the figures is a thread as well, and so begins under the worker's hand: an earlier one would take the signals that are waited for.
    def begin() -> Any:
        say("Running jobs. Stop with Ctrl-C.")
        return share(app, WORKERS)

    sharing = run_until_signalled(Worker(app, apart=True), begin)
    if sharing is not None:
        sharing.stop()


@cli.command()
def init() -> None:
    """Create or upgrade the database and make the secret; safe to repeat."""
    settings = load_settings()
    with _application().app_context():
        changed = bring_up_to_date()
        _refuse_other_schema()
    say(f"{'Brought up to date' if changed else 'Up to date already'}: {_where(settings)}")


@cli.command()
@with_app
def demo() -> None:
    """Load the demo discussion into an empty database and show who can sign in."""
    bring_up_to_date()
    _refuse_other_schema()
    _offer_demo(load_settings())


def _offer_demo(settings: Settings) -> None:
    file = Path(settings.data_dir) / DEMO_PASSWORD_FILE
    with reading() as session:
        empty, is_there = is_empty(session), is_demo(session)
    if empty:
        password = secrets.token_urlsafe(9)
        with writing() as session:
            counts = load_demo(session, password, with_cases=True)
        file.touch(mode=0o600)
        file.write_text(password + "\n", encoding="utf-8")
        refresh_statistics()
        say("Loaded the demo discussion: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()) + ".")
    elif not (is_there and file.exists()):
        raise click.ClickException(
            "The database is not empty, and what is in it is not the demo. Set FORUM_DATA_DIR to another folder for the demo."
        )
    password = file.read_text(encoding="utf-8").strip()
    with reading() as session:
        people = who_signs_in(session, password)
    say("Sign in as:")
    for person in people:
        say(
            f"  {person.kind:<10} {person.handle:<12} {f'password {password}' if person.has_password else 'with the password it was given since'}"
        )


def _inside_app(command: click.Command) -> click.Command:
    """Return a room's own command, run as ``with_app`` does; the room's stays as it is."""
    assert command.callback is not None
    inside = copy(command)
    inside.callback = with_app(command.callback)
    return inside


cli.add_command(_inside_app(import_command))


@cli.group()
def account() -> None:
    """Accounts: create one, give it a role, set its password, remove lost second factors."""


@account.command("create")
@click.argument("handle")
@click.option("--email", required=True, help="The account's e-mail address.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="member", show_default=True)
@click.option("--display-name", default="", help="The name that readers see. [default: the handle]")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
@with_database
def create(handle: str, email: str, role: str, display_name: str, password_stdin: bool) -> None:
    """Create the account HANDLE."""
    new = NewAccount(handle, email, _ask_password(password_stdin), display_name)
    with reading() as session:
        check_new_account(session, new)
    hashed = hash_password(new.password)
    with writing() as session:
        made = create_account(session, new, password_hash=hashed)
        # Whoever has this machine's shell vouches for the address.
        made.email_confirmed_at = now()
        set_role(session, made, site_id=DEFAULT_SITE_ID, role=Role(role))
        handle = made.handle
    say(f"Created the account {handle} with the role {role}.")


@account.command("role")
@click.argument("handle")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@with_database
def give_role(handle: str, role: str) -> None:
    """Give the account HANDLE a role."""
    with writing() as session:
        set_role(session, get_account(session, handle), site_id=DEFAULT_SITE_ID, role=Role(role))
    say(f"{handle} has the role {role} now.")


@account.command("password")
@click.argument("handle")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
@with_database
def set_password(handle: str, password_stdin: bool) -> None:
    """Set a new password for the account HANDLE and sign it out everywhere."""
    password = _ask_password(password_stdin)
    if faults := find_password_faults(password, handle=handle):
        raise click.ClickException(faults[0].detail)
    hashed = hash_password(password)
    with writing() as session:
        change_password(session, get_account(session, handle), password_hash=hashed, keep_signin_id=None)
    say(f"{handle} has a new password and is signed out everywhere.")


@account.command("unlock")
@click.argument("handle")
@with_database
def unlock_account(handle: str) -> None:
    """Remove the second factors of the account HANDLE, which has lost them, and sign it out everywhere."""
    with writing() as session:
        found = get_account(session, handle)
        count = unlock(session, found.id)
        end_sign_ins(session, found.id)
        handle = found.handle
    say(f"{handle} had {count} second factor{'' if count == 1 else 's'}; now the password alone signs in. It is signed out everywhere.")


@cli.group()
def modlog() -> None:
    """The moderation log: verify that nothing was changed behind its back."""


@modlog.command("verify")
@with_database
def verify_log() -> None:
    """Compare every row of the moderation log with its hash, the row before and the log's end."""
    with reading() as session:
        found = log.verify(session, DEFAULT_SITE_ID)
    if found.faults:
        raise click.ClickException(found.faults[0].detail)
    say(f"{found.count} row{'' if found.count == 1 else 's'}, in order, head {found.head}")


@cli.group()
def mail() -> None:
    """Outgoing mail: what was given up and why, and trying it again."""


@mail.command("list")
@with_database
def list_mail() -> None:
    """List the mails that were given up, the latest first, and say how many wait; texts are not shown."""
    with reading() as session:
        dead, waiting, count = list_dead_mails(session), list_waiting_mails(session, limit=20), count_waiting_mails(session)
    for lost in dead:
        say(
            f"{lost.id}  {lost.kind} to {lost.to_address}: given up after {lost.attempts}, {lost.failed_at:%Y-%m-%d %H:%M} ({lost.last_error})"
        )
    for due in waiting:
        trouble = f", failed {due.attempts} times ({due.last_error})" if due.last_error else ""
        say(f"{due.id}  {due.kind} to {due.to_address}: waits until {due.due_at:%Y-%m-%d %H:%M}{trouble}")
    say(f"{len(dead)} given up, {count} waiting.")


@mail.command("retry")
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=click.IntRange(1, 2**63 - 1))
@with_database
def retry(ids: tuple[int, ...]) -> None:
    """Try mails that were given up once more, from the beginning; 'forum mail list' shows their numbers."""
    with writing() as session:
        for mail_id in ids:
            retry_mail(session, mail_id)
    say(f"{len(ids)} mail{'' if len(ids) == 1 else 's'} will be tried again.")


@cli.group("db")
def database() -> None:
    """The database's schema: upgrade, downgrade, where it stands."""


@database.command("upgrade")
@click.argument("revision", default="head")
@with_app
def upgrade_schema(revision: str) -> None:
    """Bring the schema to REVISION, by default this version's."""
    from forum.db import migrating

    migrating.upgrade(revision)
    _say_revision()


@database.command("downgrade")
@click.argument("revision")
@with_app
def downgrade_schema(revision: str) -> None:
    """Take the schema back to REVISION (`base`: no tables, and nothing in them)."""
    from forum.db import migrating

    migrating.downgrade(revision)
    _say_revision()


@database.command("current")
@with_app
def current() -> None:
    """Say which revision the database has and which one this version needs."""
    _say_revision()


@database.command("analyze")
@with_app
def analyze() -> None:
    """Let the database's planner look at the tables anew."""
    refresh_statistics()
    say("Done.")


@cli.command("settings")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show_settings(as_json: bool) -> None:
    """List every setting: type, default, meaning, present value and where it came from; secrets are masked."""
    rows = describe_settings()
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows)))
        return
    for row in rows:
        say(f"{row.name} = {row.value or '(empty)'}   [{row.source}]")
        say(f"    {row.meaning} {row.kind}, default {row.default or '(empty)'}.")


def _say_revision() -> None:
    with reading() as session:
        found = schema_revision(session)
    say(f"The database is at {found or 'nothing yet'}; this version needs {schema_head()}.")


def _refuse_other_schema() -> None:
    with reading() as session:
        found = schema_revision(session)
    if found is None:
        raise click.ClickException("The database has no tables yet: run 'forum init' first.")
    if found != schema_head():
        raise click.ClickException(
            f"The database has the schema {found}, this version needs {schema_head()}: run the version that made it, or 'forum db' to move it."
        )


def _where(settings: Settings) -> str:
    return mask_password(settings.database_url)


def _ask_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def main() -> None:
    """Run the command line; every foreseen error is one sentence on standard error and exit code 1."""
    try:
        cli(standalone_mode=True)
    except SettingsError as error:
        _fail(str(error))
    except Refusal as refusal:
        _fail(" ".join(dict.fromkeys([refusal.detail, *(fault.detail for fault in refusal.faults)])))
    except DBAPIError as error:
        _fail(f"The database refused: {str(error.orig).strip().splitlines()[0]} (FORUM_DATABASE_URL says where it is).")


def _fail(sentence: str) -> None:
    click.echo(f"Error: {sentence}", err=True)
    sys.exit(1)
