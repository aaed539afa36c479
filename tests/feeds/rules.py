"""What the W3C feed validator (github.com/w3c/feedvalidator, release of December 2025) asks of an Atom feed, each rule by the name it has there.

The validator itself is no package, so the rules that can apply to us are written out; ours passed the original at its strictest level (AAA) when this was written.
"""

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from defusedxml.ElementTree import fromstring

ATOM = "{http://www.w3.org/2005/Atom}"
THR = "{http://purl.org/syndication/thread/1.0}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# RFC 3339, and the rule InvalidRFC3339Date.
MOMENT = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
# RFC 4151, and the rule InvalidTAG.
TAG = re.compile(r"tag:[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?,\d{4}(-\d\d(-\d\d)?)?:[A-Za-z0-9/_.~!$&'()*+,;=:@%-]*")
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# What each element may hold, and how often: MissingElement, DuplicateElement, UndefinedElement.
IN_FEED = {"id": 1, "title": 1, "subtitle": 1, "updated": 1, "author": 1, "link": 2}
IN_ENTRY = {"id": 1, "title": 1, "updated": 1, "published": 1, "link": 1, "summary": 1, "content": 1, "category": 1, "author": 99}
# The rule SecurityRisk: elements, and by their beginning attributes, that a reader would have to take out.
RISKY = {"script", "style", "iframe", "object", "embed", "form", "input", "meta", "link", "base", "svg", "math"}


def check_feed(data: bytes, *, address: str, content_type: str) -> Any:
    """Return the parsed feed that was got at ``address``. Raises AssertionError with the rule that is broken."""
    assert content_type == "application/atom+xml; charset=utf-8", "UnexpectedContentType"
    text = data.decode("utf-8")
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>'), "EncodingMismatch"
    assert not NOT_XML.search(text), "SAXError: a character that XML 1.0 forbids"
    feed = fromstring(data, forbid_dtd=True)
    assert feed.tag == f"{ATOM}feed", "UndefinedElement"
    assert re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", feed.get(LANG)), "InvalidLanguage"
    _check_parts(feed, IN_FEED, required=("id", "title", "updated"), also={f"{ATOM}entry"})
    links = {link.get("rel"): link for link in feed.findall(f"{ATOM}link")}
    assert "self" in links, "MissingSelf"
    assert links["self"].get("href") == address, "SelfDoesntMatchLocation"
    assert links["self"].get("type") == "application/atom+xml", "SelfNotAtom"
    entries = feed.findall(f"{ATOM}entry")
    ids = [feed.findtext(f"{ATOM}id"), *(entry.findtext(f"{ATOM}id") for entry in entries)]
    assert len(ids) == len(set(ids)), "DuplicateEntries"
    moments = [entry.findtext(f"{ATOM}updated") for entry in entries]
    assert len(moments) == len(set(moments)), "DuplicateUpdated"
    for entry in entries:
        _check_entry(entry)
    for element in feed.iter():
        _check_element(element)
    return feed


def _check_parts(element: Any, allowed: dict[str, int], *, required: tuple[str, ...], also: set[str]) -> None:
    names = [child.tag for child in element]
    for name in names:
        assert name.removeprefix(ATOM) in allowed or name in also, f"UndefinedElement {name}"
    for name, most in allowed.items():
        assert names.count(ATOM + name) <= most, f"DuplicateElement {name}"
    for name in required:
        assert (element.findtext(ATOM + name) or "").strip(), f"MissingElement or NotBlank {name}"


def _check_entry(entry: Any) -> None:
    _check_parts(entry, IN_ENTRY, required=("id", "title", "updated"), also={f"{THR}in-reply-to"})
    has_content = entry.find(f"{ATOM}content") is not None
    assert has_content or entry.find(f"{ATOM}link[@rel='alternate']") is not None, "MissingContentOrAlternate"
    answered = entry.find(f"{THR}in-reply-to")
    if answered is not None:
        assert TAG.fullmatch(answered.get("ref")), "RFC 4685: ref is the id of what is answered"
        assert _is_absolute(answered.get("href")), "InvalidLink"
    content = entry.find(f"{ATOM}content")
    if content is not None:
        assert content.get("type") == "html", "InvalidTextType"
        _Markup().check(content.text or "")


def _check_element(element: Any) -> None:
    name = element.tag.removeprefix(ATOM)
    if name in ("title", "subtitle", "summary"):
        is_html = element.get("type") == "html"
        assert is_html or not re.search(r"<|&#?\w+;", element.text), "ContainsUndeclaredHTML"
        assert not (is_html and "<" in element.text), "what is plain text has no markup of its own"
    if name == "id":
        assert TAG.fullmatch(element.text), "InvalidTAG, InvalidFullLink"
    elif name in ("updated", "published"):
        assert MOMENT.fullmatch(element.text), "InvalidRFC3339Date"
    elif name == "link":
        assert _is_absolute(element.get("href")), "InvalidLink, MissingHref"
        assert re.fullmatch(r"[a-z]+/[a-z+]+", element.get("type")), "InvalidMIMEType"
    elif name == "author":
        assert {child.tag for child in element} <= {f"{ATOM}name", f"{ATOM}uri"}, "UndefinedElement"
        assert (element.findtext(f"{ATOM}name") or "").strip(), "MissingElement: the name of a person"
        assert element.findtext(f"{ATOM}uri") is None or _is_absolute(element.findtext(f"{ATOM}uri")), "InvalidFullLink"
    elif name == "category":
        assert element.get("term"), "MissingAttribute"
    if name not in ("link", "category", f"{THR}in-reply-to"):
        assert (element.text or "").strip() or len(element), "NotBlank"


def _is_absolute(address: Any) -> bool:
    parts = urlsplit(address or "")
    return parts.scheme in ("http", "https") and bool(parts.netloc) and " " not in address


class _Markup(HTMLParser):
    """Reads the HTML of a content as a feed reader does: ContainsRelRef, SecurityRisk, NotHtml."""

    def check(self, html: str) -> None:
        """Raise AssertionError for what the rules forbid."""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], "NotHtml: an element that is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in RISKY, "SecurityRisk"
        for name, value in attrs:
            assert not name.startswith("on"), "SecurityRiskAttr"
            assert name != "style", "DangerousStyleAttr"
            if name in ("href", "src", "cite"):
                assert re.match(r"(https?|mailto):", value or ""), f"ContainsRelRef {value}"
        if tag not in ("br", "hr", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, "NotHtml"
        assert self.open.pop() == tag, "NotHtml"


def _plain(element: Any) -> str:
    text: str = element.text
    return unescape(text) if element.get("type") == "html" else text


def entries_of(feed: Any) -> Iterator[dict[str, Any]]:
    """Yield what tests ask of each entry: id, title, page, text, summary, what it answers."""
    for entry in feed.findall(f"{ATOM}entry"):
        answered = entry.find(f"{THR}in-reply-to")
        yield {
            "id": entry.findtext(f"{ATOM}id"),
            "title": _plain(entry.find(f"{ATOM}title")),
            "page": entry.find(f"{ATOM}link").get("href"),
            "html": entry.findtext(f"{ATOM}content"),
            "summary": entry.findtext(f"{ATOM}summary"),
            "answers": answered.get("ref") if answered is not None else None,
            "updated": entry.findtext(f"{ATOM}updated"),
        }
