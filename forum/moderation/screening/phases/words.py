"""Word lists: banned words hold a comment, suspect ones report it. One finding for each list and reason, with the words that were found.

Where no entry is found, a comment is still reported when its letters are disguised.
"""

from forum.moderation.screening.addresses import domain_set, is_on
from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Finding, Outcome
from forum.moderation.screening.patterns import Match, matcher
from forum.moderation.screening.spellings import hide_names, is_disguised, signs
from forum.sentences import Sentence, sentence


def look(context: ScreeningContext) -> tuple[Finding, ...]:
    """Find the entries of the lists that the text holds, in any spelling that folds alike, the banned ones first; where there are none, disguised letters."""
    trusted = domain_set(context.rules.trusted_domains)
    has_link = any(not is_on(address.host, trusted) for address in context.addresses)
    # What is no word (a phone number, a price) is looked for as a spelling of its own.
    spellings = (*context.spellings, *filter(None, (hide_names(signs(context.text, has_link=has_link)),)))
    listed = (*_find(spellings, context.rules.banned, Outcome.HOLD), *_find(spellings, context.rules.suspect, Outcome.REPORT))
    if listed or not context.rules.suspect:
        return listed
    # A site without suspect words looks for no words, however they are written.
    return _find_disguise(context)


def _find(spellings: tuple[str, ...], lines: tuple[str, ...], outcome: Outcome) -> tuple[Finding, ...]:
    by_reason: dict[str, list[Match]] = {}
    for match in matcher(lines).find(spellings):
        by_reason.setdefault(match.reason, []).append(match)
    code = "banned-words" if outcome is Outcome.HOLD else "suspect-words"
    return tuple(Finding("words", outcome, code, _say(outcome, matches), reason, _words(matches)) for reason, matches in by_reason.items())


def _find_disguise(context: ScreeningContext) -> tuple[Finding, ...]:
    if not is_disguised(context.text):
        return ()
    return (Finding("words", Outcome.REPORT, "disguised-letters", sentence("Words are written in letters that only look like letters.")),)


def _say(outcome: Outcome, matches: list[Match]) -> Sentence:
    words = _words(matches)
    if outcome is Outcome.HOLD:
        return sentence("Words on the list of banned words: %(words)s.", words=words)
    return sentence("Words on the list of suspect words: %(words)s.", words=words)


def _words(matches: list[Match]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(match.words for match in matches))
