"""``forum account``: create one, give it a role, set its password; refused in the same words as on the page."""

import json
from pathlib import Path

import pytest

from forum.access.viewer import Role
from forum.clock import now
from forum.db.transaction import writing
from tests.cli.conftest import Forum
from tests.cli.test_cli_mail import inside
from tests.conftest import add_account

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


def make() -> None:
    with writing() as session:
        for handle, role in (("anna", Role.ADMIN), ("ben", Role.MEMBER), ("cleo", Role.MODERATOR)):
            add_account(session, handle, role=role, display_name=handle).email_confirmed_at = now()


@pytest.fixture
def people(installed: Forum) -> Forum:
    inside(make)
    return installed


def test_list_accounts(people: Forum) -> None:
    assert people("account", "list").out == (
        "cleo  moderator  cleo@example.org  cleo\nben  member  ben@example.org  ben\nanna  admin  anna@example.org  anna\n3 accounts.\n"
    )
    assert [row["handle"] for row in json.loads(people("account", "list", "--role", "member", "--json").out)] == ["ben"]
    assert [row["handle"] for row in json.loads(people("account", "list", "--search", "LEO@", "--json").out)] == ["cleo"]
    assert people("account", "list", "--search", "%").out == "0 accounts.\n"


def test_show_an_account(people: Forum) -> None:
    done = people("account", "show", "@Anna", "--json")
    row = json.loads(done.out)
    assert (row["role"], row["address_confirmed"], row["has_password"], row["second_factors"]) == ("admin", True, True, [])
    assert "hash" not in done.out
    assert "role: admin\n" in people("account", "show", "anna").out
    assert "no such person" in people("account", "show", "nobody").refusal


@pytest.mark.slow
def test_give_another_address(people: Forum) -> None:
    assert people("account", "email", "ben", "Ben@Other.example").out == "ben has the address Ben@Other.example now.\n"
    row = json.loads(people("account", "show", "ben", "--json").out)
    assert (row["email"], row["address_confirmed"]) == ("ben@other.example", True)
    assert "'anna' has this address already" in people("account", "email", "ben", "anna@example.org").refusal
    assert "not an e-mail address" in people("account", "email", "ben", "nothing").refusal
    assert people("account", "confirm", "ben").code == 0
    assert "no such person" in people("account", "confirm", "nobody").refusal


@pytest.mark.slow
def test_sign_an_account_out(people: Forum) -> None:
    assert people("account", "sign-out", "ben").out == "ben was signed in at 0 places and is at none now.\n"
    assert people("account", "sign-out", "ben", "--tokens").out.endswith(" 0 tokens revoked.\n")
    assert "no such person" in people("account", "sign-out", "nobody").refusal


def test_delete_an_account(people: Forum) -> None:
    done = people("account", "delete", "ben")
    assert done.out.startswith("ben will be deleted at ")
    assert "(leaving)" in people("account", "list").out
    assert people("account", "delete", "ben", "--undo").out == "ben stays.\n"
    assert "not about to be deleted" in people("account", "delete", "ben", "--undo").refusal
    assert people("account", "delete", "ben", "--withdraw", "--now").out == "ben is deleted; its comments are withdrawn.\n"
    assert "no such person" in people("account", "show", "ben").refusal
    assert "former-" in people("account", "list").out
    assert "only admin" in people("account", "delete", "anna", "--now").refusal
    assert people("check").code == 0


@pytest.mark.slow
def test_export_an_account(people: Forum, tmp_path: Path) -> None:
    file = tmp_path / "ben.json"
    done = people("account", "export", "ben", str(file))
    assert (done.code, file.stat().st_mode & 0o777) == (0, 0o600)
    assert json.loads(file.read_text())["account"]["email"] == "ben@example.org"
    assert "is there already" in people("account", "export", "ben", str(file)).refusal
    assert json.loads(people("account", "export", "ben", "-").out)["account"]["handle"] == "ben"
    assert "cannot be written" in people("account", "export", "ben", str(tmp_path / "no" / "ben.json")).refusal
    assert "no such person" in people("account", "export", "nobody", str(tmp_path / "x")).refusal
