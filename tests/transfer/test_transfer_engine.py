"""The import as a whole, on both databases: counts, trees, names and dates kept, texts made safe, nothing twice, nothing half."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.models import Account
from forum.articles.actions import ArticleDraft, create_article
from forum.articles.models import Article
from forum.articles.queries import find_article_by_address
from forum.comments import bulk
from forum.comments.actions import NewComment, store
from forum.comments.models import Comment, Revision
from forum.comments.queries import lock_place
from forum.comments.states import State
from forum.db.base import Base
from forum.db.rows import insert_rows
from forum.db.transaction import reading, writing
from forum.refusals import Kind as RefusalKind
from forum.refusals import Refusal
from forum.transfer import actions, engine
from forum.transfer.engine import Import, run_import
from forum.transfer.formats import FORMATS, recognise
from forum.transfer.models import ExternalRef
from forum.transfer.opening import beginning
from forum.transfer.records import Advance, ImportRefused, Kind
from forum.transfer.report import Counts, Report
from tests.transfer.xml_samples import comment, disqus, item, post, thread, wordpress

DATA = Path(__file__).parents[1] / "data" / "import"
EXPECTED: dict[str, dict[str, Any]] = json.loads((DATA / "EXPECTED.json").read_text())
READABLE = [name for name, expected in EXPECTED.items() if "error" not in expected]
REFUSED = [name for name, expected in EXPECTED.items() if "error" in expected]

pytestmark = pytest.mark.usefixtures("app")


def bring_in(file: Path, format_: str = "", **named: Any) -> Report:
    found = FORMATS[format_] if format_ else recognise(beginning(file)) or FORMATS["disqus"]
    report = run_import(Import(found, file, **{"base_url": "https://blog.example" if found.takes_base else None, **named}))
    for counts in (report.articles, report.people, report.comments):
        parts = asdict(counts)
        assert parts.pop("in_file") == sum(parts.values()), report.as_text()
    return report


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def write_file(text: str, name: str = "disqus.xml") -> Path:
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return file

    return write_file


Write = Callable[..., Path]


def table_counts() -> dict[str, int]:
    with reading() as session:
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in Base.metadata.sorted_tables}


def contents() -> dict[str, Counter[tuple[Any, ...]]]:
    """Everything but ids and what depends on the moment of the import."""
    with reading() as session:
        names = {ref.local_id: ref.external_id for ref in session.scalars(select(ExternalRef).where(ExternalRef.kind == "comment"))}
        rows = session.execute(
            select(Comment, Account.display_name, Article.url).join(Account, Account.id == Comment.author_id).join(Article)
        ).all()
        comments = Counter(
            (
                *(
                    names[row.id],
                    names.get(row.parent_id or 0),
                    names[row.root_id or 0],
                    row.depth,
                    row.state,
                    row.body_html,
                    row.created_at,
                ),
                *(writer, url, row.reply_count, row.thread_count, row.activity_at, row.version),
            )
            for row, writer, url in rows
        )
        articles = Counter(
            (row.url, row.title, row.comment_count, row.last_activity_at, row.version) for row in session.scalars(select(Article))
        )
        people = Counter((row.handle, row.display_name, row.created_at) for row in session.scalars(select(Account)))
        refs = Counter((ref.kind, ref.external_id) for ref in session.scalars(select(ExternalRef)))
        revisions = Counter((names[found],) for found in session.scalars(select(Revision.comment_id)))
    return {"comments": comments, "articles": articles, "people": people, "refs": refs, "revisions": revisions}


def everything() -> dict[str, list[str]]:
    """Every row of every table."""
    with reading() as session:
        return {table.name: sorted(str(row) for row in session.execute(select(table))) for table in Base.metadata.sorted_tables}


def check_tree_and_counts(session: Session) -> None:
    """Every stored count equals a fresh one, every parent is older, every root is the top of its branch."""
    rows = {row.id: row for row in session.scalars(select(Comment))}
    for row in rows.values():
        replies = [other for other in rows.values() if other.parent_id == row.id]
        assert row.reply_count == sum(other.state == State.VISIBLE for other in replies)
        below = [other for other in rows.values() if other.root_id == row.id and other.id != row.id]
        assert row.thread_count == (len(below) if row.depth == 0 else 0)
        parent = rows.get(row.parent_id or 0)
        assert (row.depth == 0) == (parent is None)
        if parent is not None:
            assert parent.id < row.id
            assert (row.depth, row.root_id, row.article_id) == (parent.depth + 1, parent.root_id, parent.article_id)
        else:
            assert row.root_id == row.id
    for article in session.scalars(select(Article)):
        mine = [row for row in rows.values() if row.article_id == article.id]
        assert article.comment_count == sum(row.state == State.VISIBLE for row in mine)
        assert article.last_activity_at >= max((row.created_at for row in mine), default=article.created_at)


@pytest.mark.parametrize("name", READABLE)
def test_real_files_come_in_with_their_true_counts_and_only_once(name: str) -> None:
    expected = EXPECTED[name]
    first = bring_in(DATA / name)
    assert first.comments.in_file == expected.get("comments", expected.get("posts"))
    articles = {"remark42": 2, "commento": 2}.get(expected["format"], 1)
    assert first.articles.in_file == expected.get("items", expected.get("threads", expected.get("pages", articles)))
    before = everything()
    with reading() as session:
        check_tree_and_counts(session)
        assert session.scalar(select(func.count()).where(Comment.depth > 0)) == expected.get(
            "replies", int(expected["format"] == "commento")
        )
        assert session.scalar(select(func.count()).select_from(Comment)) == first.comments.created + first.comments.placeholders
    second = bring_in(DATA / name)
    assert everything() == before
    assert second.comments.created == second.articles.created == second.people.created == 0
    assert second.comments.already_here == first.comments.created + first.comments.placeholders
    assert (second.comments.left_out, second.people.in_file) == (first.comments.left_out, first.people.in_file)


def test_wordpress_keeps_nesting_names_and_dates(session: Session) -> None:
    report = bring_in(DATA / "isso-wordpress.xml")
    assert report.comments == Counts(in_file=8, created=8)
    assert report.articles == Counts(in_file=3, created=2, left_out=1)
    found = list(session.execute(select(Comment, Account.display_name).join(Account, Account.id == Comment.author_id).order_by(Comment.id)))
    dates = [row.created_at for row, _ in found]
    assert dates == sorted(dates)
    by_text = {row.body_html: (row, name) for row, name in found if row.body_html != "<p>...</p>"}
    root, reply, deeper = (by_text[f"<p>{text}</p>"] for text in ("Zweiter.", "Drölfter!", "Yet another reply."))
    assert (reply[0].parent_id, deeper[0].parent_id) == (root[0].id, reply[0].id)
    assert (deeper[0].depth, deeper[0].root_id) == (2, root[0].id)
    assert root[0].created_at == root[0].published_at == datetime(2014, 4, 29, 15, 21, 27, tzinfo=UTC)
    assert sorted(name for _, name in found) == ["Anonymous", "Letzter :/", "Multiline Author", "Ohai", *["Tester"] * 4]
    assert "<br>" in next(html for html in by_text if html and "multiple lines" in html)
    article = find_article_by_address(session, DEFAULT_SITE_ID, "https://example.tld/2014/test")
    assert article is not None
    assert (article.title, article.comment_count) == ("Hello, World…", 7)
    assert article.created_at == datetime(2014, 1, 14, 17, 31, 3, tzinfo=UTC)


def test_disqus_keeps_the_place_of_a_deleted_comment_that_was_answered(session: Session) -> None:
    report = bring_in(DATA / "isso-disqus.xml")
    assert report.comments == Counts(in_file=6, created=4, placeholders=1, left_out=1)
    assert report.articles == Counts(in_file=3, created=2, left_out=1)
    assert report.people == Counts(in_file=3, created=3)
    erased = session.scalars(select(Comment).where(Comment.state == State.ERASED.value)).one()
    reply = session.scalars(select(Comment).where(Comment.parent_id == erased.id)).one()
    assert (reply.state, reply.depth, erased.body_html, erased.body_md) == ("visible", 1, "", None)
    assert erased.version == 2
    assert "where am I?" not in set(session.scalars(select(Account.display_name)))
    untitled = session.scalars(select(Article).where(Article.title == "localhost:4000/blog/2013/02/12/redacted/index.html")).one()
    assert untitled.comment_count == 1


def test_imported_people_cannot_sign_in_and_leave_no_address(session: Session) -> None:
    bring_in(DATA / "isso-wordpress.xml")
    for account in session.scalars(select(Account)):
        assert (account.password_hash, account.email, account.verified) == (None, None, False)
    kept = " ".join(session.scalars(select(ExternalRef.external_id)))
    assert "posativ.org" not in kept
    assert "test@" not in kept


@pytest.mark.parametrize("name", REFUSED)
def test_a_broken_file_imports_nothing(name: str) -> None:
    before = table_counts()
    with pytest.raises(ImportRefused, match="line"):
        bring_in(DATA / name)
    assert table_counts() == before


def test_a_file_cut_off_after_good_posts_imports_nothing(write: Write) -> None:
    before = table_counts()
    whole = disqus(thread(), *(post(str(number)) for number in range(500)))
    with pytest.raises(ImportRefused, match="cut off"):
        bring_in(write(whole[:-40]))
    assert table_counts() == before


@pytest.mark.parametrize("name", READABLE)
def test_a_dry_run_tells_what_a_real_one_does_and_writes_nothing(name: str) -> None:
    before = table_counts()
    dry = bring_in(DATA / name, dry_run=True)
    assert table_counts() == before
    real = bring_in(DATA / name)
    assert (dry.articles, dry.people, dry.comments) == (real.articles, real.people, real.comments)
    assert (dry.left_out, dry.changed) == (real.left_out, real.changed)
    again = bring_in(DATA / name, dry_run=True)
    assert again.comments.already_here == real.comments.created + real.comments.placeholders


HOSTILE = [
    "<script>alert(1)</script>text",
    '<img src=x onerror="alert(1)">text',
    '<a href="javascript:alert(1)">text</a>',
    '<a href="https://ok.example" onclick="x()" style="position:fixed">text</a>',
    "<svg><script>alert(1)</script></svg>text",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>text",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>text',
    "<p>text<form action=//evil.example><button formaction=javascript:x>go</button>",
    "&lt;script&gt;alert(1)&lt;/script&gt;text",
    "</article></main><h1>text",
]


def test_hostile_bodies_are_made_safe_and_keep_their_words(write: Write, session: Session) -> None:
    bring_in(write(disqus(thread(), *(post(str(number), body) for number, body in enumerate(HOSTILE)))))
    bring_in(write(wordpress(item(1, *(comment(str(number), body) for number, body in enumerate(HOSTILE)))), "wordpress.xml"))
    bodies = [html or "" for html in session.scalars(select(Comment.body_html))]
    assert len(bodies) == 2 * len(HOSTILE)
    for html in bodies:
        assert "text" in html
        assert not any(
            bad in html.lower() for bad in ("<script", "<img", "<svg", "<iframe", "<form", "<h1", "<style", "</article", "javascript:")
        )
        assert not any(f"{handler}=" in html.lower() for handler in ("onerror", "onclick", "style", "formaction", "srcdoc"))


def test_a_text_of_which_nothing_can_be_shown_is_left_out_or_keeps_its_place(write: Write) -> None:
    bare = "<script>alert(1)</script>"
    file = write(disqus(thread(), post("1", bare), post("2", bare), post("3", "<p>reply</p>", parent="2", created="2015-02-02T00:00:00Z")))
    for dry_run in (True, False):
        report = bring_in(file, dry_run=dry_run)
        assert report.comments == Counts(in_file=3, created=1, placeholders=1, left_out=1)
    assert [reason.why for reason in report.left_out.values()] == ["nothing of its text can be shown"]


def test_articles_are_found_by_address_and_two_threads_of_one_page_become_one(write: Write, session: Session) -> None:
    with writing() as writer:
        here, _ = create_article(writer, DEFAULT_SITE_ID, ArticleDraft(title="Mine", url="https://host.example/one"))
        here_id = here.id
    file = write(
        disqus(
            *(thread("t1", link="http://host.example/one/?utm_source=x", title="Theirs"), thread("t2", link="https://host.example/two")),
            *(thread("t3", link="https://host.example/two/#c", title="Twin"), post("1"), post("2", thread="t2"), post("3", thread="t3")),
        )
    )
    dry = bring_in(file, dry_run=True)
    report = bring_in(file)
    assert dry.articles == report.articles == Counts(in_file=3, created=1, matched=2)
    assert session.scalar(select(func.count()).select_from(Article)) == 2
    mine = session.get(Article, here_id)
    assert mine is not None
    assert (mine.title, mine.comment_count) == ("Mine", 1)


def test_articles_without_a_usable_address_or_title_are_brought_in_and_said_so(write: Write, session: Session) -> None:
    long = "x" * 400
    file = write(
        disqus(
            *(
                thread("t1", link="/nowhere", title=long),
                thread("t2", link="https://user:secret@host.example/x", title="&#x200b;"),
                post("1"),
            ),
            *(
                post("2", thread="t2"),
                thread("t3", link="https://host.example/3", more="<isClosed>true</isClosed>"),
                post("3", thread="t3"),
            ),
        )
    )
    report = bring_in(file)
    assert report.articles.created == 3
    assert bring_in(file).articles == Counts(in_file=3, already_here=3)
    by_key = {article.key: article for article in session.scalars(select(Article))}
    assert len(by_key["disqus:t1"].title) == 300
    assert {kind for kind, _ in report.changed} == {Kind.ARTICLE}
    assert by_key[None].closed_at is not None
    assert by_key[None].closed_reason


def test_names_that_cannot_be_shown_become_guests_and_handles_stay_unique(write: Write, session: Session) -> None:
    names = ["", "\u200b", "Anna", "anna", "ANNA!", "Admin", "Радио", "N" * 200, "a" + "\u0301" * 60]
    posts = [post(str(number), name=name, email=f"{number}@host.example") for number, name in enumerate(names)]
    posts += [post(f"x{number}", name="Anna", email=f"x{number}@host.example") for number in range(12)]
    report = bring_in(write(disqus(thread(), *posts)))
    assert report.people.created == len(names) + 12
    handles = list(session.scalars(select(Account.handle)))
    assert len(set(handles)) == len(handles)
    assert "admin" not in handles
    shown = Counter(session.scalars(select(Account.display_name)))
    assert shown["Guest"] == 3
    assert shown["Anna"] == 13
    assert shown["N" * 79 + "…"] == 1
    assert sum(reason.count for (kind, _), reason in report.changed.items() if kind is Kind.PERSON) == 4


def test_the_next_export_brings_only_what_is_new_and_hangs_it_in_its_place(write: Write, session: Session) -> None:
    bring_in(write(disqus(thread(), post("1"), post("2", parent="1"))))
    later = [post("3", parent="2", created="2016-01-01T00:00:00Z"), post("4", created="2014-06-01T00:00:00Z")]
    report = bring_in(write(disqus(thread(), *later, post("1"), post("2", parent="1"))))
    assert report.comments == Counts(in_file=4, created=2, already_here=2)
    assert report.people == Counts(in_file=1, already_here=1)
    check_tree_and_counts(session)
    deepest = session.scalars(select(Comment).where(Comment.depth == 2)).one()
    assert deepest.created_at == datetime(2016, 1, 1, tzinfo=UTC)


def test_an_imported_comment_that_was_withdrawn_here_stays_so(write: Write, session: Session) -> None:
    file = write(disqus(thread(), post("1")))
    bring_in(file)
    with writing() as writer:
        writer.scalars(select(Comment)).one().state = State.WITHDRAWN.value
    bring_in(file)
    assert session.scalars(select(Comment.state)).one() == "withdrawn"


def big_disqus(count: int) -> str:
    """Threads with replies to replies, spread over articles, in no helpful order."""
    posts = [
        post(
            f"p{number}",
            f"<p>Text {number}</p>",
            thread=f"t{number % 3}",
            parent=f"p{number - 3}" if number >= 3 and number % 7 else "",
            name=f"Name {number % 5}",
            created=f"2015-02-{1 + number % 28:02d}T00:00:00Z",
            more="<isDeleted>true</isDeleted>" if number % 11 == 0 else "",
        )
        for number in range(count)
    ]
    return disqus(*reversed(posts), *(thread(f"t{number}", link=f"https://host.example/{number}") for number in range(3)))


@pytest.fixture
def make_empty_app(make_app: Callable[..., Flask], tmp_path: Path) -> Callable[[], Flask]:
    """Return a function that makes an application on an empty database of its own, in a folder that is there."""
    for number in range(2):
        (tmp_path / f"data{number}").mkdir()
    return make_app


class Killed(BaseException):
    """Stands for the end of the process."""


def killed_after(batches: int) -> engine.Bar:
    left = [batches]

    @contextmanager
    def bar(label: str, _length: int) -> Iterator[Advance]:
        def advance(_done: int) -> None:
            if label == "Writing":
                left[0] -= 1
                if left[0] < 0:
                    raise Killed

        yield advance

    return bar


@pytest.mark.postgresql_slow
def test_an_import_stopped_between_and_inside_batches_ends_like_a_clean_one(
    make_empty_app: Callable[[], Flask], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(big_disqus(120))
    monkeypatch.setattr(engine, "BATCH", 10)
    with make_empty_app().app_context():
        clean = bring_in(file)
        expected = contents()
    with make_empty_app().app_context():
        for batches in (0, 2):
            with pytest.raises(Killed):
                run_import(Import(FORMATS["disqus"], file), bar=killed_after(batches))
            with reading() as session:
                check_tree_and_counts(session)
        calls = Counter[str]()
        store_really = insert_rows

        def fails_inside(*arguments: Any) -> None:
            calls["store"] += 1
            # A batch's comments are stored, and its revisions are not.
            if calls["store"] == 4:
                raise Killed
            store_really(*arguments)

        monkeypatch.setattr(bulk, "insert_rows", fails_inside)
        with pytest.raises(Killed):
            run_import(Import(FORMATS["disqus"], file))
        monkeypatch.undo()
        with reading() as session:
            check_tree_and_counts(session)
            halfway = session.scalar(select(func.count()).select_from(Comment)) or 0
        assert 0 < halfway < clean.comments.created
        assert halfway % 10 == 0
        last = bring_in(file)
        assert last.comments.already_here == halfway
        assert contents() == expected


KILLED = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
from forum.app import create_app
from forum.settings import load_settings
from forum.comments import bulk
from forum.transfer import engine
from forum.transfer.formats import FORMATS

folder, url, file, after = sys.argv[1:]
engine.BATCH = 10
stored, store = [], bulk.insert_rows

def store_or_die(*arguments):
    if len(stored) == int(after):
        os.kill(os.getpid(), signal.SIGKILL)
    stored.append(1)
    return store(*arguments)

bulk.insert_rows = store_or_die
with create_app(load_settings({}, data_dir=folder, database_url=url, log_level="error")).app_context():
    engine.run_import(engine.Import(FORMATS["disqus"], Path(file)))
"""


@pytest.mark.slow
def test_an_import_killed_with_signal_9_ends_like_a_clean_one(make_empty_app: Callable[[], Flask], write: Write, tmp_path: Path) -> None:
    file = write(big_disqus(90))
    with make_empty_app().app_context():
        bring_in(file)
        expected = contents()
    application = make_empty_app()
    # Of nine batches of two statements each, within the second, the fifth and the eighth one.
    for after in ("3", "7", "7"):
        url = application.config["SQLALCHEMY_DATABASE_URI"]
        died = subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path / "killed"), url, str(file), after], check=False, capture_output=True
        )
        assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    with application.app_context():
        assert 0 < table_counts()["comments"] < sum(expected["comments"].values())
        bring_in(file)
        assert contents() == expected


def test_two_imports_of_one_file_at_once_bring_it_in_once(app: Flask, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 10)
    file = write(big_disqus(150))
    ready = Barrier(2, timeout=60)

    def run(_number: int) -> Report:
        with app.app_context():
            ready.wait()
            return bring_in(file)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(run, range(2))
    dry = bring_in(file, dry_run=True)
    assert dry.comments.already_here == dry.comments.in_file - dry.comments.left_out
    assert (
        one.comments.created + other.comments.created + one.comments.placeholders + other.comments.placeholders == dry.comments.already_here
    )
    assert one.articles.created + other.articles.created == 3
    with reading() as session:
        check_tree_and_counts(session)
        assert session.scalar(select(func.count()).select_from(Comment)) == dry.comments.already_here


def test_people_write_while_an_import_runs(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 10)

    @contextmanager
    def bar(label: str, _length: int) -> Iterator[Advance]:
        def answer_the_newest(_done: int) -> None:
            if label != "Writing":
                return
            with writing() as session:
                newest = session.scalar(select(func.max(Comment.id)))
                place = lock_place(session, newest or 0)
                new = NewComment("Live", "<p>Live</p>", 1, None, place.comment.author_id)
                store(session, place.article, place.comment, place.root, new)

        yield answer_the_newest

    file = write(big_disqus(60))
    report = run_import(Import(FORMATS["disqus"], file), bar=bar)
    with reading() as session:
        check_tree_and_counts(session)
        live = session.scalar(select(func.count()).where(Comment.body_md == "Live"))
        assert live == -(-(report.comments.created + report.comments.placeholders) // 10)
    assert bring_in(file).comments.created == 0


@pytest.mark.parametrize("failures", [1, 2])
def test_a_batch_that_loses_a_race_is_tried_again(write: Write, monkeypatch: pytest.MonkeyPatch, failures: int) -> None:
    left = [failures]
    store_really = actions.store_person

    def taken(*arguments: Any, **named: Any) -> Account:
        if left[0]:
            left[0] -= 1
            raise Refusal(RefusalKind.CONFLICT, "Someone has just taken this handle.")
        return store_really(*arguments, **named)

    monkeypatch.setattr(engine, "store_person", taken)
    report = bring_in(write(disqus(thread(), post("1"))))
    assert report.comments == Counts(in_file=1, created=1)
    assert report.people == Counts(in_file=1, created=1)


def test_ids_longer_than_the_column_are_still_recognised(write: Write) -> None:
    text = disqus(thread(), post("a" * 600), post("a" * 599 + "b", parent="a" * 600, created="2015-03-01T00:00:00Z"))
    assert bring_in(write(text)).comments == Counts(in_file=2, created=2)
    assert bring_in(write(text)).comments == Counts(in_file=2, already_here=2)
