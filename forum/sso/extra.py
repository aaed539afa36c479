"""Whether the libraries of the extra ``sso`` are there: host sites' tokens and providers of OpenID Connect need them."""

from importlib.util import find_spec

from forum.refusals import Kind, Refusal
from forum.sentences import sentence

LIBRARIES = ("authlib", "joserfc", "requests")
INSTALL = "pip install 'forum[sso]'"
MISSING = sentence(
    "This server cannot check sign-ins from elsewhere: what that takes is not installed. Whoever runs it can add it: %(command)s",
    command=INSTALL,
)


def is_installed() -> bool:
    """Whether every library of the extra can be imported."""
    return all(find_spec(name) is not None for name in LIBRARIES)


def require_extra() -> None:
    """Raise Refusal ``unavailable`` unless the extra is installed."""
    if not is_installed():
        raise Refusal(Kind.UNAVAILABLE, MISSING)
