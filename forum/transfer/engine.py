"""The one import for every format: read all, judge all, then write in batches; called by the command.

The rules: nothing is written before the file was read to its end; every batch is one transaction that leaves all counts right, so that an
import killed at any point is finished by running it again; what was imported before is never touched.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.address import normalize_address
from forum.articles.models import Article
from forum.articles.queries import follow_merges, lock_article
from forum.clock import now
from forum.comments.actions import NewComment
from forum.comments.bulk import Planted
from forum.comments.models import Comment
from forum.comments.queries import lock_comments
from forum.comments.stance import Stance
from forum.db.schema import arrange, settle
from forum.db.transaction import reading, writing
from forum.refusals import Kind as RefusalKind
from forum.refusals import Moved, Refusal
from forum.text.render import RENDERER
from forum.transfer.actions import Source, draft_article, name_accounts, name_person, store_article, store_comments, store_person
from forum.transfer.bodies import Body, make_body
from forum.transfer.formats import Format, recognise
from forum.transfer.models import RefKind
from forum.transfer.opening import beginning
from forum.transfer.queries import PINNED, find_drafted, find_local_ids, has_pinned
from forum.transfer.records import NOBODY, Advance, Changed, ImportedPerson, ImportRefused, Kind, LeftOut, Record, sample
from forum.transfer.report import Report
from forum.transfer.scratch import Planned, Scratch

# A comment is at most five rows (itself, its revision, its writer, two references): a thousand rows a transaction.
BATCH = 200
TRIES = 3
HOPELESS = 100_000
_NO_BODY = Body(None, "", RENDERER, None)
_SECOND_PIN = "it is pinned there, and another thread is pinned here: that one stays"
_OLDER = "it is older than the date that was asked for, but was answered since: it is brought in, so that the answer stands in its place"
Bar = Callable[[str, int], AbstractContextManager[Advance]]


@dataclass(frozen=True)
class Import:
    """What to import: a file of a format into a site.

    ``base_url``: where the pages are that the file names by path alone. ``since``: only comments of this time and later, and what they answer.
    """

    format: Format
    file: Path
    site_id: int = DEFAULT_SITE_ID
    dry_run: bool = False
    base_url: str | None = None
    since: datetime | None = None

    @property
    def source(self) -> Source:
        """Under which names things are remembered."""
        return Source(self.site_id, self.format.name)

    def records(self, advance: Advance) -> Iterator[Record]:
        """Yield what the file holds. Raises ImportRefused."""
        if self.format.takes_base:
            return self.format.read(self.file, advance, base_url=self.base_url)
        return self.format.read(self.file, advance)


@contextmanager
def no_bar(_label: str, _length: int) -> Iterator[Advance]:
    """Show no progress."""
    yield lambda _: None


def run_import(order: Import, *, bar: Bar = no_bar) -> Report:
    """Import a file and return the account of it; a dry run reads, judges and counts alike, and writes nothing.

    ``bar`` is asked for a progress bar of so many bytes, then of so many comments. Raises ImportRefused before anything is written.
    """
    _refuse_other_format(order)
    report = Report(order.format.name, order.file.name, order.dry_run)
    with Scratch(report, now(), since=order.since) as scratch:
        with bar("Reading", _size(order.file)) as advance:
            for record in order.records(advance):
                scratch.add(record)
                if report.comments.left_out >= HOPELESS and report.comments.left_out == report.comments.in_file:
                    raise ImportRefused(f"The first {HOPELESS:,} comments of {order.file.name} are none that can be read; export it again.")
        count = scratch.arrange()
        with bar("Checking" if order.dry_run else "Writing", count) as advance:
            for batch in scratch.batches(BATCH):
                _bring_in(order, scratch, report, batch)
                if not order.dry_run:
                    arrange()
                advance(len(batch))
    if report.comments.created and not order.dry_run:
        settle()
    return report


def _refuse_other_format(order: Import) -> None:
    found = recognise(beginning(order.file))
    if found is not None and found != order.format:
        raise ImportRefused(f"{order.file.name} looks like: {found.title}. Use 'forum import {found.name} {order.file.name}'.")


@dataclass(frozen=True)
class _Ready:
    """A comment that is new, its text rendered; a placeholder has none and names nobody. ``notes``: what was changed of it."""

    planned: Planned
    body: Body
    is_placeholder: bool
    notes: tuple[Changed, ...] = ()

    @property
    def author(self) -> ImportedPerson:
        return NOBODY if self.is_placeholder else self.planned.author

    def new_comment(self, author_id: int) -> NewComment:
        """Return what is stored of it."""
        planned, body = self.planned, self.body
        if self.is_placeholder:
            return NewComment(None, "", RENDERER, None, author_id, planned.created_at)
        stance = Stance(planned.stance) if planned.stance else None
        new = NewComment(body.body_md, body.html, body.renderer, stance, author_id, planned.created_at, body.fingerprint, planned.edited_at)
        return replace(new, lead=PINNED) if planned.is_pinned else new


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
        shown = planned.body_md or planned.body_html
        body = _NO_BODY if planned.is_placeholder else make_body(planned.body_md, planned.body_html)
        if planned.is_placeholder or not body.is_empty:
            whys = (body.note, _OLDER if planned.is_older and not planned.is_placeholder else "")
            notes = tuple(Changed(Kind.COMMENT, planned.external_id, why, sample(shown)) for why in whys if why)
            yield _Ready(planned, body, planned.is_placeholder, notes)
        elif planned.is_answered:
            why = "nothing of its text can be shown, but it was answered: its place is kept without its text"
            yield _Ready(planned, _NO_BODY, is_placeholder=True, notes=(Changed(Kind.COMMENT, planned.external_id, why, sample(shown)),))
        else:
            report.note(LeftOut(Kind.COMMENT, planned.external_id, "nothing of its text can be shown", sample(shown)))


def _judge(session: Session, order: Import, scratch: Scratch, ready: Sequence[_Ready]) -> _Outcome:
    """Tell what storing would do, without doing it."""
    outcome = _Outcome()
    known = _look_up(session, order, [one.planned for one in ready])
    for one in _with_one_pin(session, order, scratch, ready, known):
        planned, person = one.planned, one.author
        outcome.tell(Kind.COMMENT, planned.external_id, "placeholders" if one.is_placeholder else "created", one.notes)
        if person != NOBODY and person.external_id in known.people:
            outcome.tell(Kind.PERSON, person.external_id, "already_here")
        elif person != NOBODY:
            outcome.tell(Kind.PERSON, person.external_id, "created", name_person(person)[1])
    firsts: dict[str, Planned] = {}
    for one in ready:
        firsts.setdefault(one.planned.article_external_id, one.planned)
    for external_id, first in firsts.items():
        if external_id in known.articles:
            outcome.tell(Kind.ARTICLE, external_id, "already_here")
            continue
        draft, notes = draft_article(order.source, scratch.article(external_id), first.created_at)
        # A second thread of the same page would find the article that the first one made.
        is_second = draft.url is not None and not scratch.is_first("address", normalize_address(draft.url))
        is_found = is_second or find_drafted(session, order.site_id, draft) is not None
        outcome.tell(Kind.ARTICLE, external_id, "matched" if is_found else "created", () if is_found else notes)
    return outcome


def _with_one_pin(session: Session, order: Import, scratch: Scratch, ready: Sequence[_Ready], known: _Known) -> list[_Ready]:
    """Take the pin from comments whose discussion here has a pinned thread already: what is decided here stays."""
    kept: list[_Ready] = []
    for one in ready:
        if one.planned.is_pinned and _is_pinned_here(session, order, scratch, one.planned, known):
            note = Changed(Kind.COMMENT, one.planned.external_id, _SECOND_PIN, sample(one.planned.body_md or one.planned.body_html))
            kept.append(replace(one, planned=replace(one.planned, is_pinned=False), notes=(*one.notes, note)))
        else:
            kept.append(one)
    return kept


def _is_pinned_here(session: Session, order: Import, scratch: Scratch, planned: Planned, known: _Known) -> bool:
    article_id = known.articles.get(planned.article_external_id)
    if article_id is None:
        draft, _ = draft_article(order.source, scratch.article(planned.article_external_id), planned.created_at)
        found = find_drafted(session, order.site_id, draft)
        article_id = found.id if found else None
    return article_id is not None and has_pinned(session, article_id)


def _store_with_patience(order: Import, scratch: Scratch, ready: Sequence[_Ready]) -> _Outcome:
    """Store a batch in one transaction; once more when somebody else took the same handle or address, or held a lock too long."""
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            with writing() as session:
                return _store(session, order, scratch, ready)
        except (IntegrityError, OperationalError, Moved):
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
    fresh = _with_one_pin(session, order, scratch, fresh, known)
    _store_articles(session, order, scratch, fresh, known, outcome)
    _store_people(session, order, fresh, known, outcome)
    articles, rows = _lock(session, fresh, known)
    planted: dict[str, Planted] = {}
    for one in fresh:
        planned = one.planned
        article, parent_id = articles[known.articles[planned.article_external_id]], planned.parent_external_id or ""
        parent = planted.get(parent_id) or rows.get(known.comments.get(parent_id, 0))
        placed = _place(article, parent, rows, one.new_comment(known.people[one.author.external_id]))
        planted[planned.external_id] = replace(placed, is_erased=one.is_placeholder)
        outcome.tell(Kind.COMMENT, planned.external_id, "placeholders" if one.is_placeholder else "created", one.notes)
    store_comments(session, order.source, planted)
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
    new: dict[str, tuple[_Ready, str]] = {}
    for one in fresh:
        person = one.author
        if person.external_id in known.people and person != NOBODY:
            outcome.fates.setdefault((Kind.PERSON, person.external_id), "already_here")
        if person.external_id in known.people or person.external_id in new:
            continue
        name, notes = name_person(person)
        new[person.external_id] = one, name
        if person != NOBODY:
            outcome.tell(Kind.PERSON, person.external_id, "created", notes)
    for external_id, account in name_accounts(session, {external_id: name for external_id, (_, name) in new.items()}).items():
        since = new[external_id][0].planned.created_at
        known.people[external_id] = store_person(session, order.source, account, external_id=external_id, since=since).id


def _lock(session: Session, fresh: Sequence[_Ready], known: _Known) -> tuple[dict[int, Article], dict[int, Comment]]:
    """Lock what the batch hangs below in the one order: articles, then roots and parents, each by rising id."""
    ids = {known.articles[one.planned.article_external_id] for one in fresh}
    # A discussion that has become part of another one since goes on there.
    present = {article_id: follow_merges(session, session.get_one(Article, article_id)).id for article_id in ids}
    locked = {article_id: lock_article(session, article_id) for article_id in sorted(set(present.values()))}
    articles = {article_id: locked[present[article_id]] for article_id in ids}
    parents = {known.comments[one.planned.parent_external_id] for one in fresh if one.planned.parent_external_id in known.comments}
    roots = set(session.scalars(select(Comment.root_id).where(Comment.id.in_(parents)))) if parents else set()
    return articles, {comment.id: comment for comment in lock_comments(session, [*parents, *roots]).values()}


def _place(article: Article, parent: Comment | Planted | None, rows: Mapping[int, Comment], new: NewComment) -> Planted:
    if isinstance(parent, Planted):
        return Planted(article, new, parent, parent.root or parent)
    # A comment that was moved to another article since it was imported takes no more replies from the old one.
    if parent is None or parent.article_id != article.id:
        return Planted(article, new)
    return Planted(article, new, parent, rows[parent.root_id or parent.id])


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
