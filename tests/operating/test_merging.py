"""``forum article merge`` and its undoing: everything goes along, counts stay right, whoever comes by the old names arrives, and undoing leaves no trace."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.articles.models import Article, ArticleAddress
from forum.articles.queries import find_article_by_address, find_article_by_key
from forum.clock import now
from forum.comments.models import Comment
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.demo.load import load_demo
from forum.moderation.models import ReviewItem
from forum.notifications.actions import follow, subscriber_of
from forum.notifications.models import Follow, Notification, Target
from forum.operating.changing import change, merge_articles, undo
from forum.operating.models import ArticleChange
from forum.posting.models import Continuation
from forum.refusals import Kind, Moved, Refusal
from forum.transfer.models import ExternalRef, RefKind
from tests.conftest import PASSWORD, ApiClient, Person
from tests.operating.states import differences, state_of_all
from tests.seeding import seed_discussion
from tests.stances.recount import find_miscounts

pytestmark = pytest.mark.postgresql_slow
HERE, THERE = "https://old.example.org/touch", "https://new.example.org/touch"


def merge(source_id: int, target_id: int) -> int:
    return change(lambda session: merge_articles(session, source_id, target_id).id)


def take_back(change_id: int) -> None:
    change(lambda session: undo(session, change_id).id)


def miscounts() -> list[str]:
    with reading() as session:
        return find_miscounts(session)


def versions() -> dict[int, int]:
    with reading() as session:
        return {article_id: version for article_id, version in session.execute(select(Article.id, Article.version))}


@pytest.fixture
def demo(app: Flask) -> list[int]:
    """The demo with its cases; the ids of its articles, the most commented first."""
    with writing() as session:
        load_demo(session, PASSWORD, with_cases=True)
    with reading() as session:
        return list(session.scalars(select(Article.id).order_by(Article.comment_count.desc(), Article.id)))


@pytest.fixture
def two(app: Flask, article: Callable[..., int], person: Callable[..., Person]) -> "Two":
    return Two(article, person)


class Two:
    """Two articles at two addresses, by the same author, with a few comments each."""

    def __init__(self, article: Callable[..., int], person: Callable[..., Person]) -> None:
        self.author, self.anna, self.ben = person("author"), person("anna"), person("ben")
        self.one = article("Old touch", url=HERE, key="old-key", authors=(self.author.id,))
        self.other = article("New touch", url=THERE, authors=(self.author.id,))
        self.root = self.say(self.one, "A first word?", stance="skepticism")
        self.reply = self.say(self.one, "An answer.", parent=self.root, by=self.author)
        self.beside = self.say(self.other, "Beside it.", stance="agreement")
        self.ben.client.put(f"/comments/{self.root}/tag", {"stance": "agreement"})

    def say(self, article_id: int, text: str, *, parent: int | None = None, by: Person | None = None, stance: str | None = None) -> int:
        body = {"body_md": text, "parent_id": parent, "stance": stance}
        answer = (by or self.anna).client.post(f"/articles/{article_id}/comments", {k: v for k, v in body.items() if v is not None})
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])


def test_every_article_of_the_demo_can_be_merged_and_taken_back(demo: list[int]) -> None:
    assert miscounts() == []
    before, first = state_of_all(), versions()
    made = merge(demo[0], demo[1])
    assert miscounts() == []
    with reading() as session:
        assert session.scalar(select(func.count()).where(Comment.article_id == demo[0])) == 0
        assert session.scalar(select(func.count()).where(ReviewItem.article_id == demo[0])) == 0
        assert session.scalar(select(func.count()).where(ArticleAddress.article_id == demo[0])) == 0
    second = versions()
    assert second[demo[0]] > first[demo[0]]
    assert second[demo[1]] > first[demo[1]]
    take_back(made)
    assert miscounts() == []
    assert differences(before, state_of_all()) == []
    third = versions()
    assert third[demo[0]] > second[demo[0]]
    assert third[demo[1]] > second[demo[1]]


def test_the_other_way_round_and_along_a_chain(demo: list[int]) -> None:
    before = state_of_all()
    first = merge(demo[1], demo[0])
    second = merge(demo[0], demo[2]) if len(demo) > 2 else None
    assert miscounts() == []
    if second is not None:
        with pytest.raises(Refusal) as refused:
            take_back(first)
        assert refused.value.kind is Kind.CONFLICT
        take_back(second)
    take_back(first)
    assert differences(before, state_of_all()) == []


def test_what_refers_to_the_article_goes_along_and_comes_back(two: Two, article: Callable[..., int]) -> None:
    with writing() as session:
        anna, ben = subscriber_of(session, two.anna.id), subscriber_of(session, two.ben.id)
        follow(session, anna, Target.ARTICLE, two.one)
        follow(session, ben, Target.ARTICLE, two.one)
        follow(session, ben, Target.ARTICLE, two.other)
        session.add(
            Notification(
                subscriber_id=ben.id,
                subject="comment",
                subject_id=two.root,
                reason="article",
                article_id=two.one,
                comment_id=two.root,
                created_at=now(),
            )
        )
        session.add(
            Notification(subscriber_id=ben.id, subject="article", subject_id=two.one, reason="author", article_id=two.one, created_at=now())
        )
        session.add(ExternalRef(site_id=1, source="disqus", kind=RefKind.ARTICLE.value, external_id="7", local_id=two.one))
        earlier = two.beside
        session.add(Continuation(comment_id=earlier, article_id=two.one, account_id=two.author.id, created_at=now()))
        for comment_id in (two.root, two.beside):
            session.get_one(Comment, comment_id).lead = 2
    assert two.ben.client.post(f"/comments/{two.root}/reports", {"reason": "off_topic"}).status_code in (200, 201)
    before = state_of_all()
    made = merge(two.one, two.other)
    with reading() as session:
        names = (Follow.subscriber_id, Follow.target_id)
        assert {tuple(row) for row in session.execute(select(*names).where(Follow.kind == "article"))} == {(1, two.other), (2, two.other)}
        assert session.scalar(select(Notification.article_id).where(Notification.comment_id == two.root)) == two.other
        assert session.scalar(select(ReviewItem.article_id)) == two.other
        assert session.scalar(select(ExternalRef.local_id)) == two.other
        assert session.scalar(select(Continuation.article_id)) == two.other
        assert session.scalar(select(func.count()).where(Comment.lead == 2)) == 1
        assert find_article_by_key(session, DEFAULT_SITE_ID, "old-key").id == two.other  # type: ignore[union-attr]
        assert find_article_by_address(session, DEFAULT_SITE_ID, "https://old.example.org/touch").id == two.other  # type: ignore[union-attr]
    take_back(made)
    assert differences(before, state_of_all()) == []
    assert miscounts() == []


def test_everybody_who_comes_by_the_old_names_arrives(two: Two, visitor: ApiClient) -> None:
    kept = [visitor.get("//a/old-touch"), visitor.get("//a/old-touch")]
    assert [answer.status_code for answer in kept] == [200, 200]
    made = merge(two.one, two.other)
    for path, there in (
        ("/a/old-touch", "/a/new-touch"),
        ("/a/old-touch?sort=newest&x=%C3%A4", "/a/new-touch?sort=newest&x=%C3%A4"),
        ("/a/old-touch/feed", "/a/new-touch/feed"),
    ):
        answer = visitor.get("/" + path)
        assert (answer.status_code, answer.headers["Location"]) == (301, there)
        assert answer.headers["Cache-Control"] == "no-cache"
    for path in ("", "/comments", "/news"):
        answer = visitor.get(f"/articles/{two.one}{path}")
        assert (answer.status_code, answer.headers["Location"]) == (308, f"/api/v1/articles/{two.other}{path}")
    assert visitor.get(f"//at?url={HERE}").headers["Location"] == "/a/new-touch"
    assert visitor.get(f"/articles/lookup?url={HERE}").json["id"] == two.other
    counts = visitor.get(f"/counts?url={HERE}&url={THERE}").json["items"]
    assert [each["comments"] for each in counts] == [3, 3]
    shown = visitor.get(f"//c/{two.reply}")
    assert shown.status_code == 200
    assert "/a/new-touch" in shown.text
    assert "old-touch" not in visitor.get("//").text
    sent = two.anna.client.post(f"/articles/{two.one}/comments", {"body_md": "Too late?"})
    assert (sent.status_code, sent.headers["Location"]) == (308, f"/api/v1/articles/{two.other}/comments")
    take_back(made)
    assert visitor.get("//a/old-touch").status_code == 200
    assert [each["comments"] for each in visitor.get(f"/counts?url={HERE}&url={THERE}").json["items"]] == [2, 1]


def test_what_is_written_afterwards_stays_where_its_thread_is(two: Two) -> None:
    made = merge(two.one, two.other)
    below = two.say(two.other, "Below the moved one.", parent=two.reply, by=two.ben)
    new = two.say(two.other, "A new thread.", by=two.ben)
    two.anna.client.put(f"/comments/{below}/tag", {"stance": "agreement"})
    assert miscounts() == []
    take_back(made)
    assert miscounts() == []
    with reading() as session:
        where = {comment_id: at for comment_id, at in session.execute(select(Comment.id, Comment.article_id))}
    assert where == {two.root: two.one, two.reply: two.one, below: two.one, two.beside: two.other, new: two.other}


def test_other_authors_answers_are_none_there(two: Two, article: Callable[..., int], person: Callable[..., Person]) -> None:
    stranger = person("stranger")
    foreign = article("Foreign", authors=(stranger.id,))
    two.author.client.put(f"/comments/{two.beside}/tag", {"stance": "agreement"})
    before = state_of_all()
    made = merge(two.one, foreign)
    assert miscounts() == []
    with reading() as session:
        assert not session.get_one(Comment, two.root).author_replied
    take_back(made)
    assert differences(before, state_of_all()) == []


@pytest.mark.parametrize("pair", [("one", "one"), ("other", "one"), ("one", "gone"), ("gone", "one")])
def test_what_cannot_be_merged(two: Two, article: Callable[..., int], pair: tuple[str, str]) -> None:
    gone = article("Gone")
    merge(gone, two.other)
    ids = {"one": two.one, "other": two.other, "gone": gone}
    if pair == ("other", "one"):
        merge(ids["other"], ids["one"])
        with pytest.raises(Refusal):
            merge(ids["one"], ids["other"])
        return
    with pytest.raises(Refusal) as refused:
        merge(ids[pair[0]], ids[pair[1]])
    assert refused.value.kind is Kind.CONFLICT


def test_undone_once_only(two: Two) -> None:
    made = merge(two.one, two.other)
    take_back(made)
    with pytest.raises(Refusal) as refused:
        take_back(made)
    assert refused.value.kind is Kind.CONFLICT
    with pytest.raises(Refusal) as refused:
        take_back(made + 1)
    assert refused.value.kind is Kind.NOT_FOUND


def test_nothing_that_is_posted_meanwhile_is_lost(app: Flask, two: Two) -> None:
    """Three people write and tag below the article while it is merged and taken back again and again; all that was accepted is where its thread is."""
    stop, said, trouble = threading.Event(), [], []

    def write(who: ApiClient, number: int) -> None:
        at = 0
        while not stop.is_set():
            at += 1
            body = {"body_md": f"Word {number} {at}."} | ({"parent_id": two.root} if at % 2 else {})
            answer = who.post(f"/articles/{two.one}/comments", body)
            if answer.status_code == 308:
                answer = who.post("/" + answer.headers["Location"], body)
            if answer.status_code == 201:
                said.append((answer.json["id"], body.get("parent_id")))
            elif answer.status_code not in (308, 422, 429, 503):
                trouble.append(answer.text)
            tagged = who.put(f"/comments/{two.root}/tag", {"stance": ("agreement", "skepticism")[at % 2]})
            if tagged.status_code not in (200, 403, 503):
                trouble.append(tagged.text)

    people = [two.anna, two.ben, two.author]
    threads = [
        threading.Thread(target=copy_context().run, args=(_inside, app, write, who.client, number)) for number, who in enumerate(people)
    ]
    for thread in threads:
        thread.start()
    for _ in range(6):
        take_back(merge(two.one, two.other))
    made = merge(two.one, two.other)
    stop.set()
    for thread in threads:
        thread.join()
    assert trouble == []
    assert said
    with reading() as session:
        here = {comment_id: at for comment_id, at in session.execute(select(Comment.id, Comment.article_id))}
        assert not [comment_id for comment_id, _ in said if comment_id not in here]
        assert session.scalar(select(func.count()).where(Comment.article_id == two.one)) == 0
        roots = {root_id or 0: here[root_id or 0] for root_id in session.scalars(select(Comment.root_id))}
        assert all(here[comment_id] == roots[root_id or 0] for comment_id, root_id in session.execute(select(Comment.id, Comment.root_id)))
    assert miscounts() == []
    take_back(made)
    assert miscounts() == []


def _inside(app: Flask, act: Callable[..., None], *arguments: object) -> None:
    with app.app_context():
        act(*arguments)


def test_the_changes_are_remembered(two: Two) -> None:
    made = merge(two.one, two.other)
    with reading() as session:
        row = session.get_one(ArticleChange, made)
        assert (row.kind, row.article_id, row.into_id, row.undone_at) == ("merge", two.one, two.other, None)
        assert _roots(session, made) == [two.root]


def _roots(session: Session, change_id: int) -> list[int]:
    from forum.operating.models import ArticleChangeRoot

    return list(session.scalars(select(ArticleChangeRoot.root_id).where(ArticleChangeRoot.change_id == change_id)))


def test_an_admin_cannot_edit_what_was_merged(two: Two, person: Callable[..., Person]) -> None:
    admin = person("chief", Role.ADMIN)
    merge(two.one, two.other)
    answer = admin.client.patch(f"/articles/{two.one}", {"title": "Another"}, headers={"If-Match": "*"})
    assert (answer.status_code, answer.headers["Location"]) == (308, f"/api/v1/articles/{two.other}")


def test_a_merge_takes_as_many_statements_for_ten_as_for_a_thousand(app: Flask) -> None:
    with writing() as session:
        target = seed_discussion(session, comments=5).article_id
    counted = []
    for comments in (10, 1000):
        with writing() as session:
            source = seed_discussion(session, comments=comments, seed=comments).article_id
        with counted_statements() as merging:
            made = merge(source, target)
        with counted_statements() as returning:
            take_back(made)
        counted.append((len(merging), len(returning)))
    assert counted[0] == counted[1]
    assert max(counted[1]) < 60


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Yield the statements that are executed inside."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_what_moved_under_an_address_that_does_not_name_it_is_to_be_tried_again(app: Flask) -> None:
    with app.test_request_context("/api/v1/comments/1/tag", method="PUT"):
        answer = app.make_response(app.handle_user_exception(Moved({"article_id": 2, "slug": "there"})))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "Location" not in answer.headers
