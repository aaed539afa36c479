"""The order in which comments are brought in, and what becomes of hostile or broken trees."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.transfer.records import ArticleState, CommentState, ImportedArticle, ImportedComment, ImportedPerson, Kind
from forum.transfer.report import Report
from forum.transfer.scratch import BODY_LIMIT, Planned, Scratch

NOW = datetime(2020, 1, 1, tzinfo=UTC)
ANNA = ImportedPerson("name:anna", "Anna")


def article(external_id: str = "a", *, state: ArticleState = ArticleState.PUBLISHED) -> ImportedArticle:
    return ImportedArticle(external_id, f"https://host.example/{external_id}", external_id, NOW - timedelta(days=900), False, state, 1)


def comment(
    external_id: str,
    parent: str | None = None,
    *,
    minute: int | None = 0,
    state: CommentState = CommentState.VISIBLE,
    article: str = "a",
    body: str = "<p>x</p>",
) -> ImportedComment:
    created_at = None if minute is None else NOW - timedelta(days=30) + timedelta(minutes=minute)
    return ImportedComment(external_id, article, parent, ANNA, created_at, body, state, 1)


def arrange(*records: ImportedArticle | ImportedComment, size: int = 3) -> tuple[list[Planned], Report]:
    report = Report("test", "test.xml", dry_run=True)
    with Scratch(report, NOW) as scratch:
        for record in records:
            scratch.add(record)
        count = scratch.arrange()
        planned = [found for batch in scratch.batches(size) for found in batch]
        assert len(planned) == count
    left_out = sum(reason.count for (kind, _), reason in report.left_out.items() if kind is Kind.COMMENT)
    assert report.comments.in_file == len(planned) + left_out
    return planned, report


def ids(planned: list[Planned]) -> list[str]:
    return [found.external_id for found in planned]


def test_parents_come_first_whatever_the_order_of_the_file() -> None:
    planned, _ = arrange(comment("3", "2"), comment("2", "1"), comment("1"), comment("4", "2"), article())
    assert ids(planned)[0] == "1"
    assert ids(planned).index("2") < ids(planned).index("3")
    assert {found.external_id: found.parent_external_id for found in planned} == {"1": None, "2": "1", "3": "2", "4": "2"}


def test_ids_follow_time_but_a_reply_never_precedes_what_it_answers() -> None:
    planned, _ = arrange(
        article(), comment("late", minute=9), comment("early", minute=1), comment("reply", "late", minute=0), comment("mid", minute=5)
    )
    assert ids(planned) == ["early", "mid", "late", "reply"]
    assert planned[-1].created_at < planned[-2].created_at


def test_a_deleted_comment_keeps_its_place_only_for_replies_that_stay() -> None:
    gone = CommentState.DELETED
    planned, report = arrange(
        *(
            article(),
            comment("kept", state=gone),
            comment("between", "kept", state=CommentState.SPAM, minute=1),
            comment("reply", "between", minute=2),
        ),
        *(comment("alone", state=gone), comment("hidden", "alone", state=CommentState.HELD)),
    )
    assert [(found.external_id, found.is_placeholder, found.body_html) for found in planned] == [
        ("kept", True, ""),
        ("between", True, ""),
        ("reply", False, "<p>x</p>"),
    ]
    assert {why: reason.count for (_, why), reason in report.left_out.items()} == {
        "it was deleted there": 1,
        "it waits for approval there: approve it and import again": 1,
    }
    assert sum(reason.count for reason in report.changed.values()) == 2


def test_orphans_stand_at_the_top_and_are_reported() -> None:
    planned, report = arrange(
        article(), article("b"), comment("1", "nowhere"), comment("2", "3"), comment("3", article="b"), comment("4", "4")
    )
    assert all(found.parent_external_id is None for found in planned)
    (reason,) = report.changed.values()
    assert reason.count == 3
    assert [external_id for external_id, _ in reason.samples] == ["1", "2", "4"]


def test_circles_begin_with_their_first_comment_in_the_file() -> None:
    planned, report = arrange(
        article(), comment("tail", "a"), comment("b", "a"), comment("a", "c"), comment("c", "b"), comment("d", "e"), comment("e", "d")
    )
    parents = {found.external_id: found.parent_external_id for found in planned}
    assert parents == {"b": None, "c": "b", "a": "c", "tail": "a", "d": None, "e": "d"}
    assert [sample[0] for reason in report.changed.values() for sample in reason.samples] == ["b", "d"]


def test_double_ids_empty_and_oversized_texts_and_lost_articles_are_left_out_with_reasons() -> None:
    planned, report = arrange(
        *(article(), article(), article("secret", state=ArticleState.UNPUBLISHED), article("silent")),
        *(
            comment("1", body="<p>first</p>"),
            comment("1", body="<p>second</p>"),
            comment("2", body=" \n"),
            comment("3", body="x" * (BODY_LIMIT + 1)),
        ),
        *(comment("4", article="secret"), comment("5", article="lost")),
    )
    assert [found.body_html for found in planned] == ["<p>first</p>"]
    assert {why: reason.count for (kind, why), reason in report.left_out.items() if kind is Kind.COMMENT} == {
        "its id stands twice in the file: the first one is taken": 1,
        "it has no text": 1,
        "it is longer than 100,000 characters": 1,
        "its article is left out: it is not public there": 1,
        "its article is not in the file": 1,
    }
    assert {why: reason.count for (kind, why), reason in report.left_out.items() if kind is Kind.ARTICLE} == {
        "its id stands twice in the file: the first one is taken": 1,
        "it is not public there": 1,
        "nobody commented on it": 1,
    }


def test_dates_in_the_future_and_missing_ones() -> None:
    planned, report = arrange(article(), comment("future", minute=10**6), comment("none", minute=None))
    assert {found.external_id: found.created_at for found in planned} == {"future": NOW, "none": NOW - timedelta(days=900)}
    assert [why for _, why in report.changed] == ["it is dated in the future: the time of the import is used"]


@pytest.mark.parametrize("depth", [10_000])
def test_a_chain_of_replies_has_no_limit(depth: int) -> None:
    chain = [comment(str(n), str(n - 1) if n else None, minute=n % 7) for n in range(depth)]
    planned, _ = arrange(article(), *reversed(chain), size=1000)
    assert ids(planned) == [str(n) for n in range(depth)]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(-3, 12), st.integers(0, 5), st.sampled_from(list(CommentState))), max_size=14))
def test_any_tangle_becomes_a_forest_with_every_visible_comment_once(rows: list[tuple[int, int, int, CommentState]]) -> None:
    records = [comment(str(n), str(parent) if parent >= 0 else None, minute=minute, state=state) for n, parent, minute, state in rows]
    planned, _ = arrange(article(), *records)
    firsts = {record.external_id: record for record in reversed(records)}
    visible = {external_id for external_id, record in firsts.items() if record.state is CommentState.VISIBLE}
    assert visible == {found.external_id for found in planned if not found.is_placeholder}
    seen: set[str] = set()
    for found in planned:
        assert found.external_id not in seen
        assert found.parent_external_id is None or found.parent_external_id in seen
        seen.add(found.external_id)
    answered = {found.parent_external_id for found in planned}
    assert all(found.external_id in answered for found in planned if found.is_placeholder)
    assert all(found.is_answered == (found.external_id in answered) for found in planned)
