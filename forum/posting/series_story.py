"""What those are told who wrote or doubted a thread that a later part of the series answers: where, and the author's line about it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from forum.accounts.models import Account
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.comments.states import State
from forum.notifications.models import Notification, Subscriber
from forum.notifications.stories import Story
from forum.posting.models import Continuation
from forum.sentences import sentence


def tell_answered(session: Session, told: Sequence[Notification]) -> Mapping[int, Story]:
    """Return the story of each; a mark that was taken back or no longer counts, and a hidden thread, have none."""
    first, later = aliased(Article), aliased(Article)
    marks = (
        select(Continuation, first, later, Account)
        .join(Comment, Comment.id == Continuation.comment_id)
        .join(first, first.id == Comment.article_id)
        .join(later, later.id == Continuation.article_id)
        .join(Account, Account.id == Continuation.account_id)
        .where(Continuation.comment_id.in_([each.subject_id for each in told]), Comment.state == State.VISIBLE.value)
        .where(later.series_id == first.series_id, later.part > first.part)
        .add_columns(Comment.author_id)
    )
    found = {mark.comment_id: (mark, *others) for mark, *others in session.execute(marks)}
    people = select(Subscriber.id, Subscriber.account_id).where(Subscriber.id.in_([each.subscriber_id for each in told]))
    accounts = {subscriber_id: account_id for subscriber_id, account_id in session.execute(people)}
    stories = {}
    for each in told:
        if each.subject_id in found:
            mark, before, after, author, asked_by = found[each.subject_id]
            names = {"who": author.display_name, "title": after.title}
            if accounts[each.subscriber_id] == asked_by:
                says = sentence("%(who)s answered in “%(title)s” what you wrote", **names)
            else:
                says = sentence("%(who)s answered a question that you share in “%(title)s”", **names)
            path = f"/c/{mark.comment_id}#c{mark.comment_id}"
            stories[each.id] = Story(says, before.title, path, f"/a/{before.slug}", body_md=mark.line)
    return stories
