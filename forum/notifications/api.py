"""JSON doors of the caller's inbox, of what the caller follows, and of when mail comes."""

from forum.access.permissions import Permission
from forum.accounts.models import Account
from forum.accounts.steps import load_self
from forum.notifications.actions import follow, mark_read, unfollow
from forum.notifications.models import Target
from forum.notifications.present import present_follows
from forum.notifications.queries import find_subscriber_of, list_follows
from forum.notifications.schemas import (
    FollowsOut,
    MailSettings,
    MailSettingsPatch,
    NotificationsOut,
    NotificationsQuery,
    ReadIn,
)
from forum.notifications.steps import load_followed, load_kind, own_subscriber, read_inbox, read_settings, save_settings
from forum.notifications.targets import Followed
from forum.refusals import Kind
from forum.web.doors import Answer, ApiDoors, Call

doors = ApiDoors("notifications")


@doors.door(
    "GET",
    "/me/notifications",
    Permission.SELF_READ,
    load=load_self,
    query=NotificationsQuery,
    answers={200: NotificationsOut},
    problems=(Kind.BAD_CURSOR,),
    private=True,
)
def list_inbox(call: Call[Account, None, NotificationsQuery]) -> Answer:
    """List what the caller was told of, newest first."""
    return Answer(read_inbox(call.session, call.thing.id, call.query))


@doors.door("PATCH", "/me/notifications", Permission.SELF_EDIT, load=load_self, body=ReadIn, answers={200: NotificationsOut})
def mark_inbox_read(call: Call[Account, ReadIn, None]) -> Answer:
    """Note that everything up to a notification was read, and show the first page of the inbox."""
    mark_read(call.session, own_subscriber(call), up_to=call.body.read_up_to)
    return Answer(read_inbox(call.session, call.thing.id, NotificationsQuery()))


@doors.door("GET", "/me/notifications/settings", Permission.SELF_READ, load=load_self, answers={200: MailSettings}, private=True)
def get_settings(call: Call[Account, None, None]) -> Answer:
    """Show when mail comes to the caller."""
    return Answer(read_settings(call.session, call.thing.id))


@doors.door(
    "PATCH", "/me/notifications/settings", Permission.SELF_EDIT, load=load_self, body=MailSettingsPatch, answers={200: MailSettings}
)
def edit_settings(call: Call[Account, MailSettingsPatch, None]) -> Answer:
    """Change when mail comes to the caller."""
    return Answer(save_settings(call.session, call.thing.id, call.body))


@doors.door("GET", "/me/follows", Permission.SELF_READ, load=load_self, answers={200: FollowsOut}, private=True)
def list_followed(call: Call[Account, None, None]) -> Answer:
    """List what the caller follows, the latest first."""
    known = find_subscriber_of(call.session, call.thing.id)
    return Answer(present_follows(call.session, list_follows(call.session, known.id) if known is not None else []))


@doors.door(
    "PUT",
    "/me/follows/<target>/<id:target_id>",
    Permission.SELF_EDIT,
    load=load_followed,
    answers={204: None},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def follow_something(call: Call[Followed, None, None]) -> Answer:
    """Follow an article, a thread (by any comment of it), an author or the site; twice is no error."""
    follow(call.session, own_subscriber(call), call.thing.kind, call.thing.id)
    return Answer(status=204)


@doors.door(
    "DELETE", "/me/follows/<target>/<id:target_id>", Permission.SELF_EDIT, load=load_kind, answers={204: None}, problems=(Kind.NOT_FOUND,)
)
def unfollow_something(call: Call[tuple[Target, int], None, None]) -> Answer:
    """Follow something no longer; twice is no error."""
    unfollow(call.session, own_subscriber(call).id, *call.thing)
    return Answer(status=204)
