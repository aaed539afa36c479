"""What the tests of the moderators' pages share: people with browsers, comments that were reported, and forms sent as a browser sends them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from forum.access.viewer import Role
from forum.articles.models import Article
from forum.comments.actions import NewComment, store
from forum.comments.models import Comment
from forum.db.transaction import writing
from forum.text.render import render
from tests.conftest import Person
from tests.journeys.reader import Element, Reader, Screen, fields_of

STATEMENT = "Your comment is about something else; it belongs to another discussion."


@dataclass
class Room:
    """One article, and people by name: each has a client of the JSON API and, of the same session, a browser without scripts."""

    person: Callable[..., Person]
    article_id: int
    people: dict[str, Person] = field(default_factory=dict)

    def someone(self, name: str, role: Role = Role.MEMBER) -> Person:
        """Return a person, made at the first call; names that begin with ``mod`` are moderators."""
        if name not in self.people:
            self.people[name] = self.person(name, Role.MODERATOR if name.startswith("mod") else role)
        return self.people[name]

    def browser(self, name: str) -> Reader:
        """Return the browser of a person."""
        return Reader(self.someone(name).client.client)

    def comment(self, text: str = "I saw Mrs B in May.", *, by: str = "anna", parent_id: int | None = None, article_id: int = 0) -> int:
        """Store a comment past screening, whose findings are not what these tests are about."""
        rendered = render(text, known_handles=frozenset())
        author = self.someone(by).id
        with writing() as session:
            article = session.get_one(Article, article_id or self.article_id)
            parent = session.get(Comment, parent_id) if parent_id else None
            root = session.get(Comment, parent.root_id) if parent else None
            return store(session, article, parent, root, NewComment(text, rendered.html, rendered.renderer, None, author)).id

    def report(self, comment_id: int, reason: str = "off_topic", *, by: str = "ben", note: str = "Read it.") -> int:
        """Report a comment and return its item."""
        answer = self.someone(by).client.post(f"/comments/{comment_id}/reports", {"reason": reason, "note": note})
        assert answer.status_code == 201, answer.text
        items = self.someone("moda").client.get("/mod/items?limit=50").json["items"]
        return int(next(item["id"] for item in items if item["comment"]["id"] == comment_id))

    def case(self, text: str = "I saw Mrs B in May.", reason: str = "off_topic", **named: Any) -> int:
        """Post a comment, report it, and return the item."""
        return self.report(self.comment(text, **named), reason)

    def item(self, item_id: int) -> dict[str, Any]:
        """Return an item as the API shows it."""
        answer: dict[str, Any] = self.someone("moda").client.get(f"/mod/items/{item_id}").json
        return answer

    def state(self, item_id: int) -> str:
        """Return the state of an item's comment."""
        return str(self.item(item_id)["comment"]["state"])


def token_of(reader: Reader) -> str:
    """Return the token that every form of the page carries."""
    return reader.screen.page.all("input", name="csrf_token")[0].attributes["value"]


def post(reader: Reader, path: str, **fields: Any) -> Screen:
    """Send a form's fields as they are, to anywhere, and go where it leads."""
    return reader._go("POST", path, data={"csrf_token": token_of(reader), **fields})


def send(reader: Reader, path: str, button: str = "", **values: Any) -> Screen:
    """Fill in the form that goes to ``path`` as it stands and press ``button`` (its words; empty: the first)."""
    form = reader.screen.form(path)
    data: dict[str, Any] = fields_of(form)
    known = {element.attributes.get("name") for element in form.walk()}
    assert set(values) <= known, f"the form has no field {set(values) - known}"
    buttons = [element for element in form.all("button", class_="main") + form.all("button") if not button or element.text == button]
    assert buttons, f"the form has no button '{button}'"
    return reader._go("POST", buttons[0].attributes.get("formaction", path), data={**data, **values})


def rows(screen: Screen) -> list[Element]:
    """Return the cases of a page, in order."""
    return screen.page.all("li", class_="row")


def reasons(screen: Screen) -> list[str]:
    """Return what each case of a page is about."""
    return [row.one("h3").text for row in rows(screen)]
