"""The permission table and its predicates as plain values: no database, no framework."""

from dataclasses import dataclass

import pytest

from forum.access.permissions import Permission, Scope
from forum.access.predicates import is_article_author, is_moderator, is_public, is_publisher, is_writer
from forum.access.table import TABLE, can, has_scope, is_granted, may_ever
from forum.access.viewer import VISITOR, Role, Via, Viewer


@dataclass
class Thing:
    """Whatever a door loaded."""

    site_id: int = 1
    author_id: int = 7
    author_ids: tuple[int, ...] = (7,)
    listed: bool = True


def test_every_permission_is_in_the_table_and_says_what_it_is_in_a_sentence() -> None:
    assert set(TABLE) == set(Permission)
    for permission in Permission:
        assert permission.value[0].isupper()
        assert permission.value.endswith(".")
        assert TABLE[permission].clauses, permission


@pytest.mark.parametrize(("role", "includes"), [("member", 1), ("publisher", 2), ("moderator", 3), ("admin", 4)])
def test_a_role_includes_the_ones_before_it(role: str, includes: int) -> None:
    assert sum(Role(role).includes(other) for other in Role) == includes


def test_a_role_on_one_site_is_none_on_another() -> None:
    moderator = Viewer(1, roles={1: Role.MODERATOR})
    assert is_moderator(moderator, Thing(site_id=1))
    assert not is_moderator(moderator, Thing(site_id=2))
    assert is_publisher(moderator, Thing(site_id=1))


def test_a_predicate_says_no_to_a_thing_that_lacks_what_it_asks_for() -> None:
    admin = Viewer(1, roles={1: Role.ADMIN})
    for predicate in (is_writer, is_article_author, is_moderator, is_public):
        assert not predicate(admin, object())
        assert not predicate(admin, None)


def test_a_visitor_is_nobody_even_where_nobody_wrote() -> None:
    # A visitor's account_id is None: a thing without a writer must not be a visitor's own.
    nobodys = Thing(author_id=None, author_ids=(None,))  # type: ignore[arg-type]
    assert not is_writer(VISITOR, nobodys)
    assert not is_article_author(VISITOR, nobodys)


@pytest.mark.parametrize("permission", list(Permission))
def test_a_token_can_never_do_more_than_its_account(permission: Permission) -> None:
    for thing in (Thing(), Thing(listed=False), None):
        account = Viewer(7, roles={1: Role.ADMIN}, via=Via.COOKIE)
        token = Viewer(7, roles={1: Role.ADMIN}, scopes=frozenset(Scope), via=Via.TOKEN)
        bare = Viewer(7, roles={1: Role.ADMIN}, scopes=frozenset(), via=Via.TOKEN)
        assert can(account, permission, thing) >= can(token, permission, thing)
        assert not can(bare, permission, thing)
        assert not has_scope(bare, permission)
        assert is_granted(token, permission, thing) == is_granted(bare, permission, thing)


@pytest.mark.parametrize("permission", list(Permission))
def test_what_may_never_be_done_can_not_be_done(permission: Permission) -> None:
    callers = [
        VISITOR,
        Viewer(7, via=Via.COOKIE),
        Viewer(7, scopes=frozenset(Scope), via=Via.TOKEN),
        Viewer(7, scopes=frozenset({Scope.READ}), via=Via.TOKEN),
    ]
    for viewer in callers:
        possible = any(can(viewer, permission, thing) for thing in (None, Thing(), Thing(listed=False)))
        assert may_ever(viewer, permission) >= possible


def test_only_somebody_at_the_keyboard_changes_what_keeps_an_account_safe() -> None:
    token = Viewer(7, scopes=frozenset(Scope), via=Via.TOKEN)
    assert not may_ever(token, Permission.SECURITY_EDIT)
    assert not may_ever(token, Permission.SESSION_END)
    assert may_ever(Viewer(7, via=Via.COOKIE), Permission.SECURITY_EDIT)
