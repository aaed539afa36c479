"""The proof that rules were previewed: a signed token over the site, the rules themselves and the number of the set that held at that time.

So what is saved is exactly what was looked at. Valid for an hour; made and checked by `rule_steps`.
"""

import hashlib
from datetime import timedelta

import msgspec

from forum.clock import now
from forum.moderation.screening.rules import Rules
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.web.context import cursors

LASTS = timedelta(hours=1)


def sign_preview(site_id: int, rules: Rules, number: int) -> str:
    """Return the token of a preview that compared ``rules`` with the site's set ``number``, made now."""
    return cursors().write(_purpose(site_id), [_digest(rules), number, now() + LASTS])


def read_preview(token: str, site_id: int, rules: Rules) -> int:
    """Return the number of the set that ``rules`` were compared with. Raises Refusal ``validation`` unless this is the token of their preview."""
    if not token:
        raise _preview_first("required", "Preview these rules first: the answer has the token that saves them.")
    try:
        digest, number, ends_at = cursors().read(_purpose(site_id), token)
    except Refusal as refusal:
        if refusal.kind is not Kind.BAD_CURSOR:
            raise
        raise _preview_first("unknown-preview", "This is not the token of a preview here; preview these rules again.") from None
    if digest != _digest(rules):
        raise _preview_first("other-rules", "These are not the rules that were previewed; preview them again as they are now.")
    if now() >= ends_at:
        raise _preview_first("expired", "That preview is more than an hour old; preview these rules again.")
    return int(number)


def _purpose(site_id: int) -> str:
    return f"rules:{site_id}"


def _digest(rules: Rules) -> str:
    return hashlib.sha256(msgspec.json.encode(rules, order="sorted")).hexdigest()


def _preview_first(code: str, detail: str) -> Refusal:
    return invalid(Fault("/preview", code, detail))
