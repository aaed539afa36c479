"""JSON doors of a site's admins: which programs are told of what happens, their secrets, what was sent to them and what is sent again."""

from msgspec import UNSET

from forum.access.permissions import Permission
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.refusals import Kind
from forum.web.doors import Answer, ApiDoors, Call
from forum.webhooks.actions import add_webhook, change_webhook, ping, remove_webhook, renew_secret, replay, replay_failed, set_paused
from forum.webhooks.models import Webhook
from forum.webhooks.present import present_delivery, present_webhook
from forum.webhooks.queries import list_webhooks
from forum.webhooks.schemas import (
    DeliveriesOut,
    DeliveriesQuery,
    DeliveryOut,
    NewSecretOut,
    NewWebhookOut,
    ReplayIn,
    ReplayOut,
    SecretIn,
    WebhookIn,
    WebhookOut,
    WebhookPatch,
    WebhooksOut,
)
from forum.webhooks.steps import load_webhook, look_up_address, read_deliveries

doors = ApiDoors("webhooks")


@doors.door("GET", "/webhooks", Permission.SITE_EDIT, load=load_site, answers={200: WebhooksOut}, private=True)
def list_all(call: Call[Site, None, None]) -> Answer:
    """List the programs that are told of what happens, without their secrets."""
    return Answer(WebhooksOut([present_webhook(call.session, row) for row in list_webhooks(call.session, call.thing.id)]))


@doors.door(
    "POST", "/webhooks", Permission.SITE_EDIT, load=load_site, prepare=look_up_address, body=WebhookIn, answers={201: NewWebhookOut}
)
def add(call: Call[Site, WebhookIn, None]) -> Answer:
    """Add a program that is told of what happens; its secret is in this answer and nowhere else."""
    webhook, secret = add_webhook(call.session, call.thing, url=call.body.url, name=call.body.name, kinds=call.body.kinds)
    shown = present_webhook(call.session, webhook)
    return Answer(NewWebhookOut(shown, secret), 201, f"/api/v1/webhooks/{webhook.id}", storable=NewWebhookOut(shown, None))


@doors.door(
    "GET",
    "/webhooks/<id:webhook_id>",
    Permission.SITE_EDIT,
    load=load_webhook,
    answers={200: WebhookOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def show(call: Call[Webhook, None, None]) -> Answer:
    """Show a webhook without its secrets."""
    return Answer(present_webhook(call.session, call.thing))


@doors.door(
    "PATCH",
    "/webhooks/<id:webhook_id>",
    Permission.SITE_EDIT,
    load=load_webhook,
    prepare=look_up_address,
    body=WebhookPatch,
    answers={200: WebhookOut},
    problems=(Kind.NOT_FOUND,),
)
def change(call: Call[Webhook, WebhookPatch, None]) -> Answer:
    """Change where a webhook leads, its name or of what it is told; pause it, or resume it with what waited."""
    body, webhook = call.body, call.thing
    known = present_webhook(call.session, webhook)
    change_webhook(
        call.session,
        webhook,
        url=webhook.url if body.url is UNSET else body.url,
        name=webhook.name if body.name is UNSET else body.name,
        kinds=known.kinds if body.kinds is UNSET else body.kinds,
    )
    if body.paused is not UNSET:
        set_paused(call.session, webhook, paused=body.paused)
    return Answer(present_webhook(call.session, webhook))


@doors.door(
    "DELETE",
    "/webhooks/<id:webhook_id>",
    Permission.SITE_EDIT,
    load=load_webhook,
    answers={204: None},
    problems=(Kind.NOT_FOUND,),
)
def remove(call: Call[Webhook, None, None]) -> Answer:
    """Delete a webhook with its secrets and the record of what was sent; what waits for it is not sent any more."""
    remove_webhook(call.session, call.thing)
    return Answer(status=204)


@doors.door(
    "POST",
    "/webhooks/<id:webhook_id>/secret",
    Permission.SITE_EDIT,
    load=load_webhook,
    body=SecretIn,
    answers={201: NewSecretOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def renew(call: Call[Webhook, SecretIn, None]) -> Answer:
    """Make a new secret, which is in this answer and nowhere else; messages are signed with the old one as well for another day, unless it ends at once."""
    secret = renew_secret(call.session, call.thing, keeps_old=call.body.keeps_old)
    return Answer(NewSecretOut(secret), 201, storable=NewSecretOut(None))


@doors.door(
    "POST",
    "/webhooks/<id:webhook_id>/ping",
    Permission.SITE_EDIT,
    load=load_webhook,
    answers={202: DeliveryOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def try_out(call: Call[Webhook, None, None]) -> Answer:
    """Send a message that only tries whether the program listens; how that went is in the list of messages a moment later."""
    return Answer(present_delivery(ping(call.session, call.thing)), 202)


@doors.door(
    "GET",
    "/webhooks/<id:webhook_id>/deliveries",
    Permission.SITE_EDIT,
    load=load_webhook,
    query=DeliveriesQuery,
    answers={200: DeliveriesOut},
    problems=(Kind.NOT_FOUND, Kind.BAD_CURSOR),
    private=True,
)
def list_messages(call: Call[Webhook, None, DeliveriesQuery]) -> Answer:
    """List the messages of the last 30 days to a webhook, the newest first: what they said, and how far they have got."""
    return Answer(read_deliveries(call.session, call.thing.id, call.query))


@doors.door(
    "POST",
    "/webhooks/<id:webhook_id>/deliveries/<id:delivery_id>/replay",
    Permission.SITE_EDIT,
    load=load_webhook,
    answers={202: None},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def send_again(call: Call[Webhook, None, None]) -> Answer:
    """Send a message again that was delivered or given up, with the same id."""
    replay(call.session, call.thing, call.path["delivery_id"])
    return Answer(status=202)


@doors.door(
    "POST",
    "/webhooks/<id:webhook_id>/replay",
    Permission.SITE_EDIT,
    load=load_webhook,
    body=ReplayIn,
    answers={202: ReplayOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def send_failed_again(call: Call[Webhook, ReplayIn, None]) -> Answer:
    """Send every message again that was given up and was recorded since a time."""
    return Answer(ReplayOut(replay_failed(call.session, call.thing, since=call.body.since)), 202)
