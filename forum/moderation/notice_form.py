"""The form of a notice without an account: its fields, and a sentence of its own for each that is missing or wrong."""

import re
from typing import Annotated, Literal

import msgspec
from flask_babel import gettext as _
from msgspec import Meta

from forum.moderation.schemas import NoticeIn
from forum.refusals import Fault, invalid

EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
Line = Annotated[str, Meta(max_length=254)]


class NoticeQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address that the notice is about, as the link to the form names it."""

    url: Annotated[str, Meta(max_length=2_000)] = ""


class NoticeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notice as the form sends it: what NoticeIn asks for, each field perhaps still empty."""

    url: Annotated[str, Meta(max_length=2_000)] = ""
    reason: Literal["illegal", "confidentiality"] | None = None
    note: Annotated[str, Meta(max_length=2_000)] = ""
    name: Annotated[str, Meta(max_length=120)] = ""
    email: Line = ""
    good_faith: Literal["1"] | None = None

    @property
    def notice(self) -> NoticeIn:
        """The notice. Raises Refusal ``validation`` with every field that is missing or wrong."""
        missing = {
            "url": (not self.url.strip(), _("Give the comment's own address: it is the link of its date.")),
            "reason": (self.reason is None, _("Choose what the notice is about.")),
            "note": (not self.note.strip(), _("Say what is wrong with the comment, and why.")),
            "name": (not self.name.strip(), _("Give your name.")),
            "email": (EMAIL.fullmatch(self.email.strip()) is None, _("Give an e-mail address at which you can be reached.")),
            "good_faith": (self.good_faith is None, _("Confirm that you believe in good faith that what you say is right.")),
        }
        faults = [Fault(f"/{name}", "required", str(said)) for name, (is_missing, said) in missing.items() if is_missing]
        if faults or self.reason is None:
            raise invalid(*faults)
        return NoticeIn(self.url.strip(), self.reason, self.note, self.name.strip(), self.email.strip(), good_faith=True)
