"""JSON doors of one's private feed: whether there is one, a new address, and its end."""

from forum.access.permissions import Permission
from forum.feeds.actions import address_of, end_feed, renew_feed
from forum.feeds.queries import has_feed
from forum.feeds.schemas import NewFeedOut, OwnFeedOut
from forum.web.doors import Answer, ApiDoors, Call

doors = ApiDoors("feeds")


@doors.door("GET", "/me/feed", Permission.SELF_READ, answers={200: OwnFeedOut}, private=True)
def show_own(call: Call[None, None, None]) -> Answer:
    """Tell whether one has a private feed of the answers to one's comments."""
    return Answer(OwnFeedOut(has_feed(call.session, call.viewer.account_id or 0)))


@doors.door("POST", "/me/feed", Permission.SELF_EDIT, answers={201: NewFeedOut})
def make_own(call: Call[None, None, None]) -> Answer:
    """Make a private feed, or give it another address; the address is in this answer and nowhere else."""
    secret = renew_feed(call.session, call.viewer.account_id or 0)
    return Answer(NewFeedOut(address_of(secret)), 201, storable=NewFeedOut(None))


@doors.door("DELETE", "/me/feed", Permission.SELF_EDIT, answers={204: None})
def end_own(call: Call[None, None, None]) -> Answer:
    """End one's private feed; its address leads nowhere any more."""
    end_feed(call.session, call.viewer.account_id or 0)
    return Answer(status=204)
