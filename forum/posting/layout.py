"""How a discussion is laid out on a page: a flat list of replies becomes nested ones, indented so far and no further.

The rule: every comment is placed exactly once, below what it answers where the page shows that, else with a line that names it.
Called by ``pages``; macros/comments.html draws what is returned.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from forum.comments.schemas import CommentOut, MarkOut, MineOut, Stub, ThreadPageOut
from forum.comments.states import State
from forum.text.excerpt import excerpt

INDENTED_LEVELS = 4
NO_MARK = MarkOut(0, None, [])
VISITORS_MARK, VISITORS_MARK_WHEN_CLOSED = MarkOut(0, None, ["reply", "tag", "report"]), MarkOut(0, None, ["tag", "report"])


@dataclass
class Node:
    """A comment in its place. ``answers`` is the handle of whom it answers; ``named``: indentation does not show it, a line must."""

    comment: CommentOut
    level: int = 0
    answers: str | None = None
    named: bool = False
    replies: list["Node"] = field(default_factory=list)


@dataclass(frozen=True)
class Marks:
    """The viewer's own marks at each comment of a page. A visitor is offered what an account could do: it leads to the sign-in.

    ``own`` are the viewer's comments here that others cannot read; ``locked`` the ids of those comments whose branch takes no new replies.
    """

    by_id: Mapping[int, MarkOut]
    signed_in: bool
    is_open: bool
    own: Sequence[CommentOut] = ()
    locked: Collection[int] = ()

    def at(self, comment: CommentOut) -> MarkOut:
        """Return what is the viewer's at a comment: the tag, and what is offered (reply, tag, edit, withdraw, unwithdraw, report)."""
        if self.signed_in:
            mark = self.by_id.get(comment.id, NO_MARK)
        elif comment.state != State.VISIBLE:
            mark = NO_MARK
        else:
            mark = VISITORS_MARK if self.is_open else VISITORS_MARK_WHEN_CLOSED
        if comment.id in self.locked:
            return MarkOut(mark.id, mark.my_tag, [event for event in mark.can if event != "reply"])
        return mark

    def revealed(self, comments: Iterable[CommentOut]) -> list[CommentOut]:
        """Return the comments as this viewer may see them: one's own with its text also where others see a tombstone."""
        own = {comment.id: comment for comment in self.own}
        return [own.get(comment.id, comment) for comment in comments]

    @property
    def unlisted(self) -> list[CommentOut]:
        """One's own comments that have no place in the listing, since they were never public."""
        return [comment for comment in self.own if comment.published_at is None]


def marks_of(mine: MineOut | None, *, is_open: bool, locked: Collection[int] = ()) -> Marks:
    """Return the marks of a page; ``mine`` is None for a visitor."""
    if mine is None:
        return Marks({}, False, is_open, locked=locked)
    return Marks({mark.id: mark for mark in mine.items}, True, is_open, mine.own, locked)


def find_locked(comments: Iterable[CommentOut], *, is_locked_above: bool = False) -> frozenset[int]:
    """Return the ids of the comments that stand in a locked branch, as far as these comments show; ``is_locked_above``: all of them do."""
    locked: set[int] = set()
    for comment in sorted(comments, key=lambda comment: comment.id):
        if is_locked_above or comment.locked or comment.parent_id in locked:
            locked.add(comment.id)
    return frozenset(locked)


def arrange(top: CommentOut, replies: Sequence[CommentOut]) -> Node:
    """Return ``top`` with its replies (in id order) nested below it."""
    node = Node(top)
    _hang(replies, {top.id: node}, node.replies, {})
    return node


def arrange_more(replies: Sequence[CommentOut], handles: Mapping[int, str]) -> list[Node]:
    """Return more of a thread: replies to comments of this page nested, the others named after ``handles`` (comment id → writer)."""
    found: list[Node] = []
    _hang(replies, {}, found, handles)
    return found


def unknown_parents(replies: Sequence[CommentOut]) -> set[int]:
    """Return the ids of the comments that are answered here but not among ``replies``."""
    return {reply.parent_id for reply in replies if reply.parent_id is not None} - {reply.id for reply in replies}


def comments_of(page: ThreadPageOut) -> list[CommentOut]:
    """Return every comment that a page shows in full."""
    return [comment for item in page.items for comment in (item, *(item.replies or ()))]


def stub_of(comment: CommentOut) -> Stub:
    """Return one line for a comment that stands above what a page is about."""
    return Stub(
        comment.id, comment.author, comment.stance, excerpt(comment.body_html) if comment.body_html else None, comment.state, comment.url
    )


def _hang(replies: Collection[CommentOut], known: dict[int, Node], top: list[Node], handles: Mapping[int, str]) -> None:
    # A parent's id is smaller than its replies', so in id order it is always there first.
    lists: dict[int, list[Node]] = {}
    for reply in replies:
        parent = known.get(reply.parent_id or 0)
        if parent is None:
            node, home = Node(reply, 1, handles.get(reply.parent_id or 0), named=True), top
        elif parent.level < INDENTED_LEVELS:
            node, home = Node(reply, parent.level + 1, _handle(parent.comment)), parent.replies
        else:
            node, home = Node(reply, INDENTED_LEVELS, _handle(parent.comment), named=True), lists[parent.comment.id]
        home.append(node)
        known[reply.id], lists[reply.id] = node, home


def _handle(comment: CommentOut) -> str | None:
    # A guest's handle is made up and leads nowhere.
    return comment.author.handle if comment.author and not comment.author.is_guest else None
