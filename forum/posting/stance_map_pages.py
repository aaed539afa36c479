"""HTML door of the stance map: bars and the same numbers beside them, without a script."""

from forum.access.permissions import Permission
from forum.articles.models import Article
from forum.articles.present import present_articles
from forum.posting.discussion import load_article_by_slug
from forum.posting.keeping import keep_for_everybody
from forum.posting.replicas import version_of_article
from forum.posting.stance_map_drawing import draw_map
from forum.posting.stance_map_queries import read_map
from forum.web.doors import Call
from forum.web.keeping import leave_holes
from forum.web.pages import Page, PageDoors

doors = PageDoors("stance_map")


@doors.door("GET", "/a/<slug>/map", Permission.ARTICLE_READ, load=load_article_by_slug, framed=True, kept=True, lags=version_of_article)
def show_map(call: Call[Article, None, None]) -> Page:
    """Show where people stand in a discussion: as a whole, and thread by thread."""
    context = {
        "article": present_articles(call.session, [call.thing])[0],
        "map": draw_map(read_map(call.session, call.thing)),
    }
    kept = keep_for_everybody(call.viewer, call.thing)
    if kept is not None and kept.reader is not None:
        context["viewer"] = leave_holes(call.viewer)
    return Page("posting/map.html", context, kept=kept)
