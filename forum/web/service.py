"""Doors of the service itself: health, the OpenAPI document and its page, the explanations of problem types."""

from typing import Any

import msgspec
from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from forum.access.permissions import Permission
from forum.refusals import Kind, Refusal, not_found
from forum.sentences import sentence
from forum.web.doors import Answer, AnyCall, ApiDoors
from forum.web.pages import Page, PageDoors
from forum.web.problems import PROBLEM_TYPES, translate_type

doors = ApiDoors("service", prefix="")
pages = PageDoors("service")
OPENAPI = "forum_openapi"
SCHEMA_HEAD = "forum_schema_head"


class HealthOut(msgspec.Struct, frozen=True):
    """Whether the service lives or, for readiness, whether the database answers with the schema that this version needs."""

    status: str


class OpenApiOut(msgspec.Struct, frozen=True):
    """An OpenAPI 3.1 document."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]


@doors.door("GET", "/health/live", Permission.SERVICE_READ, answers={200: HealthOut}, unbound=True)
def live(call: AnyCall) -> Answer:
    """Say that the process answers; asks nothing of the database."""
    return Answer(HealthOut("ok"))


@doors.door("GET", "/health/ready", Permission.SERVICE_READ, answers={200: HealthOut})
def ready(call: AnyCall) -> Answer:
    """Say whether requests can be served: the database answers and has this version's schema."""
    try:
        found = call.session.scalar(text("SELECT version_num FROM alembic_version"))
    except DBAPIError:
        raise Refusal(Kind.UNAVAILABLE, "The database does not answer, or 'forum init' has not been run.", retry_after=5) from None
    if found != current_app.extensions[SCHEMA_HEAD]:
        raise Refusal(Kind.UNAVAILABLE, "The database has another version's schema; run 'forum init' with this version.", retry_after=30)
    return Answer(HealthOut("ok"))


@doors.door("GET", "/api/v1/openapi.json", Permission.SERVICE_READ, answers={200: OpenApiOut}, unbound=True)
def openapi(call: AnyCall) -> Answer:
    """Show this API as an OpenAPI 3.1 document."""
    return Answer(msgspec.json.encode(current_app.extensions[OPENAPI]))


@pages.door("GET", "/api/v1/docs", Permission.SERVICE_READ, unbound=True)
def docs(call: AnyCall) -> Page:
    """Show the API document as a page."""
    return Page("service/docs.html", {"document": current_app.extensions[OPENAPI]})


@pages.door("GET", "/problems/", Permission.SERVICE_READ, unbound=True)
def list_problems(call: AnyCall) -> Page:
    """List the types of problems."""
    return Page("service/problems.html", {"types": {kind.value: translate_type(known) for kind, known in PROBLEM_TYPES.items()}})


@pages.door("GET", "/problems/<kind>", Permission.SERVICE_READ, unbound=True)
def explain_problem(call: AnyCall) -> Page:
    """Explain one type of problem."""
    known = {kind.value: problem for kind, problem in PROBLEM_TYPES.items()}.get(call.path["kind"])
    if known is None:
        raise not_found(sentence("problem type"))
    return Page("service/problem_type.html", {"kind": call.path["kind"], "type": translate_type(known)})
