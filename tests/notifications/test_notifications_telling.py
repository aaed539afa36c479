"""Who is told of what, once and by one mail, over a real mail server."""

import os
import signal
from datetime import timedelta

import msgspec
import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, event, func, insert, select, update

from forum.access.viewer import Role
from forum.accounts.models import Account
from forum.clock import now
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.jobs.happening import tell
from forum.jobs.models import Job
from forum.jobs.run import run_due
from forum.mail import delivery
from forum.mail.delivery import send_due
from forum.mail.models import OutgoingMail
from forum.notifications import telling
from forum.notifications.models import Follow, Notification, Subscriber, Target
from tests.mail.postbox import Postbox
from tests.notifications.conftest import DAY, START, Scene, html_of, text_of

pytestmark = pytest.mark.postgresql_slow


def test_an_answer_is_told_at_once_with_everything_a_mail_needs(scene: Scene) -> None:
    root = scene.post("writer", "The claim is **wrong**, I think.")
    scene.work()
    reply = scene.post("reader", "Why do you think so, *really*?", to=root, stance="skepticism")
    scene.work()
    (letter,) = scene.letters("writer")
    assert str(letter["Subject"]) == "Re: On touch"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert f"/c/{reply}#c{reply}" in text_of(letter)
    assert "Reader answered your comment" in text_of(letter)
    assert "Why do you think so, *really*?" in text_of(letter)
    assert "<em>really</em>" in html_of(letter)
    assert f"/c/{reply}#c{reply}" in html_of(letter)
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/mail/stop/")
    assert f"<comment.{root}." in letter["In-Reply-To"]
    assert [name.partition(".")[0] for name in letter["References"].split()] == ["<article", "<comment"]


def test_a_chain_of_mails_is_one_thread_in_a_mail_program(scene: Scene) -> None:
    root = scene.post("writer")
    scene.follow("writer", "thread", root)
    scene.set("writer", follows="at_once")
    first = scene.post("reader", "The first answer to this.", to=root)
    scene.post("author", "An answer to the answer.", to=first)
    scene.work()
    one, other = scene.letters("writer")
    assert other["In-Reply-To"] == one["Message-ID"]
    assert one["Message-ID"] in other["References"]


@pytest.mark.parametrize(
    ("reason", "text"),
    [("reply", "This answers @writer and it is on a followed article."), ("mention", "Here @writer is mentioned, elsewhere.")],
)
def test_somebody_concerned_in_many_ways_is_told_once(scene: Scene, reason: str, text: str) -> None:
    root = scene.post("writer")
    scene.follow("writer", "thread", root)
    scene.follow("writer", "article", scene.article_id)
    other = root if reason == "reply" else scene.post("author", "A root of the author's own.")
    scene.work()
    scene.post("reader", text, to=other)
    scene.work()
    assert len(scene.letters("writer")) == 1
    assert scene.told("writer")[0] == reason
    # What came before it from others was told for other reasons.
    assert scene.told("writer").count(reason) == 1


def test_nobody_is_told_of_what_they_wrote(scene: Scene) -> None:
    scene.follow("author", "article", scene.article_id)
    root = scene.post("author", "I mention @author, and answer myself.")
    scene.post("author", "An answer to my own comment.", to=root)
    scene.set("author", follows="at_once", desk="at_once")
    scene.pass_time(2 * DAY)
    assert scene.told("author") == []
    assert scene.letters() == []


def test_a_writer_is_not_told_by_an_address_that_follows_without_an_account(scene: Scene) -> None:
    with writing() as session:
        address = Subscriber(email="writer@example.org", follows="at_once", created_at=now())
        session.add(address)
        session.flush()
        session.add(Follow(subscriber_id=address.id, kind=Target.ARTICLE, target_id=scene.article_id, created_at=now()))
    scene.post("writer")
    scene.work()
    assert scene.letters("writer") == []
    scene.post("reader")
    scene.work()
    assert len(scene.letters("writer")) == 1


def test_an_edit_tells_whom_it_mentions_anew(scene: Scene) -> None:
    comment = scene.post("writer", "This mentions @author and nobody else.")
    scene.work()
    scene["writer"].client.patch(f"/comments/{comment}", {"body_md": "This mentions @author and @reader now."})
    scene.work()
    assert scene.told("reader") == ["mention"]
    assert len(scene.letters("reader")) == 1
    assert len(scene.letters("author")) == 1


def test_an_author_is_told_of_comments_by_a_daily_digest(scene: Scene) -> None:
    scene.post("writer", "The first of two comments.", stance="skepticism")
    scene.post("reader", "The second of two comments.")
    scene.work()
    assert scene.letters("author") == []
    scene.pass_time(DAY)
    (letter,) = scene.letters("author")
    assert str(letter["Subject"]) == "2 new things at Open Discussion"
    for part in (text_of(letter), html_of(letter)):
        assert "The first of two comments." in part
        assert "The second of two comments." in part
        assert "skepticism" in part.lower() or "doubt" in part.lower()
    scene.pass_time(5 * DAY)
    assert len(scene.letters("author")) == 1


def test_what_was_read_here_is_in_no_digest(scene: Scene) -> None:
    scene.post("writer", "A comment that the author reads here.")
    scene.work()
    newest = scene["author"].client.get("/me/notifications").json["items"][0]["id"]
    assert scene["author"].client.patch("/me/notifications", {"read_up_to": newest}).json["unread"] == 0
    scene.post("reader", "A comment that the author does not read here.")
    scene.work()
    scene.pass_time(DAY)
    (letter,) = scene.letters("author")
    assert "reads here" not in text_of(letter)
    assert "does not read here" in text_of(letter)


def test_an_empty_digest_is_not_sent(scene: Scene) -> None:
    scene.post("writer", "A comment that is withdrawn before the digest.")
    scene.work()
    comment = scene["author"].client.get("/me/notifications").json["items"][0]["url"].split("#c")[1]
    scene["writer"].client.delete(f"/comments/{comment}")
    scene.pass_time(2 * DAY)
    assert scene.letters() == []
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(OutgoingMail)) == 0
        assert session.scalars(select(Notification.mail_due_at)).all() == [None]


def test_no_text_that_was_hidden_before_it_was_sent(scene: Scene) -> None:
    root = scene.post("writer")
    scene.work()
    scene.box.at_data += ["451 later"] * 3
    reply = scene.post("reader", "A sentence that is hidden in time.", to=root)
    scene.work()
    assert scene.letters("writer") == []
    scene["reader"].client.delete(f"/comments/{reply}")
    scene.pass_time(timedelta(hours=3))
    assert scene.letters("writer") == []
    assert scene.told("writer") == []


def test_no_mail_after_unsubscribing_while_it_waits(scene: Scene) -> None:
    root = scene.post("writer")
    scene.work()
    scene.box.at_data += ["451 later"] * 2
    scene.post("reader", to=root)
    scene.work()
    scene.set("writer", answers="none")
    scene.pass_time(timedelta(hours=3))
    assert scene.letters("writer") == []
    # The inbox has it all the same.
    assert scene.told("writer") == ["reply"]


def test_an_hour_without_the_mail_server_loses_and_doubles_nothing(scene: Scene) -> None:
    root = scene.post("writer")
    scene.work()
    scene.box.at_data += ["421 go away"] * 12
    scene.post("reader", "An answer during the failure.", to=root)
    for _ in range(12):
        scene.pass_time(timedelta(minutes=5))
    scene.box.at_data.clear()
    scene.pass_time(timedelta(hours=3))
    scene.pass_time(timedelta(hours=12))
    assert len(scene.letters("writer")) == 1


class _Killed(BaseException):
    """The process is gone at this moment."""


@pytest.mark.parametrize("at", ["listen", "job's end"])
def test_a_job_that_is_killed_is_done_once(scene: Scene, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    root = scene.post("writer")
    scene.work()
    scene.post("reader", to=root)
    with monkeypatch.context() as patch:
        if at == "listen":
            patch.setattr(telling, "_go_on", _raise)
        else:
            patch.setattr("forum.jobs.run.write", _raise)
        with pytest.raises(_Killed):
            run_due(1)
    db.session.rollback()
    scene.work()
    scene.work()
    assert len(scene.letters("writer")) == 1


def test_a_worker_that_is_killed_before_the_servers_yes_sends_it_later_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    root = scene.post("writer")
    scene.work()
    scene.post("reader", to=root)
    while run_due(50):
        pass
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "send", _raise)
        with pytest.raises(_Killed):
            send_due(1)
    scene.work()
    assert scene.letters("writer") == []
    scene.pass_time(timedelta(minutes=6))
    assert len(scene.letters("writer")) == 1


def test_a_worker_that_is_killed_after_the_servers_yes_sends_the_same_mail_twice_at_most(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = scene.post("writer")
    scene.work()
    scene.post("reader", to=root)
    while run_due(50):
        pass
    really = delivery.send  # type: ignore[attr-defined]

    def send_and_die(*given: object, **named: object) -> None:
        really(*given, **named)  # type: ignore[arg-type]
        raise _Killed

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "send", send_and_die)
        with pytest.raises(_Killed):
            send_due(1)
    scene.pass_time(timedelta(minutes=6))
    one, other = scene.letters("writer")
    assert one["Message-ID"] == other["Message-ID"]
    scene.pass_time(DAY)
    assert len(scene.letters("writer")) == 2


def _raise(*_given: object, **_named: object) -> None:
    raise _Killed


def test_ten_thousand_followers_cost_the_poster_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = _statements_of_a_post(scene)
    while run_due(50):
        pass
    _add_followers(scene.article_id, 10_000)
    assert _statements_of_a_post(scene) == alone
    jobs = 0
    while run_due(1):
        jobs += 1
        if jobs == 7:
            # In the middle of it a batch fails, and is done again without anybody being told twice.
            with monkeypatch.context() as patch:
                patch.setattr(telling, "tell_all", _raise)
                with pytest.raises(_Killed):
                    run_due(1)
            db.session.rollback()
    assert jobs > 10_000 / telling.BATCH
    with reading() as session:
        told = select(func.count(), func.count(Notification.subscriber_id.distinct())).where(Notification.reason == "article")
        assert tuple(session.execute(told).one()) == (10_000, 10_000)
        mails = select(func.count(), func.count(OutgoingMail.to_address.distinct())).where(OutgoingMail.kind == "notification")
        assert tuple(session.execute(mails).one()) == (10_000, 10_000)


def _statements_of_a_post(scene: Scene) -> int:
    # What time has made due is looked at once a minute, by whoever comes first.
    scene["reader"].client.get("/me")
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "after_cursor_execute", note)
    try:
        scene.post("writer", f"A comment among {len(seen)} and {scene.clock!r} others, whatever.")
    finally:
        event.remove(db.engine, "after_cursor_execute", note)
    scene.clock.shift(timedelta(minutes=30))
    return len(seen)


def _add_followers(article_id: int, count: int) -> None:
    with writing() as session:
        session.execute(
            insert(Subscriber),
            [{"email": f"f{number}@example.org", "follows": "at_once", "created_at": START} for number in range(count)],
        )
        ids = session.scalars(select(Subscriber.id).where(Subscriber.email.is_not(None))).all()
        session.execute(
            insert(Follow), [{"subscriber_id": each, "kind": "article", "target_id": article_id, "created_at": START} for each in ids]
        )


def test_a_new_article_goes_to_those_who_follow_its_author_or_the_site(scene: Scene) -> None:
    scene.follow("reader", "author", scene["author"].id)
    scene.follow("reader", "site", 1)
    scene.follow("writer", "site", 1)
    scene.set("reader", follows="at_once")
    scene.article("A new one", authors=(scene["author"].id,), main_claim="Touch is information.")
    scene.work()
    assert (scene.told("reader"), scene.told("writer"), scene.told("author")) == (["author"], ["site"], [])
    (letter,) = scene.letters()
    assert str(letter["Subject"]) == "New: A new one"
    assert "Touch is information." in text_of(letter)
    assert "Author published a new article" in html_of(letter)


def test_nothing_goes_to_an_address_that_is_not_confirmed_or_to_who_has_left(scene: Scene) -> None:
    root = scene.post("writer")
    scene.work()
    with writing() as session:
        session.execute(update(Account).where(Account.id == scene["writer"].id).values(email_confirmed_at=None))
    scene.post("reader", to=root)
    scene.work()
    assert scene.told("writer") == ["reply"]
    assert scene.letters() == []


def test_quiet_hours_gather_what_comes_and_send_it_in_the_morning(scene: Scene) -> None:
    root = scene.post("writer")
    scene.work()
    scene.set("writer", quiet_from=22, quiet_to=8, zone="Europe/Berlin")
    scene.clock.move_to(START.replace(hour=22))
    scene.post("reader", "The first answer at night.", to=root)
    scene.work()
    scene.clock.move_to(START.replace(hour=23))
    scene.post("reader", "The second answer at night.", to=root)
    scene.work()
    assert scene.letters("writer") == []
    # Eight o'clock in Berlin is seven in UTC.
    scene.clock.move_to(START.replace(day=3, hour=6, minute=59))
    scene.work()
    assert scene.letters("writer") == []
    scene.pass_time(timedelta(minutes=2))
    (letter,) = scene.letters("writer")
    assert "The first answer at night." in text_of(letter)
    assert "The second answer at night." in text_of(letter)


def test_one_click_in_a_mail_program_unsubscribes_without_a_session(scene: Scene, client: FlaskClient) -> None:
    scene.follow("reader", "article", scene.article_id)
    scene.set("reader", follows="at_once")
    scene.post("writer")
    scene.work()
    (letter,) = scene.letters("reader")
    path = letter["List-Unsubscribe"].strip(" <>").removeprefix("http://127.0.0.1:8000")
    assert client.get(path).status_code == 200
    assert [each["kind"] for each in scene["reader"].client.get("/me/follows").json["items"]] == ["article"]
    for content in ("application/x-www-form-urlencoded", "multipart/form-data"):
        clicked = client.post(path, data={"List-Unsubscribe": "One-Click"}, content_type=content)
        assert clicked.status_code == 200, clicked.text
    assert scene["reader"].client.get("/me/follows").json["items"] == []
    scene.post("writer", "Another comment, which nobody follows.")
    scene.pass_time(2 * DAY)
    assert len(scene.letters("reader")) == 1
    assert client.post(f"{path}x", data={"List-Unsubscribe": "One-Click"}).status_code in (404, 410)


@pytest.mark.parametrize("setting", ["answers", "desk"])
def test_the_link_in_a_mail_stops_what_that_mail_was_about(scene: Scene, client: FlaskClient, setting: str) -> None:
    who = "author" if setting == "desk" else "writer"
    scene.set(who, **{setting: "at_once"})
    root = scene.post("writer")
    scene.post("reader", to=root)
    scene.work()
    letter = scene.letters(who)[-1]
    path = letter["List-Unsubscribe"].strip(" <>").removeprefix("http://127.0.0.1:8000")
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert scene[who].client.get("/me/notifications/settings").json[setting] == "none"


def test_a_digests_link_stops_digests_and_nothing_else(scene: Scene, client: FlaskClient) -> None:
    scene.post("writer")
    scene.work()
    scene.pass_time(DAY)
    (letter,) = scene.letters("author")
    path = letter["List-Unsubscribe"].strip(" <>").removeprefix("http://127.0.0.1:8000")
    client.post(path, data={"List-Unsubscribe": "One-Click"})
    found = scene["author"].client.get("/me/notifications/settings").json
    assert (found["answers"], found["desk"], found["follows"]) == ("at_once", "none", "none")


def test_who_is_mailed_about_many_things_gets_them_all_in_one(scene: Scene) -> None:
    for number in range(40):
        scene.post("writer", f"Comment number {number} of very many.")
        scene.work()
        scene.clock.shift(timedelta(minutes=10))
    scene.pass_time(DAY)
    (letter,) = scene.letters("author")
    assert str(letter["Subject"]) == "40 new things at Open Discussion"
    assert "And 10 more." in text_of(letter)
    assert "/inbox" in text_of(letter)


def test_the_outbox_holds_no_text(scene: Scene) -> None:
    root = scene.post("writer")
    scene.post("reader", "Zinnober is a word that nobody keeps.", to=root)
    while run_due(50):
        pass
    with reading() as session:
        rows = session.scalars(select(OutgoingMail)).all()
        assert rows
        assert all((row.subject, row.body) == ("", "") and "Zinnober" not in row.about for row in rows)
        assert "Zinnober" not in " ".join(session.scalars(select(Job.payload)))
    # What is never asked for again goes in time.
    with writing() as session:
        session.execute(delete(Job))


def test_two_workers_at_once_send_one_mail(scene: Scene, postbox: Postbox) -> None:
    root = scene.post("writer")
    scene.post("reader", to=root)
    while run_due(50):
        pass
    worker = os.fork()
    if worker == 0:
        code = 1
        try:
            with scene.app.app_context():
                db.engine.dispose(close=False)
                send_due(5)
            code = 0
        finally:
            os.kill(os.getpid(), signal.SIGKILL if code else signal.SIGTERM)
    send_due(5)
    os.waitpid(worker, 0)
    scene.work()
    assert len(scene.letters("writer")) == 1


def test_a_writer_is_told_of_the_authors_thanks_once(scene: Scene) -> None:
    comment = scene.post("writer", "Something that the author is glad of.")
    scene.work()
    for wanted in ({"attention": "thanked"}, {"attention": "no_reply"}, {"attention": "thanked"}):
        assert scene["author"].client.put(f"/comments/{comment}/attention", wanted).status_code == 200
        scene.work()
    assert scene.told("writer") == ["thanks"]
    assert scene["author"].client.delete(f"/comments/{comment}/attention").status_code == 200
    assert scene.told("writer") == []
    (letter,) = scene.letters("writer")
    assert "Author thanks you for your comment" in text_of(letter)


def test_who_doubted_a_thread_is_told_once_where_it_is_answered(scene: Scene) -> None:
    first, second = scene.article_id, 0
    author = scene["author"]
    assert author.client.patch(f"/articles/{first}", {"series": "Touch", "part": 1}).status_code == 200
    second = scene.article("On touch again", authors=(author.id,), series="Touch", part=2)
    root = scene.post("writer", "Where is the evidence for that?", stance="skepticism")
    other = scene.add("other")
    for who, stance in ((scene["reader"], "skepticism"), (other, "agreement")):
        assert who.client.put(f"/comments/{root}/tag", {"stance": stance}).status_code == 200
    scene.work()
    answered = {"article_id": second, "line": "The third section is about this."}
    for _ in range(2):
        assert author.client.put(f"/comments/{root}/continuation", answered).status_code == 200
        scene.work()
        assert author.client.delete(f"/comments/{root}/continuation").status_code in (200, 204)
        scene.work()
        assert scene.told("reader") == []
    assert author.client.put(f"/comments/{root}/continuation", answered).status_code == 200
    assert scene.told("reader") == ["answered"]
    assert scene.told("other") == []
    (letter,) = scene.letters("reader")
    assert "Author answered a question that you share in “On touch again”" in text_of(letter)
    assert str(answered["line"]) in text_of(letter)
    assert f"/c/{root}#c{root}" in text_of(letter)
    assert scene["reader"].client.put(f"/comments/{root}/tag", {"stance": "agreement"}).status_code == 200


def test_what_is_gathered_at_the_last_moment_is_in_the_digest(scene: Scene) -> None:
    scene.set("author", desk="hourly")
    scene.post("writer", "The first comment of this hour.")
    scene.work()
    scene.clock.move_to(START.replace(hour=12, minute=59, second=59))
    scene.post("reader", "A comment in the last second of it.")
    with writing() as session:
        # Its transaction began in this hour; the mail is not written before it has ended.
        (job,) = session.scalars(select(Job)).all()
        tell(session, msgspec.json.decode(job.payload))
        session.delete(job)
        scene.clock.move_to(START.replace(hour=13))
    scene.work()
    assert scene.letters("author") == []
    scene.pass_time(timedelta(minutes=2))
    (letter,) = scene.letters("author")
    assert "The first comment of this hour." in text_of(letter)
    assert "A comment in the last second of it." in text_of(letter)


def test_a_held_comment_is_told_to_nobody_until_it_is_approved(scene: Scene) -> None:
    scene.add("moderator", role=Role.MODERATOR)
    scene.follow("reader", "article", scene.article_id)
    scene.set("reader", follows="at_once")
    held = scene["writer"].client.post(f"/articles/{scene.article_id}/comments", {"body_md": "You are a fucking idiot, @reader."})
    assert held.status_code == 202, held.text
    scene.pass_time(2 * DAY)
    assert scene.told("reader") == scene.told("author") == []
    moderator = scene["moderator"].client
    (item,) = moderator.get("/mod/items").json["items"]
    seen = moderator.get(f"/mod/items/{item['id']}").json
    order = {
        "action": "approve",
        "reason": "within_rules",
        "statement": "Read again, this is within the rules of the site.",
        "version": seen["item"]["version"],
    }
    assert moderator.post(f"/mod/items/{item['id']}/decisions", order).status_code == 201
    scene.work()
    assert (scene.told("reader"), scene.told("author")) == (["mention"], ["desk"])
    assert len(scene.letters("reader")) == 1
