"""Rate limits in Redis or Valkey: the same algorithm as the rows', one script a charge, so that of many at once no more than the limit get in.

The rule: whatever is counted here may be forgotten. Called by limits.py alone, which falls back to the rows when ``Away`` is raised.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from forum.db.transaction import otherwise
from forum.db.valkey import Away, Valkey
from forum.settings import Rate

# Keys: the buckets. Arguments: the moment, the clocks' greatest difference, then the interval and the span of each bucket. A bucket is gone when it is full
# again. The last digits of a moment are lost on the way: less than a thousandth of a second is no wait.
CHARGE = """
local moment, skew, worst, due = tonumber(ARGV[1]), tonumber(ARGV[2]), 0, {}
for i, key in ipairs(KEYS) do
  local interval, span = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local known = tonumber(redis.call('GET', key) or moment)
  if known > moment + span + skew then known = moment end
  due[i] = math.max(known, moment) + interval
  worst = math.max(worst, due[i] - span - moment)
end
if worst >= 0.001 then return string.format('%.3f', worst) end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.6f', due[i]), 'PX', math.ceil((due[i] - moment) * 1000))
end
return '0'
"""
# Keys: the buckets. Arguments: the interval of each.
GIVE_BACK = """
for i, key in ipairs(KEYS) do
  local known = redis.call('GET', key)
  if known then redis.call('SET', key, string.format('%.6f', tonumber(known) - tonumber(ARGV[i])), 'KEEPTTL') end
end
return '0'
"""


def charge(valkey: Valkey, session: Session, bucket: str, rates: Sequence[Rate], *, moment: float, skew: int) -> float:
    """Charge all of ``rates`` or, when one is used up, none; return the seconds to wait, 0 when it is allowed.

    What is charged is given back when the open transaction is rolled back. Raises Away.
    """
    keys = [valkey.key(bucket, f"{rate.count}/{rate.seconds}") for rate in rates]
    intervals = [rate.seconds / rate.count for rate in rates]
    spans = [number for rate, interval in zip(rates, intervals, strict=True) for number in (interval, rate.seconds)]
    wait = float(_run(valkey, CHARGE, keys, [f"{moment:.6f}", skew, *spans]))
    if wait == 0:
        otherwise(session, partial(_give_back, valkey, keys, intervals))
    return wait


def recall_wait(valkey: Valkey, bucket: str, *, moment: float) -> float:
    """Return how long a remembered refusal still holds, 0 or less when there is none. Raises Away."""
    until: Any = valkey.ask(lambda client: client.get(valkey.key(bucket)))
    return float(until) - moment if until is not None else 0.0


def remember_wait(valkey: Valkey, bucket: str, wait: float, *, moment: float) -> None:
    """Remember a refusal until it is over; where that cannot be, the rows are asked again."""
    try:
        valkey.ask(lambda client: client.set(valkey.key(bucket), f"{moment + wait:.6f}", px=max(1, int(wait * 1000))))
    except Away:
        return


def _give_back(valkey: Valkey, keys: Sequence[str], intervals: Sequence[float]) -> None:
    try:
        _run(valkey, GIVE_BACK, keys, intervals)
    except Away:
        return


def _run(valkey: Valkey, script: str, keys: Sequence[str], arguments: Sequence[object]) -> Any:
    return valkey.ask(lambda client: client.register_script(script)(keys=list(keys), args=[str(one) for one in arguments]))
