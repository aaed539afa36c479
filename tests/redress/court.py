"""What tests of appeals set up over the JSON API: a discussion with people in it, decisions, appeals, verdicts; and what is compared before and after.

The rule: only doors that everybody uses; the database is read, and written only where no door leads (an older closing time, a destroyed text).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.access.viewer import Role
from forum.articles.models import Article
from forum.comments.models import Comment, Revision
from forum.comments.states import RevisionState
from forum.db.transaction import reading
from forum.moderation import log
from forum.stances.models import Tag
from tests.conftest import PASSWORD, ApiClient, Person, Reply
from tests.journeys.reader import Reader
from tests.stances.recount import find_miscounts

STATEMENT = "Your comment advertises a shop; please say what you found without what you sell."
REASONS = "We read it once more with what you wrote, and this is what we found and why."
BODY = "It is about the article: the passage names a study, not a shop."
# What every change raises, and what nobody but the database sees.
UNCOMPARED = {"version", "restricted_id"}


@dataclass
class Court:
    """One article by ``marit``, and people by name: each has a client of the JSON API; names that begin with ``mod`` are moderators, ``adm`` an admin."""

    person: Callable[..., Person]
    article_id: int
    people: dict[str, Person] = field(default_factory=dict)

    def someone(self, name: str) -> Person:
        """Return a person, made at the first call."""
        if name not in self.people:
            role = Role.MODERATOR if name.startswith("mod") else Role.ADMIN if name.startswith("adm") else Role.MEMBER
            self.people[name] = self.person(name, role)
        return self.people[name]

    def by(self, name: str) -> ApiClient:
        """Return a person's client."""
        return self.someone(name).client

    def later(self, name: str) -> ApiClient:
        """Return the client of a person whose sign-in has ended by now, signed in anew."""
        browser = self.by(name).client.application.test_client()
        answer = browser.post("/api/v1/session", json={"login": name, "password": PASSWORD})
        self.people[name] = Person(self.people[name].id, name, ApiClient(browser, csrf=answer.get_json()["csrf_token"]))
        return self.by(name)

    def browser(self, name: str) -> Reader:
        """Return the browser in which a person is signed in."""
        return Reader(self.by(name).client)

    def post(self, text: str = "I saw Trial in May and it was well.", *, by: str = "anna", **fields: Any) -> int:
        """Post a comment and return its id."""
        answer = self.by(by).post(f"/articles/{self.article_id}/comments", {"body_md": text, **fields})
        assert answer.status_code in (201, 202), answer.text
        return int(answer.json["id"])

    def report(self, comment_id: int, *, by: str = "ben", reason: str = "off_topic") -> str:
        """Report a comment and return the reference."""
        answer = self.by(by).post(f"/comments/{comment_id}/reports", {"reason": reason, "note": "A note of the reporter."})
        assert answer.status_code == 201, answer.text
        return str(answer.json["reference"])

    def notice(self, comment_id: int, visitor: ApiClient) -> str:
        """Give notice of a comment without an account and return the reference."""
        sent = {"url": f"/c/{comment_id}", "reason": "illegal", "note": "It names a third person.", "name": "Nora"}
        answer = visitor.post("/notices", {**sent, "email": "nora@example.org", "good_faith": True})
        assert answer.status_code == 201, answer.text
        return str(answer.json["reference"])

    def decide(self, comment_id: int, action: str, *, by: str = "moda", reason: str = "promotion", **more: Any) -> int:
        """Decide on the comment's case, which is opened where none is, and return the decision's id."""
        opened = self.by(by).post(f"/mod/comments/{comment_id}/items")
        assert opened.status_code in (200, 201), opened.text
        item = opened.json["item"]
        order = {"action": action, "reason": reason, "statement": STATEMENT, "version": item["version"], **more}
        answer = self.by(by).post(f"/mod/items/{item['id']}/decisions", order)
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    def sanction(self, kind: str, *, on: str = "anna", by: str = "moda", **more: Any) -> int:
        """Impose something on a person and return its id."""
        self.someone(on)
        body = {"kind": kind, "reason": "harassment", "statement": STATEMENT, **more}
        answer = self.by(by).post(f"/mod/accounts/{on}/sanctions", body)
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    def appeal(self, decision_id: int, *, by: str = "anna") -> int:
        """Appeal a decision and return the appeal's id."""
        answer = self.by(by).post(f"/decisions/{decision_id}/appeals", {"body": BODY})
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])

    def judge(self, appeal_id: int, outcome: str, *, by: str = "modb", **more: Any) -> Reply:
        """Decide on an appeal at the version that stands and return the answer, whatever it is."""
        seen = self.by(by).get(f"/appeals/{appeal_id}").json["version"]
        return self.by(by).post(f"/appeals/{appeal_id}/decision", {"outcome": outcome, "reasons": REASONS, "version": seen, **more})

    def overturn(self, decision_id: int, *, by: str = "anna") -> dict[str, Any]:
        """Appeal a decision, have it overturned by another moderator, and return the appeal."""
        answer = self.judge(self.appeal(decision_id, by=by), "overturn")
        assert answer.status_code == 201, answer.text
        decided: dict[str, Any] = answer.json
        return decided

    def listing(self) -> Any:
        """Return the discussion as everybody gets it, without the versions."""
        visitor = ApiClient(self.by("ben").client.application.test_client())
        return without_versions(visitor.get(f"/articles/{self.article_id}/comments?limit=50&replies=50").json)


def without_versions(value: Any) -> Any:
    """Return a structure without the numbers that every change raises."""
    if isinstance(value, dict):
        return {name: without_versions(inner) for name, inner in value.items() if name != "version"}
    return [without_versions(inner) for inner in value] if isinstance(value, list) else value


def snapshot(comment_id: int) -> dict[str, Any]:
    """Return the rows of a comment, of those above it and of its article, its tags, and the texts that readers may know of."""
    with reading() as session:
        comment = session.get_one(Comment, comment_id)
        above = {known for known in (comment.root_id, comment.parent_id) if known is not None}
        shown = (RevisionState.ACCEPTED.value, RevisionState.REDACTED.value)
        texts = select(Revision.number, Revision.state, Revision.body_md, Revision.stance, Revision.redacted_id)
        return {
            "comments": {known: row_of(session, Comment, known) for known in {comment_id, *above}},
            "article": row_of(session, Article, comment.article_id),
            "tags": sorted(
                (tag.account_id, tag.stance, tag.counted, tag.suspended)
                for tag in session.scalars(select(Tag).where(Tag.comment_id == comment_id))
            ),
            "texts": [
                tuple(row)
                for row in session.execute(
                    texts.where(Revision.comment_id == comment_id, Revision.state.in_(shown)).order_by(Revision.number)
                )
            ],
        }


def row_of(session: Session, table: type[Any], row_id: int) -> dict[str, Any]:
    """Return the columns of a row but those that nobody compares."""
    row = session.execute(select(*table.__table__.c).where(table.__table__.c.id == row_id)).mappings().one()
    return {name: value for name, value in row.items() if name not in UNCOMPARED}


def check_books() -> None:
    """Assert that every stored count is a fresh one and that the log verifies."""
    with reading() as session:
        assert find_miscounts(session) == []
        assert log.verify(session, 1).faults == ()
