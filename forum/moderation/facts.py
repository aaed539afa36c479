"""Gathers what the phases of screening look at: the writer's facts, repetitions, heat, and the site's rules. Every read is bounded.

Called inside the transaction that stores the text, so that two posts at once cannot both be the first.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Select, bindparam, case, exists, func, select, text
from sqlalchemy.orm import Session

from forum.access.viewer import Role, Viewer
from forum.accounts.models import Account
from forum.articles.models import Article
from forum.clock import now
from forum.comments.models import HIDDEN, Comment
from forum.comments.queries import list_ancestors
from forum.comments.states import State
from forum.db.columns import Moment, fixed
from forum.db.direct import read
from forum.db.transaction import reading
from forum.moderation.models import Report, ReviewItem, RuleSet
from forum.moderation.review import ItemState, ReportState
from forum.moderation.screening.context import Heat, Repetition, ScreeningContext, WriterFacts
from forum.moderation.screening.pipeline import Glance, glance
from forum.moderation.screening.rules import Rules, default_rules
from forum.sanctions.queries import is_pre_moderated
from forum.web.context import settings

# How far own comments are counted: thresholds lie far below.
COUNTED_MOST = 1000
HISTORY_MOST = 100
SAME_MOST = 50


# The rules that this process has read last, by site: only a guess at those that hold.
_met: dict[int, Rules] = {}
_NEWEST_RULES = select(RuleSet.document).where(RuleSet.site_id == bindparam("site_id")).order_by(RuleSet.number.desc()).limit(1)


def read_rules(session: Session, site_id: int) -> Rules:
    """Return the rules that hold on a site, the server's setting for new writers filled in."""
    newest = read(session, _NEWEST_RULES, {"site_id": site_id})
    rules = _decode(newest[0][0] if newest else None, settings().hold_first_comments)
    _met[site_id] = rules
    return rules


def glance_at(text: str, site_id: int) -> Glance:
    """Look at a text before its transaction, under the rules that were read last here; ``judge`` looks again where others hold by then."""
    rules = _met.get(site_id)
    if rules is None:
        with reading() as session:
            rules = read_rules(session, site_id)
    return glance(text, rules)


@lru_cache(maxsize=16)
def _decode(document: str | None, hold_first: str) -> Rules:
    rules = msgspec.json.decode(document, type=Rules) if document else default_rules()
    return rules if rules.hold_first else msgspec.structs.replace(rules, hold_first=hold_first)


@dataclass(frozen=True)
class Spot:
    """Where a text is to stand: below ``parent`` (None: it answers the article) or, with ``comment_id``, in that comment's place."""

    article: Article
    parent: Comment | None
    comment_id: int | None = None


def gather(session: Session, viewer: Viewer, spot: Spot, *, text: str, fingerprint: str) -> ScreeningContext:
    """Return the context of a text about to be stored."""
    article, parent, comment_id = spot.article, spot.parent, spot.comment_id
    rules = read_rules(session, article.site_id)
    account_id = viewer.account_id or 0
    limits_repetition = settings().rate_limits != "off"
    is_edit = comment_id is not None
    looks_back = limits_repetition and not is_edit
    return ScreeningContext(
        text=text,
        rules=rules,
        writer=_writer(session, viewer, article, rules, but=comment_id),
        repetition=_repetition(session, account_id, spot, fingerprint, rules) if looks_back else Repetition(),
        heat=_heat(session, account_id, article, parent) if looks_back and parent is not None else Heat(),
        is_edit=is_edit,
        limits_repetition=limits_repetition,
    )


_ACCOUNT: BindParameter[int] = bindparam("account_id")
_SITE: BindParameter[int] = bindparam("site_id")
_OWN = select(Comment.id).where(Comment.author_id == _ACCOUNT, Comment.site_id == _SITE, Comment.id != bindparam("but"))
_IS_REMOVED = Comment.state == fixed(State.REMOVED)


def _facts_of_writer() -> Select[*tuple[Any, ...]]:
    accepted = _OWN.where(Comment.listed.is_(True)).limit(bindparam("accepted_most")).subquery()
    # Most people have had nothing removed, which an index of what is hidden says; only of the others the history is read.
    recently = Comment.created_at >= bindparam("since", type_=Moment)
    return select(
        select(Account.created_at).where(Account.id == _ACCOUNT).scalar_subquery(),
        select(func.count()).select_from(accepted).scalar_subquery(),
        exists().where(Comment.author_id == _ACCOUNT, Comment.site_id == _SITE, text(HIDDEN), _IS_REMOVED, recently),
        is_pre_moderated(_ACCOUNT, _SITE, bindparam("moment", type_=Moment)),
    )


def _history_of_writer() -> Select[*tuple[Any, ...]]:
    # The newest first and then those that are recent: asked the other way round, everything is read that somebody with many old comments has ever written.
    newest = _OWN.add_columns(_IS_REMOVED.label("removed"), Comment.created_at).order_by(Comment.id.desc())
    kept = newest.limit(bindparam("recent_most")).subquery()
    return select(func.count(), func.count(case((kept.c.removed, 1)))).where(kept.c.created_at >= bindparam("since", type_=Moment))


_FACTS, _HISTORY = _facts_of_writer(), _history_of_writer()


def _writer(session: Session, viewer: Viewer, article: Article, rules: Rules, *, but: int | None) -> WriterFacts:
    moment = now()
    whose: dict[str, Any] = {"account_id": viewer.account_id, "site_id": article.site_id, "but": but or 0}
    whose["since"] = moment - timedelta(days=rules.history_days)
    # No more is counted than what the rules compare it with.
    first = int(rules.hold_first) if rules.hold_first.isdigit() else 0
    asked = whose | {"moment": moment, "accepted_most": max(first, rules.new_account_comments, 1)}
    ((created_at, accepted_count, has_removed, pre_moderated),) = read(session, _FACTS, asked)
    recent_count = removed_count = 0
    if has_removed:
        most = {"recent_most": max(HISTORY_MOST, rules.history_min_count)}
        ((recent_count, removed_count),) = read(session, _HISTORY, whose | most)
    return WriterFacts(
        is_staff=viewer.role_on(article.site_id).includes(Role.MODERATOR),
        is_article_author=viewer.account_id in article.author_ids,
        account_age=moment - created_at,
        accepted_count=accepted_count,
        recent_count=recent_count,
        recent_removed_count=removed_count,
        pre_moderated=bool(pre_moderated),
    )


_SAME = (
    select(Comment.author_id, Comment.article_id, Comment.parent_id)
    .where(
        Comment.fingerprint == bindparam("fingerprint"),
        Comment.created_at >= bindparam("since", type_=Moment),
        Comment.site_id == _SITE,
        Comment.state.not_in((fixed(State.WITHDRAWN), fixed(State.ERASED))),
    )
    .limit(SAME_MOST)
)


def _repetition(session: Session, account_id: int, spot: Spot, fingerprint: str, rules: Rules) -> Repetition:
    article, parent = spot.article, spot.parent
    asked = {"fingerprint": fingerprint, "since": now() - timedelta(hours=rules.duplicate_hours), "site_id": article.site_id}
    same = read(session, _SAME, asked)
    here = (article.id, parent.id if parent else None)
    own = [(article_id, parent_id) for author_id, article_id, parent_id in same if author_id == account_id]
    return Repetition(
        own_same_place=here in own,
        own_elsewhere_count=sum(place != here for place in own),
        others_count=len({author_id for author_id, _, _ in same} - {account_id}),
    )


def _heat(session: Session, account_id: int, article: Article, parent: Comment) -> Heat:
    # From the article's few open items, not from the thread's many comments.
    reported = session.execute(
        select(Report.comment_id, Report.reporter_id)
        .join(ReviewItem, ReviewItem.id == Report.item_id)
        .where(ReviewItem.article_id == article.id, ReviewItem.state == ItemState.OPEN.value, Report.state == ReportState.OPEN.value)
        .limit(COUNTED_MOST)
    ).all()
    if not reported:
        return Heat()
    above = {parent.id, *(comment.id for comment, _ in list_ancestors(session, [parent]).get(parent.id, ()))}
    reporters = [reporter_id for comment_id, reporter_id in reported if comment_id in above]
    if not reporters:
        return Heat()
    last = session.scalar(
        select(Comment.created_at)
        .where(Comment.root_id == parent.root_id, Comment.author_id == account_id)
        .order_by(Comment.id.desc())
        .limit(1)
    )
    return Heat(len(reporters), reporters.count(account_id), now() - last if last else None)
