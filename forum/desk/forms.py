"""What the pages of the desk are sent: the fields of their forms, and moments of the days that are chosen there."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec

from forum.comments.attention import Attention
from forum.comments.schemas import RowId
from forum.desk.schemas import Body, Group, Line, Tab
from forum.posting.forms import TextForm


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where on the desk a form stood, so that its sender comes back there; ``then``: the comment that follows."""

    tab: Tab = "waiting"
    article: RowId | None = None
    group: Group | None = None
    then: RowId | None = None

    @property
    def query(self) -> str:
        """The end of an address that carries this on, empty where there is nothing to carry."""
        return query_of(tab=self.tab, article=self.article, group=self.group, then=self.then)

    @property
    def address(self) -> str:
        """The address of the desk at this place."""
        where = "/desk" + query_of(tab=self.tab, article=self.article, group=self.group)
        return f"{where}#w{self.then}" if self.then else where


def query_of(**asked: Any) -> str:
    """Return the end of an address of the desk; what is left at its default is left out."""
    given = {name: value for name, value in asked.items() if value is not None and (name, value) != ("tab", "waiting")}
    return f"?{urlencode(given)}" if given else ""


class AttentionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an author decided about a comment; ``until`` is the day on which one set aside comes back."""

    attention: Literal["thanked", "no_reply", "later", "undo"]
    until: date | None = None

    @property
    def wanted(self) -> Attention | None:
        """The decision; None takes one back."""
        return None if self.attention == "undo" else Attention(self.attention)


class DeskReplyForm(TextForm, frozen=True, forbid_unknown_fields=True):
    """A reply as the desk's composers send it."""

    parent_id: RowId | None = None


class AnswerQuery(Origin, frozen=True, forbid_unknown_fields=True):
    """Which template a reply begins with."""

    template: RowId | None = None


class TemplateForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template of replies."""

    title: Line = ""
    body_md: Body = ""


class TemplateQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which template the form is filled with."""

    edit: RowId | None = None


class AwayForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The note of being away; ``until`` is the last day."""

    note: Line = ""
    until: date | None = None
    back: bool = False


class MarkForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mark on a comment."""

    mark: Literal["pin", "unpin", "feature", "unfeature"]
    why: Line = ""


class ClosingForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Closing a discussion, until a day or until it is opened; or opening it."""

    reason: Line = ""
    reopens_on: date | None = None
    open: bool = False


def beginning_of(day: date | None) -> datetime | None:
    """Return the moment at which a day begins (UTC)."""
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)


def end_of(day: date | None) -> datetime | None:
    """Return the moment at which a day is over (UTC)."""
    start = beginning_of(day)
    return None if start is None or start.year == date.max.year else start + timedelta(days=1)
