"""HTML doors of the monthly reports: which months there are, one month in tables, and the same as CSV.

The CSV is the same for everybody, so it may be kept by anyone who asks again each time, as the API's answers are.
"""

from itertools import groupby

from flask import Response, request

from forum.access.permissions import Permission
from forum.transparency.present import CSV_TYPE, present_month, read_tables, write_csv
from forum.transparency.small_cells import SHOWN_FROM
from forum.transparency.steps import Calendar, Reported, load_calendar, load_month
from forum.transparency.written import write_in_short, write_month, write_sections
from forum.web.caching import entity_tag, is_fresh, set_caching
from forum.web.doors import Call, viewer_of_request
from forum.web.lagging import may_lag
from forum.web.pages import Page, PageDoors

doors = PageDoors("transparency")


@doors.door("GET", "/transparency", Permission.TRANSPARENCY_READ, load=load_calendar, lags=may_lag)
def list_months(call: Call[Calendar, None, None]) -> Page:
    """Show the months for which there is a report, newest first."""
    by_year = groupby(call.thing.newest_first(), key=lambda month: month.year)
    years = [(year, [(str(month), write_month(month), call.thing.is_complete(month)) for month in months]) for year, months in by_year]
    return Page("transparency/months.html", {"years": years})


@doors.door("GET", "/transparency/<month>", Permission.TRANSPARENCY_READ, load=load_month, lags=may_lag)
def show_month(call: Call[Reported, None, None]) -> Page:
    """Show what moderation did in a month, in numbers that name nobody."""
    calendar, month = call.thing.calendar, call.thing.month
    tables = read_tables(call.session, call.thing)
    around = {"earlier": month.preceding, "later": month.following}
    context = {
        "month": str(month),
        "name": write_month(month),
        "is_complete": calendar.is_complete(month),
        "is_empty": all(table.is_empty for table in tables),
        "in_short": list(write_in_short(tables)),
        "sections": list(write_sections(tables)),
        "limit": SHOWN_FROM,
        **{rel: (str(other), write_month(other)) if other in calendar else None for rel, other in around.items()},
    }
    return Page("transparency/month.html", context)


@doors.door("GET", "/transparency/<month>.csv", Permission.TRANSPARENCY_READ, load=load_month, lags=may_lag)
def show_csv(call: Call[Reported, None, None]) -> Page:
    """Show the figures of a month as CSV."""
    return Page(body=write_csv(present_month(call.thing, read_tables(call.session, call.thing))), content_type=CSV_TYPE)


@doors.blueprint.after_request
def share_csv(response: Response) -> Response:
    """Let the CSV be kept, and spare the caller one that has not changed."""
    if request.endpoint != f"{doors.blueprint.name}.{show_csv.__name__}" or response.status_code != 200:
        return response
    tag = entity_tag("csv", response.get_data())
    set_caching(response, viewer_of_request(), tag, private=False)
    if is_fresh(tag):
        response.status_code = 304
        response.set_data(b"")
        response.headers.pop("Content-Type", None)
    return response
