"""HTML doors that read: a discussion, a comment's permalink, more of a thread, a comment's history, a person's page.

What is shown comes from the same structures that the API answers with; what is the viewer's own stands in ``Marks`` and ``Standing``.
"""

from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.predicates import is_writer
from forum.access.table import can
from forum.access.viewer import Viewer
from forum.accounts.models import Account
from forum.accounts.queries import get_member
from forum.articles.models import Article
from forum.articles.present import present_articles, present_person
from forum.articles.queries import get_article
from forum.comments.models import Comment
from forum.comments.present import is_text_public, present_comment, present_revision
from forum.comments.queries import get_comment, is_locked, list_by_writer, list_revisions
from forum.comments.schemas import RepliesQuery
from forum.comments.states import State
from forum.posting.addresses import discussion_address, oembed_address
from forum.posting.composer import Draft, answer_composer, restrain
from forum.posting.discussion import load_article_by_slug, load_comment, read_context, read_discussion, read_marks, read_one, read_replies
from forum.posting.forms import DiscussionQuery, HistoryQuery, PersonQuery
from forum.posting.history import changes_of
from forum.posting.keeping import Shown, keep_discussion
from forum.posting.layout import arrange, arrange_more, comments_of, stub_of, unknown_parents
from forum.posting.order_words import ORDER_WORDS
from forum.posting.queries import handles_of_writers, links_of_articles
from forum.posting.replicas import version_around_comment, versions_of_part
from forum.posting.series_queries import Threads, find_continuations, list_later_parts, read_parts, read_threads
from forum.posting.stance_map_drawing import DrawnMap, draw_map
from forum.posting.stance_map_queries import FOLDED_EXCERPT, MOST_FOLDED, read_map
from forum.posting.standing import read_standing
from forum.posting.structured import describe
from forum.web.doors import Call
from forum.web.forms import filled_form
from forum.web.framing import is_framed
from forum.web.keeping import leave_holes
from forum.web.lagging import may_lag
from forum.web.pages import Page, PageDoors

doors = PageDoors("reading")
CHANGES_SHOWN = 10
PERSON_LIMIT = 20
# Characters of comments that search engines get in the page's data, besides the comments themselves: readers pay for them. A permalink has the comment whole.
DESCRIBED_IN_DISCUSSION, DESCRIBED_AT_COMMENT = 4_000, 30_000


@doors.door(
    "GET",
    "/a/<slug>",
    Permission.ARTICLE_READ,
    load=load_article_by_slug,
    query=DiscussionQuery,
    framed=True,
    kept=True,
    lags=versions_of_part,
)
def show_discussion(call: Call[Article, None, DiscussionQuery]) -> Page:
    """Show an article and its discussion."""
    session, article, query = call.session, call.thing, call.query
    # Before anything else of the other parts: what is kept must not say that it shows a newer state of them than it does.
    parts, is_filtered = read_parts(session, article), bool(query.stance or query.tagged or query.by or query.answered)
    page = read_discussion(session, call.viewer, article, query)
    marks = read_marks(session, call.viewer, article, comments_of(page))
    shown = present_articles(session, [article], with_text=True)[0]
    composer = restrain(session, call.viewer, article, answer_composer(article, Draft(filled_form(stance=query.stand))))
    following = discussion_address(shown.page, query, cursor=page.next) + "#discussion" if page.next else None
    context = {
        "article": shown,
        "page": page,
        "threads": [arrange(marks.revealed([item])[0], marks.revealed(item.replies or ())) for item in page.items],
        "marks": marks,
        "composer": composer,
        "parts": parts,
        "elsewhere": Threads() if is_filtered else read_threads(session, article, parts, roots=[item.id for item in page.items]),
        "may_edit": can(call.viewer, Permission.ARTICLE_EDIT, article),
        "query": query,
        "is_filtered": is_filtered,
        "orders": ORDER_WORDS,
        "following": following,
        "oembed": oembed_address(shown.page),
        "data": "",
        "map": None if is_filtered or query.cursor else _folded_map(session, article),
    }
    if not (is_framed() or call.viewer.is_signed_in) and query == DiscussionQuery():
        # Other orders and later pages name this one as the page that counts.
        context["data"] = describe(shown, comments_of(page), most=DESCRIBED_IN_DISCUSSION)
    kept = keep_discussion(call.viewer, article, Shown(shown, page, marks, composer, query, parts.before))
    if kept is not None and kept.reader is not None:
        context["viewer"] = leave_holes(call.viewer)
    return Page("posting/discussion.html", context, kept=kept)


@doors.door("GET", "/c/<id:comment_id>", Permission.COMMENT_READ, load=load_comment, framed=True, lags=version_around_comment)
def show_comment(call: Call[Comment, None, None]) -> Page:
    """Show a comment with what it answers and what is below it."""
    session, viewer = call.session, call.viewer
    article = get_article(session, call.thing.article_id)
    found = read_context(session, viewer, call.thing)
    shown = [*found.ancestors[-1:], found.comment, *found.replies]
    marks = read_marks(session, viewer, article, shown, is_locked_above=any(above.locked for above in found.ancestors))
    own = is_writer(viewer, call.thing)
    about = present_articles(session, [article], with_text=True)[0]
    context = {
        "article": about,
        "comment": found.comment,
        "above": [stub_of(ancestor) for ancestor in found.ancestors[:-1]],
        "parent": marks.revealed(found.ancestors[-1:])[0] if found.ancestors else None,
        "thread": arrange(found.comment, marks.revealed(found.replies)),
        "more": found.more_replies,
        "marks": marks,
        "standing": read_standing(session, viewer, call.thing),
        "continued": find_continuations(session, article, [call.thing.id]).get(call.thing.id) if call.thing.depth == 0 else None,
        "may_continue": _may_continue(viewer, article, call),
        "may_mark": (call.thing.state == State.VISIBLE or call.thing.lead > 0) and can(viewer, Permission.COMMENT_MARK, article),
        "may_review": not own and can(viewer, Permission.ITEM_OPEN, call.thing),
        "oembed": oembed_address(found.comment.url) if is_text_public(call.thing) else "",
        "data": "",
    }
    if not (is_framed() or viewer.is_signed_in):
        context["data"] = describe(about, [*found.ancestors, found.comment, *found.replies], most=DESCRIBED_AT_COMMENT)
    return Page("posting/comment.html", context)


@doors.door(
    "GET",
    "/c/<id:comment_id>/thread",
    Permission.COMMENT_READ,
    load=load_comment,
    query=RepliesQuery,
    framed=True,
    lags=version_around_comment,
)
def show_thread(call: Call[Comment, None, RepliesQuery]) -> Page:
    """Show more of what is below a comment, in the order of writing."""
    session, comment = call.session, call.thing
    article = get_article(session, comment.article_id)
    found = read_replies(session, comment, after=call.query.after, limit=call.query.limit)
    locked = is_locked(session, comment, get_comment(session, comment.root_id or comment.id))
    marks = read_marks(session, call.viewer, article, found.items, is_locked_above=locked)
    context = {
        "article": present_articles(session, [article])[0],
        "comment": read_one(session, call.viewer, comment.id),
        "threads": arrange_more(marks.revealed(found.items), handles_of_writers(session, unknown_parents(found.items))),
        "more": found.more_replies,
        "marks": marks,
    }
    return Page("posting/thread.html", context)


@doors.door(
    "GET",
    "/c/<id:comment_id>/history",
    Permission.COMMENT_READ,
    load=load_comment,
    query=HistoryQuery,
    framed=True,
    lags=version_around_comment,
)
def show_history(call: Call[Comment, None, HistoryQuery]) -> Page:
    """Show the texts that a comment had, and what each edit changed; to its writer also those that readers did not see."""
    comment, session = call.thing, call.session
    own = is_writer(call.viewer, comment) and comment.state != State.ERASED
    shown = is_text_public(comment) or own
    revisions = [present_revision(revision, shown=shown) for revision in list_revisions(session, comment.id, everything=own)]
    changes = [change for change in changes_of(revisions) if call.query.before is None or change.revision.number < call.query.before]
    listed = changes[-CHANGES_SHOWN:]
    context = {
        "article": present_articles(session, [get_article(session, comment.article_id)])[0],
        "comment": read_one(session, call.viewer, comment.id),
        "changes": listed[::-1],
        "earlier": listed[0].revision.number if len(changes) > len(listed) else None,
        "shown": shown,
    }
    return Page("posting/history.html", context)


@doors.door("GET", "/u/<handle>", Permission.PERSON_READ, query=PersonQuery, lags=may_lag)
def show_person(call: Call[None, None, PersonQuery]) -> Page:
    """Show a person and what they wrote, newest first."""
    account: Account = get_member(call.session, call.path["handle"])
    rows, before = list_by_writer(call.session, account.id, before_id=call.query.before, limit=PERSON_LIMIT)
    context = {
        "person": present_person(account),
        "since": account.created_at,
        "writes_articles": account.id if account.is_author else 0,
        "comments": [present_comment(row, ()) for row in rows],
        "articles": links_of_articles(call.session, {comment.article_id for comment, _writer in rows}),
        "is_first": call.query.before is None,
        "following": f"/u/{account.handle}?before={before}" if before else None,
    }
    return Page("posting/person.html", context)


def _folded_map(session: Session, article: Article) -> DrawnMap | None:
    """Return the map that stands folded above the threads, where there are threads to compare."""
    drawn = draw_map(read_map(session, article, most=MOST_FOLDED, length=FOLDED_EXCERPT))
    return drawn if drawn.is_worth_folding else None


def _may_continue(viewer: Viewer, article: Article, call: Call[Comment, None, None]) -> bool:
    """Whether the viewer could say that a later part answers this thread."""
    is_thread = call.thing.depth == 0 and call.thing.state == State.VISIBLE
    if not is_thread or viewer.account_id is None or not can(viewer, Permission.COMMENT_CONTINUE, article):
        return False
    return bool(list_later_parts(call.session, article, viewer.account_id))
