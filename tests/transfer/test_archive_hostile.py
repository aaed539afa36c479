"""Archives that were cut off, damaged or made to harm: refused by a sentence, nothing written, no traceback, bounded memory."""

import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest
from flask import Flask
from sqlalchemy import text

from forum.db.transaction import reading, writing
from forum.transfer import archive_file
from forum.transfer.archive_file import Archive, ArchiveRefused
from forum.transfer.own import read
from forum.transfer.records import ImportRefused
from tests.conftest import empty_database
from tests.transfer.archives import Rows, changed, everything, everything_in, make_archive, members, packed, restored
from tests.world import make_world

pytestmark = pytest.mark.postgresql_slow

Json = dict[str, Any]


@pytest.fixture
def archive(app: Flask) -> bytes:
    """A backup of a small discussion; the database is empty again."""
    world = make_world(app)
    parent = world.comment()
    for _ in range(3):
        parent = world.comment(parent_id=parent)
    world.decision()
    world.sanction()
    found = make_archive(app, secrets=True)
    empty_database()
    return found


def refused(app: Flask, archive: bytes) -> str:
    """Assert that restoring is refused and leaves everything as it is, and return the sentence."""
    before = everything_in(app, secrets=True)
    with pytest.raises(ArchiveRefused) as caught:
        restored(app, archive)
    assert everything_in(app, secrets=True) == before
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_what_is_no_archive_is_refused(app: Flask, archive: bytes) -> None:
    content = members(archive)
    assert "no archive of a forum, or it was cut off" in refused(app, b"")
    assert "no archive of a forum, or it was cut off" in refused(app, b"<?xml version='1.0'?><wp/>")
    assert "without manifest.json" in refused(app, packed({"a.json": b"{}"}))
    assert "no archive of a forum" in refused(app, packed({"manifest.json": b'{"format": "other"}'}))
    assert "a version of the format" in refused(app, packed({"manifest.json": b'{"format": "forum-archive", "archive_version": 2}'}))
    assert "is not as an archive's is" in refused(app, packed({"manifest.json": b"[" * 100_000}))
    assert "has no schema.json" in refused(app, packed({name: one for name, one in content.items() if name != "schema.json"}))
    assert "do not name the same tables" in refused(app, packed({name: one for name, one in content.items() if "tags.nd" not in name}))


def test_nothing_that_is_quoted_steers_a_terminal(app: Flask, archive: bytes) -> None:
    def change(manifest: Json, _: Json, rows: Rows) -> None:
        manifest["site_name"] = "A site\x1b]0;title\x07"
        rows["comments"][-1]["state"] = "\x1b[31mred\x1b[0m"

    assert "\x1b" not in refused(app, changed(archive, change))
    harmless = changed(archive, lambda manifest, _, __: manifest.update(site_name="A site\x1b]0;title\x07"))
    assert "\x1b" not in restored(app, harmless, dry_run=True).as_text()


@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused(app: Flask, archive: bytes, part: float) -> None:
    assert "cut off" in refused(app, archive[: int(len(archive) * part)])


Change = Callable[[Json, Json, Rows], None]


def _in_schema(table: str, change: Callable[[list[Json]], object]) -> Change:
    def edit(_: Json, schema: Json, __: Rows) -> None:
        change(next(one for one in schema["tables"] if one["name"] == table)["columns"])

    return edit


def _in_row(table: str, change: Callable[[Json], object]) -> Change:
    def edit(_: Json, __: Json, rows: Rows) -> None:
        change(rows[table][-1])

    return edit


def _renamed(old: str, new: str) -> Change:
    def edit(_: Json, schema: Json, rows: Rows) -> None:
        next(one for one in schema["tables"] if one["name"] == old)["name"] = new
        rows[new] = rows.pop(old)

    return edit


def _newer(manifest: Json, _: Json, __: Rows) -> None:
    manifest["schema_revision"] = "9999"


def _of_no_site(_: Json, __: Json, rows: Rows) -> None:
    for name, table in rows.items():
        rows[name] = [] if name != "sites" else [table[0] | {"id": 2}]


CHANGES: dict[str, tuple[Change, str]] = {
    "newer": (_newer, "was made by version"),
    "unknown table": (_renamed("tags", "tagz"), "has a table 'tagz'"),
    "the schema's own table": (_renamed("tags", "alembic_version"), "has a table 'alembic_version'"),
    "the index's table": (_renamed("tags", "comment_words_data"), "has a table 'comment_words_data'"),
    "path in a table's name": (_renamed("tags", "../../etc/passwd"), "is not as an archive's is"),
    "SQL in a table's name": (_renamed("tags", "tags; drop table comments"), "is not as an archive's is"),
    "unknown column": (
        _in_schema("tags", lambda columns: columns.append({"name": "x", "kind": "text", "nullable": True})),
        "the column 'x'",
    ),
    "column twice": (_in_schema("tags", lambda columns: columns.append(columns[0])), "in a way that no table has"),
    "computed column": (
        _in_schema("comments", lambda columns: columns.append({"name": "restricted_id", "kind": "integer", "nullable": True})),
        "the column 'restricted_id'",
    ),
    "another kind": (_in_schema("comments", lambda columns: columns[0].update(kind="text")), "the column 'id'"),
    "needed column is missing": (_in_schema("comments", lambda columns: columns.pop(2)), "lack 'article_id'"),
    "number as text": (_in_row("comments", lambda row: row.update(depth="0")), "tables/comments.ndjson, line"),
    "text as number": (_in_row("comments", lambda row: row.update(body_md=7)), "tables/comments.ndjson, line"),
    "number too large": (_in_row("comments", lambda row: row.update(depth=2**70)), "tables/comments.ndjson, line"),
    "null where there is none": (_in_row("comments", lambda row: row.update(author_id=None)), "tables/comments.ndjson, line"),
    "field that no column has": (_in_row("comments", lambda row: row.update(x=1)), "tables/comments.ndjson, line"),
    "field left out": (_in_row("comments", lambda row: row.pop("depth")), "tables/comments.ndjson, line"),
    "NUL": (_in_row("comments", lambda row: row.update(body_md="a\0b")), "the character NUL"),
    "too long": (_in_row("accounts", lambda row: row.update(handle="h" * 41)), "tables/accounts.ndjson, line"),
    "no moment": (_in_row("comments", lambda row: row.update(created_at="yesterday")), "tables/comments.ndjson, line"),
    "moment without zone": (_in_row("comments", lambda row: row.update(created_at="2026-01-01T00:00:00")), "tables/comments.ndjson, line"),
    "moment before all": (_in_row("comments", lambda row: row.update(created_at="0001-01-01T00:00:00+14:00")), "not in UTC"),
    "first moment": (_in_row("comments", lambda row: row.update(author_id=10**9, created_at="0001-01-01T00:00:00Z")), "refuses a row"),
    "last moment": (
        _in_row("comments", lambda row: row.update(author_id=10**9, created_at="9999-12-31T23:59:59.999999Z")),
        "refuses a row",
    ),
    "no such state": (_in_row("comments", lambda row: row.update(state="glorious")), "refuses a row"),
    "refers to nothing": (_in_row("comments", lambda row: row.update(author_id=999_999)), "refuses a row"),
    "restriction without a reason": (lambda _, __, rows: rows["comments"][0].update(state="held"), "do not fit together"),
    "twice": (lambda _, __, rows: rows["comments"].append(rows["comments"][0]), "refuses a row"),
    "decision without its statement": (lambda _, __, rows: rows["statements"].clear(), "do not fit together"),
    "no site": (_of_no_site, "no first site"),
    "secret too short": (lambda manifest, _, __: manifest.update(secret_key=True), "do not name the same tables"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_no_archive_holds_is_refused(app: Flask, archive: bytes, name: str) -> None:
    change, says = CHANGES[name]
    assert says in refused(app, changed(archive, change))


def test_what_was_changed_without_its_sum_is_refused(app: Flask, archive: bytes) -> None:
    content = members(archive)
    content["tables/comments.ndjson"] = content["tables/comments.ndjson"].replace(b"A word.", b"A lie..")
    assert "not what the manifest says" in refused(app, packed(content))
    content["tables/comments.ndjson"] = members(archive)["tables/comments.ndjson"][:-1]
    assert "not what the manifest says" in refused(app, packed(content))


def test_a_member_twice_is_refused(app: Flask, archive: bytes) -> None:
    stream = io.BytesIO(archive)
    with ZipFile(stream, "a") as opened, pytest.warns(UserWarning, match="Duplicate name"):
        opened.writestr("manifest.json", b"{}")
    assert "two members of one name" in refused(app, stream.getvalue())


def test_other_members_are_not_looked_at(app: Flask, archive: bytes) -> None:
    content = members(archive)
    assert restored(app, packed(content | {"../../etc/cron.d/x": b"x", "/etc/passwd": b"x", "tables/": b""})).total.created > 0


def test_an_unusual_packing_is_refused(app: Flask, archive: bytes) -> None:
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_BZIP2) as made:
        for name, one in members(archive).items():
            made.writestr(name, one)
    assert "packed in a way that no archive is" in refused(app, stream.getvalue())


def test_a_bomb_is_refused_while_it_is_read(app: Flask, archive: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    content, rows = members(archive), b'{"id": 1}' + b" " * 1000 + b"\n"
    manifest = json.loads(content["manifest.json"])
    manifest["tables"]["jobs"]["bytes"] = 10**12
    content["manifest.json"] = json.dumps(manifest).encode()
    bomb = io.BytesIO()
    with ZipFile(bomb, "w", ZIP_DEFLATED) as made:
        for name, one in content.items():
            if name != "tables/jobs.ndjson":
                made.writestr(name, one)
        with made.open("tables/jobs.ndjson", "w") as member:
            for _ in range(60):
                member.write(rows * 1000)
    tracemalloc.start()
    try:
        with Archive(io.BytesIO(bomb.getvalue()), "bomb.zip") as opened, pytest.raises(ArchiveRefused, match="300 times its size"):
            for _ in opened.lines("jobs"):
                pass
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    refused(app, bomb.getvalue())
    monkeypatch.setattr(archive_file, "LINE_LIMIT", 400_000)
    # One line without an end.
    content["tables/jobs.ndjson"] = b" " * 1_000_000
    assert "is longer than 400,000 bytes" in refused(app, packed(content))
    content = members(archive) | {"schema.json": b" " * 4_100_000}
    assert "schema.json is longer than" in refused(app, packed(content))


def test_a_list_of_very_many_members_is_not_read(app: Flask, archive: bytes) -> None:
    stream = io.BytesIO(archive)
    with ZipFile(stream, "a") as opened:
        for number in range(9000):
            opened.writestr(f"{number:0100}", b"")
    assert "no archive of a forum" in refused(app, stream.getvalue())


def test_a_database_that_is_used_is_not_touched(app: Flask, archive: bytes) -> None:
    make_world(app)
    assert "The database is in use: it has rows in 'accounts'." in refused(app, archive)
    empty_database()
    with app.app_context(), reading() as session:
        assert everything(session, secrets=True)["accounts"] == []


def test_a_site_that_was_set_up_is_not_touched(app: Flask, archive: bytes) -> None:
    with writing() as session:
        session.execute(text("UPDATE sites SET sso_issuer = 'https://login.example'"))
    assert "it has rows in 'sites'" in refused(app, archive)


def damaged(archive: bytes, chance: random.Random) -> bytes:
    """Return the archive with a few bytes other than they were, or without a piece."""
    broken = bytearray(archive)
    if chance.random() < 0.2:
        start = chance.randrange(len(broken))
        del broken[start : start + chance.randrange(1, 400)]
        return bytes(broken)
    # Where the lists of members are, a byte does more.
    tail = chance.random() < 0.5
    for _ in range(chance.choice((1, 1, 2, 8))):
        broken[chance.randrange(len(broken) * 7 // 10 if tail else 0, len(broken))] = chance.randrange(256)
    return bytes(broken)


ODD: tuple[Any, ...] = (
    None,
    -1,
    0,
    1,
    2**40,
    2**63,
    1.5,
    1e308,
    True,
    "",
    "x",
    "x" * 1000,
    "\u202e",
    [],
    {},
    [1],
    {"a": 1},
    "AAE=",
    "2026-01-01T00:00:00Z",
)


def scrambled(archive: bytes, chance: random.Random) -> bytes:
    """Return the archive with a few values other than they were, and sums that fit."""

    def change(manifest: Json, schema: Json, rows: Rows) -> None:
        for _ in range(chance.choice((1, 1, 3))):
            row = chance.choice([row for table in rows.values() for row in table] + [manifest, chance.choice(schema["tables"])] * 3)
            row[chance.choice(list(row))] = chance.choice(ODD)

    return changed(archive, change)


def fuzz_values(app: Flask, archive: bytes, times: int) -> None:
    """Read archives with odd values: each is refused by a sentence, or is one that a database may hold."""
    chance = random.Random(6)
    outcomes = set()
    for _ in range(times):
        try:
            broken = scrambled(archive, chance)
        except (TypeError, AttributeError, KeyError):
            # What is no manifest any more cannot be given sums.
            continue
        try:
            restored(app, broken, dry_run=True)
            outcomes.add("taken")
        except ImportRefused:
            outcomes.add("refused")
    assert "refused" in outcomes
    assert everything_in(app, secrets=True)["accounts"] == []


def test_odd_values_are_refused_by_a_sentence(app: Flask, archive: bytes) -> None:
    fuzz_values(app, archive, 15)


@pytest.mark.slow
def test_many_odd_values_are_refused_by_a_sentence(app: Flask, archive: bytes) -> None:
    fuzz_values(app, archive, 600)


def fuzz(app: Flask, archive: bytes, times: int) -> None:
    """Read damaged archives; what is not refused must be the whole."""
    chance = random.Random(5)
    whole = None
    for _ in range(times):
        broken = damaged(archive, chance)
        try:
            restored(app, broken, dry_run=True)
        except ImportRefused:
            continue
        # A byte that says nothing – a date in the zip's list – may be any; what is read has its sums.
        whole = whole or {name: one for name, one in members(archive).items() if name.startswith("tables/")}
        with zipfile.ZipFile(io.BytesIO(broken)) as opened:
            assert all(opened.read(name) == one for name, one in whole.items())
    assert everything_in(app, secrets=True)["accounts"] == []


def test_damaged_archives_are_refused_by_a_sentence(app: Flask, archive: bytes) -> None:
    fuzz(app, archive, 40)


@pytest.mark.slow
def test_many_damaged_archives_are_refused_by_a_sentence(app: Flask, archive: bytes) -> None:
    fuzz(app, archive, 3000)


def test_the_reader_for_other_discussions_refuses_alike(app: Flask, archive: bytes, tmp_path: Any) -> None:
    file = tmp_path / "archive.zip"
    for broken in (archive[:-30], changed(archive, CHANGES["text as number"][0]), changed(archive, CHANGES["no such state"][0]), b""):
        file.write_bytes(broken)
        with pytest.raises(ImportRefused):
            list(read(file, lambda _: None))
    with pytest.raises(ImportRefused, match=r"cannot be read: No such file"):
        list(read(tmp_path / "nothing.zip", lambda _: None))


def test_a_manifest_that_promises_too_much_is_noticed(app: Flask, archive: bytes) -> None:
    content = members(archive)
    manifest = json.loads(content["manifest.json"])
    manifest["tables"]["comments"]["rows"] = 10**15
    assert "not what the manifest says" in refused(app, packed(content | {"manifest.json": json.dumps(manifest).encode()}))
