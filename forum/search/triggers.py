"""The index of the visible comments' words and the triggers that keep it, as DDL for each database; with `attach` metadata.create_all makes them too.

The rule: the index holds a comment exactly while its state is ``visible``, with the words of its present text, from the very statement that changes it; no room has
to remember. The migration has this written out; a test compares what either leaves in a database. Triggers go with a table that SQLite writes anew (a batch
migration of ``comments``): such a migration ends with this file's statements.
"""

# ruff: noqa: S608 the statements are made of this program's own constants alone

from sqlalchemy import DDL, ExecutableDDLElement, Table, event, text
from sqlalchemy.orm import Session

from forum.search.folding_ddl import FILL_FOLDS, FOLDS, FORUM_WORDS, folds_as_arrays

# What a comment is found by besides its words: one mark each for its article, writer, site, stance, and the year, month and day since which everybody can read it.
_SQLITE_DAY = "coalesce(NEW.published_at, NEW.created_at)"
_SQLITE_MARKS = (
    "'a' || NEW.article_id || ' u' || NEW.author_id || ' s' || NEW.site_id || coalesce(' t' || NEW.stance, '')"
    f" || strftime(' y%Y m%Y%m d%Y%m%d', {_SQLITE_DAY})"
)
# A tally or a count that changes must not touch the index.
_COLUMNS = ("state", "body_html", "stance", "article_id", "author_id", "site_id", "published_at")
_CHANGED = " OR ".join(f"OLD.{column} IS {{}} NEW.{column}" for column in _COLUMNS)
_INDEX_NEW = (
    "INSERT INTO comment_words (rowid, words, marks)"
    f" SELECT NEW.id, forum_words(NEW.body_html), {_SQLITE_MARKS} WHERE NEW.state = 'visible'"
)

USERMERGE = 8
"""Segments of a level that SQLite's index has before they are put together."""

SQLITE_CREATE = (
    # Words come folded, so the tokenizer has nothing to fold: whatever is not ASCII is a letter to it.
    "CREATE VIRTUAL TABLE comment_words USING fts5 (words, marks, tokenize = 'ascii')",
    # A text is a segment of its own in the index, and segments are merged beside jobs (`actions.merge_words`), not by whoever writes: that took a seventh of
    # a post's time. Only where nobody runs jobs are they merged by the write that makes the 64th.
    "INSERT INTO comment_words (comment_words, rank) VALUES ('automerge', 0)",
    f"INSERT INTO comment_words (comment_words, rank) VALUES ('usermerge', {USERMERGE})",
    "INSERT INTO comment_words (comment_words, rank) VALUES ('crisismerge', 64)",
)
SQLITE_TRIGGERS = (
    f"CREATE TRIGGER comments_words_insert AFTER INSERT ON comments WHEN NEW.state = 'visible' BEGIN {_INDEX_NEW}; END",
    f"CREATE TRIGGER comments_words_update AFTER UPDATE OF {', '.join(_COLUMNS)} ON comments"
    f" WHEN (OLD.state = 'visible' OR NEW.state = 'visible') AND ({_CHANGED.format(*['NOT'] * len(_COLUMNS))})"
    f" BEGIN DELETE FROM comment_words WHERE rowid = OLD.id; {_INDEX_NEW}; END",
    "CREATE TRIGGER comments_words_delete AFTER DELETE ON comments WHEN OLD.state = 'visible'"
    " BEGIN DELETE FROM comment_words WHERE rowid = OLD.id; END",
)
SQLITE_TRIGGERS_DROP = tuple(f"DROP TRIGGER IF EXISTS comments_words_{name}" for name in ("insert", "update", "delete"))
SQLITE_DROP = ("DROP TABLE IF EXISTS comment_words",)
SQLITE_FILL = (
    _INDEX_NEW.replace("NEW.", "comments.").replace(" WHERE comments.state", " FROM comments WHERE comments.state")
    + " AND comments.id BETWEEN :first AND :last ORDER BY comments.id"
)

# A block is 4,096 comments that follow each other by id, a span sixteen blocks: by these marks a search reads a part of the index and no more.
_POSTGRESQL_DAY = "coalesce(one.published_at, one.created_at) AT TIME ZONE 'UTC'"
_POSTGRESQL_VECTOR = (
    "CREATE OR REPLACE FUNCTION comment_words_vector(one comments, said text) RETURNS tsvector LANGUAGE sql STABLE AS $$"
    " SELECT coalesce((SELECT CAST(string_agg('''' || each.word || ''':' || least(each.place, 16383), ' ') AS tsvector)"
    " FROM unnest(string_to_array(said, ' ')) WITH ORDINALITY AS each (word, place) WHERE each.word <> ''), CAST('' AS tsvector))"
    " || array_to_tsvector(array_remove(ARRAY['=a' || one.article_id, '=u' || one.author_id, '=s' || one.site_id, '=t' || one.stance,"
    f" '=y' || to_char({_POSTGRESQL_DAY}, 'YYYY'), '=m' || to_char({_POSTGRESQL_DAY}, 'YYYYMM'), '=d' || to_char({_POSTGRESQL_DAY}, 'YYYYMMDD'),"
    " '=b' || (one.id >> 12), '=c' || (one.id >> 16)], NULL)) $$"
)
_POSTGRESQL_KEEP = (
    "CREATE OR REPLACE FUNCTION keep_comment_words() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE found text; BEGIN"
    " IF NEW.state = 'visible' THEN found := forum_words(NEW.body_html);"
    " INSERT INTO comment_words (comment_id, said, words) VALUES (NEW.id, found, comment_words_vector(NEW, found))"
    " ON CONFLICT (comment_id) DO UPDATE SET said = excluded.said, words = excluded.words;"
    " ELSE DELETE FROM comment_words WHERE comment_id = NEW.id; END IF; RETURN NULL; END $$"
)
POSTGRESQL_CREATE = (
    FOLDS,
    "CREATE TABLE comment_words (comment_id BIGINT NOT NULL, said TEXT NOT NULL, words TSVECTOR NOT NULL,"
    " CONSTRAINT pk_comment_words PRIMARY KEY (comment_id),"
    " CONSTRAINT fk_comment_words_comment_id_comments FOREIGN KEY(comment_id) REFERENCES comments (id) ON DELETE CASCADE)",
    # The planner's samples would hold what people wrote, and stay when it is destroyed.
    "ALTER TABLE comment_words ALTER COLUMN said SET STATISTICS 0, ALTER COLUMN words SET STATISTICS 0",
    # What waits to be sorted into the index is read by every search: there may be little of it.
    "CREATE INDEX ix_comment_words_words ON comment_words USING gin (words) WITH (gin_pending_list_limit = 256)",
    FORUM_WORDS,
    _POSTGRESQL_VECTOR,
    _POSTGRESQL_KEEP,
)
POSTGRESQL_TRIGGERS = (
    "CREATE TRIGGER comments_words_insert AFTER INSERT ON comments"
    " FOR EACH ROW WHEN (NEW.state = 'visible') EXECUTE FUNCTION keep_comment_words()",
    f"CREATE TRIGGER comments_words_update AFTER UPDATE OF {', '.join(_COLUMNS)} ON comments"
    " FOR EACH ROW WHEN ((OLD.state = 'visible' OR NEW.state = 'visible') AND"
    f" ({_CHANGED.format(*['DISTINCT FROM'] * len(_COLUMNS))})) EXECUTE FUNCTION keep_comment_words()",
)
POSTGRESQL_TRIGGERS_DROP = tuple(f"DROP TRIGGER IF EXISTS comments_words_{name} ON comments" for name in ("insert", "update"))
POSTGRESQL_DROP = (
    "DROP FUNCTION IF EXISTS keep_comment_words()",
    "DROP FUNCTION IF EXISTS comment_words_vector(comments, text)",
    "DROP FUNCTION IF EXISTS forum_words(text)",
    "DROP TABLE IF EXISTS comment_words",
    "DROP TABLE IF EXISTS comment_words_folds",
)
POSTGRESQL_FILL = (
    "INSERT INTO comment_words (comment_id, said, words)"
    " SELECT each.id, found.said, comment_words_vector(each, found.said)"
    " FROM comments AS each CROSS JOIN LATERAL (SELECT forum_words(each.body_html) AS said OFFSET 0) AS found"
    " WHERE each.state = 'visible' AND each.id BETWEEN :first AND :last ORDER BY each.id"
)

CREATE = {"sqlite": (*SQLITE_CREATE, *SQLITE_TRIGGERS), "postgresql": (*POSTGRESQL_CREATE, *POSTGRESQL_TRIGGERS)}
DROP = {"sqlite": (*SQLITE_TRIGGERS_DROP, *SQLITE_DROP), "postgresql": (*POSTGRESQL_TRIGGERS_DROP, *POSTGRESQL_DROP)}
# What was written since the index was emptied is in it already.
FILL = {
    "sqlite": SQLITE_FILL.replace(
        " ORDER BY", " AND comments.id NOT IN (SELECT id FROM comment_words_content WHERE id BETWEEN :first AND :last) ORDER BY"
    ),
    "postgresql": POSTGRESQL_FILL + " ON CONFLICT (comment_id) DO NOTHING",
}
EMPTY = {"sqlite": (*SQLITE_DROP, *SQLITE_CREATE), "postgresql": ("DELETE FROM comment_words",)}


def attach(comments: Table) -> None:
    """Let whatever creates ``comments`` create the index and its triggers too, and whatever drops it take the index away."""
    for dialect in ("sqlite", "postgresql"):
        for statement in CREATE[dialect]:
            event.listen(comments, "after_create", _only_on(dialect, statement))
        for statement in DROP[dialect]:
            event.listen(comments, "before_drop", _only_on(dialect, statement))
    event.listen(comments, "after_create", _fill_folds)


def recreate_triggers(session: Session) -> None:
    """Make the triggers anew, as after a table that was rebuilt without them; the index itself stays."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    dropped, made = (SQLITE_TRIGGERS_DROP, SQLITE_TRIGGERS) if is_sqlite else (POSTGRESQL_TRIGGERS_DROP, POSTGRESQL_TRIGGERS)
    for statement in (*dropped, *made):
        session.execute(text(statement))


def _only_on(dialect: str, statement: str) -> ExecutableDDLElement:
    return DDL(statement.replace("%", "%%")).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]


def _fill_folds(_table: object, connection: object, **_: object) -> None:
    if connection.dialect.name == "postgresql":  # type: ignore[attr-defined]
        connection.execute(text(FILL_FOLDS), folds_as_arrays())  # type: ignore[attr-defined]
