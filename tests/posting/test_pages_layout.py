"""The layout of a discussion: every comment once, below what it answers, indented four levels at most."""

from collections.abc import Iterator
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from forum.accounts.schemas import PersonOut
from forum.articles.schemas import Tally
from forum.comments.schemas import CommentOut, MarkOut, MineOut
from forum.comments.stance import Stance
from forum.posting.layout import INDENTED_LEVELS, Node, arrange, arrange_more, marks_of, unknown_parents

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def comment(comment_id: int, parent_id: int | None = None, *, state: str = "visible") -> CommentOut:
    person = None if state == "erased" else PersonOut(f"writer{comment_id}", "Writer", "", False)
    return CommentOut(
        id=comment_id,
        article_id=1,
        root_id=1,
        parent_id=parent_id,
        depth=0 if parent_id is None else 1,
        state=state,
        version=1,
        author=person,
        stance=None,
        body_md="",
        body_html="",
        created_at=MOMENT,
        published_at=MOMENT,
        edited_at=None,
        tally=Tally(),
        reply_count=0,
        author_replied=False,
        author_reply_id=None,
        thanked=False,
        pinned=False,
        featured=None,
        locked=False,
        notice=None,
        restriction=None,
        url=f"/c/{comment_id}",
    )


def walk(nodes: list[Node], depth: int = 0) -> Iterator[tuple[Node, int]]:
    for node in nodes:
        yield node, depth
        yield from walk(node.replies, depth + 1)


@st.composite
def threads(draw: st.DrawFn) -> list[CommentOut]:
    """A root and replies in id order, each to any comment before it."""
    parents = draw(st.lists(st.integers(min_value=0, max_value=10**6), max_size=40))
    made = [comment(1)]
    for place, chosen in enumerate(parents):
        made.append(comment(place + 2, made[chosen % len(made)].id))
    return made


@given(threads())
def test_every_comment_stands_once_below_what_it_answers(thread: list[CommentOut]) -> None:
    root = arrange(thread[0], thread[1:])
    placed = list(walk([root]))
    assert sorted(node.comment.id for node, _ in placed) == [one.id for one in thread]
    for node, depth in placed:
        assert node.level == depth <= INDENTED_LEVELS
        for reply in node.replies:
            # Indentation shows it, or a line names it; and a line never names what indentation shows.
            assert reply.named == (reply.comment.parent_id != node.comment.id)
            assert reply.answers == f"writer{reply.comment.parent_id}"
    for node, _ in placed:
        ids = [reply.comment.id for reply in node.replies]
        assert ids == sorted(ids), "replies read forward"


@given(threads(), st.integers(min_value=0, max_value=40))
def test_the_rest_of_a_thread_names_what_stands_on_an_earlier_page(thread: list[CommentOut], seen: int) -> None:
    rest = thread[1:][seen:]
    known = unknown_parents(rest)
    assert known <= {one.id for one in thread} - {one.id for one in rest}
    nodes = arrange_more(rest, {comment_id: f"writer{comment_id}" for comment_id in known})
    placed = [node for node, _ in walk(nodes)]
    assert sorted(node.comment.id for node in placed) == [one.id for one in rest]
    for node in placed:
        if node.comment.parent_id in known:
            assert node.named
            assert node.answers == f"writer{node.comment.parent_id}"


def test_an_erased_writer_is_not_named() -> None:
    root = arrange(comment(1, state="erased"), [comment(2, 1)])
    assert root.replies[0].answers is None


def test_a_visitor_is_offered_what_an_account_could_do() -> None:
    marks = marks_of(None, is_open=True)
    assert set(marks.at(comment(1)).can) == {"reply", "tag", "report"}
    assert set(marks_of(None, is_open=False).at(comment(1)).can) == {"tag", "report"}
    assert set(marks_of(None, is_open=True, locked={1}).at(comment(1)).can) == {"tag", "report"}
    assert not marks.at(comment(1, state="withdrawn")).can


def test_an_account_is_offered_what_it_may() -> None:
    marks = marks_of(MineOut([MarkOut(1, Stance.SKEPTICISM, ["tag"])], []), is_open=True)
    assert marks.at(comment(1)).my_tag is Stance.SKEPTICISM
    assert marks.at(comment(1)).can == ["tag"]
    assert not marks.at(comment(2)).can
    assert marks.at(comment(2)).my_tag is None
