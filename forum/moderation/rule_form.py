"""The form of the screening rules, made of the fields of `Rules`: which control each needs, and what was typed as rules again.

A list is typed one entry a line; blank lines, lines that begin with # and repetitions are not kept. Every fault is found at once and stands at its
field with the line as it was typed. Called by `rule_pages`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

import msgspec
from msgspec import inspect

from forum.moderation.rule_words import EXPECTED
from forum.moderation.screening.rules import Rules, find_rule_faults
from forum.refusals import Fault, invalid
from forum.sentences import Sentence, sentence

TRUE = "true"
_LONGEST_NUMBER = 9


class Control(StrEnum):
    """What a field is typed into."""

    LINES = "lines"
    NUMBER = "number"
    WORD = "word"
    BOX = "box"


@dataclass(frozen=True)
class RuleField:
    """One field: a number's bounds; or how many entries a list has at most, and how long each may be; or a word's pattern."""

    name: str
    control: Control
    description: str = ""
    least: int = 0
    most: int = 0
    longest: int = 0
    pattern: str = ""


@dataclass
class _Typed:
    """What is being read: the values so far, what is wrong, and for each list the line on which each entry was typed."""

    values: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    lines: dict[str, list[int]] = field(default_factory=dict)


def _describe(one: inspect.Field) -> RuleField:
    kind, description = one.type, ""
    if isinstance(kind, inspect.Metadata):
        description = (kind.extra_json_schema or {}).get("description", "")
        kind = kind.type
    match kind:
        case inspect.VarTupleType(item_type=inspect.StrType() as item, max_length=most):
            return RuleField(one.name, Control.LINES, description, most=most or 0, longest=item.max_length or 0)
        case inspect.IntType(ge=least, le=most):
            return RuleField(one.name, Control.NUMBER, description, least=least or 0, most=most or 0)
        case inspect.StrType(pattern=pattern):
            return RuleField(one.name, Control.WORD, description, pattern=pattern or "")
        case inspect.BoolType():
            return RuleField(one.name, Control.BOX, description)
    raise TypeError(f"the form has no control for the rule {one.name}")


FIELDS: dict[str, RuleField] = {one.name: _describe(one) for one in cast(inspect.StructType, inspect.type_info(Rules)).fields}

RulesForm: type[msgspec.Struct] = msgspec.defstruct(
    "RulesForm", [(name, str, "") for name in (*FIELDS, "preview")], frozen=True, forbid_unknown_fields=True, module=__name__
)
"""The form as it is sent: every field a text, and ``preview``, the token of what was previewed."""


def type_rules(rules: Rules) -> dict[str, str]:
    """Return what stands in each field of the form for ``rules``."""
    return {name: _type(getattr(rules, name)) for name in FIELDS}


def read_rules_form(form: msgspec.Struct) -> Rules:
    """Return the rules that were typed, their lists compiled. Raises Refusal ``validation`` with every fault, lines counted as they were typed."""
    typed = _Typed()
    for one in FIELDS.values():
        _READERS[one.control](typed, one, getattr(form, one.name))
    if typed.faults:
        raise invalid(*typed.faults)
    rules = Rules(**typed.values)
    if faults := find_rule_faults(rules):
        raise invalid(*(_as_typed(fault, typed.lines) for fault in faults))
    return rules


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return TRUE if value else ""
    return "\n".join(value) if isinstance(value, tuple) else str(value)


def _read_lines(typed: _Typed, one: RuleField, text: str) -> None:
    entries = _entries(text)
    typed.values[one.name], typed.lines[one.name] = tuple(entries), list(entries.values())
    for entry, line in entries.items():
        if len(entry) > one.longest:
            detail = sentence("Line %(line)s is longer than %(most)s characters.", line=line, most=one.longest)
            typed.faults.append(Fault(f"/{one.name}/{line - 1}", "too-long", detail))
    if len(entries) > one.most:
        detail = sentence("At most %(most)s entries are allowed; there are %(count)s.", most=one.most, count=len(entries))
        typed.faults.append(Fault(f"/{one.name}", "too-many", detail))


def _entries(text: str) -> dict[str, int]:
    """Return each entry with the number of the line on which it stands first."""
    found: dict[str, int] = {}
    for line, raw in enumerate(text.split("\n"), start=1):
        entry = " ".join(raw.split())
        if entry and not entry.startswith("#"):
            found.setdefault(entry, line)
    return found


def _read_number(typed: _Typed, one: RuleField, text: str) -> None:
    digits = text.strip()
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER
    if not is_number or not one.least <= int(digits) <= one.most:
        detail = sentence("A whole number from %(least)s to %(most)s is expected.", least=one.least, most=one.most)
        typed.faults.append(Fault(f"/{one.name}", "not-in-range", detail))
    else:
        typed.values[one.name] = int(digits)


def _read_word(typed: _Typed, one: RuleField, text: str) -> None:
    word = text.strip()
    if re.search(one.pattern, word):
        typed.values[one.name] = word
    else:
        typed.faults.append(Fault(f"/{one.name}", "not-expected", EXPECTED[one.name]))


def _read_box(typed: _Typed, one: RuleField, text: str) -> None:
    typed.values[one.name] = text == TRUE


_READERS = {Control.LINES: _read_lines, Control.NUMBER: _read_number, Control.WORD: _read_word, Control.BOX: _read_box}


def _as_typed(fault: Fault, lines: Mapping[str, list[int]]) -> Fault:
    """Return the fault of an entry with the line as it was typed: blank lines and notes count there."""
    name, _slash, index = fault.pointer.removeprefix("/").partition("/")
    if name not in lines or not index.isdigit():
        return fault
    line, detail = lines[name][int(index)], fault.detail
    if isinstance(detail, Sentence) and "line" in detail.values:
        detail = Sentence(detail.template, {**detail.values, "line": line})
    return Fault(f"/{name}/{line - 1}", fault.code, detail)
