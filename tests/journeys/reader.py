"""A reader with a browser that runs no script: opens pages, follows links, fills in forms as they stand and sends them.

What is on a screen is read from its HTML, which is checked on the way: tags nest and close, ids are unique, every field that is filled in is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
INLINE = frozenset(["a", "b", "i", "em", "strong", "small", "span", "code", "q", "time", "ins", "del", "s"])
HERE = "http://localhost"


@dataclass
class Element:
    """An element of a screen."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element | str"] = field(default_factory=list)

    def walk(self) -> Iterator["Element"]:
        """Yield every element below this one, in the order of the source."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()

    def all(self, tag: str, **attributes: str) -> list["Element"]:
        """Return the elements below with this tag and these attributes; ``class_`` asks for one of the classes."""
        wanted_class = attributes.pop("class_", None)
        return [
            element
            for element in self.walk()
            if tag in ("*", element.tag)
            and all(element.attributes.get(name) == value for name, value in attributes.items())
            and (wanted_class is None or wanted_class in element.attributes.get("class", "").split())
        ]

    def one(self, tag: str, **attributes: str) -> "Element":
        """Return the only such element."""
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} elements {tag} {attributes} instead of one"
        return found[0]

    def within(self, tag: str, class_: str = "") -> bool:
        """Whether this stands inside such an element."""
        above = self.parent
        while above is not None:
            if above.tag == tag and (not class_ or class_ in above.attributes.get("class", "").split()):
                return True
            above = above.parent
        return False

    @property
    def text(self) -> str:
        """The words in it as they are read: blocks stand apart, spaces are single."""
        return " ".join("".join(self._texts(apart=" ")).split())

    @property
    def raw(self) -> str:
        """The words in it as they stand: what is in a text area."""
        return "".join(self._texts())

    def _texts(self, *, apart: str = "") -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                edge = apart if child.tag not in INLINE else ""
                yield edge
                yield from child._texts(apart=apart)
                yield edge


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value if value is not None else "" for name, value in attrs}, self.open)
        self.open.children.append(element)
        if tag not in VOID:
            self.open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.tag == tag, f"</{tag}> closes <{self.open.tag}>"
        assert self.open.parent is not None
        self.open = self.open.parent

    def handle_data(self, data: str) -> None:
        # The parser drops the line break that follows <textarea>, as a browser does.
        if self.open.tag == "textarea" and not self.open.children:
            data = data.removeprefix("\n")
        self.open.children.append(data)


def parse(html: str) -> Element:
    """Return the root of a page. Asserts that its tags nest and close and that its ids are unique."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    assert builder.open is builder.root, f"<{builder.open.tag}> is never closed"
    ids = [element.attributes["id"] for element in builder.root.walk() if "id" in element.attributes]
    assert len(ids) == len(set(ids)), f"ids twice: {sorted({name for name in ids if ids.count(name) > 1})}"
    return builder.root


@dataclass
class Screen:
    """What the reader sees: the answer, its address with the fragment, and the page."""

    response: TestResponse
    address: str
    page: Element

    @property
    def status(self) -> int:
        """The answer's status."""
        return self.response.status_code

    @property
    def path(self) -> str:
        """Where the reader is, without query and fragment."""
        return urlsplit(self.address).path

    @property
    def text(self) -> str:
        """The words on it."""
        return self.page.one("body").text

    @property
    def heading(self) -> str:
        """Its one first heading."""
        return self.page.one("h1").text

    @property
    def notices(self) -> list[str]:
        """What was said about the last thing done."""
        return [notice.text for notice in self.page.all("p", class_="notice")]

    @property
    def errors(self) -> str:
        """What is wrong with the form, above it; empty when nothing is."""
        found = self.page.all("div", class_="errors")
        return found[0].text if found else ""

    def form(self, action: str) -> Element:
        """Return the only form that goes to ``action``."""
        return self.page.one("form", action=action)

    def comment(self, comment_id: int) -> Element:
        """Return a comment in full, without its replies."""
        return self.page.one("article", id=f"c{comment_id}")

    @property
    def comments(self) -> list[int]:
        """The ids of the comments on it, in order."""
        return [int(card.attributes["id"][1:]) for card in self.page.all("article", class_="c")]


class Reader:
    """Somebody reading: a client and the screen before them."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.screen: Screen

    def open(self, path: str, **named: Any) -> Screen:
        """Open an address and go where it leads."""
        return self._go("GET", path, **named)

    def follow(self, words: str) -> Screen:
        """Follow the first link with these words."""
        link = next((link for link in self.screen.page.all("a") if link.text == words), None)
        assert link is not None, f"no link '{words}' on {self.screen.address}"
        return self.open(urljoin(self.screen.address, link.attributes["href"]))

    def send(self, action: str, button: str = "", **values: str | list[str] | None) -> Screen:
        """Fill in the form that goes to ``action`` and press ``button`` (its words; empty: the first). None empties a field."""
        form = self.screen.form(action)
        data = fields_of(form)
        known = {element.attributes.get("name") for element in form.walk()}
        for name, value in values.items():
            assert name in known, f"the form has no field {name}"
            data.pop(name, None)
            if value is not None:
                data[name] = value if isinstance(value, list) else [value]
        buttons = [element for element in form.all("button") if not button or element.text == button]
        assert buttons, f"the form has no button '{button}'"
        pressed = buttons[0].attributes
        if "name" in pressed:
            data[pressed["name"]] = [pressed.get("value", "")]
        target = urljoin(self.screen.address, pressed.get("formaction", action))
        if form.attributes.get("method", "get").lower() == "get":
            address, fragment = urldefrag(target)
            return self.open(f"{address}?{urlencode(data, doseq=True)}" + (f"#{fragment}" if fragment else ""))
        return self._go("POST", target, data=data)

    def sign_in(self, login: str, password: str) -> Screen:
        """Sign in at the form that is before the reader, or else at its own page."""
        if not hasattr(self, "screen") or not self.screen.page.all("form", action="/sign-in"):
            self.open("/sign-in")
        return self.send("/sign-in", login=login, password=password)

    def _go(self, method: str, address: str, **named: Any) -> Screen:
        headers = dict(named.pop("headers", {}))
        if hasattr(self, "screen"):
            headers.setdefault("Referer", urljoin(HERE, self.screen.address))
        for _ in range(5):
            target, fragment = urldefrag(address)
            response = self.client.open(target, method=method, headers=headers, **named)
            if response.status_code not in (301, 302, 303):
                self.screen = Screen(response, f"{target}#{fragment}" if fragment else target, parse(response.text))
                return self.screen
            address = response.headers["Location"]
            assert address.startswith("/"), f"sent elsewhere: {address}"
            assert not address.startswith("//")
            method, named = "GET", {}
        raise AssertionError(f"sent round and round: {address}")


def fields_of(form: Element) -> dict[str, list[str]]:
    """Return what a form would send as it stands."""
    data: dict[str, list[str]] = {}
    for element in form.walk():
        name = element.attributes.get("name")
        if not name:
            continue
        if element.tag == "input":
            kind = element.attributes.get("type", "text")
            if kind not in ("radio", "checkbox") or "checked" in element.attributes:
                data.setdefault(name, []).append(element.attributes.get("value", "on" if kind == "checkbox" else ""))
        elif element.tag == "textarea":
            data[name] = [element.raw]
        elif element.tag == "select":
            chosen = [option for option in element.all("option") if "selected" in option.attributes] or element.all("option")[:1]
            data[name] = [chosen[0].attributes["value"]]
    return data
