"""Following with and without an account, the inbox and the settings, as people and programs meet them."""

import re
from datetime import timedelta

import msgspec
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from forum.accounts.actions import confirm_address
from forum.accounts.models import Account
from forum.db.transaction import reading, writing
from forum.notifications.models import Follow, Notification, Subscriber
from forum.notifications.tidying import KEPT, pass_notifications
from forum.web.context import SETTINGS
from tests.mailbox.conftest import csrf_of, send
from tests.notifications.conftest import DAY, START, Scene, text_of

pytestmark = pytest.mark.postgresql_slow


def link_in(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/mail/\w+/\S+)", text)
    assert found is not None, text
    return found[1]


def ask(scene: Scene, browser: FlaskClient, email: str = "curious@example.net", delivery: str = "at_once") -> str:
    """Ask for mail about the article and return the path of the link in the mail."""
    asked = send(browser, f"/follow/article/{scene.article_id}", email=email, delivery=delivery)
    assert asked.status_code == 200
    assert email in asked.text
    scene.work()
    letter = [one for one in scene.box.letters if one["To"] == email][-1]
    return link_in(text_of(letter))


def test_an_address_follows_once_its_link_is_followed(scene: Scene, client: FlaskClient) -> None:
    path = ask(scene, client)
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Subscriber).where(Subscriber.email.is_not(None))) == 0
    opened = client.get(path)
    assert "curious@example.net" in opened.text
    scene.post("writer", "A comment before anybody confirmed.")
    scene.work()
    assert client.post(path, data={"csrf_token": csrf_of(opened)}).status_code == 200
    # Twice is no error.
    assert client.post(path, data={"csrf_token": csrf_of(opened)}).status_code == 200
    scene.post("reader", "A comment that is mailed at once.")
    scene.work()
    letters = [one for one in scene.box.letters if one["To"] == "curious@example.net"]
    assert len(letters) == 2
    assert "A comment that is mailed at once." in text_of(letters[1])
    stop = link_in(letters[1]["List-Unsubscribe"].strip(" <>"))
    assert "this article’s discussion" in client.get(stop).text
    everything = re.search(r'href="http://127\.0\.0\.1:8000(/mail/stop/[^"]+)"', client.get(stop).text)
    assert everything is not None
    assert client.post(everything[1], data={"List-Unsubscribe": "One-Click"}).status_code == 200
    scene.post("writer", "A comment after that is mailed to nobody.")
    scene.pass_time(2 * DAY)
    assert len([one for one in scene.box.letters if one["To"] == "curious@example.net"]) == 2


def test_a_link_is_good_for_three_days_and_only_as_it_was_made(scene: Scene, client: FlaskClient) -> None:
    path = ask(scene, client)
    assert client.get(path[:-1] + ("A" if path[-1] != "A" else "B")).status_code == 410
    scene.clock.shift(3 * DAY + timedelta(minutes=1))
    assert client.get(path).status_code == 410


def test_the_address_of_an_account_becomes_that_accounts_follow(scene: Scene, client: FlaskClient) -> None:
    path = ask(scene, client, "reader@example.org")
    client.post(path, data={"csrf_token": csrf_of(client.get(path))})
    assert [one["kind"] for one in scene["reader"].client.get("/me/follows").json["items"]] == ["article"]


def test_what_an_address_followed_is_adopted_when_an_account_confirms_it(scene: Scene, client: FlaskClient) -> None:
    path = ask(scene, client, "newcomer@example.org")
    client.post(path, data={"csrf_token": csrf_of(client.get(path))})
    newcomer = scene.person("newcomer")
    with writing() as session:
        confirm_address(session, session.get_one(Account, newcomer.id))
    assert [one["kind"] for one in newcomer.client.get("/me/follows").json["items"]] == ["article"]
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Subscriber).where(Subscriber.email.is_not(None))) == 0


@pytest.mark.parametrize("email", ["", "nobody", "a@b\r\nBcc: c@example.org"])
def test_what_is_no_address_is_refused_and_comes_back(scene: Scene, client: FlaskClient, email: str) -> None:
    refused = send(client, f"/follow/article/{scene.article_id}", email=email)
    assert refused.status_code == 422
    assert "E-mail address" in refused.text
    scene.work()
    assert scene.box.letters == []


def test_mail_that_visitors_ask_for_is_limited(scene: Scene, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scene.app.extensions, SETTINGS, msgspec.structs.replace(scene.app.extensions[SETTINGS], rate_limits="on"))
    answers = [send(client, f"/follow/article/{scene.article_id}", email="victim@example.net").status_code for _ in range(12)]
    assert answers[0] == 200
    assert 429 in answers


def test_what_is_hidden_or_nothing_cannot_be_followed(scene: Scene) -> None:
    comment = scene.post("writer")
    reply = scene.post("reader", to=comment)
    client = scene["reader"].client
    assert client.put(f"/me/follows/thread/{reply}").status_code == 204
    assert [one["id"] for one in client.get("/me/follows").json["items"]] == [comment]
    scene["writer"].client.delete(f"/comments/{comment}")
    assert client.put(f"/me/follows/thread/{comment}").status_code == 404
    # Given up it can be all the same.
    assert client.delete(f"/me/follows/thread/{comment}").status_code == 204
    assert client.get("/me/follows").json["items"] == []
    for path in ("thread/9999", "article/9999", f"author/{scene['reader'].id}", "site/9", "person/1"):
        assert client.put(f"/me/follows/{path}").status_code == 404, path


def test_a_member_follows_and_stops_by_the_pages_alone(scene: Scene) -> None:
    browser, path = scene["reader"].client.client, f"/follow/article/{scene.article_id}"
    assert send(browser, path).status_code == 303
    assert "You follow it." in browser.get(path).text
    browser.post(f"/unfollow/article/{scene.article_id}", data={"csrf_token": csrf_of(browser.get(path)), "back": "settings"})
    assert "You follow nothing yet." in browser.get("/settings/notifications").text


def test_the_inbox_says_what_is_new_until_it_is_read(scene: Scene) -> None:
    root = scene.post("writer")
    browser = scene["writer"].client.client
    assert "Nothing has happened yet" in browser.get("/inbox").text
    first, second = (scene.post("reader", f"Answer number {number}.", to=root) for number in (1, 2))
    scene.work()
    page = browser.get("/inbox")
    assert page.text.count("Reader answered your comment") == 2
    assert page.text.count("New:") == 2
    assert "Inbox <b>new</b>" in browser.get("/").text
    ids = [item["id"] for item in scene["writer"].client.get("/me/notifications").json["items"]]
    opened = browser.post(f"/inbox/{ids[0]}", data={"csrf_token": csrf_of(page)})
    assert opened.headers["Location"] == f"/c/{second}#c{second}"
    assert browser.get("/inbox").text.count("New:") == 1
    assert "Inbox <b>new</b>" in browser.get("/").text
    browser.post("/inbox/read", data={"csrf_token": csrf_of(page), "up_to": ids[0]})
    assert browser.get("/inbox").text.count("New:") == 0
    assert "Inbox <b>new</b>" not in browser.get("/").text
    scene["reader"].client.delete(f"/comments/{first}")
    assert browser.get("/inbox").text.count("Reader answered your comment") == 1
    gone = browser.post(f"/inbox/{ids[1]}", data={"csrf_token": csrf_of(page)})
    assert gone.headers["Location"] == "/inbox"


def test_nobody_opens_what_another_was_told_of(scene: Scene) -> None:
    root = scene.post("writer")
    scene.post("reader", to=root)
    scene.work()
    (item,) = scene["writer"].client.get("/me/notifications").json["items"]
    browser = scene["reader"].client.client
    answer = browser.post(f"/inbox/{item['id']}", data={"csrf_token": csrf_of(browser.get("/settings/notifications"))})
    assert answer.headers["Location"] == "/inbox"
    assert scene["writer"].client.get("/me/notifications").json["unread"] == 1


def test_the_inbox_is_read_page_by_page(scene: Scene) -> None:
    root = scene.post("writer")
    for number in range(5):
        scene.post("reader", f"Answer number {number} of five.", to=root)
        scene.clock.shift(timedelta(minutes=5))
        scene.work()
    client = scene["writer"].client
    found, cursor = [], ""
    while True:
        page = client.get(f"/me/notifications?limit=2&cursor={cursor}").json
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert found == sorted(set(found), reverse=True)
    assert len(found) == 5
    assert client.get("/me/notifications?cursor=made-up").status_code == 400


@pytest.mark.parametrize(
    "wanted",
    [{"quiet_from": 22}, {"quiet_from": 24, "quiet_to": 3}, {"zone": "Mars/Olympus"}, {"zone": "../x"}, {"follows": "weekly"}, {"x": 1}],
)
def test_settings_that_make_no_sense_are_refused(scene: Scene, wanted: dict[str, object]) -> None:
    before = scene["reader"].client.get("/me/notifications/settings").json
    assert scene["reader"].client.patch("/me/notifications/settings", wanted).status_code == 422
    assert scene["reader"].client.get("/me/notifications/settings").json == before


def test_settings_are_saved_by_their_form_and_come_back_when_refused(scene: Scene) -> None:
    browser, path = scene["reader"].client.client, "/settings/notifications"
    good = {
        "answers": "hourly",
        "desk": "none",
        "follows": "daily",
        "quiet_from": "22",
        "quiet_to": "7",
        "zone": "Europe/Berlin",
        "digest_hour": "8",
    }
    assert send(browser, path, **good).status_code == 303
    found = scene["reader"].client.get("/me/notifications/settings").json
    assert (found["answers"], found["quiet_from"], found["quiet_to"], found["zone"], found["digest_hour"]) == (
        "hourly",
        22,
        7,
        "Europe/Berlin",
        8,
    )
    refused = send(browser, path, **(good | {"zone": "Here"}))
    assert refused.status_code == 422
    assert 'value="Here"' in refused.text
    assert "This is no time zone that is known here" in refused.text
    # None is a word nobody is to read there.
    assert send(browser, path, **(good | {"quiet_from": "", "quiet_to": ""})).status_code == 303
    assert scene["reader"].client.get("/me/notifications/settings").json["quiet_from"] is None


def test_what_is_old_is_forgotten(scene: Scene) -> None:
    root = scene.post("writer")
    scene.post("reader", to=root)
    scene.work()
    with writing() as session:
        session.add(Subscriber(email="idle@example.net", created_at=START))
    scene.clock.shift(KEPT + DAY)
    assert pass_notifications() is False
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Notification)) == 0
        assert session.scalar(select(func.count()).select_from(Subscriber).where(Subscriber.email.is_not(None))) == 0
        assert (session.scalar(select(func.count()).select_from(Subscriber)) or 0) > 0


def test_who_leaves_is_forgotten_and_mailed_no_more(scene: Scene) -> None:
    scene.follow("reader", "article", scene.article_id)
    scene.follow("writer", "author", scene["author"].id)
    answer = scene["reader"].client.post("/me/deletion", {"comments": "keep", "password": "correct horse battery"})
    assert answer.status_code == 202, answer.text
    scene.pass_time(8 * DAY)
    scene.post("writer", "A comment after the reader has left.")
    scene.pass_time(2 * DAY)
    assert scene.letters("reader") == []
    with reading() as session:
        assert session.scalars(select(Follow.kind)).all() == ["author"]
        assert session.scalar(select(func.count()).select_from(Subscriber).where(Subscriber.account_id == scene["reader"].id)) == 0
