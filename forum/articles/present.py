"""Articles as readers get them: rows become the structures of ``schemas``, with people and series read once a page."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.accounts.queries import Named, accounts_by_id
from forum.accounts.schemas import PersonOut
from forum.articles.models import Article, Series
from forum.articles.queries import series_by_id
from forum.articles.schemas import ArticleOut, AwayOut, Closed, SeriesOut, Tally
from forum.clock import now


def present_articles(session: Session, articles: Sequence[Article], *, with_text: bool = False) -> list[ArticleOut]:
    """Return the articles as structures; two reads whatever their number."""
    people = accounts_by_id(session, {account_id for article in articles for account_id in article.author_ids})
    series = series_by_id(session, {article.series_id for article in articles if article.series_id})
    return [_present(article, people, series, with_text=with_text) for article in articles]


def present_person(account: Account | Named, *, is_article_author: bool = False) -> PersonOut:
    """Return a person as everybody may see them; a former member has no handle, since it leads nowhere."""
    return PersonOut(account.shown_handle, account.display_name, account.credential, account.verified, is_article_author, account.is_guest)


def stance_tally(article: Article) -> Tally:
    """Return the writers' stances of the article's visible roots."""
    return make_tally(article.stance_agreement, article.stance_disagreement, article.stance_skepticism, article.stance_encouragement)


def tag_tally(article: Article) -> Tally:
    """Return the readers' tags on the article's visible comments."""
    return make_tally(article.tag_agreement, article.tag_disagreement, article.tag_skepticism, article.tag_encouragement)


def make_tally(agreement: int, disagreement: int, skepticism: int, encouragement: int) -> Tally:
    """Return a tally with its sum."""
    return Tally(agreement, disagreement, skepticism, encouragement, agreement + disagreement + skepticism + encouragement)


def closed_of(article: Article) -> Closed | None:
    """Return when and why a discussion was closed, and when it opens again, or None."""
    return Closed(article.closed_at, article.closed_reason, article.reopens_at) if article.closed_at else None


def away_of(people: Iterable[Account]) -> list[AwayOut]:
    """Return what those of ``people`` say who are away now."""
    moment = now()
    return [
        AwayOut(present_person(person, is_article_author=True), person.away_note, person.away_until)
        for person in people
        if person.away_until is not None and person.away_until > moment
    ]


def _present(article: Article, people: Mapping[int, Account], series: Mapping[int, Series], *, with_text: bool) -> ArticleOut:
    part_of = series.get(article.series_id) if article.series_id else None
    return ArticleOut(
        id=article.id,
        slug=article.slug,
        key=article.key,
        title=article.title,
        page=f"/a/{article.slug}",
        url=article.url,
        main_claim=article.main_claim,
        opening_question=article.opening_question,
        authors=[present_person(people[account_id], is_article_author=True) for account_id in article.author_ids],
        series=SeriesOut(part_of.slug, part_of.title, article.part) if part_of else None,
        created_at=article.created_at,
        last_activity_at=article.last_activity_at,
        comment_count=article.comment_count,
        version=article.version,
        closed=closed_of(article),
        away=away_of(people[account_id] for account_id in article.author_ids),
        stances=stance_tally(article),
        tags=tag_tally(article),
        body_md=article.body_md if with_text else None,
        body_html=article.body_html if with_text else None,
    )
