"""What the tests of written text share: a reader that says what in a piece of HTML is outside the allow-list.

It is written with html.parser alone, so that it does not believe what either sanitiser believes.
"""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

ELEMENTS = frozenset({"p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"})
REL = "nofollow ugc noopener"


class _Reader(HTMLParser):
    def __init__(self, elements: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.elements = elements
        self.open: list[str] = []
        self.strangers: list[str] = []
        self.tags = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags += 1
        if tag not in self.elements:
            self.strangers.append(f"<{tag}>")
        if tag == "a" and "a" in self.open:
            self.strangers.append("a link in a link")
        if tag not in ("br", "hr"):
            self.open.append(tag)
        self.strangers += [f"{tag} {name}={value!r}" for name, value in attrs if not _is_known(tag, name, value or "")]
        self.strangers += _link_faults(dict(attrs)) if tag == "a" else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.strangers.append(f"<{tag}/>")

    def handle_endtag(self, tag: str) -> None:
        self.tags += 1
        if not self.open or self.open.pop() != tag:
            self.strangers.append(f"</{tag}> out of order")

    def handle_comment(self, data: str) -> None:
        self.strangers.append(f"comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        self.handle_comment(decl)

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)

    def handle_pi(self, data: str) -> None:
        self.handle_comment(data)


def _is_known(tag: str, name: str, value: str) -> bool:
    if tag == "a":
        return name in ("href", "rel", "title", "class")
    if tag == "ol":
        return name == "start" and re.fullmatch("[0-9]{1,9}", value) is not None
    return tag == "code" and name == "class" and re.fullmatch("language-[a-z0-9+#-]{1,20}", value) is not None


def _link_faults(attributes: dict[str, str | None]) -> list[str]:
    if attributes.get("class") == "mention":
        is_person = re.fullmatch("/u/[a-z0-9][a-z0-9_-]{0,29}", attributes.get("href") or "") and len(attributes) == 2
        return [] if is_person else [f"mention {attributes}"]
    href = urlsplit(attributes.get("href") or "")
    is_web = href.scheme in ("http", "https") and href.netloc != "" and "@" not in href.netloc
    return (
        [] if (is_web or href.scheme == "mailto") and attributes.get("rel") == REL and "class" not in attributes else [f"link {attributes}"]
    )


@pytest.fixture(scope="session")
def strangers() -> Callable[..., list[str]]:
    """A function of HTML (and further elements that are allowed) that lists everything in it that a text may not have."""

    def find(html: str, *more: str) -> list[str]:
        reader = _Reader(ELEMENTS | set(more))
        reader.feed(html)
        reader.close()
        found = reader.strangers + [f"<{tag}> left open" for tag in reader.open]
        # What another parser might read as a tag: every angle bracket must be one of those counted.
        if html.count("<") != reader.tags or html.count(">") != reader.tags:
            found.append("a loose angle bracket")
        return found

    return find
