"""Puts what a reader yields in order, in bounded memory: a private SQLite file that vanishes with the process; used by the engine.

The rule: the whole file is read and judged here before the first row is written anywhere else; parents come before replies, otherwise time
decides. Plain sqlite3, because this is not the forum's database.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from forum.transfer.records import (
    NOBODY,
    ArticleState,
    Changed,
    CommentState,
    ImportedArticle,
    ImportedComment,
    ImportedPerson,
    Kind,
    LeftOut,
    Record,
    sample,
)
from forum.transfer.report import Report

BODY_LIMIT = 100_000
_CACHE_KIB = 8_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TABLES = """
CREATE TABLE article (external_id TEXT PRIMARY KEY, url TEXT, title TEXT, created INTEGER, is_closed INTEGER, state TEXT, line INTEGER)
  WITHOUT ROWID;
CREATE TABLE comment (n INTEGER PRIMARY KEY, external_id TEXT UNIQUE, article TEXT, parent TEXT, person TEXT, name TEXT, created INTEGER,
  body TEXT, state TEXT, line INTEGER);
CREATE TABLE node (n INTEGER PRIMARY KEY, parent_n INTEGER, created INTEGER, live INTEGER);
CREATE TABLE placed (n INTEGER PRIMARY KEY, parent_n INTEGER, level INTEGER, moment INTEGER);
CREATE TABLE kept (n INTEGER PRIMARY KEY);
CREATE TABLE ordered (seq INTEGER PRIMARY KEY, n INTEGER);
CREATE TABLE seen (kind TEXT, external_id TEXT, PRIMARY KEY (kind, external_id)) WITHOUT ROWID;
"""
# A parent counts only within the same article; a comment that names itself has none.
_NODES = """
INSERT INTO node SELECT c.n, p.n, min(coalesce(c.created, a.created, :now), :now), c.state = 'visible'
FROM comment c JOIN article a ON a.external_id = c.article AND a.state = 'published'
LEFT JOIN comment p ON p.external_id = c.parent AND p.article = c.article AND p.n <> c.n
"""
# A reply never comes before what it answers, whatever its date says; otherwise ids follow time.
_PLACE = """
WITH RECURSIVE tree (n, parent_n, level, moment) AS (
  SELECT n, NULL, 0, created FROM node WHERE {start}
  UNION ALL
  SELECT node.n, node.parent_n, tree.level + 1, max(node.created, tree.moment)
  FROM tree JOIN node ON node.parent_n = tree.n AND node.n <> :start
) INSERT INTO placed SELECT n, parent_n, level, moment FROM tree
"""
_KEEP = """
WITH RECURSIVE up (n) AS (
  SELECT n FROM node WHERE live
  UNION
  SELECT placed.parent_n FROM up JOIN placed ON placed.n = up.n WHERE placed.parent_n IS NOT NULL
) INSERT INTO kept SELECT n FROM up
"""
_WITHOUT_ARTICLE = """
SELECT c.external_id, c.body, a.state FROM comment c LEFT JOIN article a ON a.external_id = c.article
WHERE a.state IS NOT 'published' ORDER BY c.n
"""
_ORPHANS = """
SELECT c.external_id, c.body FROM comment c JOIN node USING (n) WHERE c.parent IS NOT NULL AND node.parent_n IS NULL AND live ORDER BY n
"""
_FROM_THE_FUTURE = "SELECT c.external_id, c.created FROM comment c JOIN node USING (n) WHERE c.created > ? AND live ORDER BY n"
_NOT_VISIBLE = """
SELECT c.external_id, c.body, c.state, kept.n FROM comment c JOIN node USING (n) LEFT JOIN kept USING (n) WHERE NOT live ORDER BY c.n
"""
_NOT_DISCUSSED = """
SELECT external_id, title, url, state FROM article a
WHERE state <> 'published' OR NOT EXISTS (SELECT 1 FROM comment c JOIN kept USING (n) WHERE c.article = a.external_id) ORDER BY line
"""
_BATCH = """
SELECT o.seq, c.external_id, c.article, parent.external_id, c.person, c.name, node.created, c.body, node.live,
  EXISTS (SELECT 1 FROM placed k JOIN kept ON kept.n = k.n WHERE k.parent_n = c.n)
FROM ordered o JOIN comment c ON c.n = o.n JOIN node ON node.n = c.n JOIN placed ON placed.n = c.n
LEFT JOIN comment parent ON parent.n = placed.parent_n
WHERE o.seq > ? ORDER BY o.seq LIMIT ?
"""
_LIVE = CommentState.VISIBLE.value
_WHY_NOT = {
    CommentState.HELD.value: "it waits for approval there: approve it and import again",
    CommentState.SPAM.value: "it is marked as spam",
    CommentState.DELETED.value: "it was deleted there",
    "empty": "it has no text",
    "oversized": f"it is longer than {BODY_LIMIT:,} characters",
}
_ARTICLE_WHY_NOT = {ArticleState.UNPUBLISHED.value: "it is not public there", ArticleState.DELETED.value: "it was deleted there"}


@dataclass(frozen=True)
class Planned:
    """A comment in its place: its parent, if it has one, was planned before it. A placeholder has no text to show, only replies to hold."""

    external_id: str
    article_external_id: str
    parent_external_id: str | None
    author: ImportedPerson
    created_at: datetime
    body_html: str
    is_placeholder: bool
    is_answered: bool


class Scratch:
    """The file's records laid out on disk; a context manager. ``add`` them all, ``arrange`` once, then take ``batches``."""

    def __init__(self, report: Report, moment: datetime) -> None:
        self._report = report
        self._now = _micros(moment)
        # An empty name is a private temporary file, deleted by SQLite (even by kill -9: it has no name in the folder).
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{_CACHE_KIB}; {_TABLES} BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._db.close()

    def add(self, record: Record) -> None:
        """Keep one record; of two with one id the first stays."""
        if isinstance(record, ImportedArticle):
            self._add_article(record)
        elif isinstance(record, ImportedComment):
            self._add_comment(record)
        else:
            # What a reader leaves out by itself was in the file as well.
            self._report.articles.in_file += isinstance(record, LeftOut) and record.kind is Kind.ARTICLE
            self._report.comments.in_file += isinstance(record, LeftOut) and record.kind is Kind.COMMENT
            self._report.note(record)

    def arrange(self) -> int:
        """Decide what is brought in, where it stands and in which order, and return how many comments that is."""
        self._leave_out_with_articles()
        self._db.execute(_NODES, {"now": self._now})
        self._db.execute("CREATE INDEX node_parent ON node (parent_n)")
        self._note_changes()
        self._db.execute(_PLACE.format(start="parent_n IS NULL"), {"start": 0})
        self._break_cycles()
        self._db.execute(_KEEP)
        self._db.execute("CREATE INDEX placed_parent ON placed (parent_n)")
        self._db.execute("INSERT INTO ordered (n) SELECT n FROM placed JOIN kept USING (n) ORDER BY moment, level, n")
        self._note_left_out()
        return int(self._db.execute("SELECT count(*) FROM ordered").fetchone()[0])

    def batches(self, size: int) -> Iterator[list[Planned]]:
        """Yield the planned comments, at most ``size`` at a time, parents before replies."""
        last = 0
        while rows := self._db.execute(_BATCH, (last, size)).fetchall():
            last = rows[-1][0]
            yield [_planned(row) for row in rows]

    def article(self, external_id: str) -> ImportedArticle:
        """Return an article of a planned comment."""
        row = self._db.execute("SELECT url, title, created, is_closed, line FROM article WHERE external_id = ?", (external_id,)).fetchone()
        created_at = None if row[2] is None else min(_moment(row[2]), _moment(self._now))
        return ImportedArticle(external_id, row[0], row[1], created_at, bool(row[3]), ArticleState.PUBLISHED, row[4])

    def is_first(self, kind: str, external_id: str) -> bool:
        """Return whether this is the first time that this import asks for the thing: what several comments share is counted once."""
        return bool(self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (kind, external_id)).rowcount)

    def _add_article(self, article: ImportedArticle) -> None:
        self._report.articles.in_file += 1
        created = _micros(article.created_at) if article.created_at else None
        values = (article.external_id, article.url, article.title, created, article.is_closed, article.state.value, article.line)
        if not self._db.execute("INSERT OR IGNORE INTO article VALUES (?, ?, ?, ?, ?, ?, ?)", values).rowcount:
            self._report.note(
                LeftOut(
                    Kind.ARTICLE, article.external_id, "its id stands twice in the file: the first one is taken", f"line {article.line}"
                )
            )

    def _add_comment(self, comment: ImportedComment) -> None:
        self._report.comments.in_file += 1
        state, body = comment.state.value, comment.body_html
        if state == _LIVE:
            state = "oversized" if len(body) > BODY_LIMIT else state if body.strip() else "empty"
        created = _micros(comment.created_at) if comment.created_at else None
        place = (comment.external_id, comment.article_external_id, comment.parent_external_id)
        said = (comment.author.external_id, comment.author.name, created, body if state == _LIVE else sample(body), state, comment.line)
        values = (*place, *said)
        if not self._db.execute("INSERT OR IGNORE INTO comment VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values).rowcount:
            self._report.note(
                LeftOut(Kind.COMMENT, comment.external_id, "its id stands twice in the file: the first one is taken", sample(body))
            )

    def _leave_out_with_articles(self) -> None:
        for external_id, body, state in self._db.execute(_WITHOUT_ARTICLE):
            why = f"its article is left out: {_ARTICLE_WHY_NOT[state]}" if state else "its article is not in the file"
            self._report.note(LeftOut(Kind.COMMENT, external_id, why, sample(body)))

    def _note_changes(self) -> None:
        for external_id, body in self._db.execute(_ORPHANS):
            why = "what it answers is not in the file under its article: it stands at the top level"
            self._report.note(Changed(Kind.COMMENT, external_id, why, sample(body)))
        for external_id, created in self._db.execute(_FROM_THE_FUTURE, (self._now,)):
            why = "it is dated in the future: the time of the import is used"
            self._report.note(Changed(Kind.COMMENT, external_id, why, _moment(created).isoformat()))

    def _break_cycles(self) -> None:
        """Give every circle of parents a beginning: its first comment in the file stands at the top level."""
        loose = "SELECT n FROM node WHERE n > ? AND n NOT IN (SELECT n FROM placed) ORDER BY n LIMIT 1"
        last = 0
        while row := self._db.execute(loose, (last,)).fetchone():
            last = row[0]
            start = self._first_of_circle(last)
            self._db.execute(_PLACE.format(start="n = :start"), {"start": start})
            external_id, body = self._db.execute("SELECT external_id, body FROM comment WHERE n = ?", (start,)).fetchone()
            why = "it answers its own replies in a circle: it stands at the top level"
            self._report.note(Changed(Kind.COMMENT, external_id, why, sample(body)))

    def _first_of_circle(self, n: int) -> int:
        def parent_of(child: int) -> int:
            return int(self._db.execute("SELECT parent_n FROM node WHERE n = ?", (child,)).fetchone()[0])

        seen: set[int] = set()
        while n not in seen:
            seen.add(n)
            n = parent_of(n)
        first, walker = n, parent_of(n)
        while walker != n:
            first, walker = min(first, walker), parent_of(walker)
        return first

    def _note_left_out(self) -> None:
        for external_id, body, state, kept in self._db.execute(_NOT_VISIBLE):
            if kept is None:
                self._report.note(LeftOut(Kind.COMMENT, external_id, _WHY_NOT[state], sample(body)))
            else:
                why = f"{_WHY_NOT[state]}, but it was answered: its place is kept without its text"
                self._report.note(Changed(Kind.COMMENT, external_id, why, ""))
        self._db.execute("CREATE INDEX comment_article ON comment (article)")
        for external_id, title, url, state in self._db.execute(_NOT_DISCUSSED):
            self._report.note(LeftOut(Kind.ARTICLE, external_id, _ARTICLE_WHY_NOT.get(state, "nobody commented on it"), title or url or ""))


def _planned(row: tuple[int, str, str, str | None, str, str, int, str, int, int]) -> Planned:
    _, external_id, article, parent, person, name, created, body, live, answered = row
    author = ImportedPerson(person, name) if live else NOBODY
    return Planned(external_id, article, parent, author, _moment(created), body if live else "", not live, bool(answered))


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
