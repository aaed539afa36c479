"""Rate limits that hold across processes: one row a bucket, by the generic cell rate algorithm (ITU-T I.371, "virtual scheduling").

A bucket allows ``count`` at once and then one every ``seconds / count``. What is refused is not charged, so a caller who waits as long as
Retry-After says gets through. Where there is a Redis or Valkey (limits_apart.py), it spares the database what it can; without it the rows do all of it.
"""

import hashlib
import ipaddress
import math
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.upsert import insert_if_absent
from forum.db.valkey import Away, Valkey, find_valkey
from forum.refusals import Kind, Refusal
from forum.sentences import Sentence, nsentence, sentence
from forum.settings import Rate, parse_rates
from forum.web import limits_apart
from forum.web.context import settings
from forum.web.models import RateLimit

# How far the clocks of two servers may be apart.
SKEW_SECONDS = 600
# What these bound is work, not what is left behind: where there is a Redis they are counted there alone, and start anew when it is emptied. All others guard
# passwords, mailboxes, moderators or readers and must hold whatever becomes of it: they are rows, and only refusals are remembered there.
COUNTED_APART = frozenset({"preview_rate", "edit_rate", "tag_rate", "export_rate"})


def charge(session: Session, name: str, key: str, *, rates: str | None = None) -> None:
    """Charge one event of the rate setting ``name`` to ``key``, in the open transaction.

    Raises Refusal ``rate-limited`` with the seconds to wait when any of the setting's rates is used up.
    """
    if settings().rate_limits == "off":
        return
    wait = _charge(session, name, key, parse_rates(rates or getattr(settings(), name)))
    if wait > 0:
        seconds = math.ceil(wait)
        raise Refusal(
            Kind.RATE_LIMITED,
            sentence("That was too fast; please wait %(time)s and try again.", time=_in_words(seconds)),
            retry_after=seconds,
        )


def forget_spent(session: Session) -> int:
    """Delete the buckets that are full again and return how many there were; called at each sign-in, never by a reader's request."""
    result = session.execute(delete(RateLimit).where(RateLimit.due < now().timestamp()))
    return int(getattr(result, "rowcount", 0))


def network_of(address: str | None) -> str:
    """Return what counts as one network address: an IPv4 address, or an IPv6 /64, since a household has that many addresses to itself."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _charge(session: Session, name: str, key: str, rates: Sequence[Rate]) -> float:
    """Charge all of ``rates`` and return the seconds to wait: 0 when it is allowed."""
    apart, moment = find_valkey(), now().timestamp()
    if apart is not None and name in COUNTED_APART:
        try:
            return limits_apart.charge(apart, session, _bucket(name, key), rates, moment=moment, skew=SKEW_SECONDS)
        except Away:
            apart = None
    return _charge_rows(session, name, key, rates, moment) if apart is None else _charge_guarded(apart, session, name, key, rates)


def _charge_guarded(apart: Valkey, session: Session, name: str, key: str, rates: Sequence[Rate]) -> float:
    # Nothing shortens a wait, so that a refusal can be repeated from memory: whoever does not give up costs the database nothing.
    moment, bucket = now().timestamp(), _bucket(name, key, *(f"{rate.count}/{rate.seconds}" for rate in rates))
    try:
        remembered = limits_apart.recall_wait(apart, bucket, moment=moment)
    except Away:
        return _charge_rows(session, name, key, rates, moment)
    if 0 < remembered <= max((rate.seconds for rate in rates), default=0) + SKEW_SECONDS:
        return remembered
    wait = _charge_rows(session, name, key, rates, moment)
    if wait > 0:
        limits_apart.remember_wait(apart, bucket, wait, moment=moment)
    return wait


def _charge_rows(session: Session, name: str, key: str, rates: Sequence[Rate], moment: float) -> float:
    return max((_charge_one(session, name, key, rate, moment) for rate in rates), default=0.0)


def _bucket(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _charge_one(session: Session, name: str, key: str, rate: Rate, moment: float) -> float:
    bucket = _bucket(name, f"{rate.count}/{rate.seconds}", key)
    row = None
    while row is None:
        # Between the two statements another request may forget the bucket as spent.
        insert_if_absent(session, RateLimit, bucket=bucket, due=moment)
        row = session.scalar(select(RateLimit).where(RateLimit.bucket == bucket).with_for_update())
    interval = rate.seconds / rate.count
    # No bucket is ever due later than its span from now: the clock was set back, and must lock nobody out until it has caught up.
    due = moment if row.due > moment + rate.seconds + SKEW_SECONDS else max(row.due, moment)
    wait = due + interval - rate.seconds - moment
    if wait <= 0:
        row.due = due + interval
    return wait


def _in_words(seconds: int) -> Sentence:
    if seconds < 60:
        return nsentence("%(num)s second", "%(num)s seconds", seconds)
    if seconds < 5400:
        return nsentence("%(num)s minute", "%(num)s minutes", math.ceil(seconds / 60))
    return nsentence("%(num)s hour", "%(num)s hours", math.ceil(seconds / 3600))
