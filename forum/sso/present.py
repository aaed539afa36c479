"""Identities and keys as their owners get them."""

from forum.articles.models import Site
from forum.sso.models import HostKey, Identity
from forum.sso.schemas import IdentityOut, KeyOut, SsoOut
from forum.web.context import settings


def present_identity(row: Identity) -> IdentityOut:
    """Return one account elsewhere."""
    return IdentityOut(row.id, row.issuer, row.subject, row.created_at, row.last_used_at)


def present_key(row: HostKey) -> KeyOut:
    """Return a key without what it signs with."""
    return KeyOut(row.id, row.kid, row.algorithm, row.created_at, row.last_used_at)


def present_sso(site: Site) -> SsoOut:
    """Return what a site says of its host's tokens."""
    return SsoOut(site.sso_issuer, site.sso_address, settings().base_url)
