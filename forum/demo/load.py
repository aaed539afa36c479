"""Loads ``discussion.toml`` into an empty database through the rooms' own writes, as if its people had written over the past weeks.

Called by ``forum demo``. The three people who can sign in exist only in such a database; their password is made for it and kept beside it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.accounts.actions import set_role
from forum.accounts.models import Account
from forum.accounts.passwords import hash_password, is_password
from forum.articles.actions import ArticleDraft, create_article
from forum.articles.models import Article
from forum.clock import now
from forum.comments import actions
from forum.comments.counts import counted
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.stance import Stance
from forum.demo.cases import load_cases
from forum.posting.models import Continuation
from forum.stances.models import Tag, TagEvent
from forum.stances.tally import count_tags, write_tally
from forum.text.limits import normalize_body
from forum.text.render import render

TEXT = Path(__file__).parent / "discussion.toml"
# An edit is made this long after its comment, outside the grace in which edits are not marked.
EDITED_AFTER = timedelta(minutes=25)
# An author says where a thread is answered this long after that article appeared.
CONTINUED_AFTER = timedelta(hours=5)
KINDS = {"member": "reader", "publisher": "author"}


@dataclass(frozen=True)
class DemoPerson:
    """Somebody who can sign in: what they are in the discussion, their handle, and whether the demo's password is still theirs."""

    kind: str
    handle: str
    has_password: bool


def is_empty(session: Session) -> bool:
    """Whether the database holds nobody and no article yet."""
    return not session.scalar(select(func.count()).select_from(Account)) and not session.scalar(select(func.count()).select_from(Article))


def is_demo(session: Session) -> bool:
    """Whether the database holds the demo discussion, whatever was written into it since."""
    content = _read()
    slugs = {article["slug"] for article in content["articles"]}
    handles = {person["handle"] for person in content["people"]}
    articles = session.scalar(select(func.count()).select_from(Article).where(Article.slug.in_(slugs)))
    people = session.scalar(select(func.count()).select_from(Account).where(Account.handle.in_(handles)))
    return (articles, people) == (len(slugs), len(handles))


def who_signs_in(session: Session, password: str) -> list[DemoPerson]:
    """Return those who can sign in, and whether ``password`` is still theirs."""
    people = {person["handle"]: person["role"] for person in _read()["people"] if person["sign_in"]}
    hashes = session.execute(select(Account.handle, Account.password_hash).where(Account.handle.in_(people)).order_by(Account.id)).all()
    return [DemoPerson(KINDS.get(people[handle], people[handle]), handle, is_password(password, known)) for handle, known in hashes]


def load_demo(session: Session, password: str, *, with_cases: bool = False) -> dict[str, int]:
    """Load the demo discussion in the open transaction and return what was loaded, by kind. The database must be empty.

    ``with_cases`` adds what moderators find in their queue.
    """
    content, start = _read(), now()
    people = _load_people(session, content["people"], hash_password(password), start)
    titles = {series["slug"]: series["title"] for series in content["series"]}
    articles = {item["slug"]: _load_article(session, item, people, titles, start) for item in content["articles"]}
    comments: dict[str, Comment] = {}
    for item in sorted(content["comments"], key=lambda item: -item["minutes_ago"]):
        comments[item["label"]] = _load_comment(session, item, people, articles, comments, start)
    tags = sum(_load_tags(session, item, people, comments[item["label"]], start) for item in content["comments"])
    for item in content["comments"]:
        _finish(session, item, comments[item["label"]])
    for item in content["continuations"]:
        article = articles[item["article"]]
        session.add(
            Continuation(
                comment_id=comments[item["comment"]].id,
                article_id=article.id,
                account_id=people[item["by"]].id,
                line=item["line"],
                created_at=article.created_at + CONTINUED_AFTER,
            )
        )
    session.flush()
    added = load_cases(session, {label: comment.id for label, comment in comments.items()}) if with_cases else 0
    return {"people": len(people) + (added > 0), "articles": len(articles), "comments": len(comments) + added, "tags": tags}


def _read() -> dict[str, Any]:
    return tomllib.loads(TEXT.read_text(encoding="utf-8"))


def _load_people(session: Session, people: list[dict[str, Any]], password_hash: str, start: datetime) -> dict[str, Account]:
    accounts = {}
    for person in people:
        account = Account(
            handle=person["handle"],
            email=f"{person['handle']}@example.org" if person["sign_in"] else None,
            display_name=person["display_name"],
            credential=person["credential"],
            verified=person["verified"],
            password_hash=password_hash if person["sign_in"] else None,
            created_at=start - timedelta(days=90),
        )
        session.add(account)
        accounts[person["handle"]] = account
    session.flush()
    for person in people:
        set_role(session, accounts[person["handle"]], site_id=DEFAULT_SITE_ID, role=Role(person["role"]))
    return accounts


def _load_article(
    session: Session, item: Mapping[str, Any], people: Mapping[str, Account], titles: Mapping[str, str], start: datetime
) -> Article:
    draft = ArticleDraft(
        title=item["title"],
        slug=item["slug"],
        body_md=item["body_md"],
        main_claim=item["main_claim"],
        opening_question=item["opening_question"],
        series=titles[item["series"]] if item.get("series") else None,
        part=item.get("part"),
        created_at=start - timedelta(days=item["days_ago"]),
    )
    article, _ = create_article(session, DEFAULT_SITE_ID, draft, author_ids=[people[handle].id for handle in item["authors"]])
    return article


def _load_comment(
    session: Session,
    item: Mapping[str, Any],
    people: Mapping[str, Account],
    articles: Mapping[str, Article],
    comments: Mapping[str, Comment],
    start: datetime,
) -> Comment:
    parent = comments[item["parent"]] if "parent" in item else None
    root = session.get(Comment, parent.root_id) if parent else None
    body_md = normalize_body(item["body_md"])
    rendered = render(body_md, known_handles=people.keys())
    new = actions.NewComment(
        body_md=body_md,
        body_html=rendered.html,
        renderer=rendered.renderer,
        stance=Stance(item["stance"]) if item.get("stance") else None,
        author_id=people[item["by"]].id,
        created_at=start - timedelta(minutes=item["minutes_ago"]),
    )
    comment = actions.store(session, articles[item["article"]], parent, root, new)
    if "edited_body_md" in item:
        edited = normalize_body(item["edited_body_md"])
        later = render(edited, known_handles=people.keys())
        comment.body_md, comment.body_html, comment.version = edited, later.html, 2
        comment.edited_at = comment.created_at + EDITED_AFTER
        actions.add_revision(session, comment, actions.text_of(comment), new.stance, at=comment.edited_at)
    return comment


def _load_tags(session: Session, item: Mapping[str, Any], people: Mapping[str, Account], comment: Comment, start: datetime) -> int:
    place = lock_place(session, comment.id)
    age = start - comment.created_at
    given = [(handle, Stance(stance)) for stance, handles in item.get("tags", {}).items() for handle in handles]
    with counted(session, place):
        for number, (handle, stance) in enumerate(given, start=1):
            account_id, moment = people[handle].id, comment.created_at + age * number / (len(given) + 1)
            counts = account_id not in place.article.author_ids
            session.add(
                Tag(comment_id=comment.id, account_id=account_id, stance=stance.value, counted=counts, created_at=moment, changed_at=moment)
            )
            session.add(TagEvent(comment_id=comment.id, account_id=account_id, stance=stance.value, created_at=moment))
        session.flush()
        write_tally(session, comment, count_tags(session, comment.id))
    return len(given)


def _finish(session: Session, item: Mapping[str, Any], comment: Comment) -> None:
    if item.get("pinned"):
        comment.lead = 2
    elif item.get("featured"):
        comment.lead, comment.featured = 1, item["featured"]
    if item.get("withdrawn"):
        actions.move(session, lock_place(session, comment.id), "withdraw")
    session.flush()
