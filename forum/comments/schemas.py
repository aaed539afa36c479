"""JSON shapes of comments and of a page of a discussion; pages are filled from the same structures."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from forum.accounts.schemas import PersonOut
from forum.articles.schemas import Closed, Tally
from forum.comments.stance import Stance
from forum.text.limits import BODY_MAX

# One character more than a rule allows: the rule answers with its own sentence, and this bound keeps far larger texts out.
Body = Annotated[str, Meta(max_length=BODY_MAX * 10)]
RowId = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Sort = Literal["oldest", "newest", "active", "most_tagged", "most_valued", "most_contested", "unanswered"]


class Restriction(msgspec.Struct, frozen=True):
    """Why a text is hidden: ``by`` a moderator or a rule, the reason's code, the decision's id, and where the public log has it."""

    by: str
    reason: str
    decision_id: int
    url: str


class CommentOut(msgspec.Struct, frozen=True):
    """A comment as everybody gets it. Texts and stance are null in every state whose text the caller may not see; ``author`` is null once erased.

    ``stance`` is what the writer thinks of what the comment answers; ``tally`` counts the readers' tags. ``reply_count``: visible direct replies.
    ``author_replied``: an author of the article has answered somewhere below; ``author_reply_id``: in a root, the first such reply of the thread.
    ``thanked``: an author has thanked for it.
    ``published_at`` is when everybody could read it first, null before; ``restriction`` stands in ``screened`` and ``removed`` only; ``notice`` is a moderator's line.
    """

    id: int
    article_id: int
    root_id: int
    parent_id: int | None
    depth: int
    state: str
    version: int
    author: PersonOut | None
    stance: Stance | None
    body_md: str | None
    body_html: str | None
    created_at: datetime
    published_at: datetime | None
    edited_at: datetime | None
    tally: Tally
    reply_count: int
    author_replied: bool
    author_reply_id: int | None
    thanked: bool
    pinned: bool
    featured: str | None
    locked: bool
    notice: str | None
    restriction: Restriction | None
    url: str


class MoreReplies(msgspec.Struct, frozen=True):
    """How many more comments a thread has, and the id to pass as ``after`` to go on."""

    count: int
    after: int


class Stub(msgspec.Struct, frozen=True):
    """One line for a comment above a match: ``excerpt`` is the first 140 characters of its text, null when the text is not shown."""

    id: int
    author: PersonOut | None
    stance: Stance | None
    excerpt: str | None
    state: str
    url: str


class ItemOut(CommentOut, frozen=True, kw_only=True, omit_defaults=True):
    """An item of a discussion's page. Without a filter: a root with ``replies``, the thread's size and tags. With one: a match with its ``context``."""

    replies: list[CommentOut] | UnsetType = UNSET
    more_replies: MoreReplies | None | UnsetType = UNSET
    thread_count: int | UnsetType = UNSET
    thread_tags: Tally | UnsetType = UNSET
    context: list[Stub] | UnsetType = UNSET


class ArticleHead(msgspec.Struct, frozen=True):
    """What a page of a discussion says of its article; the writers' stances and the readers' tags are never added together."""

    id: int
    comment_count: int
    version: int
    closed: Closed | None
    stances: Tally
    tags: Tally


class ThreadPageOut(msgspec.Struct, frozen=True):
    """A page of a discussion; ``next`` is the cursor of the following one, or null."""

    article: ArticleHead
    sort: str
    items: list[ItemOut]
    next: str | None


class RepliesOut(msgspec.Struct, frozen=True):
    """More of a thread, in id order; ``next`` is the ``after`` of the following page, or null."""

    items: list[CommentOut]
    more_replies: MoreReplies | None
    next: int | None


class ContextOut(msgspec.Struct, frozen=True):
    """A comment, what it answers (root first) and what is below it."""

    comment: CommentOut
    ancestors: list[CommentOut]
    replies: list[CommentOut]
    more_replies: MoreReplies | None


class RevisionOut(msgspec.Struct, frozen=True):
    """One text that a comment had; number 1 is the first. ``state``: accepted, redacted (kept from readers) or, for its writer, held, declined, replaced."""

    number: int
    body_md: str | None
    stance: Stance | None
    created_at: datetime
    state: str


class RevisionsOut(msgspec.Struct, frozen=True):
    """A comment's texts, oldest first."""

    items: list[RevisionOut]


class MarkOut(msgspec.Struct, frozen=True):
    """What is the caller's own at one comment: the tag, and what may be done now (reply, tag, report, edit, withdraw, unwithdraw)."""

    id: int
    my_tag: Stance | None
    can: list[str]


class MineOut(msgspec.Struct, frozen=True):
    """The caller's own marks on a page of comments, and the caller's comments here that others cannot read now."""

    items: list[MarkOut]
    own: list[CommentOut]


# What a please-reconsider answer gives out.
Token = Annotated[str, Meta(max_length=400)]


class CommentIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new comment: a root without ``parent_id``, else a reply. ``reconsidered`` is the token of a please-reconsider answer."""

    body_md: Body
    parent_id: RowId | None = None
    stance: Stance | None = None
    reconsidered: Token | None = None


class CommentPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change of a comment; what is left out stays, a null stance removes it. ``reconsidered`` is the token of a please-reconsider answer."""

    body_md: Body | UnsetType = UNSET
    stance: Stance | None | UnsetType = UNSET
    reconsidered: Token | None = None


class ThreadQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The order, filters, place and length of a page of a discussion."""

    sort: Sort = "oldest"
    stance: Stance | None = None
    tagged: Stance | None = None
    by: Literal["author", "verified", "me"] | None = None
    answered: Literal["no"] | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 20
    replies: Annotated[int, Meta(ge=0, le=50)] = 10
    cursor: Annotated[str, Meta(max_length=1000)] | None = None


class RepliesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go on in a thread, and how far."""

    after: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, Meta(ge=1, le=50)] = 50


class MineQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ids of a page's comments, separated by commas; at most 500."""

    ids: Annotated[str, Meta(max_length=10_000, pattern=r"^[0-9]{1,18}(,[0-9]{1,18}){0,499}$")]
