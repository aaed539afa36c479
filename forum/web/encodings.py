"""Content codings (RFC 9110, 12.5.3): which one a caller prefers, and how bytes are compressed once for all who take them.

gzip is always there; br and zstd come with the extra ``compress``. Only answers that are the same for everybody are compressed here: a page that holds a
secret beside what somebody typed would give the secret away by its size (BREACH).
"""

import gzip
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

brotli: Any = import_module("brotli") if find_spec("brotli") else None
zstandard: Any = import_module("zstandard") if find_spec("zstandard") else None

IDENTITY = ""
# Below this, the header costs more than is spared (one TCP segment).
LEAST_BYTES = 1200


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 6, mtime=0)


def _brotli(data: bytes) -> bytes:
    packed: bytes = brotli.compress(data, quality=5)
    return packed


def _zstandard(data: bytes) -> bytes:
    packed: bytes = zstandard.ZstdCompressor(level=6).compress(data)
    return packed


# The smaller for pages like ours first.
CODINGS: dict[str, Callable[[bytes], bytes]] = {"gzip": _gzip}
if zstandard:
    CODINGS = {"zstd": _zstandard, **CODINGS}
if brotli:
    CODINGS = {"br": _brotli, **CODINGS}


@lru_cache(maxsize=256)
def preferred(accepted: str) -> str:
    """Return the coding to answer with for an Accept-Encoding header: the best of ours with the highest weight, or IDENTITY."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        weights[name.strip()] = _weight(parameter)
    others = weights.get("*", 0.0)
    offered = [(weights.get(name, others), -place, name) for place, name in enumerate(CODINGS)]
    best = max(offered, default=(0.0, 0, IDENTITY))
    return best[2] if best[0] > 0 else IDENTITY


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
