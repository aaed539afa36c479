"""A real mail server on a free port (aiosmtpd) that keeps what it gets and refuses what it is told to; and servers that do not behave.

Called by the tests of mail and of mailed links.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Postbox:
    """What was accepted, parsed and as it came (``sources``), and with what the next mails are answered: a reply for RCPT or DATA, or something to call instead of replying."""

    letters: list[EmailMessage] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    at_recipient: list[str] = field(default_factory=list)
    at_data: list[str | Callable[[], str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    drops: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Accept a recipient, unless told otherwise."""
        answer = self.at_recipient.pop(0) if self.at_recipient else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Accept a mail, unless told otherwise."""
        answer = self.at_data.pop(0) if self.at_data else "250 OK"
        if isinstance(answer, str) and not answer.startswith("250"):
            return answer
        source = envelope.original_content.decode()
        letter = message_from_string(source, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.sources.append(source)
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        self.encrypted.append(session.ssl is not None)
        if self.drops:
            self.drops -= 1
            server.transport.abort()
        return answer if isinstance(answer, str) else answer()


@contextmanager
def serving(postbox: Postbox, **options: Any) -> Iterator[int]:
    """Run a mail server for ``postbox`` until the block ends and give its port."""
    controller = Controller(postbox, hostname="127.0.0.1", port=free_port(), server_hostname="mail.test", **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop(no_assert=True)


@contextmanager
def misbehaving(act: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen until the block ends, do ``act`` with whoever comes, and give the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def listen() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            held.append(caller)
            threading.Thread(target=act, args=(caller,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        # Closing alone would leave the thread in accept.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for caller in held:
            caller.close()


def free_port() -> int:
    """Return a port at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def check_password(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    """Let in who says the right words (aiosmtpd's authenticator)."""
    return AuthResult(success=(data.login, data.password) == (b"us er", b"p@ss:w/rd"))


def make_certificate(folder: Path, *, name: str = "127.0.0.1") -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for ``name`` that signs itself; return a server's context with it, and the file that a client would have to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server of tests")])
    named: x509.GeneralName = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    moment = datetime.now(UTC)
    made = x509.CertificateBuilder(
        called, called, key.public_key(), x509.random_serial_number(), moment - timedelta(days=400), moment + timedelta(days=4000)
    )
    signed = made.add_extension(x509.SubjectAlternativeName([named]), critical=False)
    signed = signed.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = signed.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    trusted, chain = folder / "trusted.pem", folder / "chain.pem"
    trusted.write_bytes(certificate)
    chain.write_bytes(private + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context, trusted
