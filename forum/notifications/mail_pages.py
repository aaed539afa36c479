"""HTML doors behind the links in mails of this room: following something by an address, and stopping mail. Nobody has to be signed in.

The rule: opening a link changes nothing, since mail scanners open links; its button does, or the mail program's one click (RFC 8058).
"""

from typing import Literal

import msgspec
from msgspec import field

from forum.access.permissions import Permission
from forum.notifications.asking import grant_wish, read_wish
from forum.notifications.stopping import EVERYTHING, Stop, read_stop, stop_address, stop_mail
from forum.notifications.targets import get_target
from forum.web.doors import AnyCall, Call
from forum.web.pages import Page, PageDoors

doors = PageDoors("notification_mail")


class OneClickForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a mail program sends, and our own button as well."""

    one_click: Literal["One-Click"] = field(name="List-Unsubscribe", default="One-Click")


@doors.door("GET", "/mail/follow/<token>", Permission.LINK_FOLLOW)
def show_wish(call: Call[None, None, None]) -> Page:
    """Show what following the link does."""
    wish = read_wish(call.path["token"])
    target = get_target(call.session, wish.kind, wish.target_id)
    return Page("notifications/confirm.html", {"target": target, "email": wish.email, "token": call.path["token"]}, unstored=True)


@doors.door("POST", "/mail/follow/<token>", Permission.LINK_FOLLOW)
def confirm_wish(call: Call[None, None, None]) -> Page:
    """Let the address follow what it was asked for."""
    wish = read_wish(call.path["token"])
    return Page("notifications/confirmed.html", {"target": grant_wish(call.session, wish), "email": wish.email}, unstored=True)


@doors.door("GET", "/mail/stop/<token>", Permission.LINK_FOLLOW)
def show_stop(call: Call[None, None, None]) -> Page:
    """Show what the link stops."""
    return _stop_page(call, is_done=False)


@doors.door("POST", "/mail/stop/<token>", Permission.LINK_FOLLOW, body=OneClickForm, csrf=False)
def stop(call: Call[None, OneClickForm, None]) -> Page:
    """Stop the mail; twice is no error. What may do it is the link alone, so that a mail program can, which has no session."""
    stop_mail(call.session, read_stop(call.path["token"]))
    return _stop_page(call, is_done=True)


def _stop_page(call: AnyCall, *, is_done: bool) -> Page:
    found = read_stop(call.path["token"])
    everything = "" if found.what == EVERYTHING else stop_address(Stop(found.subscriber_id, EVERYTHING))
    context = {"says": found.says, "token": call.path["token"], "everything": everything, "is_done": is_done}
    return Page("notifications/stop.html", context, unstored=True)
