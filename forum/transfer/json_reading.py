"""Reads JSON of any size value by value in constant memory, forward only; used by the readers of JSON formats.

The rule: what is broken or far too large raises ImportRefused with line and column. The outline of the document is walked here; each value
that a reader asks for is decoded, and so checked, by msgspec.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from forum.transfer.opening import chunks
from forum.transfer.records import Advance, ImportRefused

VALUE_LIMIT = 4_000_000
DEPTH_LIMIT = 64

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\[\]{}:\"]++")
# Everything up to the next bracket outside of strings.
_RUN = re.compile(rb'[^"\[\]{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"\[\]{}]*+)*+[\[\]{}]', re.DOTALL)
# As far as everything is flat: values, texts, and objects and arrays without a text in them. A bounded repetition and no possessive one, which Python
# before 3.11.5 lets take a piece of an alternative that does not fit (gh-106052).
_FLAT = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"|\{[^"\[\]{}]*+\}|\[[^"\[\]{}]*+\]){1,1000}', re.DOTALL)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_HALVES = re.compile("[\ud800-\udfff]")
_OPENING = (ord("["), ord("{"))
_BYTE_IN_MESSAGE = re.compile(r" \(byte (\d+)\)$")
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_UTF8_BOM = b"\xef\xbb\xbf"
_END = -1


class JsonReader:
    """A place in a JSON document that moves forward. What ``names`` and ``items`` announce must be taken by ``value``, ``skip``, ``names`` or ``items``."""

    def __init__(self, file: Path, advance: Advance) -> None:
        self._file = file
        self._chunks = chunks(file, advance)
        self._buffer = b""
        self._at = 0
        self._line, self._column = 1, 1
        self._fill()
        if self._buffer[:2] in _BOMS or b"\0" in self._buffer[:4]:
            raise ImportRefused(f"{file.name} is not in UTF-8; convert it to UTF-8.")
        self._at = len(_UTF8_BOM) if self._buffer.startswith(_UTF8_BOM) else 0
        if self.is_at_end():
            raise ImportRefused(f"{file.name} is empty; export it again.")

    def is_at_end(self) -> bool:
        """Return whether nothing but white space is left of the file."""
        return self._peek() == _END

    def is_object(self) -> bool:
        """Return whether an object comes next."""
        return self._peek() == ord("{")

    def is_array(self) -> bool:
        """Return whether an array comes next."""
        return self._peek() == ord("[")

    def names(self) -> Iterator[str]:
        """Yield the names in the object that comes next; each name's value is to be taken before the next name."""
        self._expect(b"{", "an object was expected here")
        if self._passes(b"}"):
            return
        while True:
            if self._peek() != ord('"'):
                self._refuse("a name in quotation marks was expected here")
            name = self.value()
            self._expect(b":", "a colon was expected here")
            yield str(name)
            if self._passes(b"}"):
                return
            self._expect(b",", "a comma was expected here")

    def items(self) -> Iterator[None]:
        """Stop at each item of the array that comes next; each item is to be taken before the next one."""
        self._expect(b"[", "a list was expected here")
        if self._passes(b"]"):
            return
        while True:
            yield
            if self._passes(b"]"):
                return
            self._expect(b",", "a comma was expected here")

    def value(self, *, limit: int = VALUE_LIMIT) -> Any:
        """Take the value that comes next and return it; it has at most ``limit`` bytes."""
        self._peek()
        end = self._find_end(limit)
        found = self._decode(self._buffer[self._at : end])
        self._at = end
        return found

    def skip(self) -> None:
        """Pass over the value that comes next, whatever its size; of what is in it only the brackets are looked at."""
        self._peek()
        if not (self.is_object() or self.is_array()):
            self._at = self._find_end(VALUE_LIMIT)
            return
        depth = 0
        while True:
            self._at = self._next_bracket(self._at, VALUE_LIMIT)
            depth = self._deeper(depth, self._at)
            if not depth:
                return
            # Nothing of it is kept, so that a piece of the file goes at once.
            while flat := _FLAT.match(self._buffer, self._at):
                self._at = flat.end()
                if self._at == len(self._buffer) and not self._fill():
                    break

    @property
    def line(self) -> int:
        """The line of what comes next."""
        self._peek()
        return self._place()[0]

    def refuse(self, why: str) -> NoReturn:
        """Raise ImportRefused for what comes next."""
        self._peek()
        line, column = self._place()
        raise ImportRefused(f"{self._file.name}, line {line}, column {column}: {why}")

    def _decode(self, raw: bytes) -> Any:
        try:
            return msgspec.json.decode(raw)
        except UnicodeDecodeError as error:
            self._at += error.start
            self._refuse("this is not UTF-8")
        except msgspec.DecodeError as error:
            # Half of a character beyond the first plane, as programs write that cut texts: everything else of the file is as it should be.
            if _HALF.search(raw) and (found := _decode_halves(raw)) is not None:
                return found
            self._at += int(match[1]) if (match := _BYTE_IN_MESSAGE.search(str(error))) else 0
            what = _BYTE_IN_MESSAGE.sub("", str(error)).removeprefix("JSON is malformed: ")
            self._refuse("this is no JSON value" if "truncated" in what else what)

    def _find_end(self, limit: int) -> int:
        """Return where the value ends that begins at the present place."""
        first = self._peek()
        if first in _OPENING:
            depth, offset = 0, 0
            while True:
                offset = self._next_bracket(self._at + offset, limit) - self._at
                depth = self._deeper(depth, self._at + offset)
                if not depth:
                    return self._at + offset
        pattern = _STRING if first == ord('"') else _SCALAR
        while True:
            match = pattern.match(self._buffer, self._at)
            # What ends with the buffer may go on in the next piece.
            if match and (match.end() < len(self._buffer) or pattern is _STRING):
                return match.end()
            if len(self._buffer) - self._at > limit:
                self.refuse(f"a single value is larger than {limit:,} bytes; this is no export.")
            if not self._fill():
                if match:
                    return match.end()
                self._refuse("a value was expected here" if first != _END and first != ord('"') else "", is_cut=first in (_END, ord('"')))

    def _next_bracket(self, start: int, limit: int) -> int:
        """Return the place after the next bracket from ``start`` on; what stands before the present place may be dropped meanwhile."""
        offset = start - self._at
        while not (match := _RUN.match(self._buffer, self._at + offset)):
            if len(self._buffer) - self._at > limit:
                self.refuse(f"a single value is larger than {limit:,} bytes; this is no export.")
            # As much again as there is, so that a long text is not looked through once for every piece of it.
            wanted = 2 * (len(self._buffer) - self._at)
            while len(self._buffer) - self._at <= wanted:
                if not self._fill():
                    if _RUN.match(self._buffer, self._at + offset):
                        break
                    self._refuse("", is_cut=True)
        if match.end() - self._at > limit:
            self.refuse(f"a single value is larger than {limit:,} bytes; this is no export.")
        return match.end()

    def _deeper(self, depth: int, after: int) -> int:
        depth += 1 if self._buffer[after - 1] in _OPENING else -1
        if depth > DEPTH_LIMIT:
            self.refuse(f"values lie in one another more than {DEPTH_LIMIT} deep; this is no export.")
        return depth

    def _peek(self) -> int:
        """Pass over white space and return the byte that follows, or -1 at the end of the file."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._fill():
                return _END

    def _passes(self, sign: bytes) -> bool:
        if self._peek() != sign[0]:
            return False
        self._at += 1
        return True

    def _expect(self, sign: bytes, why: str) -> None:
        if not self._passes(sign):
            self._refuse(why, is_cut=self._peek() == _END)

    def _fill(self) -> bool:
        """Drop what was passed and read one more piece; return whether there was one."""
        chunk = next(self._chunks, b"")
        if not chunk:
            return False
        self._line, self._column = self._place()
        self._buffer, self._at = self._buffer[self._at :] + chunk, 0
        return True

    def _place(self) -> tuple[int, int]:
        # Both count from 1, as text editors do.
        passed = self._buffer[: self._at]
        ends = passed.count(b"\n")
        return (self._line + ends, len(passed) - passed.rfind(b"\n")) if ends else (self._line, self._column + len(passed))

    def _refuse(self, why: str, *, is_cut: bool = False) -> NoReturn:
        line, column = self._place()
        if is_cut:
            self._at = len(self._buffer)
            line, column = self._place()
            raise ImportRefused(f"{self._file.name}, line {line}, column {column}: the file ends in the middle; fetch it again.")
        raise ImportRefused(
            f"{self._file.name}, line {line}, column {column}: {why.rstrip('.')}; correct it there in a text editor, or export again."
        )


def _decode_halves(raw: bytes) -> Any:
    """Return the value with a replacement character for each half of one, or None when it is broken in other ways as well."""
    try:
        found = json.loads(raw)
        return msgspec.json.decode(_HALVES.sub("\ufffd", json.dumps(found, ensure_ascii=False)).encode())
    except (ValueError, msgspec.DecodeError):
        return None
