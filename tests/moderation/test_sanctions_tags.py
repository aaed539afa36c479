"""A suspended person's tags: out of every count while it lasts, and afterwards everything is exactly as if it had never been.

What counts is compared with ``tests.stances.recount``, which looks at who is suspended now and not at what the tags' own column says.
"""

import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, text

from forum.access.viewer import Role
from forum.articles.actions import ArticleDraft, create_article
from forum.articles.models import Article
from forum.comments import actions
from forum.comments.counts import counted
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.stance import Stance
from forum.db.transaction import reading, writing
from forum.moderation.actors import rule
from forum.moderation.moves import Deed, move_comment
from forum.sanctions.kinds import SanctionKind
from forum.sanctions.models import Sanction
from forum.stances.models import Tag
from forum.stances.tally import count_tags, write_tally
from forum.web import due
from tests.comments.measure import statements_of
from tests.conftest import add_account, empty_database
from tests.db.together import all_at_once
from tests.moderation.sanctioned import START, STATEMENT, sanction, tag, take_back
from tests.restricting import give_reasons
from tests.stances.recount import find_miscounts
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

DAY = timedelta(days=1)
COUNTS = (
    *(f"{kind}_{stance}" for kind in ("tag", "thread") for stance in Stance),
    "tag_n",
    "score_valued",
    "score_contested",
    "doubt_rank",
    "state",
    "reply_count",
    "thread_count",
)
ARTICLE_COUNTS = (*(f"{kind}_{stance}" for kind in ("tag", "stance") for stance in Stance), "comment_count")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(clock: time_machine.Traveller, app: Flask) -> World:
    return make_world(app)


def picture() -> tuple[Any, ...]:
    """Return everything that follows from tags, of all comments and articles, and the tags themselves."""
    with reading() as session:
        comments = session.execute(select(Comment.id, *(getattr(Comment, name) for name in COUNTS)).order_by(Comment.id)).all()
        articles = session.execute(select(Article.id, *(getattr(Article, name) for name in ARTICLE_COUNTS)).order_by(Article.id)).all()
        tags = select(Tag.comment_id, Tag.account_id, Tag.stance, Tag.counted, Tag.suspended).order_by(Tag.comment_id, Tag.account_id)
        return tuple(comments), tuple(articles), tuple(session.execute(tags).all())


def versions() -> dict[int, int]:
    with reading() as session:
        return {article_id: version for article_id, version in session.execute(select(Article.id, Article.version))}


def check(world: World, *, suspended: tuple[str, ...] = ()) -> None:
    """Every count equals a fresh one, and those people's tags, and nobody else's, are out."""
    with reading() as session:
        assert find_miscounts(session) == []
        out = set(session.scalars(select(Tag.account_id).where(Tag.suspended.is_(True))))
        tagged = set(session.scalars(select(Tag.account_id)))
        assert out == {world.ids[who] for who in suspended} & tagged


def look(world: World) -> None:
    """Let somebody come by."""
    assert world.enter("visitor").get("/articles").status_code == 200


def discuss(world: World) -> list[int]:
    """Make threads on two articles that several people have tagged, one of whom is an author, and return the comments."""
    root = world.comment(stance=Stance.SKEPTICISM)
    comments = [root, world.comment(parent_id=root), world.comment(by="publisher"), world.comment(by="author", parent_id=root)]
    first, world.article_id = world.article_id, world.article()
    comments += [world.comment(), world.comment(by="publisher")]
    world.article_id = first
    for number, comment_id in enumerate(comments):
        for place, who in enumerate(("member", "moderator", "admin", "author")):
            tag(world, who, comment_id, tuple(Stance)[(number + place) % 4])
    return comments


@pytest.mark.parametrize("kind", [SanctionKind.SUSPENSION, SanctionKind.BAN])
def test_out_at_once_and_back_as_before(world: World, kind: SanctionKind) -> None:
    comments = discuss(world)
    check(world)
    before, seen = picture(), versions()
    sanction_id = sanction(world, "member", kind)
    check(world, suspended=("member",))
    assert picture()[:2] != before[:2]
    assert all(version > seen[article_id] for article_id, version in versions().items())
    for comment_id in comments:
        shown = world.enter("member").get(f"/comments/{comment_id}/tag").json
        assert (shown["stance"] is not None, shown["counted"]) == (True, False)
    mine = world.enter("member").get(f"/articles/{world.article_id}/mine?ids={','.join(map(str, comments))}").json
    assert all(mark["my_tag"] for mark in mine["items"])
    take_back(world, sanction_id)
    check(world)
    assert picture() == before


@pytest.mark.parametrize("kind", [kind for kind in SanctionKind if kind not in ("suspension", "ban")])
def test_nothing_else_touches_a_tag(world: World, kind: SanctionKind) -> None:
    discuss(world)
    before, seen = picture(), versions()
    sanction(world, "member", kind)
    assert (picture(), versions()) == (before, seen)


def test_two_at_once_end_with_the_second(world: World, clock: time_machine.Traveller) -> None:
    discuss(world)
    before = picture()
    long, short = sanction(world, "member", SanctionKind.SUSPENSION, 9), sanction(world, "member", SanctionKind.SUSPENSION, 3)
    check(world, suspended=("member",))
    clock.move_to(START + 3 * DAY)
    look(world)
    check(world, suspended=("member",))
    with reading() as session:
        assert [session.get_one(Sanction, one).tags_stopped for one in (long, short)] == [True, False]
    take_back(world, long)
    check(world)
    assert picture() == before


def test_a_ban_goes_on_when_a_suspension_ends(world: World, clock: time_machine.Traveller) -> None:
    discuss(world)
    sanction(world, "member", SanctionKind.SUSPENSION, 1)
    ban = sanction(world, "member", SanctionKind.BAN)
    clock.move_to(START + 400 * DAY)
    look(world)
    check(world, suspended=("member",))
    take_back(world, ban)
    check(world)


def test_several_people_at_once(world: World, clock: time_machine.Traveller) -> None:
    discuss(world)
    before = picture()
    for who, days in (("member", 2), ("moderator", 2), ("author", 5)):
        sanction(world, who, SanctionKind.SUSPENSION, days)
    check(world, suspended=("member", "moderator", "author"))
    clock.move_to(START + 2 * DAY)
    look(world)
    check(world, suspended=("author",))
    clock.move_to(START + 5 * DAY)
    look(world)
    check(world)
    assert picture() == before


def test_somebody_without_tags(world: World, clock: time_machine.Traveller) -> None:
    sanction_id = sanction(world, "member", SanctionKind.SUSPENSION, 1)
    clock.move_to(START + DAY)
    look(world)
    with reading() as session:
        assert session.get_one(Sanction, sanction_id).tags_stopped is False
    check(world)


def test_what_others_do_meanwhile_is_counted(world: World) -> None:
    comments = discuss(world)
    sanction_id = sanction(world, "member", SanctionKind.SUSPENSION)
    assert tag(world, "publisher", comments[0], "encouragement").status_code == 200
    assert tag(world, "admin", comments[1], None).status_code == 204
    assert tag(world, "moderator", comments[4], "agreement").status_code == 200
    check(world, suspended=("member",))
    take_back(world, sanction_id)
    check(world)


def test_comments_that_move_meanwhile(world: World) -> None:
    """Hidden, removed, restored, withdrawn and brought back while the tags are out, or hidden before and shown after."""
    comments = discuss(world)
    writer, member = world.enter("writer"), world.enter("publisher")
    with writing() as session:
        actions.move(session, lock_place(session, comments[4]), "withdraw")
    sanction_id = sanction(world, "member", SanctionKind.SUSPENSION)
    assert writer.delete(f"/comments/{comments[0]}").status_code == 204
    check(world, suspended=("member",))
    assert member.post(f"/comments/{comments[1]}/reports", {"reason": "confidentiality"}).status_code == 201
    check(world, suspended=("member",))
    with writing() as session:
        actions.move(session, lock_place(session, comments[4]), "unwithdraw")
    check(world, suspended=("member",))
    take_back(world, sanction_id)
    check(world)
    with writing() as session:
        actions.move(session, lock_place(session, comments[0]), "unwithdraw")
    check(world)


def test_removed_by_the_decision_that_suspends(world: World) -> None:
    comments = discuss(world)
    assert tag(world, "writer", comments[2], "agreement").status_code == 200
    assert tag(world, "writer", comments[5], "skepticism").status_code == 200
    with writing() as session:
        moderator = add_account(session, "fresh", role=Role.MODERATOR)
        world.ids["fresh"] = moderator.id
    item = world.enter("fresh").post(f"/mod/comments/{comments[0]}/items").json["item"]
    body = {
        "action": "remove",
        "reason": "harassment",
        "statement": STATEMENT,
        "version": item["version"],
        "sanction": {"kind": "suspension"},
    }
    assert world.enter("fresh").post(f"/mod/items/{item['id']}/decisions", body).status_code == 201
    check(world, suspended=("writer",))


def test_an_author_who_changes_meanwhile(world: World) -> None:
    """A member becomes an author of the article and stops being one: the tags do not count for either reason, and count in the end."""
    discuss(world)
    before = picture()
    sanction_id = sanction(world, "member", SanctionKind.SUSPENSION)
    admin = world.enter("admin")
    assert admin.patch(f"/articles/{world.article_id}", {"authors": ["author", "member"]}).status_code == 200
    check(world, suspended=("member",))
    take_back(world, sanction_id)
    check(world)
    assert admin.patch(f"/articles/{world.article_id}", {"authors": ["author"]}).status_code == 200
    check(world)
    assert picture() == before


def test_tags_on_another_site_stay(world: World) -> None:
    with writing() as session:
        session.execute(text("INSERT INTO sites (id, slug, created_at) VALUES (2, 'other', CURRENT_TIMESTAMP)"))
        article, _ = create_article(session, 2, ArticleDraft(title="Elsewhere"), author_ids=[world.ids["author"]])
        new = actions.NewComment("A word.", "<p>A word.</p>\n", 1, None, world.ids["writer"])
        elsewhere = actions.store(session, article, None, None, new).id
    here = world.comment()
    for comment_id in (here, elsewhere):
        assert tag(world, "member", comment_id).status_code == 200
    sanction(world, "member", SanctionKind.SUSPENSION)
    with reading() as session:
        assert [session.get_one(Comment, comment_id).tag_n for comment_id in (here, elsewhere)] == [0, 1]
        assert find_miscounts(session) == []
    assert tag(world, "member", elsewhere, "agreement").status_code == 200


# Time alone

FIRST_LOOKS = [
    ("visitor", "/comments/{comment}", '"n":1'),
    ("visitor", "/articles/{article}/comments", '"n":1'),
    ("visitor", "/articles/{article}", '"n":1'),
    ("visitor", "/articles", '"n":1'),
    ("visitor", "/comments/{comment}/context", '"n":1'),
    ("member", "/comments/{comment}/tag", '"counted":true'),
    ("visitor", "//c/{comment}", "Doubt 1"),
]


@pytest.mark.parametrize(("who", "path", "expected"), FIRST_LOOKS, ids=[path for _, path, _ in FIRST_LOOKS])
def test_the_first_answer_after_the_end_is_right(world: World, clock: time_machine.Traveller, who: str, path: str, expected: str) -> None:
    """Nothing runs in between: neither a job nor another request. Without the look at the door this fails."""
    comment_id = world.comment()
    tag(world, "member", comment_id)
    path = path.format(comment=comment_id, article=world.article_id)
    shown = words(world.enter(who).get(path).text)
    assert expected in shown
    sanction(world, "member", SanctionKind.SUSPENSION, 1)
    look(world)
    without = world.enter(who).get(path)
    assert expected not in words(without.text)
    clock.move_to(START + DAY - timedelta(microseconds=1))
    assert expected not in words(world.enter(who).get(path).text)
    clock.move_to(START + DAY)
    # Not even from what the caller has kept.
    answer = world.enter(who).get(path, headers={"If-None-Match": without.headers.get("ETag", "")})
    assert (answer.status_code, expected in words(answer.text)) == (200, True)
    check(world)


def words(page: str) -> str:
    """Return a page's words; a document as it is."""
    return page if page.startswith("{") else " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_without_the_look_the_answer_would_be_wrong(world: World, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch) -> None:
    comment_id = world.comment()
    tag(world, "member", comment_id)
    sanction(world, "member", SanctionKind.SUSPENSION, 1)
    clock.move_to(START + DAY)
    with monkeypatch.context() as patch:
        patch.setattr(due, "WATCHES", [])
        assert world.enter("visitor").get(f"/comments/{comment_id}").json["tally"]["n"] == 0
    assert world.enter("visitor").get(f"/comments/{comment_id}").json["tally"]["n"] == 1


def test_a_form_that_cannot_be_read_looks_as_well(world: World, clock: time_machine.Traveller) -> None:
    comment_id = world.comment()
    tag(world, "member", comment_id)
    sanction(world, "member", SanctionKind.SUSPENSION, 1)
    clock.move_to(START + DAY)
    reader = world.enter("publisher")
    answer = reader.request("POST", f"//c/{comment_id}/tag", data={"csrf_token": reader.csrf, "stance": "nonsense"})
    assert (answer.status_code, "Doubt 1" in words(answer.text)) == (422, True)


def test_a_person_whose_time_is_over_can_tag_at_once(world: World, clock: time_machine.Traveller) -> None:
    comment_id = world.comment()
    tag(world, "member", comment_id)
    sanction(world, "member", SanctionKind.SUSPENSION, 1)
    clock.move_to(START + DAY)
    assert tag(world, "member", comment_id, "agreement").json["tally"] == {
        "agreement": 1,
        "disagreement": 0,
        "skepticism": 0,
        "encouragement": 0,
        "n": 1,
    }
    check(world)


# Any history


class History:
    """People who write, tag, hide and show at random; "member" does nothing once ``is_quiet``."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)
        self.comments = [world.comment() for _ in range(3)]

    def step(self, *, is_quiet: bool) -> None:
        """Let somebody do something; what is drawn does not depend on what the database holds."""
        who = self.chance.choice(("publisher", "admin", "author") if is_quiet else ("member", "publisher", "admin", "author"))
        what = self.chance.choice(("tag", "tag", "tag", "tag", "untag", "comment", "withdraw", "unwithdraw", "screen_out", "restore"))
        comment_id, stance = self.chance.choice(self.comments), self.chance.choice(tuple(Stance))
        if what in ("tag", "untag"):
            tag(self.world, who, comment_id, stance if what == "tag" else None)
        elif what == "comment":
            self.comments.append(self.world.comment(parent_id=comment_id if stance is not Stance.AGREEMENT else None))
        else:
            self.move(comment_id, what)

    def move(self, comment_id: int, what: str) -> None:
        """Move a comment where it can be moved so."""
        states = {"withdraw": ("visible",), "unwithdraw": ("withdrawn",), "screen_out": ("visible",), "restore": ("screened",)}
        with writing() as session:
            place = lock_place(session, comment_id)
            if place.comment.state in states[what]:
                move_comment(session, place, what, Deed(rule("words")))
                give_reasons(session, place)


@pytest.mark.parametrize("seed", range(6))
def test_suspended_and_free_again_equals_never_suspended(app: Flask, clock: time_machine.Traveller, seed: int) -> None:
    """The same people do the same things twice; the second time somebody who does nothing meanwhile is suspended and set free, or waits for the end."""
    pictures = []
    for is_suspended in (False, True):
        world = make_world(app)
        history = History(world, seed)
        for _ in range(25):
            history.step(is_quiet=False)
        sanction_id = sanction(world, "member", SanctionKind.SUSPENSION, 2) if is_suspended else 0
        for _ in range(25):
            history.step(is_quiet=True)
            check(world, suspended=("member",) if is_suspended else ())
        if is_suspended and seed % 2:
            take_back(world, sanction_id)
        else:
            clock.move_to(START + 2 * DAY)
            look(world)
        check(world)
        for _ in range(10):
            history.step(is_quiet=False)
        check(world)
        pictures.append(picture())
        clock.move_to(START)
        empty_database()
        due.forget()
    assert pictures[0] == pictures[1]


# What it costs, and who comes at the same moment


def tag_many(world: World, who: str, count: int) -> None:
    """Let a person have tagged so many comments, on three articles, each of which somebody else has tagged too."""
    articles = [world.article() for _ in range(3)]
    with writing() as session:
        for number in range(count):
            article = session.get_one(Article, articles[number % 3])
            new = actions.NewComment("A word.", "<p>A word.</p>\n", 1, None, world.ids["writer"])
            place = lock_place(session, actions.store(session, article, None, None, new).id)
            with counted(session, place):
                for account_id in (world.ids[who], world.ids["admin"]):
                    mark = {"comment_id": place.comment.id, "account_id": account_id, "stance": tuple(Stance)[number % 4].value}
                    session.add(Tag(**mark, created_at=START, changed_at=START))
                session.flush()
                write_tally(session, place.comment, count_tags(session, place.comment.id))


def test_it_costs_as_many_statements_for_few_tags_as_for_many(world: World, clock: time_machine.Traveller) -> None:
    """Imposing, lifting, and settling what is over: bounded, and the same for 50 tags as for 500."""
    people = {"member": 50, "publisher": 500}
    # The log's first row costs one more.
    sanction(world, "writer", SanctionKind.REMINDER)
    for who, count in people.items():
        tag_many(world, who, count)
    check(world)
    before, visitor, costs = picture(), world.enter("visitor"), []
    for who in people:
        admin = world.enter("admin")
        body = {"kind": "suspension", "reason": "harassment", "statement": STATEMENT, "days": 1}
        with statements_of(world.app) as imposing:
            made = admin.post(f"/mod/accounts/{who}/sanctions", body)
        assert made.status_code == 201, made.text
        check(world, suspended=(who,))
        with statements_of(world.app) as lifting:
            assert admin.delete(f"/mod/accounts/{who}/sanctions/{made.json['id']}").status_code == 200
        assert picture() == before
        sanction(world, who, SanctionKind.SUSPENSION, 1)
        with statements_of(world.app) as settling:
            clock.shift(DAY)
            assert visitor.get("/articles?limit=1").status_code == 200
        assert picture() == before
        costs.append((len(imposing), len(lifting), len(settling)))
    assert costs[0] == costs[1]
    assert max(costs[0]) <= 28


def test_tagging_and_being_suspended_at_the_same_moment(world: World) -> None:
    """Whoever is first, no tag of a suspended person counts and none is lost: on the article that the suspension knows of, and on another."""
    with writing() as session:
        people = [add_account(session, f"reader{number}") for number in range(8)]
        world.ids |= {account.handle: account.id for account in people}
    known = world.comment()
    world.article_id = world.article()
    other = world.comment()
    handles = [account for account in world.ids if account.startswith("reader")]
    for handle in handles[::2]:
        assert tag(world, handle, known).status_code == 200
    callers = {handle: world.enter(handle) for handle in handles}
    admins = [world.enter("admin") for _ in handles]
    body = {"kind": "suspension", "reason": "harassment", "statement": STATEMENT}
    answers: list[tuple[str, int]] = []

    def suspend(number: int) -> None:
        answers.append(("suspend", admins[number].post(f"/mod/accounts/{handles[number]}/sanctions", body).status_code))

    def put(number: int) -> None:
        answers.append(("tag", callers[handles[number]].put(f"/comments/{other}/tag", {"stance": "agreement"}).status_code))

    work: list[Callable[[], object]] = []
    for number in range(len(handles)):
        work += [lambda number=number: suspend(number), lambda number=number: put(number)]  # type: ignore[misc]
    all_at_once(work)
    assert {status for what, status in answers if what == "suspend"} == {201}
    assert {status for what, status in answers if what == "tag"} <= {200, 403}
    check(world, suspended=tuple(handles))
    with reading() as session:
        assert session.get_one(Comment, other).tag_n == session.get_one(Comment, known).tag_n == 0


def test_many_requests_after_the_end_settle_it_once(world: World, clock: time_machine.Traveller) -> None:
    comments = discuss(world)
    before = picture()
    sanction(world, "member", SanctionKind.SUSPENSION, 1)
    clock.move_to(START + DAY)
    callers = [world.enter("visitor") for _ in range(10)]
    answers: list[int] = []
    all_at_once([lambda caller=caller: answers.append(caller.get(f"/comments/{comments[0]}").json["tally"]["n"]) for caller in callers])  # type: ignore[misc]
    assert len(answers) == 10
    assert set(answers) == {3}
    check(world)
    assert picture() == before


def test_lifted_by_two_at_the_same_moment(world: World) -> None:
    discuss(world)
    before = picture()
    ids = [sanction(world, "member", SanctionKind.SUSPENSION, days) for days in (3, 5)]
    callers = [world.enter("admin") for _ in range(4)]
    paths = [f"/mod/accounts/member/sanctions/{ids[number % 2]}" for number in range(4)]
    answers: list[int] = []
    all_at_once([lambda number=number: answers.append(callers[number].delete(paths[number]).status_code) for number in range(4)])  # type: ignore[misc]
    assert answers == [200] * 4
    check(world)
    assert picture() == before
    assert world.enter("admin").get("/mod/accounts/member").json["sanctions"] == []
