"""Writes exports of the same made-up discussion in the formats that are imported, in constant memory; for the benchmark of importing and for tests.

Each article has its own threads; of ten comments three begin one and the others answer one of the last few, a level deeper at times.
"""

import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from xml.sax.saxutils import escape

EACH = 1000
WRITERS = 2000
_BEGUN = datetime(2014, 1, 1, tzinfo=UTC)
_WORDS = (
    "The second table contradicts the text above it, and nobody has said so yet.",
    "I could not repeat this with the data that you published.",
    "Which of the three samples is meant here?",
    "Thank you for showing how it was computed; that is rare.",
    "The confidence interval is wider than the effect, so I would not build on it.",
    "Have you looked at *the second wave* of the survey?",
    "See https://example.org/study for more.",
)


@dataclass(frozen=True)
class Comment:
    """A made-up comment: its number, its page, the number of what it answers (0: nothing), who wrote it, when, and its text."""

    number: int
    page: int
    parent: int
    writer: int
    at: datetime
    text: str


def make_comments(count: int) -> Iterator[Comment]:
    """Yield ``count`` comments in the order of time; the same ones every time."""
    for number in range(1, count + 1):
        within = (number - 1) % EACH
        parent = number - 1 - (number * 7) % min(within, 5) if within and number % 10 > 2 else 0
        text = "\n\n".join(f"{_WORDS[(number * 31 + i) % len(_WORDS)]} ({number})" for i in range(1 + number % 4))
        yield Comment(number, (number - 1) // EACH, parent, (number * 7919) % WRITERS, _BEGUN + timedelta(minutes=7 * number), text)


def write_disqus(file: Path, count: int) -> None:
    """Write a Disqus export."""
    with file.open("w", encoding="utf-8") as out:
        out.write(
            '<?xml version="1.0" encoding="utf-8"?>\n<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">\n'
        )
        for page in range(-(-count // EACH)):
            out.write(
                f'<thread dsq:id="t{page}"><id>/page/{page}/</id><forum>bench</forum><link>https://blog.example/page/{page}/</link>'
                f"<title>Page {page}</title><createdAt>2014-01-01T00:00:00Z</createdAt><isClosed>false</isClosed><isDeleted>false</isDeleted></thread>\n"
            )
        for one in make_comments(count):
            above = f'<parent dsq:id="p{one.parent}"/>' if one.parent else ""
            body = escape("".join(f"<p>{part}</p>" for part in one.text.split("\n\n")))
            out.write(
                f'<post dsq:id="p{one.number}"><id/><message>{body}</message><createdAt>{one.at:%Y-%m-%dT%H:%M:%SZ}</createdAt>'
                f"<isDeleted>false</isDeleted><isSpam>false</isSpam><author><name>Writer {one.writer}</name>"
                f"<email>writer{one.writer}@host.example</email><isAnonymous>false</isAnonymous><username>writer{one.writer}</username></author>"
                f'<thread dsq:id="t{one.page}"/>{above}</post>\n'
            )
        out.write("</disqus>\n")


def write_commento(file: Path, count: int) -> None:
    """Write a Commento export."""
    with file.open("w", encoding="utf-8") as out:
        out.write('{"version":1,"comments":[')
        for one in make_comments(count):
            values = {
                "commentHex": f"{one.number:064x}",
                "domain": "blog.example",
                "url": f"/page/{one.page}/",
                "commenterHex": f"{one.writer + 1:064x}",
                "markdown": one.text,
                "html": "",
                "parentHex": f"{one.parent:064x}" if one.parent else "root",
                "score": one.number % 3,
                "state": "approved",
                "creationDate": f"{one.at:%Y-%m-%dT%H:%M:%SZ}",
                "direction": 0,
                "deleted": False,
            }
            out.write(("," if one.number > 1 else "") + json.dumps(values))
        writers = (
            {"commenterHex": f"{writer + 1:064x}", "email": f"writer{writer}@host.example", "name": f"Writer {writer}"}
            for writer in range(WRITERS)
        )
        out.write('],"commenters":[' + ",".join(map(json.dumps, writers)) + "]}")


def write_remark42(file: Path, count: int) -> None:
    """Write a packed Remark42 backup."""
    with gzip.open(file, "wt", encoding="utf-8", compresslevel=1) as out:
        out.write('{"version":1,"users":[],"posts":[]}\n')
        for one in make_comments(count):
            values = {
                "id": f"c{one.number}",
                "pid": f"c{one.parent}" if one.parent else "",
                "text": "".join(f"<p>{part}</p>" for part in one.text.split("\n\n")),
                "orig": one.text,
                "user": {"name": f"Writer {one.writer}", "id": f"github_{one.writer:040x}", "picture": "", "admin": False},
                "locator": {"site": "blog", "url": f"https://blog.example/page/{one.page}/"},
                "score": 0,
                "vote": 0,
                "time": f"{one.at:%Y-%m-%dT%H:%M:%S.123456789Z}",
            }
            out.write(json.dumps(values) + "\n")


def write_isso(file: Path, count: int) -> None:
    """Write a database of Isso."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR(256) UNIQUE, title VARCHAR(256))")
        database.execute(
            "CREATE TABLE comments (tid REFERENCES threads(id), id INTEGER PRIMARY KEY, parent INTEGER, created FLOAT NOT NULL, modified FLOAT,"
            " mode INTEGER, remote_addr VARCHAR, text VARCHAR NOT NULL, author VARCHAR, email VARCHAR, website VARCHAR, likes INTEGER DEFAULT 0,"
            " dislikes INTEGER DEFAULT 0, voters BLOB NOT NULL, notification INTEGER DEFAULT 0)"
        )
        for page, comments in groupby(make_comments(count), key=lambda one: one.page):
            database.execute("INSERT INTO threads VALUES (?, ?, ?)", (page + 1, f"/page/{page}/", f"Page {page}"))
            database.executemany(
                "INSERT INTO comments VALUES (?, ?, ?, ?, NULL, 1, '127.0.0.0', ?, ?, ?, NULL, 0, 0, zeroblob(256), 0)",
                (
                    (
                        page + 1,
                        one.number,
                        one.parent or None,
                        one.at.timestamp(),
                        one.text,
                        f"Writer {one.writer}",
                        f"writer{one.writer}@host.example",
                    )
                    for one in comments
                ),
            )


# By the name of the format, with the ending that such a file has.
WRITE: Mapping[str, tuple[str, Callable[[Path, int], None]]] = MappingProxyType(
    {
        "disqus": ("disqus.xml", write_disqus),
        "commento": ("commento.json", write_commento),
        "remark42": ("backup.ndjson.gz", write_remark42),
        "isso": ("comments.db", write_isso),
    }
)
