"""Sends what waits: claimed in one short transaction, sent outside of any, recorded in another; a pass of the worker's.

The rule: nothing is lost, and whoever is killed between a receiver's yes and our record of it has sent one message twice at most, with the same id.
One receiver that is slow or away takes little time from the others: it rests after each attempt, ever longer while it fails, and is asked for one message then.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from flask import current_app
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.transaction import reading, writing
from forum.web.context import settings
from forum.webhooks.models import Webhook, WebhookDelivery
from forum.webhooks.queries import DeliveryState, is_due, is_in, list_ready_webhooks, list_secrets
from forum.webhooks.sending import Message, Outcome, Patience, send
from forum.webhooks.signing import sign
from forum.webhooks.troubles import Trouble

# Each to another webhook, and all at the same time: a pass takes as long as the slowest.
MOST_AT_ONCE = 8
CLAIMED = timedelta(minutes=2)
# Eight attempts within a day.
WAITS = tuple(timedelta(seconds=each) for each in (5, 300, 1800, 7200, 18_000, 28_800, 30_600))
MOST_ATTEMPTS = len(WAITS) + 1
# What had fewer attempts because others were made to the same webhook is given up then.
GIVES_UP = timedelta(hours=26)
RESTS = tuple(timedelta(seconds=each) for each in (5, 60, 300, 900, 1800))
LONGEST_ASKED_REST = 3600
# A receiver that takes its time rests for so many times as long: it has a tenth of ours at most.
SLOW_SECONDS, SLOW_RESTS = 1.0, 9
KEPT = timedelta(days=30)
PATIENCE = Patience()
_TIDIED = "forum_webhooks_tidied_at"
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Claimed:
    id: int
    webhook_id: int
    attempts: int
    message: Message


def pass_webhooks() -> bool:
    """Send what is due, one message to each webhook, and return whether there was any; the worker's pass. Once an hour, forget what is old."""
    tidied_at: datetime | None = current_app.extensions.get(_TIDIED)
    if tidied_at is None or not tidied_at <= now() < tidied_at + timedelta(hours=1):
        current_app.extensions[_TIDIED] = now()
        forget_old_deliveries()
    return send_due() > 0


def send_due(*, patience: Patience = PATIENCE) -> int:
    """Try one message to each of at most ``MOST_AT_ONCE`` webhooks and return how many were tried, however that ended.

    Needs an application context and no open transaction. Raises SQLAlchemy's errors when the database is away.
    """
    # Asked without the lock for writing, which an idle worker would take from people on SQLite every few seconds.
    with reading() as session:
        if not list_ready_webhooks(session, 1):
            return 0
    with writing() as session:
        claimed = [taken for webhook_id in list_ready_webhooks(session, MOST_AT_ONCE) if (taken := _claim(session, webhook_id))]
    if not claimed:
        return 0
    allowed = settings().private_webhook_hosts
    with ThreadPoolExecutor(len(claimed), thread_name_prefix="webhook") as threads:
        outcomes = list(threads.map(lambda each: send(each.message, private_hosts=allowed, patience=patience), claimed))
    for each, outcome in zip(claimed, outcomes, strict=True):
        _record(each, outcome)
    return len(claimed)


def forget_old_deliveries() -> int:
    """Delete the messages of more than 30 days ago, whatever became of them, and return how many there were."""
    old = WebhookDelivery.created_at < now() - KEPT
    with reading() as session:
        if session.scalar(select(WebhookDelivery.id).where(old).limit(1)) is None:
            return 0
    with writing() as session:
        return int(getattr(session.execute(delete(WebhookDelivery).where(old)), "rowcount", 0))


def wait_after(attempts: int) -> timedelta:
    """Return how long a message waits after its ``attempts``-th failure."""
    return WAITS[min(attempts, len(WAITS)) - 1]


def rest_after(failures: int) -> timedelta:
    """Return how long a webhook rests after its ``failures``-th failed attempt in a row: 5 seconds, 1, 5, 15 minutes, and half an hour from then on."""
    return RESTS[min(failures, len(RESTS)) - 1]


def _claim(session: Session, webhook_id: int) -> _Claimed | None:
    moment = now()
    due = (WebhookDelivery.webhook_id == webhook_id, is_due(moment))
    first = select(WebhookDelivery.id).where(*due).order_by(WebhookDelivery.due_at, WebhookDelivery.id).limit(1)
    delivery_id = session.scalar(first.with_for_update(skip_locked=True))
    if delivery_id is None:
        return None
    # An attempt counts from its beginning: one that takes the process with it must not be made for ever.
    mine = update(WebhookDelivery).where(WebhookDelivery.id == delivery_id, is_due(moment))
    mine = mine.values(claimed_until=moment + CLAIMED, attempts=WebhookDelivery.attempts + 1)
    row = session.execute(mine.returning(WebhookDelivery.attempts, WebhookDelivery.message_id, WebhookDelivery.payload)).first()
    url = session.scalar(select(Webhook.url).where(Webhook.id == webhook_id))
    if row is None or url is None:
        return None
    attempts, message_id, payload = row
    body = payload.encode()
    signed = sign(message_id, body, at=moment, with_secrets=[each.secret for each in list_secrets(session, webhook_id)])
    headers = {"Content-Type": "application/json", "User-Agent": "forum-webhooks/1", "Accept": "*/*", **signed}
    return _Claimed(delivery_id, webhook_id, attempts, Message(url, headers, body))


def _record(claimed: _Claimed, outcome: Outcome) -> None:
    with writing() as session:
        webhook = session.get(Webhook, claimed.webhook_id, with_for_update=True, populate_existing=True)
        if webhook is None:
            return
        webhook.tried_at = now()
        if outcome.trouble is None:
            _store_success(session, webhook, claimed, outcome)
        else:
            _store_failure(session, webhook, claimed, outcome)
    told = {"webhook": claimed.webhook_id, "delivery": claimed.id, "attempts": claimed.attempts, "status": outcome.status}
    if outcome.trouble is None:
        log.info("webhook told", **told)
    else:
        log.warning("webhook not told", **told, error=outcome.trouble.value)


def _store_success(session: Session, webhook: Webhook, claimed: _Claimed, outcome: Outcome) -> None:
    moment = now()
    delivered = {"delivered_at": moment, "failed_at": None, "claimed_until": None, "last_status": outcome.status, "last_error": ""}
    session.execute(update(WebhookDelivery).where(WebhookDelivery.id == claimed.id).values(**delivered))
    if webhook.failures:
        # It is back: what waits for its next attempt need not wait for it.
        waiting = (WebhookDelivery.webhook_id == webhook.id, is_in(DeliveryState.WAITING), WebhookDelivery.due_at > moment)
        session.execute(update(WebhookDelivery).where(*waiting).values(due_at=moment))
    webhook.failures, webhook.rests_until = 0, _after_slowness(moment, outcome)


def _store_failure(session: Session, webhook: Webhook, claimed: _Claimed, outcome: Outcome) -> None:
    moment = now()
    trouble = outcome.trouble or Trouble.NO_ANSWER
    is_gone = trouble is Trouble.GONE
    is_last = is_gone or claimed.attempts >= MOST_ATTEMPTS
    values = {
        "claimed_until": None,
        "last_status": outcome.status,
        "last_error": trouble.value,
        "due_at": moment + wait_after(claimed.attempts),
    }
    # Only who still holds it: whoever took it over when the claim had run out records how that ended.
    mine = (WebhookDelivery.id == claimed.id, WebhookDelivery.attempts == claimed.attempts, is_in(DeliveryState.WAITING))
    session.execute(update(WebhookDelivery).where(*mine).values(**values, failed_at=moment if is_last else None))
    late = (WebhookDelivery.webhook_id == webhook.id, is_in(DeliveryState.WAITING), WebhookDelivery.queued_at < moment - GIVES_UP)
    session.execute(update(WebhookDelivery).where(*late).values(failed_at=moment, last_error=trouble.value))
    webhook.failures += 1
    if is_gone:
        webhook.paused_at, webhook.is_gone = moment, True
    rests: Sequence[datetime | None] = (
        moment + rest_after(webhook.failures),
        moment + timedelta(seconds=min(outcome.retry_after, LONGEST_ASKED_REST)),
        _after_slowness(moment, outcome),
    )
    webhook.rests_until = max(each for each in rests if each is not None)


def _after_slowness(moment: datetime, outcome: Outcome) -> datetime | None:
    return moment + timedelta(seconds=outcome.seconds * SLOW_RESTS) if outcome.seconds >= SLOW_SECONDS else None
