"""Loads ``cases.toml``: what a moderator of the demo finds in the queue, brought there by the same screening, reports and decisions as anybody's.

Called by ``forum demo`` after the discussion is loaded; the three people who can sign in see a queue, a tombstone and a log that are not empty.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID, Via, Viewer
from forum.accounts.models import Account
from forum.accounts.queries import get_account, roles_of
from forum.articles.models import Article
from forum.articles.queries import get_article_by_slug
from forum.clock import now
from forum.comments import actions
from forum.comments.counts import Place
from forum.comments.models import Comment
from forum.comments.queries import newest_revision
from forum.comments.states import State
from forum.moderation.decisions import Order, decide
from forum.moderation.facts import Spot, gather
from forum.moderation.intake import holds, judge, take_in
from forum.moderation.items import find_open_item
from forum.moderation.reasons import DecisionReason, ReportReason
from forum.moderation.reporting import report
from forum.moderation.review import Action
from forum.text.fingerprint import fingerprint
from forum.text.limits import normalize_body
from forum.text.render import render

TEXT = Path(__file__).parent / "cases.toml"


def load_cases(session: Session, labels: Mapping[str, int]) -> int:
    """Load the cases in the open transaction and return how many comments were added; ``labels`` are the ids of the demo's own comments."""
    content = tomllib.loads(TEXT.read_text(encoding="utf-8"))
    newcomer = content["newcomer"]
    session.add(Account(handle=newcomer["handle"], display_name=newcomer["display_name"], created_at=now()))
    session.flush()
    known = dict(labels)
    for item in content["comments"]:
        known[item["label"]] = _post(session, item, _viewer(session, _handle(item, content)), known).id
    for item in content["reports"]:
        viewer = _viewer(session, item["by"])
        report(session, viewer, known[item["label"]], reason=ReportReason(item["reason"]), note=item.get("note", ""))
    for item in content["decisions"]:
        _decide(session, item, known[item["label"]])
    return len(content["comments"])


def _handle(item: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    return str(content["newcomer"]["handle"] if item["by"] == "newcomer" else item["by"])


def _viewer(session: Session, handle: str) -> Viewer:
    account = get_account(session, handle)
    return Viewer(account.id, account.handle, account.display_name, roles_of(session, account.id), None, Via.COOKIE)


def _post(session: Session, item: Mapping[str, Any], viewer: Viewer, known: Mapping[str, int]) -> Comment:
    article: Article = get_article_by_slug(session, DEFAULT_SITE_ID, item["article"])
    parent = session.get(Comment, known[item["parent"]]) if "parent" in item else None
    root = session.get(Comment, parent.root_id) if parent else None
    text = normalize_body(item["body_md"])
    rendered = render(text, known_handles=())
    assert viewer.account_id is not None, "everybody in the demo has an account"
    verdict = judge(session, gather(session, viewer, Spot(article, parent), text=text, fingerprint=fingerprint(text)))
    new = actions.NewComment(text, rendered.html, rendered.renderer, None, viewer.account_id, fingerprint=fingerprint(text))
    comment = actions.store(session, article, parent, root, new, state=State.HELD if holds(verdict) else State.VISIBLE)
    take_in(session, Place(article, root or comment, parent, comment), newest_revision(session, comment.id), verdict)
    return comment


def _decide(session: Session, item: Mapping[str, Any], comment_id: int) -> None:
    opened = find_open_item(session, comment_id)
    assert opened is not None, "a report has opened an item"
    order = Order(Action(item["action"]), DecisionReason(item["reason"]), opened.version, statement=item["statement"])
    decide(session, _viewer(session, item["by"]), opened.id, order)
