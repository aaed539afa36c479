"""What a request can ask of its application: the settings and the cursor signer."""

from typing import cast

from flask import current_app

from forum.db.paging import Cursors
from forum.settings import Settings

SETTINGS = "forum_settings"
CURSORS = "forum_cursors"


def settings() -> Settings:
    """Return the present application's settings."""
    return cast(Settings, current_app.extensions[SETTINGS])


def cursors() -> Cursors:
    """Return the present application's cursor signer."""
    return cast(Cursors, current_app.extensions[CURSORS])
