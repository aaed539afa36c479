"""What each event of the log is called: one sentence for a person who caused it, one for a rule. Data, without a name of the writer in it.

The places ``%(who)s`` and ``%(article)s`` are filled by the pages, with links where these are possible.
"""

from dataclasses import dataclass

from forum.moderation.actors import ActorKind
from forum.sanctions.kinds import SanctionKind
from forum.sentences import Sentence, sentence


@dataclass(frozen=True)
class EventWords:
    """The sentence for a person (``%(who)s`` is "A moderator" or a name) and for a rule (``%(who)s`` is its name in quotation marks)."""

    person: Sentence
    rule: Sentence


ACTOR_WORDS: dict[ActorKind, Sentence] = {
    ActorKind.MODERATOR: sentence("A moderator"),
    ActorKind.ADMIN: sentence("An administrator"),
    ActorKind.WRITER: sentence("The writer"),
    ActorKind.READER: sentence("A reader"),
}
RULE_WORDS: dict[str, Sentence] = {
    "limits": sentence("length and links"),
    "sanctions": sentence("pre-moderation"),
    "duplicate": sentence("repetition"),
    "confidentiality": sentence("confidentiality check"),
    "words": sentence("word lists"),
    "links": sentence("links of new accounts"),
    "newcomer": sentence("first comments"),
    "history": sentence("recent removals"),
    "heat": sentence("heated discussion"),
    "report-threshold": sentence("enough reports"),
    "restore-undecided": sentence("not decided in time"),
    "undecided": sentence("not decided in time"),
    "resubmitted": sentence("brought back"),
    "withdrawn": sentence("withdrawn by its writer"),
    "replaced": sentence("replaced by another change"),
    "erased": sentence("erased"),
    "purge-originals": sentence("fourteen days after a redaction"),
}
IMPOSING, LIFTING = "sanction", "lift"
APPEALED = ("appeal_uphold", "appeal_overturn", "appeal_change")
SAME_PERSON = sentence("Nobody else was there to decide than who had decided first.")
QUOTED = sentence("“%(name)s”")
NO_ARTICLE = sentence("an article that is not here any more")

EVENTS: dict[str, EventWords] = {
    "approve": EventWords(
        sentence("%(who)s approved a comment on %(article)s."), sentence("The rule %(who)s approved a comment on %(article)s.")
    ),
    "remove": EventWords(
        sentence("%(who)s removed a comment on %(article)s."), sentence("The rule %(who)s removed a comment on %(article)s.")
    ),
    "redact": EventWords(
        sentence("%(who)s took a passage out of a comment on %(article)s and shows the rest."),
        sentence("The rule %(who)s took a passage out of a comment on %(article)s; the rest is shown."),
    ),
    "screen_out": EventWords(
        sentence("%(who)s hid a comment on %(article)s for now."),
        sentence("The rule %(who)s hid a comment on %(article)s until a moderator looks at it."),
    ),
    "restore": EventWords(
        sentence("%(who)s showed a comment on %(article)s again."),
        sentence("The rule %(who)s let a comment on %(article)s be shown again."),
    ),
    "no_action": EventWords(
        sentence("%(who)s looked at a comment on %(article)s and left it as it is."),
        sentence("The rule %(who)s left a comment on %(article)s as it is."),
    ),
    "lock": EventWords(
        sentence("%(who)s closed a branch of the discussion of %(article)s to new replies."),
        sentence("The rule %(who)s closed a branch of the discussion of %(article)s to new replies."),
    ),
    "unlock": EventWords(
        sentence("%(who)s opened a branch of the discussion of %(article)s to new replies again."),
        sentence("The rule %(who)s opened a branch of the discussion of %(article)s to new replies again."),
    ),
    "notice": EventWords(
        sentence("%(who)s put a notice below a comment on %(article)s."),
        sentence("The rule %(who)s put a notice below a comment on %(article)s."),
    ),
    "hold": EventWords(
        sentence("%(who)s held a comment on %(article)s for review."),
        sentence("The rule %(who)s held a comment on %(article)s until a moderator reads it."),
    ),
    "settle": EventWords(
        sentence("%(who)s closed the case of a comment on %(article)s; nothing was left to decide."),
        sentence("The rule %(who)s closed the case of a comment on %(article)s; nothing was left to decide."),
    ),
    "undo": EventWords(
        sentence("%(who)s took back a decision on a comment on %(article)s."),
        sentence("The rule %(who)s took back a decision on a comment on %(article)s."),
    ),
    "withdraw": EventWords(
        sentence("%(who)s withdrew a comment on %(article)s."), sentence("The rule %(who)s withdrew a comment on %(article)s.")
    ),
    "unwithdraw": EventWords(
        sentence("%(who)s took back the withdrawal of a comment on %(article)s."),
        sentence("The rule %(who)s took back the withdrawal of a comment on %(article)s."),
    ),
    "resubmit": EventWords(
        sentence("%(who)s changed a removed comment on %(article)s and submitted it again."),
        sentence("The rule %(who)s submitted a removed comment on %(article)s again."),
    ),
    "erase": EventWords(
        sentence("%(who)s erased a comment on %(article)s for good."),
        sentence("The rule %(who)s erased a comment on %(article)s for good."),
    ),
    "erasure_asked": EventWords(
        sentence("%(who)s asked for a comment on %(article)s to be erased for good."),
        sentence("The rule %(who)s asked for a comment on %(article)s to be erased for good."),
    ),
    "erasure_dropped": EventWords(
        sentence("%(who)s decided against erasing a comment on %(article)s."),
        sentence("The rule %(who)s decided against erasing a comment on %(article)s."),
    ),
    "purge": EventWords(
        sentence("%(who)s destroyed the texts before a redaction on %(article)s."),
        sentence("The rule %(who)s destroyed the texts before a redaction on %(article)s."),
    ),
    "reveal": EventWords(
        sentence("%(who)s read a masked text on %(article)s."),
        sentence("The rule %(who)s read a masked text on %(article)s."),
    ),
    "appeal": EventWords(sentence("%(who)s appealed a decision."), sentence("The rule %(who)s appealed a decision.")),
    "appeal_uphold": EventWords(
        sentence("%(who)s decided on an appeal: the first decision stands."),
        sentence("The rule %(who)s decided on an appeal: the first decision stands."),
    ),
    "appeal_overturn": EventWords(
        sentence("%(who)s decided on an appeal: the first decision was overturned."),
        sentence("The rule %(who)s decided on an appeal: the first decision was overturned."),
    ),
    "appeal_change": EventWords(
        sentence("%(who)s decided on an appeal: another decision takes the place of the first one."),
        sentence("The rule %(who)s decided on an appeal: another decision takes the place of the first one."),
    ),
    "rules": EventWords(
        sentence("%(who)s changed the rules by which comments are screened."),
        sentence("The rule %(who)s changed the rules by which comments are screened."),
    ),
}
# What was imposed on somebody, who is never named: by its kind, with the time that it lasts where it has an end.
IMPOSED: dict[str, Sentence] = {
    SanctionKind.REMINDER: sentence("%(who)s reminded somebody of the rules."),
    SanctionKind.WARNING: sentence("%(who)s warned somebody."),
    SanctionKind.PRE_MODERATION: sentence("%(who)s decided that what somebody writes is read first, for %(time)s."),
    SanctionKind.MUTE: sentence("%(who)s muted somebody for %(time)s."),
    SanctionKind.TAG_MUTE: sentence("%(who)s took the right to tag from somebody for %(time)s."),
    SanctionKind.REPORT_MUTE: sentence("%(who)s took the right to report from somebody for %(time)s."),
    SanctionKind.SUSPENSION: sentence("%(who)s suspended somebody for %(time)s."),
    SanctionKind.BAN: sentence("%(who)s banned somebody."),
}
LIFTED = sentence("%(who)s lifted what was imposed on somebody: %(measure)s.")
# A row stays although a later version may have no words for its event any more.
OTHER = EventWords(
    sentence("%(who)s did something about a comment on %(article)s."),
    sentence("The rule %(who)s did something about a comment on %(article)s."),
)


def words_of(event: str, *, by_rule: bool, measure: str | None = None) -> Sentence:
    """Return the sentence of an event, its places still open; ``measure``: the kind of sanction that it is about."""
    if measure in IMPOSED:
        return IMPOSED[measure] if event == IMPOSING else LIFTED
    words = EVENTS.get(event, OTHER)
    return words.rule if by_rule else words.person
