"""Steps that the pages and the JSON doors of this room share: whose inbox it is, what is followed, and what may be set."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, structs
from sqlalchemy.orm import Session

from forum.notifications.actions import change_settings, subscriber_of
from forum.notifications.models import Subscriber, Target
from forum.notifications.present import present_notifications, present_settings
from forum.notifications.queries import count_unread, find_recipient, find_subscriber_of, list_notifications
from forum.notifications.schedule import is_zone
from forum.notifications.schemas import MailSettings, MailSettingsPatch, NotificationsOut, NotificationsQuery
from forum.notifications.stories import read_stories
from forum.notifications.targets import Followed, get_target
from forum.refusals import Fault, invalid, not_found
from forum.sentences import sentence
from forum.web.context import cursors
from forum.web.doors import AnyCall

PURPOSE = "inbox"
ODD_HOURS = sentence("Quiet hours need a beginning and an end, or neither.")
NO_ZONE = sentence("This is no time zone that is known here; write one such as Europe/Berlin or UTC.")


def load_followed(call: AnyCall) -> Followed:
    """Load what the address names. Raises Refusal ``not-found``."""
    return get_target(call.session, *load_kind(call))


def load_kind(call: AnyCall) -> tuple[Target, int]:
    """Load no more than what the address names: what is gone or hidden by now can still be given up. Raises Refusal ``not-found``."""
    kind = call.path["target"]
    if kind not in set(Target):
        raise not_found(sentence("thing to follow"))
    return Target(kind), call.path["target_id"]


def own_subscriber(call: AnyCall) -> Subscriber:
    """Return the caller as somebody who can be told; made where there is none yet, so only in a transaction that writes."""
    assert call.viewer.account_id is not None, "the permission table lets nobody in without an account"
    return subscriber_of(call.session, call.viewer.account_id)


def read_inbox(session: Session, account_id: int, query: NotificationsQuery) -> NotificationsOut:
    """Return a page of somebody's inbox; what is hidden by now is left out of it. Raises Refusal ``bad-cursor``."""
    known = find_subscriber_of(session, account_id)
    before = cursors().read(PURPOSE, query.cursor)[0] if query.cursor else None
    if known is None:
        return NotificationsOut(0, [], None)
    found = list_notifications(session, known.id, before=before, limit=query.limit + 1)
    shown = found[: query.limit]
    following = cursors().write(PURPOSE, [shown[-1].id]) if len(found) > query.limit else None
    return NotificationsOut(count_unread(session, known.id), present_notifications(shown, read_stories(session, shown)), following)


def read_settings(session: Session, account_id: int) -> MailSettings:
    """Return when mail comes to somebody; what is usual where nothing was ever set."""
    known = find_subscriber_of(session, account_id)
    recipient = find_recipient(session, known.id) if known is not None else None
    return present_settings(session, account_id, recipient)


def save_settings(session: Session, account_id: int, wanted: MailSettingsPatch) -> MailSettings:
    """Change when mail comes to somebody, and return it. Raises Refusal ``validation``."""
    subscriber = subscriber_of(session, account_id)
    changes: Mapping[str, Any] = {name: value for name, value in structs.asdict(wanted).items() if value is not UNSET}
    faults = []
    if (changes.get("quiet_from", subscriber.quiet_from) is None) != (changes.get("quiet_to", subscriber.quiet_to) is None):
        faults.append(Fault("/quiet_to", "incomplete", ODD_HOURS))
    if not is_zone(changes.get("zone", subscriber.zone)):
        faults.append(Fault("/zone", "unknown", NO_ZONE))
    if faults:
        raise invalid(*faults)
    change_settings(session, subscriber, changes)
    return read_settings(session, account_id)
