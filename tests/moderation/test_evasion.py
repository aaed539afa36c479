"""Nobody gets rid of reports by editing, or by withdrawing a comment and taking that back."""

from collections.abc import Callable

import pytest

from forum.access.viewer import Role
from tests.conftest import Person

RUDE = "You are a fucking idiot."


@pytest.fixture
def moderator(person: Callable[..., Person]) -> Person:
    """Somebody who reads the queue."""
    return person("moda", Role.MODERATOR)


def test_withdrawing_and_undoing_it_keeps_the_case(person: Callable[..., Person], article: Callable[..., int], moderator: Person) -> None:
    anna, ben = person("anna").client, person("ben").client
    comment = anna.post(f"/articles/{article()}/comments", {"body_md": "One view of it."}).json["id"]
    reference = ben.post(f"/comments/{comment}/reports", {"reason": "off_topic"}).json["reference"]
    assert anna.delete(f"/comments/{comment}").status_code == 204
    assert (moderator.client.get("/mod/items").json["items"], ben.get(f"/reports/{reference}").json["state"]) == ([], "moot")
    assert anna.delete(f"/comments/{comment}/withdrawal").json["state"] == "visible"
    [row] = moderator.client.get("/mod/items").json["items"]
    assert (row["reasons"], row["report_count"], ben.get(f"/reports/{reference}").json["state"]) == (["off_topic"], 1, "open")
    order = {"action": "no_action", "reason": "within_rules", "version": row["version"]}
    assert moderator.client.post(f"/mod/items/{row['id']}/decisions", order).status_code == 201


def test_replacing_a_waiting_change_keeps_a_case_that_readers_have_joined(
    person: Callable[..., Person], article: Callable[..., int], moderator: Person
) -> None:
    anna, ben = person("anna").client, person("ben").client
    comment = anna.post(f"/articles/{article()}/comments", {"body_md": "One view of it."}).json["id"]
    assert anna.patch(f"/comments/{comment}", {"body_md": RUDE}).status_code == 202
    assert ben.post(f"/comments/{comment}/reports", {"reason": "confidentiality"}).status_code == 201
    assert anna.patch(f"/comments/{comment}", {"body_md": "Another view of it."}).json["state"] == "screened"
    [row] = moderator.client.get("/mod/items").json["items"]
    assert (row["report_count"], row["waiting_edit"], row["lane"]) == (1, False, 0)


def test_what_is_withdrawn_and_opened_by_a_moderator_meanwhile_gets_its_reports_back(
    person: Callable[..., Person], article: Callable[..., int], moderator: Person
) -> None:
    anna, ben = person("anna").client, person("ben").client
    comment = anna.post(f"/articles/{article()}/comments", {"body_md": "One view of it."}).json["id"]
    reference = ben.post(f"/comments/{comment}/reports", {"reason": "confidentiality"}).json["reference"]
    assert anna.delete(f"/comments/{comment}").status_code == 204
    item = moderator.client.post(f"/mod/comments/{comment}/items").json["item"]
    assert anna.delete(f"/comments/{comment}/withdrawal").json["state"] == "held"
    [row] = moderator.client.get("/mod/items").json["items"]
    assert (row["id"], row["lane"], row["report_count"]) == (item["id"], 0, 1)
    assert ben.get(f"/reports/{reference}").json["state"] == "open"
