"""The sentences of rules in the language of the person who reads a page. Programs get them as they were written."""

from flask_babel import format_decimal, gettext, ngettext

from forum.sentences import Sentence, Value


def translated(text: str) -> str:
    """Return ``text`` in the reader's language: a ``Sentence`` with its values, which are written as that language writes them."""
    if not isinstance(text, Sentence):
        return str(gettext(text))
    template = text.template
    values = {name: _written(value) for name, value in text.values.items()}
    if template.plural is None:
        return str(gettext(template.singular, **values))
    return str(ngettext(template.singular, template.plural, template.number, **values))


def _written(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(_written(each) for each in value)
    if isinstance(value, int):
        return str(format_decimal(value))
    return translated(value) if isinstance(value, Sentence) else value
