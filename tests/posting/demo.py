"""The demo discussion in a test's database, and its pages: what tests of weight, markup and translation look at."""

from pathlib import Path

from flask import Flask
from sqlalchemy import select

from forum.accounts.models import Account
from forum.app import create_app
from forum.clock import now
from forum.comments.models import Comment
from forum.db.schema import bring_up_to_date
from forum.db.transaction import reading, writing
from forum.demo.load import load_demo
from tests.conftest import OutsideClient
from tests.conftest import test_settings as settings_for

PASSWORD = "demo password of a test"
PAGE = "/a/massage-in-the-treatment-of-cancer-part-2"
PART_ONE = "/a/massage-in-the-treatment-of-cancer-part-1"
EMPTY = "/a/what-i-would-measure-next"


def make_app(folder: Path) -> Flask:
    """Return an application of its own with the demo discussion in an embedded database: made once for all tests of a file, which only read."""
    app = create_app(settings_for(folder, rate_limits="off"))
    app.test_client_class = OutsideClient
    with app.app_context():
        bring_up_to_date()
        with writing() as session:
            load_demo(session, PASSWORD)
    return app


def comment_by(handle: str, *, depth: int | None = None, edited: bool = False, state: str = "visible") -> int:
    """Return the id of the first such comment that this person wrote."""
    statement = select(Comment.id).join(Account, Account.id == Comment.author_id).where(Account.handle == handle, Comment.state == state)
    if depth is not None:
        statement = statement.where(Comment.depth == depth)
    if edited:
        statement = statement.where(Comment.edited_at.is_not(None))
    with reading() as session:
        found = session.scalar(statement.order_by(Comment.id).limit(1))
    assert found is not None
    return found


def pages_of_everybody() -> dict[str, list[str]]:
    """Return every page with a life of its own, by who looks at it: a visitor (empty), a reader, an author."""
    own, other, deep = comment_by("joel"), comment_by("priya", depth=0), comment_by("callum", depth=6)
    with reading() as session:
        edited = session.scalar(select(Comment.id).where(Comment.edited_at.is_not(None)).limit(1))
        withdrawn = session.scalar(select(Comment.id).where(Comment.state == "withdrawn").limit(1))
    discussion = [
        PAGE,
        f"{PAGE}?stance=skepticism&sort=most_contested",
        f"{PAGE}?by=author&tagged=encouragement",
        EMPTY,
        f"{EMPTY}?stand=agreement#composer",
        f"{PAGE}/map",
        f"{PAGE}/download",
        "/search",
        "/search?q=touch+-mice+after:yesterday+by:callum+stance:skepticism+before:2100",
        "/search?q=the",
        "/search?q=nothing-of-the-kind&article=1",
        f"{EMPTY}/map",
        PART_ONE,
    ]
    comments = [
        f"/c/{other}",
        f"/c/{deep}",
        f"/c/{withdrawn}",
        f"/c/{other}/thread?after={other}",
        f"/c/{edited}/history",
        f"/c/{withdrawn}/history",
    ]
    moderation = ["/modlog", "/notice", f"/notice?url=/c/{other}", "/transparency", f"/transparency/{now():%Y-%m}"]
    service = ["/problems/", "/problems/closed", "/api/v1/docs", "/nowhere", "/c/999999"]
    people = ["/u/priya", "/u/joel", "/sign-in", "/sign-up", "/sign-in/passkey", "/sign-in/mail", "/password", "/follow/site/1"]
    return {
        "": ["/", "/?sort=newest", "/at", "/at?url=https://host.example/x", *discussion, *comments, *people, *moderation, *service],
        "joel": [
            PAGE,
            f"/c/{other}/reply",
            f"/c/{other}/tag",
            f"{PAGE}/comments",
            f"/c/{own}",
            f"/c/{own}/edit",
            f"/c/{own}/withdraw",
            "/settings",
            "/settings/notifications",
            "/inbox",
            f"/follow/thread/{other}",
            "/settings/deletion",
            "/settings/feed",
            "/settings/security",
            "/settings/accounts",
            "/settings/email",
            f"/c/{other}/report",
            "/reports",
            "/decisions",
        ],
        "imke": [
            "/mod",
            "/mod?state=closed&lane=2",
            "/mod/log",
            "/mod/rules",
            "/mod/appeals",
            "/mod/people/anna",
            "/mod/erasures",
            f"/c/{other}",
        ],
        "marit": [
            "/",
            "/articles/new",
            f"{PAGE}/edit",
            f"{PAGE}/closing",
            f"/c/{own}",
            f"/c/{other}/mark",
            f"/c/{other}/continue",
            "/desk",
            "/desk?tab=replied",
            "/desk?tab=set_aside",
            f"/desk/c/{other}",
            "/desk/templates",
            "/desk/away",
        ],
    }
