"""What an admin sets about a site: whose pages may show its discussions, what they may do there, tokens for the host's programs."""

import re
import secrets
from urllib.parse import urlsplit

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from forum.access.permissions import Scope
from forum.access.viewer import Via, Viewer
from forum.accounts.actions import hash_secret
from forum.articles.address import BadAddress, tidy_address
from forum.articles.models import Site, SiteOrigin, SiteToken
from forum.clock import now
from forum.db.transaction import reading, writing
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sentences import sentence
from forum.text.limits import find_line_faults

log = structlog.get_logger(__name__)
ORIGINS_MOST = 50
TOKENS_MOST = 20
TOKEN_PREFIX = "fs_"
ORIGIN_MAX = 255
_PARTS = re.compile(r"https?://[^/?#\s]+/?", re.IGNORECASE)


def origin_of(address: str) -> str:
    """Return the origin of an address as browsers write it: scheme, host, and the port where it is not the scheme's own.

    Raises Refusal ``validation`` for what is no http or https address.
    """
    try:
        parts = urlsplit(tidy_address(address.strip()))
    except BadAddress as error:
        raise invalid(Fault("/origin", "bad-address", error.detail)) from None
    return f"{parts.scheme}://{parts.netloc}"


def add_origin(session: Session, site: Site, text: str) -> tuple[SiteOrigin, bool]:
    """Let the pages of an origin show the site's discussions; return it and whether it is new. Raises Refusal ``validation`` or ``conflict``."""
    if not _PARTS.fullmatch(text.strip()):
        raise invalid(
            Fault("/origin", "not-an-origin", "An origin is a scheme and a host, such as https://www.example.org, without a path.")
        )
    origin = origin_of(text)
    if len(origin) > ORIGIN_MAX:
        raise invalid(Fault("/origin", "too-long", sentence("An origin has at most %(most)s characters.", most=ORIGIN_MAX)))
    # One change at a time, so that two admins do not add one origin at once.
    session.execute(select(Site.id).where(Site.id == site.id).with_for_update())
    known = session.scalar(select(SiteOrigin).where(SiteOrigin.origin == origin))
    if known is not None:
        if known.site_id != site.id:
            raise Refusal(Kind.CONFLICT, sentence("The origin %(origin)s belongs to another site here.", origin=origin))
        return known, False
    if (session.scalar(select(func.count()).where(SiteOrigin.site_id == site.id)) or 0) >= ORIGINS_MOST:
        raise invalid(Fault("/origin", "too-many", sentence("A site has at most %(most)s origins; remove one first.", most=ORIGINS_MOST)))
    row = SiteOrigin(site_id=site.id, origin=origin, created_at=now())
    session.add(row)
    session.flush()
    log.info("origin allowed", site=site.id, origin=origin)
    return row, True


def remove_origin(session: Session, site: Site, origin_id: int) -> None:
    """Let the pages of an origin show the site's discussions no more. Raises Refusal ``not-found``."""
    result = session.execute(delete(SiteOrigin).where(SiteOrigin.id == origin_id, SiteOrigin.site_id == site.id))
    if not getattr(result, "rowcount", 0):
        raise not_found(sentence("origin"))
    log.info("origin no longer allowed", site=site.id, origin=origin_id)


def edit_site(session: Session, site: Site, *, creates_articles: bool | None = None, takes_guests: bool | None = None) -> None:
    """Change what the site's pages and visitors may do; None leaves a setting as it is."""
    if creates_articles is not None:
        site.creates_articles = creates_articles
    if takes_guests is not None:
        site.takes_guests = takes_guests
    session.flush()
    log.info("site changed", site=site.id, creates_articles=site.creates_articles, takes_guests=site.takes_guests)


def create_site_token(session: Session, site: Site, name: str) -> tuple[SiteToken, str]:
    """Store a new token of the site and return it with its secret, which exists nowhere else. Raises Refusal ``validation``."""
    faults = [Fault("/name", found.code, found.detail) for found in find_line_faults(name, maximum=80)]
    if (session.scalar(select(func.count()).where(SiteToken.site_id == site.id)) or 0) >= TOKENS_MOST:
        faults.append(Fault("", "too-many", sentence("A site has at most %(most)s tokens; revoke one first.", most=TOKENS_MOST)))
    if faults:
        raise invalid(*faults)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = SiteToken(site_id=site.id, name=name.strip(), hint=secret[:7], token_hash=hash_secret(secret), created_at=now())
    session.add(token)
    session.flush()
    log.info("site token created", site=site.id, token=token.id)
    return token, secret


def revoke_site_token(session: Session, site: Site, token_id: int) -> None:
    """Delete one of the site's tokens. Raises Refusal ``not-found``."""
    result = session.execute(delete(SiteToken).where(SiteToken.id == token_id, SiteToken.site_id == site.id))
    if not getattr(result, "rowcount", 0):
        raise not_found(sentence("token"))
    log.info("site token revoked", site=site.id, token=token_id)


def find_program(secret: str) -> Viewer:
    """Return who calls with a site's token: the site's program, which may read and add articles. Raises Refusal ``unauthenticated``."""
    with reading() as session:
        token = session.scalar(select(SiteToken).where(SiteToken.token_hash == hash_secret(secret)))
        if token is None:
            raise Refusal(
                Kind.UNAUTHENTICATED, "This site token is not known; it may have been revoked. Make a new one on the site's page."
            )
        moment = now()
        stale = token.last_used_at is None or (moment - token.last_used_at).total_seconds() > 3600
        token_id, site_id, name = token.id, token.site_id, token.name
    if stale:
        with writing() as session:
            session.execute(update(SiteToken).where(SiteToken.id == token_id).values(last_used_at=moment))
    return Viewer(display_name=name, scopes=frozenset({Scope.READ, Scope.ADMIN}), via=Via.SITE, program_site_id=site_id)
