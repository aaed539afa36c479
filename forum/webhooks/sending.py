"""One attempt: a message is posted to an address, within a bound of time, and what became of it is returned; whatever happens is an outcome.

The rule: we connect to the very address that was judged, TLS is checked against the name, nothing is followed, and of the answer only its head is read.
"""

import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from threading import Timer
from time import monotonic
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from forum.webhooks.guard import NotSent, find_addresses, look_up
from forum.webhooks.troubles import Trouble

# How many of a host's addresses are tried where one does not take a connection.
ADDRESSES_TRIED = 2


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds: for a name and for a connection, and for the whole head of the answer, since it may come one byte at a time."""

    step: float = 5
    whole: float = 15


@dataclass(frozen=True)
class Message:
    """What is sent to where."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt: the answer's status, None without one; what was wrong, None where nothing was; the seconds that it took and that it asks for."""

    status: int | None
    trouble: Trouble | None
    seconds: float
    retry_after: int = 0


def send(message: Message, *, private_hosts: Collection[str], patience: Patience) -> Outcome:
    """Post ``message`` and return what became of it; never raises."""
    started = monotonic()
    try:
        status, retry_after = _post(message, private_hosts, patience)
    except NotSent as trouble:
        return Outcome(None, trouble.trouble, monotonic() - started)
    except Exception:  # noqa: BLE001 each layer has failures of its own, and no receiver may stop the others' messages
        is_late = monotonic() - started >= patience.whole
        return Outcome(None, Trouble.TOO_SLOW if is_late else Trouble.NO_ANSWER, monotonic() - started)
    return Outcome(status, judge(status), monotonic() - started, retry_after)


def judge(status: int) -> Trouble | None:
    """Return what a status means for the message: nothing is wrong with 200 to 299."""
    if 200 <= status <= 299:
        return None
    if status == 410:
        return Trouble.GONE
    return Trouble.REDIRECT if 300 <= status <= 399 else Trouble.STATUS


def _post(message: Message, private_hosts: Collection[str], patience: Patience) -> tuple[int, int]:
    parts = urlsplit(message.url)
    host, is_secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_secure else 80)
    if host in private_hosts:
        addresses = look_up(host, port, seconds=patience.step)
    elif is_secure:
        addresses = find_addresses(host, port, seconds=patience.step)
    else:
        raise NotSent(Trouble.PRIVATE_ADDRESS)
    trouble: Trouble | None = Trouble.NO_CONNECTION
    for address in addresses[:ADDRESSES_TRIED]:
        connection = _connection(address, port, host=host if is_secure else "", timeout=patience.step)
        try:
            trouble = _connect(connection)
            if trouble is None:
                return _ask(connection, message, host=parts.netloc, target=_target(message.url), seconds=patience.whole)
        finally:
            connection.close()
    raise NotSent(trouble or Trouble.NO_CONNECTION)


def _connection(address: str, port: int, *, host: str, timeout: float) -> HTTPConnection:
    if not host:
        return HTTPConnection(address, port, timeout=timeout)
    return HTTPSConnection(address, port, timeout=timeout, server_hostname=host, cert_reqs="CERT_REQUIRED")


def _connect(connection: HTTPConnection) -> Trouble | None:
    try:
        connection.connect()
    except NewConnectionError:
        return Trouble.NO_CONNECTION
    except ConnectTimeoutError:
        return Trouble.TOO_SLOW
    except (SSLError, OSError, HTTPError) as error:
        return Trouble.TOO_SLOW if isinstance(error, TimeoutError) else Trouble.TLS
    return None


def _ask(connection: HTTPConnection, message: Message, *, host: str, target: str, seconds: float) -> tuple[int, int]:
    watch = Timer(seconds, _cut, (connection,))
    watch.daemon = True
    watch.start()
    connection.timeout = seconds
    try:
        connection.request("POST", target, body=message.body, headers={"Host": host, **message.headers}, preload_content=False)
        answer = connection.getresponse()
    except TimeoutError:
        raise NotSent(Trouble.TOO_SLOW) from None
    finally:
        watch.cancel()
    wanted = answer.headers.get("Retry-After", "")
    return answer.status, int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else 0


def _target(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2]


def _cut(connection: HTTPConnection) -> None:
    # Ends the wait for an answer that never comes to an end.
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
