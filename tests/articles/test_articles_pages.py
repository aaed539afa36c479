"""The pages of articles: the list, adding and changing one, and the way from a host page to its discussion."""

import pytest
from flask import Flask

from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.articles.actions import ArticleDraft, create_article
from forum.db.transaction import writing
from tests.conftest import PASSWORD, add_account
from tests.journeys.reader import Reader

pytestmark = pytest.mark.postgresql_slow

URL = "https://host.example/trigger-points"


@pytest.fixture
def reader(app: Flask) -> Reader:
    """A reader whom nobody knows."""
    return Reader(app.test_client())


@pytest.fixture
def marit(app: Flask) -> Reader:
    """A publisher, signed in."""
    with writing() as session:
        add_account(session, "marit", role=Role.PUBLISHER, display_name="Marit Solheim")
    publisher = Reader(app.test_client())
    publisher.sign_in("marit", PASSWORD)
    return publisher


def test_a_publisher_adds_an_article_written_here(marit: Reader, reader: Reader) -> None:
    marit.open("/")
    marit.follow("Add an article")
    assert marit.screen.page.one("input", name="authors").attributes["value"] == "marit"
    fields = {"title": "On touch", "body_md": "## Why\n\nIt *helps*.", "main_claim": "Touch helps.", "series": "Touch", "part": "1"}
    screen = marit.send("/articles/new", "Add the article", **fields, opening_question="Does it?")
    assert screen.path == "/a/on-touch"
    assert screen.heading == "On touch"
    assert screen.page.one("div", class_="text").one("em").text == "helps"
    assert "Touch helps." in screen.page.one("p", class_="claim").text
    assert "By Marit Solheim" in screen.text
    listed = reader.open("/")
    assert listed.page.one("ol", class_="articles").one("h2").text == "On touch"
    assert "Be the first to answer" in listed.text
    assert "Does it?" in reader.open("/a/on-touch").text


def test_parts_of_a_series_lead_to_each_other(marit: Reader, reader: Reader) -> None:
    for part in ("2", "1"):
        marit.open("/articles/new")
        marit.send("/articles/new", "Add the article", title=f"Touch {part}", body_md="Text.", series="Touch", part=part)
    screen = reader.open("/a/touch-2")
    parts = screen.page.one("nav", class_="series").all("li")
    assert [part.text for part in parts] == ["Part 1 Touch 1", "Part 2 Touch 2"]
    assert parts[1].one("b").attributes["aria-current"] == "page"
    assert reader.follow("Touch 1").heading == "Touch 1"


def test_an_article_elsewhere_is_found_by_any_spelling_of_its_address(marit: Reader, reader: Reader) -> None:
    unknown = reader.open("/at", query_string={"url": URL})
    assert unknown.status == 404
    assert unknown.page.one("input", name="url").attributes["value"] == URL
    assert "Add this page as an article" not in unknown.text
    marit.open("/at", query_string={"url": URL})
    screen = marit.follow("Add this page as an article")
    assert screen.page.one("input", name="url").attributes["value"] == URL
    marit.send("/articles/new", "Add the article", title="Trigger points")
    assert marit.screen.page.one("p", class_="elsewhere").one("a").attributes["href"] == URL
    assert reader.open("/at", query_string={"url": "http://HOST.example:80/trigger-points?utm_source=x#top"}).heading == "Trigger points"
    marit.open("/articles/new")
    again = marit.send("/articles/new", "Add the article", title="The same again", url=URL)
    assert again.heading == "Trigger points"
    assert "nothing was added" in again.notices[0]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "nowhere", "ftp://host.example/x", "https://"])
def test_what_is_no_address_is_said_and_kept(reader: Reader, app: Flask, url: str) -> None:
    screen = reader.open("/at", query_string={"url": url})
    assert screen.status == 404
    assert screen.errors
    assert screen.page.one("input", name="url").attributes["value"] == url
    assert not [link for link in screen.page.all("a") if link.attributes["href"] == url]


def test_a_refused_article_comes_back_as_it_was_typed(marit: Reader) -> None:
    marit.open("/articles/new")
    fields = {"title": "On touch", "body_md": "Text & <tags>", "main_claim": "x" * 201, "url": "nowhere", "part": "first"}
    screen = marit.send("/articles/new", "Add the article", **fields)
    assert screen.status == 422
    assert screen.page.one("textarea", name="body_md").raw == "Text & <tags>"
    assert screen.page.one("input", name="part").attributes["value"] == "first"
    screen = marit.send("/articles/new", "Add the article", part="1")
    assert screen.status == 422
    for name in ("main_claim", "url"):
        assert screen.page.one("p", id=f"e-{name}").text
    screen = marit.send("/articles/new", "Add the article", main_claim="Short.", url=None, authors="marit nobody")
    assert "nobody" in screen.page.one("p", id="e-authors").text


def test_members_do_not_add_or_change_articles(marit: Reader, reader: Reader, app: Flask) -> None:
    with writing() as session:
        add_account(session, "anna")
        create_article(session, DEFAULT_SITE_ID, ArticleDraft("On touch"))
    assert reader.open("/articles/new").heading == "Sign in"
    assert reader.sign_in("anna", PASSWORD).status == 403
    assert reader.open("/a/on-touch/edit").status == 403
    assert "Add an article" not in reader.open("/").text
    assert "Edit" not in [link.text for link in reader.open("/a/on-touch").page.all("a")]


def test_an_author_changes_and_closes_the_article(marit: Reader, reader: Reader) -> None:
    marit.open("/articles/new")
    marit.send("/articles/new", "Add the article", title="On touch", body_md="Text.", series="Touch", part="1")
    marit.follow("Edit")
    assert marit.screen.page.one("textarea", name="body_md").raw == "Text."
    screen = marit.send(
        "/a/on-touch/edit", "Save", title="On being touched", closed=["true"], closed_reason="The study is out.", series=None, part=None
    )
    assert screen.notices == ["The article is saved."]
    page = reader.open("/a/on-touch")
    assert page.heading == "On being touched"
    assert "The study is out." in page.page.one("section", class_="closed").text
    assert "Touch" not in [kicker.text for kicker in page.page.all("p", class_="kicker")]
    assert "closed to new comments" in reader.open("/").text
    marit.open("/a/on-touch/edit")
    assert marit.screen.page.one("input", name="closed").attributes.get("checked") == ""
    marit.send("/a/on-touch/edit", "Save", closed=None)
    assert not reader.open("/a/on-touch").page.all("section", class_="closed")


def test_two_who_change_an_article_at_once_do_not_overwrite_each_other(marit: Reader, app: Flask) -> None:
    marit.open("/articles/new")
    marit.send("/articles/new", "Add the article", title="On touch", body_md="Text.")
    other = Reader(app.test_client())
    other.sign_in("marit", PASSWORD)
    for editor in (marit, other):
        editor.open("/a/on-touch/edit")
    marit.send("/a/on-touch/edit", "Save", main_claim="Touch helps.")
    screen = other.send("/a/on-touch/edit", "Save", main_claim="Touch heals.")
    assert screen.status == 412
    assert screen.page.one("input", name="main_claim").attributes["value"] == "Touch heals."
    assert "Touch helps." in screen.page.one("section", class_="preview").text
    assert other.send("/a/on-touch/edit", "Save").notices == ["The article is saved."]
    assert "Touch heals." in other.screen.text


def test_a_stale_form_stays_stale_after_another_refusal(marit: Reader, app: Flask) -> None:
    marit.open("/articles/new")
    marit.send("/articles/new", "Add the article", title="On touch", body_md="Text.")
    other = Reader(app.test_client())
    other.sign_in("marit", PASSWORD)
    other.open("/a/on-touch/edit")
    other.send("/a/on-touch/edit", "Save", part="first")
    marit.open("/a/on-touch/edit")
    marit.send("/a/on-touch/edit", "Save", main_claim="Touch helps.")
    assert other.send("/a/on-touch/edit", "Save", part=None).status == 412


def test_a_comment_in_between_does_not_make_the_form_stale(marit: Reader) -> None:
    marit.open("/articles/new")
    marit.send("/articles/new", "Add the article", title="On touch", body_md="Text.")
    form = marit.open("/a/on-touch/edit")
    marit.open("/a/on-touch/comments")
    marit.send("/a/on-touch/comments", "Post", body_md="A comment in between.")
    marit.screen = form
    assert marit.send("/a/on-touch/edit", "Save", main_claim="Touch helps.").notices == ["The article is saved."]


def test_the_list_is_read_page_by_page_in_every_order(reader: Reader, app: Flask) -> None:
    with writing() as session:
        for number in range(45):
            create_article(session, DEFAULT_SITE_ID, ArticleDraft(f"Article {number}"))
    for sort in ("active", "newest", "most_commented"):
        screen = reader.open(f"/?sort={sort}")
        titles = [heading.text for heading in screen.page.all("h2")]
        while reader.screen.page.all("a", rel="next"):
            titles += [heading.text for heading in reader.follow("Next articles").page.all("h2")]
        assert sorted(titles) == sorted(f"Article {number}" for number in range(45))


def test_an_empty_site_says_what_comes(reader: Reader, app: Flask) -> None:
    assert "The first article is still to come." in reader.open("/").text
