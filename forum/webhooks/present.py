"""Webhooks and their messages, as admins get them."""

from sqlalchemy.orm import Session

from forum.jobs.happening import Happening
from forum.webhooks.kinds import is_wanted
from forum.webhooks.models import Webhook, WebhookDelivery
from forum.webhooks.queries import DeliveryState, list_secrets
from forum.webhooks.schemas import DeliveryOut, SecretOut, WebhookOut


def present_webhook(session: Session, webhook: Webhook) -> WebhookOut:
    """Return a webhook without its secrets."""
    return WebhookOut(
        id=webhook.id,
        name=webhook.name,
        url=webhook.url,
        kinds=[kind for kind in Happening if is_wanted(webhook.kinds, kind)],
        created_at=webhook.created_at,
        paused_at=webhook.paused_at,
        is_gone=webhook.is_gone,
        failures=webhook.failures,
        secrets=[SecretOut(each.created_at, each.expires_at) for each in list_secrets(session, webhook.id)],
    )


def present_delivery(row: WebhookDelivery) -> DeliveryOut:
    """Return a message and how far it has got."""
    state = DeliveryState.DELIVERED if row.delivered_at else DeliveryState.FAILED if row.failed_at else DeliveryState.WAITING
    return DeliveryOut(
        id=row.id,
        message_id=row.message_id,
        kind=row.kind,
        state=state,
        attempts=row.attempts,
        created_at=row.created_at,
        due_at=row.due_at if state is DeliveryState.WAITING else None,
        delivered_at=row.delivered_at,
        failed_at=row.failed_at,
        status=row.last_status,
        trouble=row.last_error,
        payload=row.payload,
    )
