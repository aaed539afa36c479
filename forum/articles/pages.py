"""HTML doors of articles: the list, adding and changing one, and the way from a host page's address to its discussion.

The article's own page is its discussion's and belongs to ``posting``. An unknown address creates nothing.
"""

import hashlib
from typing import Annotated, Any

import msgspec
from flask import flash
from flask_babel import gettext as _
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.table import can
from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.errands import ask_to_sign_in
from forum.articles.actions import ArticleDraft, create_article, edit_article
from forum.articles.address import BadAddress, normalize_address
from forum.articles.models import Article, Site
from forum.articles.present import present_articles
from forum.articles.queries import find_article_by_address, get_article_by_slug, get_site, list_articles, lock_article
from forum.articles.schemas import ArticleOut, ArticlesQuery
from forum.articles.steps import author_ids, load_site
from forum.refusals import Kind, Refusal
from forum.text.limits import ARTICLE_MAX
from forum.web.context import cursors
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form
from forum.web.lagging import may_lag
from forum.web.pages import Page, PageDoors, Redirect

doors = PageDoors("articles")
Line = Annotated[str, Meta(max_length=2000)]


class AddressQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address of a host page."""

    url: Annotated[str, Meta(max_length=4000)] = ""


class ArticleForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An article as its form sends it: ``authors`` are handles between spaces or commas, ``seen`` is what the form was filled from."""

    title: Line = ""
    url: Line = ""
    body_md: Annotated[str, Meta(max_length=ARTICLE_MAX + 1)] = ""
    main_claim: Line = ""
    opening_question: Line = ""
    series: Line = ""
    part: Annotated[int, Meta(ge=1, le=9999)] | None = None
    authors: Line = ""
    closed: bool = False
    closed_reason: Line = ""
    seen: Annotated[str, Meta(max_length=64)] = ""

    @property
    def handles(self) -> list[str]:
        """The authors' handles."""
        return self.authors.replace(",", " ").split()


@doors.door("GET", "/", Permission.ARTICLE_LIST, load=load_site, query=ArticlesQuery, lags=may_lag)
def show_list(call: Call[Site, None, ArticlesQuery]) -> Page:
    """Show the articles, newest discussion first."""
    query = call.query
    key = cursors().read(f"articles:{query.sort}", query.cursor) if query.cursor else None
    page = list_articles(call.session, call.thing.id, sort=query.sort, after_key=key, limit=query.limit)
    context = {
        "articles": present_articles(call.session, page.articles),
        "site_id": call.thing.id,
        "sort": query.sort,
        "is_first": query.cursor is None,
        "following": cursors().write(f"articles:{query.sort}", page.next_key) if page.next_key else None,
        "may_create": can(call.viewer, Permission.ARTICLE_CREATE, call.thing),
    }
    return Page("articles/list.html", context)


@doors.door("GET", "/at", Permission.ARTICLE_READ, query=AddressQuery)
def go_to_address(call: Call[None, None, AddressQuery]) -> Page | Redirect:
    """Go to the discussion of a host page's address; an unknown one gets a page that keeps the address."""
    problem = ""
    try:
        article = find_article_by_address(call.session, DEFAULT_SITE_ID, normalize_address(call.query.url)) if call.query.url else None
        if article is not None:
            return Redirect(f"/a/{article.slug}")
    except BadAddress as error:
        problem = str(error)
    may_create = can(call.viewer, Permission.ARTICLE_CREATE, get_site(call.session, DEFAULT_SITE_ID))
    context = {"url": call.query.url, "problem": problem, "may_create": may_create and not problem}
    return Page("articles/unknown_address.html", context, 404 if call.query.url else 200)


@doors.door("GET", "/articles/new", Permission.ARTICLE_CREATE, load=load_site, query=AddressQuery)
def show_new(call: Call[Site, None, AddressQuery]) -> Page:
    """Show the form of a new article."""
    return _editor(filled_form(url=call.query.url, authors=call.viewer.handle))


def redisplay_new(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused form of a new article again."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/articles/new")
    return _editor(refused_form(refusal))


@doors.door("POST", "/articles/new", Permission.ARTICLE_CREATE, load=load_site, body=ArticleForm, redisplay=redisplay_new)
def create(call: Call[Site, ArticleForm, None]) -> Redirect:
    """Add an article; the address of one that is there leads to it."""
    body = call.body
    draft = ArticleDraft(
        body.title, body.url or None, None, body.body_md or None, body.main_claim, body.opening_question, body.series or None, body.part
    )
    article, created = create_article(call.session, call.thing.id, draft, author_ids=author_ids(call.session, body.handles))
    flash(_("The article is here; its discussion is open.") if created else _("This page is discussed here already; nothing was added."))
    return Redirect(f"/a/{article.slug}")


def load_by_slug(call: AnyCall) -> Article:
    """Load the article of the address's ``slug``."""
    return get_article_by_slug(call.session, DEFAULT_SITE_ID, call.path["slug"])


@doors.door("GET", "/a/<slug>/edit", Permission.ARTICLE_EDIT, load=load_by_slug)
def show_edit(call: Call[Article, None, None]) -> Page:
    """Show the form that changes an article."""
    shown = present_articles(call.session, [call.thing], with_text=True)[0]
    return _editor(_form_of(shown), article=shown)


def redisplay_edit(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused form of an article again; after somebody else's change, beside what the article is now."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=f"/a/{call.thing.slug}/edit")
    shown = present_articles(call.session, [call.thing], with_text=True)[0]
    return _editor(refused_form(refusal), article=shown)


@doors.door("POST", "/a/<slug>/edit", Permission.ARTICLE_EDIT, load=load_by_slug, body=ArticleForm, redisplay=redisplay_edit)
def save(call: Call[Article, ArticleForm, None]) -> Redirect:
    """Change an article, close its discussion or open it again."""
    body, session = call.body, call.session
    article = lock_article(session, call.thing.id)
    if body.seen != _seen(_present(session, article)):
        raise Refusal(Kind.STALE_VERSION, "Somebody else has changed this article since you opened it. Compare below, then save again.")
    changes: dict[str, Any] = {
        name: getattr(body, name) for name in ("title", "main_claim", "opening_question", "part", "closed", "closed_reason")
    }
    changes |= {"body_md": body.body_md or None, "series": body.series or None}
    edit_article(session, article, changes, author_ids=author_ids(session, body.handles), aliases=())
    flash(_("The article is saved."))
    return Redirect(f"/a/{article.slug}")


def _present(session: Session, article: Article) -> ArticleOut:
    return present_articles(session, [article], with_text=True)[0]


def _editor(form: Form, *, article: ArticleOut | None = None) -> Page:
    # After a stale save the present article stands beside the form, so the next save may overwrite it; after any other refusal not.
    keeps_seen = form.kind and form.kind != Kind.STALE_VERSION
    seen = form.value("seen") if keeps_seen or article is None else _seen(article)
    return Page("articles/editor.html", {"form": form, "article": article, "seen": seen, "present": _form_of(article) if article else None})


def _form_of(article: ArticleOut) -> Form:
    return filled_form(
        title=article.title,
        url=article.url,
        body_md=article.body_md,
        main_claim=article.main_claim,
        opening_question=article.opening_question,
        series=article.series.title if article.series else None,
        part=article.series.part if article.series else None,
        authors=" ".join(person.handle for person in article.authors if person.handle),
        closed="true" if article.closed else None,
        closed_reason=article.closed.reason if article.closed else None,
    )


def _seen(article: ArticleOut) -> str:
    # Not the version: that rises with every comment and tag, which the form does not touch.
    return hashlib.sha256(repr(sorted(_form_of(article).values.items())).encode()).hexdigest()[:32]
