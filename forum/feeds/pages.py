"""HTML doors of feeds: what everybody may read as Atom – articles, comments, a discussion, a thread – and, behind a secret address, the answers to a person.

The rule: a feed holds what a visitor could read at that moment, whoever asks; nobody's name or marks are in it.
"""

from collections.abc import Sequence

from flask import Response, flash, request
from flask_babel import get_locale
from flask_babel import gettext as _

from forum.access.permissions import Permission
from forum.accounts.errands import ask_to_sign_in
from forum.articles.models import Article, Site
from forum.articles.queries import get_article, list_articles
from forum.articles.steps import load_site
from forum.comments.models import Comment
from forum.comments.queries import Row, get_comment
from forum.feeds.actions import PATH, address_of, end_feed, renew_feed
from forum.feeds.present import id_of, present_articles_as_entries, present_comments
from forum.feeds.queries import (
    SHOWN,
    find_owner,
    has_feed,
    list_answers_to,
    list_newest_of_article,
    list_newest_of_site,
    list_newest_of_thread,
)
from forum.posting.discussion import load_article_by_slug, load_comment
from forum.posting.replicas import version_around_comment, version_of_article
from forum.refusals import Refusal, not_found
from forum.sentences import sentence
from forum.text.atom import CONTENT_TYPE, Feed, write_feed
from forum.web.caching import spare_unchanged
from forum.web.context import settings
from forum.web.doors import AnyCall, Call, viewer_of_request
from forum.web.keeping import Keep
from forum.web.lagging import may_lag
from forum.web.pages import Page, PageDoors, Redirect

doors = PageDoors("feeds")
OWN = "/settings/feed"


@doors.door("GET", "/articles.atom", Permission.ARTICLE_LIST, load=load_site, lags=may_lag)
def show_articles(call: Call[Site, None, None]) -> Page:
    """Show the site's newest articles as an Atom feed."""
    found = list_articles(call.session, call.thing.id, sort="newest", after_key=None, limit=SHOWN)
    name = settings().site_name
    return _answer(
        Feed(
            id=id_of("articles", call.thing.id, call.thing.created_at),
            title=_("%(site)s: new articles", site=name),
            subtitle=_("The articles that were added last, with their main claims."),
            address="/articles.atom",
            page="/?sort=newest",
            writer=name,
            began=call.thing.created_at,
            entries=present_articles_as_entries(call.session, found.articles),
        )
    )


@doors.door("GET", "/comments.atom", Permission.ARTICLE_LIST, load=load_site)
def show_comments(call: Call[Site, None, None]) -> Page:
    """Show the site's newest comments as an Atom feed."""
    name = settings().site_name
    return _answer(
        Feed(
            id=id_of("comments", call.thing.id, call.thing.created_at),
            title=_("%(site)s: new comments", site=name),
            subtitle=_("The newest comments of all discussions."),
            address="/comments.atom",
            page="/",
            writer=name,
            began=call.thing.created_at,
            entries=present_comments(call.session, list_newest_of_site(call.session, call.thing.id)),
        )
    )


@doors.door("GET", "/a/<slug>/feed", Permission.ARTICLE_READ, load=load_article_by_slug, kept=True, lags=version_of_article)
def show_discussion(call: Call[Article, None, None]) -> Page:
    """Show an article's newest comments as an Atom feed."""
    article = call.thing
    feed = Feed(
        id=id_of("discussion", article.id, article.created_at),
        title=_("Discussion of “%(title)s”", title=article.title),
        subtitle=_("The newest comments of this discussion."),
        address=f"/a/{article.slug}/feed",
        page=f"/a/{article.slug}",
        writer=settings().site_name,
        began=article.created_at,
        entries=present_comments(call.session, list_newest_of_article(call.session, article.id)),
    )
    return _answer(feed, kept=None if call.viewer.is_signed_in else Keep(article.id, (article.version,)))


@doors.door("GET", "/c/<id:comment_id>/feed", Permission.COMMENT_READ, load=load_comment, kept=True, lags=version_around_comment)
def show_thread(call: Call[Comment, None, None]) -> Page | Redirect:
    """Show the newest comments of a thread as an Atom feed; that of a reply is the thread's in which it stands."""
    session, root_id = call.session, call.thing.root_id or call.thing.id
    if call.thing.id != root_id:
        return Redirect(f"/c/{root_id}/feed")
    article, root = get_article(session, call.thing.article_id), get_comment(session, root_id)
    entries = present_comments(session, list_newest_of_thread(session, root_id))
    first = next((entry for entry in entries if entry.id == id_of("c", root_id, root.created_at)), None)
    feed = Feed(
        id=id_of("thread", root_id, root.created_at),
        title=_("Thread: %(comment)s", comment=first.title) if first else _("A thread on “%(title)s”", title=article.title),
        subtitle=_("The newest comments of this thread."),
        address=f"/c/{root_id}/feed",
        page=f"/c/{root_id}",
        writer=settings().site_name,
        began=root.created_at,
        entries=entries,
    )
    return _answer(feed, kept=None if call.viewer.is_signed_in else Keep(article.id, (article.version,)))


@doors.door("GET", "/feeds/<secret>", Permission.ARTICLE_READ, impersonal=True)
def show_answers(call: Call[None, None, None]) -> Page:
    """Show the newest answers to whoever has this secret address, as an Atom feed."""
    owner = find_owner(call.session, call.path["secret"])
    if owner is None:
        raise not_found(sentence("feed"))
    rows: Sequence[Row] = list_answers_to(call.session, owner.id)
    return _answer(
        Feed(
            id=id_of("answers", owner.id, owner.created_at),
            title=_("%(site)s: answers to %(name)s", site=settings().site_name, name=owner.display_name),
            subtitle=_("The newest answers to your comments. The address of this feed is yours alone."),
            address=PATH + call.path["secret"],
            page="/inbox",
            writer=settings().site_name,
            began=owner.created_at,
            entries=present_comments(call.session, rows),
        )
    )


@doors.door("GET", OWN, Permission.SELF_EDIT)
def show_own(call: Call[None, None, None]) -> Page:
    """Show what feeds there are, and whether one has a private one."""
    return _own(call)


def redisplay_own(call: AnyCall, refusal: Refusal) -> Page:
    """Show the page again; a visitor signs in first."""
    if not call.viewer.is_signed_in:
        return ask_to_sign_in(call.session, then=OWN)
    raise refusal


@doors.door("POST", OWN, Permission.SELF_EDIT, redisplay=redisplay_own)
def make_own(call: Call[None, None, None]) -> Page:
    """Make a private feed, or give it another address; the address is on this answer and nowhere else."""
    return _own(call, address=address_of(renew_feed(call.session, call.viewer.account_id or 0)))


@doors.door("POST", f"{OWN}/end", Permission.SELF_EDIT, redisplay=redisplay_own)
def end_own(call: Call[None, None, None]) -> Redirect:
    """End one's private feed."""
    end_feed(call.session, call.viewer.account_id or 0)
    flash(_("Your feed has ended: its address leads nowhere any more."))
    return Redirect(OWN)


@doors.blueprint.after_request
def share_feed(response: Response) -> Response:
    """Spare whoever asks a feed that has not changed; the private one is kept by nobody."""
    if request.endpoint == f"{doors.blueprint.name}.{show_answers.__name__}":
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["X-Robots-Tag"] = "noindex"
        return response
    return spare_unchanged(response, viewer_of_request()) if response.mimetype == "application/atom+xml" else response


def _answer(feed: Feed, *, kept: Keep | None = None) -> Page:
    document = write_feed(feed, base_url=settings().base_url, language=str(get_locale()).replace("_", "-"))
    return Page(body=document, content_type=CONTENT_TYPE, kept=kept)


def _own(call: AnyCall, *, address: str = "") -> Page:
    context = {"address": address, "has_feed": has_feed(call.session, call.viewer.account_id or 0), "base": settings().base_url}
    return Page("feeds/own.html", context, unstored=bool(address))
