"""Guests: a name and an address, confirmed by a link, after which the text is posted as any other; claimed by a member with the same confirmed address."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.accounts.models import Account
from forum.articles.actions import set_closed
from forum.articles.models import Article, Site
from forum.comments.models import Comment
from forum.db.transaction import reading, writing
from forum.jobs.run import run_due
from forum.mail.models import OutgoingMail
from forum.mailbox.models import MailLink
from forum.moderation.models import ReviewItem, StatementOfReasons
from forum.notifications.letters import ONE_FILLER
from forum.stances.models import Tag
from tests.conftest import PASSWORD, Person
from tests.privacy.marks import tables_with
from tests.stances.recount import find_miscounts

pytestmark = pytest.mark.postgresql_slow

ADDRESS = "gwen@example.org"
TEXT = "What I saw in my practice is the opposite."


@pytest.fixture
def discussion(app: Flask, article: Callable[..., int]) -> int:
    """An article on a site that takes guests."""
    with writing() as session:
        session.get_one(Site, DEFAULT_SITE_ID).takes_guests = True
    return article("On touch")


def token_of(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def write(browser: FlaskClient, **fields: str) -> TestResponse:
    """Hand a text over from the composer, and send the form that comes back."""
    first = browser.post("/a/on-touch/guest", data={"body_md": TEXT, "stance": "", "step": "form"})
    sent = {"csrf_token": token_of(first), "body_md": TEXT, "name": "Gwen Ash", "email": ADDRESS} | fields
    return browser.post("/a/on-touch/guest", data=sent)


def newest_mail(kind: str) -> tuple[str, str]:
    while run_due(50):
        pass
    with reading() as session:
        mail = session.scalars(select(OutgoingMail).where(OutgoingMail.kind == kind).order_by(OutgoingMail.id.desc())).first()
        assert mail is not None
        found = re.search(r"(/mail/[\w-]{43})$", mail.body, re.MULTILINE)
        assert found is not None
        return found[1], f"{mail.subject}\n{mail.body}"


def follow(browser: FlaskClient, path: str) -> TestResponse:
    return browser.post(path, data={"csrf_token": token_of(browser.get(path))})


def post_as_guest(browser: FlaskClient, **fields: str) -> dict[str, Any]:
    assert write(browser, **fields).status_code == 200
    done = follow(browser, newest_mail("guest")[0])
    assert done.status_code == 303, done.text
    with reading() as session:
        newest = session.scalars(select(Comment).order_by(Comment.id.desc())).first()
        assert newest is not None
        return {"id": newest.id, "author_id": newest.author_id, "state": newest.state, "stance": newest.stance}


def test_a_guest_writes_confirms_and_is_read(discussion: int, client: FlaskClient) -> None:
    assert 'formaction="/a/on-touch/guest"' in client.get("/a/on-touch?stand=skepticism").text
    handed = client.post("/a/on-touch/guest", data={"body_md": TEXT, "stance": "skepticism"})
    assert TEXT in handed.text
    assert 'value="skepticism" checked' in handed.text
    assert "too old" not in handed.text
    sent = write(client, stance="skepticism")
    assert f"A mail is on its way to {ADDRESS}" in sent.text
    path, mail = newest_mail("guest")
    # Whoever gives somebody else's address sends them nothing of their own.
    assert TEXT not in mail
    assert "Gwen" not in mail
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 0
        assert session.scalar(select(func.count()).select_from(Account)) == 0
    page = client.get(path).text
    assert TEXT in page
    assert "Gwen Ash (guest)" in page
    done = follow(client, path)
    assert done.headers["Location"].startswith(("/a/on-touch", "/c/"))
    shown = client.get("/a/on-touch").text
    assert "Gwen Ash <i>Guest</i>" in shown
    assert "/u/guest" not in shown
    assert ADDRESS not in shown
    listed = client.get(f"/api/v1/articles/{discussion}/comments").get_json()["items"][0]
    assert (listed["author"]["display_name"], listed["author"]["is_guest"], listed["stance"]) == ("Gwen Ash", True, "skepticism")
    handle = listed["author"]["handle"]
    assert client.get(f"/u/{handle}").status_code == 404
    assert client.get(f"/api/v1/people/{handle}").status_code == 404
    assert client.get(path).status_code == 410
    assert client.post("/api/v1/session", json={"login": handle, "password": PASSWORD}).status_code == 401


def test_one_address_is_one_guest_under_the_last_name(discussion: int, client: FlaskClient) -> None:
    first, second = post_as_guest(client), post_as_guest(client, name="Gwendolyn", body_md="And one more thing that I saw.")
    assert first["author_id"] == second["author_id"]
    shown = client.get("/a/on-touch").text
    assert shown.count("Gwendolyn <i>Guest</i>") == 2


def test_where_no_guests_are_taken_the_text_waits_for_the_sign_in(app: Flask, article: Callable[..., int], client: FlaskClient) -> None:
    article("On touch")
    assert "Post as a guest" not in client.get("/a/on-touch?stand=skepticism").text
    page = client.post("/a/on-touch/guest", data={"body_md": TEXT, "name": "Gwen", "email": ADDRESS})
    assert page.status_code in (401, 403)
    assert "What I saw" in page.text
    assert 'action="/sign-in"' in page.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "Write the name that is to stand above your comment."),
        ({"name": "x" * 81}, "80"),
        ({"email": "gwen"}, "This is not an e-mail address"),
        ({"body_md": "  "}, "body_md"),
    ],
    ids=["no name", "long name", "no address", "no text"],
)
def test_what_is_refused_comes_back(discussion: int, client: FlaskClient, fields: dict[str, str], said: str) -> None:
    run_due(9)
    refused = write(client, **fields)
    assert refused.status_code == 422
    assert said in refused.text
    if "body_md" not in fields:
        assert TEXT in refused.text
    assert run_due(1) == 0


def test_screening_looks_at_it_when_it_is_posted(discussion: int, client: FlaskClient) -> None:
    made = post_as_guest(client, body_md="You are a fucking idiot.")
    assert made["state"] == "held"
    assert "A person reads your comment before others can." in client.get("/a/on-touch").text
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(ReviewItem).where(ReviewItem.writer_id == made["author_id"])) == 1


def test_what_cannot_be_posted_leaves_the_link_good(discussion: int, client: FlaskClient) -> None:
    write(client)
    path, _ = newest_mail("guest")
    with writing() as session:
        set_closed(session.get_one(Article, discussion), True, reason="Enough said.")
    refused = follow(client, path)
    assert refused.status_code == 409
    assert "closed to new comments" in refused.text
    assert TEXT in refused.text, "so that it can be copied"


def test_who_has_an_account_is_sent_a_link_to_sign_in_with_the_text(
    discussion: int, client: FlaskClient, person: Callable[..., Person]
) -> None:
    person("gwen")
    answer, other = write(client), write(client, email="nobody@example.org")
    assert answer.text.replace(ADDRESS, "") == other.text.replace("nobody@example.org", "")
    path, _ = newest_mail("sign_in")
    done = follow(client, path)
    assert TEXT in done.text
    assert "Here is your text" in done.text


def test_who_signs_up_meanwhile_does_not_write_as_a_guest(discussion: int, client: FlaskClient, person: Callable[..., Person]) -> None:
    write(client)
    path, _ = newest_mail("guest")
    person("gwen")
    assert client.get(path).status_code == 410


def test_a_confirmed_member_claims_what_a_guest_wrote(discussion: int, client: FlaskClient, person: Callable[..., Person]) -> None:
    made = post_as_guest(client)
    held = post_as_guest(client, body_md="You are a fucking idiot.")
    gwen, other = person("gwen"), person("other", Role.MODERATOR)
    for reader in (gwen, other):
        assert reader.client.put(f"/comments/{made['id']}/tag", {"stance": "agreement"}).status_code == 200
    while run_due(50):
        pass
    with reading() as session:
        assert session.get_one(Comment, made["id"]).author_id == made["author_id"], "an address that is only claimed claims nothing"
    assert gwen.client.post("/me/confirmation").status_code == 202
    assert follow(client, newest_mail("confirm")[0]).status_code == 303
    while run_due(50):
        pass
    with reading() as session:
        comments = session.scalars(select(Comment).order_by(Comment.id)).all()
        assert [comment.author_id for comment in comments] == [gwen.id, gwen.id]
        assert session.scalar(select(func.count()).select_from(Account).where(Account.is_guest)) == 0
        assert session.scalars(select(Tag.account_id)).all() == [other.id], "nobody's tag counts on their own comment"
        assert find_miscounts(session) == []
        assert set(session.scalars(select(ReviewItem.writer_id))) == {gwen.id}
        assert set(session.scalars(select(StatementOfReasons.account_id))) == {gwen.id}
    shown = client.get("/a/on-touch").text
    assert '<a href="/u/gwen">Gwen</a>' in shown
    assert gwen.client.get(f"/comments/{held['id']}").json["body_md"] == "You are a fucking idiot."
    assert "Gwen Ash" not in shown


def test_a_text_that_nobody_confirms_is_gone_with_its_link(discussion: int, client: FlaskClient) -> None:
    write(client)
    newest_mail("guest")
    assert tables_with(TEXT) == {"mail_links.data"}
    with writing() as session:
        session.query(MailLink).delete()
    assert tables_with(TEXT) == set()


def test_a_reply_goes_to_what_it_answers(discussion: int, client: FlaskClient, person: Callable[..., Person]) -> None:
    root = person("anna").client.post(f"/articles/{discussion}/comments", {"body_md": "A claim."}).json["id"]
    made = post_as_guest(client, parent_id=str(root))
    with reading() as session:
        assert session.get_one(Comment, made["id"]).parent_id == root


def test_a_text_that_could_identify_a_patient_is_to_be_written_anew(discussion: int, client: FlaskClient) -> None:
    text = "A 52-year-old patient of mine in Ribbleton improved."
    write(client, body_md=text)
    refused = follow(client, newest_mail("guest")[0])
    assert refused.status_code == 422
    assert "write it once more without them" in refused.text
    assert text in refused.text
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 0
        assert session.scalar(select(func.count()).select_from(Account)) == 0


def test_whom_a_reply_answers_is_not_named_by_a_made_up_handle(discussion: int, client: FlaskClient, person: Callable[..., Person]) -> None:
    made = post_as_guest(client)
    path = f"/articles/{discussion}/comments"
    assert person("anna").client.post(path, {"body_md": "So?", "parent_id": made["id"], "stance": "skepticism"}).status_code == 201
    for page in ("/a/on-touch", f"/c/{made['id']}"):
        assert "@guest-" not in client.get(page).text


@pytest.mark.parametrize("wants", [True, False])
def test_a_guest_who_asks_for_it_is_mailed_answers(
    discussion: int, client: FlaskClient, person: Callable[..., Person], wants: bool
) -> None:
    made = post_as_guest(client, **({"wants_answers": "true"} if wants else {}))
    answer = person("reader").client.post(
        f"/articles/{discussion}/comments", {"body_md": "An answer to the guest.", "parent_id": made["id"]}
    )
    assert answer.status_code == 201, answer.text
    while run_due(50):
        pass
    with reading() as session:
        waiting = select(OutgoingMail).where(OutgoingMail.kind == "notification")
        mails = session.scalars(waiting).all()
        assert [mail.to_address for mail in mails] == ([ADDRESS] if wants else [])
        for mail in mails:
            letter = ONE_FILLER.write(session, msgspec.json.decode(mail.about))
            assert letter is not None
            assert "An answer to the guest." in letter.text
            # There is no inbox and nothing to be set: all that a guest can do about mail is to stop it.
            assert "/settings/notifications" not in letter.text
            assert letter.text.count("/mail/stop/") == 2
