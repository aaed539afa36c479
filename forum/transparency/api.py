"""JSON doors of the monthly reports; a month is there as CSV as well."""

from flask import request

from forum.access.permissions import Permission
from forum.refusals import Kind
from forum.transparency.present import CSV_TYPE, present_month, present_months, read_tables, write_csv
from forum.transparency.schemas import MonthOut, MonthQuery, MonthsOut
from forum.transparency.steps import Calendar, Reported, load_calendar, load_month
from forum.web.doors import Answer, ApiDoors, Call
from forum.web.lagging import may_lag

doors = ApiDoors("transparency")
CSV = "text/csv"


@doors.door("GET", "/transparency", Permission.TRANSPARENCY_READ, load=load_calendar, answers={200: MonthsOut})
def list_months(call: Call[Calendar, None, None]) -> Answer:
    """List the months for which there is a report of what moderation did, newest first."""
    return Answer(present_months(call.thing))


@doors.door(
    "GET",
    "/transparency/<month>",
    Permission.TRANSPARENCY_READ,
    load=load_month,
    query=MonthQuery,
    answers={200: MonthOut},
    problems=(Kind.NOT_FOUND,),
    also=(CSV,),
    lags=may_lag,
)
def get_month(call: Call[Reported, None, MonthQuery]) -> Answer:
    """Show what moderation did in a month (``2026-11``), in numbers that name nobody; with ``format=csv``, or for who accepts nothing else, as CSV."""
    report = present_month(call.thing, read_tables(call.session, call.thing))
    wanted = call.query.format or ("csv" if request.accept_mimetypes.best_match(["application/json", CSV]) == CSV else "json")
    return Answer(write_csv(report).encode(), content_type=CSV_TYPE) if wanted == "csv" else Answer(report)
