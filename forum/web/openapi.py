"""The OpenAPI 3.1 document, made from the doors' declarations: every route, body, parameter, status and problem type.

Hand-written (msgspec gives the schemas) rather than a framework's: the doors already say all that the document needs, and it must never say
anything else than what they do.
"""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from forum.access.permissions import Scope
from forum.access.table import may_ever
from forum.access.viewer import VISITOR, Via, Viewer
from forum.refusals import Kind
from forum.web.doors import API, Door
from forum.web.idempotency import KEY_PATTERN
from forum.web.problems import PROBLEM_TYPES, Problem

REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


def build_document(doors: Iterable[Door], *, title: str, version: str, base_url: str, cookie: str) -> dict[str, Any]:
    """Return the OpenAPI document of the API doors among ``doors``; ``cookie`` is the session cookie's name."""
    api = sorted(
        (door for door in doors if door.rule.startswith(API) or door.rule.startswith("/health")), key=lambda door: (door.rule, door.method)
    )
    types = {kind for door in api for kind in (door.body, *door.answers.values()) if kind is not None} | {Problem}
    _, components = msgspec.json.schema_components(sorted(types, key=lambda kind: kind.__name__), ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for door in api:
        paths.setdefault(_PARAMETER.sub(r"{\2}", door.rule), {})[door.method.lower()] = _operation(door)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "license": {"name": "MIT", "identifier": "MIT"},
            "description": "Threaded comments on articles, each tagged agreement, disagreement, skepticism or encouragement.",
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": name} for name in sorted({_room(door) for door in api})],
        "paths": paths,
        "components": {"schemas": dict(components), "securitySchemes": _security_schemes(cookie)},
    }


def problems_of(door: Door) -> frozenset[Kind]:
    """Return every kind of problem that an API door can answer: what it declares, and what the steps bring with them that all doors share."""
    brought = {
        Kind.MALFORMED: True,
        Kind.TOO_LARGE: True,
        Kind.UNAVAILABLE: not door.unbound,
        # A token may be unknown, or lack the scope; it is looked at below the API's address alone.
        Kind.UNAUTHENTICATED: not door.unbound and door.rule.startswith(API),
        Kind.FORBIDDEN: not door.unbound and door.rule.startswith(API),
        Kind.CSRF: not door.is_safe and door.csrf,
        Kind.VALIDATION: bool(door.query or door.body or door.method == "POST"),
        Kind.UNSUPPORTED_MEDIA_TYPE: bool(door.body),
        Kind.STALE_VERSION: door.versioned,
        Kind.IDEMPOTENCY_KEY_REUSED: door.method == "POST",
        Kind.IDEMPOTENCY_KEY_IN_PROGRESS: door.method == "POST",
    }
    return door.problems | {kind for kind, holds in brought.items() if holds}


def _security_schemes(cookie: str) -> dict[str, Any]:
    return {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A personal token made in the settings or with POST /api/v1/me/tokens.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "The session cookie; changing requests also send X-CSRF-Token.",
        },
    }


def _security(door: Door) -> list[dict[str, list[str]]]:
    """Say who may come: nobody in particular, somebody with a token, somebody signed in; as the permission table has it, not by hand."""
    ways: list[tuple[Viewer, dict[str, list[str]]]] = [
        (VISITOR, {}),
        (Viewer(1, via=Via.TOKEN, scopes=frozenset(Scope)), {"token": []}),
        (Viewer(1, via=Via.COOKIE), {"session": []}),
    ]
    return [way for viewer, way in ways if may_ever(viewer, door.permission)]


def _operation(door: Door) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": door.endpoint.replace(".", "_"),
        "summary": door.summary,
        "tags": [_room(door)],
        "description": f"Permission: {door.permission.value}",
        "parameters": [*_path_parameters(door), *_query_parameters(door), *_header_parameters(door)],
        "responses": _responses(door),
    }
    if door.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": REF.format(name=door.body.__name__)}}},
        }
    operation["security"] = _security(door)
    return operation


def _room(door: Door) -> str:
    return door.endpoint.partition(".")[0].removesuffix("_api")


def _path_parameters(door: Door) -> list[dict[str, Any]]:
    shapes: dict[str, dict[str, Any]] = {"id": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}}
    return [
        {"name": name, "in": "path", "required": True, "schema": shapes.get(converter, {"type": "string", "minLength": 1})}
        for converter, name in _PARAMETER.findall(door.rule)
    ]


def _query_parameters(door: Door) -> list[dict[str, Any]]:
    if door.query is None:
        return []
    (_,), components = msgspec.json.schema_components([door.query], ref_template=REF)
    schema = components[door.query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _inline(part, components)}
        for name, part in schema["properties"].items()
    ]


def _inline(schema: Any, components: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inline(components[schema["$ref"].rpartition("/")[2]], components)
        return {key: _inline(value, components) for key, value in schema.items()}
    return [_inline(value, components) for value in schema] if isinstance(schema, list) else schema


def _header_parameters(door: Door) -> list[dict[str, Any]]:
    named = []
    if door.method == "POST":
        shape = {"type": "string", "pattern": f"^{KEY_PATTERN}$"}
        named.append(("Idempotency-Key", "The same key and body replays the stored answer for 24 hours.", shape))
    if door.versioned:
        named.append(("If-Match", "An entity tag, or the version alone; another present version is answered with 412.", {"type": "string"}))
    if door.is_safe and door.answers:
        named.append(("If-None-Match", "An entity tag that the caller has; answered with 304 when it still holds.", {"type": "string"}))
    return [{"name": name, "in": "header", "required": False, "description": text, "schema": schema} for name, text, schema in named]


def _responses(door: Door) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if not door.answers:
        responses["200"] = {"description": "A page for people.", "content": {"text/html": {"schema": {"type": "string"}}}}
    for status, shape in door.answers.items():
        answer: dict[str, Any] = {"description": (shape.__doc__ or "").strip().splitlines()[0] if shape else "Done; there is no body."}
        if shape is not None:
            answer["content"] = {"application/json": {"schema": {"$ref": REF.format(name=shape.__name__)}}}
            answer["content"] |= {kind: {"schema": {"type": "string"}} for kind in door.also}
        if door.is_safe:
            answer["headers"] = {"ETag": {"description": "Changes with anything visible in the answer.", "schema": {"type": "string"}}}
        if status in (201, 202) and door.method == "POST":
            answer["headers"] = {
                "Location": {"description": "Where the new thing is, when it has an address.", "schema": {"type": "string"}}
            }
        responses[str(status)] = answer
    if door.is_safe and door.answers:
        responses["304"] = {"description": "The caller's copy still holds."}
    if ":article_id>" in door.rule:
        location = {
            "Location": {"description": "The same address of the article in which the discussion goes on.", "schema": {"type": "string"}}
        }
        responses["308"] = {
            "description": "The article's discussion has become part of another one; ask the same there.",
            "headers": location,
        }
    for kind in sorted(problems_of(door), key=lambda kind: kind.value):
        _add_problem(responses, kind)
    return responses


def _add_problem(responses: dict[str, Any], kind: Kind) -> None:
    known = PROBLEM_TYPES[kind]
    line = f"`{kind.value}`: {known.title}."
    there = responses.setdefault(
        str(known.status), {"description": "", "content": {"application/problem+json": {"schema": {"$ref": REF.format(name="Problem")}}}}
    )
    there["description"] = f"{there['description']} {line}".strip()
