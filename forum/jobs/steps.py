"""Steps that the page and the JSON doors of jobs share."""

from dataclasses import dataclass

from forum.access.viewer import DEFAULT_SITE_ID
from forum.jobs.present import present_buried
from forum.jobs.queries import list_buried_jobs
from forum.jobs.schemas import BuriedJobsOut
from forum.web.context import cursors
from forum.web.doors import AnyCall

PURPOSE = "buried jobs"


@dataclass(frozen=True)
class Queue:
    """The one queue of this installation, which is its first site's admins' to look after."""

    site_id: int = DEFAULT_SITE_ID


def load_queue(_call: AnyCall) -> Queue:
    """Load nothing but whose queue it is."""
    return Queue()


def read_buried(call: AnyCall) -> BuriedJobsOut:
    """Return the page of buried jobs that the query asks for. Raises Refusal ``bad-cursor``."""
    limit = call.query.limit
    place = cursors().read(PURPOSE, call.query.cursor) if call.query.cursor else ()
    found = list_buried_jobs(call.session, after=place, limit=limit + 1)
    shown = found[:limit]
    following = cursors().write(PURPOSE, [shown[-1].buried_at, shown[-1].id]) if len(found) > limit else None
    return BuriedJobsOut([present_buried(job) for job in shown], following)
