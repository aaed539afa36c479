"""What journeys share: readers with and without an account, and an article to talk about."""

from collections.abc import Callable

import pytest
from flask import Flask

from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.articles.actions import ArticleDraft, create_article
from forum.articles.models import Article
from forum.db.transaction import writing
from tests.conftest import PASSWORD, add_account
from tests.journeys.reader import Reader


@pytest.fixture
def reader(app: Flask) -> Reader:
    """A reader whom nobody knows."""
    return Reader(app.test_client())


@pytest.fixture
def enter(app: Flask) -> Callable[..., Reader]:
    """Return a function that makes an account and signs it in through the page."""

    def make(handle: str, role: Role = Role.MEMBER, *, verified: bool = False) -> Reader:
        with writing() as session:
            add_account(session, handle, role=role, verified=verified)
        newcomer = Reader(app.test_client())
        newcomer.sign_in(handle, PASSWORD)
        assert newcomer.screen.page.all("form", action="/sign-out"), newcomer.screen.text
        return newcomer

    return make


@pytest.fixture
def slug(app: Flask) -> str:
    """The slug of an article by Marit, who has an account."""
    with writing() as session:
        author = add_account(session, "marit", role=Role.PUBLISHER, display_name="Marit Solheim")
        draft = ArticleDraft(
            "On touch", body_md="A *short* text.", main_claim="Touch helps.", opening_question="What would change your mind?"
        )
        article: Article = create_article(session, DEFAULT_SITE_ID, draft, author_ids=[author.id])[0]
        return article.slug
