"""Scores from a tally, as pure functions: how much a comment is valued, and how contested it is.

Computed in Python in the transaction that changes a tag and stored on the comment, so that an order is an index.
"""

from math import sqrt

# The 80 % two-sided normal quantile, as Reddit's _sorts.pyx and Lobsters use it.
Z = 1.281551565545


def wilson(positive: int, n: int) -> float:
    """Return the lower bound of the Wilson score interval for ``positive`` of ``n`` (E. B. Wilson 1927): 0.0 when none is positive, below 1."""
    if positive == 0:
        # Exactly nothing: the rounding that the formula leaves would rank a comment that all reject above one that nobody has tagged.
        return 0.0
    share = positive / n
    left = share + Z * Z / (2 * n)
    right = Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return max(0.0, (left - right) / (1 + Z * Z / n))


def contested(pro: int, con: int) -> float:
    """Return (pro + con) ** (min / max), 0.0 when one side has none (Lemmy's ``controversy_rank``)."""
    if pro <= 0 or con <= 0:
        return 0.0
    return float((pro + con) ** (min(pro, con) / max(pro, con)))
