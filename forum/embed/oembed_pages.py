"""oEmbed: a comment or an article as a quotation that another site's program puts where somebody has pasted its address (oembed.com, version 1.0).

The rule: only what every visitor reads is quoted, as text without a script; of an address that is not ours, or whose text is not public, nothing is known.
"""

import re
from dataclasses import dataclass
from html import escape
from math import ceil
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from flask import render_template
from flask_babel import gettext as _
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.viewer import DEFAULT_SITE_ID, VISITOR
from forum.accounts.schemas import PersonOut
from forum.articles.models import Article, Site
from forum.articles.present import present_articles
from forum.articles.queries import get_article, get_present_article
from forum.articles.schemas import ArticleOut
from forum.articles.steps import load_site
from forum.comments.present import is_text_public
from forum.comments.queries import get_comment
from forum.comments.stance import Stance
from forum.posting.discussion import read_one
from forum.refusals import not_found
from forum.sentences import sentence
from forum.text.excerpt import excerpt
from forum.web.context import settings
from forum.web.doors import Call
from forum.web.pages import Page, PageDoors

doors = PageDoors("oembed")
QUOTE_SECONDS = 600
TEXT_MOST = 400
# How large a quotation is, in pixels: no page's own style is known here, so it is a guess that errs on the roomy side.
WIDTH, LINE, LETTER, AROUND = 600, 24, 8, 96
_COMMENT = re.compile(r"/c/([1-9][0-9]{0,17})/?")
_ARTICLE = re.compile(r"/a/([^/]+)/?")
Pixels = Annotated[int, Meta(ge=0, le=100_000)]


class QuoteQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be quoted, in which format, and how large it may be at most."""

    url: Annotated[str, Meta(max_length=4000)] = ""
    format: Annotated[str, Meta(max_length=40)] = "json"
    maxwidth: Pixels | None = None
    maxheight: Pixels | None = None


class QuoteOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer of the type ``rich``, in the specification's names."""

    type: str
    version: str
    title: str
    provider_name: str
    provider_url: str
    cache_age: int
    html: str
    width: int
    height: int
    author_name: str = ""
    author_url: str = ""


@dataclass(frozen=True)
class Quoted:
    """What is quoted: its page here, what it is called, the HTML it is cut from, who wrote it and where they stand."""

    page: str
    title: str
    html: str
    people: list[PersonOut]
    article: ArticleOut
    stance: Stance | None = None


@doors.door("GET", "/oembed", Permission.ARTICLE_READ, load=load_site, query=QuoteQuery, impersonal=True)
def show_quotation(call: Call[Site, None, QuoteQuery]) -> Page:
    """Give a comment or an article as a quotation for other sites (oEmbed)."""
    query = call.query
    if query.format != "json":
        return Page(body="Only format=json is given here.\n", content_type="text/plain; charset=utf-8", status=501)
    answer = _present(_find(call.session, query.url), query)
    return Page(body=msgspec.json.encode(answer).decode(), content_type="application/json", shared_seconds=QUOTE_SECONDS)


def _find(session: Session, url: str) -> Quoted:
    base, asked = urlsplit(settings().base_url), _split(url)
    if asked is None or (asked[0].lower(), asked[1].lower()) != (base.scheme.lower(), base.netloc.lower()):
        raise not_found(sentence("page"))
    if found := _COMMENT.fullmatch(asked[2]):
        return _find_comment(session, int(found[1]))
    if found := _ARTICLE.fullmatch(asked[2]):
        article = _present_article(session, get_present_article(session, DEFAULT_SITE_ID, found[1]))
        text = article.body_html or escape(article.main_claim or article.opening_question)
        return Quoted(article.page, article.title, text, article.authors, article)
    raise not_found(sentence("page"))


def _split(url: str) -> tuple[str, str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme, parts.netloc, parts.path


def _find_comment(session: Session, comment_id: int) -> Quoted:
    comment = get_comment(session, comment_id)
    if not is_text_public(comment):
        raise not_found(sentence("comment"))
    shown = read_one(session, VISITOR, comment_id)
    article = _present_article(session, get_article(session, comment.article_id))
    people = [shown.author] if shown.author else []
    title = _("%(name)s on “%(title)s”", name=_names(people), title=article.title)
    return Quoted(shown.url, title, shown.body_html or "", people, article, shown.stance)


def _present_article(session: Session, article: Article) -> ArticleOut:
    return present_articles(session, [article], with_text=True)[0]


def _present(quoted: Quoted, query: QuoteQuery) -> QuoteOut:
    width = min(WIDTH, query.maxwidth or WIDTH)
    letters = max(width // LETTER, 10)
    lines = max((query.maxheight - AROUND) // LINE, 1) if query.maxheight else TEXT_MOST
    text = excerpt(quoted.html, length=min(TEXT_MOST, lines * letters))
    height = AROUND + LINE * max(ceil(len(text) / letters), 1)
    base = settings().base_url
    html = render_template("embed/quote.html", quoted=quoted, text=text, names=_names(quoted.people), base=base)
    only = quoted.people[0].handle if len(quoted.people) == 1 else ""
    return QuoteOut(
        type="rich",
        version="1.0",
        title=quoted.title,
        author_name=_names(quoted.people),
        author_url=f"{base}/u/{only}" if only else "",
        provider_name=settings().site_name,
        provider_url=base,
        cache_age=QUOTE_SECONDS,
        html=html.strip(),
        width=width,
        height=min(height, query.maxheight or height),
    )


def _names(people: list[PersonOut]) -> str:
    return ", ".join(person.display_name if person.handle else _("Former member") for person in people)
