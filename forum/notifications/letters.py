"""The mails of this room, written at the moment they are sent: one about one thing, and the digest of all that came since the last one.

The rule: what nobody may read any more, what its reader follows no longer, and what they have read here already is in no digest; a mail that would be empty
is not sent at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.articles.present import present_articles
from forum.articles.schemas import ArticleOut
from forum.clock import now
from forum.comments.models import Comment
from forum.mail.filling import Filler, Later, Letter
from forum.notifications.models import Delivery, Follow, Notification, Reason, Subject, Target
from forum.notifications.most_tagged import ThreadBar, read_threads
from forum.notifications.queries import FOLLOWED_BY, Recipient, find_recipient
from forum.notifications.recording import message_id
from forum.notifications.schedule import Hours, end_of_quiet
from forum.notifications.stopping import EVERYTHING, Stop, stop_address
from forum.notifications.stories import Story, read_stories
from forum.sentences import sentence
from forum.stances.map_lines import MailBar, mail_bars, map_lines
from forum.text.elsewhere import for_elsewhere
from forum.text.excerpt import excerpt
from forum.web.context import settings
from forum.web.translation import speaking, translated

LINKS = {
    Subject.COMMENT: sentence("Read and answer"),
    Subject.ARTICLE: sentence("Read the article"),
    Subject.THANKS: sentence("See your comment"),
    Subject.ANSWERED: sentence("See where it is answered"),
    Subject.STATEMENT: sentence("See the decision, and how to appeal"),
}
"""What the link of a mail leads to, by what it is about."""

PRE = '<pre style="white-space:pre-wrap;overflow-wrap:anywhere">'
"""How code begins in a mail, where no style sheet wraps its lines: a long one would make the whole mail wider than a telephone."""

MOST_IN_DIGEST = 30
MOST_READ = 300
EXCERPT = 280
SUBJECT = 120


@dataclass(frozen=True)
class Entry:
    """A line of a digest: its story with the address where it is read and what the link says, and its text cut short."""

    story: Story
    address: str
    link: str
    text: str


@dataclass(frozen=True)
class Group:
    """What a digest says about one article: how people stand there now, and what is new."""

    title: str
    address: str
    bars: Sequence[MailBar]
    lines: Sequence[str]
    threads: Sequence[ThreadBar]
    entries: Sequence[Entry]


def write_one(session: Session, about: Mapping[str, Any]) -> Letter | None:
    """Return the mail about one notification as it is now. Raises Later in the person's quiet hours."""
    told = session.get(Notification, about["notification"])
    person = find_recipient(session, told.subscriber_id) if told is not None else None
    if told is None or person is None or not person.address or told.mailed_at is not None:
        return None
    _require_awake(person)
    with _speaking_to(person):
        story = read_stories(session, _wanted(session, person, [told])).get(told.id)
        if story is None:
            return None
        stop = _stop_of(session, told, person)
        headers = {**_threading(session, told), **_stopping(stop)}
        return _write("news", person, {**_about(told, story), "stop": stop_address(stop) if stop else ""}, headers)


def settle_one(session: Session, about: Mapping[str, Any], sent: bool) -> None:
    """Note that a mail was sent about a notification."""
    if sent:
        session.execute(update(Notification).where(Notification.id == about["notification"]).values(mailed_at=now()))


def write_digest(session: Session, about: Mapping[str, Any]) -> Letter | None:
    """Return the mail with everything that was gathered for somebody until now. Raises Later in their quiet hours."""
    person = find_recipient(session, about["subscriber"])
    if person is None or not person.address:
        return None
    _require_awake(person)
    due = (*_gathered(about), Notification.mailed_at.is_(None), Notification.read_at.is_(None))
    told = session.scalars(select(Notification).where(*due).order_by(Notification.id).limit(MOST_READ)).all()
    wanted = _wanted(session, person, told)
    with _speaking_to(person):
        stories = read_stories(session, wanted)
        shown = [each for each in wanted if each.id in stories]
        return _write_digest(session, person, shown, stories) if shown else None


def _write_digest(session: Session, person: Recipient, shown: Sequence[Notification], stories: Mapping[int, Story]) -> Letter:
    groups = _group(session, shown[:MOST_IN_DIGEST], stories)
    stop = Stop(person.subscriber.id, "digest")
    left = len(shown) - len(shown[:MOST_IN_DIGEST])
    inbox = f"{settings().base_url}/inbox" if person.has_inbox else ""
    values = {"groups": groups, "count": len(shown), "left": left, "inbox": inbox, "stop": stop_address(stop)}
    return _write("digest", person, values, _stopping(stop))


def settle_digest(session: Session, about: Mapping[str, Any], sent: bool) -> None:
    """Note that a digest was sent, or that nothing was left to say: what it gathered waits for no other."""
    mine = update(Notification).where(*_gathered(about)).execution_options(synchronize_session=False)
    session.execute(mine.values(mail_due_at=None, mailed_at=now()) if sent else mine.values(mail_due_at=None))


ONE_FILLER = Filler(write_one, settle_one)
DIGEST_FILLER = Filler(write_digest, settle_digest)


def _require_awake(person: Recipient) -> None:
    # Asked again though the mail was due: its time was chosen before, and the mail server may have been away since.
    known = person.subscriber
    awake = end_of_quiet(Hours(known.quiet_from, known.quiet_to, known.zone), now())
    if awake is not None:
        raise Later(awake)


def _gathered(about: Mapping[str, Any]) -> tuple[Any, ...]:
    due_at = datetime.fromisoformat(about["due_at"])
    return (Notification.subscriber_id == about["subscriber"], Notification.mail_due_at.is_not(None), Notification.mail_due_at <= due_at)


def _wanted(session: Session, person: Recipient, told: Sequence[Notification]) -> list[Notification]:
    """Return those of which the person still wants mail: nothing that was unsubscribed or unfollowed since."""
    wanted = [each for each in told if person.delivery_of(Reason(each.reason)) is not Delivery.NONE]
    if not any(Reason(each.reason) in FOLLOWED_BY or each.reason == Reason.DESK for each in wanted):
        return wanted
    follows = {(row.kind, row.target_id) for row in session.scalars(select(Follow).where(Follow.subscriber_id == person.subscriber.id))}
    articles, roots = _places(session, wanted)
    return [each for each in wanted if _still_concerns(each, person, follows, articles, roots)]


def _still_concerns(
    told: Notification, person: Recipient, follows: set[tuple[str, int]], articles: Mapping[int, Article], roots: Mapping[int, int]
) -> bool:
    reason = Reason(told.reason)
    article = articles.get(told.article_id or 0)
    if reason is Reason.DESK:
        return article is not None and person.subscriber.account_id in article.author_ids
    target = FOLLOWED_BY.get(reason)
    if target is None:
        return True
    return article is not None and any((target.value, number) in follows for number in _targets(target, told, article, roots))


def _targets(target: Target, told: Notification, article: Article, roots: Mapping[int, int]) -> Sequence[int]:
    return {
        Target.ARTICLE: (article.id,),
        Target.THREAD: (roots.get(told.comment_id or 0, 0),),
        Target.AUTHOR: article.author_ids,
        Target.SITE: (article.site_id,),
    }[target]


def _places(session: Session, told: Sequence[Notification]) -> tuple[dict[int, Article], dict[int, int]]:
    article_ids = {each.article_id for each in told if each.article_id is not None}
    articles = {article.id: article for article in session.scalars(select(Article).where(Article.id.in_(article_ids)))}
    comment_ids = {each.comment_id for each in told if each.comment_id is not None}
    roots = session.execute(select(Comment.id, Comment.root_id).where(Comment.id.in_(comment_ids)))
    return articles, {comment_id: root_id or comment_id for comment_id, root_id in roots}


def _stop_of(session: Session, told: Notification, person: Recipient) -> Stop | None:
    reason = Reason(told.reason)
    target = FOLLOWED_BY.get(reason)
    if reason is Reason.DECISION:
        return None
    if target is None:
        return Stop(person.subscriber.id, "desk" if reason is Reason.DESK else "answers")
    articles, roots = _places(session, [told])
    follows = session.scalars(select(Follow.target_id).where(Follow.subscriber_id == person.subscriber.id, Follow.kind == target.value))
    followed = set(follows)
    number = next((each for each in _targets(target, told, articles[told.article_id or 0], roots) if each in followed), 0)
    return Stop(person.subscriber.id, f"{target.value}:{number}")


def _threading(session: Session, told: Notification) -> dict[str, str]:
    """Return the headers by which mail programs put the mails about one thread together (RFC 5322, section 3.6.4).

    A mail about a comment answers those above it; what somebody did about the comment (thanks, an answer elsewhere, a decision) answers the comment itself.
    """
    comment = session.get(Comment, told.comment_id) if told.comment_id is not None else None
    if comment is None:
        return {}
    itself = comment.id if told.subject == Subject.COMMENT else None
    chain = dict.fromkeys((comment.root_id, comment.parent_id, comment.id))
    names = [message_id(Subject.ARTICLE, comment.article_id, told.subscriber_id)]
    names += [message_id(Subject.COMMENT, each, told.subscriber_id) for each in chain if each not in (None, itself)]
    references = [f"<{name}>" for name in names]
    return {"In-Reply-To": references[-1], "References": " ".join(references)}


def _stopping(stop: Stop | None) -> dict[str, str]:
    """Return the headers that let a mail program unsubscribe with one click (RFC 2369, RFC 8058).

    Every mail that somebody is on a list for has both: news and digests. What nobody can leave has neither, or the button would promise what it does not do:
    statements of reasons (``stop`` is None), and the letters about accounts and addresses (``forum.mail.letters``), which answer a single request.
    """
    if stop is None:
        return {}
    return {"List-Unsubscribe": f"<{stop_address(stop)}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _about(told: Notification, story: Story) -> dict[str, Any]:
    base = settings().base_url
    text = story.body_md or excerpt(story.html, length=4000)
    return {
        "story": story,
        "address": f"{base}{story.path}",
        "article_address": f"{base}{story.article_path}",
        "link": translated(LINKS[Subject(told.subject)]),
        # Whoever is thanked reads what they wrote, not what somebody wrote to them.
        "is_own": told.subject == Subject.THANKS,
        "text": text,
        "body": for_elsewhere(story.html, base).replace("<pre>", PRE),
    }


def _group(session: Session, told: Sequence[Notification], stories: Mapping[int, Story]) -> list[Group]:
    base = settings().base_url
    by_article: dict[int, list[Entry]] = {}
    for each in told:
        story = stories[each.id]
        text = excerpt(story.html, length=EXCERPT) if story.html else story.body_md
        by_article.setdefault(each.article_id or 0, []).append(
            Entry(story, f"{base}{story.path}", translated(LINKS[Subject(each.subject)]), text)
        )
    found = session.scalars(select(Article).where(Article.id.in_(by_article)))
    articles = {article.id: article for article in present_articles(session, list(found))}
    threads = read_threads(session, list(articles.values()))
    return [_group_of(entries, articles.get(article_id), threads.get(article_id, [])) for article_id, entries in by_article.items()]


def _group_of(entries: Sequence[Entry], article: ArticleOut | None, threads: Sequence[ThreadBar]) -> Group:
    story = entries[0].story
    bars, lines = (mail_bars(article), map_lines(article)) if article is not None else ([], [])
    return Group(story.title, f"{settings().base_url}{story.article_path}", bars, lines, threads, entries)


def _write(name: str, person: Recipient, values: Mapping[str, Any], headers: Mapping[str, str]) -> Letter:
    known = settings()
    language = _language_of(person)
    everything = stop_address(Stop(person.subscriber.id, EVERYTHING))
    choices = f"{known.base_url}/settings/notifications" if person.has_inbox else everything
    filled = {"site": known.site_name, "home": known.base_url, "choices": choices, "language": language.replace("_", "-"), **values}
    text = current_app.jinja_env.get_template(f"mail/{name}.txt").render(**filled)
    html = current_app.jinja_env.get_template(f"mail/{name}.html").render(**filled)
    return Letter(person.address, _in_one_line(_subject(values)), f"{text.strip()}\n", html, headers)


def _in_one_line(subject: str) -> str:
    # Cut alike for all mails about one article, so that they stay together in a mail program.
    words = " ".join(subject.split())
    return words if len(words) <= SUBJECT else f"{words[:SUBJECT].rpartition(' ')[0].rstrip(' ,;:-') or words[:SUBJECT]}…"


@contextmanager
def _speaking_to(person: Recipient) -> Iterator[None]:
    with force_locale(_language_of(person)), speaking():
        yield


def _language_of(person: Recipient) -> str:
    return person.subscriber.language or settings().languages.split()[0]


def _subject(values: Mapping[str, Any]) -> str:
    story: Story | None = values.get("story")
    if story is None:
        site = settings().site_name
        return str(ngettext("%(num)d new thing at %(site)s", "%(num)d new things at %(site)s", values["count"], site=site))
    if story.subject:
        return translated(story.subject)
    # A subject that stays the same lets mail programs put the mails about one discussion together.
    return str(_("New: %(title)s", title=story.title) if story.path == story.article_path else _("Re: %(title)s", title=story.title))
