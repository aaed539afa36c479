"""JSON door of a whole discussion, in parts."""

from forum.access.permissions import Permission
from forum.articles.models import Article
from forum.feeds.download_present import place_of, present_part
from forum.feeds.download_queries import read_part
from forum.feeds.download_schemas import DownloadOut, DownloadQuery
from forum.posting.discussion import load_article
from forum.posting.replicas import version_of_article
from forum.refusals import Kind
from forum.web.caching import entity_tag
from forum.web.doors import Answer, AnyCall, ApiDoors, Call

doors = ApiDoors("downloads")


def tag_of_part(call: AnyCall) -> str:
    """Return the entity tag of a part."""
    return entity_tag(call.thing.version, "download", call.thing.id, call.query.cursor)


@doors.door(
    "GET",
    "/articles/<id:article_id>/download",
    Permission.ARTICLE_READ,
    load=load_article,
    query=DownloadQuery,
    answers={200: DownloadOut},
    problems=(Kind.NOT_FOUND, Kind.BAD_CURSOR),
    etag=tag_of_part,
    lags=version_of_article,
)
def download(call: Call[Article, None, DownloadQuery]) -> Answer:
    """Give a whole discussion, at most 2,000 comments at a time: threads one after another, the oldest first, each comment after what it answers."""
    part = read_part(call.session, call.thing, place_of(call.thing, call.query.cursor))
    return Answer(present_part(call.session, call.thing, part))
