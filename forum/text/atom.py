"""Atom feeds as bytes that any reader takes: RFC 4287, with what answers what by RFC 4685. Called by every room that has a feed.

The rule: whatever somebody has written, the result is well-formed; an address that is given as a path becomes absolute, and an id never changes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlsplit
from xml.etree import ElementTree

ATOM = "http://www.w3.org/2005/Atom"
THREADING = "http://purl.org/syndication/thread/1.0"
CONTENT_TYPE = "application/atom+xml; charset=utf-8"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# What no XML 1.0 document may hold, not even as a reference.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LOOKS_LIKE_HTML = re.compile(r"<|&#?\w+;")
ElementTree.register_namespace("", ATOM)
ElementTree.register_namespace("thr", THREADING)


@dataclass(frozen=True)
class Writer:
    """Who wrote an entry; ``page`` (a path) is empty where they have none."""

    name: str
    page: str = ""


@dataclass(frozen=True)
class Answered:
    """What an entry answers: its id and its page (a path)."""

    id: str
    page: str


@dataclass(frozen=True)
class Entry:
    """One entry. ``html`` is its whole text, with addresses that are absolute already; ``summary`` is plain text. ``category``: a code and, for people, its words."""

    id: str
    title: str
    page: str
    updated: datetime
    published: datetime | None = None
    writers: Sequence[Writer] = ()
    html: str = ""
    summary: str = ""
    category: tuple[str, str] = ("", "")
    answered: Answered | None = None


@dataclass(frozen=True)
class Feed:
    """A feed. ``address`` and ``page`` are paths: its own and that of the page that shows the same; ``began``: its time while it has no entry.

    ``following``: the path of the part that comes after this one (RFC 5005, section 3), where it is in parts.
    """

    id: str
    title: str
    subtitle: str
    address: str
    page: str
    writer: str
    began: datetime
    entries: Sequence[Entry] = ()
    following: str = ""

    @property
    def updated(self) -> datetime:
        """When what it holds last changed."""
        return max((entry.updated for entry in self.entries), default=self.began)


def tag_id(base_url: str, since: datetime, what: str) -> str:
    """Return the lasting id (RFC 4151) of ``what``, which has been here ``since``."""
    host = (urlsplit(base_url).hostname or "localhost").replace(":", "-")
    return f"tag:{host},{since.astimezone(UTC):%Y-%m-%d}:{what}"


def write_feed(feed: Feed, *, base_url: str, language: str) -> str:
    """Return the document of a feed, to be sent as UTF-8."""
    root = ElementTree.Element(f"{{{ATOM}}}feed", {_LANGUAGE: language})
    _add(root, "id", feed.id)
    _add_text(root, "title", feed.title)
    _add_text(root, "subtitle", feed.subtitle)
    _add(root, "updated", _moment(feed.updated))
    _add_writer(root, Writer(feed.writer), base_url)
    _add_link(root, "self", "application/atom+xml", base_url + feed.address)
    _add_link(root, "alternate", "text/html", base_url + feed.page)
    if feed.following:
        _add_link(root, "next", "application/atom+xml", base_url + feed.following)
    for entry in feed.entries:
        _add_entry(root, entry, base_url)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_entry(root: ElementTree.Element, entry: Entry, base_url: str) -> None:
    made = ElementTree.SubElement(root, f"{{{ATOM}}}entry")
    _add(made, "id", entry.id)
    # An entry without words in its title would be a line without words in a reader's list.
    _add_text(made, "title", entry.title or entry.page)
    _add(made, "updated", _moment(entry.updated))
    if entry.published is not None:
        _add(made, "published", _moment(entry.published))
    for writer in entry.writers:
        _add_writer(made, writer, base_url)
    _add_link(made, "alternate", "text/html", base_url + entry.page)
    if entry.answered is not None:
        answered = {"ref": entry.answered.id, "href": base_url + entry.answered.page, "type": "text/html"}
        ElementTree.SubElement(made, f"{{{THREADING}}}in-reply-to", answered)
    if entry.category[0]:
        words = {"label": clean(entry.category[1])} if entry.category[1] else {}
        ElementTree.SubElement(made, f"{{{ATOM}}}category", {"term": clean(entry.category[0]), **words})
    if entry.summary:
        _add_text(made, "summary", entry.summary)
    if entry.html:
        _add(made, "content", entry.html, type="html")


def _add(root: ElementTree.Element, name: str, text: str, **attributes: str) -> None:
    ElementTree.SubElement(root, f"{{{ATOM}}}{name}", attributes).text = clean(text)


def _add_text(root: ElementTree.Element, name: str, text: str) -> None:
    """Add plain text; what looks like markup is declared to be HTML and escaped in it, since many readers take any text for HTML."""
    if _LOOKS_LIKE_HTML.search(text):
        _add(root, name, escape(text, quote=False), type="html")
    else:
        _add(root, name, text)


def clean(text: str) -> str:
    """Return ``text`` without the characters that XML 1.0 forbids."""
    return _NOT_XML.sub("", text)


def _add_writer(root: ElementTree.Element, writer: Writer, base_url: str) -> None:
    person = ElementTree.SubElement(root, f"{{{ATOM}}}author")
    _add(person, "name", writer.name)
    if writer.page:
        _add(person, "uri", base_url + writer.page)


def _add_link(root: ElementTree.Element, relation: str, kind: str, address: str) -> None:
    ElementTree.SubElement(root, f"{{{ATOM}}}link", {"rel": relation, "type": kind, "href": address})


def _moment(at: datetime) -> str:
    # To the microsecond: entries of one second keep their order.
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
