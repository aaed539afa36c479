"""No skeptical comment leaves the desk without a recorded state: each waits, has an author's answer here or in a later part, or was set aside by a decision that is kept.

The histories are of a series of three parts and an article beside it, with co-authors; order and filter of the discussion are compared with the desk as well.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

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
from forum.comments.thread import ORDERS, Filters, ThreadPage, read_matches, read_roots
from forum.db.transaction import writing
from forum.desk import waiting
from forum.desk.actions import attend, unattend
from forum.desk.models import AttentionEvent
from forum.desk.queries import AnsweredPlace, list_answered, list_set_aside
from forum.desk.waiting import GROUPS, Place, count_waiting, list_waiting, open_desk
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.moves import Deed, move_comment
from forum.operating.changing import merge_articles, undo
from forum.posting.continuing import continue_thread, discontinue_thread
from forum.posting.models import Continuation
from forum.posting.prepare import PreparedBody
from forum.posting.revise import revise, unwithdraw, withdraw
from forum.posting.series_queries import MOST_OPEN, read_parts, read_threads
from forum.posting.submit import submit
from forum.privacy.forgetting import destroy
from forum.refusals import Moved, Refusal
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
    *("stance", "stance", "withdraw", "unwithdraw", "screen_out", "restore", "remove", "approve", "erase", "authors"),
    *("thanked", "no_reply", "later", "later", "undo", "clock", "clock"),
    *("continue", "continue", "continue", "discontinue", "series", "series", "merge", "unmerge"),
)
Step = tuple[str, int, int, Stance]
steps = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(0, 999), st.integers(0, PEOPLE - 1), st.sampled_from(Stance)), min_size=16, max_size=40
)


class History:
    """Four articles that people write on, the first three of them parts of a series; the first two people are their authors to begin with."""

    def __init__(self, session: Session, clock: time_machine.Traveller) -> None:
        self.session, self.clock = session, clock
        self.people = [Viewer(add_account(session, f"p{place}").id, f"p{place}", via=Via.COOKIE) for place in range(PEOPLE)]
        ids = [viewer.account_id or 0 for viewer in self.people]
        self.articles = []
        for part in (1, 2, 3, None):
            draft = ArticleDraft(title=f"Doubted, {part}", series="Doubts" if part else None, part=part)
            self.articles.append(create_article(session, DEFAULT_SITE_ID, draft, author_ids=ids[:AUTHORS])[0].id)
        self.merges: list[int] = []
        # Readers doubt each part, and the later parts answer some of that.
        for place in range(6):
            self.take(("doubt", place % 3, AUTHORS + place % (PEOPLE - AUTHORS), Stance.SKEPTICISM))
        first = session.scalars(select(Comment.id).order_by(Comment.id)).all()
        for comment_id, part in ((first[0], 1), (first[1], 2), (first[3], 2)):
            continue_thread(session, self.people[0], comment_id, article_id=self.articles[part], line="")

    def take(self, step: Step) -> None:
        """Do one step; what the rules refuse changes nothing."""
        what, which, who, stance = step
        session, viewer = self.session, self.people[who]
        ids = list(session.scalars(select(Comment.id).order_by(Comment.id)))
        target = ids[which % len(ids)] if ids else None
        here = session.get_one(Comment, target).article_id if target else 0
        article_id, author = self.articles[which % len(self.articles)], self.people[who % AUTHORS]
        if what in ("doubt", "post"):
            submit(session, viewer, article_id, stance=Stance.SKEPTICISM if what == "doubt" else stance, parent_id=None, prepared=BODY)
        elif what in ("clock", "authors", "held", "series", "merge", "unmerge"):
            self.arrange(what, which, who, article_id)
        elif target is None:
            return
        elif what in ("reply", "answer"):
            by = author if what == "answer" else viewer
            submit(session, by, here, stance=None if what == "answer" else stance, parent_id=target, prepared=BODY)
        else:
            self.decide(what, target, author, viewer, stance)

    def arrange(self, what: str, which: int, who: int, article_id: int) -> None:
        """Do what concerns no comment that is there: time, articles, something that waits for a moderator."""
        session = self.session
        if what == "clock":
            self.clock.shift(timedelta(days=1 + which % 10))
        elif what == "authors":
            ids = [self.people[place].account_id or 0 for place in {who, which % PEOPLE}]
            edit_article(session, lock_article(session, article_id), {}, author_ids=ids, aliases=[])
        elif what == "held":
            new = actions.NewComment("Held.", "<p>Held.</p>\n", 1, Stance.SKEPTICISM, self.people[who].account_id or 0)
            actions.store(session, lock_article(session, article_id), None, None, new, state=State.HELD)
        elif what == "series":
            changes: dict[str, object] = {"series": ("Doubts", "Doubts", None)[which % 3], "part": 1 + who % 4}
            edit_article(session, lock_article(session, article_id), changes, author_ids=None, aliases=[])
        elif what == "merge":
            self.merges.append(merge_articles(session, article_id, self.articles[who % len(self.articles)]).id)
        elif self.merges:
            undo(session, self.merges[-1])
            self.merges.pop()

    def decide(self, what: str, target: int, author: Viewer, viewer: Viewer, stance: Stance) -> None:
        """Do something to a comment."""
        session = self.session
        comment = session.get_one(Comment, target)
        writer = next(person for person in self.people if person.account_id == comment.author_id)
        part = self.articles[1 + (stance in (Stance.SKEPTICISM, Stance.AGREEMENT))]
        do: dict[str, Callable[[], object]] = {
            "tag": lambda: put_tag(session, viewer, target, stance),
            "stance": lambda: revise(session, writer, target, prepared=None, stance=stance),
            "withdraw": lambda: withdraw(session, writer, target),
            "unwithdraw": lambda: unwithdraw(session, writer, target),
            "undo": lambda: unattend(session, author, target),
            "continue": lambda: continue_thread(session, author, comment.root_id or target, article_id=part, line=""),
            "discontinue": lambda: discontinue_thread(session, target),
            "erase": lambda: self.erase(target),
            **{event: lambda: move_comment(session, lock_place(session, target), what, MODERATOR) for event in ("screen_out", "restore")},
            **{event: lambda: move_comment(session, lock_place(session, target), what, MODERATOR) for event in ("remove", "approve")},
            **{each.value: lambda: attend(session, author, target, Attention(what)) for each in Attention},
        }
        do[what]()

    def erase(self, target: int) -> None:
        """Destroy a comment for good."""
        place = lock_place(self.session, target)
        actions.move(self.session, place, "erase")
        destroy(self.session, place)


@dataclass
class Plain:
    """What is in the tables, and what follows from it by the words of the design alone."""

    session: Session

    @cached_property
    def articles(self) -> dict[int, Article]:
        """Those that were not merged into another."""
        return {one.id: one for one in self.session.scalars(select(Article).where(Article.merged_into_id.is_(None)))}

    @cached_property
    def comments(self) -> dict[int, Comment]:
        """All of them."""
        return {one.id: one for one in self.session.scalars(select(Comment).order_by(Comment.id))}

    @cached_property
    def continued(self) -> set[int]:
        """Threads that an article answers which follows theirs in the same series now."""
        found = set()
        for mark in self.session.scalars(select(Continuation)):
            here, there = self.articles.get(self.comments[mark.comment_id].article_id), self.articles.get(mark.article_id)
            numbers = (here.part, there.part) if here and there and here.series_id and here.series_id == there.series_id else (None, None)
            if numbers[0] is not None and numbers[1] is not None and numbers[0] < numbers[1]:
                found.add(mark.comment_id)
        return found

    def is_own(self, comment: Comment) -> bool:
        """Whether an author of the article wrote it."""
        return comment.author_id in self.articles[comment.article_id].author_ids

    def is_answered(self, comment: Comment) -> bool:
        """Whether an author has a visible reply anywhere below."""
        below = {comment.id}
        for other in self.comments.values():
            if other.parent_id in below:
                below.add(other.id)
                if self.is_own(other) and other.state == State.VISIBLE:
                    return True
        return False

    def shown(self, article_ids: Iterable[int]) -> dict[int, Comment]:
        """What readers have said on these articles and everybody sees."""
        within = set(article_ids)
        visible = (one for one in self.comments.values() if one.article_id in within and one.state == State.VISIBLE)
        return {one.id: one for one in visible if not self.is_own(one)}

    def standing(self, comment: Comment) -> int:
        """Where a comment stands in the order ``unanswered``: without an answer, with one, an author's own without one."""
        return 1 if self.is_answered(comment) else 2 * self.is_own(comment)


def walk(session: Session, account_id: int) -> list[int]:
    """Return everything that waits on somebody's desk, by its pages of two; its counts say the same."""
    desk = open_desk(session, account_id, now())
    found: list[int] = []
    place: Place | None = Place(now())
    while place is not None:
        page, place = list_waiting(session, desk, place, limit=2)
        found += [one.id for one in page]
    groups = [session.get_one(Comment, comment_id).stance for comment_id in found]
    assert count_waiting(session, desk) == [groups.count(stance.value if stance else None) for stance in GROUPS]
    assert groups == sorted(groups, key=lambda stance: GROUPS.index(Stance(stance) if stance else None))
    return found


def set_aside(session: Session, account_id: int) -> list[int]:
    """Return everything that somebody has set aside, page by page."""
    found, before = list_set_aside(session, account_id, now(), before_id=None, limit=2)
    while before is not None:
        page, before = list_set_aside(session, account_id, now(), before_id=before, limit=2)
        found += page
    assert found == sorted(set(found), reverse=True)
    return found


def answered(session: Session, account_id: int) -> tuple[set[int], set[int]]:
    """Return what was answered by replies and what in later parts, page by page."""
    found, place = list_answered(session, account_id, only=None, place=AnsweredPlace(), limit=2)
    while place is not None:
        page, place = list_answered(session, account_id, only=None, place=place, limit=2)
        found += page
    replies = [one.reply[0].id for one in found if one.reply]
    parts = [one.comment[0].id for one in found if one.part]
    assert (len(replies), len(parts)) == (len(set(replies)), len(set(parts)))
    return {one.comment[0].id for one in found if one.reply}, set(parts)


def check(history: History) -> None:
    """Compare everybody's desk, and what readers see, with the tables."""
    assert find_miscounts(history.session) == []
    plain = Plain(history.session)
    authors = {author_id for article in plain.articles.values() for author_id in article.author_ids}
    waits = {author_id: check_desk(plain, author_id) for author_id in authors}
    for article in plain.articles.values():
        check_discussion(plain, article, [waits[author_id] for author_id in article.author_ids])
        check_open_questions(plain, article)


def check_desk(plain: Plain, account_id: int) -> set[int]:
    """Compare one author's desk with the tables, and return what waits there."""
    session = plain.session
    shown = plain.shown(article.id for article in plain.articles.values() if account_id in article.author_ids)
    waits, aside = walk(session, account_id), set_aside(session, account_id)
    replied, continued = answered(session, account_id)
    assert len(waits) == len(set(waits))
    assert {*waits, *aside, *replied, *continued} <= set(shown), "nothing hidden, nothing of an author's and nothing of others' articles"
    assert continued == plain.continued & set(shown)
    direct = {one.parent_id for one in plain.comments.values() if one.state == State.VISIBLE and plain.is_own(one)}
    assert replied == direct & set(shown)
    for comment in shown.values():
        is_answered = plain.is_answered(comment) or comment.id in continued
        assert (comment.id in waits) + (comment.id in aside) + is_answered == 1, comment.id
        if comment.id in aside:
            last = select(AttentionEvent).where(AttentionEvent.comment_id == comment.id).order_by(AttentionEvent.id.desc()).limit(1)
            event = session.scalars(last).one()
            assert (event.attention, event.until) == (comment.attention, comment.attention_until)
            assert event.attention in ("thanked", "no_reply") or (event.until is not None and event.until > now())
    return set(waits)


def check_discussion(plain: Plain, article: Article, waits: Sequence[set[int]]) -> None:
    """Order and filter agree with the desk: what waits is in both, and nothing is that an author wrote or has answered."""
    session, order = plain.session, ORDERS["unanswered"]
    shown = plain.shown([article.id])
    unanswered = {one.id for one in shown.values() if not plain.is_answered(one)}
    matches = read_matches(session, article, Filters(answered="no"), order=ORDERS["oldest"], key=(), limit=1000)
    assert {item.row[0].id for item in matches.items} == unanswered
    # Co-authors share what waits.
    assert all(theirs & set(shown) == waits[0] & set(shown) <= unanswered for theirs in waits)
    roots = walk_pages(lambda key: read_roots(session, article, order=order, place=(0, key), limit=2, replies=0))
    listed = [one.id for one in plain.comments.values() if one.article_id == article.id and one.depth == 0 and one.listed]
    assert sorted(one.id for one in roots) == listed
    standings = [plain.standing(one) for one in roots]
    assert standings == sorted(standings), "what has no answer comes first, what the authors began last"
    first = {one.id for one, standing in zip(roots, standings, strict=True) if standing == 0 and one.state == State.VISIBLE}
    assert first == {one for one in unanswered if plain.comments[one].depth == 0}
    doubts = walk_pages(lambda key: read_matches(session, article, Filters(stance=Stance.SKEPTICISM), order=order, key=key, limit=2))
    assert len(doubts) == len({one.id for one in doubts})
    assert [plain.standing(one) for one in doubts] == sorted(plain.standing(one) for one in doubts)


def walk_pages(read: Callable[[Sequence[object]], ThreadPage]) -> list[Comment]:
    """Return the comments of all pages, in their order."""
    page = read(())
    found = [item.row[0] for item in page.items]
    while page.next_place is not None:
        page = read(page.next_place[1])
        found += [item.row[0] for item in page.items]
    return found


def check_open_questions(plain: Plain, article: Article) -> None:
    """What the next part lists is open: doubted or denied, without an answer, a decision or a later part that answers it."""
    parts = read_parts(plain.session, article)
    if parts.previous is None:
        return
    found = {question.comment.id for question in read_threads(plain.session, article, parts).open}
    asked = plain.shown([parts.previous.id]).values()
    doubts = [one for one in asked if one.depth == 0 and one.stance in ("skepticism", "disagreement") and not plain.is_answered(one)]
    open_ones = {one.id for one in doubts if one.attention in (None, "later")} - plain.continued
    assert found <= open_ones
    assert len(found) == min(len(open_ones), MOST_OPEN)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_no_doubt_leaves_the_desk_without_a_recorded_state(app: Flask, monkeypatch: pytest.MonkeyPatch, steps: list[Step]) -> None:
    # Windows of three comments of two articles, so that a handful takes several.
    monkeypatch.setattr(waiting, "WINDOW", 3)
    monkeypatch.setattr(waiting, "MOST_ARTICLES", 2)
    with time_machine.travel(START, tick=False) as clock, writing() as session, app.test_request_context():
        undone = session.begin_nested()
        history = History(session, clock)
        for number, step in enumerate(steps, start=1):
            try:
                with session.begin_nested():
                    history.take(step)
            except (Refusal, Moved):
                pass
            session.expire_all()
            # Whatever is wrong stays wrong for a while; to look costs more than to do.
            if number % 8 == 0 or number == len(steps):
                check(history)
        undone.rollback()
