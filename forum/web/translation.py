"""The sentences of rules in the language of the person who reads a page. Programs get them as they were written."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import NullTranslations
from html import escape

from flask import Flask
from flask_babel import format_decimal, get_translations, gettext, ngettext
from flask_babel.speaklater import LazyString

from forum.sentences import Sentence, Value

_catalogue: ContextVar[NullTranslations | None] = ContextVar("catalogue", default=None)


class Term(LazyString):  # type: ignore[misc]
    """A word of the interface that stands on a page hundreds of times: a lazy string which a template writes without asking anew which language is spoken."""

    def __init__(self, text: str) -> None:
        super().__init__(gettext, text)
        self._term = text

    def __html__(self) -> str:
        """Return it as a template writes it: in the language of the page, escaped."""
        return str(escape(_present().gettext(self._term)))


def speak(app: Flask) -> None:
    """Let the templates of ``app`` ask once a page which language is spoken, and not once a word. After Babel has been attached to it."""
    app.context_processor(_begin_page)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: _present().gettext(text), lambda one, many, number: _present().ngettext(one, many, number), newstyle=True
    )


@contextmanager
def speaking() -> Iterator[None]:
    """Let templates that are filled without a page speak the present language, such as the one that was forced."""
    token = _catalogue.set(get_translations())
    try:
        yield
    finally:
        _catalogue.reset(token)


def _begin_page() -> dict[str, str]:
    _catalogue.set(get_translations())
    return {}


def _present() -> NullTranslations:
    return _catalogue.get() or get_translations()


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
