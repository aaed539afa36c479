"""Who or what acted, as a plain value: a moderator, a rule, a writer, a reader, the system."""

from dataclasses import dataclass
from enum import StrEnum

from forum.access.viewer import Viewer


class ActorKind(StrEnum):
    """In which part somebody acted."""

    MODERATOR = "moderator"
    ADMIN = "admin"
    WRITER = "writer"
    READER = "reader"
    RULE = "rule"


@dataclass(frozen=True)
class Actor:
    """``account_id`` is None for rules; ``rule`` names the rule: a phase of screening, ``report-threshold``, ``undecided``."""

    kind: ActorKind
    account_id: int | None = None
    rule: str | None = None


def moderator(viewer: Viewer) -> Actor:
    """Return a viewer acting as moderator."""
    return Actor(ActorKind.MODERATOR, viewer.account_id)


def writer(viewer: Viewer) -> Actor:
    """Return a viewer acting on a comment of their own."""
    return Actor(ActorKind.WRITER, viewer.account_id)


def rule(name: str) -> Actor:
    """Return the rule of this name."""
    return Actor(ActorKind.RULE, None, name)
