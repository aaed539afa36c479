"""Other sites for the widget's tests: host pages over HTTPS on origins of their own, a discussion behind TLS, a Chromium that blocks third-party cookies.

The rule: names end in .example and lead to this machine (``--host-resolver-rules``), so that they are different sites to the browser.
"""

import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.browser.desk import Desk
from tests.browser.serving import Site, serve

TALK, HOST, EVIL = "talk.example", "host.example", "evil.test.example.com"
NAMES = ("--host-resolver-rules=MAP *.example 127.0.0.1, MAP *.example.com 127.0.0.1", "--ignore-certificate-errors")
# Chromium's own setting "Block third-party cookies", as it stands in a profile.
BLOCKING = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}


def make_certificate(folder: Path) -> Path:
    """Write a key and a certificate that signs itself into one file and return it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    moment = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(TALK), x509.DNSName(HOST), x509.DNSName(EVIL)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


def context_of(certificate: Path) -> ssl.SSLContext:
    """Return a server's TLS context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


class Hosted:
    """Pages of host sites: what stands at each path, on whichever name they are asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.pages: dict[str, str] = {}
        self.headers: dict[str, str] = {}

    def origin(self, name: str = HOST) -> str:
        """Return the origin of one of the names."""
        return f"https://{name}:{self.port}"

    def show(self, path: str, html: str, **headers: str) -> str:
        """Put a page at ``path`` and return its address on the host site."""
        self.pages[path] = html
        self.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.origin() + path


@contextmanager
def host_pages(certificate: Path) -> Iterator[Hosted]:
    """Serve host pages over HTTPS until the block ends."""
    found: Hosted

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            html = found.pages.get(self.path.partition("?")[0])
            body = (html or "nothing here").encode()
            self.send_response(200 if html is not None else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8" if html is not None else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context_of(certificate).wrap_socket(server.socket, server_side=True)
    found = Hosted(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def behind_tls(certificate: Path, *, port: int, target: int) -> Iterator[None]:
    """Pass what comes to ``port`` over TLS on to ``target``, as a reverse proxy does, until the block ends."""
    listener = socket.create_server(("127.0.0.1", port), backlog=64)
    context = context_of(certificate)

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def serve_one(plain: socket.socket) -> None:
        with (
            suppress(OSError),
            context.wrap_socket(plain, server_side=True) as outer,
            socket.create_connection(("127.0.0.1", target)) as inner,
        ):
            back = threading.Thread(target=copy, args=(inner, outer), daemon=True)
            back.start()
            copy(outer, inner)
            back.join(30)

    def serve_all() -> None:
        with suppress(OSError):
            while True:
                accepted, _ = listener.accept()
                threading.Thread(target=serve_one, args=(accepted,), daemon=True).start()

    threading.Thread(target=serve_all, daemon=True).start()
    try:
        yield
    finally:
        listener.close()


@dataclass
class Talk:
    """A discussion behind TLS on its own name, and host pages beside it. ``site`` is where programs of the test reach it."""

    origin: str
    site: Site
    hosted: Hosted
    desk: Desk

    def placeholder(self, path: str, attributes: str = "") -> str:
        """Return the lines that a host page pastes for the page at ``path``."""
        url = self.hosted.origin() + path
        link = f'<a href="{self.origin}/at?url={quote(url, safe="")}">Join the discussion</a>'
        return f'<div data-forum-article="{url}" {attributes}>{link}</div>'

    @property
    def loader(self) -> str:
        """The line that loads the loader."""
        return f'<script async src="{self.origin}/embed.js"></script>'


@contextmanager
def talk_and_host(folder: Path, **settings: str) -> Iterator[Talk]:
    """Serve the demo discussion behind TLS and host pages whose origin it allows, until the block ends."""
    certificate = make_certificate(folder)
    port = free_port()
    origin = f"https://{TALK}:{port}"
    chosen = {"base_url": origin} | settings
    with (
        host_pages(certificate) as hosted,
        serve(folder / "site", demo=True, **chosen) as served,
        behind_tls(certificate, port=port, target=served.port),
    ):
        site = Site(f"https://127.0.0.1:{port}", served.password, served.port)
        desk = Desk(site)
        admin = desk.person("ada")
        admin.call("POST", "/admin/site/origins", {"origin": hosted.origin()})
        admin.call("PATCH", "/admin/site", {"creates_articles": True})
        yield Talk(origin, site, hosted, desk)


def make_profile(folder: Path, preferences: Mapping[str, object] = BLOCKING) -> Path:
    """Make a Chromium profile with these preferences and return its folder."""
    (folder / "Default").mkdir(parents=True)
    (folder / "Default" / "Preferences").write_text(json.dumps(preferences), encoding="utf-8")
    return folder
