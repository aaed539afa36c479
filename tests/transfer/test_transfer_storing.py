"""What an import makes of Markdown, edits, pins, dates and merged discussions in the database; the bulk way stores what the single one does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.actions import NewAccount, create_account
from forum.articles.actions import ArticleDraft, create_article, set_authors
from forum.articles.models import Article
from forum.comments.actions import NewComment, move, store
from forum.comments.bulk import Planted, store_older
from forum.comments.counts import Place
from forum.comments.models import Comment, Revision
from forum.comments.stance import Stance
from forum.db.transaction import reading, writing
from forum.text.fingerprint import fingerprint
from forum.text.render import RENDERER
from forum.transfer import engine
from forum.transfer.engine import Import, run_import
from forum.transfer.formats import FORMATS
from forum.transfer.records import ImportRefused
from forum.transfer.report import Counts, Report
from tests.transfer.json_samples import BASE, comentario, comentario_comment, commento, commento_comment, remark, remark_comment, write_isso

AT = datetime(2018, 1, 1, tzinfo=UTC)
BringIn = Callable[..., Report]

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def bring_in(tmp_path: Path) -> BringIn:
    def run(format_: str, text: str, **named: Any) -> Report:
        file = tmp_path / "export"
        file.write_text(text, encoding="utf-8")
        return run_import(Import(FORMATS[format_], file, **named))

    return run


def bodies(session: Session) -> list[tuple[str | None, str | None]]:
    return [(row.body_md, row.body_html) for row in session.scalars(select(Comment).order_by(Comment.id))]


def test_markdown_stays_markdown_and_what_our_rules_cannot_take_keeps_its_words(bring_in: BringIn, session: Session) -> None:
    texts = [
        "Hello *there*, @admin.",
        "<p>From <b>Disqus</b></p><script>alert(1)</script>",
        "two **kinds**<br>of markup <img src=x onerror=alert(1)>",
        "`<p>` is an element",
        "x" * 11_000,
        "<script>alert(1)</script>",
        "a\0b",
    ]
    report = bring_in(
        "commento", commento(*(commento_comment(str(n), markdown=text, creationDate=1514764800 + n) for n, text in enumerate(texts)))
    )
    assert report.comments == Counts(in_file=7, created=6, left_out=1)
    found = bodies(session)
    assert found[0] == ("Hello *there*, @admin.", "<p>Hello <em>there</em>, @admin.</p>")
    assert found[1] == (None, "<p>From <strong>Disqus</strong></p>")
    assert found[2] == (None, "<p>two <strong>kinds</strong><br>of markup </p>")
    assert found[3] == ("`<p>` is an element", "<p><code>&lt;p&gt;</code> is an element</p>")
    assert found[4] == (None, f"<p>{'x' * 11_000}</p>")
    assert found[5] == (None, "<p>ab</p>")
    first = session.scalars(select(Comment).order_by(Comment.id)).first()
    assert first is not None
    assert first.fingerprint == fingerprint(texts[0])
    assert session.scalars(select(Revision.body_md).where(Revision.comment_id == first.id)).one() == texts[0]
    assert {reason.why.partition(":")[0] for reason in report.changed.values()} == {
        "it has no usable title",
        "its Markdown is longer than 10,000 characters",
        "its Markdown has something in it that is not allowed here",
    }


def test_html_stands_in_for_markdown_that_is_too_long(bring_in: BringIn, session: Session) -> None:
    bring_in("remark42", remark(remark_comment("1", orig="y" * 20_000, text="<p>shown</p>")))
    assert bodies(session) == [(None, "<p>shown</p>")]


def test_edits_pins_and_closed_pages_are_kept(bring_in: BringIn, session: Session) -> None:
    parts = [
        comentario_comment("1", isSticky=True),
        comentario_comment("2", isSticky=True, createdTime="2018-01-02T00:00:00Z", editedTime="2018-02-01T00:00:00Z"),
        comentario_comment("3", isSticky=True, parentId="2", createdTime="2018-01-03T00:00:00Z", editedTime="2017-01-01T00:00:00Z"),
        comentario_comment("4", createdTime="2018-01-04T00:00:00Z", editedTime="2100-01-01T00:00:00Z"),
    ]
    page = {"id": "p1", "domainId": "d", "path": "/one", "title": "One", "isReadonly": True}
    report = bring_in("comentario", comentario(*parts, pages=[page]))
    rows = list(session.scalars(select(Comment).order_by(Comment.id)))
    assert [row.lead for row in rows] == [0, 2, 0, 0]
    assert [row.edited_at for row in rows[:3]] == [None, datetime(2018, 2, 1, tzinfo=UTC), None]
    assert rows[3].edited_at is not None
    (article,) = session.scalars(select(Article))
    assert article.closed_at is not None
    assert [(reason.why, reason.count) for reason in report.changed.values()] == [
        ("it is pinned there: one thread of a discussion can be pinned here, and no reply", 2)
    ]


def test_what_is_pinned_here_stays_so(bring_in: BringIn, session: Session) -> None:
    bring_in("remark42", remark(remark_comment("1", pin=True)))
    text = comentario(comentario_comment("1", isSticky=True))
    dry, real = bring_in("comentario", text, dry_run=True), bring_in("comentario", text)
    assert dry.changed == real.changed
    assert [reason.why for reason in real.changed.values()] == [engine._SECOND_PIN]
    assert session.scalars(select(Comment.lead).order_by(Comment.id)).all() == [2, 0]


SINCE = datetime(2018, 6, 1, tzinfo=UTC)


def dated(number: str, month: int, **more: Any) -> dict[str, Any]:
    return remark_comment(number, time=f"2018-{month:02d}-01T00:00:00Z", **more)


def test_since_brings_what_is_newer_and_what_it_answers(bring_in: BringIn, session: Session) -> None:
    text = remark(
        *(dated("old", 1), dated("answered", 2), dated("gone", 3, pid="answered", delete=True), dated("new", 7, pid="gone")),
        *(dated("exactly", 6), dated("unanswered", 5, pid="answered"), dated("elsewhere", 2, locator={"url": f"{BASE}/two"})),
    )
    dry = bring_in("remark42", text, since=SINCE, dry_run=True)
    report = bring_in("remark42", text, since=SINCE)
    assert (dry.comments, dry.articles, dry.changed, dry.left_out) == (report.comments, report.articles, report.changed, report.left_out)
    assert report.comments == Counts(in_file=7, created=3, placeholders=1, left_out=3)
    assert report.articles == Counts(in_file=2, created=1, left_out=1)
    assert session.scalar(select(func.count()).where(Comment.depth == 2)) == 1
    reasons = {reason.why: [number for number, _ in reason.samples] for reason in (*report.left_out.values(), *report.changed.values())}
    assert reasons["it is older than the date that was asked for"] == ["old", "unanswered", "elsewhere"]
    assert reasons["nobody has commented on it since the date that was asked for"] == [f":{BASE}/two"]
    assert reasons[engine._OLDER] == ["answered"]
    assert bring_in("remark42", text, since=SINCE).comments == Counts(in_file=7, already_here=4, left_out=3)
    # The rest comes with an import without a date, in its place.
    assert bring_in("remark42", text).comments == Counts(in_file=7, created=3, already_here=4)
    assert session.scalar(select(func.count()).select_from(Comment)) == 7


def test_since_finds_what_an_earlier_import_brought(bring_in: BringIn, session: Session) -> None:
    bring_in("remark42", remark(dated("old", 1)))
    report = bring_in("remark42", remark(dated("old", 1), dated("new", 7, pid="old")), since=SINCE)
    assert report.comments == Counts(in_file=2, created=1, already_here=1)
    assert not any("older" in reason.why for reason in report.changed.values())
    assert session.scalars(select(Comment.depth).order_by(Comment.id)).all() == [0, 1]


def test_another_formats_file_is_said_to_be_that(bring_in: BringIn) -> None:
    with pytest.raises(ImportRefused, match=r"export looks like: Remark42 backup .* Use 'forum import remark42 export'\."):
        bring_in("commento", remark(remark_comment("1")))


def test_a_file_of_nothing_but_broken_records_ends_soon(bring_in: BringIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "HOPELESS", 100)
    with pytest.raises(ImportRefused, match="first 100 comments of export are none that can be read"):
        bring_in("commento", commento(*({"commentHex": ""} for _ in range(1000))))


def test_comments_of_a_discussion_that_was_merged_since_go_where_it_went(bring_in: BringIn, session: Session) -> None:
    bring_in("remark42", remark(dated("1", 1)))
    with writing() as writer:
        (old,) = writer.scalars(select(Article))
        new, _ = create_article(writer, DEFAULT_SITE_ID, ArticleDraft(title="Whole", url="https://new.example/whole"))
        old.merged_into_id = new.id
    report = bring_in("remark42", remark(dated("1", 1), dated("2", 2)))
    assert report.comments == Counts(in_file=2, created=1, already_here=1)
    assert (
        session.scalars(select(Comment.article_id).order_by(Comment.id)).all()[-1]
        == session.scalars(select(Article.id).where(Article.title == "Whole")).one()
    )


def test_ids_with_what_a_database_cannot_store_are_still_recognised(bring_in: BringIn) -> None:
    text = commento(commento_comment("a\0b", url="/x\0y"), commento_comment("ab", commenterHex="\0", creationDate=1514764801))
    assert bring_in("commento", text).comments == Counts(in_file=2, created=2)
    assert bring_in("commento", text).comments == Counts(in_file=2, already_here=2)


def test_two_databases_of_isso_do_not_pass_for_each_other(tmp_path: Path, session: Session) -> None:
    file = write_isso(tmp_path / "comments.db", {"id": 1}, {"id": 2, "parent": 1})
    for base in ("https://one.example", "https://two.example/", "https://one.example/"):
        report = run_import(Import(FORMATS["isso"], file, base_url=base))
        assert report.comments.in_file == 2
    assert report.comments.already_here == 2
    assert session.scalar(select(func.count()).select_from(Comment)) == 4
    assert set(session.scalars(select(Article.url))) == {"https://one.example/one", "https://two.example/one"}


# What it answers (-2, -1: one that was there; None: nothing), whether an author wrote it, whether only its place is kept.
PLAN = [(None, 0, 0), (-1, 0, 1), (0, 1, 0), (2, 0, 1), (3, 0, 0), (-2, 0, 0), (-2, 1, 0), (None, 0, 1), (7, 1, 1), (5, 1, 0), (-2, 0, 1)]


def _plant(session: Session, people: tuple[int, int], *, at_once: bool) -> int:
    """Store the plan's comments below two that are there, in an article of its own, and return the article's id."""
    article, _ = create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="One", url=f"https://host.example/{at_once}", created_at=AT))
    set_authors(article, [people[1]])
    top = store(session, article, None, None, NewComment("Top?", "<p>Top?</p>", RENDERER, Stance.SKEPTICISM, people[0], AT))
    below = store(session, article, top, top, NewComment(None, "<p>x</p>", RENDERER, None, people[0], AT + timedelta(days=4)))
    rows: list[Any] = []
    for number, (parent, by_author, erased) in enumerate(PLAN):
        text = None if number % 2 else f"Text {number}?"
        stance = Stance.AGREEMENT if number in (0, 7) else None
        new = NewComment(
            text,
            f"<p>{number}</p>",
            RENDERER,
            stance,
            people[by_author],
            AT + timedelta(days=3 * number),
            None,
            AT if number == 3 else None,
        )
        above: Any = None if parent is None else rows[parent] if parent >= 0 else (top, below)[parent]
        root: Any = None if above is None else above.root or above if isinstance(above, Planted) else session.get(Comment, above.root_id)
        if at_once:
            rows.append(Planted(article, new, above, root, bool(erased)))
            continue
        rows.append(store(session, article, above, root, new))
        if erased:
            move(session, Place(article, root or rows[-1], above, rows[-1]), "erase")
    if at_once:
        store_older(session, rows)
    return article.id


def _stored(session: Session, article_id: int) -> list[dict[str, Any]]:
    """Every column of the article, its comments and their revisions, with ids counted from the first comment's."""
    comments = [
        dict(row)
        for row in session.execute(select(Comment.__table__).where(Comment.article_id == article_id).order_by(Comment.id)).mappings()
    ]
    first = comments[0]["id"]
    of = select(Revision.__table__).where(Revision.comment_id.in_([row["id"] for row in comments])).order_by(Revision.comment_id)
    revisions = [{**row, "id": None} for row in session.execute(of).mappings()]
    article = dict(session.execute(select(Article.__table__).where(Article.id == article_id)).mappings().one())
    for row in (*comments, *revisions):
        for name in ("id", "parent_id", "root_id", "author_reply_id", "comment_id"):
            row[name] = row[name] - first if row.get(name) else None
        row["article_id"] = None
    return [{**article, "id": 0, "url": "", "slug": "", "address": ""}, *comments, *revisions]


def test_many_at_once_are_stored_as_one_after_the_other() -> None:
    with writing() as writer:
        people = tuple(create_account(writer, NewAccount(name, "", "", name), password_hash=None).id for name in ("reader", "author"))
        single, many = (_plant(writer, (people[0], people[1]), at_once=at_once) for at_once in (False, True))
    with reading() as session:
        assert _stored(session, many) == _stored(session, single)
