"""One mail as it goes over the wire: RFC 5322 headers, a plain text and perhaps the same as HTML, by the standard library, which refuses header injection itself."""

from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime

from forum.mail.filling import Letter


class AsItIs(UnstructuredHeader, BaseHeader):
    """A header in one line, however long. The library would make an encoded word of an address that fills a line, and no mail program reads an address in one."""

    def fold(self, *, policy: Policy) -> str:
        """Return the header as it is sent."""
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", AsItIs)
_POLICY = SMTP.clone(header_factory=_HEADERS)


def make_message(letter: Letter, *, sender: tuple[str, str], message_id: str, date: datetime) -> EmailMessage:
    """Return the message; ``sender`` is a name (may be empty) and an address. Raises ValueError for what cannot stand in a header.

    ``Auto-Submitted`` (RFC 3834) keeps holiday notices from answering it.
    """
    message = EmailMessage(policy=_POLICY)
    name, address = sender
    message["From"] = Address(name, addr_spec=to_ascii(address))
    message["To"] = to_ascii(letter.to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    for header, value in letter.headers.items():
        message[header] = value
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    if letter.html:
        message.add_alternative(letter.html, subtype="html", charset="utf-8", cte="quoted-printable")
    return message


def to_ascii(address: str) -> str:
    """Return the address with its domain as the mail system knows it (IDNA); a local part that is not ASCII stays and needs SMTPUTF8."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address
