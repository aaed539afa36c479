"""The HTML page of an installation's admins: jobs that never succeeded, another try, and giving one up."""

from flask import flash
from flask_babel import gettext as _

from forum.access.permissions import Permission
from forum.jobs.actions import discard_job, replay_job
from forum.jobs.schemas import BuriedJobsQuery
from forum.jobs.steps import Queue, load_queue, read_buried
from forum.jobs.words import JOB_WORDS
from forum.web.doors import Call
from forum.web.pages import Page, PageDoors, Redirect

doors = PageDoors("jobs")
LIST = "/admin/jobs"


@doors.door("GET", LIST, Permission.JOBS_EDIT, load=load_queue, query=BuriedJobsQuery)
def show_buried(call: Call[Queue, None, BuriedJobsQuery]) -> Page:
    """Show the jobs that never succeeded, the latest first."""
    page = read_buried(call)
    following = f"{LIST}?cursor={page.next}" if page.next else ""
    return Page("jobs/buried.html", {"jobs": page.items, "words": JOB_WORDS, "is_first": call.query.cursor is None, "following": following})


@doors.door("POST", "/admin/jobs/<id:job_id>/replay", Permission.JOBS_EDIT, load=load_queue)
def replay_buried(call: Call[Queue, None, None]) -> Redirect:
    """Let a job be tried again, from the beginning."""
    replay_job(call.session, call.path["job_id"])
    flash(_("The job is tried again now. If it keeps failing, it is here again after two hours."))
    return Redirect(LIST)


@doors.door("POST", "/admin/jobs/<id:job_id>/discard", Permission.JOBS_EDIT, load=load_queue)
def discard_buried(call: Call[Queue, None, None]) -> Redirect:
    """Give up a job."""
    discard_job(call.session, call.path["job_id"])
    flash(_("The job is given up; what it was to do is not done."))
    return Redirect(LIST)
