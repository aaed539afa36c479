"""JSON doors of articles: list, look up, read, create, change; counts for many addresses at once."""

from msgspec import UNSET, structs
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.actions import ArticleDraft, create_article, edit_article
from forum.articles.address import BadAddress, normalize_address
from forum.articles.models import Article, Site
from forum.articles.present import present_articles
from forum.articles.queries import (
    ArticlePage,
    count_comments,
    find_article_by_address,
    find_hashes,
    get_article,
    list_articles,
    lock_article,
)
from forum.articles.schemas import (
    ArticleIn,
    ArticleOut,
    ArticlePatch,
    ArticlesOut,
    ArticlesQuery,
    CountOut,
    CountsOut,
    CountsQuery,
    LookupQuery,
    NewsOut,
)
from forum.articles.steps import author_ids, load_site
from forum.refusals import Fault, Kind, invalid, not_found
from forum.sentences import sentence
from forum.web.caching import entity_tag, require_version
from forum.web.context import cursors
from forum.web.doors import Answer, AnyCall, ApiDoors, Call
from forum.web.keeping import Keep, keep
from forum.web.lagging import may_lag

doors = ApiDoors("articles")


def load_article(call: AnyCall) -> Article:
    """Load the article of the address."""
    return get_article(call.session, call.path["article_id"])


def load_by_address(call: Call[Article, None, LookupQuery]) -> Article:
    """Load the article that has the address asked for, by any alias."""
    try:
        address = normalize_address(call.query.url)
    except BadAddress as error:
        raise invalid(Fault("/url", "bad-address", str(error))) from None
    article = find_article_by_address(call.session, DEFAULT_SITE_ID, address)
    if article is None:
        raise not_found(sentence("article"))
    return article


def tag_of_article(call: AnyCall) -> str:
    """Return the entity tag of an article."""
    return entity_tag(call.thing.version, "article", call.thing.id)


@doors.door(
    "GET",
    "/articles",
    Permission.ARTICLE_LIST,
    load=load_site,
    query=ArticlesQuery,
    answers={200: ArticlesOut},
    problems=(Kind.BAD_CURSOR,),
    etag=lambda call: _tag_of_list(call),
    lags=may_lag,
)
def list_all(call: Call[Site, None, ArticlesQuery]) -> Answer:
    """List the articles, newest activity first unless asked otherwise."""
    page = call.prepared or _read_page(call)
    following = cursors().write(f"articles:{call.query.sort}", page.next_key) if page.next_key else None
    return Answer(ArticlesOut(call.query.sort, present_articles(call.session, page.articles), following))


@doors.door(
    "POST",
    "/articles",
    Permission.ARTICLE_CREATE,
    load=load_site,
    body=ArticleIn,
    answers={201: ArticleOut, 200: ArticleOut},
    problems=(Kind.CONFLICT,),
)
def create(call: Call[Site, ArticleIn, None]) -> Answer:
    """Add an article, at a host page's url or written here; the same url or key again answers with the article that is there."""
    body = call.body
    draft = ArticleDraft(body.title, body.url, body.key, body.body_md, body.main_claim, body.opening_question, body.series, body.part)
    article, created = create_article(call.session, call.thing.id, draft, author_ids=author_ids(call.session, body.authors))
    return Answer(_present(call.session, article), 201 if created else 200, location=f"/api/v1/articles/{article.id}")


@doors.door(
    "GET",
    "/articles/lookup",
    Permission.ARTICLE_READ,
    load=load_by_address,
    query=LookupQuery,
    answers={200: ArticleOut},
    problems=(Kind.NOT_FOUND,),
    etag=tag_of_article,
)
def lookup(call: Call[Article, None, LookupQuery]) -> Answer:
    """Find the article of an address, by any alias, after normalisation; an unknown one creates nothing."""
    return Answer(_present(call.session, call.thing))


@doors.door(
    "GET",
    "/articles/<id:article_id>",
    Permission.ARTICLE_READ,
    load=load_article,
    answers={200: ArticleOut},
    problems=(Kind.NOT_FOUND,),
    etag=tag_of_article,
    kept=True,
    lags=lambda call: (call.thing.id, call.thing.version),
)
def get(call: Call[Article, None, None]) -> Answer:
    """Show one article."""
    keep(Keep(call.thing.id, (call.thing.version,)))
    return Answer(_present(call.session, call.thing))


@doors.door(
    "GET",
    "/articles/<id:article_id>/news",
    Permission.ARTICLE_READ,
    load=load_article,
    answers={200: NewsOut},
    problems=(Kind.NOT_FOUND,),
    etag=lambda call: entity_tag(call.thing.version, "news", call.thing.id),
    kept=True,
)
def get_news(call: Call[Article, None, None]) -> Answer:
    """Say how far an article's discussion is; cheap enough to be asked again and again with If-None-Match."""
    article = call.thing
    keep(Keep(article.id, (article.version,)))
    return Answer(NewsOut(article.version, article.comment_count, article.last_activity_at))


@doors.door(
    "PATCH",
    "/articles/<id:article_id>",
    Permission.ARTICLE_EDIT,
    load=load_article,
    body=ArticlePatch,
    answers={200: ArticleOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
    versioned=True,
)
def edit(call: Call[Article, ArticlePatch, None]) -> Answer:
    """Change an article, close its discussion or open it again; by its authors and admins."""
    article = lock_article(call.session, call.thing.id)
    require_version(article.version)
    changes = {name: value for name, value in structs.asdict(call.body).items() if value is not UNSET}
    authors = changes.pop("authors", None)
    aliases = changes.pop("aliases", ())
    edit_article(
        call.session, article, changes, author_ids=author_ids(call.session, authors) if authors is not None else None, aliases=aliases
    )
    return Answer(_present(call.session, article))


@doors.door(
    "GET",
    "/counts",
    Permission.ARTICLE_LIST,
    query=CountsQuery,
    answers={200: CountsOut},
    etag=lambda call: _tag_of_counts(call),
    kept=True,
)
def counts(call: Call[None, None, CountsQuery]) -> Answer:
    """Count the visible comments of up to 50 addresses; an unknown one counts 0 and nothing is created."""
    hashes = find_hashes(call.query.url)
    found = call.prepared or count_comments(DEFAULT_SITE_ID, hashes)
    keep(Keep(hashes, found))
    return Answer(CountsOut([CountOut(url, count) for url, count in zip(call.query.url, found, strict=True)]))


def _present(session: Session, article: Article) -> ArticleOut:
    return present_articles(session, [article], with_text=True)[0]


def _read_page(call: Call[Site, None, ArticlesQuery]) -> ArticlePage:
    query = call.query
    key = cursors().read(f"articles:{query.sort}", query.cursor) if query.cursor else None
    return list_articles(call.session, call.thing.id, sort=query.sort, after_key=key, limit=query.limit)


def _tag_of_list(call: Call[Site, None, ArticlesQuery]) -> str:
    # The rows name their versions, so the page is read for the tag and kept for the view.
    call.prepared = page = _read_page(call)
    return entity_tag("list", call.query, [(article.id, article.version) for article in page.articles], page.next_key is None)


def _tag_of_counts(call: Call[None, None, CountsQuery]) -> str:
    call.prepared = found = count_comments(DEFAULT_SITE_ID, find_hashes(call.query.url))
    return entity_tag("counts", call.query.url, found)
