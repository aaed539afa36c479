"""What sanctions are called on the moderators' pages: the choices of a form, and what the ladder suggests. In the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from forum.access.viewer import Role
from forum.moderation.reasons import DECISION_LABELS, DecisionReason
from forum.moderation.statements import STATEMENTS
from forum.sanctions.kinds import KINDS, STRIKE_LASTS, SanctionKind, suggest
from forum.web.translation import translated


@dataclass(frozen=True)
class Choice:
    """A kind as a form offers it: what it is called, what follows from it, and for how long."""

    code: str
    label: str
    meaning: str
    lasts: str


def choices() -> list[Choice]:
    """Return what every moderator can impose, mildest first."""
    return [choice_of(kind) for kind, rule in KINDS.items() if rule.imposed_by is Role.MODERATOR]


def choice_of(kind: SanctionKind) -> Choice:
    """Return one kind as a form offers it."""
    rule = KINDS[kind]
    lasts = ""
    if rule.usual_days is not None:
        lasts = _("Usually %(usual)s days, at most %(most)s.", usual=rule.usual_days, most=rule.longest_days)
    return Choice(kind.value, translated(rule.label), translated(rule.meaning), str(lasts))


def label(kind: str) -> str:
    """Return what a kind is called; another text as it is."""
    return translated(KINDS[SanctionKind(kind)].label) if kind in set(SanctionKind) else kind


def reasons() -> Mapping[str, str]:
    """Return the reasons for which something can be imposed."""
    return {reason.value: translated(said) for reason, said in DECISION_LABELS.items() if reason is not DecisionReason.WITHIN_RULES}


def statements() -> Mapping[str, list[str]]:
    """Return the sentences to begin from, by reason."""
    return {reason.value: [translated(each) for each in texts] for reason, texts in STATEMENTS.items()}


def ladder(strikes: int) -> str:
    """Return how many removals count against a person, and what the ladder suggests for them."""
    step, days = suggest(strikes), STRIKE_LASTS.days
    if step is None:
        return str(_("No moderator removed a comment of theirs in the last %(days)s days, so the ladder suggests nothing.", days=days))
    return str(
        ngettext(
            "%(num)d removal by a moderator in the last %(days)s days. The ladder suggests: %(step)s. You choose.",
            "%(num)d removals by moderators in the last %(days)s days. The ladder suggests: %(step)s. You choose.",
            strikes,
            days=days,
            step=label(step),
        )
    )


def next_step(strikes: int) -> str:
    """Return what the ladder would suggest if the comment that is decided on were removed."""
    step = suggest(strikes + 1)
    assert step is not None, "there is a step for every strike"
    return str(
        ngettext(
            "If you remove the comment, it is the first removal in %(days)s days. The ladder suggests: %(step)s.",
            "If you remove the comment, it is removal number %(num)d in %(days)s days. The ladder suggests: %(step)s.",
            strikes + 1,
            days=STRIKE_LASTS.days,
            step=label(step),
        )
    )
