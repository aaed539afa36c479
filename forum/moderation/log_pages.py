"""HTML doors of the moderation log – the public one and the one for moderators – and the public one's Atom feed.

The feed is the same for everybody, so it may be kept by anyone who asks again each time, as the API's answers are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, request
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from forum.access.permissions import Permission
from forum.access.table import can
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.comments.states import STATE_WORDS, State
from forum.moderation.actors import ActorKind
from forum.moderation.log_present import present_internal, present_public
from forum.moderation.log_queries import find_seq_of_decision, list_log
from forum.moderation.log_schemas import InternalLogEntryOut, LogEntryOut, LogPageQuery, LogPerson
from forum.moderation.log_words import ACTOR_WORDS, NO_ARTICLE, QUOTED, RULE_WORDS, SAME_PERSON, words_of
from forum.moderation.reasons import DECISION_LABELS, DecisionReason
from forum.refusals import not_found
from forum.sanctions.kinds import KINDS, SanctionKind
from forum.sentences import Sentence, sentence
from forum.text.atom import CONTENT_TYPE, Entry, Feed, write_feed
from forum.web.caching import spare_unchanged
from forum.web.context import settings
from forum.web.doors import Call, viewer_of_request
from forum.web.lagging import may_lag
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("modlog")
ON_A_PAGE = 50
IN_THE_FEED = 50


@dataclass(frozen=True)
class LogLine:
    """A row as a page or the feed says it: the sentence with its places open, who and why in the reader's language, the decision's anchor on this page.

    ``measure`` and ``time``: of a sanction, what it is called and how long it lasts.
    """

    entry: LogEntryOut | InternalLogEntryOut
    words: Sentence
    who: str
    person: LogPerson | None
    article: str
    reason: str
    states: tuple[str, str] | None
    anchor: str | None
    measure: str = ""
    time: str = ""

    @property
    def text(self) -> str:
        """The sentence as plain text."""
        article = _("“%(title)s”", title=self.article) if self.entry.article else self.article
        said = str(_(self.words, who=self.who, article=article, measure=self.measure, time=self.time))
        return f"{said} {self.disclosed}" if self.disclosed else said

    @property
    def disclosed(self) -> str:
        """What has to be said of an appeal that was decided by who had decided first; empty for all other rows."""
        return translated(SAME_PERSON) if self.entry.same_person else ""


@doors.door("GET", "/modlog", Permission.MODLOG_READ, load=load_site, query=LogPageQuery, lags=may_lag)
def show_public(call: Call[Site, None, LogPageQuery]) -> Page | Redirect:
    """Show the public log, newest first."""
    if call.query.decision is not None:
        return _to_decision(call, "/modlog", public_only=True)
    page = list_log(call.session, call.thing.id, public_only=True, before_seq=call.query.before, limit=ON_A_PAGE)
    lines = _lines(present_public(call.session, call.thing.id, page.entries))
    return Page("moderation/log.html", {"is_internal": False, "here": "/modlog", **_around(call, lines, page.next_seq)})


@doors.door("GET", "/mod/log", Permission.MODLOG_READ_INTERNAL, load=load_site, query=LogPageQuery)
def show_internal(call: Call[Site, None, LogPageQuery]) -> Page | Redirect:
    """Show the whole log to moderators, newest first."""
    if call.query.decision is not None:
        return _to_decision(call, "/mod/log", public_only=False)
    page = list_log(call.session, call.thing.id, public_only=False, before_seq=call.query.before, limit=ON_A_PAGE)
    lines = _lines(present_internal(call.session, page.entries))
    return Page("moderation/log.html", {"is_internal": True, "here": "/mod/log", **_around(call, lines, page.next_seq)})


@doors.door("GET", "/modlog.atom", Permission.MODLOG_READ, load=load_site, lags=may_lag)
def show_feed(call: Call[Site, None, None]) -> Page:
    """Show the newest rows of the public log as an Atom feed."""
    page = list_log(call.session, call.thing.id, public_only=True, limit=IN_THE_FEED)
    lines = _lines(present_public(call.session, call.thing.id, page.entries))
    base, name = settings().base_url, settings().site_name
    feed = Feed(
        id=f"{base}/modlog",
        title=_("%(site)s: moderation log", site=name),
        subtitle=_("What moderators and rules decided, without any text of a comment."),
        address="/modlog.atom",
        page="/modlog",
        writer=name,
        began=call.thing.created_at,
        entries=[_entry(line) for line in lines],
    )
    language = str(get_locale()).replace("_", "-")
    return Page(body=write_feed(feed, base_url=base, language=language), content_type=CONTENT_TYPE)


@doors.blueprint.after_request
def share_feed(response: Response) -> Response:
    """Let the feed be kept, and spare the caller one that has not changed."""
    if request.endpoint != f"{doors.blueprint.name}.{show_feed.__name__}":
        return response
    return spare_unchanged(response, viewer_of_request())


def _entry(line: LogLine) -> Entry:
    seq = line.entry.seq
    page = f"/modlog?before={seq + 1}#s{seq}"
    at = line.entry.at
    return Entry(settings().base_url + page, line.text, page, at, summary=line.reason, category=(line.entry.event, ""))


def _to_decision(call: Call[Site, None, LogPageQuery], here: str, *, public_only: bool) -> Redirect:
    decision_id = call.query.decision or 0
    seq = find_seq_of_decision(call.session, call.thing.id, decision_id, public_only=public_only)
    if seq is None:
        raise not_found(sentence("decision"))
    return Redirect(f"{here}?before={seq + 1}#d{decision_id}")


def _around(call: Call[Site, None, LogPageQuery], lines: Sequence[LogLine], next_seq: int | None) -> dict[str, object]:
    return {
        "lines": lines,
        "is_first": call.query.before is None,
        "next_seq": next_seq,
        "sees_internal": can(call.viewer, Permission.MODLOG_READ_INTERNAL, call.thing),
    }


def _lines(entries: Sequence[LogEntryOut] | Sequence[InternalLogEntryOut]) -> list[LogLine]:
    # An undone decision has two rows; the older is the decision itself, and an anchor stands only once.
    oldest = {entry.decision_id: entry.seq for entry in entries if entry.decision_id is not None}
    return [_line(entry, is_anchor=oldest.get(entry.decision_id or 0) == entry.seq) for entry in entries]


def _line(entry: LogEntryOut | InternalLogEntryOut, *, is_anchor: bool) -> LogLine:
    kind, _colon, rule = entry.by.partition(":")
    person = entry.actor if isinstance(entry, InternalLogEntryOut) else entry.moderator
    measure = entry.measure
    return LogLine(
        entry=entry,
        words=words_of(entry.event, by_rule=kind == ActorKind.RULE, measure=measure.kind if measure else None),
        who=_who(ActorKind(kind), rule, person),
        person=person,
        article=entry.article.title if entry.article else translated(NO_ARTICLE),
        reason=_reason(entry.reason),
        states=_states(entry),
        anchor=f"d{entry.decision_id}" if is_anchor else None,
        measure=translated(KINDS[SanctionKind(measure.kind)].label) if measure else "",
        time=ngettext("%(num)d day", "%(num)d days", measure.days) if measure and measure.days is not None else "",
    )


def _who(kind: ActorKind, rule: str, person: LogPerson | None) -> str:
    if kind is ActorKind.RULE:
        name = RULE_WORDS.get(rule)
        return str(_(QUOTED, name=translated(name) if name else rule))
    return person.display_name if person else translated(ACTOR_WORDS[kind])


def _reason(code: str | None) -> str:
    if code is None:
        return ""
    return translated(DECISION_LABELS[DecisionReason(code)]) if code in set(DecisionReason) else code


def _states(entry: LogEntryOut | InternalLogEntryOut) -> tuple[str, str] | None:
    if entry.from_state is None or entry.to_state is None or entry.from_state == entry.to_state:
        return None
    return translated(STATE_WORDS[State(entry.from_state)]), translated(STATE_WORDS[State(entry.to_state)])
