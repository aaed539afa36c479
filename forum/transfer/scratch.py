"""Puts what a reader yields in order, in bounded memory: a private SQLite file that vanishes with the process; used by the engine.

The rule: the whole file is read and judged here before the first row is written anywhere else; parents come before replies, otherwise time
decides. Plain sqlite3, because this is not the forum's database.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

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
  body TEXT, state TEXT, line INTEGER, body_md TEXT, stance TEXT, edited INTEGER, pinned INTEGER);
CREATE TABLE person (external_id TEXT PRIMARY KEY, name TEXT) WITHOUT ROWID;
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
  SELECT n FROM node WHERE live AND created >= :since
  UNION
  SELECT placed.parent_n FROM up JOIN placed ON placed.n = up.n WHERE placed.parent_n IS NOT NULL
) INSERT INTO kept SELECT n FROM up
"""
_WITHOUT_ARTICLE = """
SELECT c.external_id, coalesce(c.body_md, c.body), a.state FROM comment c LEFT JOIN article a ON a.external_id = c.article
WHERE a.state IS NOT 'published' ORDER BY c.n
"""
_ORPHANS = """
SELECT c.external_id, coalesce(c.body_md, c.body) FROM comment c JOIN node USING (n) JOIN kept USING (n)
WHERE c.parent IS NOT NULL AND node.parent_n IS NULL AND live ORDER BY n
"""
_FROM_THE_FUTURE = (
    "SELECT c.external_id, c.created FROM comment c JOIN node USING (n) JOIN kept USING (n) WHERE c.created > ? AND live ORDER BY n"
)
_OLDER = """
SELECT c.external_id, coalesce(c.body_md, c.body) FROM comment c JOIN node USING (n) LEFT JOIN kept USING (n)
WHERE live AND kept.n IS NULL ORDER BY n
"""
# One thread is pinned in a discussion; of several the newest, as the last one that was pinned wins here.
_PINNED = """
WITH pin AS (SELECT n, external_id, body, is_root AND rank = 1 AS is_it FROM (
  SELECT c.n, c.external_id, substr(coalesce(c.body_md, c.body), 1, 800) AS body, placed.parent_n IS NULL AS is_root,
    row_number() OVER (PARTITION BY c.article ORDER BY placed.parent_n IS NOT NULL, placed.moment DESC, c.n DESC) AS rank
  FROM comment c JOIN kept USING (n) JOIN node USING (n) JOIN placed USING (n) WHERE c.pinned AND node.live))
{then}
"""
_NOT_PINNED = "SELECT external_id, body FROM pin WHERE NOT is_it ORDER BY n"
_UNPIN = "UPDATE comment SET pinned = 0 WHERE pinned AND n NOT IN (SELECT n FROM pin WHERE is_it)"
_NOT_VISIBLE = """
SELECT c.external_id, c.body, c.state, kept.n FROM comment c JOIN node USING (n) LEFT JOIN kept USING (n) WHERE NOT live ORDER BY c.n
"""
_NOT_DISCUSSED = """
SELECT external_id, title, url, state FROM article a
WHERE state <> 'published' OR NOT EXISTS (SELECT 1 FROM comment c JOIN kept USING (n) WHERE c.article = a.external_id) ORDER BY line
"""
_BATCH = """
SELECT o.seq, c.external_id, c.article, parent.external_id, c.person, coalesce(nullif(c.name, ''), person.name, ''), node.created, c.body, node.live,
  EXISTS (SELECT 1 FROM placed k JOIN kept ON kept.n = k.n WHERE k.parent_n = c.n), c.body_md, c.stance, min(c.edited, :now), c.pinned,
  node.created < :since
FROM ordered o JOIN comment c ON c.n = o.n JOIN node ON node.n = c.n JOIN placed ON placed.n = c.n
LEFT JOIN comment parent ON parent.n = placed.parent_n LEFT JOIN person ON person.external_id = c.person
WHERE o.seq > :last ORDER BY o.seq LIMIT :size
"""
_ADD_COMMENT = "INSERT OR IGNORE INTO comment VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LIVE = CommentState.VISIBLE.value
# Before every date that a reader lets through.
_ALWAYS = -(2**62)
_WHY_NOT = {
    CommentState.HELD.value: "it waits for approval there: approve it and import again",
    CommentState.REJECTED.value: "it was turned down there",
    CommentState.SPAM.value: "it is marked as spam",
    CommentState.DELETED.value: "it was deleted there",
    "empty": "it has no text",
    "oversized": f"it is longer than {BODY_LIMIT:,} characters",
}
_ARTICLE_WHY_NOT = {ArticleState.UNPUBLISHED.value: "it is not public there", ArticleState.DELETED.value: "it was deleted there"}


@dataclass(frozen=True)
class Planned:
    """A comment in its place: its parent, if it has one, was planned before it. A placeholder has no text to show, only replies to hold.

    ``is_older``: than what is asked for; it is here because it was answered since.
    """

    external_id: str
    article_external_id: str
    parent_external_id: str | None
    author: ImportedPerson
    created_at: datetime
    body_html: str
    is_placeholder: bool
    is_answered: bool
    body_md: str | None = None
    stance: str | None = None
    edited_at: datetime | None = None
    is_pinned: bool = False
    is_older: bool = False


class Scratch:
    """The file's records laid out on disk; a context manager. ``add`` them all, ``arrange`` once, then take ``batches``."""

    def __init__(self, report: Report, moment: datetime, *, since: datetime | None = None) -> None:
        self._report = report
        self._now = _micros(moment)
        self._since = _micros(since) if since else _ALWAYS
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
        elif isinstance(record, ImportedPerson):
            self._add_person(record)
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
        self._db.execute(_PLACE.format(start="parent_n IS NULL"), {"start": 0})
        self._break_cycles()
        self._db.execute(_KEEP, {"since": self._since})
        self._db.execute("CREATE INDEX comment_article ON comment (article)")
        self._note_changes()
        self._db.execute("CREATE INDEX placed_parent ON placed (parent_n)")
        self._db.execute("INSERT INTO ordered (n) SELECT n FROM placed JOIN kept USING (n) ORDER BY moment, level, n")
        self._note_left_out()
        return int(self._db.execute("SELECT count(*) FROM ordered").fetchone()[0])

    def batches(self, size: int) -> Iterator[list[Planned]]:
        """Yield the planned comments, at most ``size`` at a time, parents before replies."""
        named = {"last": 0, "size": size, "now": self._now, "since": self._since}
        while rows := self._db.execute(_BATCH, named).fetchall():
            named["last"] = rows[-1][0]
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
        created = _micros(article.created_at) if article.created_at else None
        values = (article.external_id, article.url, article.title, created, article.is_closed, article.state.value, article.line)
        is_new = bool(self._db.execute("INSERT OR IGNORE INTO article VALUES (?, ?, ?, ?, ?, ?, ?)", values).rowcount)
        if article.is_implied and not is_new:
            self._db.execute("UPDATE article SET title = ? WHERE external_id = ? AND title = ''", (article.title, article.external_id))
            return
        self._report.articles.in_file += 1
        if not is_new:
            self._report.note(
                LeftOut(
                    Kind.ARTICLE, article.external_id, "its id stands twice in the file: the first one is taken", f"line {article.line}"
                )
            )

    def _add_comment(self, comment: ImportedComment) -> None:
        self._report.comments.in_file += 1
        body, body_md = comment.body_html, comment.body_md if comment.body_md and comment.body_md.strip() else None
        state, shown = comment.state.value, body_md or body
        if state == _LIVE:
            state = "oversized" if len(shown) > BODY_LIMIT else state if shown.strip() else "empty"
        if state != _LIVE:
            body, body_md = sample(shown), None
        elif body_md and len(body) > BODY_LIMIT:
            body = ""
        created, edited = (_micros(moment) if moment else None for moment in (comment.created_at, comment.edited_at))
        place = (comment.external_id, comment.article_external_id, comment.parent_external_id)
        said = (comment.author.external_id, comment.author.name, created, body, state, comment.line)
        values = (*place, *said, body_md, comment.stance, edited, comment.is_pinned)
        if not self._db.execute(_ADD_COMMENT, values).rowcount:
            why = "its id stands twice in the file: the first one is taken"
            self._report.note(LeftOut(Kind.COMMENT, comment.external_id, why, sample(shown)))

    def _add_person(self, person: ImportedPerson) -> None:
        naming = "INSERT INTO person VALUES (?, ?) ON CONFLICT (external_id) DO UPDATE SET name = excluded.name WHERE name = ''"
        self._db.execute(naming, (person.external_id, person.name))

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
        for external_id, body in self._db.execute(_PINNED.format(then=_NOT_PINNED)):
            why = "it is pinned there: one thread of a discussion can be pinned here, and no reply"
            self._report.note(Changed(Kind.COMMENT, external_id, why, sample(body)))
        self._db.execute(_PINNED.format(then=_UNPIN))

    def _break_cycles(self) -> None:
        """Give every circle of parents a beginning: its first comment in the file stands at the top level."""
        loose = "SELECT n FROM node WHERE n > ? AND n NOT IN (SELECT n FROM placed) ORDER BY n LIMIT 1"
        last = 0
        while row := self._db.execute(loose, (last,)).fetchone():
            last = row[0]
            start = self._first_of_circle(last)
            self._db.execute(_PLACE.format(start="n = :start"), {"start": start})
            external_id, body = self._db.execute(
                "SELECT external_id, coalesce(body_md, body) FROM comment WHERE n = ?", (start,)
            ).fetchone()
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
        for external_id, body in self._db.execute(_OLDER):
            self._report.note(LeftOut(Kind.COMMENT, external_id, "it is older than the date that was asked for", sample(body)))
        unsaid = "nobody commented on it" if self._since == _ALWAYS else "nobody has commented on it since the date that was asked for"
        for external_id, title, url, state in self._db.execute(_NOT_DISCUSSED):
            self._report.note(LeftOut(Kind.ARTICLE, external_id, _ARTICLE_WHY_NOT.get(state, unsaid), title or url or ""))


def _planned(row: tuple[Any, ...]) -> Planned:
    _, external_id, article, parent, person, name, created, body, live, answered, body_md, stance, edited, pinned, older = row
    created_at = _moment(created)
    if not live:
        return Planned(external_id, article, parent, NOBODY, created_at, "", is_placeholder=True, is_answered=bool(answered))
    return Planned(
        external_id,
        article,
        parent,
        ImportedPerson(person, name),
        created_at,
        body,
        is_placeholder=False,
        is_answered=bool(answered),
        body_md=body_md,
        stance=stance,
        edited_at=_moment(edited) if edited is not None and edited > created else None,
        is_pinned=bool(pinned),
        is_older=bool(older),
    )


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
