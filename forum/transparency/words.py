"""What the tables of a report are called and what they count, in sentences for a stranger. Data; the codes are those of ``tables``."""

from collections.abc import Mapping
from dataclasses import dataclass

from forum.moderation.log_words import RULE_WORDS
from forum.moderation.page_words import LANES
from forum.moderation.reasons import DECISION_LABELS
from forum.moderation.review import Action
from forum.redress.models import Outcome
from forum.sanctions.kinds import KINDS
from forum.sentences import Sentence, sentence


@dataclass(frozen=True)
class TableWords:
    """A table's caption, the sentence before it that says what it counts, what its rows are, and what is said in its place when there is nothing in it."""

    caption: Sentence
    counts: Sentence
    rows: Sentence
    nothing: Sentence


@dataclass(frozen=True)
class SectionWords:
    """A section of the page: its heading and its tables; where all of them are empty, only the first one's ``nothing`` is said."""

    heading: Sentence
    tables: tuple[str, ...]


SECTIONS: Mapping[str, SectionWords] = {
    "reporting": SectionWords(sentence("Reports and notices"), ("reports", "senders")),
    "deciding": SectionWords(sentence("Decisions of moderators"), ("decisions", "reasons", "undone")),
    "automation": SectionWords(sentence("What rules do by themselves"), ("automatic", "rules", "noted", "shown_again")),
    "fairness": SectionWords(sentence("Removals by the writer’s stance"), ("removals",)),
    "appealing": SectionWords(sentence("Appeals"), ("appeals_filed", "appeals_decided", "appeals", "appeal_deciders")),
    "restricting": SectionWords(sentence("Restrictions of people"), ("sanctions",)),
    "stating": SectionWords(sentence("Statements of reasons"), ("statements",)),
    "waiting": SectionWords(sentence("How long it took"), ("times",)),
}

# The figures with which the page begins, each by table, row and column, in the words of somebody who reads nothing else. Of tables that count the same cases
# the one with the fewest cells, since it hides least.
IN_SHORT: Mapping[tuple[str, str, str], Sentence] = {
    ("senders", "total", "total"): sentence("reports and notices came in"),
    ("reasons", "total", "total"): sentence("decisions of moderators stand"),
    ("reasons", "total", "removed"): sentence("of these removed a comment"),
    ("automatic", "total", "made"): sentence("comments were held or hidden by a rule"),
    ("automatic", "total", "share"): sentence("of these were let stand, where a person has decided"),
    ("appeals_decided", "total", "decided"): sentence("appeals were decided on"),
    ("appeals", "total", "reversed"): sentence("of these overturned or replaced the first decision"),
    ("sanctions", "total", "total"): sentence("restrictions were imposed on people"),
    ("times", "reports", "median"): sentence("is the time within which half of the reports were decided"),
}
_NO_REPORT = sentence("Nobody reported a comment in this month.")
_NO_DECISION = sentence("No decision that a moderator took in this month stands.")
_NO_RULE = sentence("No rule held or hid a comment in this month.")
_NO_APPEAL_DECIDED = sentence("No appeal was decided on in this month.")
_DECISION = sentence("Decision")
_OUTCOME = sentence("Outcome")
_REASON = sentence("Reason")
TABLES: Mapping[str, TableWords] = {
    "reports": TableWords(
        sentence("Reports and notices by reason, and what has become of them"),
        sentence(
            "Each report of a reader and each notice about a comment that came in during the month. Upheld: something was done about the comment."
            " Declined: it was left as it is. Without object: the comment was gone before anybody decided."
        ),
        _REASON,
        _NO_REPORT,
    ),
    "senders": TableWords(
        sentence("Reports and notices by sender"),
        sentence("The same reports and notices by who sent them. Anybody can send a notice, also without an account."),
        sentence("Sender"),
        _NO_REPORT,
    ),
    "decisions": TableWords(
        sentence("Decisions by what led to them"),
        sentence(
            "Each decision that a moderator took in the month and that still stands, by what led to it: a report or notice; a check that held the text back"
            " until somebody had read it; a check that only pointed out a comment; a writer who brought a comment back; or the moderator’s own look."
        ),
        _DECISION,
        _NO_DECISION,
    ),
    "reasons": TableWords(
        sentence("Decisions by reason"),
        sentence("The same decisions by the reason that the moderator gave for them."),
        _REASON,
        _NO_DECISION,
    ),
    "undone": TableWords(
        sentence("Decisions that were taken back"),
        sentence(
            "Decisions that moderators took in the month and that no longer stand, so they are not counted above: the moderator took them back within"
            " minutes, or an appeal overturned them."
        ),
        sentence("How"),
        sentence("No decision of the month has been taken back."),
    ),
    "automatic": TableWords(
        sentence("What rules held or hid, and what people made of it"),
        sentence(
            "A rule can hold a text back until a person has read it, and hide a comment after enough reports. These are the cases of the month, and what a"
            " moderator has made of each since. The error rate is the share that the moderator let stand, of those on which one has decided."
            " Some texts wait whatever they say: the first comments of new accounts, what people under pre-moderation write, and comments that their writer"
            " brought back. To let these stand says nothing against a check."
        ),
        sentence("Case"),
        _NO_RULE,
    ),
    "rules": TableWords(
        sentence("Cases by rule"), sentence("The same cases by the rule that held or hid the comment."), sentence("Rule"), _NO_RULE
    ),
    "noted": TableWords(
        sentence("What only pointed out a comment"),
        sentence(
            "Most checks hide nothing: they point out a comment that everybody can read to a moderator. These are the decisions on such comments, and how often"
            " the moderator left the comment as it was, so that the hint came to nothing."
        ),
        sentence("Case"),
        sentence("No moderator decided on a comment that a check had only pointed out."),
    ),
    "shown_again": TableWords(
        sentence("Shown again because nobody decided in time"),
        sentence("A comment that was hidden after reports is shown again when no moderator has decided in the time set for it."),
        sentence("Case"),
        sentence("No hidden comment was shown again for want of a decision."),
    ),
    "removals": TableWords(
        sentence("Comments published and removed, by stance"),
        sentence(
            "To disagree is no reason to remove a comment. So that anybody can check that, this shows how many comments with each stance were published in the"
            " month, how many moderators removed in it, and the second in relation to the first. A removed comment may have been published earlier, or never;"
            " one that was erased since counts as without a stance."
        ),
        sentence("Stance"),
        sentence("No comment was published or removed in this month."),
    ),
    "appeals_filed": TableWords(
        sentence("Appeals that came in"),
        sentence("Appeals that were filed in the month, whatever has become of them."),
        sentence("Appeal"),
        sentence("Nobody appealed in this month."),
    ),
    "appeals_decided": TableWords(
        sentence("What came of appeals"),
        sentence("Appeals that were decided on in the month, whenever they had been filed."),
        _OUTCOME,
        _NO_APPEAL_DECIDED,
    ),
    "appeals": TableWords(
        sentence("How often the first decision fell, and how long it took"),
        sentence(
            "The share of these appeals in which the first decision was overturned or replaced, and the time from filing to the decision."
        ),
        sentence("Appeals"),
        sentence("Fewer than three appeals were decided on, or their number cannot be told, so there is no share and no time to show."),
    ),
    "appeal_deciders": TableWords(
        sentence("Who decided on appeals"),
        sentence(
            "Another person decides than the first time. Where a site has nobody else, the same person may, after two days, and everybody concerned is told."
        ),
        sentence("Decided by"),
        _NO_APPEAL_DECIDED,
    ),
    "sanctions": TableWords(
        sentence("Restrictions imposed on people, by kind"),
        sentence(
            "What moderators imposed on people in the month, and whether it was lifted since or overturned on appeal. What ended on its day counts as neither."
        ),
        sentence("Kind"),
        sentence("Nobody was warned, muted, suspended or banned in this month."),
    ),
    "statements": TableWords(
        sentence("Statements of reasons that were given"),
        sentence(
            "Whoever is restricted can read why from the same moment on. One statement belongs to each restriction that is counted above, those that were taken"
            " back included; the database stores no restriction without one, and the last row counts whether that holds."
        ),
        sentence("Restriction"),
        sentence("Nobody was restricted in this month, so no reasons had to be given."),
    ),
    "times": TableWords(
        sentence("Time from the opening of a case to its closing"),
        sentence(
            "Cases that were closed in the month, by how urgent they were, and the reports that were decided on in it. Half of them took no longer than the first"
            " time, nine of ten no longer than the second. No time is shown for fewer than three."
        ),
        sentence("Cases"),
        sentence("Fewer than three cases of each kind were closed in this month, so there is no time to show."),
    ),
}

# By column; under "table.column" where one is called otherwise in a table.
_ALL = sentence("All")
COLUMNS: Mapping[str, Sentence] = {
    "total": _ALL,
    "open": sentence("Not yet decided"),
    "upheld": sentence("Upheld"),
    "declined": sentence("Declined"),
    "moot": sentence("Without object"),
    "reports": sentence("A report"),
    "held": sentence("A check that held it"),
    "noted": sentence("A check that pointed it out"),
    "brought_back": sentence("Brought back"),
    "own_initiative": sentence("Own look"),
    "removed": sentence("Removed"),
    "restricted": sentence("Otherwise restricted"),
    "left": sentence("Left or shown again"),
    "made": sentence("Cases"),
    "let_stand": sentence("Let stand"),
    "waiting": sentence("Not yet decided"),
    "share": sentence("Error rate"),
    "median": sentence("Half within"),
    "ninetieth": sentence("Nine of ten within"),
    "filed": sentence("Filed"),
    "decided": sentence("Decided"),
    "reversed": sentence("Overturned or replaced"),
    "published": sentence("Published"),
    "standing": sentence("Neither"),
    "lifted": sentence("Lifted early"),
    "overturned": sentence("Overturned"),
    "sent": sentence("Given"),
    "reports.total": sentence("Received"),
    "senders.total": sentence("Received"),
    "undone.restricted": sentence("Had restricted the writer"),
    "undone.left": sentence("Had left the comment"),
    "automatic.restricted": sentence("Restricted"),
    "noted.left": sentence("Came to nothing"),
    "noted.total": sentence("Decided"),
    "removals.share": sentence("Removed in relation to published"),
    "sanctions.total": sentence("Imposed"),
}
ROWS: Mapping[str, Mapping[str, Sentence]] = {
    "reports": {reason.value: label for reason, label in DECISION_LABELS.items()},
    "senders": {"readers": sentence("Readers with an account"), "notices": sentence("People without an account")},
    "decisions": {
        Action.APPROVE: sentence("Approved"),
        Action.RESTORE: sentence("Shown again"),
        Action.NO_ACTION: sentence("Left as it is"),
        Action.UNLOCK: sentence("Branch unlocked"),
        Action.REMOVE: sentence("Removed"),
        Action.REDACT: sentence("Passage taken out"),
        Action.SCREEN_OUT: sentence("Hidden for now"),
        Action.LOCK: sentence("Branch locked"),
        Action.NOTICE: sentence("Notice added"),
        "declined": sentence("Change turned down"),
    },
    "reasons": {reason.value: label for reason, label in DECISION_LABELS.items()},
    "undone": {"taken_back": sentence("Taken back by the moderator"), "overturned": sentence("Overturned on appeal")},
    "automatic": {
        "check": sentence("Held because of what a check found"),
        "routine": sentence("Held whatever it says"),
        "reports": sentence("Hidden after reports"),
    },
    "rules": RULE_WORDS,
    "noted": {"noted": sentence("Pointed out, hidden by nobody")},
    "shown_again": {"undecided": sentence("Hidden, then shown again")},
    "removals": {"none": sentence("No stance given")},
    "appeals_filed": {
        "writer": sentence("Against a decision on one’s comment"),
        "sanctioned": sentence("Against a restriction of one’s account"),
        "reporter": sentence("Against the declining of one’s report"),
    },
    "appeals_decided": {
        Outcome.UPHELD: sentence("The first decision stands"),
        Outcome.OVERTURNED: sentence("The first decision is overturned"),
        Outcome.CHANGED: sentence("Another decision replaces it"),
    },
    "appeals": {"total": sentence("All appeals decided on")},
    "appeal_deciders": {"another_person": sentence("Another person"), "same_person": sentence("The same person")},
    "sanctions": {kind.value: known.label for kind, known in KINDS.items()},
    "statements": {
        "moderators": sentence("By a moderator’s decision"),
        "rules": sentence("By a rule"),
        "sanctions": sentence("Of a person"),
        "without": sentence("Restrictions without a statement"),
    },
    "times": {**{f"lane_{number}": label for number, label in enumerate(LANES)}, "reports": sentence("From a report to the decision")},
}


def column_word(table: str, column: str) -> Sentence:
    """Return what a column is called in a table. Raises KeyError for a code that has no word."""
    return COLUMNS.get(f"{table}.{column}") or COLUMNS[column]


def row_word(table: str, row: str) -> Sentence | None:
    """Return what a row is called in a table, or None for one whose code is all there is to say."""
    return ROWS[table].get(row) or (_ALL if row == "total" else None)
