"""Reads the fields of one record of a JSON or SQLite export as what they should be; used by the readers.

The rule: what is missing or null is empty, a number may be written as a text and the other way round, and anything else raises WrongField.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

from forum.transfer.records import Kind, LeftOut, moment

_FALSE, _TRUE = ("", "0", "false", "no"), ("1", "true", "yes")
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,15}(?:\.[0-9]*)?\s*")
# Go writes moments of nine decimals and Python reads six.
_DECIMALS = re.compile(r"(\.[0-9]{6})[0-9]+")


class WrongField(Exception):
    """A field holds something of another kind than it should; the message is its name."""

    def left_out(self, external_id: str, line: int) -> LeftOut:
        """Return what is reported of the comment whose field it is."""
        return LeftOut(Kind.COMMENT, external_id, f"its field '{self}' holds something else than it should", f"line {line}")


class Fields:
    """The fields of a record; a value that is no record at all has none."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def has(self, name: str) -> bool:
        """Return whether there is such a field, whatever it holds."""
        return name in self._values

    def text(self, name: str) -> str:
        """Return a field as text."""
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise WrongField(name)
        return value if isinstance(value, str) else f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)

    def shown(self, name: str) -> str:
        """Return a field as text for a report, empty when it is none."""
        try:
            return self.text(name)[:200]
        except WrongField:
            return ""

    def flag(self, name: str) -> bool:
        """Return a field as true or false."""
        value = self._values.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        word = self.text(name).strip().lower()
        if word not in (*_FALSE, *_TRUE):
            raise WrongField(name)
        return word in _TRUE

    def number(self, name: str) -> float:
        """Return a field as a number."""
        value = self._values.get(name)
        if isinstance(value, str | bytes) and _NUMBER.fullmatch(self.text(name)):
            value = float(self.text(name))
        if value is None or value in ("", b""):
            return 0
        # A huge integer is no number that anything was counted to.
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e18 or math.isnan(value):
            raise WrongField(name)
        return value

    def moment(self, name: str) -> datetime | None:
        """Return a field that holds an ISO 8601 moment or seconds since 1970 as a moment in UTC, or None when it is no date between 1980 and 2200."""
        value = self._values.get(name)
        if isinstance(value, bool | list | dict):
            raise WrongField(name)
        text = self.text(name)
        if _NUMBER.fullmatch(text):
            try:
                return moment(datetime.fromtimestamp(self.number(name), UTC).isoformat())
            except (OverflowError, ValueError, OSError):
                return None
        return moment(_DECIMALS.sub(r"\1", text))

    def inside(self, name: str) -> Self:
        """Return the record in a field; one that is missing has no fields."""
        value = self._values.get(name)
        if value is None:
            return type(self)({})
        if not isinstance(value, dict):
            raise WrongField(name)
        return type(self)(value)
