"""Writes of webhooks: add, change, pause and remove one, renew its secret, send it something again. Actions flush and never commit.

The rule: a secret is returned once, to whoever made it, and no log line holds one, nor an address, which may hold one as well.
"""

from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from forum.articles.models import Site
from forum.clock import now
from forum.db.transaction import afterwards
from forum.jobs.happening import Happening
from forum.jobs.telling import tell_of_passes
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sentences import sentence
from forum.text.limits import find_line_faults
from forum.web.context import settings
from forum.webhooks.guard import read_address
from forum.webhooks.kinds import PING, tidy_kinds
from forum.webhooks.models import Webhook, WebhookDelivery, WebhookSecret
from forum.webhooks.queries import DeliveryState, is_in, list_secrets
from forum.webhooks.signing import PREFIX, make_message_id, make_secret

WEBHOOKS_MOST = 20
SECRETS_MOST = 4
NAME_MAX = 80
OVERLAP = timedelta(hours=24)
log = structlog.get_logger(__name__)


def add_webhook(session: Session, site: Site, *, url: str, name: str, kinds: list[Happening]) -> tuple[Webhook, str]:
    """Store a webhook and return it with its secret, which is shown nowhere else. Raises Refusal ``validation``."""
    # One change at a time, so that the most is kept.
    session.execute(select(Site.id).where(Site.id == site.id).with_for_update())
    if (session.scalar(select(func.count()).where(Webhook.site_id == site.id)) or 0) >= WEBHOOKS_MOST:
        raise invalid(Fault("/url", "too-many", sentence("A site has at most %(most)s webhooks; delete one first.", most=WEBHOOKS_MOST)))
    webhook = Webhook(site_id=site.id, created_at=now())
    _fill(webhook, url=url, name=name, kinds=kinds)
    session.add(webhook)
    session.flush()
    log.info("webhook added", site=site.id, webhook=webhook.id)
    return webhook, _add_secret(session, webhook)


def change_webhook(session: Session, webhook: Webhook, *, url: str, name: str, kinds: list[Happening]) -> None:
    """Change where a webhook leads, what it is called and of what it is told. Raises Refusal ``validation``."""
    _fill(webhook, url=url, name=name, kinds=kinds)
    session.flush()
    log.info("webhook changed", site=webhook.site_id, webhook=webhook.id)


def set_paused(session: Session, webhook: Webhook, *, paused: bool) -> None:
    """Stop telling a webhook anything, or begin again with what waited; what happened meanwhile it is not told."""
    if paused == (webhook.paused_at is not None):
        return
    moment = now()
    webhook.paused_at, webhook.is_gone = moment if paused else None, False
    webhook.failures, webhook.rests_until = 0, None
    session.flush()
    if not paused:
        waiting = (WebhookDelivery.webhook_id == webhook.id, is_in(DeliveryState.WAITING))
        session.execute(update(WebhookDelivery).where(*waiting).values(queued_at=moment, due_at=moment))
        afterwards(session, tell_of_passes)
    log.info("webhook paused" if paused else "webhook resumed", site=webhook.site_id, webhook=webhook.id)


def remove_webhook(session: Session, webhook: Webhook) -> None:
    """Delete a webhook with its secrets, what waits for it and the record of what was sent."""
    session.execute(delete(Webhook).where(Webhook.id == webhook.id))
    log.info("webhook removed", site=webhook.site_id, webhook=webhook.id)


def renew_secret(session: Session, webhook: Webhook, *, keeps_old: bool) -> str:
    """Return a new secret for a webhook; the old ones are good for another day beside it, or no more at all.

    Raises Refusal ``conflict`` where too many are good at once.
    """
    moment = now()
    session.execute(select(Webhook.id).where(Webhook.id == webhook.id).with_for_update())
    session.execute(delete(WebhookSecret).where(WebhookSecret.webhook_id == webhook.id, WebhookSecret.expires_at <= moment))
    if not keeps_old:
        session.execute(delete(WebhookSecret).where(WebhookSecret.webhook_id == webhook.id))
    elif len(list_secrets(session, webhook.id)) >= SECRETS_MOST:
        raise Refusal(
            Kind.CONFLICT,
            sentence(
                "%(most)s secrets are good at the moment, which is the most. Wait until one ends, or end the old ones at once.",
                most=SECRETS_MOST,
            ),
        )
    current = (WebhookSecret.webhook_id == webhook.id, WebhookSecret.expires_at.is_(None))
    session.execute(update(WebhookSecret).where(*current).values(expires_at=moment + OVERLAP))
    log.info("webhook secret renewed", site=webhook.site_id, webhook=webhook.id, keeps_old=keeps_old)
    return _add_secret(session, webhook)


def ping(session: Session, webhook: Webhook) -> WebhookDelivery:
    """Leave a message that only tries whether the webhook listens. Raises Refusal ``conflict`` while it is paused."""
    if webhook.paused_at is not None:
        raise Refusal(Kind.CONFLICT, "This webhook is paused, so that nothing is sent to it; resume it first.")
    # Whoever tries it is waiting for the answer: it does not rest now.
    webhook.rests_until = None
    return leave_message(session, webhook.id, PING, at=now(), data={"site_id": webhook.site_id, "webhook_id": webhook.id})


def leave_message(session: Session, webhook_id: int, kind: str, *, at: datetime, data: dict[str, int | str]) -> WebhookDelivery:
    """Record a message in the open transaction; it is sent after the commit. ``at``: when what it tells of happened."""
    moment = now()
    payload = {"type": kind, "timestamp": at, "data": data}
    made = WebhookDelivery(
        webhook_id=webhook_id,
        message_id=make_message_id(),
        kind=kind,
        payload=msgspec.json.encode(payload).decode(),
        created_at=moment,
        queued_at=moment,
        due_at=moment,
    )
    session.add(made)
    session.flush()
    afterwards(session, tell_of_passes)
    return made


def replay(session: Session, webhook: Webhook, delivery_id: int) -> None:
    """Send a message again, with its id, whatever became of it. Raises Refusal ``not-found``, ``conflict`` while it is still tried or the webhook paused."""
    _require_open(webhook)
    row = session.get(WebhookDelivery, delivery_id, with_for_update=True)
    if row is None or row.webhook_id != webhook.id:
        raise not_found(sentence("message"))
    if row.delivered_at is None and row.failed_at is None:
        raise Refusal(Kind.CONFLICT, "This message still waits and is sent by itself.")
    _send_again(session, webhook, WebhookDelivery.id == delivery_id)


def replay_failed(session: Session, webhook: Webhook, *, since: datetime) -> int:
    """Send every message again that was given up and whose cause was at ``since`` or later; return how many. Raises Refusal ``conflict`` while it is paused."""
    _require_open(webhook)
    return _send_again(session, webhook, WebhookDelivery.failed_at.is_not(None), WebhookDelivery.created_at >= since)


def _require_open(webhook: Webhook) -> None:
    if webhook.paused_at is not None:
        raise Refusal(Kind.CONFLICT, "This webhook is paused, so that nothing is sent to it; resume it first.")


def _send_again(session: Session, webhook: Webhook, *which: ColumnElement[bool]) -> int:
    moment = now()
    again = update(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook.id, *which)
    fresh = {"delivered_at": None, "failed_at": None, "attempts": 0, "claimed_until": None, "due_at": moment, "queued_at": moment}
    result = session.execute(again.values(**fresh).execution_options(synchronize_session=False))
    webhook.rests_until = None
    session.flush()
    afterwards(session, tell_of_passes)
    count = int(getattr(result, "rowcount", 0))
    log.info("webhook messages sent again", webhook=webhook.id, count=count)
    return count


def _fill(webhook: Webhook, *, url: str, name: str, kinds: list[Happening]) -> None:
    faults = [Fault("/name", found.code, found.detail) for found in find_line_faults(name, maximum=NAME_MAX)]
    if not kinds:
        faults.append(Fault("/kinds", "required", "Choose at least one thing of which it is told."))
    try:
        address = read_address(url, settings().private_webhook_hosts)
    except Refusal as refusal:
        faults += refusal.faults
    if faults:
        raise invalid(*faults)
    webhook.url, webhook.name, webhook.kinds = address, name.strip(), tidy_kinds(kinds)


def _add_secret(session: Session, webhook: Webhook) -> str:
    secret = make_secret()
    session.add(WebhookSecret(webhook_id=webhook.id, secret=secret, created_at=now()))
    session.flush()
    return PREFIX + secret
