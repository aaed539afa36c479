"""Where mail goes and whom it comes from, as two settings say it. Called by ``settings``, which turns a None into its sentence, and by the room of mail."""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

PORTS = {"smtp": 587, "smtps": 465}
_SENDER = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]{1,189}")


@dataclass(frozen=True)
class MailTarget:
    """Where mail goes: ``kind`` smtp, smtps, file or console, and what that kind needs. ``folder`` is empty for the data folder's ``mail``."""

    kind: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    folder: str = ""


def read_mail_target(url: str) -> MailTarget | None:
    """Read FORUM_MAIL_URL, in which user and password may be written with %XX; None for what is no such address."""
    if url == "console:":
        return MailTarget("console")
    if url.startswith("file:"):
        folder = url.removeprefix("file:").removeprefix("//")
        return MailTarget("file", folder=str(Path(folder).resolve()) if folder else "")
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if not port or not parts.hostname or parts.scheme not in PORTS or parts.path not in ("", "/") or parts.query or parts.fragment:
        return None
    return MailTarget(parts.scheme, parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""))


def read_sender(sender: str) -> tuple[str, str] | None:
    """Read FORUM_MAIL_FROM as a name, which may be empty, and an address; None for what is no sender."""
    name, address = parseaddr(sender)
    return (name, address) if sender.isprintable() and _SENDER.fullmatch(address) else None


def default_sender(base_url: str) -> str:
    """Return the address that mail comes from where none is set: ``forum@`` and our host."""
    host = urlsplit(base_url).hostname or "localhost"
    # An address in numbers is written in brackets (RFC 5321, section 4.1.3).
    numbers = f"[IPv6:{host}]" if ":" in host else f"[{host}]"
    return f"forum@{numbers if ':' in host or host.replace('.', '').isdecimal() else host}"
