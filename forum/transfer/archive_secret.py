"""Puts the secret of a backup in its place, in the transaction of the rows that it belongs to; what was there before is kept beside it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy.orm import Session

from forum.db.transaction import otherwise
from forum.settings import SECRET_FILE, SECRET_MINIMUM, Settings
from forum.transfer.archive_file import Archive, ArchiveRefused

ASIDE = "before-restore"
_LONGEST = 4096


def place_secret(session: Session, archive: Archive, settings: Settings) -> Iterator[str]:
    """Write the backup's secret into the data folder and yield what whoever runs this should know; it is taken back when the transaction is.

    Raises ArchiveRefused when it is no secret, or the folder cannot be written.
    """
    secret = archive.secret_key()
    if secret is None:
        if archive.manifest.secrets and not settings.secret_key:
            yield "The secret of that installation stood in its settings: set FORUM_SECRET_KEY to the same here, or everybody signs in again and mailed links end."
        return
    if not SECRET_MINIMUM <= len(secret.strip()) <= _LONGEST or not secret.isascii():
        raise ArchiveRefused(f"{archive.name}: its secret is none that a forum makes.")
    if settings.secret_key:
        if settings.secret_key.encode() != secret.strip():
            yield "FORUM_SECRET_KEY is set here and is another one than the backup's, which was not put in place: everybody signs in again, and mailed links end."
        return
    file = Path(settings.data_dir) / SECRET_FILE
    try:
        if file.exists() and file.read_bytes().strip() == secret.strip():
            return
        aside = _put(session, file, secret)
    except OSError as error:
        raise ArchiveRefused(f"The secret cannot be written to {file}: {error.strerror or type(error).__name__}.") from None
    if aside is not None:
        yield f"The secret of this installation is the backup's now; the one that was here is kept in {aside.name}. A server that runs must be started again."


def _put(session: Session, file: Path, secret: bytes) -> Path | None:
    aside = next(name for name in _names(file) if not name.exists()) if file.exists() else None
    draft = file.with_name(f".{SECRET_FILE}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(secret)
        stream.flush()
        os.fsync(stream.fileno())
    if aside is not None:
        os.link(file, aside)
    draft.replace(file)

    def take_back() -> None:
        with suppress(OSError):
            if aside is None:
                file.unlink()
            else:
                aside.replace(file)

    otherwise(session, take_back)
    return aside


def _names(file: Path) -> Iterator[Path]:
    number = 1
    while True:
        yield file.with_name(f"{SECRET_FILE}.{ASIDE}" + (f"-{number}" if number > 1 else ""))
        number += 1
