"""Steps that the pages and the JSON doors of webhooks share."""

from msgspec import UNSET
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.web.context import cursors, settings
from forum.web.doors import AnyCall
from forum.webhooks.guard import refuse_private
from forum.webhooks.models import Webhook
from forum.webhooks.present import present_delivery
from forum.webhooks.queries import get_webhook, list_deliveries
from forum.webhooks.schemas import DeliveriesOut, DeliveriesQuery


def load_webhook(call: AnyCall) -> Webhook:
    """Load the webhook that the address names. Raises Refusal ``not-found``."""
    return get_webhook(call.session, DEFAULT_SITE_ID, call.path["webhook_id"])


def read_deliveries(session: Session, webhook_id: int, query: DeliveriesQuery) -> DeliveriesOut:
    """Return the page of messages that the query asks for. Raises Refusal ``bad-cursor``."""
    purpose = f"webhook {webhook_id} {query.state or 'all'}"
    before = cursors().read(purpose, query.cursor)[0] if query.cursor else None
    found = list_deliveries(session, webhook_id, state=query.state, before=before, limit=query.limit + 1)
    shown = found[: query.limit]
    following = cursors().write(purpose, [shown[-1].id]) if len(found) > query.limit else None
    return DeliveriesOut([present_delivery(row) for row in shown], following)


def look_up_address(call: AnyCall) -> None:
    """Look up where the address leads that was sent, before the transaction. Raises Refusal ``validation`` where that is a private network."""
    if call.body.url is not UNSET:
        refuse_private(call.body.url, settings().private_webhook_hosts)
