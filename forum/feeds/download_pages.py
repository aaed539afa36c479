"""HTML doors of a discussion as files: what there is, and the files themselves, in parts."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, request
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.articles.models import Article
from forum.articles.present import present_articles
from forum.feeds.download_present import cursor_of, place_of, write_atom, write_csv, write_json, write_markdown
from forum.feeds.download_queries import MOST, Part, find_next, read_part
from forum.feeds.download_schemas import DownloadQuery
from forum.posting.discussion import load_article_by_slug
from forum.posting.replicas import version_of_article
from forum.refusals import not_found
from forum.sentences import sentence
from forum.text.atom import CONTENT_TYPE as ATOM_TYPE
from forum.web.caching import spare_unchanged
from forum.web.doors import Call, viewer_of_request
from forum.web.pages import Page, PageDoors

doors = PageDoors("downloads")


@dataclass(frozen=True)
class Kind:
    """A kind of file: its type, and what writes it."""

    content_type: str
    write: Callable[[Session, Article, Part], str]


KINDS = {
    "json": Kind("application/json", write_json),
    "csv": Kind("text/csv; charset=utf-8; header=present", write_csv),
    "md": Kind("text/markdown; charset=utf-8", write_markdown),
    "atom": Kind(ATOM_TYPE, write_atom),
}


@doors.door("GET", "/a/<slug>/download", Permission.ARTICLE_READ, load=load_article_by_slug, query=DownloadQuery, lags=version_of_article)
def show_kinds(call: Call[Article, None, DownloadQuery]) -> Page:
    """Show as what files a discussion can be had, and the way to its next part."""
    place = place_of(call.thing, call.query.cursor)
    context = {
        "article": present_articles(call.session, [call.thing])[0],
        "most": MOST,
        "cursor": call.query.cursor,
        "following": cursor_of(call.thing, find_next(call.session, call.thing, place)),
    }
    return Page("feeds/download.html", context)


@doors.door(
    "GET",
    "/a/<slug>/download/<extension>",
    Permission.ARTICLE_READ,
    load=load_article_by_slug,
    query=DownloadQuery,
    lags=version_of_article,
)
def download(call: Call[Article, None, DownloadQuery]) -> Page:
    """Give a part of a discussion as a file: what everybody may read, whoever asks."""
    kind = KINDS.get(call.path["extension"])
    if kind is None:
        raise not_found(sentence("kind of file"))
    place = place_of(call.thing, call.query.cursor)
    part = read_part(call.session, call.thing, place)
    name = f"{call.thing.slug}{f'-{place.comment_id}' if place else ''}.{call.path['extension']}"
    return Page(body=kind.write(call.session, call.thing, part), content_type=kind.content_type, filename=name)


@doors.blueprint.after_request
def share_file(response: Response) -> Response:
    """Spare whoever asks a file that has not changed."""
    is_file = request.endpoint == f"{doors.blueprint.name}.{download.__name__}"
    return spare_unchanged(response, viewer_of_request()) if is_file else response
