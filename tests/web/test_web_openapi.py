"""The OpenAPI document: valid, complete in both directions, and true – what it promises is what thousands of made-up requests get."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import Context
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from forum.access.permissions import Scope
from forum.comments.stance import Stance
from forum.web import service
from forum.web.problems import PROBLEM_TYPES
from tests.access.test_access_doors import MAY
from tests.conftest import test_settings
from tests.world import World, api_doors, make_world

pytestmark = pytest.mark.postgresql_slow

Document = dict[str, Any]
# A request may fit its schema and still be refused for what it says: a text without words, a handle that is taken.
LEFT_OUT = {"positive_data_acceptance"}
EXAMPLES = 4


@pytest.fixture
def document(apps: Callable[[str], Flask]) -> Document:
    made: Document = apps("sqlite").extensions[service.OPENAPI]
    return made


def operations(document: Document) -> Iterable[tuple[str, str, Document]]:
    return ((path, method, operation) for path, item in document["paths"].items() for method, operation in item.items())


def test_the_document_is_valid(document: Document) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_address_of_the_api_is_in_it_and_no_other(document: Document, apps: Callable[[str], Flask]) -> None:
    served = set()
    for rule in apps("sqlite").url_map.iter_rules():
        if rule.rule.startswith(("/api/", "/health")):
            path = rule.rule
            for name in rule.arguments:
                path = path.replace(f"<id:{name}>", f"{{{name}}}").replace(f"<{name}>", f"{{{name}}}")
            served |= {(path, method) for method in rule.methods or () if method not in ("HEAD", "OPTIONS")}
    assert {(path, method.upper()) for path, method, _ in operations(document)} == served


def test_every_operation_says_what_it_does_takes_and_answers(document: Document) -> None:
    names = set()
    for path, method, operation in operations(document):
        names.add(operation["operationId"])
        assert operation["summary"].endswith("."), path
        assert operation["responses"], path
        assert {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"} == set(re_names(path))
        for status, answer in operation["responses"].items():
            assert answer["description"], (path, status)
            kinds = answer.get("content", {})
            others = {"/api/v1/docs": {"text/html"}, "/api/v1/transparency/{month}": {"application/json", "text/csv"}}
            assert set(kinds) <= {"application/problem+json", *others.get(path, {"application/json"})}
            assert ("application/problem+json" in kinds) == (int(status) >= 400), (path, method, status)
        for problem in (name for name in PROBLEM_TYPES if f"`{name.value}`" in str(operation["responses"])):
            assert f"`{problem.value}`" in operation["responses"][str(PROBLEM_TYPES[problem].status)]["description"]
    assert len(names) == sum(1 for _ in operations(document))


def re_names(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]


def test_who_may_come_is_what_the_access_table_says(document: Document, apps: Callable[[str], Flask]) -> None:
    # What Prometheus reads is text, and not a part of the API.
    for door in (door for door in api_doors(apps("sqlite")) if door.rule != "/metrics"):
        allowed, scope = MAY[door.endpoint]
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", door.rule)
        ways = document["paths"][path][door.method.lower()]["security"]
        assert ({} in ways) == ("visitor" in allowed), door.endpoint
        assert ({"token": []} in ways) == (scope is not None), door.endpoint
        assert {"session": []} in ways


def test_every_schema_is_used_and_refuses_what_it_does_not_name(document: Document) -> None:
    text = str(document)
    for name, schema in document["components"]["schemas"].items():
        assert f"#/components/schemas/{name}'" in text, f"{name} is defined and never used"
        if name.endswith(("In", "Patch")):
            assert schema["additionalProperties"] is False, name


def test_the_sessions_cookie_has_its_own_name_behind_https(tmp_path: Any) -> None:
    from forum.app import create_app

    made = create_app(test_settings(tmp_path, base_url="https://talk.example.org"))
    scheme = made.extensions[service.OPENAPI]["components"]["securitySchemes"]["session"]
    assert (scheme["name"], made.config["SESSION_COOKIE_NAME"]) == ("__Host-forum", "__Host-forum")
    assert made.config["SESSION_COOKIE_SECURE"]


def test_the_document_is_served_as_it_is(app: Flask, document: Document) -> None:
    answer = app.test_client().get("/api/v1/openapi.json")
    assert (answer.mimetype, answer.json) == ("application/json", document)


@pytest.fixture
def world(app: Flask) -> World:
    made = make_world(app)
    for stance in (None, Stance.AGREEMENT):
        made.comment(by="admin", stance=stance)
    return made


@pytest.mark.parametrize(
    ("who", "mode"),
    [
        ("visitor", GenerationMode.POSITIVE),
        ("token", GenerationMode.POSITIVE),
        pytest.param("token", GenerationMode.NEGATIVE, marks=pytest.mark.slow),
    ],
)
def test_made_up_requests_get_only_what_is_documented(world: World, who: str, mode: GenerationMode) -> None:
    load_all_checks()
    checks = [check for check in CHECKS.get_all() if check.__name__ not in LEFT_OUT]

    def outside(environ: Any, start: Any) -> Any:
        # The test's own context would leak from one request into the next.
        return Context().run(world.app, environ, start)

    headers = {"Authorization": f"Bearer {world.token('admin', *Scope).token}"} if who == "token" else {}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", outside)
    # What is refused, for whatever reason, was not accepted; a failure of ours is no refusal.
    schema.config.checks.negative_data_rejection.expected_statuses = ["4xx"]
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()

        @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: Any) -> None:
            # An empty parameter of the query counts as left out, which no schema can say.
            assume("" not in (case.query or {}).values())
            case.call_and_validate(headers=headers, checks=checks)

        with suppress(Unsatisfiable):  # an operation without anything to get wrong
            send()
