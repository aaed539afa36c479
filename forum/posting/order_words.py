"""What each order of a discussion is called, and how it sorts, in words: an order that cannot be explained in a sentence is not offered."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString


@dataclass(frozen=True)
class OrderWords:
    """An order's name in the form, and the answer to "How is this sorted?"."""

    label: LazyString
    explanation: LazyString


ORDER_WORDS: dict[str, OrderWords] = {
    "oldest": OrderWords(
        _("Oldest first"), _("In the order in which they were written. Nothing moves: what you read yesterday is where it was.")
    ),
    "newest": OrderWords(_("Newest first"), _("By the time of writing, the latest on top.")),
    "active": OrderWords(_("Recently active"), _("By the latest reply anywhere in the thread, the most recent on top.")),
    "most_tagged": OrderWords(_("Most tagged"), _("By how many readers tagged the comment, whichever of the four tags they chose.")),
    "most_valued": OrderWords(
        _("Most valued"),
        _("By the share of readers who agree or encourage, with caution: a few tags count for little until more arrive."),
    ),
    "most_contested": OrderWords(
        _("Most contested"),
        _("By how many readers tagged it and how evenly they split: agree and encourage against disagree and doubt."),
    ),
    "unanswered": OrderWords(
        _("Waiting for the author"),
        _("Readers' threads without a reply by the author come first, the most doubted and disputed on top; then the oldest."),
    ),
}
