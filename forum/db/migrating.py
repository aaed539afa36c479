"""Moves the schema from one revision to another with Alembic. Imported only where something is to be moved: a server whose schema is this version's never
loads it, which spares each of its processes 12 MB. Called by ``schema`` and the commands of ``forum db``.
"""

import alembic.command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import current_app
from flask_migrate import Migrate

from forum.db.base import db
from forum.paths import resource
from forum.refusals import Kind, Refusal
from forum.sentences import sentence

KNOWN = "migrate"


def upgrade(revision: str = "head") -> None:
    """Bring the schema up to ``revision``. Raises Refusal ``conflict`` for one that is not known."""
    _run(alembic.command.upgrade, revision)


def downgrade(revision: str) -> None:
    """Take the schema back to ``revision``; ``base``: no tables. Raises Refusal ``conflict`` for one that is not known."""
    _run(alembic.command.downgrade, revision)


def known_revisions() -> set[str]:
    """Return the revisions that this version knows how to come from."""
    config = Config()
    config.set_main_option("script_location", str(resource("migrations")))
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def _run(move: object, revision: str) -> None:
    folder = str(resource("migrations"))
    if KNOWN not in current_app.extensions:
        Migrate(current_app, db, directory=folder, render_as_batch=True, compare_type=True, compare_server_default=True)
    try:
        move(current_app.extensions[KNOWN].migrate.get_config(folder), revision)  # type: ignore[operator]
    except CommandError as error:
        raise Refusal(Kind.CONFLICT, sentence("%(said)s.", said=str(error))) from error
