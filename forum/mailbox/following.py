"""What following a link of each purpose does: rooms enter their handlers in ``LINK_HANDLERS`` (``app.py``), the pages ask there.

The rule: ``describe`` changes nothing, since mail scanners open links; ``follow`` runs in the transaction that has used the link up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from forum.mailbox.models import MailLink, Purpose
from forum.web.pages import Page, Redirect


@dataclass(frozen=True)
class Explanation:
    """What a link's page says before anything is done: a heading, sentences, and the words on the one button; all translated already."""

    title: str
    says: tuple[str, ...]
    button: str


@dataclass(frozen=True)
class Handler:
    """What a link does. Both may raise a Refusal: ``describe`` when the link makes no sense any more, ``follow`` as well, and then it stays good.

    ``prepare`` does what takes work before the transaction opens; what it returns is handed to ``follow`` as a third argument.
    """

    describe: Callable[[Session, MailLink], Explanation]
    follow: Callable[..., Page | Redirect]
    prepare: Callable[[MailLink], Any] | None = None


LINK_HANDLERS: dict[Purpose, Handler] = {}
