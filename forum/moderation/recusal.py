"""Why a moderator may not decide on a comment: nobody acts in two parts at once (product design C-6, C-12, principle 0-3)."""

from collections.abc import Collection

from sqlalchemy import exists, select, union_all
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.moderation.models import Report
from forum.sentences import Sentence, sentence
from forum.stances.models import Tag

WROTE = sentence("you wrote it.")
AUTHOR = sentence("you are an author of the article.")
REPLIED = sentence("you have answered it.")
TAGGED = sentence("you have tagged it.")
REPORTED = sentence("you have reported it.")


def find_recusals(session: Session, viewer: Viewer, article: Article, comment: Comment) -> list[Sentence]:
    """Return the sentences that say why ``viewer`` may not decide on the comment; none: nothing stands in the way. One read."""
    me = viewer.account_id
    answered, tagged, reported = session.execute(
        select(
            exists().where(Comment.parent_id == comment.id, Comment.author_id == me),
            exists().where(Tag.comment_id == comment.id, Tag.account_id == me),
            exists().where(Report.comment_id == comment.id, Report.reporter_id == me),
        )
    ).one()
    return [
        why
        for why, holds in (
            (WROTE, comment.author_id == me),
            (AUTHOR, me in article.author_ids),
            (REPLIED, answered),
            (TAGGED, tagged),
            (REPORTED, reported),
        )
        if holds
    ]


def recused_among(session: Session, account_ids: Collection[int], article: Article, comment: Comment) -> frozenset[int]:
    """Return those of these accounts that may not decide on the comment, for the same reasons. One read."""
    answered = select(Comment.author_id).where(Comment.parent_id == comment.id, Comment.author_id.in_(account_ids))
    tagged = select(Tag.account_id).where(Tag.comment_id == comment.id, Tag.account_id.in_(account_ids))
    reported = select(Report.reporter_id).where(Report.comment_id == comment.id, Report.reporter_id.in_(account_ids))
    found = set(session.scalars(union_all(answered, tagged, reported))) if account_ids else set()
    return frozenset(account_ids) & (found | {comment.author_id, *article.author_ids})
