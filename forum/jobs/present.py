"""Jobs that never succeeded, as an admin gets them."""

from datetime import datetime
from typing import cast

from forum.jobs.models import Job
from forum.jobs.schemas import BuriedJobOut


def present_buried(job: Job) -> BuriedJobOut:
    """Return a job without its payload."""
    return BuriedJobOut(job.id, job.kind, job.attempts, job.last_error or "", job.created_at, cast(datetime, job.buried_at))
