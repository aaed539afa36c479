"""HTML doors of the moderation log – the public one and the one for moderators – and the public one's Atom feed.

The feed is the same for everybody, so it may be kept by anyone who asks again each time, as the API's answers are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import ngettext

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
from forum.web.caching import entity_tag, is_fresh, set_caching
from forum.web.context import settings
from forum.web.doors import Call, viewer_of_request
from forum.web.lagging import may_lag
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("modlog")
ON_A_PAGE = 50
IN_THE_FEED = 50
# What no XML 1.0 document may hold, not even as a reference.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
    name = settings().site_name
    context = {
        "lines": lines,
        "base": settings().base_url,
        "name": name,
        "title": _("%(site)s: moderation log", site=name),
        "subtitle": _("What moderators and rules decided, without any text of a comment."),
        "updated": page.entries[0].at if page.entries else call.thing.created_at,
        "xml": for_xml,
        "moment": atom_moment,
    }
    return Page("moderation/log.atom.xml", context, content_type="application/atom+xml; charset=utf-8")


@doors.blueprint.after_request
def share_feed(response: Response) -> Response:
    """Let the feed be kept, and spare the caller one that has not changed."""
    if request.endpoint != f"{doors.blueprint.name}.{show_feed.__name__}" or response.status_code != 200:
        return response
    tag = entity_tag("feed", response.get_data())
    response.vary.add("Accept-Language")
    set_caching(response, viewer_of_request(), tag, private=False)
    if is_fresh(tag):
        response.status_code = 304
        response.set_data(b"")
        response.headers.pop("Content-Type", None)
    return response


def for_xml(text: str) -> str:
    """Return ``text`` without the characters that XML 1.0 forbids; escaping is the template's."""
    return _NOT_XML.sub("", text)


def atom_moment(at: datetime) -> str:
    """Return a moment in UTC as RFC 3339 has it, to the microsecond: rows of one second keep their order."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


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
