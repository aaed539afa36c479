"""Statements that moderators can begin from, by reason, as data: what the writer will read, to be completed with what this comment did.

The rule: each is long enough to stand alone and blames the words, never the person. Offered by the pages; whatever is sent counts as the moderator's own.
"""

from forum.moderation.reasons import DecisionReason
from forum.sentences import Sentence, sentence

STATEMENTS: dict[DecisionReason, tuple[Sentence, ...]] = {
    DecisionReason.CONFIDENTIALITY: (
        sentence("Your comment holds details by which a patient or client could be recognised, so it cannot stand here as it is."),
        sentence("Age, place and date together point to one person. Please tell it again so that nobody could recognise them."),
    ),
    DecisionReason.THREAT_SELFHARM: (
        sentence("Your comment threatens somebody, or can be read as a threat; that is not allowed here, whatever the occasion."),
        sentence(
            "Your comment speaks of harm to yourself or to others. We hid it so that nobody is put at risk; please look for help nearby."
        ),
    ),
    DecisionReason.ILLEGAL: (sentence("We were told that your comment breaks a law and, having read it, we think that this is right."),),
    DecisionReason.HARASSMENT: (
        sentence("Your comment attacks a person instead of what they say. Disagree as firmly as you like, but with the argument."),
        sentence("Your comment is one of several that follow the same person around; that is not allowed here, even in friendly words."),
    ),
    DecisionReason.IMPERSONATION: (
        sentence("Your comment is written as if by somebody else, or claims a credential that you could not show."),
    ),
    DecisionReason.DANGEROUS_ADVICE: (
        sentence(
            "Whoever follows the advice in your comment could come to harm, and it names neither the risk nor who should not follow it."
        ),
    ),
    DecisionReason.PROMOTION: (
        sentence("Your comment advertises a product, a service or a site. Links that support an argument are welcome, advertising is not."),
        sentence("Your comment recommends something in which you have an interest, and does not say so. Say it, and it can stand."),
    ),
    DecisionReason.OFF_TOPIC: (
        sentence("Your comment is about something else than the article or what it answers; it belongs to another discussion."),
    ),
    DecisionReason.OTHER: (sentence("Your comment breaks a rule of this discussion, and this is the passage and the rule that we mean:"),),
}
