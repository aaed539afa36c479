"""Whether the libraries of the extra ``security`` are there: authenticator apps and passkeys need them.

The rule: without them nothing gets weaker. An account that has a factor is not let in by its password alone; recovery codes need no library and still work.
"""

from importlib.util import find_spec

from forum.refusals import Kind, Refusal
from forum.sentences import sentence

LIBRARIES = ("pyotp", "segno", "webauthn")
INSTALL = "pip install 'forum[security]'"
MISSING = sentence(
    "This server cannot check codes or passkeys: what that takes is not installed. Whoever runs it can add it: %(command)s", command=INSTALL
)


def is_installed() -> bool:
    """Whether every library of the extra can be imported."""
    return all(_is_there(name) for name in LIBRARIES)


def require_extra() -> None:
    """Raise Refusal ``unavailable`` unless the extra is installed."""
    if not is_installed():
        raise Refusal(Kind.UNAVAILABLE, MISSING)


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
