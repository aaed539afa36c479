"""Writes of the author's desk: what an author decides about a comment instead of answering it, templates of replies, the note of being away.

The rule: whatever takes a comment off the desk is a row of ``attention_events``, and so is what brings it back. Actions flush and never commit.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.accounts.models import Account
from forum.articles.actions import raise_versions
from forum.articles.models import ArticleAuthor
from forum.clock import now
from forum.comments.attention import BASES, Attention
from forum.comments.counts import Place
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.desk.models import AttentionEvent, ReplyTemplate
from forum.desk.queries import list_templates
from forum.jobs.happening import Happening, happened
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import sentence
from forum.stances.actions import put_tag, remove_tag
from forum.stances.queries import find_tag
from forum.text.limits import find_body_faults, find_line_faults, normalize_body

LATER_BY_DEFAULT = timedelta(days=7)
# What time makes due is looked for once a minute.
SOONEST, LATEST = timedelta(minutes=5), timedelta(days=366)
NOTE_MAX, TITLE_MAX, TEMPLATES_MAX = 300, 80, 20


def attend(session: Session, viewer: Viewer, comment_id: int, attention: Attention, *, until: datetime | None = None) -> Place:
    """Thank for a comment, say that it needs no reply, or set it aside until later, and return its place, locked.

    Thanking is also the author's tag *encouragement*, which is shown and not counted. The same again changes nothing but the date.
    Raises Refusal ``own-comment``, ``conflict``, ``validation``, ``sanctioned`` or ``rate-limited``.
    """
    account_id = _account(viewer)
    _check_date(attention, until)
    if attention is Attention.THANKED:
        _require_waiting(lock_place(session, comment_id))
        put_tag(session, viewer, comment_id, Stance.ENCOURAGEMENT)
    place = lock_place(session, comment_id)
    _require_waiting(place)
    comment, ends_at = place.comment, _end(attention, until)
    if (comment.attention, comment.attention_until) == (attention.value, ends_at):
        return place
    was_thanked = comment.attention == Attention.THANKED
    _record(session, comment, account_id, attention, ends_at)
    if was_thanked or attention is Attention.THANKED or place.article.series_id is not None:
        # The next part of a series lists what is open in this one.
        place.article.version += 1
    session.flush()
    if attention is Attention.THANKED:
        happened(session, Happening.COMMENT_THANKED, site_id=comment.site_id, article_id=comment.article_id, comment_id=comment.id)
    return place


def unattend(session: Session, viewer: Viewer, comment_id: int) -> Place:
    """Let a comment wait again that was thanked for or set aside, and return its place, locked; without that nothing changes.

    One's own tag *encouragement* goes with one's thanks. Raises Refusal ``not-taggable``, ``sanctioned`` or ``rate-limited``.
    """
    account_id = _account(viewer)
    place = lock_place(session, comment_id)
    if place.comment.attention is None:
        return place
    was_thanked = place.comment.attention == Attention.THANKED
    if was_thanked and place.comment.state == State.VISIBLE and find_tag(session, comment_id, account_id) is Stance.ENCOURAGEMENT:
        remove_tag(session, viewer, comment_id)
        place = lock_place(session, comment_id)
    _record(session, place.comment, account_id, None, None)
    if was_thanked or place.article.series_id is not None:
        place.article.version += 1
    session.flush()
    return place


def wait_again(session: Session, comment: Comment) -> None:
    """Let a comment wait again whose writer has come to doubt or disagree since it was set aside: that is not what its author decided about.

    Called whenever a comment has taken another stance.
    """
    if comment.attention is not None and comment.stance is not None and Stance(comment.stance) in BASES:
        _record(session, comment, comment.author_id, None, None)


def _require_waiting(place: Place) -> None:
    if place.comment.author_id in place.article.author_ids:
        raise Refusal(Kind.OWN_COMMENT, "An author of the article wrote this; the desk is for what readers write.")
    if place.comment.state != State.VISIBLE:
        raise Refusal(Kind.CONFLICT, "Readers cannot see this comment at present, so nothing waits here; look again when it is back.")


def _check_date(attention: Attention, until: datetime | None) -> None:
    if until is None:
        return
    if attention is not Attention.LATER:
        raise invalid(Fault("/until", "not-later", "Only what is set aside until later has a date; leave it out."))
    require_soon(until, "/until")


def require_soon(until: datetime, pointer: str) -> None:
    """Raise Refusal ``validation`` unless a date lies ahead, by no more than a year."""
    if not SOONEST <= until - now() <= LATEST:
        raise invalid(Fault(pointer, "bad-date", "Choose a date from tomorrow on, at most a year ahead."))


def _end(attention: Attention, until: datetime | None) -> datetime | None:
    return (until or now() + LATER_BY_DEFAULT) if attention is Attention.LATER else None


def _record(session: Session, comment: Comment, account_id: int, attention: Attention | None, until: datetime | None) -> None:
    comment.attention, comment.attention_until = attention.value if attention else None, until
    event = AttentionEvent(comment_id=comment.id, account_id=account_id, attention=comment.attention, until=until, created_at=now())
    session.add(event)


def save_template(session: Session, account_id: int, *, title: str, body_md: str, template: ReplyTemplate | None = None) -> ReplyTemplate:
    """Store a template of replies, or change one, and return it. Raises Refusal ``validation``, or ``conflict`` for the twenty-first."""
    text = normalize_body(body_md)
    faults = [Fault("/title", found.code, found.detail) for found in find_line_faults(title, maximum=TITLE_MAX)]
    faults += [Fault("/body_md", found.code, found.detail) for found in find_body_faults(text)]
    if faults:
        raise invalid(*faults)
    if template is None:
        # One at a time, so that two requests at once cannot both be the twentieth.
        session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
        if (session.scalar(select(func.count()).where(ReplyTemplate.account_id == account_id)) or 0) >= TEMPLATES_MAX:
            raise Refusal(
                Kind.CONFLICT,
                sentence("You have %(most)s templates, which is as many as there can be: delete one first.", most=TEMPLATES_MAX),
            )
        template = ReplyTemplate(account_id=account_id, created_at=now())
        session.add(template)
    template.title, template.body_md = title.strip(), text
    session.flush()
    return template


def delete_template(session: Session, template: ReplyTemplate) -> None:
    """Delete a template; what was written with it stays."""
    session.delete(template)
    session.flush()


def forget_templates(session: Session, account_id: int) -> None:
    """Delete all templates of somebody who leaves; what they decided about comments stays decided."""
    session.execute(delete(ReplyTemplate).where(ReplyTemplate.account_id == account_id))


def refuse_template(session: Session, account_id: int, body_md: str) -> None:
    """Raise Refusal ``validation`` when a text is one of its writer's templates as it stands, however spaced."""
    words = body_md.split()
    if any(template.body_md.split() == words for template in list_templates(session, account_id)):
        raise invalid(
            Fault(
                "/body_md",
                "unchanged-template",
                "This is your template as it stands. Add what you have to say to this reader, then post it.",
            )
        )


def set_away(session: Session, account_id: int, *, note: str, until: datetime) -> Account:
    """Show a note on the author's articles until a moment, and return the account; their versions rise. Raises Refusal ``validation``."""
    if faults := find_line_faults(note, maximum=NOTE_MAX):
        raise invalid(*(Fault("/note", found.code, found.detail) for found in faults))
    require_soon(until, "/until")
    return _write_away(session, account_id, note.strip(), until)


def end_away(session: Session, account_id: int) -> Account:
    """Take the note off the author's articles and return the account; without one nothing changes."""
    account = session.get_one(Account, account_id)
    return _write_away(session, account_id, "", None) if account.away_until is not None else account


def raise_versions_of(session: Session, account_id: int) -> None:
    """Raise the versions of an author's articles: their pages show what the author says while away. Before the account is written: articles come first."""
    mine = select(ArticleAuthor.article_id).where(ArticleAuthor.account_id == account_id).order_by(ArticleAuthor.article_id)
    raise_versions(session, session.scalars(mine).all())


def _write_away(session: Session, account_id: int, note: str, until: datetime | None) -> Account:
    raise_versions_of(session, account_id)
    account = session.get_one(Account, account_id)
    account.away_note, account.away_until = note, until
    session.flush()
    return account


def _account(viewer: Viewer) -> int:
    assert viewer.account_id is not None, "the permission table lets nobody decide without an account"
    return viewer.account_id
