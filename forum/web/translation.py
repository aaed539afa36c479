"""The sentences of rules in the language of the person who reads a page. Programs get them as they were written."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from gettext import NullTranslations
from html import escape

from babel import dates, numbers
from flask import Flask
from flask_babel import format_decimal, get_locale, get_translations, gettext, ngettext
from flask_babel.speaklater import LazyString

from forum.sentences import Sentence, Value


@dataclass(frozen=True)
class _Language:
    catalogue: NullTranslations
    locale: str
    terms: dict[str, str] = field(default_factory=dict)


_language: ContextVar[_Language | None] = ContextVar("language", default=None)


class Term(LazyString):  # type: ignore[misc]
    """A word of the interface that stands on a page hundreds of times: a lazy string which a template writes without asking anew which language is spoken."""

    def __init__(self, text: str) -> None:
        super().__init__(gettext, text)
        self._term = text

    def __html__(self) -> str:
        """Return it as a template writes it: in the language of the page, escaped."""
        language = _present()
        written = language.terms.get(self._term)
        if written is None:
            written = language.terms[self._term] = escape(language.catalogue.gettext(self._term))
        return written


def speak(app: Flask) -> None:
    """Let the templates of ``app`` ask once a page which language is spoken, and not once a word. After Babel has been attached to it."""
    app.context_processor(_begin_page)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: _present().catalogue.gettext(text),
        lambda one, many, number: _present().catalogue.ngettext(one, many, number),
        newstyle=True,
    )
    # Jinja's own "_" looks up "gettext" at each call.
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"]
    app.jinja_env.filters.update(utc_minute=utc_minute, written_day=written_day, written_number=written_number, translated=translated)


@contextmanager
def speaking() -> Iterator[None]:
    """Let templates that are filled without a page speak the present language, such as the one that was forced."""
    token = _language.set(_ask())
    try:
        yield
    finally:
        _language.reset(token)


def utc_minute(moment: datetime) -> str:
    """Return a moment as machines read it, to the minute; all our moments are in UTC."""
    return f"{moment.isoformat(timespec='minutes')[:16]}Z"


def written_day(moment: datetime, form: str = "long") -> str:
    """Return the day of a moment as the language of the page writes it."""
    return _write_day(moment.date(), form, _present().locale)


def written_number(number: int) -> str:
    """Return a number as the language of the page writes it."""
    return _write_number(number, _present().locale)


# A page has the same few days and numbers again and again, and what writes them is slow.
@lru_cache(maxsize=4096)
def _write_day(day: date, form: str, locale: str) -> str:
    return dates.format_date(day, form, locale)


@lru_cache(maxsize=4096)
def _write_number(number: int, locale: str) -> str:
    return numbers.format_decimal(number, locale=locale)


def _begin_page() -> dict[str, str]:
    _language.set(_ask())
    return {}


def _ask() -> _Language:
    return _Language(get_translations(), str(get_locale() or "en"))


def _present() -> _Language:
    return _language.get() or _ask()


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
