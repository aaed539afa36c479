"""The database that is measured: articles of 100 to 100,000 comments and, unless it is to be small, others up to a million; kept while its recipe is the same."""

import hashlib
import json
import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select, text

from benchmarks.discussion import write_discussion
from benchmarks.scale.bare import PAGES, address_of
from benchmarks.scale.seed_queue import fill_queue
from forum.access.permissions import Scope
from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.accounts.actions import NewAccount, create_account, create_token, set_role, start_sign_in
from forum.accounts.models import Account
from forum.app import create_app
from forum.articles.actions import add_address
from forum.articles.address import normalize_address
from forum.articles.models import Article
from forum.db.base import db
from forum.db.schema import arrange, bring_up_to_date, settle
from forum.db.transaction import reading, writing
from forum.paths import resource
from forum.settings import Settings, load_settings
from forum.text.render import render
from tests.seeding import seed_discussion
from tests.stances.recount import find_miscounts

SIZES = (100, 1_000, 10_000, 100_000)
MILLION = 1_000_000
OTHERS = 10_000
SAID_EVERY = 100_000
READERS = 32
REPORTER = "seed49"
POOL = 300
SECRET = "a secret for measuring alone, long enough"


@dataclass(frozen=True)
class Seeded:
    """What was made: the articles by their size (id and page), the readers' tokens, and how many comments there are; ``recipe`` names how."""

    articles: dict[str, tuple[int, str]]
    tokens: list[str]
    comments: int
    recipe: str = ""


def settings_for(folder: Path, url: str = "", **overrides: object) -> Settings:
    """Return the settings of the measured server."""
    return load_settings({}, data_dir=str(folder), database_url=url, secret_key=SECRET, rate_limits="off", **overrides)


def seed(folder: Path, *, million: bool, say: Callable[[str], None]) -> Seeded:
    """Return the database in ``folder``, made anew when its recipe has changed."""
    recipe = _recipe(million)
    note = folder / "seeded.json"
    if note.is_file() and (kept := json.loads(note.read_text(encoding="utf-8")))["recipe"] == recipe:
        return Seeded(kept["articles"], kept["tokens"], kept["comments"], recipe)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    app = create_app(settings_for(folder, log_level="error"))
    with app.app_context():
        bring_up_to_date()
        made = replace(_fill(app, million, say), recipe=recipe)
        db.engine.dispose()
    note.write_text(json.dumps(asdict(made)), encoding="utf-8")
    return made


def _recipe(million: bool) -> str:
    # What is written in these files decides what is made; a migration is changed while it is worked on.
    files = [Path(made.__code__.co_filename) for made in (seed, fill_queue, seed_discussion)]
    files += sorted((resource("migrations") / "versions").glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files) + bytes(million)).hexdigest()


def _fill(app: Flask, million: bool, say: Callable[[str], None]) -> Seeded:
    articles: dict[str, tuple[int, str]] = {}
    comments = 0
    for size in SIZES:
        say(f"seeding an article of {size:,} comments")
        with writing() as session:
            article_id = seed_discussion(session, comments=size, seed=size).article_id
            articles[str(size)] = (article_id, f"/a/{session.get_one(Article, article_id).slug}")
        comments += size
    while million and comments < MILLION:
        if comments % SAID_EVERY < OTHERS:
            say(f"seeding others: {comments:,} of {MILLION:,}")
        with writing() as session:
            seed_discussion(session, comments=min(OTHERS, MILLION - comments), seed=comments)
        arrange()
        comments += min(OTHERS, MILLION - comments)
    say("giving them texts")
    with writing() as session:
        session.execute(text("CREATE TEMPORARY TABLE pool (n INTEGER PRIMARY KEY, md TEXT, html TEXT)"))
        words = [comment.text for comment in write_discussion(POOL)]
        session.execute(
            text("INSERT INTO pool VALUES (:n, :md, :html)"), [{"n": n, "md": md, "html": render(md).html} for n, md in enumerate(words)]
        )
        session.execute(text(f"UPDATE comments SET (body_md, body_html) = (SELECT md, html FROM pool WHERE n = comments.id % {POOL})"))
        session.execute(text(f"UPDATE revisions SET body_md = (SELECT md FROM pool WHERE n = revisions.comment_id % {POOL})"))
    with writing() as session:
        ids = list(session.scalars(select(Article.id).order_by(Article.id).limit(PAGES)))
        for number in range(PAGES):
            add_address(session, session.get_one(Article, ids[number % len(ids)]), normalize_address(address_of(number)))
    say("filling the moderation queue")
    with writing() as session:
        reporter_id = session.scalars(select(Account.id).where(Account.handle == REPORTER)).one()
        fill_queue(session, {int(size): article_id for size, (article_id, _page) in articles.items()}, reporter_id)
    tokens = _people()
    settle()
    with reading() as session:
        wrong = [] if million else find_miscounts(session)
    if wrong:
        raise RuntimeError(f"what was seeded does not add up: {wrong[:3]}")
    return Seeded(articles, tokens, comments)


def _people() -> list[str]:
    # The writers of the discussion themselves: of long standing, so that their texts are screened as most texts are.
    with writing() as session:
        ids = session.scalars(select(Account.id).where(Account.handle.in_([f"seed{number}" for number in range(READERS)]))).all()
        return [create_token(session, account_id, name="load", scopes=[Scope.READ, Scope.COMMENT, Scope.TAG])[1] for account_id in ids]


def cookie_of(role: Role, settings: Settings) -> str:
    """Return the cookie of somebody with this role who is signed in and has written nothing."""
    app = create_app(settings)
    with app.app_context():
        with writing() as session:
            handle = f"reader{secrets.token_hex(4)}"
            new = NewAccount(handle=handle, email=f"{handle}@example.org", password=secrets.token_hex(8), display_name="")
            account = create_account(session, new, password_hash=None)
            set_role(session, account, site_id=DEFAULT_SITE_ID, role=role)
            secret = start_sign_in(session, account, device="benchmark")
        db.engine.dispose()
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signer is not None
    return f"forum={signer.dumps({'_permanent': True, '_user_id': secret, '_fresh': True, 'csrf_token': secrets.token_hex(20)})}"
