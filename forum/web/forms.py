"""A form as a page shows it: what stands in its fields and, after a refusal, why, above the form and beside each field.

The rule: what was typed comes back, whatever was wrong with it. Made by every room's ``pages``, read by ``macros/forms.html``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import request

from forum.refusals import Fault, Kind, Refusal
from forum.web.translation import translated


@dataclass(frozen=True)
class Form:
    """What a form shows: all values of each field, the sentence beside a field, and why it was refused (``kind``, empty: it was not).

    ``more``: the page that says more about why, where there is one.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kind: str = ""
    problem: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)
    more: str = ""

    def value(self, name: str) -> str:
        """Return what stands in a field, empty when nothing does."""
        return next(iter(self.values.get(name, ())), "")

    def has(self, name: str, value: object) -> bool:
        """Whether a box or an option of a field is chosen."""
        return str(value) in self.values.get(name, ())

    def fault(self, name: str) -> str:
        """Return the sentence beside a field, empty when nothing is wrong with it."""
        return self.faults.get(name, "")


def filled_form(**values: Any) -> Form:
    """Return a form that shows these values; None and empty ones are left out, a list fills a field of boxes."""
    return Form({name: _texts(value) for name, value in values.items() if value is not None})


def refused_form(refusal: Refusal) -> Form:
    """Return the form of this request as it was sent, with the refusal's sentences where they belong."""
    values = {name: tuple(value.replace("\r\n", "\n") for value in sent) for name, sent in request.form.lists() if name != "csrf_token"}
    return Form(values, refusal.kind.value, translated(refusal.detail), _by_field(refusal.faults), refusal.members.get("sanction") or "")


def without(form: Form, names: Iterable[str]) -> Form:
    """Return the form with some fields empty: a password is never sent back."""
    return replace(form, values={name: value for name, value in form.values.items() if name not in set(names)})


def typed(name: str) -> str:
    """Return one field of this request's form as it was sent, also when the form as a whole was refused."""
    return request.form.get(name, "").replace("\r\n", "\n")


def is_expired(refusal: Refusal, *, signed_in: bool) -> bool:
    """Whether the form was refused only because nobody is signed in any more: a visitor's form has no token either."""
    return refusal.kind is Kind.UNAUTHENTICATED or (refusal.kind is Kind.CSRF and not signed_in)


def _by_field(faults: Iterable[Fault]) -> dict[str, str]:
    by_field: dict[str, str] = {}
    for fault in faults:
        # "/authors/2" stands at the field "authors".
        by_field.setdefault(fault.pointer.removeprefix("/").partition("/")[0], translated(fault.detail))
    return by_field


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(str(each) for each in value)
    return (str(value),) if value != "" else ()
