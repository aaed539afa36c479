"""``forum account``: create one, give it a role, set its password; refused in the same words as on the page."""

import pytest

from tests.cli.conftest import Forum

pytestmark = pytest.mark.postgresql_slow

GOOD = "correct horse battery\n"


def test_create_an_account_with_a_role(installed: Forum) -> None:
    done = installed("account", "create", "Anna", "--email", "anna@example.org", "--role", "admin", "--password-stdin", typed=GOOD)
    assert (done.code, done.out, done.err) == (0, "Created the account anna with the role admin.\n", "")


@pytest.mark.parametrize(
    ("handle", "email", "typed", "said"),
    [
        ("anna", "other@example.org", GOOD, "handle"),
        ("other", "Anna@Example.org", GOOD, "There is an account with this address"),
        ("x y", "other@example.org", GOOD, "handle"),
        ("other", "nobody", GOOD, "e-mail"),
        ("other", "other@example.org", "short\n", "at least 8 characters"),
        ("other", "other@example.org", "iloveyou\n", "among the first that are tried"),
        ("other", "other@example.org", "x" * 257, "at most 256 characters"),
        ("other", "other@example.org", "", "at least 8 characters"),
    ],
)
def test_what_is_refused_is_one_sentence(installed: Forum, handle: str, email: str, typed: str, said: str) -> None:
    installed("account", "create", "anna", "--email", "anna@example.org", "--password-stdin", typed=GOOD)
    done = installed("account", "create", handle, "--email", email, "--password-stdin", typed=typed)
    assert said in done.refusal
    assert typed.strip() == "" or typed.strip() not in done.err, "a password is not repeated"


def test_give_a_role(installed: Forum) -> None:
    installed("account", "create", "anna", "--email", "anna@example.org", "--password-stdin", typed=GOOD)
    assert installed("account", "role", "anna", "publisher").out == "anna has the role publisher now.\n"
    assert "no such person" in installed("account", "role", "nobody", "publisher").refusal


def test_set_a_password(installed: Forum) -> None:
    installed("account", "create", "anna", "--email", "anna@example.org", "--password-stdin", typed=GOOD)
    done = installed("account", "password", "anna", "--password-stdin", typed="another good one\n")
    assert done.out == "anna has a new password and is signed out everywhere.\n"
    assert "at least 8" in installed("account", "password", "anna", "--password-stdin", typed="short\n").refusal
    assert "no such person" in installed("account", "password", "nobody", "--password-stdin", typed=GOOD).refusal


def test_before_the_database_is_there(forum: Forum) -> None:
    assert "forum init" in forum("account", "role", "anna", "admin").refusal
    assert "forum init" in forum("account", "create", "anna", "--email", "anna@example.org", "--password-stdin", typed=GOOD).refusal


def test_unlock_an_account(installed: Forum) -> None:
    installed("account", "create", "anna", "--email", "anna@example.org", "--password-stdin", typed=GOOD)
    done = installed("account", "unlock", "@Anna")
    assert (done.code, done.out) == (
        0,
        "anna had 0 second factors; now the password alone signs in. It is signed out everywhere.\n",
    )
    assert "no such person" in installed("account", "unlock", "nobody").refusal
