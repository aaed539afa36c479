"""Sentences for people, made by rules that know no language but English: the text, and beside it the template and the values it was made of.

A program reads the text as it is; a page has the template translated and puts the values into that (``web/translation.py``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | int | tuple[str, ...]
"""A name, a number, or a list of words; a ``Sentence`` among them is translated too."""


@dataclass(frozen=True)
class Template:
    """What a translator sees: one sentence, or its two forms and the number that chooses between them."""

    singular: str
    plural: str | None = None
    number: int = 1

    @property
    def english(self) -> str:
        """The form that English takes."""
        return self.singular if self.plural is None or self.number == 1 else self.plural


class Sentence(str):
    """A text in English that knows its template and values. It is a ``str``, so whoever asks for no translation needs no other type."""

    template: Template
    values: Mapping[str, Value]

    def __new__(cls, template: Template, values: Mapping[str, Value]) -> "Sentence":
        said = {name: _in_english(value) for name, value in values.items()}
        if template.plural is not None:
            said["num"] = _in_english(template.number)
        text = template.english % said if said else template.english
        made = super().__new__(cls, text)
        made.template, made.values = template, values
        return made


def sentence(text: str, **values: Value) -> Sentence:
    """Return ``text`` with the values in the places of their names: ``sentence("At most %(most)s links.", most=100)``."""
    return Sentence(Template(text), values)


def nsentence(singular: str, plural: str, num: int, **values: Value) -> Sentence:
    """Return the form that ``num`` takes; ``%(num)s`` in it is that number."""
    return Sentence(Template(singular, plural, num), values)


def _in_english(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:,}" if isinstance(value, int) else value
