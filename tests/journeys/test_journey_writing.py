"""Writing: posting, answering, previewing, editing, withdrawing and tagging, and that no typed text is ever lost on the way."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.exc import OperationalError

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.models import SignIn
from forum.articles.actions import ArticleDraft, create_article, set_closed
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.db.transaction import reading, writing
from forum.posting import pages
from tests.conftest import PASSWORD, add_account
from tests.journeys.reader import Reader, Screen

pytestmark = pytest.mark.postgresql_slow

TEXT = "Which *trial* says so?\n\nI know of none & would <read> it."
Enter = Callable[..., Reader]


def composer(screen: Screen) -> Any:
    return screen.page.one("form", class_="composer")


def typed(screen: Screen) -> str:
    raw: str = composer(screen).one("textarea", name="body_md").raw
    return raw


def post(reader: Reader, slug: str, text: str = TEXT, **values: str) -> int:
    """Post an answer to the article and return its id."""
    reader.open(f"/a/{slug}/comments")
    screen = reader.send(f"/a/{slug}/comments", "Post", body_md=text, **values)
    assert screen.notices == ["Your comment is posted."], screen.text
    return int(screen.address.rpartition("#c")[2])


def reply(reader: Reader, slug: str, parent: int, text: str = TEXT, **values: str) -> int:
    """Answer a comment and return the reply's id."""
    reader.open(f"/c/{parent}/reply")
    screen = reader.send(f"/a/{slug}/comments", "Post", body_md=text, **values)
    return int(screen.address.rpartition("#c")[2])


def close(slug: str, reason: str = "") -> None:
    with writing() as session:
        set_closed(session.scalars(select(Article).where(Article.slug == slug)).one(), True, reason=reason)


def test_a_member_posts_from_the_starters_and_lands_on_the_comment(enter: Enter, slug: str) -> None:
    anna = enter("anna")
    anna.open(f"/a/{slug}?stand=skepticism#composer")
    screen = anna.send(f"/a/{slug}/comments", "Post", body_md=TEXT)
    comment_id = int(screen.address.rpartition("#c")[2])
    assert screen.path == f"/c/{comment_id}"
    card = screen.comment(comment_id)
    assert "Anna doubts this" in card.one("h3").text
    assert "Which trial says so?" in card.text
    assert card.one("em").text == "trial"
    assert "& would <read> it." in card.text
    assert [link.text for link in card.one("p", class_="a").all("a")] == ["Reply", "Edit", "Withdraw"]
    # Nobody tags their own comment, so the control is not offered.
    assert not card.all("input", type="radio")
    assert "1 comment" in anna.open(f"/a/{slug}").text


def test_an_answer_stands_below_what_it_answers(enter: Enter, slug: str) -> None:
    anna, ben = enter("anna"), enter("ben")
    root = post(anna, slug, stance="disagreement")
    screen = ben.open(f"/c/{root}/reply")
    assert screen.heading == "Answer a comment"
    assert "Which trial says so?" in screen.page.one("blockquote").text
    answer = reply(ben, slug, root, "None that I know.", stance="agreement")
    assert ben.screen.comments == [root, answer]
    assert ben.screen.comment(answer).one("h3").text == "Ben agrees with @anna"
    assert ben.open(f"/a/{slug}").comment(answer).one("h4").text == "Ben agrees with @anna"


def test_a_preview_posts_nothing_and_keeps_the_text(enter: Enter, slug: str) -> None:
    anna = enter("anna")
    anna.open(f"/a/{slug}?stand=encouragement")
    screen = anna.send(f"/a/{slug}/comments", "Preview", body_md=TEXT)
    assert screen.status == 200
    assert screen.page.one("section", class_="preview").one("em").text == "trial"
    assert typed(screen) == TEXT
    assert composer(screen).one("input", checked="").attributes["value"] == "encouragement"
    with reading() as session:
        assert session.scalars(select(Comment)).all() == []
    assert anna.send(f"/a/{slug}/comments", "Post").notices == ["Your comment is posted."]


def test_a_preview_of_an_answer_still_answers(enter: Enter, slug: str) -> None:
    anna = enter("anna")
    root = post(anna, slug)
    anna.open(f"/c/{root}/reply")
    anna.send(f"/a/{slug}/comments", "Preview", body_md="One more thing.")
    anna.send(f"/a/{slug}/comments", "Post")
    assert len(anna.screen.comments) == 2


@pytest.mark.parametrize(("text", "words"), [("", "no words"), ("   \n ", "no words"), ("x" * 10_001, "10,000"), ("<<>>" * 3000, "10,000")])
def test_a_refused_text_comes_back_with_the_reason_beside_it(enter: Enter, slug: str, text: str, words: str) -> None:
    anna = enter("anna")
    anna.open(f"/a/{slug}?stand=disagreement")
    screen = anna.send(f"/a/{slug}/comments", "Post", body_md=text)
    assert screen.status == 422
    assert typed(screen) == text
    assert composer(screen).one("input", checked="").attributes["value"] == "disagreement"
    area = composer(screen).one("textarea")
    assert area.attributes["aria-invalid"] == "true"
    reason = screen.page.one("p", id="e-body_md")
    assert reason.attributes["id"] in area.attributes["aria-describedby"].split()
    assert words in reason.text.replace("10000", "10,000")
    summary = screen.page.one("div", class_="errors")
    assert {"autofocus", "tabindex"} <= set(summary.attributes)
    assert summary.one("a").attributes["href"] == f"#{area.attributes['id']}"


def test_a_closed_discussion_keeps_the_text(enter: Enter, slug: str) -> None:
    anna = enter("anna")
    anna.open(f"/a/{slug}")
    anna.open(f"/a/{slug}/comments")
    close(slug, "The study is out.")
    screen = anna.send(f"/a/{slug}/comments", "Post", body_md=TEXT)
    assert screen.status == 409
    assert typed(screen) == TEXT
    assert "closed to new comments" in screen.errors
    assert not composer(screen).all("button")
    page = anna.open(f"/a/{slug}")
    assert "The study is out." in page.page.one("section", class_="closed").text
    assert not page.page.all("form", class_="composer")


def test_an_answer_to_what_was_withdrawn_meanwhile_keeps_the_text(enter: Enter, slug: str) -> None:
    anna, ben = enter("anna"), enter("ben")
    root = post(anna, slug)
    ben.open(f"/c/{root}/reply")
    anna.open(f"/c/{root}/withdraw")
    anna.send(f"/c/{root}/withdraw", "Withdraw")
    screen = ben.send(f"/a/{slug}/comments", "Post", body_md=TEXT)
    assert screen.status == 422
    assert typed(screen) == TEXT
    assert "withdrawn" in screen.errors


def test_too_fast_keeps_the_text(make_app: Callable[..., Flask]) -> None:
    app = make_app(comment_rate="1/h")
    with app.app_context(), writing() as session:
        add_account(session, "anna")
        create_article(session, DEFAULT_SITE_ID, ArticleDraft("On touch"))
    anna = Reader(app.test_client())
    anna.sign_in("anna", PASSWORD)
    anna.open("/a/on-touch/comments")
    anna.send("/a/on-touch/comments", "Post", body_md="The first.")
    anna.open("/a/on-touch/comments")
    screen = anna.send("/a/on-touch/comments", "Post", body_md=TEXT, stance="skepticism")
    assert screen.status == 429
    assert typed(screen) == TEXT
    assert "please wait" in screen.errors


def test_a_form_too_old_keeps_the_text(enter: Enter, slug: str) -> None:
    anna = enter("anna")
    anna.open(f"/a/{slug}/comments")
    screen = anna.send(f"/a/{slug}/comments", "Post", body_md=TEXT, stance="agreement", csrf_token="forged")
    assert screen.status == 403
    assert typed(screen) == TEXT
    assert "nothing typed is lost" in screen.errors
    assert anna.send(f"/a/{slug}/comments", "Post").notices == ["Your comment is posted."]


def test_a_visitor_s_text_survives_the_sign_in(reader: Reader, app: Flask, slug: str) -> None:
    with writing() as session:
        add_account(session, "anna")
    reader.open(f"/a/{slug}?stand=skepticism")
    screen = reader.send(f"/a/{slug}/comments", "Sign in and post", body_md=TEXT)
    assert screen.heading == "Sign in"
    assert "Which *trial* says so?" in screen.page.one("p", class_="purpose").text
    screen = reader.sign_in("anna", "not the password")
    assert screen.status == 401
    assert "Which *trial* says so?" in screen.page.one("p", class_="purpose").text
    assert screen.page.one("input", name="login").attributes["value"] == "anna"
    assert screen.page.one("input", name="password").attributes["value"] == ""
    screen = reader.sign_in("anna", PASSWORD)
    assert typed(screen) == TEXT
    assert composer(screen).one("input", checked="").attributes["value"] == "skepticism"
    assert reader.send(f"/a/{slug}/comments", "Post").notices == ["Your comment is posted."]


def test_an_answer_survives_a_sign_in_that_ended(enter: Enter, slug: str) -> None:
    anna = enter("anna")
    root = post(anna, slug)
    anna.open(f"/c/{root}/reply")
    with writing() as session:
        session.execute(delete(SignIn))
    assert anna.send(f"/a/{slug}/comments", "Post", body_md=TEXT).heading == "Sign in"
    screen = anna.sign_in("anna", PASSWORD)
    assert typed(screen) == TEXT
    anna.send(f"/a/{slug}/comments", "Post")
    assert len(anna.screen.comments) == 2


def test_a_change_survives_a_sign_in_that_ended(enter: Enter, slug: str) -> None:
    anna = enter("anna")
    comment_id = post(anna, slug)
    anna.open(f"/c/{comment_id}/edit")
    with writing() as session:
        session.execute(delete(SignIn))
    anna.send(f"/c/{comment_id}/edit", "Save", body_md="Put differently.")
    screen = anna.sign_in("anna", PASSWORD)
    assert typed(screen) == "Put differently."
    assert "Put differently." in anna.send(f"/c/{comment_id}/edit", "Save").comment(comment_id).text


def test_a_failing_database_keeps_the_text(enter: Enter, slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = enter("anna")
    anna.open(f"/a/{slug}/comments")

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    monkeypatch.setattr(pages, "submit", fail)
    screen = anna.send(f"/a/{slug}/comments", "Post", body_md=TEXT)
    assert screen.status == 503
    assert screen.page.one("textarea", id="kept").raw == TEXT


def test_an_edit_shows_what_changed_to_everybody(enter: Enter, reader: Reader, slug: str) -> None:
    anna = enter("anna")
    comment_id = post(anna, slug, "Massage spreads <nothing>.", stance="agreement")
    anna.open(f"/c/{comment_id}/edit")
    assert typed(anna.screen) == "Massage spreads <nothing>."
    screen = anna.send(f"/c/{comment_id}/edit", "Preview", body_md="Massage spreads *nothing* that I know of.")
    assert screen.page.one("section", class_="preview").one("em").text == "nothing"
    screen = anna.send(f"/c/{comment_id}/edit", "Save", stance="skepticism")
    assert screen.notices == ["Your change is saved."]
    assert "doubts this" in screen.comment(comment_id).text
    history = reader.open(f"/c/{comment_id}/history")
    assert history.heading == "What Anna changed"
    newest, first = history.page.all("section", class_="change")
    assert [mark.text for mark in newest.all("ins")] == ["*", "* that I know of"]
    assert [mark.text for mark in newest.all("del")] == ["<", ">"]
    assert "from Agree to Doubt" in newest.text
    assert "Massage spreads <nothing>." in first.text


def test_a_stale_edit_shows_what_is_there_and_keeps_the_text(enter: Enter, app: Flask, slug: str) -> None:
    anna = enter("anna")
    comment_id = post(anna, slug, "The first text.")
    other = Reader(app.test_client())
    other.sign_in("anna", PASSWORD)
    other.open(f"/c/{comment_id}/edit")
    anna.open(f"/c/{comment_id}/edit")
    anna.send(f"/c/{comment_id}/edit", "Save", body_md="The second text.")
    screen = other.send(f"/c/{comment_id}/edit", "Save", body_md="The third text.")
    assert screen.status == 412
    assert typed(screen) == "The third text."
    assert "The second text." in screen.page.one("section", class_="preview").text
    assert "The third text." in other.send(f"/c/{comment_id}/edit", "Save").comment(comment_id).text


def test_what_is_withdrawn_keeps_its_place_and_comes_back(enter: Enter, reader: Reader, slug: str) -> None:
    anna, ben = enter("anna"), enter("ben")
    root = post(anna, slug)
    answer = reply(ben, slug, root, "An answer that stays.")
    anna.open(f"/c/{root}")
    anna.follow("Withdraw")
    screen = anna.send(f"/c/{root}/withdraw", "Withdraw")
    assert "Which trial" in screen.comment(root).text, "its writer still reads it"
    page = reader.open(f"/a/{slug}")
    assert page.comment(root).text == "Withdrawn by its writer"
    assert "An answer that stays." in page.comment(answer).text
    assert "not shown" in reader.open(f"/c/{root}/history").text
    assert "Withdrawn by its writer" in anna.open(f"/a/{slug}").page.one("section", class_="own").text
    anna.open(f"/c/{root}")
    anna.follow("Undo the withdrawal")
    anna.send(f"/c/{root}/unwithdraw", "Show it again")
    assert "Which trial" in reader.open(f"/c/{root}").comment(root).text


@pytest.mark.parametrize("page", ["edit", "withdraw"])
def test_what_others_wrote_is_not_changed(enter: Enter, slug: str, page: str) -> None:
    anna, ben = enter("anna"), enter("ben")
    comment_id = post(anna, slug)
    assert ben.open(f"/c/{comment_id}/{page}").status == 403
    token = anna.open(f"/c/{comment_id}/{page}").page.all("input", name="csrf_token")[0].attributes["value"]
    own = ben.open("/settings").page.all("input", name="csrf_token")[0].attributes["value"]
    for csrf in (token, own):
        answer = ben.client.post(f"/c/{comment_id}/{page}", data={"csrf_token": csrf, "body_md": "Mine now.", "version": "1"})
        assert answer.status_code == 403
    assert "Which trial" in ben.open(f"/c/{comment_id}").comment(comment_id).text


def test_a_reader_tags_changes_and_removes(enter: Enter, slug: str) -> None:
    anna, ben = enter("anna"), enter("ben")
    comment_id = post(anna, slug)
    ben.open(f"/a/{slug}?sort=newest")
    screen = ben.send(f"/c/{comment_id}/tag", "Save tag", stance="skepticism")
    assert screen.notices == ["Your tag is saved."]
    assert screen.address == f"/a/{slug}?sort=newest#c{comment_id}", "the reader stays where the comment was read"
    tag = screen.form(f"/c/{comment_id}/tag")
    assert tag.one("input", checked="").attributes["value"] == "skepticism"
    assert tag.one("legend").text == "1 reader"
    screen = ben.send(f"/c/{comment_id}/tag", "Save tag", stance="agreement")
    assert screen.form(f"/c/{comment_id}/tag").one("input", checked="").attributes["value"] == "agreement"
    screen = ben.send(f"/c/{comment_id}/tag", "Remove my tag")
    assert screen.notices == ["Your tag is removed."]
    assert not screen.form(f"/c/{comment_id}/tag").all("input", checked="")
    screen = ben.send(f"/c/{comment_id}/tag", "Save tag")
    assert screen.status == 422
    assert "Choose one of the four tags." in screen.errors


def test_a_visitor_s_tag_is_set_after_signing_in(enter: Enter, reader: Reader, slug: str) -> None:
    anna = enter("anna")
    comment_id = post(anna, slug)
    with writing() as session:
        add_account(session, "ben")
    reader.open(f"/a/{slug}")
    screen = reader.send(f"/c/{comment_id}/tag", "Save tag", stance="encouragement")
    assert screen.page.one("p", class_="purpose").text == "Once you are signed in, your tag “Encourage” is put on the comment by Anna."
    screen = reader.sign_in("ben", PASSWORD)
    assert screen.address == f"/c/{comment_id}#c{comment_id}"
    assert screen.notices == ["Your tag is saved: Encourage."]
    assert screen.form(f"/c/{comment_id}/tag").one("input", checked="").attributes["value"] == "encouragement"


def test_a_visitor_s_tag_is_set_after_signing_up(enter: Enter, reader: Reader, slug: str) -> None:
    anna = enter("anna")
    comment_id = post(anna, slug)
    reader.open(f"/a/{slug}")
    reader.send(f"/c/{comment_id}/tag", "Save tag", stance="disagreement")
    screen = reader.send("/sign-up", "Sign up")
    assert (screen.status, screen.heading) == (200, "Sign up")
    screen = reader.send("/sign-up", "Sign up", handle="ben", email="ben@example.org", password="short")
    assert screen.status == 422
    screen = reader.send("/sign-up", "Sign up", password="a long enough one")
    assert screen.address == f"/c/{comment_id}#c{comment_id}"
    assert "Your tag is saved: Disagree." in screen.notices


def test_an_errand_that_is_refused_does_not_undo_the_sign_in(enter: Enter, reader: Reader, slug: str) -> None:
    anna = enter("anna")
    comment_id = post(anna, slug)
    reader.open(f"/a/{slug}")
    reader.send(f"/c/{comment_id}/tag", "Save tag", stance="agreement")
    screen = reader.sign_in("anna", PASSWORD)
    assert any("your own comment" in notice for notice in screen.notices)
    assert screen.page.all("form", action="/sign-out")
    assert screen.path == f"/c/{comment_id}"


@pytest.mark.parametrize(
    "errand", ["tag:{}", 'tag:{"comment_id":99}', "tag:nonsense", "text:[]", "nothing", ":", 'edit:{"comment_id":1,"body_md":"x"}']
)
def test_a_made_up_errand_does_nothing(reader: Reader, app: Flask, errand: str) -> None:
    with writing() as session:
        add_account(session, "anna")
    token = reader.open("/sign-in").page.all("input", name="csrf_token")[0].attributes["value"]
    answer = reader.client.post("/sign-in", data={"csrf_token": token, "login": "anna", "password": PASSWORD, "errand": errand})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/")
