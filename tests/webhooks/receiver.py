"""Real servers on loopback that are told: one that answers as it is told to and keeps what it got, and ways to be no good receiver."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any

from standardwebhooks.webhooks import Webhook as Verifier


@dataclass(frozen=True)
class Got:
    """One request: where it was posted, with which headers (in lower case) and which bytes."""

    path: str
    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> Any:
        """Return what the message says, as the reference library reads it. Raises its error for a signature that is not good."""
        return Verifier(secret).verify(self.body, self.headers)

    @property
    def id(self) -> str:
        """The message's id."""
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """What was got, and with which statuses and headers the next are answered: 204 when nothing is left."""

    got: list[Got] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    always: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    # Called before the next answers.
    first: list[Callable[[], object]] = field(default_factory=list)
    port: int = 0

    def url(self, path: str = "/hook", *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        """Return the address of the receiver."""
        return f"{scheme}://{host}:{self.port}{path}"


@contextmanager
def receiving(tls: SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            if receiver.first:
                receiver.first.pop(0)()
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else receiver.always)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            receiver.got.append(Got(self.path, {}, b"GET"))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args: Any) -> None:
            """Say nothing: who asks may hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
