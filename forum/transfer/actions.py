"""Writes of an import: articles, people and comments through their own rooms, each remembered with its foreign id. Actions never commit."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.accounts.actions import NAME_MAX, RESERVED, NewAccount, create_account
from forum.accounts.models import Account
from forum.articles.actions import KEY_MAX, TITLE_MAX, ArticleDraft, create_article, set_closed
from forum.articles.address import BadAddress, normalize_address, tidy_address
from forum.articles.models import Article
from forum.comments.bulk import Planted, store_older
from forum.db.rows import insert_rows
from forum.text.limits import find_line_faults
from forum.transfer.models import ExternalRef, RefKind
from forum.transfer.queries import fit_external_id
from forum.transfer.records import Changed, ImportedArticle, ImportedPerson, Kind

CLOSED_REASON = "It was closed where it was imported from."
NAMELESS = "Guest"
_STEM_MAX = 20
_NUMBERED = 9


@dataclass(frozen=True)
class Source:
    """Where things come from and where they go: the format's name and the site."""

    site_id: int
    format: str


def draft_article(source: Source, article: ImportedArticle, first_comment_at: datetime) -> tuple[ArticleDraft, list[Changed]]:
    """Return the article to find or create for an imported one, and what had to be changed. Without an address it has a key of its own."""
    notes: list[Changed] = []
    url, key = article.url, None
    try:
        address = normalize_address(url) if url else None
    except BadAddress:
        address = None
    if address is None:
        url, key = None, f"{source.format}:{article.external_id}"
        if find_line_faults(key, maximum=KEY_MAX):
            key = f"{source.format}:{sha256(article.external_id.encode()).hexdigest()}"
        why = "it has no usable web address: it gets a page here, and nothing leads to it from there"
        notes.append(Changed(Kind.ARTICLE, article.external_id, why, article.url or article.title))
    title = article.title
    if len(title) > TITLE_MAX:
        title = title[: TITLE_MAX - 1] + "…"
        notes.append(Changed(Kind.ARTICLE, article.external_id, f"its title is longer than {TITLE_MAX} characters: it is cut", title[:80]))
    if find_line_faults(title, maximum=TITLE_MAX):
        title = tidy_address(article.url).partition("://")[2].rstrip("/")[:TITLE_MAX] if address and article.url else "Untitled"
        notes.append(Changed(Kind.ARTICLE, article.external_id, "it has no usable title: its address is used", title[:80]))
    return ArticleDraft(title=title, url=url, key=key, created_at=article.created_at or first_comment_at), notes


def store_article(session: Session, source: Source, article: ImportedArticle, draft: ArticleDraft) -> tuple[Article, bool]:
    """Find or create the article and return it, and whether it is new; one that was there already keeps what it has."""
    stored, is_new = create_article(session, source.site_id, draft)
    if is_new and article.is_closed:
        set_closed(stored, True, reason=CLOSED_REASON)
    remember(session, source, RefKind.ARTICLE, external_id=article.external_id, local_id=stored.id)
    return stored, is_new


def name_person(person: ImportedPerson) -> tuple[str, list[Changed]]:
    """Return the name to show, and what had to be changed."""
    name = person.name
    notes: list[Changed] = []
    if len(name) > NAME_MAX:
        name = name[: NAME_MAX - 1] + "…"
        notes.append(Changed(Kind.PERSON, "", f"the name is longer than {NAME_MAX} characters: it is cut", name))
    if find_line_faults(name, maximum=NAME_MAX):
        notes.append(Changed(Kind.PERSON, "", f"there is no usable name: '{NAMELESS}' is shown", name))
        name = NAMELESS
    return name, notes


def store_person(session: Session, source: Source, new: NewAccount, *, external_id: str, since: datetime) -> Account:
    """Create an account that nobody can sign in to: it has no password, and no e-mail address by which it could get one."""
    account = create_account(session, new, password_hash=None)
    account.created_at = since
    remember(session, source, RefKind.ACCOUNT, external_id=external_id, local_id=account.id)
    return account


def store_comments(session: Session, source: Source, planted: Mapping[str, Planted]) -> None:
    """Store comments in their places by their foreign ids, parents before replies, all rows above them locked by the caller."""
    ids = store_older(session, list(planted.values()))
    refs = {"site_id": source.site_id, "source": source.format, "kind": RefKind.COMMENT.value}
    rows = [
        {**refs, "external_id": fit_external_id(external_id), "local_id": local_id}
        for external_id, local_id in zip(planted, ids, strict=True)
    ]
    insert_rows(session, ExternalRef, rows)


def remember(session: Session, source: Source, kind: RefKind, *, external_id: str, local_id: int) -> None:
    """Note that a thing of the other system is this row here."""
    session.add(
        ExternalRef(
            site_id=source.site_id, source=source.format, kind=kind.value, external_id=fit_external_id(external_id), local_id=local_id
        )
    )


def name_accounts(session: Session, names: Mapping[str, str]) -> dict[str, NewAccount]:
    """Return a new account for each of some hundred people, by foreign id with the name that is shown; handles are like the names, free, and each another one."""
    candidates = {external_id: _handles(name, external_id) for external_id, name in names.items()}
    asked = {handle for handles in candidates.values() for handle in handles}
    taken = set(session.scalars(select(Account.handle).where(Account.handle.in_(asked)))) | RESERVED if asked else set()
    accounts: dict[str, NewAccount] = {}
    for external_id, handles in candidates.items():
        handle = next(handle for handle in handles if handle not in taken)
        taken.add(handle)
        accounts[external_id] = NewAccount(handle, "", "", names[external_id])
    return accounts


def _handles(name: str, external_id: str) -> list[str]:
    """Return handles like a name: the bare one, then with a number, then with a piece of the person's hash."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:_STEM_MAX].rstrip("-") or NAMELESS.lower()
    digest = sha256(external_id.encode()).hexdigest()
    return [stem, *(f"{stem}-{number}" for number in range(2, _NUMBERED + 1)), f"{stem}-{digest[:8]}", f"{stem[:8]}-{digest[:20]}"]
