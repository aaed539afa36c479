"""Connects a replica of the database with what tells whether it may answer: an article's state, and how much an account has changed."""

from typing import cast

from flask import Flask

from forum.accounts.actions import count_write
from forum.accounts.queries import find_writes
from forum.articles.models import Article
from forum.articles.queries import get_article, versions_before
from forum.comments.models import Comment
from forum.db.quick import QUICK, QuickReads
from forum.db.replica import Replica
from forum.posting.keeping import read_state
from forum.settings import Settings
from forum.web.doors import AnyCall
from forum.web.lagging import LAGGING, Lagging


def open_replica(app: Flask, settings: Settings) -> None:
    """Let ``app`` ask the replica that the settings name, if they name one. Nothing is connected yet."""
    if settings.database_replica_url:
        reads = cast(QuickReads, app.extensions[QUICK])
        replica = Replica(
            settings.database_replica_url,
            reads,
            timeout_seconds=settings.database_timeout_seconds,
            pool_size=settings.database_pool_size,
        )
        app.extensions[LAGGING] = Lagging(replica, reads, read_stamp=read_state, find_writes=find_writes, count_write=count_write)


def version_of_article(call: AnyCall) -> tuple[int, int]:
    """Return the loaded article and its version, which must be the primary's."""
    article: Article = call.thing
    return article.id, article.version


def versions_of_part(call: AnyCall) -> tuple[int, int, int]:
    """Return the loaded article, its version and those of the parts before it, which must be the primary's: what it shows of them is as they are there."""
    article: Article = call.thing
    return article.id, article.version, versions_before(call.session, article)


def version_around_comment(call: AnyCall) -> tuple[int, int]:
    """Return the loaded comment's article and its version, which must be the primary's."""
    comment: Comment = call.thing
    return comment.article_id, get_article(call.session, comment.article_id).version
