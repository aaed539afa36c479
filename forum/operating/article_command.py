"""``forum article``: list, show, move, merge, alias, undo. Runs inside the application's context, which the command line opens around it.

ARTICLE is a number, a slug or any address. Every change can be tried first with ``--dry-run``, and undone by the number that it prints.
"""

import json
from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.queries import accounts_by_id
from forum.articles.models import Article
from forum.articles.queries import list_addresses
from forum.db.transaction import reading
from forum.operating import changing
from forum.operating.finding import get_named_article
from forum.operating.merging import Extent, measure, require_mergeable
from forum.operating.models import ArticleChange, ChangeKind

_dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
_as_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")
NOTHING = "Nothing was changed: it is so already."


@click.group("article")
def article_commands() -> None:
    """Articles: list and show them, give one another address, merge two into one, and undo that."""


@article_commands.command("list")
@click.option("--search", default="", help="Only those with this in their title, slug or own address.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="At most so many.")
@_as_json
def list_them(search: str, limit: int, as_json: bool) -> None:
    """List articles, the newest activity first."""
    with reading() as session:
        rows = [_line_of(article) for article in _find(session, search, limit)]
    if as_json:
        _write(rows)
        return
    for row in rows:
        gone = f"  (merged into {row['merged_into_id']})" if row["merged_into_id"] else ""
        click.echo(f"{row['id']}  {row['slug']}  {_how_many(row['comment_count'], 'comment')}  {row['url'] or 'written here'}{gone}")
    click.echo(f"{_how_many(len(rows), 'article')}.")


@article_commands.command("show")
@click.argument("article")
@_as_json
def show(article: str, as_json: bool) -> None:
    """Show an article with its addresses and what was changed by command."""
    with reading() as session:
        found = get_named_article(session, article)
        authors = accounts_by_id(session, found.author_ids)
        row: dict[str, Any] = {
            **_line_of(found),
            "key": found.key,
            "authors": [authors[account_id].handle for account_id in found.author_ids],
            "created_at": found.created_at.isoformat(),
            "closed_at": found.closed_at.isoformat() if found.closed_at else None,
            "version": found.version,
            "addresses": list_addresses(session, found.id),
            "changes": [_change_of(session, made) for made in changing.list_changes(session, found.id)],
        }
    if as_json:
        _write(row)
        return
    for name in (
        "id",
        "slug",
        "title",
        "url",
        "key",
        "authors",
        "created_at",
        "last_activity_at",
        "closed_at",
        "comment_count",
        "merged_into_id",
    ):
        if row[name] not in (None, "", []):
            click.echo(f"{name}: {', '.join(row[name]) if name == 'authors' else row[name]}")
    for address in row["addresses"]:
        click.echo(f"address: {address}")
    for made in row["changes"]:
        undone = f", undone {made['undone_at']}" if made["undone_at"] else ""
        click.echo(f"change {made['id']}: {made['said']} ({made['created_at']}{undone})")


@article_commands.command("move")
@click.argument("article")
@click.argument("url", metavar="NEW-URL")
@_dry_run
def move(article: str, url: str, dry_run: bool) -> None:
    """Give ARTICLE another address; the old one stays as an alias, so that whoever comes by it is led to the same discussion."""

    def act(session: Session) -> str | None:
        found = get_named_article(session, article)
        before = found.url
        made = changing.move_article(session, found.id, url)
        return _said(made, f"'{found.slug}' moves from {before or 'this site'} to {found.url}.")

    _say(changing.change(act, dry_run=dry_run), dry_run)


@article_commands.command("alias")
@click.argument("article")
@click.argument("url", metavar="URL")
@click.option("--remove", is_flag=True, help="Take the address away instead.")
@_dry_run
def alias(article: str, url: str, remove: bool, dry_run: bool) -> None:
    """Give ARTICLE one more address, URL, or take it away."""

    def act(session: Session) -> str | None:
        found = get_named_article(session, article)
        if remove:
            return _said(changing.remove_alias(session, found.id, url), f"'{found.slug}' has the address {url} no longer.")
        return _said(changing.add_alias(session, found.id, url), f"'{found.slug}' has the address {url} as well.")

    _say(changing.change(act, dry_run=dry_run), dry_run)


@article_commands.command("merge")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="INTO")
@_dry_run
def merge(source: str, target: str, dry_run: bool) -> None:
    """Put all that is said below FROM below INTO; whoever comes by FROM is led to INTO from then on."""
    with reading() as session:
        one, other = get_named_article(session, source), get_named_article(session, target)
        require_mergeable(one, other)
        extent = measure(session, one)
        ids, said = (one.id, other.id), _extent(one, other, extent, _lost_authors(session, one, other))
    if dry_run:
        _say(said, dry_run)
        return
    _say(changing.change(lambda session: _said(changing.merge_articles(session, *ids), said)), dry_run)


@article_commands.command("undo")
@click.argument("change_id", metavar="CHANGE", type=click.IntRange(1, 2**63 - 1))
@_dry_run
def undo(change_id: int, dry_run: bool) -> None:
    """Undo CHANGE, the number that a command printed; what was written since stays, below the threads it answers."""
    with reading() as session:
        said = _change_of(session, changing.get_undoable(session, change_id))["said"]
    if not dry_run:
        changing.change(lambda session: changing.undo(session, change_id).id)
    _say(f"Change {change_id} {'would be' if dry_run else 'is'} undone: {said}.", dry_run)


def _find(session: Session, search: str, limit: int) -> Sequence[Article]:
    found = select(Article).where(Article.site_id == DEFAULT_SITE_ID).order_by(Article.last_activity_at.desc(), Article.id.desc())
    if search:
        columns = (Article.title, Article.slug, Article.url)
        found = found.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    return session.scalars(found.limit(limit)).all()


def _line_of(article: Article) -> dict[str, Any]:
    return {
        "id": article.id,
        "slug": article.slug,
        "title": article.title,
        "url": article.url,
        "comment_count": article.comment_count,
        "last_activity_at": article.last_activity_at.isoformat(),
        "merged_into_id": article.merged_into_id,
    }


def _change_of(session: Session, made: ArticleChange) -> dict[str, Any]:
    before = json.loads(made.before)
    slugs = {
        article.id: article.slug for article in session.scalars(select(Article).where(Article.id.in_((made.article_id, made.into_id))))
    }
    slug = slugs[made.article_id]
    said = {
        ChangeKind.MOVE: f"'{slug}' moved from {before.get('url') or 'this site'} to {before.get('to')}",
        ChangeKind.ADD_ALIAS: f"'{slug}' got the address {before.get('address')}",
        ChangeKind.REMOVE_ALIAS: f"'{slug}' lost the address {before.get('address')}",
        ChangeKind.MERGE: f"'{slug}' was merged into '{slugs.get(made.into_id or 0)}'",
    }[ChangeKind(made.kind)]
    undone = made.undone_at.isoformat() if made.undone_at else None
    return {"id": made.id, "kind": made.kind, "said": said, "created_at": made.created_at.isoformat(), "undone_at": undone}


def _lost_authors(session: Session, source: Article, target: Article) -> list[str]:
    """Return who wrote the one article and not the other: below the other their replies are no author's."""
    lost = [account_id for account_id in source.author_ids if account_id not in target.author_ids]
    named = accounts_by_id(session, lost)
    return [named[account_id].handle for account_id in lost]


def _extent(source: Article, target: Article, extent: Extent, lost: Sequence[str]) -> str:
    moved = ", ".join(
        (
            f"{_how_many(extent.comments, 'comment')} ({extent.visible} of them visible)",
            f"{_how_many(extent.threads, 'thread')}",
            f"{_how_many(len(extent.addresses), 'address', 'addresses')}",
            f"{_how_many(extent.followers, 'follower')}",
            f"{_how_many(extent.open_cases, 'open case')}",
        )
    )
    said = f"'{source.slug}' goes into '{target.slug}': {moved}."
    if lost:
        said += f" Not among the authors there, so that their replies no longer count as an author's: {', '.join(lost)}."
    return said


def _said(made: ArticleChange | None, said: str) -> str | None:
    return None if made is None else f"{said}\nTo take it back: forum article undo {made.id}"


def _say(said: str | None, dry_run: bool) -> None:
    if said is None:
        click.echo(NOTHING)
    elif dry_run:
        click.echo(f"Nothing was changed; this would be done: {said.splitlines()[0]}")
    else:
        click.echo(said)


def _how_many(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _write(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
