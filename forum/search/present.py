"""What was understood and what was found, as structures."""

from collections.abc import Sequence
from typing import cast

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.comments.present import present_comment
from forum.comments.queries import Row
from forum.search.schemas import ArticleLink, FoundOut, UnderstoodOut
from forum.search.syntax import Asked, Term
from forum.text.snippet import cut_snippet


def present_understood(asked: Asked, articles: Sequence[Article], other_articles: Sequence[Article]) -> UnderstoodOut:
    """Return what a search was taken to mean."""
    return UnderstoodOut(
        terms=_said(asked.terms),
        without=_said(asked.absent),
        by=asked.people,
        not_by=asked.other_people,
        stances=asked.stances,
        not_stances=asked.other_stances,
        articles=[_link(article) for article in articles],
        not_articles=[_link(article) for article in other_articles],
        after=asked.since,
        before=asked.until,
        notes=cast(list[str], asked.notes),
    )


def present_found(session: Session, rows: Sequence[Row], terms: Sequence[Term]) -> list[FoundOut]:
    """Return the comments in their order, each with its article and a snippet of the text that its row holds."""
    ids = {comment.article_id for comment, _ in rows}
    articles = {article.id: article for article in session.scalars(select(Article).where(Article.id.in_(ids)))} if ids else {}
    words = [term.words for term in terms]
    return [
        FoundOut(
            **msgspec.structs.asdict(present_comment(row, articles[row[0].article_id].author_ids)),
            article=_link(articles[row[0].article_id]),
            snippet=cut_snippet(row[0].body_html or "", words),
        )
        for row in rows
    ]


def _said(terms: Sequence[Term]) -> list[str]:
    return [" ".join(term.words) for term in terms]


def _link(article: Article) -> ArticleLink:
    return ArticleLink(article.id, article.title, f"/a/{article.slug}")
