"""Killed in the middle of writing: what was acknowledged is there, nothing is half there, a retry does nothing twice, every count holds."""

import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.actions import ArticleDraft, create_article
from forum.comments.actions import NewComment, store
from forum.comments.models import Comment, Revision
from forum.db.transaction import reading, writing
from forum.posting.prepare import prepare_body
from forum.stances.models import Tag, TagEvent
from tests.conftest import add_account
from tests.faults.conftest import Client, Progress, Served, make_tokens
from tests.stances.recount import find_miscounts

CLIENTS = 16
STANCES = ("agreement", "disagreement", "skepticism", "encouragement")


@dataclass
class Acknowledged:
    """What the server said is done: the comments by their key, and each client's last tag on each comment."""

    comments: dict[str, int]
    tags: dict[tuple[int, int], str]


def write(port: int, number: int, token: str, article_id: int, roots: list[int], load: tuple[int, int], progress: Progress) -> Acknowledged:
    """Post and tag as one client: answers to one wide root, a chain below another, tags on what stands there; insists on each."""
    comments, tags = load
    client, chance = Client(port, token), random.Random(number)
    done = Acknowledged({}, {})
    below = roots[1]
    for step in range(max(comments, tags)):
        if step < comments:
            key = f"client{number}-{step}"
            parent = below if step % 2 else roots[0]
            body = {"body_md": f"{key}: word", "parent_id": parent, "stance": chance.choice(STANCES)}
            status, answer = client.insist("POST", f"/api/v1/articles/{article_id}/comments", body, Idempotency_Key=key)
            assert status == 201, answer
            done.comments[key] = answer["id"]
            below = answer["id"] if step % 2 else below
            progress.add()
        if step < tags:
            target = roots[step % len(roots)]
            stance = chance.choice(STANCES)
            status, answer = client.insist("PUT", f"/api/v1/comments/{target}/tag", {"stance": stance})
            assert status == 200, answer
            done.tags[number, target] = stance
            progress.add()
    return done


def start_discussion(roots: int) -> tuple[int, list[int], list[str]]:
    """Return an article, ``roots`` comments on it by a writer of their own, and the clients' tokens."""
    prepared = prepare_body("A claim.")
    with writing() as session:
        article, _ = create_article(session, DEFAULT_SITE_ID, ArticleDraft("Under fire"))
        writer = add_account(session, "writer")
        ids = [
            store(session, article, None, None, NewComment(prepared.body_md, prepared.html, 1, None, writer.id)).id for _ in range(roots)
        ]
        article_id = article.id
    return article_id, ids, make_tokens(CLIENTS)


def strike(served: Served, how: str) -> None:
    """Kill everything and start again, or kill one worker and let the others go on."""
    if how == "everything":
        served.kill()
        served.start()
    else:
        os.kill(random.Random(1).choice(served.worker_pids()), signal.SIGKILL)


def check(served: Served, article_id: int, acknowledged: list[Acknowledged], tokens: list[str], extra: int) -> None:
    """Compare the database with what was acknowledged."""
    known = {key: comment_id for done in acknowledged for key, comment_id in done.comments.items()}
    with reading() as session:
        rows = session.execute(select(Comment.id, func.coalesce(Comment.body_md, "")).where(Comment.body_md.contains(":")))
        assert {body.partition(":")[0]: comment_id for comment_id, body in rows} == known
        assert session.scalar(select(func.count()).select_from(Comment)) == len(known) + extra
        assert session.scalar(select(func.count(func.distinct(Revision.comment_id)))) == len(known) + extra
        tags = {
            (handle, comment_id): stance
            for handle, comment_id, stance in session.execute(
                text("SELECT a.handle, t.comment_id, t.stance FROM tags t JOIN accounts a ON a.id = t.account_id")
            )
        }
        assert tags == {(f"client{number}", target): stance for done in acknowledged for (number, target), stance in done.tags.items()}
        events = session.execute(select(TagEvent.account_id, TagEvent.comment_id)).all()
        assert {(tag.account_id, tag.comment_id) for tag in session.scalars(select(Tag))} == {tuple(event) for event in events}
        assert find_miscounts(session) == []
        if session.get_bind().dialect.name == "sqlite":
            assert session.scalar(text("PRAGMA integrity_check")) == "ok"
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
    number, (key, comment_id) = 0, next(iter(acknowledged[0].comments.items()))
    body = None
    with reading() as session:
        row = session.get_one(Comment, comment_id)
        body = {"body_md": row.body_md, "parent_id": row.parent_id, "stance": row.stance}
    status, answer = Client(served.port, tokens[number]).insist(
        "POST", f"/api/v1/articles/{article_id}/comments", body, Idempotency_Key=key
    )
    assert (status, answer["id"]) == (201, comment_id)


def run(served: Served, how: str, *, comments: int, tags: int) -> None:
    """Let 16 clients write ``comments`` and ``tags`` in all, strike when half is done, and check everything at the end."""
    article_id, roots, tokens = start_discussion(roots=12)
    progress = Progress()
    with ThreadPoolExecutor(CLIENTS) as pool:
        load = (comments // CLIENTS, tags // CLIENTS)
        clients = [pool.submit(write, served.port, number, token, article_id, roots, load, progress) for number, token in enumerate(tokens)]
        progress.wait_for((sum(load) * CLIENTS) // 2)
        strike(served, how)
        acknowledged = [client.result() for client in clients]
    check(served, article_id, acknowledged, tokens, extra=len(roots))


@pytest.mark.parametrize("how", ["everything", "one worker"])
def test_kill_in_the_middle(app_of: Flask, served: Served, how: str) -> None:
    run(served, how, comments=96, tags=192)


@pytest.mark.slow
def test_kill_in_the_middle_of_a_thousand(app_of: Flask, served: Served) -> None:
    run(served, "everything", comments=1008, tags=5008)
