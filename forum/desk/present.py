"""The desk as its author gets it: rows become the structures of ``schemas``, read once a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.articles.models import Article
from forum.comments.attention import Attention
from forum.comments.models import Comment
from forum.comments.present import present_comment, present_stub
from forum.comments.queries import Row
from forum.desk.models import ReplyTemplate
from forum.desk.queries import Answered, Attended, articles_by_id, attended_by, rows_by_id
from forum.desk.schemas import AttentionOut, AwayNoteOut, DeskArticle, DeskItemOut, Group, TemplateOut
from forum.desk.waiting import COUNTED_MOST, GROUPS, Waiting, score_of

OPEN = "open"
GROUP_NAMES: tuple[Group, ...] = tuple(cast(Group, stance.value if stance else OPEN) for stance in GROUPS)


@dataclass(frozen=True)
class _Beside:
    """What one of the tabs shows beside the comments: their scores, who decided about them, the answers in the same order."""

    scores: Mapping[int, float] = field(default_factory=dict)
    attended: Mapping[int, Attended] = field(default_factory=dict)
    answers: Sequence[Answered] = ()


def present_waiting(session: Session, found: Sequence[Waiting], moment: datetime) -> list[DeskItemOut]:
    """Return the comments that wait, in the order in which they were found."""
    scores = {one.id: one.score for one in found}
    return _present(session, rows_by_id(session, scores), [one.id for one in found], moment, _Beside(scores=scores))


def present_set_aside(session: Session, ids: Sequence[int], moment: datetime) -> list[DeskItemOut]:
    """Return comments that were set aside, with what was decided about each, by whom and when."""
    return _present(session, rows_by_id(session, ids), ids, moment, _Beside(attended=attended_by(session, ids)))


def present_answered(session: Session, pairs: Sequence[Answered], moment: datetime) -> list[DeskItemOut]:
    """Return what was answered, each with its answer."""
    rows = {pair.comment[0].id: pair.comment for pair in pairs}
    return _present(session, rows, [pair.comment[0].id for pair in pairs], moment, _Beside(answers=pairs))


def present_one(session: Session, row: Row, moment: datetime) -> DeskItemOut:
    """Return one comment as it stands on the desk, whatever tab it is on."""
    comment, writer = row
    if comment.published_at is None:
        scores: dict[int, float] = {}
    else:
        scores = {comment.id: score_of(comment.desk_rank, comment.published_at, verified=writer.verified, at=moment)}
    return _present(session, {comment.id: row}, [comment.id], moment, _Beside(scores, attended_by(session, [comment.id])))[0]


def present_attention(comment: Comment, attended: Attended | None = None) -> AttentionOut:
    """Return what was decided about a comment."""
    attention = Attention(comment.attention) if comment.attention else None
    until = comment.attention_until if attention is Attention.LATER else None
    return AttentionOut(attention, until, attended.handle if attended else None, attended.at if attended else None)


def present_template(template: ReplyTemplate) -> TemplateOut:
    """Return a template of replies."""
    return TemplateOut(template.id, template.title, template.body_md)


def present_away(account: Account, moment: datetime) -> AwayNoteOut:
    """Return what an author's articles say of being away."""
    is_away = account.away_until is not None and account.away_until > moment
    return AwayNoteOut(account.away_note, account.away_until) if is_away else AwayNoteOut(None, None)


def present_desk_article(article: Article) -> DeskArticle:
    """Return an article as the desk names it."""
    return DeskArticle(article.id, article.title, f"/a/{article.slug}")


def _present(session: Session, rows: Mapping[int, Row], ids: Sequence[int], moment: datetime, beside: _Beside) -> list[DeskItemOut]:
    articles = articles_by_id(session, {row[0].article_id for row in rows.values()})
    parents = rows_by_id(session, {row[0].parent_id for row in rows.values() if row[0].parent_id is not None})
    items = []
    for place, comment_id in enumerate(ids):
        row = rows.get(comment_id)
        if row is None:
            continue
        comment, article = row[0], articles[row[0].article_id]
        parent, answer = parents.get(comment.parent_id or 0), beside.answers[place] if beside.answers else None
        items.append(
            DeskItemOut(
                comment=present_comment(row, article.author_ids),
                article=present_desk_article(article),
                answers=present_stub(parent, article.author_ids) if parent else None,
                group=cast(Group, comment.stance or OPEN),
                score=beside.scores.get(comment_id),
                doubting=comment.tag_skepticism + comment.tag_disagreement,
                days=max(0, (moment - (comment.published_at or comment.created_at)) // timedelta(days=1)),
                attention=present_attention(comment, beside.attended.get(comment_id)) if comment.attention else None,
                reply=present_stub(answer.reply, article.author_ids) if answer and answer.reply else None,
                answered_in=answer.part if answer else None,
            )
        )
    return items


def group_of(name: Group | None) -> int | None:
    """Return the place of a group among ``GROUPS``, or None for none."""
    return None if name is None else GROUP_NAMES.index(name)


def count_by_group(counts: Sequence[int]) -> tuple[dict[str, int], list[Group]]:
    """Return how many wait by the name of their group, in the order of the groups, and the groups of which more wait than was counted."""
    named = dict(zip(GROUP_NAMES, counts, strict=True))
    return {name: min(count, COUNTED_MOST) for name, count in named.items()}, [name for name in named if named[name] > COUNTED_MOST]
