"""A statement of reasons as pages show it, in the reader's language: all that it has to say, and how it can be appealed."""

from dataclasses import dataclass
from datetime import datetime

from forum.clock import now
from forum.moderation.models import StatementOfReasons
from forum.moderation.review import Source
from forum.redress import statement_words
from forum.redress.appeal_words import standing_words
from forum.redress.models import Appeal
from forum.web.translation import translated


@dataclass(frozen=True)
class StatementView:
    """The items of a statement in words; ``ends_at`` is shown where there is one."""

    what: str
    scope: str
    duration: str
    starts_at: datetime
    ends_at: datetime | None
    source: str
    automation: str
    ground: str
    clause: str
    meaning: str


@dataclass(frozen=True)
class AppealView:
    """How something can be appealed: ``address`` of the form while that is possible, or of the appeal that was filed, which ``standing`` speaks of.

    ``until`` is over where neither is there.
    """

    until: datetime
    address: str
    standing: str
    who: str
    other_ways: str

    @property
    def is_filed(self) -> bool:
        """Whether there is an appeal already."""
        return bool(self.standing)


def view_statement(statement: StatementOfReasons) -> StatementView:
    """Return a statement in words."""
    words = statement_words.words_of(statement)
    label, meaning = statement_words.clause_of(statement)
    return StatementView(
        what=translated(words.what),
        scope=translated(words.scope),
        duration=translated(words.duration),
        starts_at=statement.created_at,
        ends_at=statement.ends_at,
        source=translated(statement_words.SOURCE_WORDS[Source(statement.source)]),
        automation=translated(statement_words.automation_of(statement)),
        ground=translated(statement_words.GROUND_WORDS[statement.ground]),
        clause=translated(label),
        meaning=translated(meaning),
    )


def view_appeal(until: datetime, form: str, appeal: Appeal | None, *, shown_at: str = "", alone: bool = False) -> AppealView:
    """Return how something can be appealed at ``form`` until then, or how the appeal stands, which is shown at ``shown_at`` or on its own page.

    ``alone``: nobody could decide but who decided first, which is said.
    """
    if appeal is not None:
        address = shown_at or f"/appeals/{appeal.id}"
    else:
        address = form if now() <= until else ""
    return AppealView(
        until=until,
        address=address,
        standing=translated(standing_words(appeal)) if appeal is not None else "",
        who=translated(statement_words.who_decides(alone=alone)),
        other_ways=translated(statement_words.OTHER_WAYS),
    )
