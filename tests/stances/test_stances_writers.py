"""Sixteen writers on one article at once: nobody is turned away by the database, and every count equals a fresh one, on both databases."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from sqlalchemy import func, select

from forum.access.permissions import Scope
from forum.accounts.actions import create_token
from forum.db.transaction import reading, writing
from forum.stances.models import Tag
from tests.conftest import ApiClient, Person, add_account
from tests.stances.recount import find_miscounts

WRITERS = 16
STANCES = ("agreement", "disagreement", "skepticism", "encouragement")


def make_clients(app: Flask, count: int) -> list[ApiClient]:
    """Return ``count`` people as callers with tokens."""
    with writing() as session:
        accounts = [add_account(session, f"writer{number}") for number in range(count)]
        secrets = [create_token(session, account.id, name="test", scopes=list(Scope))[1] for account in accounts]
    return [ApiClient(app.test_client(), token=secret) for secret in secrets]


def live(client: ApiClient, article_id: int, roots: list[int], number: int) -> list[int]:
    """Post, answer, tag, change, remove, edit, withdraw and bring back, at random, and return every status."""
    chance = random.Random(number)
    own: list[int] = []
    statuses = []
    for _ in range(14):
        target = chance.choice(roots)
        match chance.choice(("post", "reply", "tag", "tag", "untag", "edit", "withdraw", "return")):
            case "post":
                answer = client.post(f"/articles/{article_id}/comments", {"body_md": "New.", "stance": chance.choice(STANCES)})
                own.append(answer.json["id"])
            case "reply":
                answer = client.post(f"/articles/{article_id}/comments", {"body_md": "Yes, but.", "parent_id": target})
                own.append(answer.json["id"])
            case "tag":
                answer = client.put(f"/comments/{target}/tag", {"stance": chance.choice(STANCES)})
            case "untag":
                answer = client.delete(f"/comments/{target}/tag")
            case "edit" if own:
                answer = client.patch(f"/comments/{own[-1]}", {"stance": chance.choice(STANCES)})
            case "withdraw" if own:
                answer = client.delete(f"/comments/{own[-1]}")
            case "return" if own:
                answer = client.delete(f"/comments/{own[-1]}/withdrawal")
            case _:
                continue
        statuses.append(answer.status_code)
    return statuses


def test_sixteen_writers_on_one_article(app: Flask, person: Callable[..., Person], article: Callable[..., int]) -> None:
    author = person("author")
    article_id = article(authors=(author.id,))
    roots = [author.client.post(f"/articles/{article_id}/comments", {"body_md": "A claim."}).json["id"] for _ in range(3)]
    clients = make_clients(app, WRITERS)
    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(lambda pair: live(pair[1], article_id, roots, pair[0]), enumerate(clients)))
    # 409: an edit of what the same writer has withdrawn. Anything else would be a lost race.
    assert {status for statuses in answers for status in statuses} <= {200, 201, 204, 409}
    with reading() as session:
        assert find_miscounts(session) == []


def test_many_readers_tag_one_comment_at_once(app: Flask, person: Callable[..., Person], article: Callable[..., int]) -> None:
    article_id = article()
    comment_id = person("anna").client.post(f"/articles/{article_id}/comments", {"body_md": "A claim."}).json["id"]
    clients = make_clients(app, 60)

    def tag(pair: tuple[int, ApiClient]) -> int:
        number, client = pair
        client.put(f"/comments/{comment_id}/tag", {"stance": STANCES[number % 4]})
        return client.put(f"/comments/{comment_id}/tag", {"stance": STANCES[(number + 1) % 4]}).status_code

    with ThreadPoolExecutor(WRITERS) as pool:
        assert set(pool.map(tag, enumerate(clients))) == {200}
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Tag)) == 60
        assert find_miscounts(session) == []
