"""Passwords: what is accepted, how one is hashed (argon2id, OWASP's 19 MiB, t=2, p=1) and how one is checked.

Checking an account that does not exist costs the same work as one that does. At most two hashes run at once in a process: each needs 19 MiB
and a processor, and a flood of sign-ins must not take either from the readers.
"""

from functools import cache
from pathlib import Path
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from forum.refusals import Fault
from forum.sentences import sentence

MINIMUM = 8
MAXIMUM = 256
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_gate = BoundedSemaphore(2)
# Written out, so that the first unknown login of a process costs no hash more than the later ones.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$E2sTyi2W58CvpBrJMPhFvw$T8WTnFXnTXlB/CWVUVTiCs44vbWd7JSklOjQp/1bQik"


def find_password_faults(password: str, *, handle: str = "", email: str = "", pointer: str = "/password") -> tuple[Fault, ...]:
    """Return what speaks against a new password (ASVS V6.2): too short, too long, among the common ones, or the person's own name."""
    if len(password) < MINIMUM:
        return (
            Fault(pointer, "too-short", sentence("A password needs at least %(least)s characters; any characters will do.", least=MINIMUM)),
        )
    if len(password) > MAXIMUM:
        return (Fault(pointer, "too-long", sentence("A password has at most %(most)s characters.", most=MAXIMUM)),)
    folded = password.casefold()
    if folded in {handle.casefold(), email.casefold(), email.partition("@")[0].casefold()} or folded in _common():
        return (Fault(pointer, "too-common", "This password is among the first that are tried; choose another."),)
    return ()


def hash_password(password: str) -> str:
    """Return the argon2id hash of ``password``, with its parameters and salt in it."""
    with _gate:
        return _hasher.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether ``password`` is the one hashed; without a hash the same work is done and the answer is no."""
    with _gate:
        try:
            return _hasher.verify(password_hash or _NOBODY, password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's, and should be made anew at this sign-in."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _common() -> frozenset[str]:
    lines = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
