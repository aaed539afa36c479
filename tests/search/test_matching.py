"""What is found, on both databases and by a naive reading of the same texts: the same comments, in the same order."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text, update

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.actions import ArticleDraft, create_article
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.db.transaction import reading, writing
from forum.moderation.models import CommentRestriction, StatementOfReasons
from forum.search import queries
from forum.search.actions import count_unindexed, rebuild
from forum.search.ranking import score
from forum.search.schemas import SearchOut
from forum.search.steps import search
from forum.search.syntax import Term, parse
from forum.text.render import render
from forum.text.words import fold_html
from tests.conftest import add_account
from tests.search.conftest import MARKS_SINCE, Said, put

pytestmark = pytest.mark.postgresql_slow

WORDS = (
    "dose",
    "Dosé",
    "mice",
    "Größe",
    "grosse",
    "in",
    "vitro",
    "don't",
    "don",
    "t",
    "漢字",
    "漢",
    "x²",
    "e\u0301te\u0301",
    "a-b",
    "!",
    "<b>",
    "&amp;",
)
PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(lambda words: f'"{" ".join(words)}"'),
    st.sampled_from(WORDS).map(lambda word: f"-{word}"),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(lambda words: f'-"{" ".join(words)}"'),
    st.sampled_from(("by:anna", "by:bob", "-by:anna", "by:nobody", "stance:skep", "-stance:agreement", "article:1", "-article:2")),
    st.sampled_from(("after:2026", "after:2026-02-01", "before:2026-02-02", "before:2025", "after:never", "-after:2026-02")),
    st.text(max_size=6),
)
QUERIES = st.lists(PIECES, max_size=4).map(" ".join)
SAID = st.builds(
    Said,
    body=st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join),
    author=st.integers(0, 1),
    article=st.integers(0, 1),
    stance=st.sampled_from((None, Stance.SKEPTICISM, Stance.AGREEMENT)),
    days=st.integers(-40, 60),
    state=st.sampled_from(("visible", "visible", "visible", "removed", "held", "withdrawn")),
)


@pytest.fixture
def world(app: Flask) -> list[int]:
    """Two people and two articles; the ids of the articles."""
    with writing() as session:
        anna, bob = add_account(session, "anna"), add_account(session, "bob")
        made = [create_article(session, DEFAULT_SITE_ID, ArticleDraft(title=f"Number {number}"), author_ids=())[0].id for number in (1, 2)]
        assert (anna.id, bob.id, made) == (1, 2, [1, 2])
    return made


def holds(words: Sequence[str], term: Term) -> bool:
    size = len(term.words)
    return any(tuple(words[start : start + size]) == term.words for start in range(len(words) - size + 1))


def is_met(said: Said, query: str) -> bool:
    """Read the comment itself: the naive way."""
    asked = parse(query)
    words, day = fold_html(render(said.body).html).split(), (MARKS_SINCE + timedelta(days=said.days)).date()
    handle = ("anna", "bob")[said.author]
    return (
        said.state == "visible"
        and all(holds(words, term) for term in asked.terms)
        and not any(holds(words, term) for term in asked.absent)
        and (not asked.people or handle in asked.people)
        and handle not in asked.other_people
        and (not asked.stances or said.stance in asked.stances)
        and said.stance not in asked.other_stances
        and (not asked.articles or str(said.article + 1) in asked.articles)
        and str(said.article + 1) not in asked.other_articles
        and (asked.since is None or day >= asked.since)
        and (asked.until is None or day < asked.until)
    )


def find(query: str, *, limit: int = 50) -> list[int]:
    """Return what is found on all pages."""
    found: list[int] = []
    page: SearchOut | None = None
    while page is None or page.next:
        with reading() as session:
            page = search(session, query, article="", cursor=page.next or "" if page else "", limit=limit)
        found += [item.id for item in page.items]
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(
    said=[Said("dose in mice"), Said("Dosé vitro", state="removed"), Said("")],
    asked=['"dose in"', "-dose", "dosé -vitro", "mice by:anna after:2026"],
)
@given(said=st.lists(SAID, min_size=1, max_size=6), asked=st.lists(QUERIES, min_size=1, max_size=6))
def test_what_is_found_is_what_a_naive_reader_finds(app: Flask, world: list[int], said: list[Said], asked: list[str]) -> None:
    with app.test_request_context():
        with writing() as session:
            ids = [put(session, one) for one in said]
        for query in asked:
            expected = set() if parse(query).is_empty else {known for known, one in zip(ids, said, strict=True) if is_met(one, query)}
            found = find(query)
            assert set(found) == expected, query
            assert len(found) == len(expected)
            wanted = tuple(parse(query).terms)
            bodies = dict(zip(ids, said, strict=True))
            assert found == sorted(found, key=lambda known: (-score(fold_html(render(bodies[known].body).html), wanted), -known))
        with writing() as session:
            for table in (CommentRestriction, StatementOfReasons, Comment):
                session.execute(delete(table))
            assert session.scalar(text("SELECT count(*) FROM comment_words")) == 0


def test_windows_follow_each_other_and_nothing_is_found_twice(app: Flask, world: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    with app.test_request_context():
        with writing() as session:
            ids = [put(session, Said("dose " * (1 + number % 3) + "mice")) for number in range(45)]
        monkeypatch.setattr(queries, "WINDOW", 10)
        found = find("dose", limit=4)
        assert sorted(found) == sorted(ids)
        # Ten at a time, the newest first; within them the best.
        assert set(found[:10]) == set(ids[-10:])
        assert found[0] == max(known for known in ids[-10:] if (known - ids[0]) % 3 == 2)
        monkeypatch.setattr(queries, "LOOKED", 7)
        assert sorted(find("dose", limit=4)) == sorted(ids)
        assert find("nowhere") == []


def test_a_page_stays_where_it_was_while_others_write_and_hide(app: Flask, world: list[int]) -> None:
    with app.test_request_context():
        with writing() as session:
            ids = [put(session, Said("dose")) for _ in range(12)]
        with reading() as session:
            first = search(session, "dose", article="", cursor="", limit=5)
        with writing() as session:
            put(session, Said("dose"))
            session.execute(update(Comment).where(Comment.id == ids[4]).values(state="withdrawn"))
        found = [item.id for item in first.items]
        cursor = first.next
        while cursor:
            with reading() as session:
                page = search(session, "dose", article="", cursor=cursor, limit=5)
            found += [item.id for item in page.items]
            cursor = page.next
        assert found == [known for known in reversed(ids) if known != ids[4]]


@pytest.mark.parametrize("column", ["body_html", "stance", "article_id", "author_id", "published_at"])
def test_whatever_is_changed_is_changed_in_the_index(app: Flask, world: list[int], column: str) -> None:
    changes = {
        "body_html": ("<p>mice</p>", "mice", "dose"),
        "stance": ("agreement", "stance:agreement", "stance:skepticism"),
        "article_id": (2, "article:2", "article:1"),
        "author_id": (2, "by:bob", "by:anna"),
        "published_at": (datetime(2031, 5, 5, tzinfo=UTC), "after:2031", "before:2031"),
    }
    value, after, before = changes[column]
    with app.test_request_context():
        with writing() as session:
            known = put(session, Said("dose", stance=Stance.SKEPTICISM))
        assert (find(before), find(after)) == ([known], [])
        with writing() as session:
            session.execute(update(Comment).where(Comment.id == known).values({column: value}))
        assert (find(before), find(after)) == ([], [known])


def test_a_tally_does_not_touch_the_index(app: Flask, world: list[int]) -> None:
    with writing() as session:
        known = put(session, Said("dose"))
    row = (
        "SELECT xmin FROM comment_words"
        if session.get_bind().dialect.name == "postgresql"
        else "SELECT max(rowid), count(*) FROM comment_words_data"
    )
    with writing() as session:
        before = session.execute(text(row)).all()
        session.execute(
            update(Comment).where(Comment.id == known).values(tag_n=7, score_valued=0.5, state="visible", body_html=Comment.body_html)
        )
        session.flush()
    with reading() as session:
        assert session.execute(text(row)).all() == before


def test_the_index_can_be_compared_and_made_anew(app: Flask, world: list[int]) -> None:
    with app.test_request_context():
        with writing() as session:
            ids = [put(session, Said(f"dose number{number}")) for number in range(5)]
            put(session, Said("dose", state="removed"))
        with reading() as session:
            assert count_unindexed(session) == 0
        with writing() as session:
            key = "comment_id" if session.get_bind().dialect.name == "postgresql" else "rowid"
            session.execute(text(f"DELETE FROM comment_words WHERE {key} = :id"), {"id": ids[0]})
            words = "said" if key == "comment_id" else "words"
            session.execute(text(f"UPDATE comment_words SET {words} = 'other' WHERE {key} = :id"), {"id": ids[1]})
        with reading() as session:
            assert count_unindexed(session) == 2
        rebuild()
        with reading() as session:
            assert count_unindexed(session) == 0
            assert session.scalar(text("SELECT count(*) FROM comment_words")) == session.scalar(
                select(func.count()).select_from(Comment).where(Comment.state == "visible")
            )
        assert sorted(find("dose")) == ids
