"""What the form of a report shows: the comment, the choices with what follows from each, and what stands in the way.

The rule: a note once typed stands in the form, or beside the refusal, whatever became of it. Called by ``report_pages`` and, after signing in, by
``report_errands``.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import msgspec
from flask_babel import gettext as _
from flask_babel import ngettext
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.access.predicates import is_writer
from forum.access.viewer import Viewer
from forum.articles.queries import get_article
from forum.comments.models import Comment
from forum.comments.present import present_comment
from forum.comments.queries import find_row
from forum.comments.states import State
from forum.moderation.reasons import REASONS, ReasonRule, ReportReason
from forum.moderation.report_queries import find_open_report
from forum.moderation.reporting import REPORTABLE
from forum.moderation.schemas import ArticleRef, Note
from forum.refusals import Fault, Kind, invalid, not_found
from forum.sentences import sentence
from forum.web.forms import Form
from forum.web.pages import Page
from forum.web.problems import PROBLEM_TYPES
from forum.web.translation import translated

DISAGREE = "disagree"
Code = Annotated[str, Meta(max_length=32)]
DAY = timedelta(days=1)


class ReportForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was chosen – a reason, or merely to disagree – and what the moderators should know."""

    reason: Code = ""
    note: Note = ""

    @property
    def chosen(self) -> ReportReason | None:
        """The reason, or None for mere disagreement. Raises Refusal ``validation`` when nothing was chosen, or nothing that is offered."""
        if self.reason == DISAGREE:
            return None
        if self.reason not in set(ReportReason):
            raise invalid(Fault("/reason", "required", _("Choose what the report is about.")))
        return ReportReason(self.reason)


@dataclass(frozen=True)
class Choice:
    """A reason as the form offers it: what it is called, what it means, and what follows from choosing it."""

    code: str
    label: str
    meaning: str
    follows: str


class ObstacleKind(StrEnum):
    """What stands in the way of a report; the templates have a sentence for each."""

    OWN = "own"
    HIDDEN = "hidden"
    THERE = "there"


@dataclass(frozen=True)
class Obstacle:
    """Why there is no form: the page's status says the same. ``reference`` is that of the report which is there already."""

    kind: ObstacleKind
    status: int
    reference: str = ""


def choices() -> list[Choice]:
    """Return the reasons in their order, in the reader's language."""
    return [Choice(code.value, translated(rule.label), translated(rule.meaning), _follows(code, rule)) for code, rule in REASONS.items()]


def find_obstacle(session: Session, viewer: Viewer, comment: Comment) -> Obstacle | None:
    """Return what keeps ``viewer`` from reporting this comment, or None."""
    if is_writer(viewer, comment):
        return Obstacle(ObstacleKind.OWN, PROBLEM_TYPES[Kind.OWN_COMMENT].status)
    if State(comment.state) not in REPORTABLE:
        return Obstacle(ObstacleKind.HIDDEN, PROBLEM_TYPES[Kind.CONFLICT].status)
    there = find_open_report(session, comment.id, viewer.account_id or 0)
    # Nothing went wrong for somebody who merely comes again.
    return Obstacle(ObstacleKind.THERE, 200, there.reference) if there else None


def show_report(session: Session, viewer: Viewer, comment: Comment, form: Form) -> Page:
    """Return the page on which a comment is reported, or which says why it is not. A hidden text is hidden here as well."""
    row = find_row(session, comment.id)
    if row is None:
        raise not_found(sentence("comment"))
    article = get_article(session, comment.article_id)
    obstacle = find_obstacle(session, viewer, comment)
    context = {
        "article": ArticleRef(article.id, article.title, f"/a/{article.slug}"),
        "comment": present_comment(row, article.author_ids),
        "form": form,
        "obstacle": obstacle,
        "choices": choices(),
        # What cannot be read cannot be tagged either.
        "disagree": DISAGREE if comment.state == State.VISIBLE else "",
    }
    return Page("moderation/report.html", context, obstacle.status if obstacle else 200)


def looks_within(rule: ReasonRule) -> str:
    """Say in which time a moderator looks at a report for this reason."""
    if rule.time > 2 * DAY:
        days = rule.time // DAY
        return str(ngettext("A moderator looks within %(num)d day.", "A moderator looks within %(num)d days.", days))
    hours = rule.time // timedelta(hours=1)
    return str(ngettext("A moderator looks within %(num)d hour.", "A moderator looks within %(num)d hours.", hours))


def _follows(code: ReportReason, rule: ReasonRule) -> str:
    said = [looks_within(rule)]
    if rule.screens_at == 0:
        said = [_("The comment is hidden at once until a moderator has looked."), *said]
    elif rule.screens_at is not None:
        said.append(_("When several readers report this, the comment is hidden until then."))
    if rule.needs_note:
        said.append(_("Needs a note."))
    if code is ReportReason.THREAT_SELFHARM:
        said.append(_("If somebody is in danger now, call an emergency number first."))
    return " ".join(str(each) for each in said)
