"""A database of the first version with people's words in it: the way up and down again loses none of them, killed or not.

The rows are inserted by SQL against the first version's own schema, since the models know only the newest.
"""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import Engine, MetaData, Table, event, select

from forum.app import create_app
from forum.db.base import db
from forum.db.schema import bring_up_to_date, schema_head, schema_revision
from forum.db.transaction import reading
from forum.paths import resource
from tests.conftest import test_settings
from tests.db.catalogue import read_catalogue
from tests.seeding import START
from tests.stances.recount import find_miscounts

MIGRATIONS = str(resource("migrations"))
STANCES = ("agreement", "disagreement", "skepticism", "encouragement")
# Everything that people have said or done in the first version; not what a server keeps for itself.
KEPT = (
    "sites",
    "accounts",
    "memberships",
    "api_tokens",
    "series",
    "articles",
    "article_addresses",
    "article_authors",
    "comments",
    "revisions",
    "tags",
    "tag_events",
    "external_refs",
)
# A thread in every state: (id, parent, root, depth, writer, state, stance). The second thread's root is held.
THREAD = (
    (1, None, 1, 0, 2, "visible", "skepticism"),
    (2, 1, 1, 1, 1, "visible", None),
    (3, 1, 1, 1, 3, "withdrawn", "agreement"),
    (4, 3, 1, 2, 2, "visible", None),
    (5, 1, 1, 1, 4, "held", None),
    (6, None, 6, 0, 4, "held", "disagreement"),
    (7, None, 7, 0, 3, "erased", None),
    (8, 7, 7, 1, 2, "visible", "encouragement"),
    (9, None, 9, 0, 4, "removed", "agreement"),
    (10, None, 10, 0, 3, "screened", None),
    (11, None, 11, 0, 3, "visible", "encouragement"),
    (12, 4, 1, 3, 1, "visible", None),
)
# What the author had answered as the first version saw it, and as it is seen now: everything above an answer.
ANSWERED_THEN, ANSWERED_NOW = {1, 4}, {1, 3, 4}
TAGS = ((1, 3, "agreement"), (1, 4, "skepticism"), (4, 3, "disagreement"), (11, 2, "encouragement"), (3, 2, "skepticism"))
EDITED = (1, 3)
Rows = dict[str, list[dict[str, Any]]]


def moment(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def first_rows() -> Rows:
    """Return what is in the database of the first version, with all of its counts right."""
    scores = {comment_id: [stance for on, _, stance in TAGS if on == comment_id] for comment_id, *_ in THREAD}
    visible = [row for row in THREAD if row[5] == "visible"]
    comments = [
        {
            "id": comment_id,
            "site_id": 1,
            "article_id": 1,
            "parent_id": parent,
            "root_id": root,
            "depth": depth,
            "author_id": writer,
            "state": state,
            "stance": stance,
            "body_md": None if state == "erased" else f"Words {comment_id} – „so“ 🌱",
            "body_html": None if state == "erased" else f"<p>Words {comment_id} – „so“ 🌱</p>\n",
            "renderer": 1,
            "version": 2 if comment_id in EDITED else 1,
            "created_at": moment(comment_id),
            "published_at": moment(comment_id) if comment_id in (1, 2) else None,
            "edited_at": moment(30) if comment_id == 1 else None,
            "withdrawn_at": moment(40) if state == "withdrawn" else None,
            "activity_at": moment(
                max(row[0] for row in THREAD if comment_id in (row[0], row[1], row[2]) and (row[5] != "held" or row[0] == comment_id))
            ),
            "lead": 2 if comment_id == 11 else 0,
            "featured": None,
            "reply_count": len([row for row in visible if row[1] == comment_id]),
            "thread_count": len([row for row in THREAD if row[2] == comment_id != row[0] and row[5] != "held"]),
            "author_replied": comment_id in ANSWERED_THEN,
            **{f"tag_{stance}": scores[comment_id].count(stance) for stance in STANCES},
            "tag_n": len(scores[comment_id]),
            "doubt_rank": -len([stance for stance in scores[comment_id] if stance in ("disagreement", "skepticism")]),
            **{
                f"thread_{stance}": sum(scores[row[0]].count(stance) for row in visible if row[2] == comment_id and depth == 0)
                for stance in STANCES
            },
        }
        for comment_id, parent, root, depth, writer, state, stance in THREAD
    ]
    return {
        "accounts": [
            {"id": number, "handle": handle, "email": f"{handle}@example.org", "display_name": handle.title(), "created_at": START}
            for number, handle in enumerate(("anna", "ben", "cleo", "dora"), 1)
        ],
        "memberships": [{"account_id": 1, "site_id": 1, "role": "publisher"}],
        "api_tokens": [
            {"account_id": 2, "name": "a script", "hint": "fo_abc", "token_hash": "0" * 64, "scopes": "read comment", "created_at": START}
        ],
        "series": [{"id": 1, "site_id": 1, "slug": "parts", "title": "Parts"}],
        "articles": [
            {
                "id": 1,
                "site_id": 1,
                "slug": "on-touch",
                "title": "On touch",
                "series_id": 1,
                "part": 1,
                "created_at": START,
                "last_activity_at": moment(12),
                "version": 25,
                "comment_count": len(visible),
                **{f"stance_{stance}": len([row for row in visible if row[3] == 0 and row[6] == stance]) for stance in STANCES},
                **{f"tag_{stance}": sum(scores[row[0]].count(stance) for row in visible) for stance in STANCES},
            }
        ],
        "article_addresses": [{"site_id": 1, "article_id": 1, "address": "https://host.example/a", "address_hash": "1" * 64}],
        "article_authors": [{"article_id": 1, "account_id": 1, "position": 0}],
        "comments": comments,
        "revisions": [
            {
                "comment_id": row["id"],
                "number": number,
                "body_md": f"Words {row['id']}, text {number}",
                "stance": row["stance"],
                "created_at": row["created_at"],
            }
            for row in comments
            if row["state"] != "erased"
            for number in range(1, (2 if row["id"] in EDITED else 1) + 1)
        ],
        "tags": [
            {"comment_id": on, "account_id": who, "stance": stance, "counted": True, "created_at": moment(50), "changed_at": moment(50)}
            for on, who, stance in TAGS
        ],
        "tag_events": [
            {"comment_id": on, "account_id": who, "stance": stance, "created_at": moment(49 + turn)}
            for on, who, final in TAGS
            for turn, stance in enumerate((None, final))
        ],
        "external_refs": [{"site_id": 1, "source": "isso", "kind": "comment", "external_id": "17", "local_id": 4}],
    }


def reflect(engine: Engine) -> MetaData:
    found = MetaData()
    found.reflect(engine)
    return found


def read_rows(engine: Engine) -> Rows:
    """Return every row of what is kept, as the database itself has it, in the order of the keys."""
    tables = reflect(engine).tables
    with engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(select(tables[name]).order_by(*tables[name].primary_key)).mappings()]
            for name in KEPT
        }


def insert_rows(engine: Engine, rows: Rows) -> None:
    tables = reflect(engine).tables
    with engine.begin() as connection:
        for name, values in rows.items():
            for row in values:
                connection.execute(tables[name].insert(), plain(tables[name], row) if engine.dialect.name == "sqlite" else row)


def plain(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    # SQLite's own type of a moment is a naive one, in UTC.
    return {name: value.replace(tzinfo=None) if isinstance(value, datetime) else value for name, value in row.items() if name in table.c}


def only_known(rows: Rows, columns: Rows) -> Rows:
    """Return ``rows`` without the columns that the first version does not have."""
    return {name: [{key: value for key, value in row.items() if key in columns[name][0]} for row in rows[name]] for name in rows}


@pytest.fixture
def first(make_app: Callable[..., Flask]) -> tuple[Flask, Rows]:
    """A database of the first version with a thread in it, and all that it holds."""
    app = make_app()
    with app.app_context():
        flask_migrate.downgrade(directory=MIGRATIONS, revision="base")
        flask_migrate.upgrade(directory=MIGRATIONS, revision="0001")
        insert_rows(db.engine, first_rows())
        rows = read_rows(db.engine)
        assert {name: len(found) for name, found in rows.items() if name != "sites"} == {
            name: len(values) for name, values in first_rows().items()
        }
        db.session.remove()
        db.engine.dispose()
    return app, rows


def check_upgraded(rows: Rows, engine: Engine) -> None:
    """The newest version has every row as it was, and knows of each comment whether and since when it has a place."""
    upgraded = read_rows(engine)
    before = {name: [dict(row) for row in found] for name, found in rows.items()}
    for was in before["comments"]:
        was["author_replied"] = was["id"] in ANSWERED_NOW
        if was["state"] != "held":
            was["published_at"] = was["published_at"] or was["created_at"]
    assert only_known(upgraded, rows) == before
    for row in upgraded["comments"]:
        assert bool(row["listed"]) == (row["state"] != "held"), row
        assert (row["published_at"] is None) == (row["state"] == "held"), row
        nothing = ("fingerprint", "notice", "restriction_by", "restriction_reason", "restriction_id", "withdrawn_from")
        assert [row[name] for name in nothing] == [None] * len(nothing)
    assert {row["state"] for row in upgraded["revisions"]} == {"accepted"}
    with reading() as session:
        assert schema_revision(session) == schema_head()
        # The scores were not part of what was inserted.
        assert [line for line in find_miscounts(session) if "score_" not in line] == []


def test_nothing_is_lost_on_the_way_up(first: tuple[Flask, Rows], make_app: Callable[..., Flask]) -> None:
    app, rows = first
    fresh = make_app()
    with fresh.app_context():
        catalogue = read_catalogue(db.engine)
    with app.app_context():
        assert bring_up_to_date() is True
        check_upgraded(rows, db.engine)
        assert read_catalogue(db.engine) == catalogue
    answer: Any = app.test_client().get("/api/v1/articles/1/comments?sort=oldest&replies=50").json
    shown = [item["id"] for item in answer["items"]] + [reply["id"] for item in answer["items"] for reply in item["replies"]]
    # What is pinned comes first; what was held has no place.
    assert shown == [11, 1, 7, 9, 10, 2, 3, 4, 12, 8]


def test_and_on_the_way_down(first: tuple[Flask, Rows]) -> None:
    app, rows = first
    with app.app_context():
        catalogue = read_catalogue(db.engine)
        assert bring_up_to_date() is True
        db.session.remove()
        flask_migrate.downgrade(directory=MIGRATIONS, revision="0001")
        assert read_catalogue(db.engine) == catalogue
        back = read_rows(db.engine)
        # When each was published stays written down, and what the author has answered.
        for was in rows["comments"]:
            was["author_replied"] = was["id"] in ANSWERED_NOW
            if was["state"] != "held":
                was["published_at"] = was["published_at"] or was["created_at"]
        assert back == rows
        db.session.remove()
        assert bring_up_to_date() is True
        check_upgraded(rows, db.engine)


def upgrade_and_be_killed(app: Flask, moment: int | str) -> int:
    """Upgrade in a process of its own that is killed right after the change with this number, or one that begins so; return how it ended."""
    settings = app.extensions["forum_settings"]
    process = os.fork()
    if process == 0:
        try:
            seen = 0

            def kill(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
                nonlocal seen
                seen += statement.lstrip().startswith(("ALTER", "CREATE", "DROP", "INSERT", "UPDATE"))
                if seen == moment or statement.lstrip().startswith(str(moment)):
                    os.kill(os.getpid(), signal.SIGKILL)

            again = create_app(test_settings(Path(settings.data_dir), settings.database_url))
            with again.app_context():
                event.listen(db.engine, "after_cursor_execute", kill)
                bring_up_to_date()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


# The first column, the one that is checked, the new columns' values, the listing's indexes half made, tables, triggers, and all but the version.
MOMENTS: Sequence[int | str] = (1, 2, "UPDATE comments", 20, 30, "CREATE TABLE review_items", "CREATE TRIGGER", "UPDATE alembic_version")


def test_killed_on_the_way_up_and_run_again(first: tuple[Flask, Rows]) -> None:
    app, rows = first
    with app.app_context():
        catalogue = read_catalogue(db.engine)
        db.engine.dispose()
    for moment_of_kill in MOMENTS:
        assert upgrade_and_be_killed(app, moment_of_kill) == -signal.SIGKILL, moment_of_kill
        with app.app_context():
            assert read_rows(db.engine) == rows, moment_of_kill
            assert read_catalogue(db.engine) == catalogue, moment_of_kill
            with reading() as session:
                assert schema_revision(session) == "0001"
            db.session.remove()
            db.engine.dispose()
    with app.app_context():
        assert bring_up_to_date() is True
        check_upgraded(rows, db.engine)
