"""The secret that signs sessions, links and cursors: made once, kept in the data folder, readable by its owner alone."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from forum.settings import SECRET_FILE, SECRET_MINIMUM, SettingsError


def ensure_secret(data_dir: Path) -> str:
    """Return the secret of this installation, making it at the first call; two processes that start at once agree on one. Raises SettingsError."""
    path = data_dir / SECRET_FILE
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            draft = data_dir / f".{SECRET_FILE}.{os.getpid()}"
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            # A link fails where a rename would replace: whoever comes second reads the first one's secret.
            with suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        secret = path.read_text().strip()
    except OSError as error:
        raise SettingsError(
            f"The data folder {data_dir} cannot be used: {error.strerror}. Set FORUM_DATA_DIR to a folder that can be written."
        ) from None
    if len(secret) < SECRET_MINIMUM:
        raise SettingsError(
            f"{path} holds fewer than {SECRET_MINIMUM} characters; delete it and a new secret is made (everybody is signed out)."
        )
    return secret
