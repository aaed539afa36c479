"""Paging: every cursor walk, in every order, with every filter, over generated trees, shows each comment once and in its place."""

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from forum.access.viewer import VISITOR, Via, Viewer
from forum.articles.queries import get_article
from forum.comments.queries import get_comment
from forum.comments.schemas import CommentOut, ItemOut, MoreReplies, ThreadPageOut, ThreadQuery
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.transaction import reading, writing
from forum.posting.discussion import read_discussion, read_replies
from forum.posting.prepare import PreparedBody
from forum.posting.submit import submit
from forum.stances.actions import put_tag
from tests.comments.trees import PEOPLE, SORTS, Seen, expected_matches, expected_roots, plans, random_plan
from tests.seeding import Plan, PlannedComment, store_plan

pytestmark = pytest.mark.postgresql_slow

ME = 4
generated = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FILTERS = list(product((None, *Stance), (None, *Stance), (None, "author", "verified", "me"), (None, "no")))

questions = st.tuples(st.sampled_from(SORTS), st.sampled_from(FILTERS[1:]))


def store(plan: Any) -> Seen:
    with writing() as session:
        return Seen(plan, store_plan(session, plan))


def ask(**asked: Any) -> ThreadQuery:
    return ThreadQuery(**asked)


def walk(
    session: Session, seen: Seen, chance: random.Random, *, viewer: Viewer = VISITOR, limits: tuple[int, int] = (1, 8), **asked: Any
) -> Iterator[ThreadPageOut]:
    """Follow the cursors of a listing to the end, with another limit at every page."""
    cursor = None
    while True:
        query = ask(limit=chance.randint(*limits), cursor=cursor, **asked)
        page = read_discussion(session, viewer, get_article(session, seen.seeded.article_id), query)
        assert len(page.items) <= query.limit
        yield page
        if page.next is None:
            return
        cursor = page.next


def whole_thread(session: Session, item: ItemOut, chance: random.Random) -> list[CommentOut]:
    """Return the replies of a root: those on its page and those that ``more_replies`` leads to."""
    found, more = list(item.replies or ()), item.more_replies
    root = get_comment(session, item.id)
    while isinstance(more, MoreReplies):
        following = read_replies(session, root, after=more.after, limit=chance.randint(1, 6))
        assert following.items
        assert more.count == len(read_replies(session, root, after=more.after, limit=50).items)
        found += following.items
        more = following.more_replies
    return found


def as_viewer(seen: Seen, place: int) -> Viewer:
    return Viewer(seen.seeded.account_ids[place], f"seed{place}", via=Via.COOKIE)


@generated
@given(plan=plans, seed=st.integers(0, 2**32), replies=st.integers(0, 5))
def test_every_order_shows_each_comment_once(app: Flask, plan: Any, seed: int, replies: int) -> None:
    seen, chance = store(plan), random.Random(seed)
    with reading() as session:
        for sort in SORTS:
            items = [item for page in walk(session, seen, chance, sort=sort, replies=replies) for item in page.items]
            assert [item.id for item in items] == expected_roots(seen, sort), sort
            for item in items:
                assert isinstance(item.replies, list)
                assert len(item.replies) <= replies
                thread = whole_thread(session, item, chance)
                assert [reply.id for reply in thread] == seen.below(item.id)
                known = {item.id}
                for reply in thread:
                    assert reply.parent_id in known, "a prefix of the replies is a whole tree"
                    known.add(reply.id)
                for shown in (item, *thread):
                    is_text = seen.planned(shown.id).state is State.VISIBLE
                    assert (shown.body_html is not None) is is_text
                    assert (shown.state == "visible") is is_text


@generated
@given(plan=plans, seed=st.integers(0, 2**32), asked=st.lists(questions, min_size=6, max_size=6, unique=True))
def test_every_filter_shows_each_match_once(app: Flask, plan: Any, seed: int, asked: list[tuple[str, tuple[Any, ...]]]) -> None:
    seen, chance = store(plan), random.Random(seed)
    with reading() as session:
        for sort, filters in asked:
            check_matches(session, seen, chance, sort, filters, limits=(1, 5))


def test_every_order_with_every_filter(app: Flask) -> None:
    seen, chance = store(random_plan(70, 11)), random.Random(5)
    assert sum(1 for filters in FILTERS[1:] if check_matches(None, seen, chance, "oldest", filters, limits=(50, 50))) > 55
    with reading() as session:
        for sort, filters in product(SORTS, FILTERS[1:]):
            check_matches(session, seen, chance, sort, filters, limits=(3, 50))


def check_matches(
    session: Session | None, seen: Seen, chance: random.Random, sort: str, filters: tuple[Any, ...], *, limits: tuple[int, int]
) -> bool:
    """Walk the matches and compare them with the plain sort; without a session only say whether anything matches."""
    asked = dict(zip(("stance", "tagged", "by", "answered"), filters, strict=True))
    wanted = expected_matches(seen, sort, **asked, me=ME)
    if session is None:
        return bool(wanted)
    viewer = as_viewer(seen, ME) if asked["by"] == "me" else VISITOR
    items = [item for page in walk(session, seen, chance, viewer=viewer, limits=limits, sort=sort, **asked) for item in page.items]
    assert [item.id for item in items] == wanted, (sort, asked)
    for item in items:
        assert isinstance(item.context, list)
        assert [stub.id for stub in item.context] == seen.ancestors(item.id), "all that a match answers, root first"
        assert [stub.excerpt is not None for stub in item.context] == [
            seen.planned(stub.id).state is State.VISIBLE for stub in item.context
        ]
    return bool(wanted)


@settings(generated, max_examples=5)
@given(plan=plans, seed=st.integers(0, 2**32))
def test_what_happens_during_a_walk_repeats_and_hides_nothing_else(app: Flask, plan: Any, seed: int) -> None:
    for sort in SORTS:
        seen, chance = store(plan), random.Random(seed)
        touched: set[int] = set()
        shown: list[int] = []
        cursor = None
        while True:
            with reading() as session:
                page = read_discussion(
                    session,
                    VISITOR,
                    get_article(session, seen.seeded.article_id),
                    ask(sort=sort, limit=chance.randint(1, 3), cursor=cursor),
                )
            shown += [item.id for item in page.items]
            if page.next is None:
                break
            cursor = page.next
            touched |= disturb(seen, chance)
        untouched = [one for one in expected_roots(seen, sort) if one not in touched]
        assert [one for one in shown if one in set(untouched)] == untouched, sort


def disturb(seen: Seen, chance: random.Random) -> set[int]:
    """Post a root and a reply and tag a comment; return the roots that this concerns."""
    visible = [one for one in seen.ids if seen.planned(one).state is State.VISIBLE]
    body = PreparedBody("Meanwhile.", "<p>Meanwhile.</p>\n", 1, "")
    with writing() as session:
        writer = as_viewer(seen, chance.randrange(PEOPLE))
        new = submit(session, writer, seen.seeded.article_id, stance=None, parent_id=None, prepared=body)
        if not visible:
            return {new.id}
        answered, tagged = chance.choice(visible), chance.choice(visible)
        submit(session, writer, seen.seeded.article_id, stance=None, parent_id=answered, prepared=body)
        reader = chance.choice([place for place in range(PEOPLE) if place != seen.planned(tagged).writer])
        put_tag(session, as_viewer(seen, reader), tagged, chance.choice(tuple(Stance)))
        return {new.id} | {[*seen.ancestors(one), one][0] for one in (answered, tagged)}


@pytest.mark.parametrize("sort", SORTS)
def test_equal_scores_are_told_apart_by_id(app: Flask, sort: str) -> None:
    plan = Plan([PlannedComment()] * 9)
    with writing() as session:
        same = store_plan(session, plan)
    with reading() as session:
        seen = Seen(plan, same)
        walked = [item.id for page in walk(session, seen, random.Random(1), limits=(2, 2), sort=sort) for item in page.items]
    rising = sort in ("oldest", "unanswered")
    assert walked == sorted(same.comment_ids, reverse=not rising)
