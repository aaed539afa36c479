"""Writes of articles: create, change, close, add an address. Actions flush and never commit."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.articles.address import BadAddress, normalize_address, tidy_address
from forum.articles.models import Article, ArticleAddress, ArticleAuthor, Series, Site
from forum.articles.queries import find_article_by_address, find_article_by_key, hash_address
from forum.clock import now
from forum.jobs.happening import Happening, happened
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import sentence
from forum.text.limits import find_article_faults, find_line_faults
from forum.text.render import render_article

TITLE_MAX, CLAIM_MAX, QUESTION_MAX, KEY_MAX, REASON_MAX, SERIES_MAX = 300, 200, 300, 200, 300, 200

# Told when an article has other authors than before: rooms above keep counts that depend on who they are.
on_authors_change: list[Callable[[Session, Article], None]] = []


@dataclass(frozen=True)
class ArticleDraft:
    """An article to create. ``url`` is as found, normalised here; ``series`` is a title; ``created_at`` is now when None; nobody is told of one that has it."""

    title: str
    url: str | None = None
    key: str | None = None
    body_md: str | None = None
    main_claim: str = ""
    opening_question: str = ""
    series: str | None = None
    part: int | None = None
    slug: str | None = None
    created_at: datetime | None = None


def create_article(session: Session, site_id: int, draft: ArticleDraft, *, author_ids: Sequence[int] = ()) -> tuple[Article, bool]:
    """Store an article and return it with True, or the one that already has this url or key with False.

    Raises Refusal ``validation`` for unusable fields and ``conflict`` when url and key belong to two articles.
    """
    check_draft(draft)
    address = normalize_address(draft.url) if draft.url else None
    # One creation at a time on a site: two visitors of a new page must not make two articles of it.
    session.execute(select(Site.id).where(Site.id == site_id).with_for_update())
    known = _find_known(session, site_id, address, draft.key)
    if known is not None:
        return known, False
    moment = draft.created_at or now()
    article = Article(
        site_id=site_id,
        slug=_free_slug(session, site_id, draft.slug or draft.title),
        key=draft.key,
        url=tidy_address(draft.url) if draft.url else None,
        title=draft.title.strip(),
        main_claim=draft.main_claim.strip(),
        opening_question=draft.opening_question.strip(),
        part=draft.part,
        series_id=_series_id(session, site_id, draft.series),
        created_at=moment,
        last_activity_at=moment,
        comment_count=0,
    )
    set_body(article, draft.body_md)
    set_authors(article, author_ids)
    session.add(article)
    session.flush()
    _remember_authors(session, article)
    _tell_series(session, article, {article.series_id})
    if address:
        add_address(session, article, address)
    if draft.created_at is None:
        happened(session, Happening.ARTICLE_CREATED, site_id=site_id, article_id=article.id)
    return article, True


def check_draft(draft: ArticleDraft) -> None:
    """Raise Refusal ``validation`` with everything that is wrong with a draft."""
    faults = _line("/title", draft.title, TITLE_MAX)
    faults += _line("/main_claim", draft.main_claim, CLAIM_MAX) if draft.main_claim else []
    faults += _line("/opening_question", draft.opening_question, QUESTION_MAX) if draft.opening_question else []
    faults += _line("/key", draft.key, KEY_MAX) if draft.key is not None else []
    faults += _line("/series", draft.series, SERIES_MAX) if draft.series is not None else []
    faults += [Fault("/body_md", found.code, found.detail) for found in find_article_faults(draft.body_md)] if draft.body_md else []
    if draft.url is not None:
        try:
            normalize_address(draft.url)
        except BadAddress as error:
            faults.append(Fault("/url", "bad-address", error.detail))
    if faults:
        raise invalid(*faults)


def add_address(session: Session, article: Article, address: str) -> None:
    """Give the article one more normalised address. Raises Refusal ``conflict`` when another article of the site has it."""
    holder = find_article_by_address(session, article.site_id, address)
    if holder is not None and holder.id != article.id:
        raise Refusal(Kind.CONFLICT, sentence("Another article already has the address %(address)s.", address=address))
    if holder is None:
        session.add(ArticleAddress(site_id=article.site_id, article_id=article.id, address=address, address_hash=hash_address(address)))
        session.flush()


def edit_article(
    session: Session, article: Article, changes: dict[str, object], *, author_ids: Sequence[int] | None, aliases: Sequence[str]
) -> None:
    """Change the fields named in ``changes`` (as in ArticlePatch) and raise the version. Raises Refusal ``validation`` or ``conflict``."""
    draft = ArticleDraft(
        title=str(changes.get("title", article.title)),
        body_md=_text_or_none(changes.get("body_md")),
        main_claim=str(changes.get("main_claim", article.main_claim)),
        opening_question=str(changes.get("opening_question", article.opening_question)),
        series=_text_or_none(changes.get("series")),
    )
    check_draft(draft)
    shown = (article.title, article.part, article.series_id)
    article.title, article.main_claim, article.opening_question = (
        draft.title.strip(),
        draft.main_claim.strip(),
        draft.opening_question.strip(),
    )
    if "body_md" in changes:
        set_body(article, draft.body_md)
    if "series" in changes:
        article.series_id = _series_id(session, article.site_id, draft.series)
    if "part" in changes:
        part = changes["part"]
        article.part = part if isinstance(part, int) else None
    if author_ids is not None:
        author_ids = [*author_ids, *_former_authors(session, article)]
    if author_ids is not None and set(author_ids) != set(article.author_ids):
        set_authors(article, author_ids)
        session.flush()
        _remember_authors(session, article)
        for listener in on_authors_change:
            listener(session, article)
    elif author_ids is not None:
        set_authors(article, author_ids)
    for url in aliases:
        add_address(session, article, _normalized("/aliases", url))
    if "closed" in changes or "closed_reason" in changes:
        closed = bool(changes.get("closed", article.closed_at is not None))
        set_closed(article, closed, reason=str(changes.get("closed_reason", article.closed_reason)), reopens_at=article.reopens_at)
    else:
        article.version += 1
    session.flush()
    _tell_series(session, article, {shown[-1], article.series_id} if (article.title, article.part, article.series_id) != shown else set())
    happened(session, Happening.ARTICLE_CHANGED, site_id=article.site_id, article_id=article.id)


def set_closed(article: Article, closed: bool, *, reason: str, reopens_at: datetime | None = None) -> None:
    """Close an article's discussion to new comments with a public reason, or open it again, and raise the version. Raises Refusal ``validation``.

    ``reopens_at``: when a closed one opens again by itself; None: it does not.
    """
    if closed and reason and (faults := _line("/closed_reason", reason, REASON_MAX)):
        raise invalid(*faults)
    article.closed_at = (article.closed_at or now()) if closed else None
    article.closed_reason = reason.strip() if closed else ""
    article.reopens_at = reopens_at if closed else None
    article.version += 1


def set_body(article: Article, body_md: str | None) -> None:
    """Render and keep the article's own text; None or blank: it lives elsewhere."""
    text = body_md.strip() if body_md else None
    rendered = render_article(text) if text else None
    article.body_md, article.body_html, article.renderer = text, rendered.html if rendered else None, rendered.renderer if rendered else 0


def set_authors(article: Article, author_ids: Sequence[int]) -> None:
    """Make these accounts the authors, in this order."""
    kept = {author.account_id: author for author in article.authors}
    article.authors = [kept.get(account_id) or ArticleAuthor(account_id=account_id, position=0) for account_id in dict.fromkeys(author_ids)]
    for place, author in enumerate(article.authors):
        author.position = place


def _remember_authors(session: Session, article: Article) -> None:
    if article.author_ids:
        theirs = update(Account).where(Account.id.in_(article.author_ids), Account.is_author.is_(False))
        session.execute(theirs.values(is_author=True).execution_options(synchronize_session=False))


def _former_authors(session: Session, article: Article) -> list[int]:
    # Nobody can name them any more, and whoever wrote an article goes on having written it.
    gone = select(Account.id).where(Account.id.in_(article.author_ids), Account.left_at.is_not(None))
    return list(session.scalars(gone.order_by(Account.id)))


def raise_versions(session: Session, article_ids: Sequence[int]) -> None:
    """Raise the version of articles whose discussion shows something that changed elsewhere, such as a person's name."""
    for start in range(0, len(article_ids), 500):
        batch = sorted(article_ids[start : start + 500])
        session.execute(
            update(Article).where(Article.id.in_(batch)).values(version=Article.version + 1).execution_options(synchronize_session=False)
        )


def _tell_series(session: Session, article: Article, series_ids: set[int | None]) -> None:
    """Raise the version of the other parts of these series: their pages name this one, and list what is open in those before."""
    known = [series_id for series_id in series_ids if series_id is not None]
    if known:
        others = update(Article).where(Article.series_id.in_(known), Article.id != article.id).values(version=Article.version + 1)
        session.execute(others.execution_options(synchronize_session="fetch"))


def slugify(text: str) -> str:
    """Return the words of ``text`` in ASCII, lower case, joined by dashes: at most 80 characters, ``article`` when nothing is left."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:80].rstrip("-") or "article"


def _free_slug(session: Session, site_id: int, title: str) -> str:
    stem = slugify(title)
    taken = set(session.scalars(select(Article.slug).where(Article.site_id == site_id, Article.slug.startswith(stem, autoescape=True))))
    number = 1
    while (slug := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return slug


def _series_id(session: Session, site_id: int, title: str | None) -> int | None:
    if title is None or not title.strip():
        return None
    slug = slugify(title)
    series = session.scalar(select(Series).where(Series.site_id == site_id, Series.slug == slug))
    if series is None:
        series = Series(site_id=site_id, slug=slug, title=title.strip())
        session.add(series)
        session.flush()
    return series.id


def _find_known(session: Session, site_id: int, address: str | None, key: str | None) -> Article | None:
    by_address = find_article_by_address(session, site_id, address) if address else None
    by_key = find_article_by_key(session, site_id, key) if key else None
    if by_address is not None and by_key is not None and by_address.id != by_key.id:
        raise Refusal(Kind.CONFLICT, "The url belongs to one article and the key to another; leave one of them out.")
    return by_key or by_address


def _normalized(pointer: str, url: str) -> str:
    try:
        return normalize_address(url)
    except BadAddress as error:
        raise invalid(Fault(pointer, "bad-address", str(error))) from None


def _line(pointer: str, text: str, maximum: int) -> list[Fault]:
    return [Fault(pointer, found.code, found.detail) for found in find_line_faults(text, maximum=maximum)]


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None
