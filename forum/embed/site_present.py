"""A site as its admins get it, from its rows."""

from sqlalchemy.orm import Session

from forum.articles.models import Site, SiteOrigin, SiteToken
from forum.articles.queries import list_origins
from forum.embed.site_schemas import OriginOut, SiteOut, SiteTokenOut


def present_site(session: Session, site: Site) -> SiteOut:
    """Return a site with its origins."""
    origins = [present_origin(row) for row in list_origins(session, site.id)]
    return SiteOut(site.slug, site.creates_articles, site.takes_guests, origins)


def present_origin(row: SiteOrigin) -> OriginOut:
    """Return one allowed origin."""
    return OriginOut(row.id, row.origin, row.created_at)


def present_site_token(token: SiteToken) -> SiteTokenOut:
    """Return a token of the site without its secret."""
    return SiteTokenOut(token.id, token.name, token.hint, token.created_at, token.last_used_at)
