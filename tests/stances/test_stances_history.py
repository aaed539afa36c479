"""Any history of a discussion leaves every count right after every step: tallies, threads, articles, scores, answered by the author."""

from dataclasses import dataclass

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID, Via, Viewer
from forum.articles.actions import ArticleDraft, create_article
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.db.transaction import reading, writing
from forum.posting.prepare import PreparedBody
from forum.posting.revise import revise, unwithdraw, withdraw
from forum.posting.submit import submit
from forum.refusals import Refusal
from forum.stances.actions import put_tag, remove_tag
from tests.conftest import add_account, empty_database
from tests.stances.recount import find_miscounts

PEOPLE = 4
TEXT = PreparedBody("A word.", "<p>A word.</p>", 1)
OTHER = PreparedBody("Another word.", "<p>Another word.</p>", 1)


@dataclass(frozen=True)
class Step:
    """One thing that one person does to one comment (both counted round and round what there is)."""

    what: str
    who: int
    which: int
    stance: Stance | None


steps = st.builds(
    Step,
    st.sampled_from(("post", "reply", "reply", "tag", "tag", "tag", "untag", "edit", "restance", "withdraw", "return")),
    st.integers(0, PEOPLE - 1),
    st.integers(0, 30),
    st.sampled_from([*Stance, None]),
)


def act(session: Session, viewer: Viewer, article_id: int, target: Comment | None, step: Step) -> None:
    """Do one step; what the rules refuse stays undone."""
    stance = step.stance or Stance.SKEPTICISM
    match step.what:
        case "post":
            submit(session, viewer, article_id, stance=step.stance, parent_id=None, prepared=TEXT)
        case "reply" if target:
            submit(session, viewer, article_id, stance=step.stance, parent_id=target.id, prepared=TEXT)
        case "tag" if target:
            put_tag(session, viewer, target.id, stance)
        case "untag" if target:
            remove_tag(session, viewer, target.id)
        case "edit" if target and target.author_id == viewer.account_id:
            revise(session, viewer, target.id, prepared=OTHER)
        case "restance" if target and target.author_id == viewer.account_id:
            revise(session, viewer, target.id, prepared=None, stance=step.stance)
        case "withdraw" if target and target.author_id == viewer.account_id:
            withdraw(session, viewer, target.id)
        case "return" if target and target.author_id == viewer.account_id:
            unwithdraw(session, viewer, target.id)


@given(history=st.lists(steps, min_size=1, max_size=25))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_count_is_right_after_every_step(app: Flask, history: list[Step]) -> None:
    empty_database()
    with app.test_request_context("/"):
        with writing() as session:
            accounts = [add_account(session, f"person{number}") for number in range(PEOPLE)]
            viewers = [Viewer(account.id, account.handle, account.display_name, {}, None, Via.TOKEN) for account in accounts]
            article, _ = create_article(session, DEFAULT_SITE_ID, ArticleDraft("On counting"), author_ids=[accounts[0].id])
            article_id, version = article.id, article.version
        for step in history:
            with reading() as session:
                known = list(session.query(Comment.id).order_by(Comment.id))
                target_id = known[step.which % len(known)][0] if known else None
            try:
                with writing() as session:
                    target = session.get(Comment, target_id) if target_id else None
                    act(session, viewers[step.who], article_id, target, step)
            except Refusal:
                pass
            with reading() as session:
                assert find_miscounts(session) == []
                found = session.get_one(Article, article_id).version
                assert found >= version
                version = found
