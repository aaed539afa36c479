"""Webhooks as admins set them, over the API and on their pages: the secret is shown once, and everybody else is turned away."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from forum.access.viewer import Role
from forum.db.transaction import reading, writing
from forum.webhooks.actions import SECRETS_MOST, WEBHOOKS_MOST
from forum.webhooks.models import WebhookSecret
from tests.conftest import ApiClient, Person
from tests.webhooks.conftest import work
from tests.webhooks.receiver import Receiver

pytestmark = pytest.mark.postgresql_slow

Hook = Callable[..., tuple[int, str]]


def submit(admin: ApiClient, path: str, **fields: object) -> tuple[int, str]:
    answer = admin.client.post(path, data={"csrf_token": admin.csrf, **fields}, follow_redirects=True)
    return answer.status_code, answer.text


def test_a_secret_is_shown_once_and_never_again(hook: Hook, admin: ApiClient, receiver: Receiver) -> None:
    key = {"Idempotency-Key": "k-1"}
    body = {"url": receiver.url(), "name": "Ours"}
    first, again = admin.post("/webhooks", body, headers=key), admin.post("/webhooks", body, headers=key)
    assert (first.status_code, again.headers["Idempotency-Replayed"], again.json["secret"]) == (201, "true", None)
    assert again.json["webhook"] == first.json["webhook"]
    webhook_id, secret = first.json["webhook"]["id"], first.json["secret"]
    assert first.headers["Location"] == f"/api/v1/webhooks/{webhook_id}"
    renewed = admin.post(f"/webhooks/{webhook_id}/secret", {}).json["secret"]
    admin.post(f"/webhooks/{webhook_id}/ping")
    work()
    seen = [
        admin.get(path).text for path in ("/webhooks", f"/webhooks/{webhook_id}", f"/webhooks/{webhook_id}/deliveries", "/me/export")
    ] + [admin.client.get(path).text for path in ("/admin/webhooks", f"/admin/webhooks/{webhook_id}", "/admin/site")]
    for kept in (secret, renewed):
        assert not [page for page in seen if kept.removeprefix("whsec_")[:20] in page]
    assert len(admin.get(f"/webhooks/{webhook_id}").json["secrets"]) == 2


def test_what_is_left_out_of_a_change_stays(hook: Hook, admin: ApiClient) -> None:
    webhook_id, _ = hook(kinds=["comment.moved", "comment.published", "comment.moved"])
    before = admin.get(f"/webhooks/{webhook_id}").json
    assert before["kinds"] == ["comment.published", "comment.moved"]
    after = admin.patch(f"/webhooks/{webhook_id}", {"name": " Renamed "}).json
    assert after == before | {"name": "Renamed"}
    assert admin.patch(f"/webhooks/{webhook_id}", {"kinds": []}).json["errors"][0]["pointer"] == "/kinds"
    assert admin.patch(f"/webhooks/{webhook_id}", {"kinds": ["comment.read"]}).status_code == 422
    assert admin.patch(f"/webhooks/{webhook_id}", {"name": "a\nb"}).json["errors"][0]["pointer"] == "/name"
    assert admin.delete(f"/webhooks/{webhook_id}").status_code == 204
    assert admin.get(f"/webhooks/{webhook_id}").status_code == 404
    with reading() as session:
        assert session.scalars(select(WebhookSecret)).all() == []


def test_there_is_a_most(hook: Hook, admin: ApiClient, receiver: Receiver) -> None:
    for _ in range(WEBHOOKS_MOST):
        webhook_id, _secret = hook()
    refused = admin.post("/webhooks", {"url": receiver.url(), "name": "one more"})
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "too-many")
    for _ in range(SECRETS_MOST - 1):
        assert admin.post(f"/webhooks/{webhook_id}/secret", {}).status_code == 201
    assert admin.post(f"/webhooks/{webhook_id}/secret", {}).status_code == 409
    assert admin.post(f"/webhooks/{webhook_id}/secret", {"keeps_old": False}).status_code == 201
    assert len(admin.get(f"/webhooks/{webhook_id}").json["secrets"]) == 1


def test_nobody_else_comes_in(hook: Hook, app: Flask, person: Callable[..., Person]) -> None:
    webhook_id, _ = hook()
    for client in (ApiClient(app.test_client()), person("anna").client, person("mo", Role.MODERATOR).client):
        for method, path, body in (
            ("GET", "/webhooks", None),
            ("POST", "/webhooks", {"url": "https://example.org/", "name": "x"}),
            ("GET", f"/webhooks/{webhook_id}", None),
            ("DELETE", f"/webhooks/{webhook_id}", None),
            ("POST", f"/webhooks/{webhook_id}/secret", {}),
            ("GET", f"/webhooks/{webhook_id}/deliveries", None),
        ):
            assert client.request(method, path, body).status_code in (401, 403), path
        for path in ("/admin/webhooks", f"/admin/webhooks/{webhook_id}"):
            assert client.client.get(path).status_code in (303, 403)


def test_a_webhook_of_another_site_is_not_there(hook: Hook, admin: ApiClient) -> None:
    webhook_id, _ = hook()
    with writing() as session:
        session.execute(text("INSERT INTO sites (id, slug, created_at) VALUES (2, 'other', CURRENT_TIMESTAMP)"))
        session.execute(text("UPDATE webhooks SET site_id = 2"))
    assert admin.get(f"/webhooks/{webhook_id}").status_code == 404
    assert admin.client.get(f"/admin/webhooks/{webhook_id}").status_code == 404
    assert admin.get("/webhooks").json == {"items": []}


def test_messages_are_listed_page_by_page(hook: Hook, admin: ApiClient, receiver: Receiver) -> None:
    webhook_id, secret = hook()
    other, _ = hook()
    receiver.statuses = [500, 204, 204]
    for number in range(7):
        assert admin.post(f"/webhooks/{webhook_id}/ping").status_code == 202, number
        work()
    admin.post(f"/webhooks/{other}/ping")
    work()
    found, cursor = [], ""
    while True:
        page = admin.get(f"/webhooks/{webhook_id}/deliveries?limit=3{cursor}").json
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len({each["id"] for each in found}) == len(found) == 7
    assert [each["id"] for each in found] == sorted((each["id"] for each in found), reverse=True)
    assert receiver.got[0].verified(secret) == {
        "type": "webhook.ping",
        "timestamp": receiver.got[0].verified(secret)["timestamp"],
        "data": {"site_id": 1, "webhook_id": webhook_id},
    }
    # The next that got through took with it what waited.
    assert {each["state"] for each in found} == {"delivered"}
    assert admin.get(f"/webhooks/{webhook_id}/deliveries?state=failed").json["items"] == []
    assert admin.get(f"/webhooks/{other}/deliveries?limit=3{cursor}").status_code == 400
    foreign = found[0]["id"]
    assert admin.post(f"/webhooks/{other}/deliveries/{foreign}/replay").status_code == 404


def test_the_page_leads_through_a_webhooks_life(admin: ApiClient, receiver: Receiver) -> None:
    status, page = submit(admin, "/admin/webhooks", name="Newsletter", url="http://10.0.0.1/", kinds="article.created")
    assert (status, "must begin with https://" in page) == (422, True)
    assert 'value="http://10.0.0.1/"' in page
    status, page = submit(
        admin, "/admin/webhooks", name="Newsletter", url=receiver.url("/news"), kinds=["article.created", "comment.published"]
    )
    (secret,) = re.findall(r"<code>(whsec_[^<]+)</code>", page)
    assert status == 200
    webhook_id = admin.get("/webhooks").json["items"][0]["id"]
    here = f"/admin/webhooks/{webhook_id}"
    assert "Nothing has happened yet" in page
    status, page = submit(admin, f"{here}/ping")
    work()
    assert "test message is on its way" in page
    receiver.got[0].verified(secret)
    page = admin.client.get(here).text
    assert "A test message" in page
    assert "answered 204" in page
    message_id = receiver.got[0].id
    assert message_id in page
    delivery_id = admin.get(f"/webhooks/{webhook_id}/deliveries").json["items"][0]["id"]
    assert "sent again" in submit(admin, f"{here}/deliveries/{delivery_id}/replay")[1]
    work()
    assert [got.id for got in receiver.got] == [message_id] * 2
    assert submit(admin, f"{here}/replay", hours="0")[0] == 422
    assert "Send again what was given up" not in admin.client.get(here).text
    assert "nothing is sent again" in submit(admin, f"{here}/replay", hours="24")[1]
    with writing() as session:
        session.execute(text("UPDATE webhook_deliveries SET failed_at = created_at, delivered_at = NULL"))
    assert "Send again what was given up" in admin.client.get(here).text
    assert "One message is sent again." in submit(admin, f"{here}/replay", hours="24")[1]
    work()
    assert "Renamed" in submit(admin, here, name="Renamed", url=receiver.url("/news"), kinds="article.created")[1]
    status, page = submit(admin, f"{here}/secret", ends_old="true")
    (new,) = re.findall(r"<code>(whsec_[^<]+)</code>", page)
    assert new != secret
    status, page = submit(admin, f"{here}/pause")
    assert "Paused since" in page
    assert submit(admin, f"{here}/ping")[0] == 409
    assert "Paused since" not in submit(admin, f"{here}/resume")[1]
    assert "is deleted" in submit(admin, f"{here}/delete")[1]
    assert admin.client.get(here).status_code == 404


def test_a_page_with_a_secret_is_kept_by_nobody(admin: ApiClient, receiver: Receiver) -> None:
    data = {"csrf_token": admin.csrf, "name": "x", "url": receiver.url(), "kinds": "article.created"}
    answer = admin.client.post("/admin/webhooks", data=data)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "whsec_" in answer.text


@pytest.mark.parametrize("path", ["/admin/webhooks", "/admin/webhooks/1"])
def test_a_visitor_signs_in_first(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in (303, 404)
