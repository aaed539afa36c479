"""JSON door of the search: finds visible comments."""

import msgspec

from forum.access.permissions import Permission
from forum.refusals import Kind
from forum.search.schemas import SearchOut, SearchQuery
from forum.search.steps import search
from forum.web.doors import Answer, ApiDoors, Call

doors = ApiDoors("search")


@doors.door(
    "GET", "/search", Permission.ARTICLE_READ, query=SearchQuery, answers={200: SearchOut}, problems=(Kind.BAD_CURSOR,), private=True
)
def find_comments(call: Call[None, None, SearchQuery]) -> Answer:
    """Find comments by their words, writers, stances, articles and days: what everybody may read, the best of the newest 500 matches first."""
    query = call.query
    found = search(call.session, query.q, article=query.article, cursor=query.cursor, limit=query.limit)
    notes = [str(note) for note in found.understood.notes]
    return Answer(msgspec.structs.replace(found, understood=msgspec.structs.replace(found.understood, notes=notes)))
