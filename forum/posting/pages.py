"""HTML doors of a discussion: read it, comment, reply, edit, withdraw, tag; a comment's permalink and history; a person's page.

Every form works without JavaScript, and a text once typed comes back whatever was wrong with it. The script asks the same addresses.
"""

from collections.abc import Sequence
from itertools import pairwise, takewhile
from typing import Any

from flask import flash, request
from flask_babel import gettext as _
from msgspec import to_builtins

from forum.access.permissions import Permission
from forum.access.table import can
from forum.accounts.errands import ERRANDS, ask_to_sign_in
from forum.accounts.models import Account
from forum.accounts.queries import get_account
from forum.articles.models import Article
from forum.articles.present import present_articles, present_person
from forum.articles.queries import get_article
from forum.comments.models import Comment
from forum.comments.present import is_text_public, present_comment, present_revision
from forum.comments.queries import list_by_writer, list_revisions, lock_place
from forum.comments.schemas import CommentOut, RepliesQuery
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.transaction import writing
from forum.posting import errands
from forum.posting.addresses import address_before, comment_address, discussion_address
from forum.posting.composer import answer_composer, show_answer, show_edit
from forum.posting.difference import find_difference
from forum.posting.discussion import load_article_by_slug, load_comment, read_context, read_discussion, read_mine, read_one, read_replies
from forum.posting.forms import CommentForm, ComposeQuery, DiscussionQuery, EditForm, HistoryQuery, PersonQuery, TagForm
from forum.posting.layout import Marks, arrange, arrange_more, ids_of, marks_of, stub_of, unknown_parents
from forum.posting.order_words import ORDER_WORDS
from forum.posting.prepare import PreparedBody, prepare_body
from forum.posting.queries import ArticleLink, handles_of_writers, links_of_articles, links_of_series
from forum.posting.revise import revise, unwithdraw, withdraw
from forum.posting.submit import submit
from forum.refusals import Kind, Refusal
from forum.stances.actions import put_tag, remove_tag
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form, typed
from forum.web.limits import charge
from forum.web.pages import Page, PageDoors, Redirect

doors = PageDoors("posting")
ERRANDS.update(errands.KINDS)
CHANGES_SHOWN = 10
PERSON_LIMIT = 20

# Reading


@doors.door("GET", "/a/<slug>", Permission.ARTICLE_READ, load=load_article_by_slug, query=DiscussionQuery)
def show_discussion(call: Call[Article, None, DiscussionQuery]) -> Page:
    """Show an article and its discussion."""
    session, article, query = call.session, call.thing, call.query
    page = read_discussion(session, call.viewer, article, query)
    shown = present_articles(session, [article], with_text=True)[0]
    parts = links_of_series(session, article)
    following = discussion_address(shown.page, query, cursor=page.next) + "#discussion" if page.next else None
    context = {
        "article": shown,
        "page": page,
        "threads": [arrange(item, item.replies or ()) for item in page.items],
        "marks": _marks(call, article, ids_of(page)),
        "composer": answer_composer(article, filled_form(stance=query.stand)),
        "parts": parts,
        "former": _former(parts),
        "may_edit": can(call.viewer, Permission.ARTICLE_EDIT, article),
        "query": query,
        "is_filtered": bool(query.stance or query.tagged or query.by or query.answered),
        "orders": ORDER_WORDS,
        "following": following,
    }
    return Page("posting/discussion.html", context)


@doors.door("GET", "/c/<id:comment_id>", Permission.COMMENT_READ, load=load_comment)
def show_comment(call: Call[Comment, None, None]) -> Page:
    """Show a comment with what it answers and what is below it."""
    session = call.session
    article = get_article(session, call.thing.article_id)
    found = read_context(session, call.viewer, call.thing)
    ids = [comment.id for comment in (*found.ancestors[-1:], found.comment, *found.replies)]
    context = {
        "article": present_articles(session, [article])[0],
        "comment": found.comment,
        "above": [stub_of(ancestor) for ancestor in found.ancestors[:-1]],
        "parent": found.ancestors[-1] if found.ancestors else None,
        "thread": arrange(found.comment, found.replies),
        "more": found.more_replies,
        "marks": _marks(call, article, ids),
    }
    return Page("posting/comment.html", context)


@doors.door("GET", "/c/<id:comment_id>/thread", Permission.COMMENT_READ, load=load_comment, query=RepliesQuery)
def show_thread(call: Call[Comment, None, RepliesQuery]) -> Page:
    """Show more of what is below a comment, in the order of writing."""
    session = call.session
    article = get_article(session, call.thing.article_id)
    found = read_replies(session, call.thing, after=call.query.after, limit=call.query.limit)
    context = {
        "article": present_articles(session, [article])[0],
        "comment": read_one(session, call.viewer, call.thing.id),
        "threads": arrange_more(found.items, handles_of_writers(session, unknown_parents(found.items))),
        "more": found.more_replies,
        "marks": _marks(call, article, [comment.id for comment in found.items]),
    }
    return Page("posting/thread.html", context)


@doors.door("GET", "/c/<id:comment_id>/history", Permission.COMMENT_READ, load=load_comment, query=HistoryQuery)
def show_history(call: Call[Comment, None, HistoryQuery]) -> Page:
    """Show the texts that a comment had, and what each edit changed."""
    comment, session = call.thing, call.session
    shown = is_text_public(comment) or (_is_own(call) and comment.state != State.ERASED)
    revisions = [present_revision(revision, shown=shown) for revision in list_revisions(session, comment.id)]
    pairs = [(before, after) for before, after in pairwise(revisions) if call.query.before is None or after.number < call.query.before]
    listed = pairs[-CHANGES_SHOWN:]
    context = {
        "article": present_articles(session, [get_article(session, comment.article_id)])[0],
        "comment": read_one(session, call.viewer, comment.id),
        "first": revisions[0] if revisions and listed == pairs else None,
        "changes": [(before, after, find_difference(before.body_md or "", after.body_md or "")) for before, after in reversed(listed)],
        "earlier": listed[0][1].number if len(pairs) > len(listed) else None,
        "shown": shown,
    }
    return Page("posting/history.html", context)


@doors.door("GET", "/u/<handle>", Permission.PERSON_READ, query=PersonQuery)
def show_person(call: Call[None, None, PersonQuery]) -> Page:
    """Show a person and what they wrote, newest first."""
    account: Account = get_account(call.session, call.path["handle"])
    rows, before = list_by_writer(call.session, account.id, before_id=call.query.before, limit=PERSON_LIMIT)
    context = {
        "person": present_person(account),
        "since": account.created_at,
        "comments": [present_comment(row, ()) for row in rows],
        "articles": links_of_articles(call.session, {comment.article_id for comment, _writer in rows}),
        "is_first": call.query.before is None,
        "following": f"/u/{account.handle}?before={before}" if before else None,
    }
    return Page("posting/person.html", context)


# Writing


@doors.door("GET", "/a/<slug>/comments", Permission.COMMENT_CREATE, load=load_article_by_slug, query=ComposeQuery)
def show_composer(call: Call[Article, None, ComposeQuery]) -> Page:
    """Show the composer of an answer to the article."""
    return show_answer(call.session, call.viewer, call.thing, filled_form(stance=call.query.stand))


def load_discussed(call: AnyCall) -> Article:
    """Load the article of the comment in the address: whether it may be answered is the article's matter. Raises Refusal ``not-found``."""
    return get_article(call.session, load_comment(call).article_id)


@doors.door("GET", "/c/<id:comment_id>/reply", Permission.COMMENT_CREATE, load=load_discussed)
def show_reply(call: Call[Article, None, None]) -> Page:
    """Show the composer of an answer to a comment."""
    return show_answer(call.session, call.viewer, call.thing, filled_form(parent_id=call.path["comment_id"]))


def redisplay_answer(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused answer again; a visitor signs in first and gets it back."""
    article: Article = call.thing
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        errand = errands.pack_text(article.id, body_md=typed("body_md"), stance=typed("stance"), parent_id=typed("parent_id"))
        return ask_to_sign_in(call.session, errand=errand, then=f"/a/{article.slug}")
    return show_answer(call.session, call.viewer, article, refused_form(refusal))


def prepare_answer(call: AnyCall) -> PreparedBody:
    """Check and render the text before the transaction begins; for nobody unknown, since that costs work."""
    _require_account(call)
    return prepare_body(call.body.body_md)


@doors.door(
    "POST",
    "/a/<slug>/comments",
    Permission.COMMENT_CREATE,
    load=load_article_by_slug,
    prepare=prepare_answer,
    body=CommentForm,
    redisplay=redisplay_answer,
)
def create_comment(call: Call[Article, CommentForm, None]) -> Redirect:
    """Post an answer to the article or to a comment of it, and land on it."""
    body = call.body
    comment = submit(call.session, call.viewer, call.thing.id, stance=body.stance, parent_id=body.parent_id, prepared=call.prepared)
    flash(_("Your comment is posted."), f"posted:{comment.id}")
    return Redirect(comment_address(comment.id))


def prepare_preview(call: AnyCall) -> PreparedBody:
    """Charge the preview, then check and render the text."""
    _require_account(call)
    with writing() as session:
        charge(session, "preview_rate", str(call.viewer.account_id))
    return prepare_body(call.body.body_md)


@doors.door(
    "POST",
    "/a/<slug>/preview",
    Permission.COMMENT_PREVIEW,
    load=load_article_by_slug,
    prepare=prepare_preview,
    body=CommentForm,
    redisplay=redisplay_answer,
)
def preview_comment(call: Call[Article, CommentForm, None]) -> Page:
    """Show how an answer will look, with its text in the composer."""
    return show_answer(call.session, call.viewer, call.thing, _sent(call.body), preview=call.prepared.html)


@doors.door("GET", "/c/<id:comment_id>/edit", Permission.COMMENT_EDIT, load=load_comment)
def show_edit_form(call: Call[Comment, None, None]) -> Page:
    """Show the form that changes one's own comment."""
    comment = call.thing
    form = filled_form(body_md=comment.body_md, stance=comment.stance, version=comment.version)
    return show_edit(call.session, call.viewer, comment.id, get_article(call.session, comment.article_id), form)


def redisplay_edit(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused change again; a visitor signs in first and gets it back."""
    comment: Comment = call.thing
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        errand = errands.pack_edit(comment.id, body_md=typed("body_md"), stance=typed("stance"), version=typed("version"))
        return ask_to_sign_in(call.session, errand=errand, then=f"/c/{comment.id}")
    if not _is_own(call):
        raise refusal
    return show_edit(call.session, call.viewer, comment.id, get_article(call.session, comment.article_id), refused_form(refusal))


@doors.door(
    "POST",
    "/c/<id:comment_id>/edit",
    Permission.COMMENT_EDIT,
    load=load_comment,
    prepare=prepare_answer,
    body=EditForm,
    redisplay=redisplay_edit,
)
def edit_comment(call: Call[Comment, EditForm, None]) -> Redirect:
    """Change the text or the stance of one's own comment."""
    comment = lock_place(call.session, call.thing.id).comment
    if comment.version != call.body.version:
        raise Refusal(Kind.STALE_VERSION, "This comment has changed since you opened the form. Compare, then save again.")
    revise(call.session, call.viewer, comment.id, prepared=call.prepared, stance=call.body.stance)
    flash(_("Your change is saved."), f"posted:{comment.id}")
    return Redirect(comment_address(comment.id))


@doors.door(
    "POST",
    "/c/<id:comment_id>/preview",
    Permission.COMMENT_EDIT,
    load=load_comment,
    prepare=prepare_preview,
    body=EditForm,
    redisplay=redisplay_edit,
)
def preview_edit(call: Call[Comment, EditForm, None]) -> Page:
    """Show how a change will look, with its text in the form."""
    article = get_article(call.session, call.thing.article_id)
    return show_edit(call.session, call.viewer, call.thing.id, article, _sent(call.body), preview=call.prepared.html)


def redisplay_withdraw(call: AnyCall, refusal: Refusal) -> Page:
    """Say why a withdrawal or its undoing was refused, with the form to try again."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=f"/c/{call.thing.id}/withdraw")
    if not _is_own(call):
        raise refusal
    return _withdrawal(call, refused_form(refusal))


@doors.door("GET", "/c/<id:comment_id>/withdraw", Permission.COMMENT_WITHDRAW, load=load_comment)
def show_withdrawal(call: Call[Comment, None, None]) -> Page:
    """Ask whether to withdraw one's own comment or, when it is withdrawn, whether to undo that."""
    return _withdrawal(call, Form())


@doors.door("POST", "/c/<id:comment_id>/withdraw", Permission.COMMENT_WITHDRAW, load=load_comment, redisplay=redisplay_withdraw)
def withdraw_comment(call: Call[Comment, None, None]) -> Redirect:
    """Withdraw one's own comment; its place and its replies stay."""
    withdraw(call.session, call.viewer, call.thing.id)
    flash(_("Your comment is withdrawn. You can undo this for some time."))
    return Redirect(comment_address(call.thing.id))


@doors.door("POST", "/c/<id:comment_id>/unwithdraw", Permission.COMMENT_WITHDRAW, load=load_comment, redisplay=redisplay_withdraw)
def undo_withdrawal(call: Call[Comment, None, None]) -> Redirect:
    """Undo the withdrawal of one's own comment."""
    if call.thing.state != State.VISIBLE:
        unwithdraw(call.session, call.viewer, call.thing.id)
        flash(_("Your comment is back."))
    return Redirect(comment_address(call.thing.id))


@doors.door("GET", "/c/<id:comment_id>/tag", Permission.TAG_READ, load=load_comment)
def show_tag(call: Call[Comment, None, None]) -> Page:
    """Show a comment with the form that tags it."""
    return _tagging(call, Form())


def redisplay_tag(call: AnyCall, refusal: Refusal) -> Page:
    """Say why a tag was refused, with the form to try again; a visitor signs in first and the tag is then set."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        chosen = typed("stance") if not typed("remove") else ""
        errand = errands.pack_tag(call.thing.id, Stance(chosen) if chosen in set(Stance) else None)
        return ask_to_sign_in(call.session, errand=errand, then=f"/c/{call.thing.id}")
    return _tagging(call, refused_form(refusal))


@doors.door("POST", "/c/<id:comment_id>/tag", Permission.TAG_SET, load=load_comment, body=TagForm, redisplay=redisplay_tag)
def save_tag(call: Call[Comment, TagForm, None]) -> Page | Redirect:
    """Tag a comment, change one's tag or remove it, and land on the comment."""
    comment_id, wanted = call.thing.id, call.body.wanted
    if wanted is None:
        remove_tag(call.session, call.viewer, comment_id)
    else:
        put_tag(call.session, call.viewer, comment_id, wanted)
    if request.headers.get("X-Requested-With") == "fetch":
        return Page("posting/tag_control.html", _one(call))
    flash(_("Your tag is saved.") if wanted else _("Your tag is removed."))
    return Redirect(address_before(comment_id))


def _require_account(call: AnyCall) -> None:
    if not call.viewer.is_signed_in:
        raise Refusal(Kind.UNAUTHENTICATED, "Please sign in first.")


def _is_own(call: AnyCall) -> bool:
    return call.viewer.is_signed_in and call.thing.author_id == call.viewer.account_id


def _marks(call: AnyCall, article: Article, ids: list[int]) -> Marks:
    mine = read_mine(call.session, call.viewer, article, ids) if call.viewer.is_signed_in else None
    return marks_of(mine, is_open=article.closed_at is None)


def _former(parts: Sequence[ArticleLink]) -> ArticleLink | None:
    before = takewhile(lambda part: not part.is_present, parts)
    return next(iter(reversed(list(before))), None)


def _sent(body: CommentForm | EditForm) -> Form:
    return filled_form(**to_builtins(body))


def _one(call: AnyCall) -> dict[str, Any]:
    article = get_article(call.session, call.thing.article_id)
    comment: CommentOut = read_one(call.session, call.viewer, call.thing.id)
    return {"comment": comment, "marks": _marks(call, article, [comment.id]), "article": present_articles(call.session, [article])[0]}


def _tagging(call: AnyCall, form: Form) -> Page:
    return Page("posting/tag.html", {**_one(call), "form": form})


def _withdrawal(call: AnyCall, form: Form) -> Page:
    return Page("posting/withdraw.html", {**_one(call), "form": form})
