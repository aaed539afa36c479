"""A site as its admins set it: allowed origins, what pages and visitors may do, tokens for the host's programs; over the API and on the page."""

import logging
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text

from forum.access.viewer import Role
from forum.articles.models import SiteOrigin, SiteToken
from forum.articles.site_actions import ORIGINS_MOST, TOKENS_MOST
from forum.db.transaction import reading, writing
from tests.conftest import ApiClient, Person
from tests.embed.framed import HOST, allow

pytestmark = pytest.mark.postgresql_slow


@pytest.fixture
def admin(person: Callable[..., Person]) -> ApiClient:
    """An admin of the site."""
    return person("root", Role.ADMIN).client


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://host.example", "https://host.example"),
        (" HTTPS://Host.Example/ ", "https://host.example"),
        ("https://host.example:443", "https://host.example"),
        ("http://host.example:8080", "http://host.example:8080"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://127.0.0.1:4000", "http://127.0.0.1:4000"),
        ("http://[::1]:4000", "http://[::1]:4000"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(admin: ApiClient, given: str, kept: str) -> None:
    made = admin.post("/admin/site/origins", {"origin": given})
    assert (made.status_code, made.json["origin"]) == (201, kept), made.text
    again = admin.post("/admin/site/origins", {"origin": kept})
    assert (again.status_code, again.json["id"]) == (200, made.json["id"])
    assert [row["origin"] for row in admin.get("/admin/site").json["origins"]] == [kept]


@pytest.mark.parametrize(
    "given",
    [
        "host.example", "//host.example", "https://", "https://host.example/page", "https://host.example?x", "https://user@host.example", "ftp://host.example",
        "https://*.example", "*", "null", "https://host.example 'unsafe-inline'", "https://host.example;script-src *", "https://host.example,https://b.example",
        "javascript:alert(1)", "https://host.example:99999", "https://" + "a" * 300 + ".example", "https://host.example\nhttps://b.example",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(admin: ApiClient, given: str) -> None:
    answer = admin.post("/admin/site/origins", {"origin": given})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/origin"), answer.text
    assert admin.get("/admin/site").json["origins"] == []


def test_an_origin_belongs_to_one_site(admin: ApiClient) -> None:
    with writing() as session:
        session.execute(text("INSERT INTO sites (id, slug, created_at) VALUES (2, 'other', CURRENT_TIMESTAMP)"))
    allow(site_id=2)
    answer = admin.post("/admin/site/origins", {"origin": HOST})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/conflict")
    with reading() as session:
        foreign = session.scalars(select(SiteOrigin.id)).one()
    assert admin.delete(f"/admin/site/origins/{foreign}").status_code == 404
    assert not admin.get(f"/admin/site/origins/check?url={HOST}/x").json["allowed"]


def test_there_is_a_most(admin: ApiClient) -> None:
    for number in range(ORIGINS_MOST):
        allow(f"https://h{number}.example")
    assert admin.post("/admin/site/origins", {"origin": HOST}).json["errors"][0]["code"] == "too-many"
    for number in range(TOKENS_MOST):
        assert admin.post("/admin/site/tokens", {"name": f"t{number}"}).status_code == 201
    assert admin.post("/admin/site/tokens", {"name": "one more"}).json["errors"][0]["code"] == "too-many"


def test_an_admin_checks_a_page(admin: ApiClient) -> None:
    allow()
    assert admin.get(f"/admin/site/origins/check?url={HOST}/a/page%3Fx=1").json == {"origin": HOST, "allowed": True}
    assert admin.get("/admin/site/origins/check?url=https://www.host.example/").json == {
        "origin": "https://www.host.example",
        "allowed": False,
    }
    assert admin.get("/admin/site/origins/check?url=nonsense").status_code == 422


def test_settings_change_one_by_one(admin: ApiClient) -> None:
    assert admin.patch("/admin/site", {"creates_articles": True}).json["creates_articles"] is True
    changed = admin.patch("/admin/site", {"takes_guests": True}).json
    assert (changed["creates_articles"], changed["takes_guests"]) == (True, True)
    assert admin.patch("/admin/site", {"creates_articles": "yes"}).status_code == 422
    assert admin.patch("/admin/site", {"slug": "x"}).status_code == 422


def test_a_sites_token_adds_articles_and_no_more(admin: ApiClient, app: Flask, article: Callable[..., int]) -> None:
    made = admin.post("/admin/site/tokens", {"name": "Publisher"})
    assert (made.status_code, made.json["token"][:3]) == (201, "fs_")
    program = ApiClient(app.test_client(), token=made.json["token"])
    posted = program.post("/articles", {"title": "New", "url": f"{HOST}/new"})
    assert (posted.status_code, posted.json["authors"]) == (201, [])
    assert program.post("/articles", {"title": "New", "url": f"{HOST}/new"}).status_code == 200
    assert program.get(f"/articles/lookup?url={HOST}/new").status_code == 200
    article_id = article()
    for method, path, body in (
        ("POST", f"/articles/{article_id}/comments", {"body_md": "x"}),
        ("PATCH", f"/articles/{article_id}", {"title": "x"}),
        ("GET", "/me", None),
        ("GET", "/mod/items", None),
        ("GET", "/admin/site", None),
        ("POST", "/admin/site/tokens", {"name": "x"}),
        ("GET", "/me/tokens", None),
    ):
        assert program.request(method, path, body).status_code in (401, 403), (method, path)
    assert admin.get("/admin/site/tokens").json["items"][0]["last_used_at"] is not None


def test_a_revoked_or_made_up_site_token_opens_nothing(admin: ApiClient, app: Flask) -> None:
    made = admin.post("/admin/site/tokens", {"name": "Publisher"}).json
    assert admin.delete(f"/admin/site/tokens/{made['id']}").status_code == 204
    assert admin.delete(f"/admin/site/tokens/{made['id']}").status_code == 404
    for secret in (made["token"], "fs_made-up", "fs_"):
        answer = ApiClient(app.test_client(), token=secret).get("/articles")
        assert (answer.status_code, answer.json["type"]) == (401, "/problems/unauthenticated")


def test_another_sites_token_adds_nothing_here(app: Flask) -> None:
    from forum.accounts.actions import hash_secret
    from forum.clock import now

    with writing() as session:
        session.execute(text("INSERT INTO sites (id, slug, created_at) VALUES (2, 'other', CURRENT_TIMESTAMP)"))
        session.add(SiteToken(site_id=2, name="x", hint="fs_x", token_hash=hash_secret("fs_other"), created_at=now()))
    answer = ApiClient(app.test_client(), token="fs_other").post("/articles", {"title": "x"})
    assert answer.status_code in (401, 403)


def test_the_secret_is_shown_once_and_kept_nowhere(admin: ApiClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        first = admin.post("/admin/site/tokens", {"name": "Publisher"}, headers={"Idempotency-Key": "once"})
    again = admin.post("/admin/site/tokens", {"name": "Publisher"}, headers={"Idempotency-Key": "once"})
    secret = first.json["token"]
    assert (again.json["id"], again.json["token"]) == (first.json["id"], None)
    assert secret not in caplog.text
    assert "token" not in admin.get("/admin/site/tokens").json["items"][0]
    with reading() as session:
        row = session.scalars(select(SiteToken)).one()
        assert secret not in repr(vars(row))


def csrf(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def test_the_page_shows_what_to_paste_and_does_it_all(admin: ApiClient) -> None:
    browser = admin.client
    page = browser.get("/admin/site").text
    assert "data-forum-article=&#34;https://www.example.org/page&#34;" in page
    assert "http://127.0.0.1:8000/embed.js" in page
    assert "set FORUM_BASE_URL to an https address" in page
    token = csrf(page)
    refused = browser.post("/admin/site/origins", data={"csrf_token": token, "origin": "host.example/x"})
    assert (refused.status_code, 'value="host.example/x"' in refused.text) == (422, True)
    assert browser.post("/admin/site/origins", data={"csrf_token": token, "origin": HOST}).status_code == 303
    assert "Yes: pages of https://host.example may" in browser.get(f"/admin/site?url={HOST}/page").text
    assert "No: https://www.host.example is not on the list" in browser.get("/admin/site?url=https://www.host.example/").text
    assert browser.post("/admin/site/settings", data={"csrf_token": token, "creates_articles": "true"}).status_code == 303
    assert admin.get("/admin/site").json["creates_articles"] is True
    assert browser.post("/admin/site/settings", data={"csrf_token": token}).status_code == 303
    assert admin.get("/admin/site").json["creates_articles"] is False
    shown = browser.post("/admin/site/tokens", data={"csrf_token": token, "name": "Publisher"}).text
    assert re.search(r"<code>fs_[\w-]{40,}</code>", shown)
    made, origin = admin.get("/admin/site/tokens").json["items"][0], admin.get("/admin/site").json["origins"][0]
    assert browser.post(f"/admin/site/tokens/{made['id']}/revoke", data={"csrf_token": token}).status_code == 303
    assert browser.post(f"/admin/site/origins/{origin['id']}/remove", data={"csrf_token": token}).status_code == 303
    assert (admin.get("/admin/site/tokens").json["items"], admin.get("/admin/site").json["origins"]) == ([], [])


def test_nobody_else_sees_the_page(person: Callable[..., Person], app: Flask) -> None:
    for role in (Role.MEMBER, Role.PUBLISHER, Role.MODERATOR):
        assert person(f"p-{role}", role).client.client.get("/admin/site").status_code == 403
    assert app.test_client().get("/admin/site").headers["Location"] == "/sign-in?next=/admin/site"
