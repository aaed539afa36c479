"""Changes articles by command and remembers how to undo it: another address, one more or one less, and merging one article into another.

The rule: a change is undone as a whole, and only while no later change of the same articles stands, so that undoing leads back to what was there.
"""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from forum.articles.actions import add_address
from forum.articles.address import BadAddress, normalize_address, tidy_address
from forum.articles.models import Article, ArticleAddress
from forum.articles.queries import find_article_by_address, hash_address, lock_article, lock_row
from forum.clock import now
from forum.db.transaction import writing
from forum.jobs.happening import Happening, happened
from forum.operating.merging import lock_both, merge, require_mergeable, unmerge
from forum.operating.models import ArticleChange, ChangeKind
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sentences import sentence
from forum.web.problems import is_retryable

Result = TypeVar("Result")
TRIES = 4


class DryRun(Exception):
    """Ends a transaction that was only to be tried; ``result`` is what it would have made."""

    def __init__(self, result: Any) -> None:
        super().__init__("tried")
        self.result = result


def change(act: Callable[[Session], Result], *, dry_run: bool = False) -> Result:
    """Run ``act`` in a transaction of its own and return what it returns; a lost race on PostgreSQL is run again. ``dry_run``: leave nothing of it."""
    for attempt in range(1, TRIES + 1):
        try:
            with writing() as session:
                result = act(session)
                if dry_run:
                    raise DryRun(result)
                return result
        except DryRun as tried:
            found: Result = tried.result
            return found
        except DBAPIError as error:
            if attempt == TRIES or not is_retryable(error):
                raise
    raise AssertionError("unreachable")


def move_article(session: Session, article_id: int, url: str) -> ArticleChange | None:
    """Give an article another address; the old one stays as an alias. Return the change, or None where it has this address already.

    Raises Refusal ``validation`` for what is no address, ``conflict`` when another article has it.
    """
    address = usable_address(url)
    article = lock_article(session, article_id)
    tidied = tidy_address(url)
    if article.url == tidied:
        return None
    is_new = _add(session, article, address)
    before = {"url": article.url, "to": tidied, "added": address if is_new else None}
    article.url = tidied
    article.version += 1
    happened(session, Happening.ARTICLE_CHANGED, site_id=article.site_id, article_id=article.id)
    return _remember(session, ChangeKind.MOVE, article, before)


def add_alias(session: Session, article_id: int, url: str) -> ArticleChange | None:
    """Give an article one more address, and return the change; None where it has this one. Raises Refusal ``validation`` or ``conflict``."""
    address = usable_address(url)
    article = lock_article(session, article_id)
    if not _add(session, article, address):
        return None
    article.version += 1
    return _remember(session, ChangeKind.ADD_ALIAS, article, {"address": address})


def remove_alias(session: Session, article_id: int, url: str) -> ArticleChange:
    """Take an address from an article. Raises Refusal ``conflict`` where it does not have it, or where it is the article's own."""
    address = usable_address(url)
    article = lock_article(session, article_id)
    holder = find_article_by_address(session, article.site_id, address)
    if holder is None or holder.id != article.id:
        raise Refusal(Kind.CONFLICT, sentence("This article does not have the address %(address)s.", address=address))
    if article.url is not None and normalize_address(article.url) == address:
        said = sentence("%(address)s is the article's own address; 'forum article move' gives it another one first.", address=address)
        raise Refusal(Kind.CONFLICT, said)
    _drop(session, article, address)
    article.version += 1
    return _remember(session, ChangeKind.REMOVE_ALIAS, article, {"address": address})


def merge_articles(session: Session, source_id: int, target_id: int) -> ArticleChange:
    """Put the discussion of one article into that of another, and return the change. Raises Refusal ``conflict`` where that cannot be."""
    source, target = lock_both(session, source_id, target_id)
    require_mergeable(source, target)
    made = _remember(session, ChangeKind.MERGE, source, {}, into=target)
    made.before = json.dumps(merge(session, made, source, target))
    session.flush()
    happened(session, Happening.ARTICLE_CHANGED, site_id=target.site_id, article_id=target.id)
    return made


def undo(session: Session, change_id: int) -> ArticleChange:
    """Take a change back and return it. Raises Refusal ``not-found``, or ``conflict`` where that is done, or a later change has to be undone first."""
    made = get_undoable(session, change_id)
    source, target = _lock(session, made)
    # What was found before the locks may have been undone since by somebody else.
    session.refresh(made)
    require_undoable(session, made)
    remembered = json.loads(made.before)
    if target is not None:
        unmerge(session, made, remembered, source, target)
    else:
        _UNDOING[ChangeKind(made.kind)](session, source, remembered)
        source.version += 1
    made.undone_at = now()
    session.flush()
    return made


def get_undoable(session: Session, change_id: int) -> ArticleChange:
    """Return a change that can be undone. Raises Refusal as ``undo`` does."""
    made = session.get(ArticleChange, change_id)
    if made is None:
        raise not_found(sentence("change"))
    require_undoable(session, made)
    return made


def require_undoable(session: Session, made: ArticleChange) -> None:
    """Raise Refusal ``conflict`` unless a change can be undone now."""
    if made.undone_at is not None:
        raise Refusal(Kind.CONFLICT, "This change was undone already.")
    concerned = [made.article_id, *([made.into_id] if made.into_id is not None else [])]
    later = select(ArticleChange.id).where(
        ArticleChange.id > made.id,
        ArticleChange.undone_at.is_(None),
        or_(ArticleChange.article_id.in_(concerned), ArticleChange.into_id.in_(concerned)),
    )
    newest = session.scalar(later.order_by(ArticleChange.id.desc()).limit(1))
    if newest is not None:
        said = sentence("Change %(newest)s came later and concerns the same article: undo that one first.", newest=newest)
        raise Refusal(Kind.CONFLICT, said)


def list_changes(session: Session, article_id: int, *, limit: int = 50) -> list[ArticleChange]:
    """Return the changes of an article, the newest first."""
    concerned = or_(ArticleChange.article_id == article_id, ArticleChange.into_id == article_id)
    return list(session.scalars(select(ArticleChange).where(concerned).order_by(ArticleChange.id.desc()).limit(limit)))


def usable_address(url: str) -> str:
    """Return the normalised address of a url. Raises Refusal ``validation`` for what is none."""
    try:
        return normalize_address(url)
    except BadAddress as error:
        raise invalid(Fault("/url", "bad-address", error.detail)) from None


def _lock(session: Session, made: ArticleChange) -> tuple[Article, Article | None]:
    if made.into_id is not None:
        return lock_both(session, made.article_id, made.into_id)
    article = lock_row(session, made.article_id)
    assert article is not None, "articles are never deleted"
    return article, None


def _remember(
    session: Session, kind: ChangeKind, article: Article, before: dict[str, Any], *, into: Article | None = None
) -> ArticleChange:
    made = ArticleChange(
        site_id=article.site_id,
        kind=kind.value,
        article_id=article.id,
        into_id=into.id if into is not None else None,
        before=json.dumps(before),
        created_at=now(),
    )
    session.add(made)
    session.flush()
    return made


def _add(session: Session, article: Article, address: str) -> bool:
    """Give an article an address unless it has it, and return whether it did not. Raises Refusal ``conflict`` when another article has it."""
    holder = find_article_by_address(session, article.site_id, address)
    if holder is not None and holder.id != article.id:
        said = sentence(
            "The article '%(slug)s' has the address %(address)s. If both are one, 'forum article merge' puts their discussions together.",
            slug=holder.slug,
            address=address,
        )
        raise Refusal(Kind.CONFLICT, said)
    add_address(session, article, address)
    return holder is None


def _drop(session: Session, article: Article, address: str) -> None:
    theirs = (ArticleAddress.article_id == article.id, ArticleAddress.address_hash == hash_address(address))
    session.execute(delete(ArticleAddress).where(*theirs))


def _unmove(session: Session, article: Article, remembered: dict[str, Any]) -> None:
    if article.url == remembered["to"]:
        article.url = remembered["url"]
    if remembered["added"] is not None:
        _drop(session, article, remembered["added"])


def _unadd(session: Session, article: Article, remembered: dict[str, Any]) -> None:
    _drop(session, article, remembered["address"])


def _unremove(session: Session, article: Article, remembered: dict[str, Any]) -> None:
    _add(session, article, remembered["address"])


_UNDOING: dict[ChangeKind, Callable[[Session, Article, dict[str, Any]], None]] = {
    ChangeKind.MOVE: _unmove,
    ChangeKind.ADD_ALIAS: _unadd,
    ChangeKind.REMOVE_ALIAS: _unremove,
}
