"""The ways out: an SMTP server, files, standard error. Each sends one message or raises ``NotSent``; none takes longer than it may.

The rule: what is raised names no text and no address of a mail, since it is stored and logged.
"""

import re
import smtplib
import ssl
import sys
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTPUTF8
from pathlib import Path
from threading import Timer

from forum.mail_target import MailTarget

ON_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
# The enhanced status code of RFC 3463, such as 5.1.1: it says why, and holds nothing of anybody.
_WHY = re.compile(rb"\b[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds: for one answer of the server, and for a whole mail, since a server may answer one byte at a time."""

    answer: float = 10
    mail: float = 20


class NotSent(Exception):
    """A mail could not be handed over. ``is_final``: another attempt would end the same way. ``is_general``: it was not about this mail."""

    def __init__(self, why: str, *, is_final: bool, is_general: bool = False) -> None:
        super().__init__(why)
        self.is_final = is_final
        self.is_general = is_general


def send(message: EmailMessage, target: MailTarget, *, data_dir: Path, patience: Patience) -> None:
    """Hand ``message`` over to ``target``. Raises NotSent."""
    if target.kind == "console":
        sys.stderr.write(f"{message.as_string()}\n")
    elif target.kind == "file":
        _write(message, Path(target.folder) if target.folder else data_dir / "mail")
    else:
        _deliver(message, target, patience)


def _write(message: EmailMessage, folder: Path) -> None:
    # Named by its id: sent twice, it is there once.
    name = re.sub(r"[^A-Za-z0-9.-]", "", message["Message-ID"].partition("@")[0])
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = folder / f".{name}.part"
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(message.as_bytes())
        unfinished.replace(folder / f"{name}.eml")
    except OSError as error:
        raise NotSent(type(error).__name__, is_final=False, is_general=True) from None


def _deliver(message: EmailMessage, target: MailTarget, patience: Patience) -> None:
    # Our own name is given: the library would ask the name service for it, which may take its time.
    name = message["From"].addresses[0].domain
    if target.kind == "smtp":
        server = smtplib.SMTP(local_hostname=name, timeout=patience.answer)
    else:
        server = smtplib.SMTP_SSL(local_hostname=name, timeout=patience.answer, context=ssl.create_default_context())
    # Closing what it reads from ends the wait for a server that never comes to an end.
    watch = Timer(patience.mail, _cut, (server,))
    watch.daemon = True
    watch.start()
    try:
        _converse(server, message, target)
    except NotSent:
        raise
    except smtplib.SMTPRecipientsRefused as error:
        code, why = next(iter(error.recipients.values()))
        raise NotSent(_say(error, code, why), is_final=code >= 500) from None
    except smtplib.SMTPDataError as error:
        raise NotSent(_say(error, error.smtp_code, error.smtp_error), is_final=error.smtp_code >= 500) from None
    except ssl.SSLError as error:
        # Before ValueError, which a certificate that does not fit is as well.
        raise NotSent(type(error).__name__, is_final=False, is_general=True) from None
    except (smtplib.SMTPNotSupportedError, ValueError) as error:
        # Letters in the address that this server cannot take, or a header that cannot be written.
        raise NotSent(type(error).__name__, is_final=True) from None
    except smtplib.SMTPResponseException as error:
        raise NotSent(_say(error, error.smtp_code, error.smtp_error), is_final=False, is_general=True) from None
    except (smtplib.SMTPException, OSError, EOFError) as error:
        raise NotSent(type(error).__name__, is_final=False, is_general=True) from None
    finally:
        watch.cancel()
        server.close()


def _converse(server: smtplib.SMTP, message: EmailMessage, target: MailTarget) -> None:
    # What the certificate has to be for.
    server._host = target.host  # type: ignore[attr-defined]
    code, why = server.connect(target.host, target.port)
    if code != 220:
        raise smtplib.SMTPConnectError(code, why)
    server.ehlo_or_helo_if_needed()
    is_secret = target.kind == "smtps"
    if not is_secret and server.has_extn("starttls"):
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
        is_secret = True
    if target.user:
        if not is_secret and target.host not in ON_THIS_MACHINE:
            # Who stands between could hide that TLS is offered, and read the password.
            raise NotSent("the server offers no TLS, so that it gets no password", is_final=False, is_general=True)
        server.login(target.user, target.password)
    _hand_over(server, message)
    # It is accepted: what the server says to a goodbye changes nothing.
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        return


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    # Not by the library's send_message, which would write ">From" where a line begins with From.
    sender, to = (str(message[name].addresses[0].addr_spec) for name in ("From", "To"))
    is_plain = f"{sender}{to}".isascii()
    if not is_plain and not server.has_extn("smtputf8"):
        raise smtplib.SMTPNotSupportedError
    data = message.as_bytes() if is_plain else message.as_bytes(policy=SMTPUTF8)
    server.sendmail(sender, [to], data, () if is_plain else ("SMTPUTF8", "BODY=8BITMIME"))


def _cut(server: smtplib.SMTP) -> None:
    if server.sock is not None:
        try:
            server.sock.shutdown(2)
        except OSError:
            return


def _say(error: Exception, code: int, why: bytes | str) -> str:
    enhanced = _WHY.search(why if isinstance(why, bytes) else why.encode(errors="replace"))
    return f"{type(error).__name__} {code}{f' {enhanced[0].decode()}' if enhanced else ''}"
