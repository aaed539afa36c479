"""Recovery codes: ten, each good once, for whoever has lost the app or the key. 80 random bits each, so that a plain hash is enough."""

import secrets

from forum.accounts.actions import hash_secret

COUNT = 10
LENGTH = 16
GROUP = 4
# Base 32 (RFC 4648) in small letters: no 0, 1, 8 or 9 that look like letters.
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def make_codes() -> list[str]:
    """Return ten new codes, in groups of four letters."""
    return ["-".join(_random(GROUP) for _ in range(LENGTH // GROUP)) for _ in range(COUNT)]


def hash_code(account_id: int, code: str) -> str:
    """Return the hash by which an account's code is stored and found, however it was typed."""
    return hash_secret(f"{account_id}:{fold_code(code)}")


def fold_code(code: str) -> str:
    """Return a code as it is compared: without spaces, dashes and capitals."""
    return "".join(letter for letter in code.lower() if not letter.isspace() and letter not in "-–—")


def _random(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))
