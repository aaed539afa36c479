"""What somebody is told, follows and has set, as structures."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.notifications.models import Delivery, Follow, Notification
from forum.notifications.queries import Recipient
from forum.notifications.schemas import FollowOut, FollowsOut, MailSettings, NotificationOut
from forum.notifications.stories import Story
from forum.notifications.targets import name_targets
from forum.text.excerpt import excerpt
from forum.web.translation import translated

EXCERPT = 200


def present_notifications(told: Sequence[Notification], stories: Mapping[int, Story]) -> list[NotificationOut]:
    """Return what somebody was told of as structures, without what nobody may read any more."""
    return [_present(each, stories[each.id]) for each in told if each.id in stories]


def present_follows(session: Session, follows: Sequence[Follow]) -> FollowsOut:
    """Return what somebody follows, without what is gone."""
    named = name_targets(session, follows)
    return FollowsOut(
        [
            FollowOut(each.kind, each.target_id, target.title, target.path, each.created_at)
            for each in follows
            if (target := named.get((each.kind, each.target_id))) is not None
        ]
    )


def present_settings(session: Session, account_id: int, recipient: Recipient | None) -> MailSettings:
    """Return when mail comes to somebody; None for one who never set anything and was never told of anything."""
    if recipient is None:
        account = session.get(Account, account_id)
        confirmed = account.email if account is not None and account.email_confirmed_at is not None else None
        return MailSettings(Delivery.AT_ONCE, Delivery.DAILY, Delivery.DAILY, None, None, "UTC", 7, confirmed)
    known = recipient.subscriber
    answers, desk, follows = (Delivery(when) for when in (known.answers, known.desk, known.follows))
    return MailSettings(answers, desk, follows, known.quiet_from, known.quiet_to, known.zone, known.digest_hour, recipient.address or None)


def _present(told: Notification, story: Story) -> NotificationOut:
    return NotificationOut(
        id=told.id,
        reason=told.reason,
        says=translated(story.says),
        title=story.title,
        url=story.path,
        article_url=story.article_path,
        excerpt=excerpt(story.html, length=EXCERPT) if story.html else story.body_md,
        stance=story.stance,
        created_at=told.created_at,
        read=told.read_at is not None,
    )
