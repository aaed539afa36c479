"""What every format is read into: articles, people, comments, and what was left out or changed and why.

A reader yields these and decides nothing about this site; the engine alone knows the database. A new format is one new reader of them.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

SAMPLE_LENGTH = 80
# Moments outside are typing mistakes or zero dates; arithmetic near year 1 and year 9999 would overflow.
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class ImportRefused(Exception):
    """The file cannot be imported, and nothing of it was; the message is a sentence with the way out."""


class ArticleState(StrEnum):
    """Whether the article's discussion was public where it comes from."""

    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    DELETED = "deleted"


class CommentState(StrEnum):
    """What a comment was where it comes from; only visible ones are brought in with their text."""

    VISIBLE = "visible"
    HELD = "held"
    REJECTED = "rejected"
    SPAM = "spam"
    DELETED = "deleted"


class Kind(StrEnum):
    """What something left out or changed was."""

    ARTICLE = "article"
    COMMENT = "comment"
    PERSON = "person"
    PICTURE = "picture"
    RECORD = "record"
    VOTES = "votes"
    WEBSITE = "website"


@dataclass(frozen=True)
class ImportedArticle:
    """An article or page that was discussed. ``url`` is None when the file gives no http address; ``line`` is its place in the file.

    ``is_implied``: it is known from its comments alone, so that saying it again is no fault of the file.
    """

    external_id: str
    url: str | None
    title: str
    created_at: datetime | None
    is_closed: bool
    state: ArticleState
    line: int
    is_implied: bool = False


@dataclass(frozen=True)
class ImportedPerson:
    """Who wrote a comment: one identity under one shown name, so that a shared e-mail address never joins a pseudonym to a name.

    Yielded by itself it names a person whom comments refer to by ``external_id`` with an empty name, before or after them.
    """

    external_id: str
    name: str


@dataclass(frozen=True)
class ImportedComment:
    """A comment; ``created_at`` is aware, in UTC, or None when the file gives no readable date. ``body_html`` is as hostile as its file.

    ``body_md`` is its Markdown, where there is one: that is taken, and ``body_html`` only where our rules cannot take the Markdown.
    """

    external_id: str
    article_external_id: str
    parent_external_id: str | None
    author: ImportedPerson
    created_at: datetime | None
    body_html: str
    state: CommentState
    line: int
    body_md: str | None = None
    stance: str | None = None
    edited_at: datetime | None = None
    is_pinned: bool = False


@dataclass(frozen=True)
class LeftOut:
    """Something that is not brought in; ``why`` is one of few sentences, so that they can be counted, ``sample`` tells which one."""

    kind: Kind
    external_id: str
    why: str
    sample: str


@dataclass(frozen=True)
class Changed:
    """Something that is brought in otherwise than it stands in the file."""

    kind: Kind
    external_id: str
    why: str
    sample: str


# The writer of a text that is gone is nobody's business any more, but a row has a writer; the name is shown nowhere.
NOBODY = ImportedPerson("nobody", "Former member")

UNDATED = "its date cannot be read: the article's is used, or the time of the import"

Record = ImportedArticle | ImportedComment | ImportedPerson | LeftOut | Changed
Advance = Callable[[int], None]
# Called with the file and ``advance``, which is told the bytes read; some are told ``base_url`` as well (see ``formats``).
Reader = Callable[..., Iterator[Record]]


def person(name: str, *, user: str = "", email: str = "") -> ImportedPerson:
    """Return the identity of whoever is shown as ``name``: by user name, else by e-mail address, else by the name alone.

    The address itself is kept nowhere: its hash is enough to recognise the person in the next import, or when they prove to own it.
    """
    shown = tidy(name)
    name_hash = _hash(shown.casefold())[:16]
    if user:
        return ImportedPerson(f"user:{_hash(user)}/{name_hash}", shown)
    if email.strip():
        return ImportedPerson(f"email:{_hash(email.strip().lower())}/{name_hash}", shown)
    return ImportedPerson(f"name:{name_hash}", shown)


def unmapped(external_id: str, *, votes: str = "", picture: str = "", website: str = "") -> Iterator[LeftOut]:
    """Yield what a comment or its writer has that has no equal here."""
    if votes:
        yield LeftOut(Kind.VOTES, external_id, "likes and dislikes are no stance, and are not brought in", votes)
    if picture:
        yield LeftOut(Kind.PICTURE, external_id, "people have no picture here", picture[:200])
    if address := web_address(website):
        yield LeftOut(Kind.WEBSITE, external_id, "people have no website here", address[:200])


def tidy(text: str) -> str:
    """Return ``text`` as one line: entities resolved, white space collapsed, without what steers a terminal or the direction of writing."""
    line = re.sub(r"\s+", " ", html.unescape(text))
    return "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn") and c not in _STEERING).strip()


def sample(text: str) -> str:
    """Return the beginning of ``text`` without its tags, short enough for a report."""
    line = tidy(re.sub(r"<[^<>]{0,300}>", " ", text[: 10 * SAMPLE_LENGTH]))
    return line if len(line) <= SAMPLE_LENGTH else line[: SAMPLE_LENGTH - 1] + "…"


def moment(text: str, *, offset: timedelta = timedelta(0)) -> datetime | None:
    """Return the ISO 8601 moment in UTC, or None when it is no date between 1980 and 2200. Without a zone it is ``offset`` ahead of UTC."""
    try:
        value = datetime.fromisoformat(text.strip())
        value = (value - offset).replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return value if _EARLIEST <= value < _LATEST else None


def web_address(*candidates: str) -> str | None:
    """Return the first candidate that is an http or https address, or None."""
    for candidate in candidates:
        if re.match(r"https?://[^\s/]", candidate.strip(), re.IGNORECASE):
            return candidate.strip()
    return None


def content_id(*parts: str) -> str:
    """Return an identity made of a thing's content, for things whose file gives them no number: the same content is the same thing."""
    return "content:" + _hash("\x1f".join(parts))[:32]


# The explicit embeddings, overrides and isolates of the bidirectional algorithm, and the byte order mark.
_STEERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
