"""``forum account``: what is done to one account by whoever runs the place. Runs inside the application's context, which the command line opens around it.

What somebody does here is done by whoever has the machine's shell, so it asks for no permission; the rules are those of the pages.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.accounts.actions import NewAccount, change_password, check_new_account, create_account, end_sign_ins, set_role
from forum.accounts.passwords import find_password_faults, hash_password
from forum.accounts.queries import fold_handle, get_account
from forum.clock import now
from forum.db.transaction import reading, writing
from forum.factors.actions import unlock
from forum.operating.people import (
    confirm_by_hand,
    describe,
    find_accounts,
    finish_leaving,
    give_address,
    leave_at_once,
    line_of,
    require_leaving,
    shut_out,
)
from forum.privacy.export import export_account, to_file
from forum.privacy.leaving import With, ask_to_leave, stay

_ROLES = click.Choice([role.value for role in Role])
_as_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group("account")
def account_commands() -> None:
    """Accounts: list and show them, create one, give it a role, an address, a password, sign it out, delete it."""


@account_commands.command("create")
@click.argument("handle")
@click.option("--email", required=True, help="The account's e-mail address.")
@click.option("--role", type=_ROLES, default="member", show_default=True)
@click.option("--display-name", default="", help="The name that readers see. [default: the handle]")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
def create(handle: str, email: str, role: str, display_name: str, password_stdin: bool) -> None:
    """Create the account HANDLE."""
    new = NewAccount(handle, email, _ask_password(password_stdin), display_name)
    with reading() as session:
        check_new_account(session, new)
    hashed = hash_password(new.password)
    with writing() as session:
        made = create_account(session, new, password_hash=hashed)
        # Whoever has this machine's shell vouches for the address.
        made.email_confirmed_at = now()
        set_role(session, made, site_id=DEFAULT_SITE_ID, role=Role(role))
        handle = made.handle
    click.echo(f"Created the account {handle} with the role {role}.")


@account_commands.command("role")
@click.argument("handle")
@click.argument("role", type=_ROLES)
def give_role(handle: str, role: str) -> None:
    """Give the account HANDLE a role."""
    with writing() as session:
        set_role(session, get_account(session, handle), site_id=DEFAULT_SITE_ID, role=Role(role))
    click.echo(f"{handle} has the role {role} now.")


@account_commands.command("password")
@click.argument("handle")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
def set_password(handle: str, password_stdin: bool) -> None:
    """Set a new password for the account HANDLE and sign it out everywhere."""
    password = _ask_password(password_stdin)
    if faults := find_password_faults(password, handle=handle):
        raise click.ClickException(faults[0].detail)
    hashed = hash_password(password)
    with writing() as session:
        change_password(session, get_account(session, handle), password_hash=hashed, keep_signin_id=None)
    click.echo(f"{handle} has a new password and is signed out everywhere.")


@account_commands.command("unlock")
@click.argument("handle")
def unlock_account(handle: str) -> None:
    """Remove the second factors of the account HANDLE, which has lost them, and sign it out everywhere."""
    with writing() as session:
        found = get_account(session, handle)
        count = unlock(session, found.id)
        end_sign_ins(session, found.id)
        handle = found.handle
    click.echo(
        f"{handle} had {count} second factor{'' if count == 1 else 's'}; now the password alone signs in. It is signed out everywhere."
    )


@account_commands.command("list")
@click.option("--role", type=_ROLES, help="Only those with this role.")
@click.option("--search", default="", help="Only those with this in their handle, name or address.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
@_as_json
def list_them(role: str | None, search: str, limit: int, as_json: bool) -> None:
    """List accounts, the newest first; guests and former members among them."""
    with reading() as session:
        rows = [line_of(account, found) for account, found in find_accounts(session, role=role, search=search, limit=limit)]
    if as_json:
        _write(rows)
        return
    for row in rows:
        click.echo(f"{row['handle']}  {row['role']}  {row['email'] or 'no address'}  {row['display_name']}{_standing(row)}")
    click.echo(f"{len(rows)} account{'' if len(rows) == 1 else 's'}.")


@account_commands.command("show")
@click.argument("handle")
@_as_json
def show(handle: str, as_json: bool) -> None:
    """Show what is known of the account HANDLE, without its secrets."""
    with reading() as session:
        row = describe(session, get_account(session, handle))
    if as_json:
        _write(row)
        return
    for name, value in row.items():
        if value not in (None, "", False, []):
            click.echo(f"{name.replace('_', ' ')}: {_words_of(value)}")


@account_commands.command("email")
@click.argument("handle")
@click.argument("address")
def set_address(handle: str, address: str) -> None:
    """Give the account HANDLE another address, which counts as confirmed; links that were mailed to the old one are good no more."""
    with writing() as session:
        handle = give_address(session, get_account(session, handle), address).handle
    click.echo(f"{handle} has the address {address.strip()} now.")


@account_commands.command("confirm")
@click.argument("handle")
def confirm(handle: str) -> None:
    """Confirm the address of the account HANDLE, as if the link in the mail had been followed."""
    with writing() as session:
        account = confirm_by_hand(session, get_account(session, handle))
        said = f"The address {account.email} of {account.handle} is confirmed."
    click.echo(said)


@account_commands.command("sign-out")
@click.argument("handle")
@click.option("--tokens", is_flag=True, help="Revoke its tokens for the API as well.")
def sign_out(handle: str, tokens: bool) -> None:
    """Sign the account HANDLE out everywhere."""
    with writing() as session:
        account = get_account(session, handle)
        signed_in, revoked = shut_out(session, account, tokens=tokens)
        handle = account.handle
    said = f"{handle} was signed in at {signed_in} place{'' if signed_in == 1 else 's'} and is at none now."
    click.echo(said + (f" {revoked} token{'' if revoked == 1 else 's'} revoked." if tokens else ""))


@account_commands.command("delete")
@click.argument("handle")
@click.option("--withdraw", is_flag=True, help="Withdraw its comments and destroy their texts; else they stay, as a former member's.")
@click.option("--now", "at_once", is_flag=True, help="At once, and for good, instead of in seven days.")
@click.option("--undo", "undone", is_flag=True, help="Take back a deletion whose seven days are not over.")
def delete_account(handle: str, withdraw: bool, at_once: bool, undone: bool) -> None:
    """Delete the account HANDLE in seven days, as its owner could; until then --undo takes that back."""
    if undone:
        with writing() as session:
            account = get_account(session, handle)
            require_leaving(account)
            stay(session, account)
            handle = account.handle
        click.echo(f"{handle} stays.")
        return
    with writing() as session:
        account = get_account(session, handle)
        ask_to_leave(session, account, With.WITHDRAW if withdraw else With.KEEP)
        if at_once:
            leave_at_once(session, account)
        account_id, handle, leaving_at = account.id, account.handle, account.leaving_at
    kept = "its comments are withdrawn" if withdraw else "its comments stay"
    if at_once:
        finish_leaving(account_id)
        click.echo(f"{handle} is deleted; {kept}.")
    else:
        click.echo(
            f"{handle} will be deleted at {leaving_at:%Y-%m-%d %H:%M} UTC; {kept}. 'forum account delete {handle} --undo' takes it back."
        )


@account_commands.command("export")
@click.argument("handle")
@click.argument("file", type=click.Path(path_type=Path))
def export(handle: str, file: Path) -> None:
    """Write everything that is held about the account HANDLE to FILE as JSON, as its owner gets it (- for standard output)."""
    with reading() as session:
        document = to_file(export_account(session, get_account(session, handle)))
    if str(file) == "-":
        click.echo(document, nl=False)
        return
    try:
        # It holds what nobody else may read, and nothing that is there is replaced.
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(document)
    except FileExistsError:
        raise click.ClickException(f"{file} is there already; choose another name, or remove it first.") from None
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from None
    click.echo(f"{len(document)} bytes about {fold_handle(handle)} are in {file}.")


def _standing(row: dict[str, Any]) -> str:
    said = [name.replace("_", " ").replace(" at", "") for name in ("is_guest", "leaving_at", "left_at") if row[name]]
    return f"  ({', '.join(said)})" if said else ""


def _words_of(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count} {word}" for word, count in value.items())
    if isinstance(value, list):
        return ", ".join(value)
    return "yes" if value is True else str(value)


def _write(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _ask_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
