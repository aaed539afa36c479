"""Reads the mail that a served discussion sends: with FORUM_MAIL_URL=file: each is a file in its data folder.

Called by ``places`` and by the tests of this folder; it waits for the mail, which the server's own worker sends, never for a time.
"""

import re
import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

PATIENCE_SECONDS = 60


def wait_for_link(folder: Path, *, to: str, about: str) -> str:
    """Return the path of the link in the mail to ``to`` whose subject has ``about`` in it, as soon as it is there."""
    for _ in range(PATIENCE_SECONDS * 10):
        for file in folder.glob("mail/*.eml"):
            mail = message_from_bytes(file.read_bytes(), policy=default)
            assert isinstance(mail, EmailMessage)
            if mail["To"] == to and about in mail["Subject"]:
                link = re.search(r"/mail/[\w-]+", _plain_text(mail))
                assert link is not None
                return link[0]
        # A folder says nothing when a file comes into it: asking again is the only way to wait on it.
        time.sleep(0.1)
    raise AssertionError(f"no mail to {to} about '{about}' came")


def _plain_text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())
