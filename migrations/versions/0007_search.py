"""An index of the visible comments' words, kept by triggers.

What the words are is the program's to say: a function on SQLite's connections, a table of characters on PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

from forum.text.words import all_folds

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _run(SQLITE)
        op.execute(sa.text(SQLITE_FILL))
    else:
        _run(POSTGRESQL)
        folds = all_folds()
        op.execute(sa.text(FOLDS).bindparams(letters=list(folds), folded=list(folds.values())))
        op.execute(sa.text(POSTGRESQL_FILL))


def downgrade() -> None:
    _run(SQLITE_DROPPED if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_DROPPED)


def _run(statements: tuple[str, ...]) -> None:
    for statement in statements:
        # Not as text(), to which ":p" would be a parameter.
        op.execute(sa.DDL(statement.replace("%", "%%")))


SQLITE = (
    "CREATE VIRTUAL TABLE comment_words USING fts5 (words, marks, tokenize = 'ascii')",
    "CREATE TRIGGER comments_words_insert AFTER INSERT ON comments WHEN NEW.state = 'visible' BEGIN INSERT INTO"
    " comment_words (rowid, words, marks) SELECT NEW.id, forum_words(NEW.body_html), 'a' || NEW.article_id || ' u'"
    " || NEW.author_id || ' s' || NEW.site_id || coalesce(' t' || NEW.stance, '') || strftime(' y%Y m%Y%m d%Y%m%d',"
    " coalesce(NEW.published_at, NEW.created_at)) WHERE NEW.state = 'visible'; END",
    "CREATE TRIGGER comments_words_update AFTER UPDATE OF state, body_html, stance, article_id, author_id, site_id,"
    " published_at ON comments WHEN (OLD.state = 'visible' OR NEW.state = 'visible') AND (OLD.state IS NOT NEW.state"
    " OR OLD.body_html IS NOT NEW.body_html OR OLD.stance IS NOT NEW.stance OR OLD.article_id IS NOT NEW.article_id"
    " OR OLD.author_id IS NOT NEW.author_id OR OLD.site_id IS NOT NEW.site_id OR OLD.published_at IS NOT"
    " NEW.published_at) BEGIN DELETE FROM comment_words WHERE rowid = OLD.id; INSERT INTO comment_words (rowid,"
    " words, marks) SELECT NEW.id, forum_words(NEW.body_html), 'a' || NEW.article_id || ' u' || NEW.author_id || '"
    " s' || NEW.site_id || coalesce(' t' || NEW.stance, '') || strftime(' y%Y m%Y%m d%Y%m%d',"
    " coalesce(NEW.published_at, NEW.created_at)) WHERE NEW.state = 'visible'; END",
    "CREATE TRIGGER comments_words_delete AFTER DELETE ON comments WHEN OLD.state = 'visible' BEGIN DELETE FROM"
    " comment_words WHERE rowid = OLD.id; END",
)
SQLITE_DROPPED = (
    "DROP TRIGGER IF EXISTS comments_words_insert",
    "DROP TRIGGER IF EXISTS comments_words_update",
    "DROP TRIGGER IF EXISTS comments_words_delete",
    "DROP TABLE IF EXISTS comment_words",
)
SQLITE_FILL = (
    "INSERT INTO comment_words (rowid, words, marks) SELECT comments.id, forum_words(comments.body_html), 'a' ||"
    " comments.article_id || ' u' || comments.author_id || ' s' || comments.site_id || coalesce(' t' ||"
    " comments.stance, '') || strftime(' y%Y m%Y%m d%Y%m%d', coalesce(comments.published_at, comments.created_at))"
    " FROM comments WHERE comments.state = 'visible' ORDER BY comments.id"
)
POSTGRESQL = (
    'CREATE TABLE comment_words_folds (letter TEXT COLLATE "C" NOT NULL, folded TEXT NOT NULL, CONSTRAINT'
    " pk_comment_words_folds PRIMARY KEY (letter))",
    "CREATE TABLE comment_words (comment_id BIGINT NOT NULL, said TEXT NOT NULL, words TSVECTOR NOT NULL, CONSTRAINT"
    " pk_comment_words PRIMARY KEY (comment_id), CONSTRAINT fk_comment_words_comment_id_comments FOREIGN"
    " KEY(comment_id) REFERENCES comments (id) ON DELETE CASCADE)",
    "ALTER TABLE comment_words ALTER COLUMN said SET STATISTICS 0, ALTER COLUMN words SET STATISTICS 0",
    "CREATE INDEX ix_comment_words_words ON comment_words USING gin (words) WITH (gin_pending_list_limit = 256)",
    "CREATE OR REPLACE FUNCTION forum_words(html text) RETURNS text LANGUAGE plpgsql STABLE AS $$ DECLARE said text;"
    " one record; BEGIN said := regexp_replace(coalesce(html, ''),"
    " '</?(?:p|br|hr|pre|blockquote|ul|ol|li|h[1-6]|table|thead|tbody|tr|td|th|div|dl|dt|dd)(?:[ /][^<>]*)?>', ' ',"
    " 'g'); said := regexp_replace(regexp_replace(said, '<[^<>\\\"]*(?:\\\"[^\\\"]*\\\"[^<>\\\"]*)*>', '', 'g'),"
    " '&[a-zA-Z0-9#]{1,32};', ' ', 'g'); said := translate(said, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',"
    " 'abcdefghijklmnopqrstuvwxyz'); IF said ~ '[^\\u0001-\\u007f]' THEN FOR one IN SELECT folds.letter, folds.folded"
    " FROM (SELECT DISTINCT each.letter FROM unnest(string_to_array(regexp_replace(said, '[\\u0001-\\u007f]+', '',"
    " 'g'), NULL)) AS each (letter)) AS met JOIN comment_words_folds AS folds ON folds.letter = met.letter COLLATE"
    ' "C" LOOP said := replace(said, one.letter, one.folded); END LOOP; said := regexp_replace(said,'
    " '([\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3005-\\u3007\\u3040-\\u30ff\\u31f0-\\u31ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf9"
    "00-\\ufaff\\U0001b000-\\U0001b16f\\U00020000-\\U0003fffd])', ' \\1 ', 'g'); END IF; said := regexp_replace(said,"
    " '[\\u0001-\\u002f\\u003a-\\u0060\\u007b-\\u007f]+', ' ', 'g'); RETURN btrim(regexp_replace(said, '([^ ]{60})[^ ]+',"
    " '\\1', 'g')); END $$",
    "CREATE OR REPLACE FUNCTION comment_words_vector(one comments, said text) RETURNS tsvector LANGUAGE sql STABLE"
    " AS $$ SELECT coalesce((SELECT CAST(string_agg('''' || each.word || ''':' || least(each.place, 16383), ' ') AS"
    " tsvector) FROM unnest(string_to_array(said, ' ')) WITH ORDINALITY AS each (word, place) WHERE each.word <>"
    " ''), CAST('' AS tsvector)) || array_to_tsvector(array_remove(ARRAY['=a' || one.article_id, '=u' ||"
    " one.author_id, '=s' || one.site_id, '=t' || one.stance, '=y' || to_char(coalesce(one.published_at,"
    " one.created_at) AT TIME ZONE 'UTC', 'YYYY'), '=m' || to_char(coalesce(one.published_at, one.created_at) AT"
    " TIME ZONE 'UTC', 'YYYYMM'), '=d' || to_char(coalesce(one.published_at, one.created_at) AT TIME ZONE 'UTC',"
    " 'YYYYMMDD'), '=b' || (one.id >> 12), '=c' || (one.id >> 16)], NULL)) $$",
    "CREATE OR REPLACE FUNCTION keep_comment_words() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE found text;"
    " BEGIN IF NEW.state = 'visible' THEN found := forum_words(NEW.body_html); INSERT INTO comment_words"
    " (comment_id, said, words) VALUES (NEW.id, found, comment_words_vector(NEW, found)) ON CONFLICT (comment_id) DO"
    " UPDATE SET said = excluded.said, words = excluded.words; ELSE DELETE FROM comment_words WHERE comment_id ="
    " NEW.id; END IF; RETURN NULL; END $$",
    "CREATE TRIGGER comments_words_insert AFTER INSERT ON comments FOR EACH ROW WHEN (NEW.state = 'visible') EXECUTE"
    " FUNCTION keep_comment_words()",
    "CREATE TRIGGER comments_words_update AFTER UPDATE OF state, body_html, stance, article_id, author_id, site_id,"
    " published_at ON comments FOR EACH ROW WHEN ((OLD.state = 'visible' OR NEW.state = 'visible') AND (OLD.state IS"
    " DISTINCT FROM NEW.state OR OLD.body_html IS DISTINCT FROM NEW.body_html OR OLD.stance IS DISTINCT FROM"
    " NEW.stance OR OLD.article_id IS DISTINCT FROM NEW.article_id OR OLD.author_id IS DISTINCT FROM NEW.author_id"
    " OR OLD.site_id IS DISTINCT FROM NEW.site_id OR OLD.published_at IS DISTINCT FROM NEW.published_at)) EXECUTE"
    " FUNCTION keep_comment_words()",
)
POSTGRESQL_DROPPED = (
    "DROP TRIGGER IF EXISTS comments_words_insert ON comments",
    "DROP TRIGGER IF EXISTS comments_words_update ON comments",
    "DROP FUNCTION IF EXISTS keep_comment_words()",
    "DROP FUNCTION IF EXISTS comment_words_vector(comments, text)",
    "DROP FUNCTION IF EXISTS forum_words(text)",
    "DROP TABLE IF EXISTS comment_words",
    "DROP TABLE IF EXISTS comment_words_folds",
)
FOLDS = (
    "INSERT INTO comment_words_folds (letter, folded) SELECT each.letter, each.folded FROM unnest(CAST(:letters AS"
    " text[]), CAST(:folded AS text[])) AS each (letter, folded)"
)
POSTGRESQL_FILL = (
    "INSERT INTO comment_words (comment_id, said, words) SELECT each.id, found.said, comment_words_vector(each,"
    " found.said) FROM comments AS each CROSS JOIN LATERAL (SELECT forum_words(each.body_html) AS said OFFSET 0) AS"
    " found WHERE each.state = 'visible' ORDER BY each.id"
)
