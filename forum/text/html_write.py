"""Writes well-formed HTML whatever it is told: every element is closed in order, nesting and the number of elements are bounded.

Containers (quotes, lists, items) hold leaves (a paragraph, a preformatted block, the first words of an item), leaves hold marks. A mark
that reaches over the end of a leaf goes on in the next; a link does not, or one long address could be repeated without bound. Called by
`reshape`.
"""

import html as entities
import re
from collections import Counter

from forum.text.links import REL

NESTING_MAX = 12
"""Lists, items and quotes inside each other; deeper ones are left out, their words stay."""

ELEMENTS_MAX = 5_000
"""Elements in one text; those after it are left out, their words stay."""

ENTITIES_MAX = 20_000
"""Characters that must be escaped in one text; it ends before the words that hold more (bleach takes 13 us and a copy for each)."""

_SPACE = re.compile(r"[ \t\n\r\f]+")
_LISTS = ("ul", "ol")


class Writer:
    """The HTML so far, what is open in it, and the marks the next words shall have."""

    def __init__(self) -> None:
        """Begin with nothing written and nothing open."""
        self._out: list[str] = []
        self._elements = 0
        self._containers: list[str] = []
        self._left_out: Counter[str] = Counter()
        self._fresh_item = False
        self._leaf: str | None = None  # p, pre; "" when the words stand in their container directly
        self._breaks = 0
        self._marks: list[str] = []
        self._open_marks: list[str] = []  # always the beginning of _marks
        self._depths: Counter[str] = Counter()
        self._href = ""
        self._entities = 0
        self.is_full = False

    @property
    def in_pre(self) -> bool:
        """Whether white space is kept."""
        return self._leaf == "pre"

    @property
    def in_link(self) -> bool:
        """Whether the next words belong to a link."""
        return "a" in self._marks

    def text(self, text: str) -> None:
        """Write words, opening what they need; white space counts as in HTML. Once `is_full`, write nothing."""
        words = text if self.in_pre else _SPACE.sub(" ", text)
        if self._leaf is None or self._breaks:
            words = words.lstrip(" ")
        escaped = entities.escape(words, quote=False)
        self._entities += escaped.count("&")
        self.is_full = self._entities > ENTITIES_MAX
        if not words or self.is_full:
            return
        if self._leaf is None or self._breaks > 1:
            self._open_leaf()
        elif self._breaks:
            self._emit("<br>")
        self._breaks = 0
        self._open_missing_marks()
        self._out.append(escaped)

    def line_break(self) -> None:
        """Break the line before the next words; two breaks in a row part paragraphs."""
        if self.in_pre:
            self._out.append("\n")
        elif self._leaf is not None:
            self._breaks += 1

    def separate(self) -> None:
        """Part the cells of a table row, which becomes a line."""
        if self._leaf is not None:
            self.text(" | ")

    def rule(self) -> None:
        """Write a thematic break."""
        self._close_leaf()
        if self._is_in_bare_list():
            self.open_item()
        self._emit("<hr>")

    def start_mark(self, name: str) -> None:
        """Give the next words the mark `name`, until as many ends came as starts."""
        self._depths[name] += 1
        if self._depths[name] == 1:
            self._marks.append(name)

    def end_mark(self, name: str) -> None:
        """End the mark `name`; the marks inside it go on."""
        if not self._depths[name]:
            return
        self._depths[name] -= 1
        if not self._depths[name]:
            self._drop_mark(name)

    def start_link(self, href: str) -> None:
        """Make the next words a link to `href`, ending a link in force; an empty `href` makes none."""
        self.end_link()
        if href:
            self._href = href
            self._marks.append("a")

    def end_link(self) -> None:
        """End the link in force, if any."""
        if self.in_link:
            self._drop_mark("a")

    def end_block(self) -> None:
        """End the paragraph; inside a preformatted block, the line."""
        if not self.in_pre:
            self._close_leaf()
        elif not self._out[-1].endswith(("\n", "<pre>")):
            self._out.append("\n")

    def open_pre(self) -> None:
        """Open a preformatted block."""
        self._close_leaf()
        if self._is_in_bare_list():
            self.open_item()
        self._fresh_item = False
        self._leaf = "pre" if self._emit("<pre>") else ""

    def close_pre(self) -> None:
        """Close the preformatted block, if one is open."""
        if self.in_pre:
            self._close_leaf()

    def open(self, name: str, attributes: str = "") -> None:
        """Open a blockquote, ul or ol; `attributes` is written as it is."""
        self._close_leaf()
        if self._is_in_bare_list():
            self.open_item()
        if len(self._containers) >= NESTING_MAX or not self._emit(f"<{name}{attributes}>"):
            self._left_out[name] += 1
            return
        self._fresh_item = False
        self._containers.append(name)

    def open_item(self) -> None:
        """Open an item in the innermost list, closing the one before; without a list, in a new one."""
        self.close("li")
        if not self._is_in_bare_list():
            self.open("ul")
        if self._is_in_bare_list() and self._emit("<li>"):
            self._containers.append("li")
            self._fresh_item = True

    def close(self, name: str) -> None:
        """Close the innermost `name` and what is open in it; an item only within its own list."""
        self._close_leaf()
        if self._left_out[name]:
            self._left_out[name] -= 1
            return
        for index in range(len(self._containers) - 1, -1, -1):
            if self._containers[index] == name:
                self._close_containers(index)
                return
            if name == "li" and self._containers[index] in _LISTS:
                return

    def finish(self, *, is_cut: bool = False) -> str:
        """Close everything and return the HTML, with an ellipsis after it when the source `is_cut` or did not fit."""
        self._close_leaf()
        self._close_containers(0)
        return "".join(self._out) + ("<p>…</p>" if is_cut or self.is_full else "")

    def _emit(self, start_tag: str) -> bool:
        if self._elements >= ELEMENTS_MAX:
            return False
        self._elements += 1
        self._out.append(start_tag)
        return True

    def _is_in_bare_list(self) -> bool:
        return bool(self._containers) and self._containers[-1] in _LISTS

    def _open_leaf(self) -> None:
        self._close_leaf()
        if self._is_in_bare_list():
            self.open_item()
        self._leaf = "p" if not self._fresh_item and self._emit("<p>") else ""
        self._fresh_item = False

    def _close_leaf(self) -> None:
        self._close_marks(0)
        if self._leaf:
            self._out.append(f"</{self._leaf}>")
        self._leaf = None
        self._breaks = 0

    def _close_containers(self, down_to: int) -> None:
        while len(self._containers) > down_to:
            self._out.append(f"</{self._containers.pop()}>")
        self._fresh_item = False

    def _open_missing_marks(self) -> None:
        for name in self._marks[len(self._open_marks) :]:
            tag = f'<a href="{entities.escape(self._href)}" rel="{REL}">' if name == "a" else f"<{name}>"
            if not self._emit(tag):
                return
            self._open_marks.append(name)

    def _close_marks(self, down_to: int) -> None:
        while len(self._open_marks) > down_to:
            name = self._open_marks.pop()
            self._out.append(f"</{name}>")
            if name == "a":
                self._marks.remove("a")

    def _drop_mark(self, name: str) -> None:
        if name in self._open_marks:
            self._close_marks(self._open_marks.index(name))
        if name in self._marks:
            self._marks.remove(name)
