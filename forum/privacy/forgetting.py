"""Destroys a comment's text for good, wherever it is kept: the comment, its revisions, what screening and readers said of it, answers kept for repetition.

The rule: after this no table holds the text; what later rooms keep of it (an index, a queue) they forget through ``forgetters``. Other people's comments stay as
they are, also where they quote it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from forum.comments.counts import Place, counted
from forum.comments.models import Comment, Revision
from forum.comments.states import RevisionState
from forum.moderation.models import Decision, ModeratorNote, Report, Reveal, StoredFinding
from forum.privacy.answers import forget_answers
from forum.privacy.models import Erasure
from forum.privacy.quotes import Quotes
from forum.privacy.tidying import tidy_later
from forum.redress.models import Appeal
from forum.sanctions.models import Sanction
from forum.sentences import sentence

# Rooms above that keep something of a comment's text enter here what forgets it: (session, comment id).
forgetters: list[Callable[[Session, int], None]] = []

FORGOTTEN = sentence("This sentence quoted a text that has been destroyed since, and was destroyed with it.")
FORGOTTEN_BY_RULE = sentence("A rule found something in a text that has been destroyed since; what it was is destroyed too.")


def destroy(session: Session, place: Place) -> None:
    """Destroy everything that holds the text of ``place``'s comment, which the caller has locked and moved to a state in which nobody reads it."""
    destroy_all(session, [place])


def destroy_all(session: Session, places: Sequence[Place]) -> None:
    """Destroy the texts of several comments; the answers kept for repetition, of which there may be many, are looked through once."""
    for place in places:
        _destroy(session, place)
    _forget_elsewhere(session, [place.comment for place in places])


def destroy_originals(session: Session, place: Place, decision: Decision) -> int:
    """Destroy the texts that the redaction ``decision`` keeps from readers, and the changes before it that were never shown; return how many there were.

    What readers can read stays, and so do texts that another redaction keeps. ``place`` is locked.
    """
    comment = place.comment
    never_shown = Revision.state.in_((RevisionState.DECLINED.value, RevisionState.REPLACED.value))
    kept = (Revision.state == RevisionState.REDACTED.value) & (Revision.redacted_id == decision.id)
    ids = session.scalars(
        select(Revision.id).where(
            Revision.comment_id == comment.id,
            kept | (never_shown & Revision.redacted_id.is_(None) & (Revision.created_at <= decision.created_at)),
            Revision.body_md != "",
        )
    ).all()
    if not ids:
        return 0
    findings = session.scalars(select(StoredFinding).where(StoredFinding.revision_id.in_(ids))).all()
    texts = session.scalars(select(Revision.body_md).where(Revision.id.in_(ids))).all()
    quotes = Quotes(texts, _words_of(findings), unless=(comment.body_md or "",))
    session.execute(update(Revision).where(Revision.id.in_(ids)).values(body_md="", body_html=None))
    for finding in findings:
        finding.detail = str(FORGOTTEN_BY_RULE) if quotes.name_words_in(finding.detail) else finding.detail
        finding.matches = finding.spans = "[]"
    session.execute(update(Report).where(Report.comment_id == comment.id, Report.created_at <= decision.created_at).values(note=""))
    session.execute(update(Decision).where(Decision.comment_id == comment.id, Decision.id <= decision.id).values(note=""))
    _forget_quotes(session, comment, quotes)
    _forget_elsewhere(session, [comment])
    return len(ids)


def _destroy(session: Session, place: Place) -> None:
    comment = place.comment
    mine = select(StoredFinding).where(StoredFinding.comment_id == comment.id)
    quotes = Quotes(_texts_of(session, comment), _words_of(session.scalars(mine)))
    with counted(session, place):
        comment.body_md = comment.body_html = comment.fingerprint = comment.stance = comment.notice = comment.featured = None
        comment.edited_at = None
        comment.confidential, comment.lead = False, 0
        comment.version += 1
    session.execute(update(Revision).where(Revision.comment_id == comment.id).values(body_md="", body_html=None, stance=None))
    session.execute(delete(StoredFinding).where(StoredFinding.comment_id == comment.id))
    session.execute(delete(Reveal).where(Reveal.comment_id == comment.id))
    session.execute(update(Report).where(Report.comment_id == comment.id).values(note=""))
    session.execute(update(Decision).where(Decision.comment_id == comment.id).values(note="", notice=None))
    _forget_quotes(session, comment, quotes)


def _texts_of(session: Session, comment: Comment) -> list[str]:
    texts = session.scalars(select(Revision.body_md).where(Revision.comment_id == comment.id))
    return [*texts, comment.body_md or "", comment.notice or "", comment.featured or ""]


def _words_of(findings: Iterable[StoredFinding]) -> list[str]:
    return [word for finding in findings for word in msgspec.json.decode(finding.matches, type=list[str])]


def _forget_quotes(session: Session, comment: Comment, quotes: Quotes) -> None:
    """Replace what moderators, rules and the writer have said about a comment, where it quotes the text."""
    said = _said_about(session, comment)
    quoting = quotes.among(getattr(row, name) for row, name in said)
    for row, name in said:
        if isinstance(row, Decision) and row.rule is not None and quotes.name_words_in(row.statement):
            row.statement = str(FORGOTTEN_BY_RULE)
        elif getattr(row, name) in quoting:
            setattr(row, name, str(FORGOTTEN))
    session.flush()


def _said_about(session: Session, comment: Comment) -> list[tuple[Any, str]]:
    """Return the rows that somebody has written about a comment or its writer, each with the name of a column that is not empty."""
    decided = select(Decision.id).where(Decision.comment_id == comment.id)
    imposed = select(Sanction.id).where(Sanction.decision_id.in_(decided))
    found: list[tuple[Any, tuple[str, ...]]] = [
        *((row, ("statement",)) for row in session.scalars(select(Decision).where(Decision.comment_id == comment.id))),
        *((row, ("body",)) for row in session.scalars(select(ModeratorNote).where(ModeratorNote.account_id == comment.author_id))),
        *((row, ("statement", "note")) for row in session.scalars(select(Sanction).where(Sanction.decision_id.in_(decided)))),
        *((row, ("why",)) for row in session.scalars(select(Erasure).where(Erasure.comment_id == comment.id))),
    ]
    about = or_(Appeal.decision_id.in_(decided), Appeal.sanction_id.in_(imposed))
    found += ((row, ("body", "question", "answer", "reasons")) for row in session.scalars(select(Appeal).where(about)))
    return [(row, name) for row, names in found for name in names if getattr(row, name)]


def _forget_elsewhere(session: Session, comments: Sequence[Comment]) -> None:
    forget_answers(session, [comment.id for comment in comments])
    for comment in comments:
        for forget in forgetters:
            forget(session, comment.id)
    tidy_later(session)
