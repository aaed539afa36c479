"""Counts that were answered before are sent again only while they are true, whoever changes them and however they are asked for."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import select

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.actions import ArticleDraft, create_article
from forum.articles.models import Article
from forum.db.transaction import reading, writing
from tests.conftest import Person

KNOWN, UNKNOWN = "https://host.example/known", "https://host.example/unknown"


def test_counts_follow_every_change(app: Flask, person: Callable[..., Person]) -> None:
    with writing() as session:
        article_id = create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="Known", url=KNOWN))[0].id
    anna, visitor = person("anna"), app.test_client()
    address = f"/api/v1/counts?url={UNKNOWN}&url={KNOWN}&url=no%20address&url={KNOWN}"

    def ask(**headers: str) -> tuple[int, list[int], str]:
        answer: Any = visitor.get(address, headers=headers)
        return answer.status_code, [item["comments"] for item in answer.json["items"]] if answer.data else [], answer.headers["ETag"]

    posted = []
    for number in range(3):
        for _ in range(2):
            assert ask()[:2] == (200, [0, number, 0, number])
        tag = ask()[2]
        assert ask(**{"If-None-Match": tag})[0] == 304
        assert visitor.get(address, headers={"Authorization": "Basic eA=="}).headers["ETag"] == tag
        posted.append(anna.client.post(f"/articles/{article_id}/comments", {"body_md": f"Is it so, number {number}?"}).json["id"])
        assert ask(**{"If-None-Match": tag})[:2] == (200, [0, number + 1, 0, number + 1])
    assert anna.client.delete(f"/comments/{posted[0]}").status_code < 300
    assert ask()[:2] == (200, [0, 2, 0, 2])
    with writing() as session:
        create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="Unknown until now", url=UNKNOWN))
    with reading() as session:
        assert session.scalar(select(Article.comment_count).where(Article.id == article_id)) == 2
    assert ask()[:2] == (200, [0, 2, 0, 2])
