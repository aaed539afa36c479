"""Accounts, sign-ins and tokens as their owner gets them."""

from forum.access.viewer import Viewer
from forum.accounts.models import Account, ApiToken, SignIn
from forum.accounts.schemas import AccountOut, SignInOut, TokenOut


def present_account(account: Account, role: str) -> AccountOut:
    """Return an account as its owner sees it."""
    return AccountOut(
        handle=account.handle,
        display_name=account.display_name,
        credential=account.credential,
        verified=account.verified,
        email=account.email,
        role=role,
        created_at=account.created_at,
        url=f"/u/{account.handle}",
        leaving_at=account.leaving_at,
        email_confirmed=account.email_confirmed_at is not None,
    )


def present_sign_in(row: SignIn, viewer: Viewer) -> SignInOut:
    """Return one place where the account is signed in."""
    return SignInOut(row.id, row.device, row.created_at, row.last_seen_at, row.id == viewer.signin_id)


def present_token(token: ApiToken) -> TokenOut:
    """Return a token without its secret."""
    return TokenOut(token.id, token.name, token.hint, token.scopes.split(), token.created_at, token.last_used_at)
