"""JSON doors of the moderation log: the public one for everybody, all of it for moderators."""

from forum.access.permissions import Permission
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.moderation.log_present import present_internal, present_public
from forum.moderation.log_queries import LogPage, list_log
from forum.moderation.log_schemas import InternalLogOut, LogOut, LogQuery
from forum.refusals import Kind
from forum.web.context import cursors
from forum.web.doors import Answer, ApiDoors, Call
from forum.web.lagging import may_lag

doors = ApiDoors("modlog")


@doors.door(
    "GET",
    "/modlog",
    Permission.MODLOG_READ,
    load=load_site,
    query=LogQuery,
    answers={200: LogOut},
    problems=(Kind.BAD_CURSOR,),
    lags=may_lag,
)
def list_public(call: Call[Site, None, LogQuery]) -> Answer:
    """List what moderators and rules decided, newest first; without reporters and without any text."""
    page, following = _read_page(call, public_only=True)
    return Answer(LogOut(present_public(call.session, call.thing.id, page.entries), following))


@doors.door(
    "GET",
    "/mod/log",
    Permission.MODLOG_READ_INTERNAL,
    load=load_site,
    query=LogQuery,
    answers={200: InternalLogOut},
    problems=(Kind.BAD_CURSOR,),
    private=True,
)
def list_internal(call: Call[Site, None, LogQuery]) -> Answer:
    """List all rows of the site's log, newest first, with who acted; for moderators."""
    page, following = _read_page(call, public_only=False)
    return Answer(InternalLogOut(present_internal(call.session, page.entries), following))


def _read_page(call: Call[Site, None, LogQuery], *, public_only: bool) -> tuple[LogPage, str | None]:
    purpose = f"modlog:{call.thing.id}:{'public' if public_only else 'internal'}"
    before = cursors().read(purpose, call.query.cursor)[0] if call.query.cursor else None
    page = list_log(call.session, call.thing.id, public_only=public_only, before_seq=before, limit=call.query.limit)
    return page, cursors().write(purpose, [page.next_seq]) if page.next_seq is not None else None
