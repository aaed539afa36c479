"""Which content coding a caller prefers (RFC 9110, 12.5.3), and that each of ours can be read again."""

import gzip
import zlib

import pytest

from forum.web.encodings import CODINGS, IDENTITY, preferred

BEST = next(iter(CODINGS))


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", IDENTITY),
        ("identity", IDENTITY),
        ("deflate", IDENTITY),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip;q=0", IDENTITY),
        ("gzip;q=0.5, identity", "gzip"),
        ("*", BEST),
        ("*;q=0", IDENTITY),
        ("gzip, deflate, br, zstd", BEST),
        ("gzip;q=1, br;q=0.1, zstd;q=0.1", "gzip"),
        ("gzip;q=x", IDENTITY),
        (";;,,=", IDENTITY),
    ],
)
def test_the_preferred_coding(accepted: str, coding: str) -> None:
    assert preferred(accepted) == coding


def test_gzip_gives_back_what_it_packed() -> None:
    data = b"the same words, again and again. " * 200
    packed = CODINGS["gzip"](data)
    assert gzip.decompress(packed) == zlib.decompress(packed, 31) == data
    assert len(packed) < len(data) / 10
    assert CODINGS["gzip"](data) == packed, "no moment of packing stands in it, so that two processes send the same bytes"
