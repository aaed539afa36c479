"""Reads of webhooks: those of a site, their secrets, what was sent to them and what waits."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import cast

from sqlalchemy import ColumnElement, Table, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.direct import read
from forum.db.queues import Queue, read_queue
from forum.refusals import not_found
from forum.sentences import sentence
from forum.webhooks.models import Webhook, WebhookDelivery, WebhookSecret

_WEBHOOKS = cast(Table, Webhook.__table__)
_LISTENING = select(_WEBHOOKS.c.id, _WEBHOOKS.c.kinds).where(_WEBHOOKS.c.site_id == bindparam("site_id"), _WEBHOOKS.c.paused_at.is_(None))


class DeliveryState(StrEnum):
    """How far a message has got."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


def list_webhooks(session: Session, site_id: int) -> list[Webhook]:
    """Return the site's webhooks in the order in which they were added; there are few."""
    return list(session.scalars(select(Webhook).where(Webhook.site_id == site_id).order_by(Webhook.id)))


def list_listening(session: Session, site_id: int) -> Sequence[tuple[int, str]]:
    """Return the site's webhooks that are not paused, each with the kinds of which it is told: asked after each post, of which few sites have any."""
    session.flush()
    return [(row[0], row[1]) for row in read(session, _LISTENING, {"site_id": site_id})]


def get_webhook(session: Session, site_id: int, webhook_id: int) -> Webhook:
    """Return one of the site's webhooks. Raises Refusal ``not-found``."""
    found = session.scalar(select(Webhook).where(Webhook.id == webhook_id, Webhook.site_id == site_id))
    if found is None:
        raise not_found(sentence("webhook"))
    return found


def list_secrets(session: Session, webhook_id: int) -> list[WebhookSecret]:
    """Return the secrets that are good now, the newest first."""
    good = or_(WebhookSecret.expires_at.is_(None), WebhookSecret.expires_at > now())
    found = select(WebhookSecret).where(WebhookSecret.webhook_id == webhook_id, good)
    return list(session.scalars(found.order_by(WebhookSecret.id.desc())))


def list_deliveries(
    session: Session, webhook_id: int, *, state: DeliveryState | None, before: int | None, limit: int
) -> Sequence[WebhookDelivery]:
    """Return the messages to a webhook, the newest first, of one state or all, older than the one with the id ``before``."""
    conditions = [WebhookDelivery.webhook_id == webhook_id]
    if before is not None:
        conditions.append(WebhookDelivery.id < before)
    if state is not None:
        conditions.append(is_in(state))
    found = select(WebhookDelivery).where(*conditions).order_by(WebhookDelivery.id.desc())
    return session.scalars(found.limit(limit)).all()


def has_failed(session: Session, webhook_id: int) -> bool:
    """Whether any message to a webhook was given up and not sent again since."""
    given_up = select(WebhookDelivery.id).where(WebhookDelivery.webhook_id == webhook_id, is_in(DeliveryState.FAILED))
    return session.scalar(given_up.limit(1)) is not None


def is_in(state: DeliveryState) -> ColumnElement[bool]:
    """Return the condition for a message that has got as far as ``state``; for those that wait it is the partial index's."""
    if state is DeliveryState.WAITING:
        return and_(WebhookDelivery.delivered_at.is_(None), WebhookDelivery.failed_at.is_(None))
    return (WebhookDelivery.delivered_at if state is DeliveryState.DELIVERED else WebhookDelivery.failed_at).is_not(None)


def is_due(moment: datetime) -> ColumnElement[bool]:
    """Return the condition for a message that is to be sent now and that nobody is sending."""
    free = or_(WebhookDelivery.claimed_until.is_(None), WebhookDelivery.claimed_until <= moment)
    return and_(is_in(DeliveryState.WAITING), WebhookDelivery.due_at <= moment, free)


def list_ready_webhooks(session: Session, limit: int) -> list[int]:
    """Return the webhooks that are neither paused nor resting and have something due, those that waited longest since their last attempt first."""
    moment = now()
    has_due = select(WebhookDelivery.id).where(WebhookDelivery.webhook_id == Webhook.id, is_due(moment)).exists()
    is_rested = or_(Webhook.rests_until.is_(None), Webhook.rests_until <= moment)
    ready = select(Webhook.id).where(Webhook.paused_at.is_(None), is_rested, has_due)
    return list(session.scalars(ready.order_by(Webhook.tried_at.nulls_first(), Webhook.id).limit(limit)))


def read_waiting_deliveries(session: Session) -> Queue:
    """Return how many messages to webhooks that are not paused are due and neither delivered nor given up, and since when the first has been due."""
    open_ones = select(Webhook.id).where(Webhook.paused_at.is_(None))
    waits = (WebhookDelivery.delivered_at.is_(None), WebhookDelivery.failed_at.is_(None), WebhookDelivery.due_at <= now())
    return read_queue(session, WebhookDelivery.due_at, WebhookDelivery.webhook_id.in_(open_ones), *waits)
