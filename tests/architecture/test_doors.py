"""Doors: every address is one, and each has a permission that is asked about the thing it loads."""

import ast
from collections import Counter
from typing import Any

import pytest
from flask import Flask

from forum.access import predicates
from forum.access.permissions import Permission
from forum.access.table import TABLE
from forum.access.viewer import VISITOR, Role, Via, Viewer
from forum.app import DOORS, create_app
from forum.refusals import Kind, Refusal
from forum.web.doors import Answer, AnyCall, Call, Door, run
from forum.web.problems import PROBLEM_TYPES
from tests.architecture.source import called_name, modules
from tests.conftest import test_settings as settings_for

# What is asked of the caller alone; every other predicate asks about what the door loaded.
ABOUT_THE_CALLER = {predicates.is_anyone, predicates.is_signed_in, predicates.is_signed_in_person}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application whose database nobody asks."""
    return create_app(settings_for(tmp_path_factory.mktemp("doors")))


def _doors(app: Flask) -> dict[str, Door]:
    found: dict[str, Door] = app.extensions[DOORS]
    return found


def test_every_address_is_a_door(plain: Flask) -> None:
    rules = list(plain.url_map.iter_rules())
    assert len(rules) > 50
    for rule in rules:
        if rule.endpoint == "static":
            continue
        door = _doors(plain)[rule.endpoint]
        assert rule.rule == door.rule
        assert (rule.methods or set()) - {"HEAD", "OPTIONS"} == {door.method}


def test_every_door_is_an_address(plain: Flask) -> None:
    assert set(_doors(plain)) == {rule.endpoint for rule in plain.url_map.iter_rules()} - {"static"}


def test_every_permission_is_in_the_table_and_at_a_door(plain: Flask) -> None:
    assert set(TABLE) == set(Permission)
    assert {door.permission for door in _doors(plain).values()} == set(Permission)
    assert all(grant.clauses and all(grant.clauses) for grant in TABLE.values())


def test_what_depends_on_a_thing_is_asked_about_the_thing(plain: Flask) -> None:
    for door in _doors(plain).values():
        asked = {predicate for clause in TABLE[door.permission].clauses for predicate in clause}
        if asked - ABOUT_THE_CALLER:
            assert door.load is not None, f"{door.method} {door.rule} asks {door.permission.name} about nothing"


def test_what_an_address_names_is_loaded(plain: Flask) -> None:
    for door in _doors(plain).values():
        if "<id:" in door.rule:
            assert door.load is not None or TABLE[door.permission].clauses == ((predicates.is_signed_in_person,),), (
                f"{door.method} {door.rule}"
            )


def test_a_door_that_changes_something_asks_for_more_than_being_there(plain: Flask) -> None:
    open_to_all = {
        door.permission
        for door in _doors(plain).values()
        if not door.is_safe and TABLE[door.permission].clauses == ((predicates.is_anyone,),)
    }
    assert open_to_all == {
        Permission.ACCOUNT_CREATE,
        Permission.ARTICLE_START,
        Permission.SESSION_CREATE,
        Permission.NOTICE_CREATE,
        Permission.NOTICE_APPEAL,
        Permission.LINK_FOLLOW,
        # A visitor follows something by an address; nothing is stored before the link in a mail is followed.
        Permission.FOLLOW,
    }


def test_only_signing_in_and_up_go_without_a_csrf_token(plain: Flask) -> None:
    assert {door.permission for door in _doors(plain).values() if not door.csrf} == {
        Permission.ACCOUNT_CREATE,
        Permission.SESSION_CREATE,
        # A mailed link is followed by whoever has it, whoever they are signed in as.
        Permission.LINK_FOLLOW,
    }


def test_a_door_without_a_transaction_reads_nothing(plain: Flask) -> None:
    for door in _doors(plain).values():
        if door.unbound:
            assert (door.is_safe, door.load, door.permission) == (True, None, Permission.SERVICE_READ), door.rule


def test_what_is_answered_to_all_alike_is_for_all_to_read(plain: Flask) -> None:
    impersonal = [door for door in _doors(plain).values() if door.impersonal]
    assert impersonal
    for door in impersonal:
        assert door.is_safe, door.rule
        assert TABLE[door.permission].clauses == ((predicates.is_anyone,),), door.rule


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_loaded_thing_is_checked_before_the_view_runs(app: Flask, method: str) -> None:
    class Held:
        state, listed, author_id, site_id = "held", False, 7, 1

    ran = []

    def view(call: AnyCall) -> Answer:
        ran.append(call)
        return Answer()

    door = Door(method, "/x", "x", Permission.COMMENT_READ, "", view, load=lambda call: Held())

    def ask(viewer: Viewer) -> Any:
        call: AnyCall = Call(viewer=viewer, path={}, body=None, query=None)
        return run(door, call, door.view)

    for stranger, kind in ((VISITOR, Kind.UNAUTHENTICATED), (Viewer(8, via=Via.COOKIE), Kind.FORBIDDEN)):
        with pytest.raises(Refusal) as caught:
            ask(stranger)
        assert caught.value.kind is kind
    assert ran == []
    assert ask(Viewer(7, via=Via.COOKIE)) == Answer()
    assert ask(Viewer(8, roles={1: Role.MODERATOR}, via=Via.COOKIE)) == Answer()
    assert len(ran) == 2


def test_every_kind_of_refusal_is_explained_and_used() -> None:
    assert set(PROBLEM_TYPES) == set(Kind)
    uses = Counter(
        node.attr
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Kind"
    )
    # Once in the table of explanations, and at least once where it happens.
    assert [kind.name for kind in Kind if uses[kind.name] < 2] == []


def test_no_view_answers_past_its_door() -> None:
    """``abort`` would skip the translation that every refusal takes."""
    assert [module.name for module in modules() for node in ast.walk(module.tree) if called_name(node) in {"abort", "flask.abort"}] == []


def test_no_refusal_builds_its_sentence_where_no_translator_finds_it() -> None:
    """``sentence("… %(most)s …", most=5)`` keeps template and values apart; an f-string does not."""
    places = {"Refusal": 1, "Fault": 2, "BodyFault": 1, "BadAddress": 1, "sentence": 0, "nsentence": 0}
    built = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and (place := places.get(called_name(node).rpartition(".")[2])) is not None
        for text in node.args[place : place + 1]
        if isinstance(text, ast.JoinedStr | ast.BinOp) or called_name(text).endswith((".format", ".join"))
    ]
    assert built == []


def test_every_page_of_a_problem_is_there(plain: Flask) -> None:
    client = plain.test_client()
    listed = client.get("/problems/").text
    for kind in Kind:
        page = client.get(f"/problems/{kind.value}")
        assert page.status_code == 200
        assert str(PROBLEM_TYPES[kind].status) in page.text
        assert f"/problems/{kind.value}" in listed
    assert client.get("/problems/nothing-of-ours").status_code == 404
