"""What tests of moderation's pages set up over the JSON API: comments, decisions, and a reader's browser for somebody with an account.

The rule: only doors that everybody uses. Called by ``test_reportpages_*`` and ``tests/posting/test_pages_moderated``.
"""

from typing import Any

from tests.conftest import Person
from tests.journeys.reader import Reader

STATEMENT = "Your comment advertises a shop; please say what you found without what you sell."


def browse(person: Person) -> Reader:
    """Return the browser in which this person is signed in."""
    return Reader(person.client.client)


def post(person: Person, article_id: int, text: str, **fields: Any) -> int:
    """Post a comment, held or not, and return its id."""
    answer = person.client.post(f"/articles/{article_id}/comments", {"body_md": text, **fields})
    assert answer.status_code in (201, 202), answer.text
    found: int = answer.json["id"]
    return found


def decide(moderator: Person, comment_id: int, action: str, reason: str, *, statement: str = STATEMENT, **more: Any) -> int:
    """Open the comment's item as a moderator, decide on it and return the decision's id."""
    opened = moderator.client.post(f"/mod/comments/{comment_id}/items")
    assert opened.status_code in (200, 201), opened.text
    item = opened.json["item"]
    order = {"action": action, "reason": reason, "statement": statement, "version": item["version"], **more}
    answer = moderator.client.post(f"/mod/items/{item['id']}/decisions", order)
    assert answer.status_code == 201, answer.text
    found: int = answer.json["id"]
    return found
