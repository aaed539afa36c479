"""The folding of `forum/text/words.py` as a function of PostgreSQL: from a table of characters, so that no locale and no other version of Unicode has a say."""

# ruff: noqa: S608 the statements are made of this program's own constants alone

from forum.text.words import BREAK, ENTITY, SINGLES, TAG, WORD_MAX, all_folds

_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FOLDS = (
    'CREATE TABLE comment_words_folds (letter TEXT COLLATE "C" NOT NULL, folded TEXT NOT NULL,'
    " CONSTRAINT pk_comment_words_folds PRIMARY KEY (letter))"
)
FILL_FOLDS = (
    "INSERT INTO comment_words_folds (letter, folded)"
    " SELECT each.letter, each.folded FROM unnest(CAST(:letters AS text[]), CAST(:folded AS text[])) AS each (letter, folded)"
)
FORUM_WORDS = (
    "CREATE OR REPLACE FUNCTION forum_words(html text) RETURNS text LANGUAGE plpgsql STABLE AS $$"
    " DECLARE said text; one record; BEGIN"
    f" said := regexp_replace(coalesce(html, ''), '{BREAK}', ' ', 'g');"
    f" said := regexp_replace(regexp_replace(said, '{TAG}', '', 'g'), '{ENTITY}', ' ', 'g');"
    f" said := translate(said, '{_CAPITALS}', '{_CAPITALS.lower()}');"
    r" IF said ~ '[^\u0001-\u007f]' THEN"
    " FOR one IN SELECT folds.letter, folds.folded FROM (SELECT DISTINCT each.letter FROM"
    r" unnest(string_to_array(regexp_replace(said, '[\u0001-\u007f]+', '', 'g'), NULL)) AS each (letter)) AS met"
    ' JOIN comment_words_folds AS folds ON folds.letter = met.letter COLLATE "C"'
    " LOOP said := replace(said, one.letter, one.folded); END LOOP;"
    rf" said := regexp_replace(said, '([{SINGLES}])', ' \1 ', 'g'); END IF;"
    r" said := regexp_replace(said, '[\u0001-\u002f\u003a-\u0060\u007b-\u007f]+', ' ', 'g');"
    rf" RETURN btrim(regexp_replace(said, '([^ ]{{{WORD_MAX}}})[^ ]+', '\1', 'g')); END $$"
)


def folds_as_arrays() -> dict[str, list[str]]:
    """Return the values of ``FILL_FOLDS``."""
    folds = all_folds()
    return {"letters": list(folds), "folded": list(folds.values())}
