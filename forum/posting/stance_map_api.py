"""JSON door of the stance map."""

from forum.access.permissions import Permission
from forum.articles.models import Article
from forum.posting.discussion import load_article
from forum.posting.replicas import version_of_article
from forum.posting.stance_map_queries import read_map
from forum.posting.stance_map_schemas import MapOut
from forum.refusals import Kind
from forum.web.caching import entity_tag
from forum.web.doors import Answer, AnyCall, ApiDoors, Call
from forum.web.keeping import Keep, keep

doors = ApiDoors("stance_map")


def tag_of_map(call: AnyCall) -> str:
    """Return the entity tag of an article's map."""
    return entity_tag(call.thing.version, "map", call.thing.id)


@doors.door(
    "GET",
    "/articles/<id:article_id>/map",
    Permission.ARTICLE_READ,
    load=load_article,
    answers={200: MapOut},
    problems=(Kind.NOT_FOUND,),
    etag=tag_of_map,
    kept=True,
    lags=version_of_article,
)
def get_map(call: Call[Article, None, None]) -> Answer:
    """Show where people stand: the writers' stances and the readers' tags on the whole discussion, and the tags thread by thread."""
    keep(Keep(call.thing.id, (call.thing.version,)))
    return Answer(read_map(call.session, call.thing))
