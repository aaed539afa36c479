"""Runs the checks, one after the other, and mends what is derived where that is wanted. ``CHECKS`` is the list: what others are counted from comes first.

The rule: a text, a decision and the log are never touched; what no program may mend comes with the way out.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from forum.operating import article_checks, case_checks, comment_checks, place_checks
from forum.operating.checks import Check, Fault
from forum.operating.comment_checks import finding, mending

MOST_AT_ONCE = 5000
MOST_SHOWN = 20
ROUNDS = 1000
BACKUP = "Restore a backup ('forum restore'), or ask where you got this program; the rest goes on meanwhile."

CHECKS: tuple[Check, ...] = (
    Check("database", "the database's own integrity", place_checks.find_database_faults, None, BACKUP),
    Check("numbers", "the numbers that are given out next are free", place_checks.find_low_numbers, place_checks.mend_numbers),
    Check("trees", "every comment answers an older one of its discussion", comment_checks.find_wrong_trees, None, BACKUP),
    Check("places", "root and depth of comments", finding(comment_checks.places), mending(comment_checks.places)),
    Check("publishing", "what is listed, and since when", finding(comment_checks.publishing), mending(comment_checks.publishing)),
    Check("tags", "whose tags count", comment_checks.find_wrong_flags, comment_checks.mend_flags),
    Check("tallies", "tallies, scores and urgency of comments", finding(comment_checks.tallies), mending(comment_checks.tallies)),
    Check("replies", "replies counted, and the last activity in threads", finding(comment_checks.replies), mending(comment_checks.replies)),
    Check("threads", "tallies of threads", finding(comment_checks.thread_tallies), mending(comment_checks.thread_tallies)),
    Check("answers", "what authors have answered", comment_checks.find_wrong_answers, comment_checks.mend_answers),
    Check("articles", "counts, tallies and last activity of articles", article_checks.find_wrong_counts, article_checks.mend_counts),
    Check("addresses", "articles are found by their addresses", article_checks.find_wrong_addresses, article_checks.mend_addresses),
    Check(
        "merges",
        "where merged articles lead",
        article_checks.find_wrong_merges,
        None,
        "'forum article show' names the change by which it was merged; 'forum article undo' takes it back.",
    ),
    Check("restrictions", "what is hidden has a decision that says why", case_checks.find_wrong_restrictions, None, BACKUP),
    Check("bindings", "no decision holds what is not hidden", case_checks.find_loose_restrictions, case_checks.mend_restrictions),
    Check("cases", "cases and news name the article of their comment", case_checks.find_wrong_articles, case_checks.mend_articles),
    Check(
        "log",
        "the moderation log is as it was written",
        case_checks.find_log_faults,
        None,
        "The log is never mended: keep a copy of the database, compare with a backup, and say openly what is missing.",
    ),
    Check("imports", "what was imported is here", case_checks.find_loose_refs, case_checks.mend_refs),
    Check("search", "what is visible is found by its words, and nothing else", place_checks.find_index_faults, place_checks.mend_index),
    Check(
        "files",
        "what lies in the data folder",
        place_checks.find_stray_files,
        place_checks.mend_files,
        "Look at it, and move it elsewhere if you know it.",
    ),
)


@dataclass
class Outcome:
    """What one check found: how many faults there were, how many of them were mended, and a few of those that were found."""

    check: Check
    found: int = 0
    left: int = 0
    shown: list[Fault] = field(default_factory=list)

    @property
    def mended(self) -> int:
        """How many faults are there no more."""
        return self.found - self.left


def run_checks(*, repair: bool, checks: Sequence[Check] = CHECKS) -> Iterator[Outcome]:
    """Run the checks and yield what each found; ``repair``: mend what may be mended, and look again."""
    for check in checks:
        yield _mend(check) if repair and check.mend is not None else _look(check)


def _look(check: Check) -> Outcome:
    outcome = Outcome(check)
    with closing(_iterate(check)) as faults:
        for fault in faults:
            outcome.found += 1
            if len(outcome.shown) < MOST_SHOWN:
                outcome.shown.append(fault)
    outcome.left = outcome.found
    return outcome


def _mend(check: Check) -> Outcome:
    assert check.mend is not None, "what cannot be mended is only looked at"
    outcome = Outcome(check)
    before: set[Fault] = set()
    for _ in range(ROUNDS):
        # Gathered first, so that nothing is written inside the transaction that reads.
        with closing(_iterate(check)) as faults:
            batch = list(islice(faults, MOST_AT_ONCE))
        fresh = [fault for fault in batch if fault not in before]
        if not fresh:
            outcome.left = len(batch)
            return outcome
        outcome.found += len(fresh)
        outcome.shown += fresh[: MOST_SHOWN - len(outcome.shown)]
        check.mend(fresh)
        before = set(batch)
    outcome.left = len(before)
    return outcome


def _iterate(check: Check) -> Any:
    return (fault for fault in check.find())
