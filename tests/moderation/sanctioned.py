"""What the tests of sanctions set up: somebody who imposes and lifts by the rules' own actions, and what a person tries to do over the JSON API.

Callers sign in anew for each step, since these tests move the clock past every sign-in's end.
"""

from datetime import UTC, datetime
from typing import Any

from forum.access.viewer import DEFAULT_SITE_ID, Role, Viewer
from forum.accounts.models import Account
from forum.db.transaction import writing
from forum.moderation.reasons import DecisionReason
from forum.moderation.sanctioning import SanctionOrder, acknowledge, impose, lift
from forum.sanctions.kinds import SanctionKind
from forum.sanctions.models import Sanction
from tests.conftest import Reply
from tests.world import ROLES, World

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
STATEMENT = "Please speak about the argument, and never about the person who makes it."


def viewer_of(world: World, who: str) -> Viewer:
    """Return a person as they act; "other admin" is one more administrator."""
    return Viewer(world.ids[who], who, who, {DEFAULT_SITE_ID: Role.ADMIN if who == "other admin" else ROLES.get(who, Role.MEMBER)})


def order_of(kind: SanctionKind, days: int | None = None, **named: Any) -> SanctionOrder:
    """Return an order with words that are good enough."""
    return SanctionOrder(kind, DecisionReason.HARASSMENT, statement=STATEMENT, days=days, **named)


def sanction(world: World, who: str, kind: SanctionKind, days: int | None = None, *, by: str = "admin") -> int:
    """Impose something on a person and return its id."""
    with writing() as session:
        account = session.get_one(Account, world.ids[who])
        return impose(session, viewer_of(world, by), account, order_of(kind, days), site_id=DEFAULT_SITE_ID).id


def take_back(world: World, sanction_id: int, *, by: str = "admin", overturned: bool = False) -> None:
    """Lift a sanction."""
    with writing() as session:
        lift(session, viewer_of(world, by), session.get_one(Sanction, sanction_id), overturned=overturned)


def say_that_it_was_read(world: World, who: str, sanction_id: int) -> None:
    """Acknowledge a sanction."""
    with writing() as session:
        acknowledge(session, viewer_of(world, who), session.get_one(Sanction, sanction_id))


def write(world: World, who: str) -> Reply:
    """Post a comment."""
    return world.enter(who).post(f"/articles/{world.article_id}/comments", {"body_md": "I see it otherwise."})


def tag(world: World, who: str, comment_id: int, stance: str | None = "skepticism") -> Reply:
    """Tag a comment, or take the tag off."""
    caller = world.enter(who)
    return caller.delete(f"/comments/{comment_id}/tag") if stance is None else caller.put(f"/comments/{comment_id}/tag", {"stance": stance})


def report(world: World, who: str, comment_id: int) -> Reply:
    """Report a comment."""
    return world.enter(who).post(f"/comments/{comment_id}/reports", {"reason": "off_topic"})
