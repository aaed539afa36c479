"""Who may do what: permission → the token scope it needs and the clauses that grant it.

Any clause grants; all predicates of a clause must hold. Every door names a permission and asks ``can`` with the thing it loaded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from forum.access.permissions import Permission, Scope
from forum.access.predicates import (
    is_admin,
    is_affected,
    is_anyone,
    is_article_author,
    is_moderator,
    is_public,
    is_publisher,
    is_signed_in,
    is_signed_in_person,
    is_site_program,
    is_subject,
    is_writer,
    takes_guests,
)
from forum.access.viewer import Viewer

Predicate = Callable[[Viewer, Any], bool]


@dataclass(frozen=True)
class Grant:
    """The scope that a token needs and the clauses, any of which grants."""

    scope: Scope
    clauses: tuple[tuple[Predicate, ...], ...]


TABLE: dict[Permission, Grant] = {
    Permission.SERVICE_READ: Grant(Scope.READ, ((is_anyone,),)),
    Permission.ARTICLE_LIST: Grant(Scope.READ, ((is_anyone,),)),
    Permission.ARTICLE_READ: Grant(Scope.READ, ((is_anyone,),)),
    Permission.ARTICLE_CREATE: Grant(Scope.ADMIN, ((is_publisher,), (is_site_program,))),
    Permission.ARTICLE_START: Grant(Scope.COMMENT, ((is_anyone,),)),
    Permission.ARTICLE_EDIT: Grant(Scope.ADMIN, ((is_article_author,), (is_admin,))),
    Permission.COMMENT_READ: Grant(Scope.READ, ((is_public,), (is_writer,), (is_moderator,))),
    Permission.COMMENT_CREATE: Grant(Scope.COMMENT, ((is_signed_in,),)),
    Permission.COMMENT_AS_GUEST: Grant(Scope.COMMENT, ((takes_guests,),)),
    Permission.COMMENT_CONTINUE: Grant(Scope.COMMENT, ((is_article_author,),)),
    Permission.COMMENT_PREVIEW: Grant(Scope.COMMENT, ((is_signed_in,),)),
    Permission.COMMENT_EDIT: Grant(Scope.COMMENT, ((is_writer,),)),
    Permission.COMMENT_WITHDRAW: Grant(Scope.COMMENT, ((is_writer,),)),
    Permission.COMMENT_MARK: Grant(Scope.COMMENT, ((is_article_author,),)),
    Permission.TAG_READ: Grant(Scope.READ, ((is_signed_in, is_public),)),
    Permission.TAG_SET: Grant(Scope.TAG, ((is_signed_in, is_public),)),
    Permission.FOLLOW: Grant(Scope.COMMENT, ((is_anyone,),)),
    Permission.REPORT_CREATE: Grant(Scope.COMMENT, ((is_signed_in, is_public),)),
    Permission.REPORT_READ: Grant(Scope.READ, ((is_anyone,),)),
    Permission.NOTICE_CREATE: Grant(Scope.COMMENT, ((is_anyone,),)),
    Permission.QUEUE_READ: Grant(Scope.MODERATE, ((is_moderator,),)),
    Permission.ITEM_DECIDE: Grant(Scope.MODERATE, ((is_moderator,),)),
    Permission.ITEM_OPEN: Grant(Scope.MODERATE, ((is_moderator,),)),
    Permission.NOTE_WRITE: Grant(Scope.MODERATE, ((is_moderator,),)),
    Permission.DECISION_READ: Grant(Scope.READ, ((is_writer,), (is_moderator,))),
    Permission.TEXT_REVEAL: Grant(Scope.MODERATE, ((is_moderator,),)),
    Permission.SANCTION_READ: Grant(Scope.READ, ((is_subject,), (is_moderator,))),
    Permission.SANCTION_ACKNOWLEDGE: Grant(Scope.COMMENT, ((is_subject,),)),
    Permission.SANCTION_IMPOSE: Grant(Scope.MODERATE, ((is_moderator,),)),
    Permission.BAN_IMPOSE: Grant(Scope.ADMIN, ((is_admin,),)),
    Permission.APPEAL_CREATE: Grant(Scope.COMMENT, ((is_affected,),)),
    Permission.APPEAL_READ: Grant(Scope.READ, ((is_affected,), (is_moderator,))),
    Permission.APPEAL_ANSWER: Grant(Scope.COMMENT, ((is_affected,),)),
    Permission.APPEAL_DECIDE: Grant(Scope.MODERATE, ((is_moderator,),)),
    Permission.NOTICE_APPEAL: Grant(Scope.COMMENT, ((is_anyone,),)),
    Permission.ERASURE_ASK: Grant(Scope.ADMIN, ((is_admin,),)),
    Permission.ERASURE_CONFIRM: Grant(Scope.MODERATE, ((is_moderator,),)),
    Permission.TRANSPARENCY_READ: Grant(Scope.READ, ((is_anyone,),)),
    Permission.RULES_READ: Grant(Scope.MODERATE, ((is_moderator,),)),
    Permission.RULES_EDIT: Grant(Scope.ADMIN, ((is_admin,),)),
    Permission.SITE_EDIT: Grant(Scope.ADMIN, ((is_admin,),)),
    Permission.JOBS_EDIT: Grant(Scope.ADMIN, ((is_admin,),)),
    Permission.DESK_READ: Grant(Scope.READ, ((is_signed_in,),)),
    Permission.DESK_EDIT: Grant(Scope.COMMENT, ((is_signed_in,),)),
    Permission.PERSON_READ: Grant(Scope.READ, ((is_anyone,),)),
    Permission.MODLOG_READ: Grant(Scope.READ, ((is_anyone,),)),
    Permission.MODLOG_READ_INTERNAL: Grant(Scope.MODERATE, ((is_moderator,),)),
    Permission.ACCOUNT_CREATE: Grant(Scope.ADMIN, ((is_anyone,),)),
    Permission.SESSION_CREATE: Grant(Scope.ADMIN, ((is_anyone,),)),
    Permission.LINK_FOLLOW: Grant(Scope.ADMIN, ((is_anyone,),)),
    Permission.SESSION_READ: Grant(Scope.READ, ((is_anyone,),)),
    Permission.SESSION_END: Grant(Scope.ADMIN, ((is_signed_in_person,),)),
    Permission.SELF_READ: Grant(Scope.READ, ((is_signed_in,),)),
    Permission.SELF_EDIT: Grant(Scope.COMMENT, ((is_signed_in,),)),
    Permission.SELF_EXPORT: Grant(Scope.ADMIN, ((is_signed_in_person,),)),
    Permission.SELF_DELETE: Grant(Scope.ADMIN, ((is_signed_in_person,),)),
    Permission.SECURITY_EDIT: Grant(Scope.ADMIN, ((is_signed_in_person,),)),
}


# What is known of a caller before anything is loaded; the other predicates look at a thing, and all but one of them at the account as well.
_ABOUT_CALLER = frozenset({is_anyone, is_signed_in, is_signed_in_person})


def may_ever(viewer: Viewer, permission: Permission) -> bool:
    """Whether there could be a thing to which ``viewer`` may do ``permission``; the documentation is written from this."""
    if not has_scope(viewer, permission):
        return False

    def possible(predicate: Predicate) -> bool:
        return predicate(viewer, None) if predicate in _ABOUT_CALLER else predicate in (is_public, takes_guests) or viewer.is_signed_in

    return any(all(possible(predicate) for predicate in clause) for clause in TABLE[permission].clauses)


def can(viewer: Viewer, permission: Permission, thing: Any = None) -> bool:
    """Whether ``viewer`` may do ``permission`` to ``thing``: a token needs the scope, and one clause must hold."""
    return has_scope(viewer, permission) and is_granted(viewer, permission, thing)


def has_scope(viewer: Viewer, permission: Permission) -> bool:
    """Whether the viewer calls without a token, or with one that has the permission's scope."""
    return viewer.scopes is None or TABLE[permission].scope in viewer.scopes


def is_granted(viewer: Viewer, permission: Permission, thing: Any = None) -> bool:
    """Whether the viewer's account may do ``permission`` to ``thing``, whatever its token is for; decides what a caller may know of."""
    return any(all(predicate(viewer, thing) for predicate in clause) for clause in TABLE[permission].clauses)
