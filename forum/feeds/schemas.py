"""JSON shapes of one's private feed."""

import msgspec


class OwnFeedOut(msgspec.Struct, frozen=True):
    """Whether one has a private feed of the answers to one's comments. Its address was in the answer that made it, and nowhere else."""

    exists: bool


class NewFeedOut(msgspec.Struct, frozen=True):
    """The address of a private feed just made. It is shown this once; it is null when the answer is replayed."""

    address: str | None
