"""Reads an XML file element by element in constant memory; used by the readers of XML formats.

The rule: what is unsafe or broken raises ImportRefused with its place. DTDs and entities are refused outright; text that nobody asked for
is not kept, other text up to a limit; one piece of markup and the nesting have limits too.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from forum.transfer.opening import chunks
from forum.transfer.records import Advance, ImportRefused

TEXT_LIMIT = 200_000
TOKEN_LIMIT = 4_000_000
DEPTH_LIMIT = 64

_WXR = re.compile(r"\{http://wordpress\.org/export/\d+\.\d+/\}")
_DISQUS = "{http://disqus.com}"
_PREFIXED_ID = "{http://disqus.com/disqus-internals}id"

Names = tuple[str, ...]


@dataclass(frozen=True)
class Element:
    """An element that has ended: names from the root to it, its own text (cut above TEXT_LIMIT), its ``dsq:id`` and the line of its end."""

    path: Names
    text: str
    id: str
    line: int


@dataclass
class _Open:
    name: str
    id: str
    wanted: bool
    pieces: list[str] = field(default_factory=list)
    length: int = 0


def read_elements(file: Path, wanted: AbstractSet[Names], root: str, *, advance: Advance, hint: str) -> Iterator[Element]:
    """Yield the elements whose path is in ``wanted``, in the order in which they end.

    WordPress' names are written ``wp:name`` whatever the version of their namespace, Disqus' without a prefix. ``advance`` is told the
    bytes read from disk; ``hint`` is the way out when the root element is not ``root``. Raises ImportRefused; elements before the fault
    have been yielded by then.
    """
    target = _Target(wanted, root, hint)
    parser = XMLParser(target=target, forbid_dtd=True)
    target.expat = parser.parser
    fed = 0
    try:
        for chunk in chunks(file, advance):
            fed += len(chunk)
            parser.feed(chunk)
            if fed - parser.parser.CurrentByteIndex > TOKEN_LIMIT:
                raise ImportRefused(
                    f"{file.name}, line {parser.parser.CurrentLineNumber}: a single tag or remark is longer than 4 MB; this is no export."
                )
            yield from target.take()
        if not fed:
            raise ImportRefused(f"{file.name} is empty; export it again.")
        parser.close()
    except ParseError as error:
        raise ImportRefused(_explain(file, error)) from None
    except DefusedXmlException:
        raise ImportRefused(
            f"{file.name}, line {parser.parser.CurrentLineNumber}: it declares a document type or entities, which no export does;"
            " remove the declaration."
        ) from None
    except (LookupError, ValueError) as error:
        raise ImportRefused(f"{file.name}: {error}; convert the file to UTF-8, and its first line with it.") from None
    yield from target.take()


class _Target:
    def __init__(self, wanted: AbstractSet[Names], root: str, hint: str) -> None:
        self.expat: object = None
        self._wanted = wanted
        self._root = root
        self._hint = hint
        self._open: list[_Open] = []
        self._done: list[Element] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _name(tag)
        if not self._open and name != self._root:
            raise ImportRefused(f"The file begins with <{_shorten(name)}>, not with <{self._root}>: {self._hint}")
        if len(self._open) >= DEPTH_LIMIT:
            raise ImportRefused(f"Line {self._line()}: elements lie in one another more than {DEPTH_LIMIT} deep; this is no export.")
        path = (*(outer.name for outer in self._open), name)
        self._open.append(_Open(name, attributes.get(_PREFIXED_ID, "").strip(), path in self._wanted))

    def data(self, text: str) -> None:
        if not self._open:
            return
        inner = self._open[-1]
        if inner.wanted and inner.length <= TEXT_LIMIT:
            inner.pieces.append(text)
            inner.length += len(text)

    def end(self, _tag: str) -> None:
        inner = self._open[-1]
        if inner.wanted:
            path = tuple(outer.name for outer in self._open)
            self._done.append(Element(path, "".join(inner.pieces).strip(), inner.id, self._line()))
        self._open.pop()

    def take(self) -> list[Element]:
        done, self._done = self._done, []
        return done

    def _line(self) -> int:
        return int(getattr(self.expat, "CurrentLineNumber", 0))


def _name(tag: str) -> str:
    if tag.startswith(_DISQUS):
        return tag.removeprefix(_DISQUS)
    match = _WXR.match(tag)
    return "wp:" + tag[match.end() :] if match else tag


def _shorten(name: str) -> str:
    return name if len(name) <= 60 else name[:59] + "…"


def _explain(file: Path, error: ParseError) -> str:
    line, column = error.position
    # Expat appends the place to its message. Its columns count from 0, and are left so: other XML tools print the same.
    reason = re.sub(r": line \d+, column \d+$", "", str(error))
    way_out = "correct it there in a text editor, or export again."
    if "declaration not at start" in reason:
        way_out = "delete everything before '<?xml'."
    elif "no element found" in reason or "unclosed" in reason:
        way_out = "the file seems cut off; fetch it again."
    elif "encoding" in reason:
        way_out = "the first line names another encoding than the file has; convert the file to UTF-8, and its first line with it."
    return f"{file.name}, line {line}, column {column}: {reason}; {way_out}"
