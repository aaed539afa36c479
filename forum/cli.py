"""The ``forum`` command: serve, worker, init and settings here; every other command is its room's own, and gathered in ``COMMANDS``.

Exit codes: 0 done, 1 the input was refused or a check fell short, 2 wrong usage. Errors are one sentence with the way out, never a traceback.
"""

import sys
from collections.abc import Callable, Mapping
from copy import copy
from functools import wraps
from importlib.metadata import version
from pkgutil import resolve_name
from types import MappingProxyType
from typing import Any

import click
import msgspec
from flask import Flask
from sqlalchemy.exc import DBAPIError

from forum.app import create_app, create_store
from forum.db.base import db
from forum.db.schema import bring_up_to_date, schema_head, schema_revision
from forum.db.transaction import reading
from forum.jobs.worker import Worker, run_until_signalled
from forum.refusals import Moved, Refusal
from forum.server import Server, default_workers, find_listening_fault
from forum.settings import Settings, SettingsError, describe_settings, load_settings, mask_password
from forum.web.metrics import share
from forum.web.metrics_sharing import WORKERS, prepare_folder

# Where each is, and whether it wants a database that has this version's schema already; the others make it, move it, or say what is there.
# Imported when it is called: a server's processes would carry all of them.
COMMANDS: Mapping[str, tuple[str, bool]] = MappingProxyType(
    {
        "demo": ("forum.demo.command:demo_command", False),
        "import": ("forum.transfer.command:import_command", False),
        "export": ("forum.transfer.archive_command:export_command", True),
        "backup": ("forum.transfer.archive_command:backup_command", True),
        "restore": ("forum.transfer.archive_command:restore_command", False),
        "account": ("forum.operating.account_command:account_commands", True),
        "article": ("forum.operating.article_command:article_commands", True),
        "check": ("forum.operating.check_command:check_command", True),
        "modlog": ("forum.moderation.log_command:modlog_commands", True),
        "mail": ("forum.mail.command:mail_commands", True),
        "db": ("forum.db.command:database_commands", False),
    }
)


class Rooms(click.Group):
    """The commands of this file, and those of the rooms."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all."""
        return sorted({*self.commands, *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None where there is none of this name."""
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            place, needs_schema = COMMANDS[cmd_name]
            command: click.Command = resolve_name(place)
            self.add_command(_inside(command, with_database if needs_schema else with_app), cmd_name)
        return super().get_command(ctx, cmd_name)


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


@click.group(cls=Rooms, context_settings={"help_option_names": ["-h", "--help"]})
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
    # The processes that serve are made of this one, and would carry a whole application besides their own.
    with (_application() if with_demo else create_store(_command_settings())).app_context():
        if bring_up_to_date():
            say(f"The database was brought up to date: {_where(settings)}")
        _refuse_other_schema()
        if with_demo:
            from forum.demo.command import offer_demo

            offer_demo(settings)
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


def _inside(command: click.Command, run: Callable[[Callable[..., Any]], Callable[..., Any]]) -> click.Command:
    """Return a room's own command, with all those below it, run inside an application; the room's stays as it is."""
    inside = copy(command)
    if isinstance(inside, click.Group):
        inside.commands = {name: _inside(below, run) for name, below in inside.commands.items()}
    elif command.callback is not None:
        inside.callback = run(command.callback)
    return inside


def main() -> None:
    """Run the command line; every foreseen error is one sentence on standard error and exit code 1."""
    try:
        cli(standalone_mode=True)
    except SettingsError as error:
        _fail(str(error))
    except Refusal as refusal:
        _fail(" ".join(dict.fromkeys([refusal.detail, *(fault.detail for fault in refusal.faults)])))
    except Moved:
        _fail("The article was just merged into another one; nothing was stored. Please try again.")
    except DBAPIError as error:
        _fail(f"The database refused: {str(error.orig).strip().splitlines()[0]} (FORUM_DATABASE_URL says where it is).")


def _fail(sentence: str) -> None:
    click.echo(f"Error: {sentence}", err=True)
    sys.exit(1)
