"""What the four stances are called on a page: button, meaning, prompt, glyph; shape and word always accompany colour."""

from dataclasses import dataclass

from flask_babel.speaklater import LazyString

from forum.comments.stance import Stance
from forum.web.translation import Term as _


@dataclass(frozen=True)
class StanceWords:
    """The words for one stance; ``writer`` completes "Anna …", said of what the comment answers."""

    label: LazyString
    meaning: LazyString
    prompt: LazyString
    writer: LazyString
    noun: LazyString
    glyph: str


STANCE_WORDS: dict[Stance, StanceWords] = {
    Stance.AGREEMENT: StanceWords(
        _("Agree"),
        _("What this says is right."),
        _("What supports it: a study, a case pattern, a mechanism?"),
        _("agrees"),
        _("Agreement"),
        "✓",
    ),
    Stance.DISAGREEMENT: StanceWords(
        _("Disagree"), _("What this says is wrong."), _("Which part, and what is it based on?"), _("disagrees"), _("Disagreement"), "✕"
    ),
    Stance.SKEPTICISM: StanceWords(
        _("Doubt"),
        _("Not convinced yet; I would need evidence or detail."),
        _("What would convince you?"),
        _("doubts this"),
        _("Skepticism"),
        "?",
    ),
    Stance.ENCOURAGEMENT: StanceWords(
        _("Encourage"),
        _("Glad you wrote this, whatever I think of the claim."),
        _("What should they keep doing?"),
        _("encourages this"),
        _("Encouragement"),
        "♥",
    ),
}
