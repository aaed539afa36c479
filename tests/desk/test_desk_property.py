"""No skeptical comment leaves the desk without a recorded state: whatever people do, each waits, has an author's answer, or was set aside by a decision that is kept."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID, Via, Viewer
from forum.articles.actions import ArticleDraft, create_article, edit_article
from forum.articles.models import Article
from forum.articles.queries import lock_article
from forum.clock import now
from forum.comments import actions
from forum.comments.attention import Attention
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.comments.thread import ORDERS, Filters, read_matches, read_roots
from forum.db.transaction import writing
from forum.desk import waiting
from forum.desk.actions import attend, unattend
from forum.desk.models import AttentionEvent
from forum.desk.queries import has_attended, list_articles_with, list_set_aside
from forum.desk.waiting import Place, has_waiting, list_waiting
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.moves import Deed, move_comment
from forum.posting.prepare import PreparedBody
from forum.posting.revise import revise, unwithdraw, withdraw
from forum.posting.submit import submit
from forum.refusals import Refusal
from forum.stances.actions import put_tag
from tests.conftest import add_account
from tests.stances.recount import find_miscounts

pytestmark = pytest.mark.postgresql_slow

PEOPLE, AUTHORS = 5, 2
BODY = PreparedBody("So it is.", "<p>So it is.</p>\n", 1, "")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MODERATOR = Deed(Actor(ActorKind.MODERATOR, 1))
WHAT = (
    *("doubt", "doubt", "post", "held", "reply", "reply", "answer", "answer", "answer", "tag", "tag"),
    *("stance", "stance", "withdraw", "unwithdraw", "screen_out", "restore", "remove", "approve", "authors"),
    *("thanked", "no_reply", "later", "later", "undo", "clock", "clock"),
)
Step = tuple[str, int, int, Stance]
steps = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(0, 999), st.integers(0, PEOPLE - 1), st.sampled_from(Stance)), min_size=5, max_size=30
)


class History:
    """One article that people write on; the first two of them are its authors to begin with."""

    def __init__(self, session: Session, clock: time_machine.Traveller) -> None:
        self.session, self.clock = session, clock
        self.people = [Viewer(add_account(session, f"p{place}").id, f"p{place}", via=Via.COOKIE) for place in range(PEOPLE)]
        ids = [viewer.account_id or 0 for viewer in self.people]
        article, _ = create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="Doubted"), author_ids=ids[:AUTHORS])
        self.article_id = article.id

    def take(self, step: Step) -> None:
        """Do one step; what the rules refuse changes nothing."""
        what, which, who, stance = step
        session, viewer = self.session, self.people[who]
        ids = list(session.scalars(select(Comment.id).order_by(Comment.id)))
        target = ids[which % len(ids)] if ids else None
        author = self.people[who % AUTHORS]
        if what in ("doubt", "post") or target is None:
            submit(session, viewer, self.article_id, stance=Stance.SKEPTICISM if what == "doubt" else stance, parent_id=None, prepared=BODY)
        elif what in ("reply", "answer"):
            by = author if what == "answer" else viewer
            submit(session, by, self.article_id, stance=None if what == "answer" else stance, parent_id=target, prepared=BODY)
        elif what == "clock":
            self.clock.shift(timedelta(days=1 + which % 10))
        elif what == "authors":
            ids = [self.people[place].account_id or 0 for place in {who, which % PEOPLE}]
            edit_article(session, lock_article(session, self.article_id), {}, author_ids=ids, aliases=[])
        elif what == "held":
            new = actions.NewComment("Held.", "<p>Held.</p>\n", 1, Stance.SKEPTICISM, viewer.account_id or 0)
            actions.store(session, lock_article(session, self.article_id), None, None, new, state=State.HELD)
        else:
            self.decide(what, target, author, viewer, stance)

    def decide(self, what: str, target: int, author: Viewer, viewer: Viewer, stance: Stance) -> None:
        session = self.session
        writer = next(person for person in self.people if person.account_id == session.get_one(Comment, target).author_id)
        do: dict[str, Callable[[], object]] = {
            "tag": lambda: put_tag(session, viewer, target, stance),
            "stance": lambda: revise(session, writer, target, prepared=None, stance=stance),
            "withdraw": lambda: withdraw(session, writer, target),
            "unwithdraw": lambda: unwithdraw(session, writer, target),
            "undo": lambda: unattend(session, author, target),
            **{event: lambda: move_comment(session, lock_place(session, target), what, MODERATOR) for event in ("screen_out", "restore")},
            **{event: lambda: move_comment(session, lock_place(session, target), what, MODERATOR) for event in ("remove", "approve")},
            **{each.value: lambda: attend(session, author, target, Attention(what)) for each in Attention},
        }
        do[what]()


def walk(session: Session, viewer: Viewer) -> list[int]:
    """Return everything that waits on somebody's desk, by its pages of two."""
    account_id = viewer.account_id or 0
    found: list[int] = []
    place: Place | None = Place(now())
    while place is not None:
        articles = list_articles_with(session, account_id, has_waiting(), only=None)
        page, place = list_waiting(session, articles, place, limit=2)
        found += [one.id for one in page]
    return found


def is_answered(comment: Comment, comments: Sequence[Comment], author_ids: Collection[int]) -> bool:
    """Whether an author has a visible reply anywhere below, looked for plainly."""
    below = {comment.id}
    for other in comments:
        if other.parent_id in below:
            below.add(other.id)
            if other.author_id in author_ids and other.state == State.VISIBLE:
                return True
    return False


def check(history: History) -> None:
    session = history.session
    assert find_miscounts(session) == []
    article = session.get_one(Article, history.article_id)
    author_ids = article.author_ids
    comments = list(session.scalars(select(Comment).order_by(Comment.id)))
    desks = [walk(session, viewer) for viewer in history.people if viewer.account_id in author_ids]
    assert all(sorted(desk) == sorted(desks[0]) for desk in desks), "co-authors share a desk"
    waits = desks[0] if desks else []
    assert len(waits) == len(set(waits))
    account_id = author_ids[0] if author_ids else 0
    attended = list_articles_with(session, account_id, has_attended(), only=None)
    aside, _ = list_set_aside(session, attended, now(), before_id=None, limit=1000)
    shown = {comment.id: comment for comment in comments if comment.state == State.VISIBLE and comment.author_id not in author_ids}
    assert {*waits, *aside} <= set(shown), "nothing hidden and nothing of an author's"
    for comment in shown.values():
        assert (comment.id in waits) + (comment.id in aside) + is_answered(comment, comments, author_ids) == 1, comment.id
        if comment.id in aside:
            last = select(AttentionEvent).where(AttentionEvent.comment_id == comment.id).order_by(AttentionEvent.id.desc()).limit(1)
            event = session.scalars(last).one()
            assert (event.attention, event.until) == (comment.attention, comment.attention_until)
            assert event.attention in ("thanked", "no_reply") or (event.until is not None and event.until > now())
    unanswered = read_matches(session, article, Filters(answered="no"), order=ORDERS["oldest"], key=(), limit=1000)
    assert {item.row[0].id for item in unanswered.items} == {*waits, *aside}
    roots = read_roots(session, article, order=ORDERS["unanswered"], place=(0, ()), limit=1000, replies=0).items
    answered = [is_answered(item.row[0], comments, author_ids) for item in roots]
    assert answered == sorted(answered), "what has no answer comes first in the order that says so"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_no_doubt_leaves_the_desk_without_a_recorded_state(app: Flask, monkeypatch: pytest.MonkeyPatch, steps: list[Step]) -> None:
    # Windows of three, so that a handful of comments takes several.
    monkeypatch.setattr(waiting, "WINDOW", 3)
    with time_machine.travel(START, tick=False) as clock, writing() as session, app.test_request_context():
        undone = session.begin_nested()
        history = History(session, clock)
        for step in steps:
            try:
                with session.begin_nested():
                    history.take(step)
            except Refusal:
                pass
            session.expire_all()
            check(history)
        undone.rollback()
