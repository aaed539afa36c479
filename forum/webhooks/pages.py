"""HTML doors of a site's admins: which programs are told of what happens, their secrets, what was sent to them and what is sent again."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from flask import flash, request
from flask_babel import gettext as _
from flask_babel import ngettext
from msgspec import Meta

from forum.access.permissions import Permission
from forum.accounts.errands import ask_to_sign_in
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.clock import now
from forum.jobs.happening import Happening
from forum.refusals import Refusal
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated
from forum.webhooks.actions import add_webhook, change_webhook, ping, remove_webhook, renew_secret, replay, replay_failed, set_paused
from forum.webhooks.kinds import KIND_WORDS, PING
from forum.webhooks.models import Webhook
from forum.webhooks.present import present_webhook
from forum.webhooks.queries import has_failed, list_webhooks
from forum.webhooks.schemas import DeliveriesQuery, DeliveryOut, Line
from forum.webhooks.steps import load_webhook, look_up_address, read_deliveries
from forum.webhooks.troubles import words_of

doors = PageDoors("webhooks")
LIST = "/admin/webhooks"


class WebhookForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A webhook to add or to change."""

    url: Line = ""
    name: Line = ""
    kinds: list[Happening] = msgspec.field(default_factory=list)


class SecretForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the old secrets end at once."""

    ends_old: bool = False


class ReplayForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of how many past hours the messages are sent again that were given up."""

    hours: Annotated[int, Meta(ge=1, le=720)] = 24


@doors.door("GET", LIST, Permission.SITE_EDIT, load=load_site)
def show_all(call: Call[Site, None, None]) -> Page:
    """Show the programs that are told of what happens, and a form to add one."""
    return _list(call)


def redisplay_list(call: AnyCall, refusal: Refusal) -> Page:
    """Show the list with the refused form as it was sent; a visitor signs in first."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=LIST)
    return _list(call, refused=refused_form(refusal))


@doors.door("POST", LIST, Permission.SITE_EDIT, load=load_site, prepare=look_up_address, body=WebhookForm, redisplay=redisplay_list)
def add(call: Call[Site, WebhookForm, None]) -> Page:
    """Add a program; its secret is on this answer and nowhere else."""
    webhook, secret = add_webhook(call.session, call.thing, url=call.body.url, name=call.body.name, kinds=call.body.kinds)
    return _one(call, webhook, secret=secret)


@doors.door("GET", "/admin/webhooks/<id:webhook_id>", Permission.SITE_EDIT, load=load_webhook, query=DeliveriesQuery)
def show(call: Call[Webhook, None, DeliveriesQuery]) -> Page:
    """Show one webhook: its settings, its secrets and the messages to it."""
    return _one(call, call.thing, query=call.query)


def redisplay(call: AnyCall, refusal: Refusal) -> Page:
    """Show the webhook with the refused form as it was sent; a visitor signs in first."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=_path(call.thing))
    return _one(call, call.thing, refused=refused_form(refusal))


@doors.door(
    "POST",
    "/admin/webhooks/<id:webhook_id>",
    Permission.SITE_EDIT,
    load=load_webhook,
    prepare=look_up_address,
    body=WebhookForm,
    redisplay=redisplay,
)
def change(call: Call[Webhook, WebhookForm, None]) -> Redirect:
    """Change where a webhook leads, its name and of what it is told."""
    change_webhook(call.session, call.thing, url=call.body.url, name=call.body.name, kinds=call.body.kinds)
    flash(_("The settings are saved."))
    return Redirect(_path(call.thing))


@doors.door("POST", "/admin/webhooks/<id:webhook_id>/secret", Permission.SITE_EDIT, load=load_webhook, body=SecretForm, redisplay=redisplay)
def renew(call: Call[Webhook, SecretForm, None]) -> Page:
    """Make a new secret, which is on this answer and nowhere else."""
    return _one(call, call.thing, secret=renew_secret(call.session, call.thing, keeps_old=not call.body.ends_old))


@doors.door("POST", "/admin/webhooks/<id:webhook_id>/ping", Permission.SITE_EDIT, load=load_webhook, redisplay=redisplay)
def try_out(call: Call[Webhook, None, None]) -> Redirect:
    """Send a message that only tries whether the program listens."""
    ping(call.session, call.thing)
    flash(_("A test message is on its way. Load this page again in a few seconds to see how it went."))
    return Redirect(f"{_path(call.thing)}#messages")


@doors.door("POST", "/admin/webhooks/<id:webhook_id>/pause", Permission.SITE_EDIT, load=load_webhook)
def pause(call: Call[Webhook, None, None]) -> Redirect:
    """Stop telling a program anything."""
    set_paused(call.session, call.thing, paused=True)
    flash(_("It is paused: nothing is sent, and what happens until you resume it is not told later."))
    return Redirect(_path(call.thing))


@doors.door("POST", "/admin/webhooks/<id:webhook_id>/resume", Permission.SITE_EDIT, load=load_webhook)
def resume(call: Call[Webhook, None, None]) -> Redirect:
    """Begin again to tell a program, with what waited."""
    set_paused(call.session, call.thing, paused=False)
    flash(_("It is told again from now on, beginning with what still waited."))
    return Redirect(_path(call.thing))


@doors.door("POST", "/admin/webhooks/<id:webhook_id>/delete", Permission.SITE_EDIT, load=load_webhook)
def remove(call: Call[Webhook, None, None]) -> Redirect:
    """Delete a webhook."""
    name = call.thing.name
    remove_webhook(call.session, call.thing)
    flash(_("%(name)s is deleted and is told nothing any more.", name=name))
    return Redirect(LIST)


@doors.door("POST", "/admin/webhooks/<id:webhook_id>/replay", Permission.SITE_EDIT, load=load_webhook, body=ReplayForm, redisplay=redisplay)
def send_failed_again(call: Call[Webhook, ReplayForm, None]) -> Redirect:
    """Send every message again that was given up lately."""
    count = replay_failed(call.session, call.thing, since=now() - timedelta(hours=call.body.hours))
    none = _("Nothing was given up in that time, so nothing is sent again.")
    flash(ngettext("One message is sent again.", "%(num)s messages are sent again.", count) if count else none)
    return Redirect(f"{_path(call.thing)}#messages")


@doors.door(
    "POST",
    "/admin/webhooks/<id:webhook_id>/deliveries/<id:delivery_id>/replay",
    Permission.SITE_EDIT,
    load=load_webhook,
    redisplay=redisplay,
)
def send_again(call: Call[Webhook, None, None]) -> Redirect:
    """Send a message again that was delivered or given up."""
    replay(call.session, call.thing, call.path["delivery_id"])
    flash(_("The message is sent again, with the id that it had."))
    return Redirect(f"{_path(call.thing)}#messages")


def _path(webhook: Webhook) -> str:
    return f"{LIST}/{webhook.id}"


def _kinds() -> list[tuple[str, str]]:
    return [(kind.value, translated(words)) for kind, words in KIND_WORDS.items()]


def _list(call: AnyCall, *, refused: Form | None = None) -> Page:
    context: dict[str, Any] = {
        "webhooks": [present_webhook(call.session, row) for row in list_webhooks(call.session, call.thing.id)],
        "kinds": _kinds(),
        "refused": refused,
        "fresh": filled_form(kinds=[kind.value for kind in Happening]),
    }
    return Page("webhooks/list.html", context)


def _one(
    call: AnyCall,
    webhook: Webhook,
    *,
    query: DeliveriesQuery | None = None,
    refused: Form | None = None,
    secret: str = "",
) -> Page:
    shown = present_webhook(call.session, webhook)
    asked = query or DeliveriesQuery()
    page = read_deliveries(call.session, webhook.id, asked)
    chosen = f"state={asked.state.value}&" if asked.state else ""
    context: dict[str, Any] = {
        "webhook": shown,
        "secret": secret,
        "kinds": _kinds(),
        "known": filled_form(url=shown.url, name=shown.name, kinds=[kind.value for kind in shown.kinds]),
        "refused": refused,
        # Which of the page's forms was sent: /admin/webhooks/3 (settings), /admin/webhooks/3/ping …
        "sent": (request.path.removeprefix(_path(webhook)).strip("/").partition("/")[0] or "settings") if refused else "",
        "messages": [(row, _kind_words(row), translated(words_of(row.trouble))) for row in page.items],
        "state": asked.state.value if asked.state else "",
        "is_first": asked.cursor is None,
        "has_failed": has_failed(call.session, webhook.id),
        "following": f"{_path(webhook)}?{chosen}cursor={page.next}#messages" if page.next else "",
    }
    return Page("webhooks/webhook.html", context, unstored=bool(secret))


def _kind_words(row: DeliveryOut) -> str:
    return _("A test message") if row.kind == PING else translated(KIND_WORDS[Happening(row.kind)])
