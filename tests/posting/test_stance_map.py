"""The stance map of a discussion: page, JSON and a fresh count say the same, hidden texts are not in it, and it costs the map and not the discussion."""

import random
import re
from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.articles.queries import get_article
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.transaction import reading, writing
from forum.posting.stance_map_queries import MOST_FOLDED, MOST_THREADS, read_map
from forum.stances.models import Tag
from forum.stances.stance_map import LAYERS, LEFT_TO_RIGHT
from tests.comments.measure import plan_of, statements_of
from tests.conftest import ApiClient
from tests.journeys.reader import Element, Reader, parse
from tests.seeding import Plan, PlannedComment, store_plan

pytestmark = pytest.mark.postgresql_slow

HIDDEN = (State.WITHDRAWN, State.REMOVED, State.SCREENED)
Numbers = dict[str, int]


def planned(seed: int, roots: int, people: int = 8) -> Plan:
    """Plan threads of one to four comments, some hidden, tagged at random by up to all people."""
    chance = random.Random(seed)
    comments: list[PlannedComment] = []
    for _ in range(roots):
        root = len(comments)
        for number in range(chance.randint(1, 4)):
            readers = chance.sample(range(1, people), chance.randint(0, people - 1))
            state = chance.choice(HIDDEN) if chance.random() < 0.2 else State.VISIBLE
            comments.append(
                PlannedComment(
                    parent=root if number else None,
                    writer=0,
                    minute=len(comments),
                    state=state,
                    stance=chance.choice([*Stance, None]),
                    tags=tuple((reader, chance.choice(list(Stance))) for reader in readers),
                )
            )
    return Plan(comments, people=people, authors=(people - 1,))


def store(seed: int, roots: int) -> tuple[int, str]:
    with writing() as session:
        article_id = store_plan(session, planned(seed, roots)).article_id
        return article_id, session.get_one(Article, article_id).slug


def counted_afresh(session: Session, article_id: int) -> tuple[Numbers, Numbers, dict[int, Numbers]]:
    """Count from the bare rows: writers' stances of roots, readers' tags on the whole, and by thread."""
    comments = session.execute(select(Comment.id, Comment.root_id, Comment.stance, Comment.state).where(Comment.article_id == article_id))
    visible = {row.id: row for row in comments if row.state == State.VISIBLE}
    writers = Counter(row.stance for row in visible.values() if row.id == row.root_id and row.stance)
    tags = session.execute(select(Tag.comment_id, Tag.stance).where(Tag.counted.is_(True), Tag.comment_id.in_(visible))).all()
    threads: dict[int, Counter[str]] = {}
    for comment_id, stance in tags:
        threads.setdefault(visible[comment_id].root_id, Counter())[stance] += 1
    whole = Counter(stance for _id, stance in tags)
    return _numbers(writers), _numbers(whole), {root_id: _numbers(found) for root_id, found in threads.items()}


def _numbers(found: Counter[str]) -> Numbers:
    return {stance.value: found[stance] for stance in LEFT_TO_RIGHT}


def rows_of(table: Element) -> list[tuple[Element, Numbers, Element]]:
    """Return each bar of a table: its label, the numbers in its cells, and its picture. Asserts that picture and cells agree."""
    found = []
    for body in table.all("tbody"):
        label, cells, picture = body.one("th"), body.all("td"), body.one("svg")
        numbers = dict(zip(LEFT_TO_RIGHT, (int(cells[place].text.replace(",", "")) for place in (0, 1, 3, 4)), strict=True))
        ends = [float(line.attributes["x2"].rstrip("%")) for line in picture.all("line")]
        assert {line.attributes["x1"] for line in picture.all("line")} == {"50%"}
        assert [end != 50 for end in ends] == [numbers[stance] > 0 for stance in LAYERS]
        assert all(0 <= end <= 50 for end in ends[:2])
        assert all(50 <= end <= 100 for end in ends[2:])
        if picture.attributes.get("role") == "img":
            said = re.findall(r"(\d[\d,]*) \w+", picture.one("title").text)
            assert [int(number.replace(",", "")) for number in said] == list(numbers.values())
        else:
            assert picture.attributes["aria-hidden"] == "true"
        found.append((label, {stance.value: number for stance, number in numbers.items()}, picture))
    return found


def tally_in(found: dict[str, int]) -> Numbers:
    assert found["n"] == sum(found[stance.value] for stance in Stance)
    return {stance.value: found[stance.value] for stance in LEFT_TO_RIGHT}


@pytest.mark.parametrize(("seed", "roots"), [(1, 3), (2, 12), (3, 45)])
def test_page_json_and_a_fresh_count_agree(app: Flask, seed: int, roots: int) -> None:
    article_id, slug = store(seed, roots)
    with reading() as session:
        writers, whole, by_thread = counted_afresh(session, article_id)
    found = ApiClient(app.test_client()).get(f"/articles/{article_id}/map").json
    assert (tally_in(found["stances"]), tally_in(found["tags"])) == (writers, whole)
    shown = {thread["id"]: tally_in(thread["tags"]) for thread in found["threads"]}
    assert shown == {thread_id: by_thread[thread_id] for thread_id in shown}
    assert len(shown) <= MOST_THREADS
    if roots <= MOST_THREADS:
        assert shown == by_thread
    rest = {stance: whole[stance] - sum(tally[stance] for tally in shown.values()) for stance in whole}
    assert tally_in(found["others"]) == rest
    assert (rest != dict.fromkeys(rest, 0)) == (roots > MOST_THREADS)

    page = parse(app.test_client().get(f"/a/{slug}/map").text)
    first, second = page.all("table")
    assert [numbers for _label, numbers, _picture in rows_of(first)] == [asked for asked in (writers, whole) if any(asked.values())]
    below = rows_of(second)
    linked = {int(label.one("a").attributes["href"].partition("#c")[2]): numbers for label, numbers, _ in below if label.all("a")}
    assert linked == shown
    assert [numbers for label, numbers, _ in below if not label.all("a")] == ([rest] if any(rest.values()) else [])


def test_what_is_folded_above_the_threads_says_the_same(app: Flask) -> None:
    article_id, slug = store(4, 25)
    found = ApiClient(app.test_client()).get(f"/articles/{article_id}/map").json
    all_threads = {thread["id"]: tally_in(thread["tags"]) for thread in found["threads"]}
    page = parse(app.test_client().get(f"/a/{slug}").text)
    rows = rows_of(page.one("details", class_="folded").one("table"))
    linked = {int(label.one("a").attributes["href"].partition("#c")[2]): numbers for label, numbers, _ in rows if label.all("a")}
    assert len(linked) == MOST_FOLDED
    assert linked.items() <= all_threads.items()
    (rest,) = (numbers for label, numbers, _ in rows if not label.all("a"))
    whole = tally_in(found["tags"])
    assert rest == {stance: whole[stance] - sum(numbers[stance] for numbers in linked.values()) for stance in whole}


def test_a_hidden_thread_is_named_without_its_text(app: Flask) -> None:
    tags = tuple((reader, Stance.SKEPTICISM) for reader in (1, 2, 3))
    comments = [
        PlannedComment(state=State.REMOVED, stance=Stance.AGREEMENT, tags=tags),
        PlannedComment(parent=0, minute=1, tags=tags),
        PlannedComment(minute=2, tags=tags[:1]),
    ]
    with writing() as session:
        seeded = store_plan(session, Plan(comments, authors=(4,)))
        hidden = session.get_one(Comment, seeded.comment_ids[0])
        hidden.body_html = "<p>Quokka secrets.</p>"
        slug = session.get_one(Article, seeded.article_id).slug
    answer = ApiClient(app.test_client()).get(f"/articles/{seeded.article_id}/map")
    (thread,) = (thread for thread in answer.json["threads"] if thread["id"] == seeded.comment_ids[0])
    assert (thread["excerpt"], thread["stance"], thread["state"], thread["tags"]["n"]) == (None, None, "removed", 3)
    for address in (f"/a/{slug}/map", f"/a/{slug}"):
        html = app.test_client().get(address).text
        assert "Quokka" not in html
        label, numbers, _ = rows_of(parse(html).all("table", class_="map")[-1])[0]
        assert (label.text, numbers["skepticism"]) == ("Removed", 3)
    assert "Quokka" not in answer.text


def test_marks_are_threads_and_never_people(app: Flask) -> None:
    article_id, slug = store(5, 8)
    answer = ApiClient(app.test_client()).get(f"/articles/{article_id}/map")
    main = parse(app.test_client().get(f"/a/{slug}/map").text).one("main")
    assert "author" not in answer.text
    assert not [link for link in main.all("a") if link.attributes["href"].startswith("/u/")]


def test_a_discussion_without_stances_says_what_is_missing(app: Flask) -> None:
    with writing() as session:
        silent = session.get_one(Article, store_plan(session, Plan([PlannedComment()], title="Silent")).article_id).slug
        spoken = session.get_one(
            Article, store_plan(session, Plan([PlannedComment(stance=Stance.AGREEMENT)], title="Spoken")).article_id
        ).slug
    page = parse(app.test_client().get(f"/a/{silent}/map").text)
    assert page.one("p", class_="empty").text.startswith("Nobody has said yet where they stand.")
    assert not page.all("table")
    page = parse(app.test_client().get(f"/a/{spoken}/map").text)
    assert len(rows_of(page.one("table"))) == 1
    assert page.one("p", class_="empty").text.startswith("No reader has tagged a comment yet.")
    assert not parse(app.test_client().get(f"/a/{spoken}").text).all("details", class_="folded")


def test_only_a_discussions_first_whole_page_has_the_map(app: Flask) -> None:
    _, slug = store(6, 25)
    for query, folded in (("", 1), ("?sort=newest", 1), ("?stance=agreement", 0), ("?answered=no", 0)):
        page = parse(app.test_client().get(f"/a/{slug}{query}").text)
        assert len(page.all("details", class_="folded")) == folded, query
    following = parse(app.test_client().get(f"/a/{slug}?limit=5").text).one("a", rel="next").attributes["href"]
    assert not parse(app.test_client().get(following).text).all("details", class_="folded")


def test_the_map_reads_one_bounded_index_range(app: Flask, database: str) -> None:
    article_id, _ = store(7, 60)
    with statements_of(app) as statements, reading() as session:
        article = get_article(session, article_id)
        before = len(statements)
        found = read_map(session, article, most=MOST_FOLDED)
    assert len(found.threads) <= MOST_FOLDED
    (read,) = statements[before:]
    with reading() as session:
        if database == "postgresql":
            # Of a table this small it would read everything at once.
            session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
            session.connection().exec_driver_sql("SET LOCAL enable_bitmapscan = off")
            # Nor would it mind to sort so few.
            session.connection().exec_driver_sql("SET LOCAL enable_sort = off")
        steps = plan_of(session.connection(), read)
    assert any("ix_roots_by_tag_n" in step for step in steps), steps
    assert not [step for step in steps if step.startswith(("SCAN", "Seq Scan", "Sort", "USE TEMP"))], steps


def test_where_nobody_has_tagged_nothing_is_read(app: Flask) -> None:
    with writing() as session:
        article_id = store_plan(session, Plan([PlannedComment(stance=Stance.AGREEMENT)])).article_id
    with statements_of(app) as statements, reading() as session:
        article = get_article(session, article_id)
        before = len(statements)
        read_map(session, article)
    assert statements[before:] == []


def test_page_and_json_are_kept_until_the_discussion_changes(app: Flask) -> None:
    article_id, slug = store(8, 4)
    visitor = Reader(app.test_client())
    addresses = [f"/a/{slug}/map", f"/api/v1/articles/{article_id}/map"]
    first = [visitor.client.get(address).data for address in addresses]
    with statements_of(app) as statements:
        again = [visitor.client.get(address).data for address in addresses]
    assert again == first
    assert [one.sql for one in statements if "FROM comments" in one.sql] == []
    with writing() as session:
        article = session.get_one(Article, article_id)
        article.tag_agreement += 1
        article.version += 1
    assert all(new != old for new, old in zip((visitor.client.get(address).data for address in addresses), first, strict=True))
    tag = visitor.client.get(addresses[1]).headers["ETag"]
    assert visitor.client.get(addresses[1], headers={"If-None-Match": tag}).status_code == 304
