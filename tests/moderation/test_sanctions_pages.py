"""Imposing and lifting with a browser that runs no script; what a restricted person reads where they would write, tag or report."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from forum.access.viewer import Role
from forum.comments.models import Comment
from forum.db.transaction import reading
from forum.sanctions.kinds import KINDS, SanctionKind
from forum.sanctions.models import Sanction
from tests.comments.measure import statements_of
from tests.conftest import PASSWORD
from tests.journeys.reader import Reader, Screen
from tests.moderation.modpages import post, send
from tests.moderation.sanctioned import START, STATEMENT, sanction, take_back
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

PERSON = "/mod/people/writer"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(clock: time_machine.Traveller, app: Flask) -> World:
    return make_world(app)


def browser(world: World, who: str) -> Reader:
    return Reader(world.enter(who).client)


def slug(world: World) -> str:
    return str(world.enter("visitor").get(f"/articles/{world.article_id}").json["page"])


def count_sanctions() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Sanction)) or 0


def is_filled(screen: Screen, name: str, value: str) -> bool:
    [element] = [
        element for element in screen.page.walk() if element.attributes.get("name") == name and element.tag in ("input", "textarea")
    ]
    return value == (element.raw if element.tag == "textarea" else element.attributes.get("value"))


# The person's page


def test_the_page_of_somebody_on_whom_nothing_is_imposed(world: World) -> None:
    screen = browser(world, "moderator").open(PERSON)
    assert "Nothing is in force: Writer can write, tag and report." in screen.text
    assert "No moderator removed a comment of theirs in the last 180 days" in screen.text
    form = screen.form(f"{PERSON}/sanctions")
    offered = [radio.attributes["value"] for radio in form.all("input", name="kind")]
    assert offered == [kind.value for kind, rule in KINDS.items() if rule.imposed_by is Role.MODERATOR]
    for kind in offered:
        assert KINDS[SanctionKind(kind)].meaning in form.text
    assert "Your comment attacks a person instead of what they say." in form.text
    assert not [link for link in screen.page.all("a") if link.attributes["href"].endswith("/ban")]


def test_imposing_and_lifting(world: World) -> None:
    moderator = browser(world, "moderator")
    moderator.open(PERSON)
    screen = send(moderator, f"{PERSON}/sanctions", kind="mute", days="3", reason="harassment", statement=STATEMENT, note="Third time.")
    assert (screen.status, screen.address) == (200, f"{PERSON}#sanctions")
    assert screen.notices == ["Imposed on Writer: Mute."]
    [one] = screen.page.all("ul", class_="past")[0].all("li")
    for words in ("Mute", "Harassment", "by @moderator", "until March 4, 2026", STATEMENT, "Note: Third time."):
        assert words in one.text, words
    screen = send(moderator, one.one("form").attributes["action"])
    assert screen.notices == ["Lifted: Mute."]
    assert "Nothing is in force" in screen.text
    assert "1 that is over" in screen.text
    assert "lifted by @moderator" in screen.text


def test_what_is_over_says_since_when(world: World, clock: time_machine.Traveller) -> None:
    sanction(world, "writer", SanctionKind.MUTE, 2)
    clock.move_to(START + timedelta(days=2))
    screen = browser(world, "moderator").open(PERSON)
    assert "over since Mar 3, 2026" in screen.text
    assert not [form for form in screen.page.all("form") if form.attributes["action"].endswith("/lift")]


def test_the_ladder_in_words_begins_the_form(world: World) -> None:
    for count in (1, 2):
        item_id, version = world.item()
        body = {"action": "remove", "reason": "harassment", "statement": STATEMENT, "version": version}
        assert world.enter("moderator").post(f"/mod/items/{item_id}/decisions", body).status_code == 201
        screen = browser(world, "moderator").open(PERSON)
        step = ("Reminder", "Warning")[count - 1]
        assert f"in the last 180 days. The ladder suggests: {step}. You choose." in screen.text
        assert screen.form(f"{PERSON}/sanctions").one("input", checked="").attributes["value"] == step.lower()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": ""}, "Choose what is to be imposed."),
        ({"reason": ""}, "Choose the reason; the person and the log will have it."),
        ({"statement": "Too short."}, "say in at least 40 characters what happened and why"),
        ({"kind": "warning", "days": "3"}, "Leave the number of days empty"),
        ({"days": "9999"}, "days: at most 365 is expected."),
        ({"days": "soon"}, "days: a whole number is expected."),
    ],
)
def test_a_refused_form_comes_back_as_it_was_typed(world: World, fields: dict[str, str], words: str) -> None:
    moderator = browser(world, "moderator")
    moderator.open(PERSON)
    typed = {"kind": "mute", "days": "5", "reason": "harassment", "statement": STATEMENT, "note": "Only for us.", **fields}
    screen = post(moderator, f"{PERSON}/sanctions", **typed)
    assert (screen.status, words in screen.errors) == (422, True), screen.errors
    assert all(is_filled(screen, name, typed[name]) for name in ("days", "statement", "note"))
    form = screen.form(f"{PERSON}/sanctions")
    assert [radio.attributes["value"] for radio in form.all("input", checked="")] == ([typed["kind"]] if typed["kind"] else [])
    assert count_sanctions() == 0


def test_a_note_that_is_refused_leaves_the_other_form_alone(world: World) -> None:
    moderator = browser(world, "moderator")
    moderator.open(PERSON)
    screen = post(moderator, f"{PERSON}/notes", body=" ")
    assert screen.status == 422
    assert screen.page.one("section", **{"aria-labelledby": "notes"}).all("div", class_="errors")
    assert not screen.form(f"{PERSON}/sanctions").all("div", class_="errors")


def test_nobody_is_offered_a_form_about_themselves(world: World) -> None:
    sanction(world, "moderator", SanctionKind.REMINDER)
    screen = browser(world, "moderator").open("/mod/people/moderator")
    assert not [form for form in screen.page.all("form") if form.attributes["action"].endswith(("/sanctions", "/lift"))]


def test_what_an_admin_imposed_is_not_lifted_and_says_so(world: World) -> None:
    sanction_id = sanction(world, "writer", SanctionKind.MUTE)
    moderator = browser(world, "moderator")
    moderator.open(PERSON)
    screen = post(moderator, f"/mod/sanctions/{sanction_id}/lift")
    assert (screen.status, "only an administrator can lift it" in screen.errors) == (403, True)


def test_a_moderator_whose_sign_in_ended_gets_the_form_back(world: World) -> None:
    visitor = Reader(world.app.test_client())
    visitor.open("/sign-in")
    screen = post(visitor, f"{PERSON}/sanctions", kind="mute", days="5", reason="harassment", statement=STATEMENT, note="Only for us.")
    assert "Nothing is imposed yet. Sign in, and you get back what you typed." in screen.text
    screen = visitor.sign_in("moderator", PASSWORD)
    assert "Nothing is imposed yet" in screen.text
    assert is_filled(screen, "statement", STATEMENT)
    assert count_sanctions() == 0
    screen = send(visitor, f"{PERSON}/sanctions")
    assert (screen.status, count_sanctions()) == (200, 1)


def test_an_errand_shows_nobody_what_they_may_not_see(world: World) -> None:
    visitor = Reader(world.app.test_client())
    visitor.open("/sign-in")
    post(visitor, f"{PERSON}/sanctions", kind="mute", statement=STATEMENT)
    screen = visitor.sign_in("member", PASSWORD)
    assert "What is imposed on them" not in screen.text
    assert STATEMENT not in screen.text


# Bans


def test_an_admin_bans_at_a_page_of_its_own(world: World) -> None:
    admin = browser(world, "admin")
    admin.open(PERSON)
    admin.follow("Ban Writer instead")
    screen = post(admin, f"{PERSON}/ban", reason="harassment", statement="Short.")
    assert (screen.status, is_filled(screen, "statement", "Short.")) == (422, True)
    screen = send(admin, f"{PERSON}/ban", reason="harassment", statement=STATEMENT)
    assert screen.notices == ["Imposed on Writer: Ban."]
    assert "without an end" in screen.text


def test_nobody_else_bans(world: World) -> None:
    moderator = browser(world, "moderator")
    assert moderator.open(f"{PERSON}/ban").status == 403
    assert post(moderator, f"{PERSON}/ban", reason="harassment", statement=STATEMENT).status == 403
    moderator.open(PERSON)
    screen = post(moderator, f"{PERSON}/sanctions", kind="ban", reason="harassment", statement=STATEMENT)
    assert (screen.status, is_filled(screen, "statement", STATEMENT), count_sanctions()) == (403, True, 0)


# With a decision


def test_a_decision_also_restricts_the_writer(world: World) -> None:
    item_id, _ = world.item()
    moderator = browser(world, "moderator")
    screen = moderator.open(f"/mod/items/{item_id}")
    assert "If you remove the comment, it is the first removal in 180 days. The ladder suggests: Reminder." in screen.text
    assert screen.page.one("details", class_="also").attributes.get("open") is None
    form = f"/mod/items/{item_id}/decisions"
    screen = send(moderator, form, action="remove", reason="harassment", statement=STATEMENT, sanction="warning", days="3")
    assert (screen.status, count_sanctions()) == (422, 0)
    assert "Leave the number of days empty" in screen.errors
    assert screen.page.one("details", class_="also").attributes.get("open") == ""
    assert is_filled(screen, "days", "3")
    screen = send(moderator, form, action="remove", reason="harassment", statement=STATEMENT, sanction="warning", days="")
    assert "Imposed on Writer: Warning." in screen.notices
    with reading() as session:
        [made] = session.scalars(select(Sanction))
        assert (made.kind, made.statement, made.decision_id is not None) == ("warning", STATEMENT, True)


def test_a_decision_alone_restricts_nobody(world: World) -> None:
    item_id, _ = world.item()
    moderator = browser(world, "moderator")
    moderator.open(f"/mod/items/{item_id}")
    send(moderator, f"/mod/items/{item_id}/decisions", action="remove", reason="harassment", statement=STATEMENT)
    assert count_sanctions() == 0


def test_leaving_it_as_it_is_restricts_nobody(world: World) -> None:
    item_id, _ = world.item()
    moderator = browser(world, "moderator")
    moderator.open(f"/mod/items/{item_id}")
    screen = send(moderator, f"/mod/items/{item_id}/decisions", action="no_action", statement=STATEMENT, sanction="mute")
    assert (screen.status, count_sanctions()) == (422, 0)
    assert "needs a reason other than" in screen.errors


# The restricted person


def test_the_composer_says_beforehand_what_is_not_possible(world: World) -> None:
    sanction_id = sanction(world, "member", SanctionKind.SUSPENSION, 3)
    member, page = browser(world, "member"), slug(world)
    own, other = world.comment(by="member"), world.comment()
    for path in (f"{page}?stand=agreement", f"{page}/comments", f"/c/{other}/reply", f"/c/{own}/edit"):
        screen = member.open(path)
        [notice] = [p for p in screen.page.all("p", class_="standing") if p.all("a", href=f"/sanctions/{sanction_id}")]
        assert "Suspension" in notice.text, path
        assert "Until March 4, 2026, 12:00" in notice.text, path
        assert not screen.page.all("form", class_="composer"), path
    # Nobody else reads of it.
    for who in ("visitor", "publisher", "admin"):
        assert "/sanctions/" not in browser(world, who).open(f"{page}?stand=agreement").response.text


@pytest.mark.parametrize("kind", [SanctionKind.PRE_MODERATION, SanctionKind.REMINDER])
def test_what_does_not_stop_stands_above_the_form(world: World, kind: SanctionKind) -> None:
    sanction_id = sanction(world, "member", kind)
    screen = browser(world, "member").open(f"{slug(world)}/comments")
    assert screen.page.all("a", href=f"/sanctions/{sanction_id}")
    assert screen.page.one("form", class_="composer")


@pytest.mark.parametrize("kind", [SanctionKind.TAG_MUTE, SanctionKind.REPORT_MUTE])
def test_what_does_not_concern_writing_is_not_said_there(world: World, kind: SanctionKind) -> None:
    sanction(world, "member", kind)
    assert "/sanctions/" not in browser(world, "member").open(f"{slug(world)}/comments").response.text


def test_a_refused_text_comes_back_with_the_way_to_why(world: World) -> None:
    member, page = browser(world, "member"), slug(world)
    member.open(f"{page}/comments")
    sanction_id = sanction(world, "member", SanctionKind.MUTE)
    screen = post(member, f"{page}/comments", body_md="What I had to say.", stance="agreement")
    assert (screen.status, screen.page.one("textarea").raw) == (403, "What I had to say.")
    assert "Your account is restricted until 2026-03-08 12:00 UTC: Mute." in screen.errors
    assert screen.page.one("a", href=f"/sanctions/{sanction_id}").text == "Why, and what you can do"
    take_back(world, sanction_id)
    screen = post(member, f"{page}/comments", body_md="What I had to say.", stance="agreement")
    assert (screen.status, "What I had to say." in screen.text) == (200, True)


def test_a_refused_change_comes_back(world: World) -> None:
    own, member = world.comment(by="member"), browser(world, "member")
    member.open(f"/c/{own}/edit")
    sanction_id = sanction(world, "member", SanctionKind.WARNING)
    screen = post(member, f"/c/{own}/edit", body_md="Said otherwise.", version="1")
    assert (screen.status, screen.page.one("textarea").raw) == (403, "Said otherwise.")
    assert screen.page.one("a", href=f"/sanctions/{sanction_id}")
    with reading() as session:
        assert session.get_one(Comment, own).body_md == "A word."


def test_a_refused_tag_and_report_say_why(world: World) -> None:
    comment_id, member = world.comment(), browser(world, "member")
    member.open(f"/c/{comment_id}/tag")
    sanction_id = sanction(world, "member", SanctionKind.SUSPENSION)
    screen = post(member, f"/c/{comment_id}/tag", stance="agreement")
    assert (screen.status, "You chose “Agree”." in screen.text) == (403, True)
    assert screen.page.one("a", href=f"/sanctions/{sanction_id}")
    screen = post(member, f"/c/{comment_id}/report", reason="harassment", note="He calls people names.")
    assert (screen.status, screen.page.one("textarea").raw) == (403, "He calls people names.")
    assert screen.page.one("input", value="harassment").attributes.get("checked") == ""
    assert screen.page.one("a", href=f"/sanctions/{sanction_id}")


def test_a_visitor_costs_no_statement_more(world: World) -> None:
    page = slug(world)
    world.comment()
    costs = {}
    for who in ("visitor", "member"):
        caller = world.enter(who)
        with statements_of(world.app) as asked:
            assert caller.request("GET", f"/{page}").status_code == 200
        costs[who] = [statement.sql for statement in asked]
    assert not [sql for sql in costs["visitor"] if "sanctions" in sql]
    assert len([sql for sql in costs["member"] if "sanctions" in sql]) == 1


def test_the_log_page_tells_moderators_which_sanction(world: World) -> None:
    sanction_id = sanction(world, "member", SanctionKind.SUSPENSION, 1)
    screen = browser(world, "moderator").open("/mod/log")
    assert "Admin suspended somebody for 1 day." in screen.text
    assert f"sanction: {sanction_id}" in screen.text
    assert "the comment was never public" not in screen.text
