"""What is derived of articles: their counts and tallies, when something happened last, by which addresses they are found, where a merged one leads."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.articles.actions import add_address
from forum.articles.address import BadAddress, normalize_address
from forum.articles.models import Article, ArticleAddress
from forum.articles.queries import find_article_by_address, hash_address, lock_row
from forum.comments.models import Comment
from forum.comments.recounting import count_articles, last_published
from forum.operating.changing import change
from forum.operating.checks import Fault, by_article, windows
from forum.stances.recounting import tally_articles

ARTICLES = 200


def find_wrong_counts() -> Iterator[Fault]:
    """Yield the articles whose counts, tallies or last activity are not those of their comments."""
    for session, after, up_to in windows(Article.id, size=ARTICLES):
        rows = session.scalars(select(Article).where(Article.id > after, Article.id <= up_to).order_by(Article.id)).all()
        wanted = _expected(session, rows)
        for article in rows:
            for name, value in wanted[article.id].items():
                if getattr(article, name) != value:
                    said = f"{name} is {getattr(article, name)}, and must be {value}"
                    yield Fault(f"article {article.id}", said, article.id)
        session.expunge_all()


def mend_counts(faults: Sequence[Fault]) -> None:
    """Count what is below these articles anew, each under its lock."""

    def write(session: Session, article_id: int) -> None:
        article = lock_row(session, article_id)
        if article is not None:
            for name, value in _expected(session, [article])[article_id].items():
                setattr(article, name, value)
            article.version += 1

    for article_id in by_article(faults):
        change(lambda session, at=article_id: write(session, at))  # type: ignore[misc]


def _expected(session: Session, articles: Sequence[Article]) -> dict[int, dict[str, Any]]:
    ids = [article.id for article in articles]
    counts, newest, tags = count_articles(session, ids), last_published(session, ids), tally_articles(session, ids)
    found: dict[int, dict[str, Any]] = {}
    for article in articles:
        # It only rises: a later time may be that of what is not there any more.
        active_at = max(article.last_activity_at, newest.get(article.id, article.last_activity_at))
        own = {name: value for name, value in counts[article.id].items() if not name.startswith("tag_")}
        tallied = {name: 0 for name in counts[article.id] if name.startswith("tag_")}
        tallied |= {f"tag_{stance}": count for stance, count in tags.get(article.id, {}).items()}
        found[article.id] = {**own, **tallied, "last_activity_at": active_at}
    return found


def find_wrong_addresses() -> Iterator[Fault]:
    """Yield the addresses that cannot be found by what is stored to find them, and the articles that their own address does not lead to."""
    for session, after, up_to in windows(ArticleAddress.id):
        here = select(ArticleAddress).where(ArticleAddress.id > after, ArticleAddress.id <= up_to).order_by(ArticleAddress.id)
        for address in session.scalars(here):
            if address.address_hash != hash_address(address.address):
                yield Fault(f"address {address.id}", f"it is not found by {address.address}", address.article_id, address.id)
        session.expunge_all()
    for session, after, up_to in windows(Article.id):
        for article in session.scalars(select(Article).where(Article.id > after, Article.id <= up_to, Article.url.is_not(None))):
            known = _own_address(article)
            if known is not None and find_article_by_address(session, article.site_id, known) is None:
                yield Fault(f"article {article.id}", f"its own address {known} does not lead to it", article.id)


def mend_addresses(faults: Sequence[Fault]) -> None:
    """Make the hash of these addresses anew, and let these articles be found by their own."""

    def write(session: Session, fault: Fault) -> None:
        article = lock_row(session, fault.article_id)
        row = session.get(ArticleAddress, fault.row_id) if fault.row_id else None
        if row is not None and find_article_by_address(session, row.site_id, row.address) is None:
            row.address_hash = hash_address(row.address)
            session.flush()
        known = _own_address(article) if article is not None and not fault.row_id else None
        if article is not None and known is not None and article.merged_into_id is None:
            add_address(session, article, known)

    for fault in faults:
        change(lambda session, fault=fault: write(session, fault))  # type: ignore[misc]


def find_wrong_merges() -> Iterator[Fault]:
    """Yield the articles that were merged into one that is not there, or into themselves by others, or that have comments of their own all the same."""
    for session, after, up_to in windows(Article.id):
        merged = select(Article).where(Article.id > after, Article.id <= up_to, Article.merged_into_id.is_not(None))
        for article in session.scalars(merged.order_by(Article.id)):
            if not _leads_somewhere(session, article):
                yield Fault(f"article {article.id}", f"it was merged into article {article.merged_into_id}, which leads nowhere")
            if session.scalar(select(Comment.id).where(Comment.article_id == article.id).limit(1)) is not None:
                yield Fault(f"article {article.id}", "it was merged into another one, and comments are below it all the same")


def _leads_somewhere(session: Session, article: Article) -> bool:
    seen, at = {article.id}, article.merged_into_id
    while at is not None:
        following = session.get(Article, at)
        if following is None or at in seen:
            return False
        seen.add(at)
        at = following.merged_into_id
    return True


def _own_address(article: Article) -> str | None:
    try:
        return normalize_address(article.url) if article.url else None
    except BadAddress:
        return None
