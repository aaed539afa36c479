"""The mails of this room: each is posted in the open transaction, with its link where it has one."""

from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.mail.letters import language_here, post_letter
from forum.mailbox.links import link_address, make_link
from forum.mailbox.models import Purpose


def send_confirmation(session: Session, account: Account) -> None:
    """Ask whether the account's address is its owner's; an account without one gets none."""
    if account.email is None:
        return
    secret = make_link(session, Purpose.CONFIRM, email=account.email, account_id=account.id)
    post_letter(session, "confirm", to=account.email, handle=account.handle, link=link_address(secret))


def send_change_of_address(session: Session, account: Account, email: str) -> None:
    """Ask at the new address whether it is theirs, and tell the old one."""
    secret = make_link(session, Purpose.CONFIRM, email=email, account_id=account.id, data={"change": "1"})
    post_letter(session, "change_address", to=email, handle=account.handle, link=link_address(secret))
    tell_old_address(session, account, email)


def tell_old_address(session: Session, account: Account, email: str) -> None:
    """Tell the account's present address, where it has one, that it is to be replaced."""
    if account.email is not None:
        post_letter(session, "address_asked", to=account.email, handle=account.handle, address=email)


def tell_owner(session: Session, owner: Account) -> None:
    """Tell somebody that their address was asked for by another account."""
    if owner.email is not None:
        post_letter(session, "address_taken", to=owner.email, handle=owner.handle)


def send_sign_in(session: Session, account: Account, *, language: str, onward: dict[str, str]) -> None:
    """Send a link that signs in; ``onward`` comes back with it."""
    secret = make_link(session, Purpose.SIGN_IN, email=account.email or "", account_id=account.id, data=onward)
    post_letter(session, "sign_in", to=account.email or "", language=language, handle=account.handle, link=link_address(secret))


def send_reset(session: Session, account: Account, *, language: str) -> None:
    """Send a link that sets a new password."""
    secret = make_link(session, Purpose.RESET, email=account.email or "", account_id=account.id)
    post_letter(session, "reset", to=account.email or "", language=language, handle=account.handle, link=link_address(secret))


def tell_password_changed(session: Session, account: Account) -> None:
    """Tell the owner of an account that its password was changed; an account without an address is told nothing."""
    if account.email is not None:
        post_letter(session, "password_changed", to=account.email, language=language_here(), handle=account.handle)


def tell_security_changed(session: Session, account_id: int, what: str) -> None:
    """Tell the owner of an account that a second factor or recovery code was added or removed: ``what`` as the room of factors names it."""
    account = session.get(Account, account_id)
    if account is not None and account.email is not None:
        post_letter(session, "security_changed", to=account.email, handle=account.handle, what=str(what))
