"""What follows when an article gets other authors: whose tags count, and which comments an author has answered.

The rule: the stored counts are those that the present authors would have led to. Called by the articles room when its authors change.
"""

from collections import defaultdict

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.comments.answering import recount_answers
from forum.comments.counts import counted
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.stances.counting import is_counted
from forum.stances.models import Tag
from forum.stances.tally import count_tags, write_tally


def recount_for_authors(session: Session, article: Article) -> None:
    """Bring tallies and answers of the article, locked by the caller, in line with its present authors."""
    author_ids = article.author_ids
    _recount_tags(session, article.id, author_ids)
    recount_answers(session, article.id, author_ids)


def _recount_tags(session: Session, article_id: int, author_ids: tuple[int, ...]) -> None:
    by_author = Tag.account_id.in_(author_ids)
    wrong = or_(and_(by_author, Tag.counted.is_(True)), and_(~by_author, Tag.counted.is_(False)))
    tags = select(Tag).join(Comment, Comment.id == Tag.comment_id).where(Comment.article_id == article_id, wrong)
    by_comment: dict[int, list[Tag]] = defaultdict(list)
    for tag in session.scalars(tags.order_by(Tag.comment_id)):
        by_comment[tag.comment_id].append(tag)
    for comment_id, changed in by_comment.items():
        place = lock_place(session, comment_id)
        with counted(session, place):
            for tag in changed:
                tag.counted = is_counted(session, author_ids, tag.account_id, comment_id)
            session.flush()
            write_tally(session, place.comment, count_tags(session, comment_id))
