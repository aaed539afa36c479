"""Who is told of what happened: a listener of ``jobs.happening``, and the job that goes on where followers are many.

A comment is told, the nearest reason first, to the writer whom it answers, to those whom it mentions, to the article's authors, to the followers of its thread
and of its article; never to who wrote it, and to nobody twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from forum.jobs.actions import enqueue
from forum.jobs.happening import Event, Happening
from forum.notifications.actions import add_subscribers
from forum.notifications.models import Reason, Subject
from forum.notifications.queries import (
    FOLLOWED_BY,
    Addressee,
    Matter,
    find_article_matter,
    find_comment_matter,
    list_addressees,
    list_doubting,
    list_followers,
    list_mentioned,
)
from forum.notifications.recording import News, tell_all
from forum.text.mentions import find_mentions

FAN_OUT = "fan-out"
BATCH = 500
"""So many are told in one transaction: on SQLite it holds the one lock for writing."""

NEXT = {Reason.THREAD: Reason.ARTICLE, Reason.AUTHOR: Reason.SITE}


def tell_people(session: Session, event: Event) -> None:
    """Tell those whom an event concerns most, and begin to tell its followers."""
    if event.kind is Happening.COMMENT_PUBLISHED:
        _tell_of_comment(session, event.comment_id)
    elif event.kind is Happening.COMMENT_EDITED:
        _tell_mentioned_later(session, event.comment_id)
    elif event.kind is Happening.ARTICLE_CREATED:
        _begin(session, Subject.ARTICLE, event.article_id, Reason.AUTHOR)
    elif event.kind is Happening.COMMENT_THANKED:
        _tell_thanked(session, event.comment_id)
    elif event.kind is Happening.COMMENT_CONTINUED:
        _begin(session, Subject.ANSWERED, event.comment_id, Reason.ANSWERED)


def fan_out(session: Session, payload: Mapping[str, Any]) -> None:
    """Tell the next followers: the handler of ``FAN_OUT``."""
    _begin(session, Subject(payload["subject"]), payload["subject_id"], Reason(payload["reason"]), after=payload["after"])


def tell_person(session: Session, news: News, reason: Reason, account_id: int) -> None:
    """Tell one person, also one who wrote as a guest: for the rooms above, which know of what happens to people."""
    tell_all(session, news, [(reason, person) for person in _of_accounts(session, [account_id], with_guests=True)])


def _begin(session: Session, subject: Subject, subject_id: int, reason: Reason, *, after: int = 0) -> None:
    matter = _find_matter(session, subject, subject_id)
    if matter is not None:
        news = _news(subject, subject_id, matter)
        tell_all(session, news, _without(_go_on(session, news, matter, reason, after=after), matter))


def _find_matter(session: Session, subject: Subject, subject_id: int) -> Matter | None:
    """Return what decides who is told; None where nobody may see it any more."""
    if subject is Subject.ARTICLE:
        return find_article_matter(session, subject_id)
    matter = find_comment_matter(session, subject_id)
    if matter is None or subject is not Subject.ANSWERED:
        return matter
    # That a later part answers a thread is its authors' doing; whoever wrote the thread is told as those who doubt it are.
    return replace(matter, writers=matter.author_ids, addresses=(), targets={Reason.ANSWERED: tuple(matter.writers)})


def _news(subject: Subject, subject_id: int, matter: Matter) -> News:
    return News(subject, subject_id, matter.article_id, subject_id if subject is not Subject.ARTICLE else None)


def _go_on(session: Session, news: News, matter: Matter, reason: Reason, *, after: int = 0) -> list[tuple[Reason, Addressee]]:
    """Return one batch, and leave a job for the next: of the same followers, or of those of the next reason."""
    found, last = _find(session, news, matter, reason, after=after)
    batch = [(reason, person) for person in found]
    if last is not None:
        about = {"subject": news.subject.value, "subject_id": news.subject_id}
        enqueue(session, FAN_OUT, {**about, "reason": reason.value, "after": last})
    elif reason in NEXT:
        batch += _go_on(session, news, matter, NEXT[reason])
    return batch


def _find(session: Session, news: News, matter: Matter, reason: Reason, *, after: int) -> tuple[list[Addressee], int | None]:
    """Return the next who are told for ``reason``, and where to go on, None at their end."""
    if reason is Reason.ANSWERED:
        accounts = list_doubting(session, news.subject_id, after=after, limit=BATCH)
        asking = () if after else matter.targets[reason]
        return _of_accounts(session, [*asking, *accounts]), accounts[-1] if len(accounts) == BATCH else None
    targets = matter.targets.get(reason)
    found = list_followers(session, FOLLOWED_BY[reason], targets, after=after, limit=BATCH) if targets else []
    return found, found[-1].id if len(found) == BATCH else None


def _tell_of_comment(session: Session, comment_id: int) -> None:
    matter = find_comment_matter(session, comment_id)
    if matter is None:
        return
    news = _news(Subject.COMMENT, comment_id, matter)
    concerned: dict[int, Reason] = {}
    if matter.answered_id is not None:
        concerned[matter.answered_id] = Reason.REPLY
    for reason, account_ids in ((Reason.MENTION, _mentioned_in(session, matter)), (Reason.DESK, matter.author_ids)):
        for account_id in account_ids:
            concerned.setdefault(account_id, reason)
    people = _named(session, concerned, matter) + _go_on(session, news, matter, Reason.THREAD)
    tell_all(session, news, _without(people, matter))


def _tell_mentioned_later(session: Session, comment_id: int) -> None:
    # Whoever was mentioned from the beginning knows of the comment already; whom an edit mentions is told now.
    matter = find_comment_matter(session, comment_id)
    if matter is not None:
        mentioned = dict.fromkeys(_mentioned_in(session, matter), Reason.MENTION)
        news = _news(Subject.COMMENT, comment_id, matter)
        tell_all(session, news, _without(_named(session, mentioned, matter), matter))


def _mentioned_in(session: Session, matter: Matter) -> Sequence[int]:
    handles = find_mentions(matter.body_md)
    return list_mentioned(session, handles) if handles else ()


def _tell_thanked(session: Session, comment_id: int) -> None:
    matter = find_comment_matter(session, comment_id)
    if matter is not None:
        news = _news(Subject.THANKS, comment_id, matter)
        tell_all(session, news, [(Reason.THANKS, person) for person in _of_accounts(session, list(matter.writers))])


def _named(session: Session, concerned: Mapping[int, Reason], matter: Matter) -> list[tuple[Reason, Addressee]]:
    people = _of_accounts(session, [account_id for account_id in concerned if account_id not in matter.writers])
    return [(concerned[person.account_id], person) for person in people if person.account_id is not None]


def _of_accounts(session: Session, account_ids: Sequence[int], *, with_guests: bool = False) -> list[Addressee]:
    if not account_ids:
        return []
    people, others = list_addressees(session, account_ids)
    # Guests have no inbox; they are told what is decided about them, and of answers where they asked for it.
    able = {account_id: is_guest for account_id, is_guest in others.items() if with_guests or not is_guest}
    if able:
        add_subscribers(session, able)
        people, _ = list_addressees(session, account_ids)
    return people


def _without(people: Sequence[tuple[Reason, Addressee]], matter: Matter) -> Iterator[tuple[Reason, Addressee]]:
    """Leave out who made it, also where they follow by their address alone."""
    for reason, person in people:
        if person.account_id not in matter.writers and person.address not in matter.addresses:
            yield reason, person
