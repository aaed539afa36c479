"""A part of a discussion as a file: JSON, CSV (RFC 4180), Markdown (CommonMark) or Atom, from the structures that pages and programs get."""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO

import msgspec
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.articles.present import present_articles
from forum.articles.schemas import ArticleOut, Tally
from forum.comments.present import present_comment
from forum.comments.schemas import CommentOut
from forum.feeds.download_queries import Part, Place
from forum.feeds.download_schemas import DownloadOut
from forum.feeds.present import id_of, present_comments
from forum.stances.words import STANCE_WORDS
from forum.text.atom import Feed, write_feed
from forum.text.excerpt import excerpt
from forum.web.context import cursors, settings

CSV_HEAD = (
    *("id", "root_id", "parent_id", "depth", "url", "state", "author_handle", "author_name", "is_article_author", "stance", "text"),
    *("published_at", "edited_at", *(f"tags_{name}" for name in Tally.__struct_fields__), "pinned", "featured", "notice"),
)
# What a spreadsheet would run as a formula (OWASP, CSV injection); an apostrophe in front makes it text.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_MARKUP = re.compile(r"([\\`*_\[\]<>#~|&!])")


def place_of(article: Article, cursor: str) -> Place | None:
    """Return the place that a cursor of this article's download names; none: the beginning. Raises Refusal ``bad-cursor``."""
    return Place(*cursors().read(_purpose(article), cursor)) if cursor else None


def cursor_of(article: Article, place: Place | None) -> str | None:
    """Return the cursor of the part that begins after ``place``, or None."""
    return cursors().write(_purpose(article), place) if place is not None else None


def present_part(session: Session, article: Article, part: Part) -> DownloadOut:
    """Return a part as a structure: what everybody may read."""
    items = [present_comment(row, article.author_ids) for row in part.rows]
    return DownloadOut(present_articles(session, [article], with_text=True)[0], items, cursor_of(article, part.next_place))


def write_json(session: Session, article: Article, part: Part) -> str:
    """Return a part as indented JSON, the same as a program gets."""
    return msgspec.json.format(msgspec.json.encode(present_part(session, article, part)), indent=1).decode()


def write_csv(session: Session, article: Article, part: Part) -> str:
    """Return a part as CSV, a comment a line, with the mark by which spreadsheets know UTF-8."""
    out = StringIO()
    lines = csv.writer(out)
    lines.writerow(CSV_HEAD)
    lines.writerows(_csv_row(item) for item in present_part(session, article, part).items)
    return "\ufeff" + out.getvalue()


def write_markdown(session: Session, article: Article, part: Part) -> str:
    """Return a part as Markdown: a heading for each comment, its text as a quotation, so that nothing in a text is taken for a heading of ours."""
    shown = present_part(session, article, part)
    return "\n".join(_markdown(shown, following=_following(shown.article, "md", shown.next)))


def write_atom(session: Session, article: Article, part: Part) -> str:
    """Return a part as a paged Atom feed (RFC 5005, section 3): the comments that have a text."""
    about = present_articles(session, [article])[0]
    feed = Feed(
        id=id_of("discussion", article.id, article.created_at),
        title=_("Discussion of “%(title)s”", title=article.title),
        subtitle=_("All comments of this discussion, thread by thread."),
        address=f"{about.page}/download/atom",
        page=about.page,
        writer=settings().site_name,
        began=article.created_at,
        entries=present_comments(session, part.rows),
        following=_following(about, "atom", cursor_of(article, part.next_place)),
    )
    return write_feed(feed, base_url=settings().base_url, language=str(get_locale()).replace("_", "-"))


def _purpose(article: Article) -> str:
    return f"download:{article.id}"


def _following(article: ArticleOut, kind: str, cursor: str | None) -> str:
    return f"{article.page}/download/{kind}?cursor={cursor}" if cursor else ""


def _csv_row(item: CommentOut) -> Sequence[object]:
    author = item.author
    return (
        *(item.id, item.root_id, item.parent_id, item.depth, settings().base_url + item.url, item.state),
        author.handle if author else None,
        _cell(author.display_name if author else None),
        author.is_article_author if author else None,
        item.stance.value if item.stance else None,
        _cell(_text(item)),
        *(moment.astimezone(UTC).isoformat() if moment else None for moment in (item.published_at, item.edited_at)),
        *(getattr(item.tally, name) for name in Tally.__struct_fields__),
        item.pinned,
        _cell(item.featured),
        _cell(item.notice),
    )


def _cell(text: str | None) -> str | None:
    return f"'{text}" if text and _FORMULA.match(text) else text


def _text(item: CommentOut) -> str | None:
    """Return the text as it was written, or the words of one that came as HTML."""
    if item.body_md is not None or item.body_html is None:
        return item.body_md
    return excerpt(item.body_html, length=len(item.body_html) + 1)


def _markdown(part: DownloadOut, *, following: str) -> Iterator[str]:
    article, base = part.article, settings().base_url
    yield f"# {_escaped(article.title)}\n"
    yield f"<{base}{article.page}>\n"
    if article.main_claim:
        yield f"{_escaped(article.main_claim)}\n"
    names = {item.id: _name(item) for item in part.items}
    for item in part.items:
        words = [
            names[item.id],
            *([str(STANCE_WORDS[item.stance].noun)] if item.stance else []),
            _date(item.published_at or item.created_at),
        ]
        yield f"{'##' if item.depth == 0 else '###'} {' · '.join(words)}\n"
        answered = f" · {_('in reply to %(name)s', name=names.get(item.parent_id, ''))} (#{item.parent_id})" if item.parent_id else ""
        yield f"[#{item.id}]({base}{item.url}){answered}\n"
        text = item.body_md if item.body_md is not None else item.body_html
        yield (
            "\n".join(f"> {line}".rstrip() for line in (text if text is not None else f"*{_('The text is not shown.')}*").splitlines())
            + "\n"
        )
    if following:
        yield f"[{_('What follows')}]({base}{following})\n"


def _name(item: CommentOut) -> str:
    return _escaped(item.author.display_name) if item.author else _("Erased")


def _date(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
