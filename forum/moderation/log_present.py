"""Rows of the log as readers and as moderators get them; the names that a row does not hold are read once a page.

The rule: what the public sees is put together here alone, and never holds a reporter or any text of a comment, a report or a statement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.accounts.queries import accounts_by_id
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.moderation.actors import ActorKind
from forum.moderation.facts import read_rules
from forum.moderation.log import SALT
from forum.moderation.log_schemas import InternalLogEntryOut, LogArticle, LogEntryOut, LogMeasure, LogPerson
from forum.moderation.log_words import APPEALED, IMPOSING, LIFTING
from forum.moderation.models import LogEntry

# Whose names a site may show; never a writer's or a reader's.
STAFF = (ActorKind.MODERATOR, ActorKind.ADMIN)


@dataclass(frozen=True)
class _Around:
    """What rows refer to: people, articles, and the comments that were public once."""

    people: dict[int, LogPerson]
    articles: dict[int, LogArticle]
    published: frozenset[int]


def present_public(session: Session, site_id: int, entries: Sequence[LogEntry]) -> list[LogEntryOut]:
    """Return the public rows among ``entries`` as everybody may see them; four reads whatever their number."""
    entries = [entry for entry in entries if entry.is_public]
    shows_names = bool(entries) and read_rules(session, site_id).show_moderator_names
    around = _read_around(session, entries, [entry.actor_id for entry in entries if shows_names and entry.actor_kind in STAFF])
    return [_present_public(entry, around) for entry in entries]


def present_internal(session: Session, entries: Sequence[LogEntry]) -> list[InternalLogEntryOut]:
    """Return rows as moderators see them; three reads whatever their number."""
    around = _read_around(session, entries, [entry.actor_id for entry in entries])
    return [
        InternalLogEntryOut(
            seq=entry.seq,
            at=entry.at,
            event=entry.event,
            by=_by(entry),
            actor=around.people.get(entry.actor_id or 0),
            reason=entry.reason,
            comment_id=entry.comment_id,
            url=_url(entry.comment_id),
            article=around.articles.get(entry.article_id or 0),
            from_state=entry.from_state,
            to_state=entry.to_state,
            decision_id=entry.decision_id,
            is_public=entry.is_public,
            detail={name: value for name, value in msgspec.json.decode(entry.detail).items() if name != SALT},
            hash=entry.hash,
            measure=_measure(entry),
            same_person=_is_same_person(entry),
        )
        for entry in entries
    ]


def _present_public(entry: LogEntry, around: _Around) -> LogEntryOut:
    comment_id = entry.comment_id if entry.comment_id in around.published else None
    return LogEntryOut(
        seq=entry.seq,
        at=entry.at,
        event=entry.event,
        by=_by(entry),
        moderator=around.people.get(entry.actor_id or 0) if entry.actor_kind in STAFF else None,
        reason=entry.reason,
        comment_id=comment_id,
        url=_url(comment_id),
        article=around.articles.get(entry.article_id or 0),
        from_state=entry.from_state,
        to_state=entry.to_state,
        decision_id=entry.decision_id,
        hash=entry.hash,
        measure=_measure(entry),
        same_person=_is_same_person(entry),
    )


def _by(entry: LogEntry) -> str:
    return f"rule:{entry.rule}" if entry.actor_kind == ActorKind.RULE else entry.actor_kind


def _measure(entry: LogEntry) -> LogMeasure | None:
    if entry.event not in (IMPOSING, LIFTING):
        return None
    detail = msgspec.json.decode(entry.detail)
    return LogMeasure(detail["kind"], detail.get("days"))


def _is_same_person(entry: LogEntry) -> bool:
    # Written by the room of redress, which decides on appeals.
    return entry.event in APPEALED and bool(msgspec.json.decode(entry.detail).get("same_person"))


def _url(comment_id: int | None) -> str | None:
    return f"/c/{comment_id}" if comment_id is not None else None


def _read_around(session: Session, entries: Sequence[LogEntry], people: Iterable[int | None]) -> _Around:
    accounts = accounts_by_id(session, {account_id for account_id in people if account_id is not None})
    articles = {entry.article_id for entry in entries if entry.article_id is not None}
    comments = {entry.comment_id for entry in entries if entry.comment_id is not None}
    titles = session.execute(select(Article.id, Article.title, Article.slug).where(Article.id.in_(articles))) if articles else ()
    published = select(Comment.id).where(Comment.id.in_(comments), Comment.published_at.is_not(None))
    return _Around(
        {account.id: LogPerson(account.shown_handle, account.display_name) for account in accounts.values()},
        {article_id: LogArticle(article_id, title, f"/a/{slug}") for article_id, title, slug in titles},
        frozenset(session.scalars(published)) if comments else frozenset(),
    )
