"""HTML doors of the inbox, of following something with or without an account, and of when mail comes. Links in mails are in ``mail_pages``."""

from typing import Annotated, Any, Literal

import msgspec
from flask import flash
from flask_babel import gettext as _
from msgspec import Meta

from forum.access.permissions import Permission
from forum.accounts.errands import ask_to_sign_in
from forum.accounts.models import Account
from forum.accounts.steps import load_self
from forum.comments.schemas import RowId
from forum.mailbox.asking import prepare_mail
from forum.notifications.actions import follow, mark_read, unfollow
from forum.notifications.asking import ask_for_mail
from forum.notifications.models import Delivery, Notification, Target
from forum.notifications.present import present_follows
from forum.notifications.queries import find_subscriber_of, is_following, list_follows
from forum.notifications.schemas import Hour, MailSettings, MailSettingsPatch, NotificationsQuery, Zone
from forum.notifications.steps import load_followed, load_kind, own_subscriber, read_inbox, read_settings, save_settings
from forum.notifications.stories import read_stories
from forum.notifications.targets import Followed
from forum.notifications.words import DELIVERY_WORDS
from forum.refusals import Refusal
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form
from forum.web.pages import Page, PageDoors, Redirect

doors = PageDoors("notifications")


class ReadForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to which notification all are read."""

    up_to: RowId


class FollowForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Follow something: with an address, where nobody is signed in."""

    email: Annotated[str, Meta(max_length=254)] = ""
    delivery: Literal["at_once", "hourly", "daily"] = "daily"


class StopForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stop following something; ``back`` is where the button stood."""

    back: Literal["settings", ""] = ""


class SettingsForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When mail comes, as its form sends it."""

    answers: Delivery = Delivery.NONE
    desk: Delivery = Delivery.NONE
    follows: Delivery = Delivery.NONE
    quiet_from: Hour | None = None
    quiet_to: Hour | None = None
    zone: Zone = "UTC"
    digest_hour: Hour = 7


def redisplay_inbox(call: AnyCall, refusal: Refusal) -> Page:
    """Sign in first, or say why not."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/inbox")
    raise refusal


@doors.door("GET", "/inbox", Permission.SELF_READ, load=load_self, query=NotificationsQuery)
def show_inbox(call: Call[Account, None, NotificationsQuery]) -> Page:
    """Show what one was told of, newest first."""
    found = read_inbox(call.session, call.thing.id, call.query)
    following = f"/inbox?cursor={found.next}" if found.next else ""
    newest = max((item.id for item in found.items), default=0)
    is_first = call.query.cursor is None
    return Page("notifications/inbox.html", {"found": found, "newest": newest, "is_first": is_first, "following": following})


@doors.door("POST", "/inbox/read", Permission.SELF_EDIT, load=load_self, body=ReadForm, redisplay=redisplay_inbox)
def mark_inbox_read(call: Call[Account, ReadForm, None]) -> Redirect:
    """Note that everything up to what was shown is read."""
    mark_read(call.session, own_subscriber(call), up_to=call.body.up_to)
    flash(_("Everything here is marked as read."))
    return Redirect("/inbox")


@doors.door("POST", "/inbox/<id:notification_id>", Permission.SELF_EDIT, load=load_self, redisplay=redisplay_inbox)
def open_notification(call: Call[Account, None, None]) -> Redirect:
    """Note that one thing is read, and go where it is."""
    subscriber = own_subscriber(call)
    told = call.session.get(Notification, call.path["notification_id"])
    if told is None or told.subscriber_id != subscriber.id:
        return Redirect("/inbox")
    mark_read(call.session, subscriber, only=told.id)
    story = read_stories(call.session, [told]).get(told.id)
    if story is None:
        flash(_("That cannot be read any more: it was hidden or taken back."))
        return Redirect("/inbox")
    return Redirect(story.path)


@doors.door("GET", "/follow/<target>/<id:target_id>", Permission.FOLLOW, load=load_followed, framed=True)
def show_follow(call: Call[Followed, None, None]) -> Page:
    """Show how one is told of what is new, and follow it or stop."""
    return _follow_page(call, Form())


def redisplay_follow(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused form again."""
    return _follow_page(call, refused_form(refusal))


def prepare_follow(call: Call[Followed, FollowForm, None]) -> None:
    """Charge the mail that a visitor asks for."""
    if not call.viewer.is_signed_in:
        prepare_mail(call.body.email)


@doors.door(
    "POST",
    "/follow/<target>/<id:target_id>",
    Permission.FOLLOW,
    load=load_followed,
    prepare=prepare_follow,
    body=FollowForm,
    redisplay=redisplay_follow,
    framed=True,
)
def follow_something(call: Call[Followed, FollowForm, None]) -> Page | Redirect:
    """Follow something; without an account once the link in a mail is followed."""
    target = call.thing
    if not call.viewer.is_signed_in:
        ask_for_mail(call.session, target, call.body.email, Delivery(call.body.delivery))
        return Page("notifications/asked.html", {"target": target, "email": call.body.email.strip()})
    follow(call.session, own_subscriber(call), target.kind, target.id)
    flash(_("You follow this now."))
    return Redirect(_address(target))


@doors.door(
    "POST", "/unfollow/<target>/<id:target_id>", Permission.SELF_EDIT, load=load_kind, body=StopForm, redisplay=redisplay_inbox, framed=True
)
def unfollow_something(call: Call[tuple[Target, int], StopForm, None]) -> Redirect:
    """Stop following something."""
    kind, target_id = call.thing
    unfollow(call.session, own_subscriber(call).id, kind, target_id)
    flash(_("You do not follow this any more."))
    return Redirect("/settings/notifications#follows" if call.body.back else f"/follow/{kind}/{target_id}")


@doors.door("GET", "/settings/notifications", Permission.SELF_READ, load=load_self)
def show_settings(call: Call[Account, None, None]) -> Page:
    """Show when mail comes, and what one follows."""
    return _settings(call, None)


def redisplay_settings(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused settings as they were sent; a visitor signs in first."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/settings/notifications")
    return _settings(call, refused_form(refusal))


@doors.door("POST", "/settings/notifications", Permission.SELF_EDIT, load=load_self, body=SettingsForm, redisplay=redisplay_settings)
def save_notifications(call: Call[Account, SettingsForm, None]) -> Redirect:
    """Change when mail comes."""
    save_settings(call.session, call.thing.id, MailSettingsPatch(**msgspec.structs.asdict(call.body)))
    flash(_("Your settings are saved."))
    return Redirect("/settings/notifications")


def _address(target: Followed) -> str:
    return f"/follow/{target.kind}/{target.id}"


def _follow_page(call: AnyCall, form: Form) -> Page:
    target: Followed = call.thing
    known = find_subscriber_of(call.session, call.viewer.account_id) if call.viewer.account_id is not None else None
    follows = known is not None and is_following(call.session, known.id, target.kind, target.id)
    present = read_settings(call.session, call.viewer.account_id) if call.viewer.account_id is not None else None
    context = {
        "target": target,
        "address": _address(target),
        "follows": follows,
        "settings": present,
        "form": form,
        "words": DELIVERY_WORDS,
    }
    return Page("notifications/follow.html", context)


def _settings(call: AnyCall, refused: Form | None) -> Page:
    account: Account = call.thing
    present: MailSettings = read_settings(call.session, account.id)
    known = find_subscriber_of(call.session, account.id)
    followed = present_follows(call.session, list_follows(call.session, known.id) if known is not None else [])
    context: dict[str, Any] = {
        "form": refused or filled_form(**msgspec.structs.asdict(present)),
        "settings": present,
        "has_address": account.email is not None,
        "follows": followed.items,
        "words": DELIVERY_WORDS,
    }
    return Page("notifications/settings.html", context)
