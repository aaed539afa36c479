"""JSON doors of a series: a part among the others, and what its authors say about where a thread is answered."""

from forum.access.permissions import Permission
from forum.articles.models import Article
from forum.articles.queries import versions_before
from forum.posting.continuing import continue_thread, discontinue_thread
from forum.posting.discussion import load_article
from forum.posting.replicas import versions_of_part
from forum.posting.series_queries import find_continuations, present_parts, read_parts, read_threads
from forum.posting.series_schemas import ContinuationIn, ContinuationOut, PartsOut
from forum.posting.series_steps import load_continued
from forum.refusals import Kind
from forum.web.caching import entity_tag
from forum.web.doors import Answer, AnyCall, ApiDoors, Call
from forum.web.keeping import Keep, keep

doors = ApiDoors("series")


def tag_of_parts(call: AnyCall) -> str:
    """Return the entity tag of a part among the others: its version and those of the parts before it, read before anything of them is."""
    call.prepared = versions_before(call.session, call.thing)
    return entity_tag(call.thing.version, "series", call.thing.id, call.prepared)


@doors.door(
    "GET",
    "/articles/<id:article_id>/series",
    Permission.ARTICLE_READ,
    load=load_article,
    answers={200: PartsOut},
    problems=(Kind.NOT_FOUND,),
    etag=tag_of_parts,
    kept=True,
    lags=versions_of_part,
)
def get_series(call: Call[Article, None, None]) -> Answer:
    """Show an article among the parts of its series: its neighbours, what is open in the part before, which threads are answered in which part."""
    keep(Keep(call.thing.id, (call.thing.version, call.prepared)))
    parts = read_parts(call.session, call.thing)
    return Answer(present_parts(parts, read_threads(call.session, call.thing, parts)))


@doors.door(
    "PUT",
    "/comments/<id:comment_id>/continuation",
    Permission.COMMENT_CONTINUE,
    load=load_continued,
    body=ContinuationIn,
    answers={200: ContinuationOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def set_continuation(call: Call[Article, ContinuationIn, None]) -> Answer:
    """Say that a thread below one's article is answered in a later part of its series that one wrote as well; who wrote or doubted it is told once."""
    comment_id = call.path["comment_id"]
    continue_thread(call.session, call.viewer, comment_id, article_id=call.body.article_id, line=call.body.line)
    return Answer(find_continuations(call.session, call.thing, [comment_id])[comment_id])


@doors.door(
    "DELETE",
    "/comments/<id:comment_id>/continuation",
    Permission.COMMENT_CONTINUE,
    load=load_continued,
    answers={204: None},
    problems=(Kind.NOT_FOUND,),
)
def remove_continuation(call: Call[Article, None, None]) -> Answer:
    """Take back that a thread is answered in a later part; doing it twice is no error."""
    discontinue_thread(call.session, call.path["comment_id"])
    return Answer(status=204)
