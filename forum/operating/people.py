"""What is read and done of one account at a terminal: lists and descriptions without secrets, addresses, sign-ins, and deletion that does not wait.

The rule: whoever has this machine's shell vouches for what they type, so nothing is mailed to be confirmed; everything else goes by the rooms' own actions.
"""

from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.accounts.actions import change_address, confirm_address, end_sign_ins, is_address
from forum.accounts.models import Account, ApiToken, Membership, SignIn
from forum.accounts.queries import count_tokens, find_account_by_login, fold_email, roles_of
from forum.articles.models import ArticleAuthor
from forum.clock import now
from forum.comments.models import Comment
from forum.comments.states import State
from forum.factors.queries import count_codes_left, list_factors
from forum.mailbox.links import end_links
from forum.mailbox.models import Purpose
from forum.operating.changing import change
from forum.privacy.leaving import leave
from forum.refusals import Kind, Refusal
from forum.sanctions.queries import list_in_force
from forum.sentences import sentence
from forum.stances.models import Tag

PIECES_MOST = 1_000_000


def find_accounts(session: Session, *, role: str | None, search: str, limit: int) -> list[tuple[Account, str]]:
    """Return accounts with their roles, the newest first; ``search``: in handle, name or address."""
    here = (Membership.account_id == Account.id) & (Membership.site_id == DEFAULT_SITE_ID)
    found = select(Account, Membership.role).outerjoin(Membership, here).order_by(Account.id.desc()).limit(limit)
    if role is not None:
        found = found.where(Membership.role == role if role != Role.MEMBER else Membership.role.is_(None))
    if search:
        columns = (Account.handle, Account.display_name, Account.email)
        found = found.where(or_(*(column.icontains(search.removeprefix("@"), autoescape=True) for column in columns)))
    return [(account, named or Role.MEMBER.value) for account, named in session.execute(found)]


def line_of(account: Account, role: str) -> dict[str, Any]:
    """Return what a list says of an account."""
    return {
        "id": account.id,
        "handle": account.handle,
        "display_name": account.display_name,
        "email": account.email or account.guest_email,
        "role": role,
        "created_at": account.created_at.isoformat(),
        "is_guest": account.is_guest,
        "leaving_at": account.leaving_at.isoformat() if account.leaving_at else None,
        "left_at": account.left_at.isoformat() if account.left_at else None,
    }


def describe(session: Session, account: Account) -> dict[str, Any]:
    """Return what is known of an account but its secrets: role, address, how it signs in, what holds it back, and counts."""
    role = roles_of(session, account.id).get(DEFAULT_SITE_ID, Role.MEMBER)
    states = session.execute(select(Comment.state, func.count()).where(Comment.author_id == account.id).group_by(Comment.state))
    counts = dict.fromkeys((state.value for state in State), 0) | {state: count for state, count in states}
    last_seen = session.scalar(select(func.max(SignIn.last_seen_at)).where(SignIn.account_id == account.id))
    sanctions = list_in_force(session, account.id, DEFAULT_SITE_ID)
    return {
        **line_of(account, role.value),
        "address_confirmed": account.email_confirmed_at is not None,
        "has_password": account.password_hash is not None,
        "credential": account.credential,
        "verified": account.verified,
        "second_factors": [factor.kind for factor in list_factors(session, account.id) if factor.confirmed_at is not None],
        "recovery_codes_left": count_codes_left(session, account.id),
        "sign_ins": _count(session, SignIn.account_id == account.id),
        "last_seen_at": last_seen.isoformat() if last_seen else None,
        "tokens": count_tokens(session, account.id),
        "sanctions": [f"{each.kind} until {f'{each.ends_at:%Y-%m-%d %H:%M}' if each.ends_at else 'lifted'}" for each in sanctions],
        "author_of": _count(session, ArticleAuthor.account_id == account.id),
        "comments": counts,
        "tags": _count(session, Tag.account_id == account.id),
    }


def give_address(session: Session, account: Account, email: str) -> Account:
    """Give an account another address, confirmed. Raises Refusal ``conflict`` for a guest, for what is no address, and for one that another account has."""
    _require_member(account)
    if not is_address(fold_email(email)):
        raise Refusal(Kind.CONFLICT, "This is not an e-mail address such as anna@example.org.")
    holder = find_account_by_login(session, email)
    if holder is not None and holder.id != account.id:
        raise Refusal(
            Kind.CONFLICT, sentence("'%(handle)s' has this address already; give that account another one first.", handle=holder.handle)
        )
    change_address(session, account, email)
    end_links(session, account.id, Purpose.SIGN_IN, Purpose.RESET, Purpose.LINK)
    return account


def confirm_by_hand(session: Session, account: Account) -> Account:
    """Confirm an account's address. Raises Refusal ``conflict`` where it has none."""
    _require_member(account)
    if account.email is None:
        said = sentence("'%(handle)s' has no address; 'forum account email' gives it one, which is confirmed then.", handle=account.handle)
        raise Refusal(Kind.CONFLICT, said)
    confirm_address(session, account)
    return account


def shut_out(session: Session, account: Account, *, tokens: bool) -> tuple[int, int]:
    """End an account's sign-ins, and its ``tokens`` where wanted; return how many there were of each."""
    signed_in = _count(session, SignIn.account_id == account.id)
    end_sign_ins(session, account.id)
    revoked = count_tokens(session, account.id) if tokens else 0
    if tokens:
        session.execute(delete(ApiToken).where(ApiToken.account_id == account.id))
    return signed_in, revoked


def require_leaving(account: Account) -> None:
    """Raise Refusal ``conflict`` unless the account waits for its deletion."""
    if account.leaving_at is None:
        raise Refusal(Kind.CONFLICT, sentence("'%(handle)s' is not about to be deleted; nothing was changed.", handle=account.handle))


def leave_at_once(session: Session, account: Account) -> None:
    """Let the seven days of a deletion that was asked for be over."""
    account.leaving_at = now()
    session.flush()


def finish_leaving(account_id: int) -> None:
    """Do what is left of a deletion whose time has come, piece by piece, each in a transaction of its own as the worker would."""
    change(lambda session: leave(session, {"account_id": account_id}))
    for _ in range(PIECES_MOST):
        if change(lambda session: _leave_some(session, account_id)):
            return


def _leave_some(session: Session, account_id: int) -> bool:
    """Do one piece and return whether nothing is left. The jobs that each piece leaves find nothing to do later."""
    leave(session, {"account_id": account_id, "begun": 1})
    account = session.get(Account, account_id)
    return account is None or account.left_at is not None or account.leaving_at is None or account.leaving_at > now()


def _require_member(account: Account) -> None:
    if account.is_guest:
        raise Refusal(Kind.CONFLICT, sentence("'%(handle)s' is a guest, who has no account to sign in to.", handle=account.handle))


def _count(session: Session, condition: Any) -> int:
    return session.scalar(select(func.count()).where(condition)) or 0
