"""Which discussion pages may be kept for others, and who can be given one that was made for somebody else: read by their keys at every visit.

The rule: a page is kept for members alone who have no role, no sanction, no comment on it and nothing new in their inbox, so that nothing but their name,
their tags and the token of the forms is theirs. ``keep_discussion`` decides it when the page is made, ``find_reader`` when it is sent again; the second is never
more generous.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ClauseElement, bindparam, exists, select, text

from forum.access.viewer import DEFAULT_SITE_ID, Viewer
from forum.accounts.actions import hash_secret
from forum.accounts.models import Account, Membership, SignIn
from forum.accounts.signin import SEEN_EVERY
from forum.articles.models import Article
from forum.articles.queries import counts_in, counts_of_addresses, state_of_article, wanted_of
from forum.articles.schemas import ArticleOut
from forum.clock import now
from forum.comments.models import HIDDEN, Comment
from forum.comments.schemas import ThreadPageOut
from forum.db.columns import Moment
from forum.db.quick import QuickReads
from forum.posting.composer import Composer
from forum.posting.forms import DiscussionQuery
from forum.posting.layout import Marks, comments_of
from forum.sanctions.models import Sanction
from forum.settings import Settings
from forum.stances.models import Tag
from forum.web.front import Reader
from forum.web.keeping import Keep, can_have_holes
from forum.web.shelf import Stamp, Subject

# Whoever has more tags than this gets a page of their own each time.
MOST_TAGS = 300


def _plain_reader() -> ClauseElement:
    hidden = exists().where(Comment.author_id == Account.id, Comment.article_id == bindparam("article_id"), text(HIDDEN))
    return (
        select(Account.id, Account.handle, Account.display_name)
        .join(SignIn, SignIn.account_id == Account.id)
        .where(
            SignIn.token_hash == bindparam("token_hash"),
            SignIn.created_at >= bindparam("begun", type_=Moment),
            SignIn.last_seen_at >= bindparam("seen", type_=Moment),
            ~exists().where(Membership.account_id == Account.id),
            Account.is_author.is_(False),
            Account.has_news.is_(False),
            ~exists().where(Sanction.account_id == Account.id),
            ~hidden,
        )
    )


_STATE = state_of_article()
_PLAIN_READER = _plain_reader()
_TAGS = select(Tag.comment_id, Tag.stance).where(Tag.account_id == bindparam("account_id")).limit(MOST_TAGS + 1)


@dataclass(frozen=True)
class Shown:
    """What a discussion page shows: the article, the discussion, the viewer's marks, the composer; and what was asked for.

    ``before``: the versions of the parts before it (``versions_before``), read before anything of them was.
    """

    about: ArticleOut
    page: ThreadPageOut
    marks: Marks
    composer: Composer
    query: DiscussionQuery
    before: int


def keep_discussion(viewer: Viewer, article: Article, shown: Shown) -> Keep | None:
    """Return what of a discussion page may be kept, or None where it is its viewer's alone."""
    if shown.query.by == "me":
        return None
    if not viewer.is_signed_in:
        return Keep(article.id, (article.version, shown.before, bool(shown.composer.guest_action)))
    comments = comments_of(shown.page)
    marks = shown.marks
    writers = frozenset(person.handle for person in (*(comment.author for comment in comments), *shown.about.authors) if person is not None)
    if (
        not can_have_holes(viewer)
        or viewer.has_news
        or viewer.is_author
        or marks.own
        or shown.composer.restraints
        or viewer.handle in writers
    ):
        return None
    tags = frozenset((mark.id, str(mark.my_tag)) for mark in marks.by_id.values() if mark.my_tag is not None)
    return Keep(article.id, (article.version, shown.before), viewer, tags, frozenset(comment.id for comment in comments), writers)


def keep_for_everybody(viewer: Viewer, article: Article) -> Keep | None:
    """Return that a page about the article may be kept which shows its viewer nothing of their own but the name at its top, or None where that needs more."""
    if not viewer.is_signed_in:
        return Keep(article.id, (article.version,))
    return Keep(article.id, (article.version,), viewer) if can_have_holes(viewer) and not (viewer.has_news or viewer.is_author) else None


def read_state(reads: QuickReads, subject: Subject) -> Stamp | None:
    """Return an article's version, those of the parts before it and whether its site takes guests, or None when it is not there; of several the counts."""
    if isinstance(subject, tuple):
        return counts_in(reads.rows(counts_of_addresses(), site_id=DEFAULT_SITE_ID, **wanted_of(subject)), subject)
    row = reads.first(_STATE, article_id=subject)
    return (row[0], int(row[1]), bool(row[2])) if row is not None else None


class Readers:
    """Finds who can be given a page with holes, by the rules of ``settings`` for how long a sign-in lasts."""

    def __init__(self, settings: Settings) -> None:
        self._longest = timedelta(days=settings.session_days)

    def __call__(self, reads: QuickReads, secret: str, subject: Subject) -> Reader | None:
        """Return the member behind a sign-in's secret, or None: where there is none, or where the page is to be made for that member alone.

        A sign-in whose last visit is to be written again is none, so that Flask writes it.
        """
        moment = now()
        given = {"token_hash": hash_secret(secret), "begun": moment - self._longest, "seen": moment - SEEN_EVERY, "article_id": subject}
        row = reads.first(_PLAIN_READER, **given)
        if row is None:
            return None
        account_id, handle, display_name = row
        tags = reads.rows(_TAGS, account_id=account_id)
        return Reader(account_id, handle, display_name, dict(tags)) if len(tags) <= MOST_TAGS else None
