"""Small exports of the formats that are JSON or a database, built from the few facts a test is about."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

BASE = "https://blog.example"


def remark(*comments: dict[str, Any], **first: Any) -> str:
    """A Remark42 backup."""
    return "\n".join(json.dumps(one) for one in ({"version": 1, "users": [], "posts": [], **first}, *comments)) + "\n"


def remark_comment(id_: str, **more: Any) -> dict[str, Any]:
    """A comment of a Remark42 backup."""
    return {
        "id": id_,
        "pid": "",
        "text": "<p>Hello.</p>",
        "user": {"name": "Anna", "id": "github_1", "picture": ""},
        "locator": {"site": "blog", "url": f"{BASE}/one"},
        "score": 0,
        "votes": {},
        "time": "2018-01-01T00:00:00Z",
        **more,
    }


def commento(*comments: dict[str, Any], commenters: list[dict[str, Any]] | None = None) -> str:
    """A Commento export."""
    anna = [{"commenterHex": "aa", "name": "Anna", "email": "anna@host.example"}]
    return json.dumps({"version": 1, "comments": comments, "commenters": anna if commenters is None else commenters})


def commento_comment(id_: str, **more: Any) -> dict[str, Any]:
    """A comment of a Commento export."""
    return {
        "commentHex": id_,
        "domain": "blog.example",
        "url": "/one",
        "commenterHex": "aa",
        "markdown": "Hello.",
        "html": "",
        "parentHex": "root",
        "score": 0,
        "state": "approved",
        "creationDate": "2018-01-01T00:00:00Z",
        "deleted": False,
        **more,
    }


def comentario(*comments: dict[str, Any], **more: Any) -> str:
    """A Comentario export of version 3 with one page."""
    page = {"id": "p1", "domainId": "d", "path": "/one", "title": "One", "isReadonly": False, "createdTime": "2017-01-01T00:00:00Z"}
    anna = {"id": "u1", "name": "Anna", "email": "anna@host.example"}
    return json.dumps({"version": 3, "pages": [page], "comments": comments, "commenters": [anna], **more})


def comentario_comment(id_: str, **more: Any) -> dict[str, Any]:
    """A comment of a Comentario export of version 3."""
    return {
        "id": id_,
        "pageId": "p1",
        "markdown": "Hello.",
        "html": "<p>Hello.</p>",
        "score": 0,
        "isSticky": False,
        "isApproved": True,
        "isPending": False,
        "isDeleted": False,
        "createdTime": "2018-01-01T00:00:00Z",
        "userCreated": "u1",
        "url": f"{BASE}/one#comentario-{id_}",
        **more,
    }


def generic(*threads: dict[str, Any]) -> str:
    """A file for Isso's generic importer."""
    return json.dumps(threads)


def generic_comment(number: Any, **more: Any) -> dict[str, Any]:
    """A comment for Isso's generic importer."""
    said = {"author": "Anna", "email": "", "website": "", "remote_addr": "0.0.0.0", "created": "2018-01-01 00:00:00", "text": "Hello."}
    return {"id": number, **said, **more}


COLUMNS = ("tid", "id", "parent", "created", "modified", "mode", "remote_addr", "text", "author", "email", "website", "likes", "dislikes")


def write_isso(file: Path, *comments: dict[str, Any], uris: tuple[str, ...] = ("/one",), journal: str = "delete") -> Path:
    """A database of Isso."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute(f"PRAGMA journal_mode={journal}")
        database.execute("CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR(256) UNIQUE, title VARCHAR(256))")
        database.execute(f"CREATE TABLE comments ({', '.join(COLUMNS)}, voters BLOB, notification INTEGER DEFAULT 0, PRIMARY KEY (id))")
        database.execute("BEGIN")
        database.executemany("INSERT INTO threads (uri, title) VALUES (?, 'One')", [(uri,) for uri in uris])
        add_to_isso(database, *comments)
        database.execute("COMMIT")
    return file


def add_to_isso(database: sqlite3.Connection, *comments: dict[str, Any]) -> None:
    """Add comments to a database of Isso."""
    for one in comments:
        said = {"tid": 1, "created": 1514764800.0, "mode": 1, "text": "Hello.", "author": "Anna", "likes": 0, "dislikes": 0, **one}
        names = ", ".join(said)
        database.execute(f"INSERT INTO comments ({names}) VALUES ({', '.join('?' * len(said))})", tuple(said.values()))
