"""What the pages of a discussion are sent: the parameters of their addresses and the fields of their forms. Read by ``pages`` and ``reading_pages``."""

from typing import Annotated, Literal

import msgspec
from flask_babel import gettext as _
from msgspec import Meta

from forum.comments.schemas import Body, RowId, ThreadQuery, Token
from forum.comments.stance import Stance
from forum.refusals import Fault, invalid


class DiscussionQuery(ThreadQuery, frozen=True, forbid_unknown_fields=True):
    """A page of a discussion; ``stand`` is the stance that the composer opens with."""

    stand: Stance | None = None


class ComposeQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stance that the composer opens with."""

    stand: Stance | None = None


class TextForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text as the composer sends it; ``attested`` says that its writer has reconsidered it, with the token that was given out for that."""

    body_md: Body = ""
    stance: Stance | None = None
    reconsidered: Token = ""
    attested: Literal["1"] | None = None

    @property
    def token(self) -> str | None:
        """The token, where the writer has ticked the box."""
        return self.reconsidered if self.attested else None


class CommentForm(TextForm, frozen=True, forbid_unknown_fields=True):
    """A comment as the composer sends it."""

    parent_id: RowId | None = None


class EditForm(TextForm, frozen=True, forbid_unknown_fields=True):
    """A changed comment; ``version`` is the one that the form was filled from."""

    version: int = 0


class TagForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The chosen tag, or the wish to remove it."""

    stance: Stance | None = None
    remove: Literal["1"] | None = None

    @property
    def wanted(self) -> Stance | None:
        """The tag that is to be there afterwards. Raises Refusal ``validation`` when nothing was chosen."""
        if self.stance is None and not self.remove:
            raise invalid(Fault("/stance", "required", _("Choose one of the four tags.")))
        return None if self.remove else self.stance


class HistoryQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which changes to show: those before this number."""

    before: Annotated[int, Meta(ge=2, le=2**31)] | None = None


class PersonQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a person's comments go on."""

    before: RowId | None = None
