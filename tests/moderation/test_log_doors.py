"""The doors of the moderation log: what everybody sees and what moderators see, page by page; the feed; who may come."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import msgspec
import pytest
from defusedxml.ElementTree import fromstring
from flask import Flask
from sqlalchemy import event

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.models import Account, Membership
from forum.articles.models import Article, Site
from forum.clock import now
from forum.comments.models import Comment
from forum.db.base import db
from forum.db.transaction import writing
from forum.moderation import log
from forum.moderation.actors import Actor, ActorKind, rule
from forum.moderation.models import LogEntry, RuleSet
from forum.moderation.screening.rules import Rules
from tests.conftest import ApiClient, add_account
from tests.journeys.reader import Element, parse
from tests.moderation.log_rows import write_rows
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

ATOM = "{http://www.w3.org/2005/Atom}"
PUBLIC_FIELDS = {
    "seq",
    "measure",
    "same_person",
    "at",
    "event",
    "by",
    "moderator",
    "reason",
    "comment_id",
    "url",
    "article",
    "from_state",
    "to_state",
    "decision_id",
    "hash",
}
# None of these may reach the public: who wrote, who reported, what was written.
SECRETS = (
    "wilma-writer",
    "Wilma Writer",
    "rita-reporter",
    "Rita Reporter",
    "marker-text",
    "marker-detail",
    "mona-moderator",
    "Mona Moderator",
)


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


@pytest.fixture
def decided(world: World) -> World:
    """A comment that was public and one that never was, both removed; a report and a withdrawal, which are nobody's business."""
    with writing() as session:
        for who, name in (("writer", "Wilma Writer"), ("member", "Rita Reporter"), ("moderator", "Mona Moderator")):
            account = session.get_one(Account, world.ids[who])
            account.handle, account.display_name = name.lower().replace(" ", "-"), name
    shown, never = world.comment(), world.comment()
    moderator, reader = Actor(ActorKind.MODERATOR, world.ids["moderator"]), Actor(ActorKind.READER, world.ids["member"])
    writer = Actor(ActorKind.WRITER, world.ids["writer"])
    with writing() as session:
        first, second = session.get_one(Comment, shown), session.get_one(Comment, never)
        second.listed, second.published_at = False, None
        for comment in (first, second):
            comment.body_md = "marker-text"
            comment.body_html = "<p>marker-text</p>"
        site: dict[str, Any] = {"site_id": DEFAULT_SITE_ID}
        log.append(session, **site, event="report", actor=reader, is_public=False, comment=first, detail={"note": "marker-detail"})
        log.append(session, **site, event="hold", actor=rule("links"), is_public=True, comment=second, reason="promotion", to_state="held")
        log.append(
            session,
            **site,
            event="remove",
            actor=moderator,
            is_public=True,
            comment=first,
            decision_id=11,
            reason="harassment",
            from_state="visible",
            to_state="removed",
            detail={"batch": "marker-detail"},
        )
        log.append(session, **site, event="remove", actor=moderator, is_public=True, comment=second, decision_id=12, reason="promotion")
        log.append(session, **site, event="withdraw", actor=writer, is_public=False, comment=first)
        log.append(session, **site, event="rules", actor=Actor(ActorKind.ADMIN, world.ids["admin"]), is_public=True)
    world.shown, world.never = shown, never  # type: ignore[attr-defined]
    return world


def show_names(world: World) -> None:
    """Let the site show the names of its moderators."""
    document = msgspec.json.encode(Rules(show_moderator_names=True)).decode()
    with writing() as session:
        session.add(RuleSet(site_id=1, number=1, document=document, changed_by=world.ids["admin"], created_at=now()))


def page_of(caller: ApiClient, path: str) -> Element:
    answer = caller.get(f"/{path}")
    assert answer.status_code == 200, answer.text
    return parse(answer.text).one("main")


def rows_of(page: Element) -> list[Element]:
    return [row for row in page.all("li") if row.attributes.get("id", "").startswith("s")]


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Collect the statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)


def test_the_public_sees_what_was_decided_and_why(decided: World) -> None:
    body = decided.enter("visitor").get("/modlog").json
    assert body["next"] is None
    assert all(set(row) == PUBLIC_FIELDS for row in body["items"])
    rules, second, first, held = body["items"]
    with writing() as session:
        article = session.get_one(Article, decided.article_id)
        named = {"id": article.id, "title": article.title, "page": f"/a/{article.slug}"}
        hashes = {row.seq: row.hash for row in session.query(LogEntry)}
    assert [row["seq"] for row in body["items"]] == [6, 4, 3, 2]
    assert [row["hash"] for row in body["items"]] == [hashes[seq] for seq in (6, 4, 3, 2)]
    assert [row["by"] for row in body["items"]] == ["admin", "moderator", "moderator", "rule:links"]
    shown = decided.shown  # type: ignore[attr-defined]
    assert (first["event"], first["reason"], first["decision_id"], first["article"]) == ("remove", "harassment", 11, named)
    assert (first["from_state"], first["to_state"]) == ("visible", "removed")
    assert (first["comment_id"], first["url"]) == (shown, f"/c/{shown}")
    assert (second["comment_id"], second["url"], second["article"]) == (None, None, named)
    assert (held["comment_id"], held["to_state"], rules["article"]) == (None, "held", None)
    assert all(row["moderator"] is None for row in body["items"])


@pytest.mark.parametrize("path", ["/modlog", "//modlog", "//modlog.atom"])
def test_the_public_never_sees_who_wrote_who_reported_and_what(decided: World, path: str) -> None:
    for who in ("visitor", "author", "publisher"):
        text = decided.enter(who).get(path).text
        assert "harassment" in text.lower()
        assert [secret for secret in SECRETS if secret in text] == []
        never = decided.never  # type: ignore[attr-defined]
        assert not re.search(rf'/c/{never}\b|"comment_id":{never}\b', text), "a comment that was never public has no address"
        assert "salt" not in text


@pytest.mark.parametrize("path", ["/modlog", "//modlog", "//modlog.atom"])
def test_a_site_may_show_its_moderators_names_and_no_others(decided: World, path: str) -> None:
    show_names(decided)
    text = decided.enter("visitor").get(path).text
    assert "Mona Moderator" in text
    assert [secret for secret in SECRETS if secret in text and "mona" not in secret.lower()] == []


def test_moderators_see_all_of_it(decided: World) -> None:
    items = decided.enter("moderator").get("/mod/log").json["items"]
    assert [row["seq"] for row in items] == [6, 5, 4, 3, 2, 1]
    assert [row["actor"] and row["actor"]["handle"] for row in items] == [
        "admin",
        "wilma-writer",
        "mona-moderator",
        "mona-moderator",
        None,
        "rita-reporter",
    ]
    assert [row["is_public"] for row in items] == [True, False, True, True, True, False]
    never = decided.never  # type: ignore[attr-defined]
    assert (items[2]["comment_id"], items[2]["url"]) == (never, f"/c/{never}")
    assert (items[3]["detail"], items[2]["detail"]) == ({"batch": "marker-detail"}, {})
    page = page_of(decided.enter("moderator"), "/mod/log")
    assert len(rows_of(page)) == 6
    assert "Wilma Writer withdrew a comment" in page.text
    assert "batch: marker-detail" in page.text
    assert "marker-text" not in page.text
    assert "salt" not in page.text


def test_who_may_read_all_of_it(decided: World) -> None:
    with writing() as session:
        session.add(Site(id=2, slug="other", created_at=now()))
        stranger = add_account(session, "elsewhere")
        session.flush()
        session.add(Membership(account_id=stranger.id, site_id=2, role="moderator"))
        decided.ids["elsewhere"] = stranger.id
    for who in ("elsewhere", "member", "author", "writer", "publisher"):
        answer = decided.enter(who).get("/mod/log")
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden"), who
        assert decided.enter(who).get("//mod/log").status_code == 403, who
    assert decided.enter("visitor").get("/mod/log").status_code == 401
    sent = decided.enter("visitor").get("//mod/log?before=5")
    assert (sent.status_code, sent.headers["Location"]) == (303, "/sign-in?next=/mod/log%3Fbefore%3D5")
    for who in ("moderator", "admin"):
        answer = decided.enter(who).get("/mod/log")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(("path", "seen"), [("/modlog", 20), ("/mod/log", 30)])
def test_paging_walks_each_row_once(world: World, path: str, seen: int) -> None:
    write_rows(30)
    caller = world.enter("moderator")
    found, cursor = [], ""
    while True:
        body = caller.get(f"{path}?limit=7{cursor and '&cursor='}{cursor}").json
        found += [row["seq"] for row in body["items"]]
        if body["next"] is None:
            break
        # What is added meanwhile comes before the first page.
        write_rows(1)
        cursor = body["next"]
    assert len(found) == len(set(found)) == seen
    assert found == sorted(found, reverse=True)


def test_a_cursor_opens_no_other_listing(world: World) -> None:
    write_rows(9)
    caller = world.enter("moderator")
    internal = caller.get("/mod/log?limit=2").json["next"]
    assert caller.get(f"/mod/log?limit=2&cursor={internal}").status_code == 200
    for path in (f"/modlog?cursor={internal}", "/modlog?cursor=x", f"/articles?cursor={internal}"):
        answer = caller.get(path)
        assert (answer.status_code, answer.json["type"]) == (400, "/problems/bad-cursor"), path
    assert caller.get("/modlog?limit=0").status_code == caller.get("/modlog?limit=101").status_code == 422


@pytest.mark.parametrize(("path", "seen"), [("/modlog", 80), ("/mod/log", 120)])
def test_pages_walk_each_row_once(world: World, path: str, seen: int) -> None:
    write_rows(120)
    caller = world.enter("moderator")
    found: list[int] = []
    following = path
    while following:
        page = page_of(caller, following)
        found += [int(row.attributes["id"][1:]) for row in rows_of(page)]
        links = page.all("a", rel="next")
        following = links[0].attributes["href"] if links else ""
    assert len(found) == len(set(found)) == seen
    assert found == sorted(found, reverse=True)


def test_a_page_costs_the_page(world: World) -> None:
    write_rows(10, article_id=world.article_id)
    caller = world.enter("visitor")
    with counted_statements() as few:
        caller.get("/modlog")
    write_rows(200, article_id=world.article_id)
    with counted_statements() as many:
        caller.get("/modlog?limit=100")
    assert len(many) == len(few) <= 6


def test_a_decision_has_its_place(decided: World) -> None:
    visitor = decided.enter("visitor")
    write_rows(120)
    for decision, seq in ((11, 3), (12, 4)):
        sent = visitor.get(f"//modlog?decision={decision}")
        assert sent.status_code == 303
        path, _, anchor = sent.headers["Location"].partition("#")
        row = page_of(visitor, path).one("p", id=anchor)
        assert anchor == f"d{decision}"
        assert row.parent is not None
        assert row.parent.parent is not None
        assert row.parent.parent.attributes["id"] == f"s{seq}"
    assert visitor.get("//modlog?decision=4711").status_code == 404
    with writing() as session:
        log.append(session, site_id=1, event="no_action", actor=rule("undecided"), is_public=False, decision_id=99)
    assert visitor.get("//modlog?decision=99").status_code == 404
    assert decided.enter("moderator").get("//mod/log?decision=99").status_code == 303


def test_an_undone_decision_keeps_its_anchor(world: World) -> None:
    for name in ("remove", "undo"):
        write_rows(1, event=name, decision_id=5, is_public=True)
    page = page_of(world.enter("visitor"), "/modlog")
    assert page.one("p", id="d5").within("li")
    assert page.one("li", id="s1").all("p", id="d5")


def test_the_page_says_it_in_sentences(decided: World) -> None:
    with writing() as session:
        session.get_one(Article, decided.article_id).title = "On <b>touch</b> & 100%(x)s"
    page = page_of(decided.enter("visitor"), "/modlog")
    rows = [row.all("p")[0].text for row in rows_of(page)]
    assert rows == [
        "An administrator changed the rules by which comments are screened.",
        "A moderator removed a comment on On <b>touch</b> & 100%(x)s. Promotion",
        "A moderator removed a comment on On <b>touch</b> & 100%(x)s. Harassment",
        "The rule “links of new accounts” held a comment on On <b>touch</b> & 100%(x)s until a moderator reads it. Promotion",
    ]
    assert [len(row.all("time")) for row in rows_of(page)] == [1, 1, 1, 1]
    assert not page.all("a", href="/mod/log")
    assert page_of(decided.enter("moderator"), "/modlog").all("a", href="/mod/log")


def test_nothing_decided_yet(world: World) -> None:
    visitor = world.enter("visitor")
    assert "Nothing has been decided" in page_of(visitor, "/modlog").text
    assert visitor.get("/modlog").json == {"items": [], "next": None}
    write_rows(3)
    assert "first row" in page_of(visitor, "/modlog?before=1").text
    assert visitor.get("//modlog?before=0").status_code == visitor.get("//modlog?before=x").status_code == 422
    assert visitor.get(f"//modlog?before={2**63}").status_code == 422


def test_words_for_every_event_actor_and_what_a_later_version_wrote(world: World) -> None:
    write_rows(64, is_public=True)
    write_rows(1, is_public=True, event="unheard-of", actor=rule("of-later"), reason="new-reason")
    text = page_of(world.enter("visitor"), "/modlog").text
    assert "The rule “of-later” did something about a comment on an article that is not here any more. new-reason" in text
    assert "%(" not in text


@pytest.mark.parametrize("path", ["/modlog", "//modlog.atom"])
def test_what_has_not_changed_is_not_sent_again(decided: World, path: str) -> None:
    visitor = decided.enter("visitor")
    first = visitor.get(path)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert "Set-Cookie" not in first.headers
    again = visitor.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    write_rows(2)
    assert visitor.get(path, headers={"If-None-Match": tag}).status_code == 200
    # A name that changed is another answer, though no row was added.
    tag = visitor.get(path).headers["ETag"]
    show_names(decided)
    assert visitor.get(path, headers={"If-None-Match": tag}).status_code == 200
    assert visitor.get(path).headers["ETag"] != tag
    assert decided.enter("member").get(path).headers["Cache-Control"] == "private, no-cache"


def read_feed(world: World, **named: Any) -> Any:
    answer = world.enter("visitor").get("//modlog.atom", **named)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    return fromstring(answer.data, forbid_dtd=True)


def test_the_feed_is_atom(decided: World) -> None:
    feed = read_feed(decided)
    base = "http://127.0.0.1:8000"
    assert feed.tag == f"{ATOM}feed"
    for name in ("id", "title", "updated", "author"):
        assert len(feed.findall(f"{ATOM}{name}")) == 1, name
    links = {(link.get("rel"), link.get("href"), link.get("type")) for link in feed.findall(f"{ATOM}link")}
    assert links == {("self", f"{base}/modlog.atom", "application/atom+xml"), ("alternate", f"{base}/modlog", "text/html")}
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 4
    ids = [feed.findtext(f"{ATOM}id"), *(entry.findtext(f"{ATOM}id") for entry in entries)]
    assert len(ids) == len(set(ids)) == 5
    assert all(text.startswith("http://") for text in ids)
    moments = [entry.findtext(f"{ATOM}updated") for entry in entries]
    assert moments == sorted(moments, reverse=True)
    assert feed.findtext(f"{ATOM}updated") == moments[0]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", moment) for moment in moments)
    for entry in entries:
        assert entry.findtext(f"{ATOM}title")
        (link,) = entry.findall(f"{ATOM}link")
        assert (link.get("rel"), link.get("type")) == ("alternate", "text/html")
        path, _, anchor = link.get("href").removeprefix(base).partition("#")
        assert page_of(decided.enter("visitor"), path).all("*", id=anchor)


def test_the_feed_holds_the_newest_fifty(world: World) -> None:
    write_rows(200)
    feed = read_feed(world)
    newest = [row["seq"] for row in world.enter("visitor").get("/modlog?limit=50").json["items"]]
    links = [entry.find(f"{ATOM}link").get("href") for entry in feed.findall(f"{ATOM}entry")]
    assert [int(link.partition("#s")[2]) for link in links] == newest


def test_an_empty_feed_is_a_feed(world: World) -> None:
    feed = read_feed(world)
    assert feed.findtext(f"{ATOM}updated").endswith("Z")
    assert feed.findall(f"{ATOM}entry") == []


def test_the_feed_is_xml_whatever_it_is_about(decided: World) -> None:
    with writing() as session:
        session.get_one(Article, decided.article_id).title = "A & B <script>alert(1)</script> ]]> \x01\x08\x0b\x1f\x7f \ufffe\uffff 😀 “ü”"
        session.get_one(Account, decided.ids["moderator"]).display_name = "M & <i>\x02"
    show_names(decided)
    titles = [unescape(entry.findtext(f"{ATOM}title")) for entry in read_feed(decided).findall(f"{ATOM}entry")]
    assert titles[1] == "M & <i> removed a comment on “A & B <script>alert(1)</script> ]]> \x7f  😀 “ü””."


def test_the_feed_is_in_the_readers_language(world: World) -> None:
    answer = world.enter("visitor").get("//modlog.atom")
    assert "Accept-Language" in answer.headers["Vary"]
    assert read_feed(world).get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
