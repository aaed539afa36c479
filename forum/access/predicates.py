"""Questions about a viewer and a thing, answered from attributes alone; the permission table is made of these.

A thing is whatever a door loaded: a site, an article, a comment, an account. A predicate that asks for an attribute which the thing lacks
answers no.
"""

from typing import Any

from forum.access.viewer import Role, Via, Viewer


def is_anyone(viewer: Viewer, thing: Any) -> bool:
    """Everybody, signed in or not."""
    return True


def is_signed_in(viewer: Viewer, thing: Any) -> bool:
    """An account is behind the request."""
    return viewer.is_signed_in


def is_signed_in_person(viewer: Viewer, thing: Any) -> bool:
    """Signed in with a password, not calling with a token: a leaked token must not be able to make more tokens."""
    return viewer.is_signed_in and viewer.via is Via.COOKIE


def takes_guests(viewer: Viewer, thing: Any) -> bool:
    """The thing is on a site where people may write without an account."""
    return bool(getattr(thing, "takes_guests", False))


def is_writer(viewer: Viewer, thing: Any) -> bool:
    """The viewer wrote this comment."""
    return viewer.is_signed_in and getattr(thing, "author_id", None) == viewer.account_id


def is_subject(viewer: Viewer, thing: Any) -> bool:
    """The thing is about the viewer: a sanction, a statement."""
    return viewer.is_signed_in and getattr(thing, "account_id", None) == viewer.account_id


def is_affected(viewer: Viewer, thing: Any) -> bool:
    """The viewer is among those whom a decision or an appeal concerns: the writer, or whoever reported."""
    return viewer.is_signed_in and viewer.account_id in getattr(thing, "affected_ids", ())


def is_article_author(viewer: Viewer, thing: Any) -> bool:
    """The viewer is among the article's authors."""
    return viewer.is_signed_in and viewer.account_id in getattr(thing, "author_ids", ())


def is_site_program(viewer: Viewer, thing: Any) -> bool:
    """A program of the thing's site asks, with a token of the site."""
    return viewer.via is Via.SITE and viewer.program_site_id is not None and viewer.program_site_id == getattr(thing, "site_id", None)


def is_publisher(viewer: Viewer, thing: Any) -> bool:
    """The viewer may publish on the thing's site."""
    return _has_role(viewer, thing, Role.PUBLISHER)


def is_moderator(viewer: Viewer, thing: Any) -> bool:
    """The viewer moderates the thing's site."""
    return _has_role(viewer, thing, Role.MODERATOR)


def is_admin(viewer: Viewer, thing: Any) -> bool:
    """The viewer administers the thing's site."""
    return _has_role(viewer, thing, Role.ADMIN)


def is_public(viewer: Viewer, thing: Any) -> bool:
    """The comment was once public, so everybody may know of it: its text, or the tombstone in its place."""
    return bool(getattr(thing, "listed", False))


def _has_role(viewer: Viewer, thing: Any, role: Role) -> bool:
    site_id = getattr(thing, "site_id", None)
    return viewer.is_signed_in and site_id is not None and viewer.role_on(site_id).includes(role)
