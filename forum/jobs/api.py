"""JSON doors of an installation's admins: jobs that never succeeded, another try, and giving one up."""

from forum.access.permissions import Permission
from forum.jobs.actions import discard_job, replay_job
from forum.jobs.schemas import BuriedJobsOut, BuriedJobsQuery
from forum.jobs.steps import Queue, load_queue, read_buried
from forum.refusals import Kind
from forum.web.doors import Answer, ApiDoors, Call

doors = ApiDoors("jobs")


@doors.door(
    "GET",
    "/admin/jobs",
    Permission.JOBS_EDIT,
    load=load_queue,
    query=BuriedJobsQuery,
    answers={200: BuriedJobsOut},
    problems=(Kind.BAD_CURSOR,),
    private=True,
)
def list_buried(call: Call[Queue, None, BuriedJobsQuery]) -> Answer:
    """List the jobs that never succeeded, the latest first, without what they are about."""
    return Answer(read_buried(call))


@doors.door(
    "POST", "/admin/jobs/<id:job_id>/replay", Permission.JOBS_EDIT, load=load_queue, answers={202: None}, problems=(Kind.NOT_FOUND,)
)
def replay(call: Call[Queue, None, None]) -> Answer:
    """Let a job that never succeeded be tried again, from the beginning."""
    replay_job(call.session, call.path["job_id"])
    return Answer(status=202)


@doors.door("DELETE", "/admin/jobs/<id:job_id>", Permission.JOBS_EDIT, load=load_queue, answers={204: None}, problems=(Kind.NOT_FOUND,))
def discard(call: Call[Queue, None, None]) -> Answer:
    """Give up a job that never succeeded: what it was to do is never done."""
    discard_job(call.session, call.path["job_id"])
    return Answer(status=204)
