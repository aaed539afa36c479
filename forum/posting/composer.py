"""What the composer shows: what is answered, the words typed so far, why they were refused, how they will look.

The rule: a text once typed stands in the composer whatever became of it. Called by ``pages`` and, after signing in, by ``errands``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.articles.models import Article
from forum.articles.present import present_articles
from forum.articles.queries import get_site
from forum.comments.queries import find_row, get_comment
from forum.comments.schemas import CommentOut
from forum.comments.states import State
from forum.posting.discussion import read_one
from forum.posting.nudge import Nudge
from forum.posting.restraint import Restraint, read_restraints
from forum.posting.standing import read_standing
from forum.refusals import Kind
from forum.web.forms import Form
from forum.web.pages import Page


@dataclass(frozen=True)
class Draft:
    """What stands in a composer: the form, its preview (safe HTML) where one was asked for, and what its writer is asked to reconsider, if anything."""

    form: Form
    preview: str | None = None
    nudge: Nudge | None = None


@dataclass(frozen=True)
class Composer:
    """A composer's form. ``purpose`` is "article", "reply", "edit" or, for what was removed, "resubmit"; ``preview`` is safe HTML, or None.

    ``restraints``: what its writer's account is restricted by; where one of them stops it, there is no form. ``guest_action``: where a visitor can send it
    without an account, empty where the site takes no guests.
    """

    purpose: str
    action: str
    preview_action: str
    form: Form
    parent: CommentOut | None = None
    preview: str | None = None
    is_open: bool = True
    version: str = ""
    nudge: Nudge | None = None
    restraints: Sequence[Restraint] = ()
    guest_action: str = ""

    @property
    def is_stopped(self) -> bool:
        """Whether its writer's account may not post at present."""
        return any(restraint.stops for restraint in self.restraints)


def answer_composer(article: Article, draft: Draft, *, parent: CommentOut | None = None) -> Composer:
    """Return the composer of an answer to an article or, with ``parent``, to a comment of it."""
    page = f"/a/{article.slug}"
    # A thread may be locked while the discussion is open: what was refused as closed is not offered again.
    is_open = article.closed_at is None and draft.form.kind != Kind.CLOSED
    purpose = "reply" if parent else "article"
    return Composer(purpose, f"{page}/comments", f"{page}/preview", draft.form, parent, draft.preview, is_open, nudge=draft.nudge)


def edit_composer(comment: CommentOut, draft: Draft) -> Composer:
    """Return the composer that changes a comment."""
    # After a stale save the present text is shown beside the form, so that the next save may replace it.
    form = draft.form
    version = str(comment.version) if form.kind == Kind.STALE_VERSION else form.value("version")
    purpose = "resubmit" if comment.state == State.REMOVED else "edit"
    return Composer(purpose, f"{comment.url}/edit", f"{comment.url}/preview", form, None, draft.preview, version=version, nudge=draft.nudge)


def restrain(session: Session, viewer: Viewer, article: Article, composer: Composer) -> Composer:
    """Return the composer with what its writer's account is restricted by or, for a visitor, whether guests are taken; one read."""
    if not viewer.is_signed_in:
        return replace(composer, guest_action=f"/a/{article.slug}/guest" if get_site(session, article.site_id).takes_guests else "")
    return replace(composer, restraints=read_restraints(session, viewer, article.site_id))


def show_answer(session: Session, viewer: Viewer, article: Article, draft: Draft) -> Page:
    """Return the page of an answer being written; what it answers is named in the form, and ignored when it is not of this article."""
    parent = _find_parent(session, viewer, article, draft.form.value("parent_id"))
    composer = restrain(session, viewer, article, answer_composer(article, draft, parent=parent))
    return Page("posting/compose.html", {"article": present_articles(session, [article])[0], "composer": composer})


def show_edit(session: Session, viewer: Viewer, comment_id: int, article: Article, draft: Draft) -> Page:
    """Return the page of a comment being changed."""
    comment = read_one(session, viewer, comment_id)
    context = {
        "article": present_articles(session, [article])[0],
        "comment": comment,
        "composer": restrain(session, viewer, article, edit_composer(comment, draft)),
        "standing": read_standing(session, viewer, get_comment(session, comment_id)),
    }
    return Page("posting/edit.html", context)


def _find_parent(session: Session, viewer: Viewer, article: Article, parent_id: str) -> CommentOut | None:
    if not (parent_id.isascii() and parent_id.isdigit() and len(parent_id) < 19):
        return None
    row = find_row(session, int(parent_id))
    return read_one(session, viewer, row[0].id) if row and row[0].article_id == article.id else None
