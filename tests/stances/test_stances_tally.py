"""Tallies: after any sequence of what people do, and under any concurrency, every stored count equals a fresh one."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.access.permissions import Scope
from forum.access.viewer import DEFAULT_SITE_ID, Via, Viewer
from forum.accounts.actions import create_token
from forum.articles.actions import ArticleDraft, create_article, edit_article
from forum.articles.models import Article
from forum.articles.queries import lock_article
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.posting.prepare import PreparedBody
from forum.posting.revise import revise, unwithdraw, withdraw
from forum.posting.submit import submit
from forum.refusals import Refusal
from forum.stances.actions import put_tag, remove_tag
from forum.stances.models import Tag, TagEvent
from tests.conftest import ApiClient, Person, add_account
from tests.db.together import all_at_once
from tests.stances.recount import find_miscounts

PEOPLE = 5
BODY = PreparedBody("So it is.", "<p>So it is.</p>\n", 1, "")
Step = tuple[str, int, int, Stance]
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ("post", "reply", "reply", "tag", "tag", "tag", "untag", "stance", "no stance", "withdraw", "unwithdraw", "authors")
        ),
        st.integers(0, 999),
        st.integers(0, PEOPLE - 1),
        st.sampled_from(Stance),
    ),
    min_size=4,
    max_size=30,
)


def people(session: Session) -> list[Viewer]:
    """Return the people of a history; the first is the article's author."""
    return [Viewer(add_account(session, f"p{place}").id, f"p{place}", via=Via.COOKIE) for place in range(PEOPLE)]


def take(session: Session, article_id: int, viewers: list[Viewer], step: Step) -> None:
    """Do one step of a history; what the rules refuse changes nothing."""
    what, which, who, stance = step
    viewer = viewers[who]
    ids = list(session.scalars(select(Comment.id).where(Comment.article_id == article_id).order_by(Comment.id)))
    if what == "post" or not ids:
        submit(session, viewer, article_id, stance=stance, parent_id=None, prepared=BODY)
        return
    if what == "authors":
        authors = [viewers[place].account_id or 0 for place in {who, which % PEOPLE}]
        edit_article(session, lock_article(session, article_id), {}, author_ids=authors if which % 3 else [], aliases=[])
        return
    target = ids[which % len(ids)]
    own = list(session.scalars(select(Comment.id).where(Comment.article_id == article_id, Comment.author_id == viewer.account_id)))
    mine = own[which % len(own)] if own else None
    if what == "reply":
        submit(session, viewer, article_id, stance=stance, parent_id=target, prepared=BODY)
    elif what == "tag":
        put_tag(session, viewer, target, stance)
    elif what == "untag":
        remove_tag(session, viewer, target)
    elif mine is not None:
        do: dict[str, Callable[[], Any]] = {
            "stance": lambda: revise(session, viewer, mine, prepared=None, stance=stance),
            "no stance": lambda: revise(session, viewer, mine, prepared=None, stance=None),
            "withdraw": lambda: withdraw(session, viewer, mine),
            "unwithdraw": lambda: unwithdraw(session, viewer, mine),
        }
        do[what]()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=steps)
def test_every_step_leaves_the_counts_true(app: Flask, history: list[Step]) -> None:
    with writing() as session, app.test_request_context():
        # Undone at the end, so that every history begins with an empty database.
        undone = session.begin_nested()
        viewers = people(session)
        article, _ = create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="Counted"), author_ids=[viewers[0].account_id or 0])
        article_id, version = article.id, article.version
        for step in history:
            try:
                with session.begin_nested():
                    take(session, article_id, viewers, step)
            except Refusal:
                pass
            session.expire_all()
            assert find_miscounts(session) == [], step
            risen = session.get_one(Article, article_id).version
            assert risen >= version
            version = risen
        undone.rollback()


def test_the_two_tallies_of_an_article_are_never_mixed(
    app: Flask, person: Callable[..., Person], article: Callable[..., int], visitor: ApiClient
) -> None:
    author, anna, ben = person("author"), person("anna"), person("ben")
    article_id = article(authors=(author.id,))
    root = anna.client.post(f"/articles/{article_id}/comments", {"body_md": "I doubt it.", "stance": "skepticism"}).json["id"]
    reply = author.client.post(f"/articles/{article_id}/comments", {"body_md": "Why?", "stance": "disagreement", "parent_id": root}).json[
        "id"
    ]
    assert ben.client.put(f"/comments/{root}/tag", {"stance": "agreement"}).status_code == 200
    assert ben.client.put(f"/comments/{reply}/tag", {"stance": "encouragement"}).status_code == 200
    assert author.client.put(f"/comments/{root}/tag", {"stance": "skepticism"}).json["counted"] is False
    head = visitor.get(f"/articles/{article_id}").json
    assert head["stances"] == {"agreement": 0, "disagreement": 0, "skepticism": 1, "encouragement": 0, "n": 1}, "writers of roots alone"
    assert head["tags"] == {"agreement": 1, "disagreement": 0, "skepticism": 0, "encouragement": 1, "n": 2}, (
        "readers alone, and not the author"
    )
    item = visitor.get(f"/articles/{article_id}/comments").json["items"][0]
    assert item["thread_tags"] == head["tags"]
    assert item["tally"]["n"] == 1


def readers(app: Flask, count: int) -> list[ApiClient]:
    """Return signed-in clients, without a sign-in each: the hash of a password is not what is tested."""
    secrets = []
    with writing() as session:
        for number in range(count):
            account = add_account(session, f"reader{number}")
            secrets.append(create_token(session, account.id, name="test", scopes=[Scope.COMMENT, Scope.TAG, Scope.READ])[1])
    return [ApiClient(app.test_client(), token=secret) for secret in secrets]


def test_sixteen_writers_at_once(app: Flask, article: Callable[..., int], person: Callable[..., Person]) -> None:
    author = person("author")
    article_id = article(authors=(author.id,))
    clients = [author.client, *readers(app, 15)]
    first = [
        author.client.post(f"/articles/{article_id}/comments", {"body_md": f"Root {number}.", "stance": "agreement"}).json["id"]
        for number in range(3)
    ]
    wrong: list[tuple[int, str]] = []

    def write(number: int) -> None:
        client, chance = clients[number], random.Random(number)
        known = list(first)

        def answered(answer: Any, *fine: int) -> Any:
            if answer.status_code not in fine:
                wrong.append((answer.status_code, answer.text))
            return answer

        for _ in range(8):
            what, stance = chance.choice(("reply", "reply", "root", "tag", "tag", "untag", "withdraw")), chance.choice(tuple(Stance))
            target = chance.choice(known)
            if what in ("reply", "root"):
                body = {"body_md": "And so on.", "stance": stance, **({"parent_id": target} if what == "reply" else {})}
                posted = answered(client.post(f"/articles/{article_id}/comments", body), 201, 422)
                known += [posted.json["id"]] if posted.status_code == 201 else []
            elif what == "tag":
                answered(client.put(f"/comments/{target}/tag", {"stance": stance}), 200, 403, 409)
            elif what == "untag":
                answered(client.delete(f"/comments/{target}/tag"), 204, 403, 409)
            else:
                answered(client.delete(f"/comments/{target}"), 204, 403)

    all_at_once([lambda number=number: write(number) for number in range(16)])  # type: ignore[misc]
    assert wrong == []
    with reading() as session:
        assert find_miscounts(session) == []
        assert (session.scalar(select(func.count()).select_from(Comment)) or 0) >= 30


@pytest.mark.parametrize("count", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_readers_tag_one_comment_at_once(app: Flask, article: Callable[..., int], person: Callable[..., Person], count: int) -> None:
    anna = person("anna")
    root = anna.client.post(f"/articles/{article()}/comments", {"body_md": "What do you think?"}).json["id"]
    clients = readers(app, count)
    answers: list[int] = []

    def tag(number: int) -> None:
        answers.append(clients[number].put(f"/comments/{root}/tag", {"stance": tuple(Stance)[number % 4]}).status_code)

    for start in range(0, count, 20):
        all_at_once([lambda number=number: tag(number) for number in range(start, min(count, start + 20))])  # type: ignore[misc]
    assert answers == [200] * count
    with reading() as session:
        assert find_miscounts(session) == []
        comment = session.get_one(Comment, root)
        assert comment.tag_n == count
        assert session.scalar(select(func.count()).select_from(Tag)) == session.scalar(select(func.count()).select_from(TagEvent)) == count


def test_one_key_many_times_at_once(app: Flask, article: Callable[..., int]) -> None:
    """One Idempotency-Key sent by twenty threads makes one comment; whoever is not answered with it is told that it is being made."""
    article_id, client = article(), readers(app, 1)[0]
    answers: list[Any] = []

    def post() -> None:
        answers.append(client.post(f"/articles/{article_id}/comments", {"body_md": "Once."}, headers={"Idempotency-Key": "the-one"}))

    all_at_once([post] * 20)
    made = [answer for answer in answers if answer.status_code == 201]
    assert made
    assert len({answer.text for answer in made}) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 1
        assert session.scalar(select(Comment.state)) == State.VISIBLE
    db.session.remove()
