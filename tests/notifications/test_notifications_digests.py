"""Digests show where people stand, as the map's page does; and neither they nor other mails come in quiet hours or with what was hidden or given up meanwhile."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from forum.access.viewer import Role
from forum.db.base import db
from forum.db.transaction import reading
from forum.mail.models import OutgoingMail
from forum.notifications.letters import write_digest
from forum.notifications.most_tagged import MOST_THREADS
from tests.notifications.conftest import DAY, START, Scene, html_of, text_of

pytestmark = pytest.mark.postgresql_slow

STANCES = {"disagreement": "Disagree", "skepticism": "Doubt", "agreement": "Agree", "encouragement": "Encourage"}


def tag(scene: Scene, comment: int, **tags: str) -> None:
    for handle, stance in tags.items():
        assert scene[handle].client.put(f"/comments/{comment}/tag", {"stance": stance}).status_code in (200, 201)


def in_words(tally: dict[str, int]) -> str:
    return " · ".join(f"{label} {tally[stance]:,}" for stance, label in STANCES.items())


def numbers_of(html: str) -> list[str]:
    """Return the numbers below each bar of a mail's HTML, as its text has them."""
    below = re.findall(r"</table>\s*<p[^>]*>(.*?)</p>", html, re.DOTALL)
    return [" · ".join(f"{label} {count}" for label, count in re.findall(r">\S (\w+) <b>([\d,]+)</b>", line)) for line in below]


def test_a_digest_that_is_sent_has_the_map_of_each_article_in_both_parts(scene: Scene) -> None:
    ben, chris = (scene.add(handle).handle for handle in ("ben", "chris"))
    first = scene.post("writer", "The first & strongest <doubt>.", stance="skepticism")
    reply = scene.post(ben, "A reply whose tags are its thread's.", to=first)
    second = scene.post("reader", "The second comment, which is tagged once.", stance="agreement")
    scene.post(chris, "A comment that nobody tags.", stance="disagreement")
    tag(scene, first, reader="skepticism", ben="agreement", chris="disagreement")
    tag(scene, reply, reader="encouragement", writer="disagreement")
    tag(scene, second, writer="disagreement")
    scene.work()
    scene.pass_time(DAY)
    (letter,) = scene.letters("author")
    text, html = text_of(letter), html_of(letter)
    shown = scene["author"].client.get(f"/articles/{scene.article_id}/map").json
    whole = [in_words(shown["stances"]), in_words(shown["tags"])]
    assert whole == [
        "Disagree 1 · Doubt 1 · Agree 1 · Encourage 0",
        "Disagree 3 · Doubt 1 · Agree 1 · Encourage 1",
    ]
    threads = [in_words(thread["tags"]) for thread in shown["threads"]]
    assert [thread["id"] for thread in shown["threads"]] == [first, second]
    assert f"Writers, on the article: {whole[0]}\nReaders, on the comments: {whole[1]}\n" in text
    said = text.partition("Most tagged threads:\n")[2].partition("\n\n")[0].splitlines()
    assert said[0::3] == ["- “The first & strongest <doubt>.”", "- “The second comment, which is tagged once.”"]
    assert [line.strip() for line in said[1::3]] == threads
    assert [line.strip() for line in said[2::3]] == [f"http://127.0.0.1:8000{thread['url']}#c{thread['id']}" for thread in shown["threads"]]
    assert numbers_of(html) == [*whole, *threads]
    assert "“The first &amp; strongest &lt;doubt&gt;.”</a>" in html
    # Bars are rows of a table, whose cells fill it; the longest side of all threads reaches the edge.
    rows = [list(map(float, re.findall(r'<td width="([\d.]+)%"', row))) for row in re.findall(r'<tr style="height.*?</tr>', html)]
    assert [sum(row) for row in rows] == [pytest.approx(100)] * 4
    assert [len(row) for row in rows] == [4, 5, 5, 3]
    assert rows[3] == pytest.approx([100 / 3, 50 / 3, 50], abs=0.1)


def test_one_thread_alone_has_no_bar_beside_the_articles(scene: Scene) -> None:
    root = scene.post("writer", stance="skepticism")
    tag(scene, root, reader="agreement")
    scene.work()
    scene.pass_time(DAY)
    (letter,) = scene.letters("author")
    assert "Readers, on the comments: Disagree 0 · Doubt 0 · Agree 1 · Encourage 0" in text_of(letter)
    assert "Most tagged" not in text_of(letter) + html_of(letter)


def test_a_thread_whose_first_comment_is_hidden_is_not_named(scene: Scene) -> None:
    scene.add("ben")
    roots = [scene.post("writer", f"A comment that is tagged, number {number}.") for number in range(3)]
    for root in roots:
        tag(scene, root, reader="agreement")
    hidden = roots[1]
    scene.post("ben", "A reply that stays below it.", to=hidden)
    scene.work()
    scene["writer"].client.delete(f"/comments/{hidden}")
    scene.pass_time(DAY)
    (letter,) = scene.letters("author")
    for part in (text_of(letter), html_of(letter)):
        assert "tagged, number 0." in part
        assert "tagged, number 2." in part
        assert "tagged, number 1." not in part


def statements_of_a_digest(scene: Scene) -> int:
    with reading() as session:
        mails = session.scalars(select(OutgoingMail).where(OutgoingMail.kind == "digest", OutgoingMail.sent_at.is_(None))).all()
        (subscriber,) = [mail.about for mail in mails if mail.to_address == "author@example.org"]
    about = {"subscriber": int(subscriber.split(":")[1].split(",")[0]), "due_at": (START + 2 * DAY).isoformat()}
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "after_cursor_execute", note)
    try:
        with scene.app.test_request_context(), reading() as session:
            assert write_digest(session, about) is not None
    finally:
        event.remove(db.engine, "after_cursor_execute", note)
    return len(seen)


def test_a_digest_of_many_articles_and_threads_costs_no_more_statements_than_one_of_few(scene: Scene) -> None:
    def fill(articles: Sequence[int], threads: int) -> None:
        for scene.article_id in articles:
            for number in range(threads):
                tag(scene, scene.post("writer", f"Thread number {number} of article {scene.article_id}."), reader="skepticism")
                scene.clock.shift(timedelta(minutes=1))
        scene.work()

    fill([scene.article_id], 2)
    few = statements_of_a_digest(scene)
    fill([scene.article("Another", authors=(scene["author"].id,)) for _ in range(4)], MOST_THREADS + 2)
    assert statements_of_a_digest(scene) == few
    scene.pass_time(DAY)
    (letter,) = scene.letters("author")
    # The one article's two bars, and five threads of each of the others of which something is in the digest.
    assert text_of(letter).count("\n- “") == 2 + 4 * MOST_THREADS


def test_a_digest_whose_hour_is_a_quiet_one_goes_when_they_end(scene: Scene) -> None:
    scene.set("author", quiet_from=22, quiet_to=8)
    scene.post("writer")
    scene.work()
    scene.clock.move_to(START.replace(day=3, hour=7, minute=30))
    scene.work()
    assert scene.letters("author") == []
    scene.clock.move_to(START.replace(day=3, hour=8, minute=2))
    scene.work()
    assert len(scene.letters("author")) == 1


def attempts(kind: str) -> list[int]:
    with reading() as session:
        return list(session.scalars(select(OutgoingMail.attempts).where(OutgoingMail.kind == kind, OutgoingMail.sent_at.is_(None))))


def test_a_mail_that_failed_before_quiet_hours_is_not_tried_in_them(scene: Scene) -> None:
    root = scene.post("writer")
    scene.work()
    scene.set("writer", quiet_from=13, quiet_to=15)
    scene.clock.move_to(START.replace(minute=59, second=30))
    scene.box.at_data += ["451 later"]
    scene.post("reader", "An answer just before the quiet hours.", to=root)
    scene.work()
    assert attempts("notification") == [1]
    for _ in range(11):
        scene.pass_time(timedelta(minutes=10))
    assert scene.letters("writer") == []
    # Nobody was asked to take it meanwhile: that is no failure.
    assert attempts("notification") == [1]
    scene.pass_time(timedelta(minutes=11))
    (letter,) = scene.letters("writer")
    assert "An answer just before the quiet hours." in text_of(letter)
    scene.pass_time(DAY)
    assert len(scene.letters("writer")) == 1


def test_a_digest_that_failed_before_quiet_hours_is_not_tried_in_them(scene: Scene) -> None:
    scene.set("author", desk="hourly", quiet_from=14, quiet_to=18)
    scene.post("writer", "A comment for the digest of one o'clock.")
    scene.work()
    scene.box.at_data += ["451 later"] * 3
    for _ in range(24):
        scene.pass_time(timedelta(minutes=10))
    assert scene.letters("author") == []
    scene.pass_time(timedelta(hours=2, minutes=2))
    (letter,) = scene.letters("author")
    assert "A comment for the digest of one o'clock." in text_of(letter)
    scene.pass_time(2 * DAY)
    assert len(scene.letters("author")) == 1


def test_quiet_hours_that_are_set_while_a_mail_waits_hold_for_it(scene: Scene) -> None:
    root = scene.post("writer")
    scene.post("reader", to=root)
    scene.set("writer", quiet_from=12, quiet_to=13)
    scene.work()
    assert scene.letters("writer") == []
    scene.set("writer", quiet_from=None, quiet_to=None)
    scene.pass_time(timedelta(minutes=59))
    assert scene.letters("writer") == []
    scene.pass_time(timedelta(minutes=2))
    assert len(scene.letters("writer")) == 1


def wait_for_the_server(scene: Scene) -> None:
    scene.box.at_data += ["451 later"]
    scene.set("reader", follows="at_once")


def wait_for_the_digest(scene: Scene) -> None:
    scene.set("reader", follows="daily")


WAITING = pytest.mark.parametrize("wait", [wait_for_the_server, wait_for_the_digest], ids=lambda wait: wait.__name__)


@WAITING
def test_no_text_that_a_moderator_removed_before_it_was_sent(scene: Scene, wait: Callable[[Scene], None]) -> None:
    scene.add("moderator", role=Role.MODERATOR)
    scene.follow("reader", "article", scene.article_id)
    wait(scene)
    removed = scene.post("writer", "A sentence that a moderator removes in time.")
    scene.work()
    assert scene.told("reader") == ["article"]
    scene.remove(removed)
    scene.pass_time(DAY)
    assert scene.letters("reader") == []
    assert scene.told("reader") == []
    assert not [letter for letter in scene.box.letters if "removes in time" in text_of(letter) + html_of(letter)]


@WAITING
def test_no_text_that_screening_holds_when_it_is_edited(scene: Scene, wait: Callable[[Scene], None]) -> None:
    scene.follow("reader", "article", scene.article_id)
    wait(scene)
    comment = scene.post("writer", "A sentence that everybody may read.")
    scene.work()
    edited = scene["writer"].client.patch(f"/comments/{comment}", {"body_md": "You are a fucking idiot, all of you."})
    assert edited.status_code == 202, edited.text
    scene.pass_time(DAY)
    (letter,) = scene.letters("reader")
    # What was accepted stays public; the change waits for a moderator.
    for part in (text_of(letter), html_of(letter)):
        assert "A sentence that everybody may read." in part
        assert "idiot" not in part


@WAITING
def test_what_is_followed_no_longer_is_not_sent(scene: Scene, wait: Callable[[Scene], None]) -> None:
    scene.follow("reader", "article", scene.article_id)
    wait(scene)
    scene.post("writer")
    scene.work()
    assert scene["reader"].client.delete(f"/me/follows/article/{scene.article_id}").status_code == 204
    scene.pass_time(DAY)
    assert scene.letters("reader") == []


def test_a_digest_leaves_out_what_is_followed_no_longer(scene: Scene) -> None:
    both = [scene.article_id, scene.article("On sleep", authors=(scene["author"].id,))]
    for scene.article_id in both:
        scene.follow("reader", "article", scene.article_id)
        scene.post("writer", f"A comment on article {scene.article_id}.")
    scene.work()
    assert scene["reader"].client.delete(f"/me/follows/article/{both[0]}").status_code == 204
    scene.pass_time(DAY)
    (letter,) = scene.letters("reader")
    assert str(letter["Subject"]) == "1 new thing at Open Discussion"
    for part in (text_of(letter), html_of(letter)):
        assert f"A comment on article {both[1]}." in part
        assert f"A comment on article {both[0]}." not in part
        assert "On touch" not in part


@pytest.mark.parametrize("what", ["article", "digest"])
def test_one_click_while_a_digest_waits_stops_it(scene: Scene, client: FlaskClient, what: str) -> None:
    scene.follow("reader", "article", scene.article_id)
    scene.set("reader", follows="at_once" if what == "article" else "daily")
    scene.post("writer", "A comment whose mail has the link.")
    scene.work()
    if what == "digest":
        scene.pass_time(DAY)
    (letter,) = scene.letters("reader")
    scene.set("reader", follows="daily")
    scene.post("writer", "A comment for a digest that is never sent.")
    scene.work()
    path = letter["List-Unsubscribe"].strip(" <>").removeprefix("http://127.0.0.1:8000")
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    scene.pass_time(3 * DAY)
    assert len(scene.letters("reader")) == 1
