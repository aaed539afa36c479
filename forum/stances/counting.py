"""Whose tag counts: every reader's but the article's authors' and those whom rooms above name, such as a moderator who has decided on the comment."""

from collections.abc import Callable, Collection

from sqlalchemy.orm import Session

# Filled by the application: (session, account id, comment id) → whether this person's tag on the comment is shown but not counted.
uncounted: list[Callable[[Session, int, int], bool]] = []


def is_counted(session: Session, author_ids: Collection[int], account_id: int, comment_id: int) -> bool:
    """Whether a person's tag on a comment counts."""
    return account_id not in author_ids and not any(is_uncounted(session, account_id, comment_id) for is_uncounted in uncounted)
