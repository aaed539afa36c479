"""One comment's way through the hands of readers and moderators, over the JSON API."""

from collections.abc import Callable

import pytest

from forum.access.viewer import Role
from tests.conftest import ApiClient, Person

TEXT = "I treated a patient of my neighbour last May."
STATEMENT = "Your comment names a patient by age, place and date; please leave these out."


@pytest.fixture
def people(person: Callable[..., Person]) -> dict[str, Person]:
    """A writer, two readers and two moderators."""
    return {
        name: person(name, Role.MODERATOR if name.startswith("mod") else Role.MEMBER) for name in ("anna", "ben", "cleo", "moda", "modb")
    }


def test_reported_screened_removed_resubmitted_approved(people: dict[str, Person], article: Callable[..., int], visitor: ApiClient) -> None:
    article_id = article()
    anna, ben, moda, modb = (people[name].client for name in ("anna", "ben", "moda", "modb"))
    comment = anna.post(f"/articles/{article_id}/comments", {"body_md": TEXT, "stance": "skepticism"}).json
    path = f"/comments/{comment['id']}"

    receipt = ben.post(f"{path}/reports", {"reason": "confidentiality"})
    assert receipt.status_code == 201, receipt.text
    shown = visitor.get(path).json
    assert (shown["state"], shown["body_md"], shown["stance"]) == ("screened", None, None)
    assert shown["restriction"]["by"] == "rule"

    [row] = moda.get("/mod/items").json["items"]
    assert (row["lane"], row["reasons"], row["report_count"], row["version"]) == (0, ["confidentiality"], 1, 2)
    item = moda.get(f"/mod/items/{row['id']}").json
    assert item["comment"]["body_md"] is None, "what may identify a patient is masked until a moderator asks for it"
    shown = moda.post(f"/mod/items/{row['id']}/reveal").json
    assert shown["comment"]["body_md"] == TEXT
    assert item["can"] == ["remove", "redact", "restore"]
    claim = moda.put(f"/mod/items/{row['id']}/claim")
    assert claim.status_code == 200, claim.text
    assert modb.put(f"/mod/items/{row['id']}/claim").json["type"] == "/problems/claimed-by-other"

    order = {"action": "remove", "reason": "confidentiality", "statement": STATEMENT, "version": row["version"]}
    taken = modb.post(f"/mod/items/{row['id']}/decisions", order)
    assert (taken.status_code, taken.json["draft"]["statement"]) == (409, STATEMENT)
    decided = moda.post(f"/mod/items/{row['id']}/decisions", order)
    assert decided.status_code == 201, decided.text
    late = modb.post(f"/mod/items/{row['id']}/decisions", order)
    assert (late.status_code, late.json["decision"]["by"], late.json["draft"]["statement"]) == (412, "moda", STATEMENT)
    assert visitor.get(path).json["restriction"]["by"] == "moderator"
    assert ben.get(f"/reports/{receipt.json['reference']}").json["state"] == "upheld"
    assert anna.get(f"/decisions/{decided.json['id']}").json["statement"] == STATEMENT
    assert ben.get(f"/decisions/{decided.json['id']}").status_code == 403

    again = anna.patch(path, {"body_md": "I treated a patient some years ago."})
    assert (again.status_code, again.json["state"]) == (202, "held"), again.text
    assert visitor.get(path).json["state"] == "held"
    assert visitor.get(path).json["body_md"] is None
    [row] = modb.get("/mod/items").json["items"]
    approved = modb.post(f"/mod/items/{row['id']}/decisions", {"action": "approve", "reason": "within_rules", "version": row["version"]})
    assert approved.status_code == 201, approved.text
    assert visitor.get(path).json["body_md"] == "I treated a patient some years ago."
    assert modb.get("/mod/items").json["items"] == []
    assert len(modb.get("/mod/items?state=closed").json["items"]) == 2
    log = visitor.get("/modlog").json["items"]
    assert [row["event"] for row in log] == ["approve", "remove", "screen_out"]
