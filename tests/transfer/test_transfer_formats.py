"""The readers of Isso, Remark42, Commento and Comentario: what each field becomes, what each fault does, and who recognises which file."""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from forum.transfer.formats import FORMATS, recognise
from forum.transfer.opening import beginning
from forum.transfer.records import (
    ArticleState,
    CommentState,
    ImportedArticle,
    ImportedComment,
    ImportedPerson,
    ImportRefused,
    Kind,
    LeftOut,
    Record,
)
from tests.transfer.json_samples import (
    BASE,
    add_to_isso,
    comentario,
    comentario_comment,
    commento,
    commento_comment,
    generic,
    generic_comment,
    remark,
    remark_comment,
    write_isso,
)

DATA = Path(__file__).parents[1] / "data" / "import"
EXPECTED: dict[str, dict[str, Any]] = json.loads((DATA / "EXPECTED.json").read_text())
AT = datetime(2018, 1, 1, tzinfo=UTC)
Read = Callable[..., list[Record]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_text(format_: str, text: str | Path, base_url: str | None = BASE) -> list[Record]:
        file = text if isinstance(text, Path) else tmp_path / "export.json"
        if isinstance(text, str):
            file.write_text(text, encoding="utf-8")
        found = FORMATS[format_]
        return list(found.read(file, lambda _: None, **({"base_url": base_url} if found.takes_base else {})))

    return read_text


def comments(records: list[Record]) -> list[ImportedComment]:
    return [record for record in records if isinstance(record, ImportedComment)]


def articles(records: list[Record]) -> dict[str, ImportedArticle]:
    return {record.external_id: record for record in reversed(records) if isinstance(record, ImportedArticle)}


def whys(records: list[Record]) -> Counter[tuple[Kind, str]]:
    return Counter((record.kind, record.why) for record in records if isinstance(record, LeftOut))


@pytest.mark.parametrize("name", [name for name, expected in EXPECTED.items() if "error" not in expected])
def test_every_file_is_recognised_as_what_it_is(name: str) -> None:
    found = recognise(beginning(DATA / name))
    assert found is not None
    assert found.name == {"wxr": "wordpress", "isso-sqlite": "isso"}.get(EXPECTED[name]["format"], EXPECTED[name]["format"])


def test_every_sample_is_recognised(tmp_path: Path) -> None:
    write_isso(tmp_path / "isso.db")
    samples = {
        "remark42": remark().encode(),
        "commento": commento(commento_comment("1")).encode(),
        "comentario": comentario().encode(),
        "isso-json": generic({"id": "/", "comments": []}).encode(),
        "isso": (tmp_path / "isso.db").read_bytes(),
    }
    for name, head in samples.items():
        assert recognise(head) is FORMATS[name]
    for head in (b"", b"{}", b"[]", b"<html>", b"hello"):
        assert recognise(head) is None


def test_remark42_comments_keep_markdown_edits_pins_and_pages(read: Read) -> None:
    full = remark_comment(
        "2",
        pid="1",
        orig="Hello *there*.",
        edit={"time": "2018-01-02T00:00:00Z", "summary": "typo"},
        pin=True,
        score=3,
        votes={"a": True, "b": True, "c": True},
        title="The page &amp; its title",
        time="2018-01-01T06:00:00.123456789+06:00",
    )
    records = read("remark42", remark(remark_comment("1"), full, posts=[{"url": f"{BASE}/one", "read_only": True}]))
    plain, rich = comments(records)
    assert (plain.body_html, plain.body_md, plain.edited_at, plain.is_pinned, plain.parent_external_id) == (
        "<p>Hello.</p>",
        None,
        None,
        False,
        None,
    )
    assert (rich.body_md, rich.parent_external_id, rich.is_pinned, rich.author) == ("Hello *there*.", "1", True, plain.author)
    assert (rich.created_at, rich.edited_at) == (AT.replace(microsecond=123456), AT.replace(day=2))
    (page,) = articles(records).values()
    assert (page.url, page.is_closed, page.is_implied) == (f"{BASE}/one", True, True)
    assert {record.title for record in records if isinstance(record, ImportedArticle)} == {"", "The page & its title"}
    assert whys(records) == {(Kind.VOTES, "likes and dislikes are no stance, and are not brought in"): 1}


def test_remark42_states_losses_and_faults(read: Read) -> None:
    blocked = {"id": "evil", "blocked": {"status": True, "until": "2030-01-01T00:00:00Z"}}
    faulty = [
        remark_comment("1", delete=True, text=""),
        remark_comment("2", locator={"url": ""}),
        remark_comment("3", time=None),
        remark_comment("4", text=["x"]),
        remark_comment("5", user=7),
        remark_comment("6", user={"name": "Bo", "id": "b", "picture": "https://host.example/b.png"}),
        remark_comment("7", locator=None),
    ]
    records = read("remark42", remark(*faulty, users=[blocked, {"id": "good", "verified": True}, None]))
    found = {one.external_id: one for one in comments(records)}
    assert set(found) == {"1", "3", "6"}
    assert (found["1"].state, found["3"].created_at) == (CommentState.DELETED, None)
    assert whys(records) == {
        (Kind.PERSON, "they are blocked there: nobody can sign in as an imported person"): 1,
        (Kind.COMMENT, "it has no id, or names no page"): 2,
        (Kind.COMMENT, "its field 'text' holds something else than it should"): 1,
        (Kind.COMMENT, "its field 'user' holds something else than it should"): 1,
        (Kind.PICTURE, "people have no picture here"): 1,
    }


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 7, "users": []}',
        "{}",
        "[1]",
        '{"version": "x", "posts": []}',
        '{"version":1,"users":[]}\n[]',
        '{"version":1,"users":[]}\n{"id":',
    ],
)
def test_other_files_are_no_remark42_backup(read: Read, text: str) -> None:
    with pytest.raises(ImportRefused, match="line"):
        read("remark42", text)


def test_commento_takes_names_from_behind_and_addresses_from_host_and_path(read: Read) -> None:
    answered = commento_comment("2", parentHex="1", commenterHex="anonymous", state="unapproved", score=-2)
    records = read(
        "commento",
        commento(commento_comment("1"), answered, commento_comment("3", markdown="[deleted]"), commento_comment("4", state="flagged")),
        None,
    )
    one, two, three, four = comments(records)
    (page,) = articles(records).values()
    assert (page.url, one.article_external_id) == ("https://blog.example/one", page.external_id)
    assert (one.body_md, one.author.name, one.parent_external_id, one.created_at) == ("Hello.", "", None, AT)
    assert ImportedPerson(one.author.external_id, "Anna") in records
    assert (two.author.name, two.parent_external_id) == ("Anonymous", "1")
    assert [each.state for each in (two, three, four)] == [CommentState.HELD, CommentState.DELETED, CommentState.SPAM]
    assert whys(records)[Kind.VOTES, "likes and dislikes are no stance, and are not brought in"] == 1
    elsewhere = read("commento", commento(commento_comment("1", url="one")), "http://new.example/blog/")
    assert next(iter(articles(elsewhere).values())).url == "http://new.example/blog/one"


def test_comentario_of_both_versions(read: Read) -> None:
    first = commento_comment("1", host="blog.example", path="/one")
    del first["domain"], first["url"]
    (one,) = comments(read("comentario", commento(first)))
    assert one.article_external_id == "blog.example/one"
    states = [{}, {"isPending": True, "isApproved": False}, {"isApproved": False}, {"isDeleted": True}]
    parts = [comentario_comment(str(number), **state) for number, state in enumerate(states)]
    guest = comentario_comment("g", userCreated="00000000-0000-0000-0000-000000000000", authorName="Guest Star", parentId="0")
    pinned = comentario_comment("s", isSticky=True, editedTime="2018-01-03T00:00:00Z")
    records = read("comentario", comentario(*parts, guest, pinned), None)
    found = {each.external_id: each for each in comments(records)}
    assert [found[str(number)].state for number in range(4)] == [
        CommentState.VISIBLE,
        CommentState.HELD,
        CommentState.REJECTED,
        CommentState.DELETED,
    ]
    assert (found["g"].author.name, found["g"].parent_external_id) == ("Guest Star", "0")
    assert (found["s"].is_pinned, found["s"].edited_at, found["0"].edited_at) == (True, AT.replace(day=3), None)
    page = articles(records)["p1"]
    assert (page.url, page.title, page.created_at, page.state) == (
        f"{BASE}/one",
        "One",
        datetime(2017, 1, 1, tzinfo=UTC),
        ArticleState.PUBLISHED,
    )
    assert ImportedPerson(found["0"].author.external_id, "Anna") in records


@pytest.mark.parametrize("more", [{}, {"url": None}, {"url": "/one"}, {"url": 5}])
def test_an_export_that_says_nowhere_where_its_pages_are_asks_for_it(read: Read, more: dict[str, Any]) -> None:
    text = comentario(*([comentario_comment("1", **more)] if more else []))
    with pytest.raises(ImportRefused, match="--base-url"):
        read("comentario", text, None)
    assert articles(read("comentario", text))["p1"].url == f"{BASE}/one"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"version": 2, "comments": []}', "version 2 of the format"),
        ('{"version": true, "comments": []}', "version True"),
        ('{"comments": []}', "no export of Commento or Comentario"),
        ('{"version": 1}', "no export of Commento or Comentario"),
        ('{"version": 1, "comments": {}}', "'comments' should be a list"),
        ('{"version": 1, "comments": [5]}', "'comments' should hold records"),
        ("[]", "no export of Commento or Comentario"),
        ('{"version": 1, "comments": []} x', "the file should end here"),
    ],
)
def test_other_files_are_no_export_of_commento(read: Read, text: str, message: str) -> None:
    with pytest.raises(ImportRefused, match=message):
        read("commento", text)


def test_nulls_numbers_as_texts_and_wrong_kinds_cost_only_their_record(read: Read) -> None:
    odd = [
        commento_comment("1", score="7", deleted="false", creationDate=1514764800),
        commento_comment("2", score=None, deleted=None, html=None, state=None),
        commento_comment("3", score={}),
        commento_comment("4", markdown=None),
        commento_comment("5", markdown=5),
        commento_comment("6", parentHex=["1"]),
        {"commentHex": None},
        commento_comment("7", score=10**40),
    ]
    records = read("commento", commento(*odd, commenters=[{"commenterHex": [], "name": "X"}, {}]))
    assert [one.external_id for one in comments(records)] == ["1", "2", "4", "5"]
    assert comments(records)[0].created_at == AT
    assert whys(records)[Kind.COMMENT, "its field 'score' holds something else than it should"] == 2
    assert whys(records)[Kind.PERSON, "its field 'commenterHex' holds something else than it should"] == 1


def test_isso_states_votes_websites_edits_and_pages(read: Read, tmp_path: Path) -> None:
    file = write_isso(
        tmp_path / "comments.db",
        {"id": 1, "likes": 3, "dislikes": 1, "website": "https://anna.example", "modified": 1514851200.5},
        {"id": 2, "parent": 1, "mode": 2},
        {"id": 3, "parent": 1, "mode": 4, "text": ""},
        {"id": 4, "tid": 2, "author": None, "email": "x@host.example", "mode": 9},
        {"id": 5, "tid": 3, "text": b"\xff\xfe", "author": 17},
        {"id": 6, "created": "never", "mode": "x"},
        {"id": 7, "created": "never"},
        uris=("/one", "https://other.example/two", "my-page"),
    )
    before = hashlib.sha256(file.read_bytes()).hexdigest(), sorted(path.name for path in tmp_path.iterdir())
    records = read("isso", file)
    assert (hashlib.sha256(file.read_bytes()).hexdigest(), sorted(path.name for path in tmp_path.iterdir())) == before
    found = comments(records)
    assert [one.state.value for one in found] == ["visible", "held", "deleted", "held", "visible", "visible"]
    assert (found[0].body_md, found[0].edited_at) == ("Hello.", datetime(2018, 1, 2, 0, 0, 0, 500000, tzinfo=UTC))
    assert found[1].parent_external_id == found[0].external_id
    assert (found[3].author.name, found[4].author.name, found[4].body_md) == ("Anonymous", "17", "��")
    assert [page.url for page in reversed(articles(records).values())] == [f"{BASE}/one", "https://other.example/two", None]
    assert whys(records) == {
        (Kind.VOTES, "likes and dislikes are no stance, and are not brought in"): 1,
        (Kind.WEBSITE, "people have no website here"): 1,
        (Kind.COMMENT, "its field 'mode' holds something else than it should"): 1,
    }
    assert next(record.sample for record in records if isinstance(record, LeftOut) and record.kind is Kind.VOTES) == "+3 −1"
    other = {one.external_id for one in comments(read("isso", file, "https://second.example"))}
    assert not other & {one.external_id for one in found}


def test_what_isso_has_not_yet_written_into_its_database_is_read_and_nothing_is_touched(read: Read, tmp_path: Path) -> None:
    file = write_isso(tmp_path / "comments.db", {"id": 1}, journal="wal")
    with closing(sqlite3.connect(file, isolation_level=None)) as running:
        add_to_isso(running, {"id": 2})
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert "comments.db-wal" in before
        assert [one.external_id.rpartition("-")[2] for one in comments(read("isso", file))] == ["1", "2"]
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_files_that_are_no_database_of_isso_are_refused(read: Read, tmp_path: Path) -> None:
    good = write_isso(tmp_path / "good.db", *({"id": number, "text": "x" * 3000} for number in range(1, 200))).read_bytes()
    cases: dict[str, bytes | str] = {
        "empty": b"",
        "text": b"hello",
        "cut": good[: len(good) // 2],
        "overwritten": good[:4096] + b"\xff" * 8192 + good[12288:],
        "header": good[:100],
        "view": "CREATE TABLE threads (id, uri, title); CREATE VIEW comments AS WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n FROM x) SELECT n FROM x",
        "other": "CREATE TABLE threads (id, uri, title); CREATE TABLE comments (id, text)",
        "nothing": "CREATE TABLE x (y)",
    }
    for name, content in cases.items():
        file = tmp_path / name
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            with closing(sqlite3.connect(file)) as database:
                database.executescript(content)
        with pytest.raises(ImportRefused, match=name):
            read("isso", file)
    for format_ in ("isso", "isso-json"):
        with pytest.raises(ImportRefused, match="--base-url"):
            read(format_, tmp_path / "good.db", None)


def test_the_generic_file_of_isso_wherever_the_name_of_a_thread_stands(read: Read) -> None:
    first = {"comments": [generic_comment(0), generic_comment("0", text="Another.")], "id": "/one", "title": "One"}
    second = {"id": "two", "title": None, "comments": [generic_comment(1, created="never", website="anna.example")]}
    records = read("isso-json", generic(first, second))
    one, two, three = comments(records)
    assert [page.url for page in reversed(articles(records).values())] == [f"{BASE}/one", None]
    assert len({each.external_id for each in (one, two, three)}) == 3
    assert (one.created_at, three.created_at, one.body_md) == (AT, None, "Hello.")
    assert one.article_external_id == two.article_external_id != three.article_external_id


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[5]",
        '[{"id": "/"}]',
        '[{"comments": []}]',
        '[{"id": "/", "comments": [5]}]',
        '[{"id": "/", "comments": {}}]',
        "[] []",
        '[{"id": "/", "comments": [',
    ],
)
def test_other_files_are_not_for_the_generic_importer(read: Read, text: str) -> None:
    with pytest.raises(ImportRefused, match="line"):
        read("isso-json", text)
