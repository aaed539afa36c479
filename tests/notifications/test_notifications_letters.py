"""What stands in mails of every kind: who can stop them, where a mail program puts them, and that they need nothing from elsewhere."""

import re
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from forum.access.viewer import Role
from forum.db.transaction import writing
from forum.mail.letters import post_letter
from forum.notifications.models import Reason
from tests.notifications.conftest import DAY, Scene, html_of, text_of

pytestmark = pytest.mark.postgresql_slow

TEMPLATES = Path(__file__).parents[2] / "templates" / "mail"
# What a program fills in where it writes one: each letter takes what it names.
VALUES = {
    "handle": "anna",
    "link": "http://127.0.0.1:8000/mail/secret",
    "address": "new@example.org",
    "host": "host.example",
    "title": "On touch",
    "about": "the discussion of “On touch”",
    "what": "passkey_added",
}
# About an account or an address, one at a time and asked for by somebody: there is no list to leave.
OF_ACCOUNTS = {
    "address_asked", "address_taken", "change_address", "confirm", "follow", "guest", "link_account", "password_changed", "reset", "security_changed", "sign_in",
}  # fmt: skip


def answer_a_comment(scene: Scene) -> str:
    scene.post("reader", to=scene.post("writer"))
    return "writer"


def mention(scene: Scene) -> str:
    scene.post("reader", "This is what @writer said elsewhere.")
    return "writer"


def comment_on_the_article(scene: Scene) -> str:
    scene.set("author", desk="at_once")
    scene.post("reader")
    return "author"


def write_in_a_thread(scene: Scene) -> str:
    root = scene.post("writer")
    scene.work()
    scene.follow("reader", "thread", root)
    scene.post("author", to=root)
    return "reader"


def write_below_the_article(scene: Scene) -> str:
    scene.follow("reader", "article", scene.article_id)
    scene.post("writer")
    return "reader"


def publish_as_an_author(scene: Scene) -> str:
    scene.follow("reader", "author", scene["author"].id)
    scene.article("A new one", authors=(scene["author"].id,))
    return "reader"


def publish_on_the_site(scene: Scene) -> str:
    scene.follow("reader", "site", 1)
    scene.article("A new one", authors=(scene["author"].id,))
    return "reader"


def thank(scene: Scene) -> str:
    comment = scene.post("writer", "Something that the author is glad of.")
    assert scene["author"].client.put(f"/comments/{comment}/attention", {"attention": "thanked"}).status_code == 200
    return "writer"


def answer_in_a_later_part(scene: Scene, root: int | None = None) -> str:
    author = scene["author"].client
    root = root or scene.post("writer", "Where is the evidence for that?", stance="skepticism")
    assert author.patch(f"/articles/{scene.article_id}", {"series": "Touch", "part": 1}).status_code == 200
    later = scene.article("On touch again", authors=(scene["author"].id,), series="Touch", part=2)
    assert scene["reader"].client.put(f"/comments/{root}/tag", {"stance": "skepticism"}).status_code == 200
    answered = {"article_id": later, "line": "The third section is about this."}
    assert author.put(f"/comments/{root}/continuation", answered).status_code == 200
    return "reader"


def remove(scene: Scene) -> str:
    scene.add("moderator", role=Role.MODERATOR)
    scene.remove(scene.post("writer", "Words that are removed afterwards."))
    return "writer"


# For each reason to tell somebody: what brings the mail about, and what its link stops; None where nothing may.
OF_NEWS: dict[Reason, tuple[Callable[[Scene], str], str | None]] = {
    Reason.REPLY: (answer_a_comment, "answers to you"),
    Reason.MENTION: (mention, "answers to you"),
    Reason.DESK: (comment_on_the_article, "comments on your articles"),
    Reason.THREAD: (write_in_a_thread, "this thread"),
    Reason.ARTICLE: (write_below_the_article, "this article’s discussion"),
    Reason.AUTHOR: (publish_as_an_author, "this author’s new articles"),
    Reason.SITE: (publish_on_the_site, "new articles here"),
    Reason.THANKS: (thank, "answers to you"),
    Reason.ANSWERED: (answer_in_a_later_part, "answers to you"),
    Reason.DECISION: (remove, None),
}


def check_that_it_stops(scene: Scene, letter: EmailMessage, says: str | None) -> None:
    """Check both headers of a mail, and that the page they lead to says what stops; ``says`` None: there must be neither."""
    if says is None:
        assert (letter["List-Unsubscribe"], letter["List-Unsubscribe-Post"]) == (None, None)
        assert "/mail/stop/" not in text_of(letter) + html_of(letter)
        return
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # As it came over the wire: this library would also read what no mail program does.
    source = scene.box.sources[scene.box.letters.index(letter)]
    address = re.search(r"^List-Unsubscribe: <http://127\.0\.0\.1:8000(/mail/stop/\S+)>\r?$", source, re.MULTILINE)
    assert address is not None, source
    assert says in scene.app.test_client().get(address[1]).text
    # The same link stands in the mail, for whoever reads it in a program without such a button.
    assert address[1] in text_of(letter)
    assert address[1] in html_of(letter)


def check_that_it_is_whole(letter: EmailMessage) -> None:
    """Check that a mail loads nothing, runs nothing and is read without its HTML."""
    assert not re.search(r"<(img|script|link|iframe|style|svg|form)\b|\bsrc=|url\(|@import|\son\w+=", html_of(letter), re.IGNORECASE)
    assert "http://127.0.0.1:8000" in text_of(letter)
    assert not re.search(r"<\w+[^>]*>|&\w+;|\n\n\n\n", text_of(letter))
    assert letter["Auto-Submitted"] == "auto-generated"


def test_every_kind_of_mail_is_among_these() -> None:
    assert set(OF_NEWS) == set(Reason)
    assert {path.stem for path in TEMPLATES.glob("*.txt")} == OF_ACCOUNTS | {"news", "digest", "foot"}


@pytest.mark.parametrize("reason", list(Reason))
def test_news_can_be_stopped_from_within_the_mail_and_decisions_cannot(scene: Scene, reason: Reason) -> None:
    bring_about, says = OF_NEWS[reason]
    for handle in ("writer", "reader"):
        scene.set(handle, follows="at_once")
    handle = bring_about(scene)
    scene.work()
    (letter,) = scene.letters(handle)
    assert scene.told(handle) == [reason.value]
    check_that_it_stops(scene, letter, says)
    check_that_it_is_whole(letter)


def test_a_digest_can_be_stopped_from_within_the_mail(scene: Scene) -> None:
    scene.post("writer")
    scene.work()
    scene.pass_time(DAY)
    (letter,) = scene.letters("author")
    check_that_it_stops(scene, letter, "what is gathered for you")
    check_that_it_is_whole(letter)


def test_mails_about_an_account_are_no_list_that_one_could_leave(scene: Scene) -> None:
    with writing() as session:
        for name in sorted(OF_ACCOUNTS):
            post_letter(session, name, to=f"{name}@example.org", **VALUES)
    scene.work()
    assert {str(letter["To"]) for letter in scene.box.letters} == {f"{name}@example.org" for name in OF_ACCOUNTS}
    for letter in scene.box.letters:
        check_that_it_stops(scene, letter, None)
        check_that_it_is_whole(letter)


@pytest.mark.parametrize("do", [thank, remove], ids=lambda do: do.__name__)
def test_what_is_done_about_ones_comment_is_in_its_thread(scene: Scene, do: Callable[[Scene], str]) -> None:
    handle = do(scene)
    scene.work()
    (letter,) = scene.letters(handle)
    article, comment = letter["References"].split()
    assert letter["In-Reply-To"] == comment
    assert re.fullmatch(rf"<article\.{scene.article_id}\.\d+@127\.0\.0\.1>", article)
    assert re.fullmatch(r"<comment\.1\.\d+@127\.0\.0\.1>", comment)


def test_that_a_thread_is_answered_elsewhere_is_said_below_the_mail_about_it(scene: Scene) -> None:
    scene.follow("reader", "article", scene.article_id)
    scene.set("reader", follows="at_once")
    root = scene.post("writer", "Where is the evidence for that?", stance="skepticism")
    scene.work()
    answer_in_a_later_part(scene, root)
    scene.work()
    about_the_comment, answered = scene.letters("reader")
    assert answered["In-Reply-To"] == about_the_comment["Message-ID"]
    assert answered["References"].split()[-1] == about_the_comment["Message-ID"]


def test_thanks_for_an_answer_are_below_what_it_answers(scene: Scene) -> None:
    root = scene.post("author", "A root of the author's own.")
    reply = scene.post("writer", "An answer that the author is glad of.", to=root)
    assert scene["author"].client.put(f"/comments/{reply}/attention", {"attention": "thanked"}).status_code == 200
    scene.work()
    (letter,) = scene.letters("writer")
    assert [name.rpartition(".")[0] for name in re.findall(r"<([^@]+)@", letter["References"])] == [
        f"article.{scene.article_id}",
        f"comment.{root}",
        f"comment.{reply}",
    ]
    assert "You wrote:" in text_of(letter)
    assert "You wrote:" in html_of(letter)


def test_a_new_article_and_a_digest_begin_a_thread_of_their_own(scene: Scene) -> None:
    scene.set("reader", follows="at_once")
    publish_as_an_author(scene)
    scene.post("writer")
    scene.work()
    scene.pass_time(DAY)
    for letter in (*scene.letters("reader"), *scene.letters("author")):
        assert (letter["In-Reply-To"], letter["References"]) == (None, None)
    assert (len(scene.letters("reader")), len(scene.letters("author"))) == (1, 1)


def test_a_long_title_is_cut_after_a_word_and_alike_in_all_mails_about_it(scene: Scene) -> None:
    title = "Trigger points, twenty years later: what has changed since the first review, and what a clinician may take from it by now"
    scene.article_id = scene.article(title, authors=(scene["author"].id,))
    root = scene.post("writer")
    for number in range(2):
        scene.post("reader", f"Answer number {number} to this.", to=root)
    scene.work()
    one, other = scene.letters("writer")
    assert str(one["Subject"]) == str(other["Subject"]) == f"Re: {title[: title.index(' by now')]}…"
    assert title in text_of(one)


def test_a_long_line_of_code_does_not_widen_the_mail(scene: Scene) -> None:
    root = scene.post("writer")
    scene.post("reader", "```\n" + "mean = sum(values) / len(values) " * 5 + "\n```\n\nAnd `<pre>` in words.", to=root)
    scene.work()
    (letter,) = scene.letters("writer")
    assert len(re.findall(r'<pre style="white-space:pre-wrap[^>]*><code>mean = ', html_of(letter))) == 1
    assert html_of(letter).count("<pre") == 1
    assert "&lt;pre&gt;" in html_of(letter)
    # The tables keep to their width whatever is in them.
    assert html_of(letter).count("table-layout:fixed") == html_of(letter).count("<table") == 2
