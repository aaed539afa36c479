"""The one import for every format: read all, judge all, then write in batches; called by the command.

The rules: nothing is written before the file was read to its end; every batch is one transaction that leaves all counts right, so that an
import killed at any point is finished by running it again; what was imported before is never touched.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.address import normalize_address
from forum.articles.models import Article
from forum.articles.queries import lock_article
from forum.clock import now
from forum.comments.actions import NewComment
from forum.comments.models import Comment
from forum.comments.queries import lock_comments
from forum.db.schema import refresh_statistics
from forum.db.transaction import reading, writing
from forum.refusals import Kind as RefusalKind
from forum.refusals import Refusal
from forum.text.limits import is_blank
from forum.text.render import RENDERER, render_imported
from forum.transfer.actions import Above, Source, draft_article, name_person, store_article, store_comment, store_person
from forum.transfer.formats import Format
from forum.transfer.models import RefKind
from forum.transfer.queries import find_drafted, find_local_ids
from forum.transfer.records import NOBODY, Advance, Changed, ImportedPerson, Kind, LeftOut, sample
from forum.transfer.report import Report
from forum.transfer.scratch import Planned, Scratch

# A comment is at most five rows (itself, its revision, its writer, two references): a thousand rows a transaction.
BATCH = 200
TRIES = 3
Bar = Callable[[str, int], AbstractContextManager[Advance]]


@dataclass(frozen=True)
class Import:
    """What to import: a file of a format into a site."""

    format: Format
    file: Path
    site_id: int = DEFAULT_SITE_ID
    dry_run: bool = False

    @property
    def source(self) -> Source:
        """Under which names things are remembered."""
        return Source(self.site_id, self.format.name)


@contextmanager
def no_bar(_label: str, _length: int) -> Iterator[Advance]:
    """Show no progress."""
    yield lambda _: None


def run_import(order: Import, *, bar: Bar = no_bar) -> Report:
    """Import a file and return the account of it; a dry run reads, judges and counts alike, and writes nothing.

    ``bar`` is asked for a progress bar of so many bytes, then of so many comments. Raises ImportRefused before anything is written.
    """
    report = Report(order.format.name, order.file.name, order.dry_run)
    with Scratch(report, now()) as scratch:
        with bar("Reading", _size(order.file)) as advance:
            for record in order.format.read(order.file, advance):
                scratch.add(record)
        count = scratch.arrange()
        with bar("Checking" if order.dry_run else "Writing", count) as advance:
            for batch in scratch.batches(BATCH):
                _bring_in(order, scratch, report, batch)
                advance(len(batch))
    if report.comments.created and not order.dry_run:
        refresh_statistics()
    return report


@dataclass(frozen=True)
class _Ready:
    """A comment that is new, its text rendered; a placeholder has none and names nobody."""

    planned: Planned
    html: str
    is_placeholder: bool

    @property
    def author(self) -> ImportedPerson:
        return NOBODY if self.is_placeholder else self.planned.author


@dataclass
class _Known:
    """The local ids of what a batch names and the database has, by foreign id."""

    articles: dict[str, int]
    people: dict[str, int]
    comments: dict[str, int]


@dataclass
class _Outcome:
    """What a batch did, told to the report only once it is committed: each thing's column of the counts, and what was changed."""

    fates: dict[tuple[Kind, str], str] = field(default_factory=dict)
    notes: dict[tuple[Kind, str], list[Changed]] = field(default_factory=dict)

    def tell(self, kind: Kind, external_id: str, fate: str, notes: Sequence[Changed] = ()) -> None:
        self.fates[kind, external_id] = fate
        self.notes[kind, external_id] = list(notes)

    def tell_known(self, planned: Planned) -> None:
        self.tell(Kind.COMMENT, planned.external_id, "already_here")
        self.fates.setdefault((Kind.ARTICLE, planned.article_external_id), "already_here")
        if planned.author != NOBODY:
            self.fates.setdefault((Kind.PERSON, planned.author.external_id), "already_here")


def _bring_in(order: Import, scratch: Scratch, report: Report, batch: list[Planned]) -> None:
    with reading() as session:
        known = _look_up(session, order, batch)
    ready = list(_render([planned for planned in batch if planned.external_id not in known.comments], report))
    if order.dry_run:
        with reading() as session:
            outcome = _judge(session, order, scratch, ready)
    else:
        outcome = _store_with_patience(order, scratch, ready) if ready else _Outcome()
    for planned in batch:
        if planned.external_id in known.comments:
            outcome.tell_known(planned)
    _account(outcome, scratch, report)


def _account(outcome: _Outcome, scratch: Scratch, report: Report) -> None:
    columns = {Kind.ARTICLE: report.articles, Kind.PERSON: report.people, Kind.COMMENT: report.comments}
    for (kind, external_id), fate in outcome.fates.items():
        if kind is not Kind.COMMENT and not scratch.is_first(kind.value, external_id):
            continue
        counts = columns[kind]
        setattr(counts, fate, getattr(counts, fate) + 1)
        if kind is Kind.PERSON:
            counts.in_file += 1
        for note in outcome.notes.get((kind, external_id), ()):
            report.note(note)


def _look_up(session: Session, order: Import, batch: Sequence[Planned]) -> _Known:
    comments = {planned.external_id for planned in batch} | {planned.parent_external_id for planned in batch if planned.parent_external_id}
    people = {planned.author.external_id for planned in batch} | {NOBODY.external_id}
    articles = {planned.article_external_id for planned in batch}

    def find(kind: RefKind, external_ids: set[str]) -> dict[str, int]:
        return find_local_ids(session, order.site_id, order.format.name, kind=kind, external_ids=external_ids)

    return _Known(find(RefKind.ARTICLE, articles), find(RefKind.ACCOUNT, people), find(RefKind.COMMENT, comments))


def _render(batch: Sequence[Planned], report: Report) -> Iterator[_Ready]:
    """Render outside any transaction: it takes longer than storing."""
    for planned in batch:
        html = "" if planned.is_placeholder else render_imported(planned.body_html).html
        if planned.is_placeholder or not is_blank(unescape(re.sub(r"<[^>]*>", "", html))):
            yield _Ready(planned, html, planned.is_placeholder)
        elif planned.is_answered:
            why = "nothing of its text can be shown, but it was answered: its place is kept without its text"
            report.note(Changed(Kind.COMMENT, planned.external_id, why, sample(planned.body_html)))
            yield _Ready(planned, "", is_placeholder=True)
        else:
            report.note(LeftOut(Kind.COMMENT, planned.external_id, "nothing of its text can be shown", sample(planned.body_html)))


def _judge(session: Session, order: Import, scratch: Scratch, ready: Sequence[_Ready]) -> _Outcome:
    """Tell what storing would do, without doing it."""
    outcome = _Outcome()
    known = _look_up(session, order, [one.planned for one in ready])
    for one in ready:
        planned, person = one.planned, one.author
        outcome.tell(Kind.COMMENT, planned.external_id, "placeholders" if one.is_placeholder else "created")
        if person != NOBODY and person.external_id in known.people:
            outcome.tell(Kind.PERSON, person.external_id, "already_here")
        elif person != NOBODY:
            outcome.tell(Kind.PERSON, person.external_id, "created", name_person(person)[1])
    for external_id, first in {one.planned.article_external_id: one.planned for one in reversed(ready)}.items():
        if external_id in known.articles:
            outcome.tell(Kind.ARTICLE, external_id, "already_here")
            continue
        draft, notes = draft_article(order.source, scratch.article(external_id), first.created_at)
        # A second thread of the same page would find the article that the first one made.
        is_second = draft.url is not None and not scratch.is_first("address", normalize_address(draft.url))
        is_found = is_second or find_drafted(session, order.site_id, draft) is not None
        outcome.tell(Kind.ARTICLE, external_id, "matched" if is_found else "created", () if is_found else notes)
    return outcome


def _store_with_patience(order: Import, scratch: Scratch, ready: Sequence[_Ready]) -> _Outcome:
    """Store a batch in one transaction; once more when somebody else took the same handle or address, or held a lock too long."""
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            with writing() as session:
                return _store(session, order, scratch, ready)
        except (IntegrityError, OperationalError):
            if not tries_left:
                raise
        except Refusal as refusal:
            if refusal.kind is not RefusalKind.CONFLICT or not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def _store(session: Session, order: Import, scratch: Scratch, ready: Sequence[_Ready]) -> _Outcome:
    outcome = _Outcome()
    known = _look_up(session, order, [one.planned for one in ready])
    fresh = [one for one in ready if one.planned.external_id not in known.comments]
    _store_articles(session, order, scratch, fresh, known, outcome)
    _store_people(session, order, fresh, known, outcome)
    articles, rows = _lock(session, fresh, known)
    for one in fresh:
        planned = one.planned
        above = _above(articles[known.articles[planned.article_external_id]], rows, known.comments.get(planned.parent_external_id or ""))
        author_id = known.people[one.author.external_id]
        new = NewComment(None, one.html, RENDERER, None, author_id, planned.created_at)
        comment = store_comment(session, order.source, above, new, external_id=planned.external_id, is_placeholder=one.is_placeholder)
        rows[comment.id] = comment
        known.comments[planned.external_id] = comment.id
        outcome.tell(Kind.COMMENT, planned.external_id, "placeholders" if one.is_placeholder else "created")
    # Another import of the same file may have been here since the batch was rendered.
    stored = {one.planned.external_id for one in fresh}
    for one in ready:
        if one.planned.external_id not in stored:
            outcome.tell_known(one.planned)
    session.flush()
    return outcome


def _store_articles(session: Session, order: Import, scratch: Scratch, fresh: Sequence[_Ready], known: _Known, outcome: _Outcome) -> None:
    for one in fresh:
        external_id = one.planned.article_external_id
        if external_id in known.articles:
            outcome.fates.setdefault((Kind.ARTICLE, external_id), "already_here")
            continue
        imported = scratch.article(external_id)
        draft, notes = draft_article(order.source, imported, one.planned.created_at)
        article, is_new = store_article(session, order.source, imported, draft)
        known.articles[external_id] = article.id
        outcome.tell(Kind.ARTICLE, external_id, "created" if is_new else "matched", notes if is_new else ())


def _store_people(session: Session, order: Import, fresh: Sequence[_Ready], known: _Known, outcome: _Outcome) -> None:
    for one in fresh:
        person = one.author
        is_known = person.external_id in known.people
        if is_known and person != NOBODY:
            outcome.fates.setdefault((Kind.PERSON, person.external_id), "already_here")
        if is_known:
            continue
        name, notes = name_person(person)
        known.people[person.external_id] = store_person(session, order.source, person, name=name, since=one.planned.created_at).id
        if person != NOBODY:
            outcome.tell(Kind.PERSON, person.external_id, "created", notes)


def _lock(session: Session, fresh: Sequence[_Ready], known: _Known) -> tuple[dict[int, Article], dict[int, Comment]]:
    """Lock what the batch hangs below in the one order: articles, then roots and parents, each by rising id."""
    ids = sorted({known.articles[one.planned.article_external_id] for one in fresh})
    articles = {article_id: lock_article(session, article_id) for article_id in ids}
    parents = {known.comments[one.planned.parent_external_id] for one in fresh if one.planned.parent_external_id in known.comments}
    roots = set(session.scalars(select(Comment.root_id).where(Comment.id.in_(parents)))) if parents else set()
    return articles, {comment.id: comment for comment in lock_comments(session, [*parents, *roots]).values()}


def _above(article: Article, rows: dict[int, Comment], parent_id: int | None) -> Above:
    parent = rows.get(parent_id or 0)
    # A comment that was moved to another article since it was imported takes no more replies from the old one.
    if parent is None or parent.article_id != article.id:
        return Above(article)
    return Above(article, parent, rows[parent.root_id or parent.id])


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
