"""Which addresses a link in user text may have: absolute web and mail addresses that show where they lead.

One allow-list, asked by the Markdown parser, by both sanitisers and by the importer's rewriting. Relative addresses are refused
because a comment is also shown inside pages of other sites.
"""

import re

REL = "nofollow ugc noopener"
"""The one `rel` of every link to another place."""

PROTOCOLS = frozenset({"http", "https", "mailto"})

# No user name before the host: in https://bank.example@evil.example the eye reads the wrong one. No backslash: browsers read it as a slash.
_WEB = re.compile(r"https?://[^\s\x00-\x20\x7f/?#@\\]+(?:[/?#][^\s\x00-\x20\x7f]*)?", re.IGNORECASE)
_MAIL = re.compile(r"mailto:[^\s\x00-\x20\x7f@/]+@[^\s\x00-\x20\x7f]+", re.IGNORECASE)


def is_web_address(url: str) -> bool:
    """Tell whether `url` is an absolute http or https address with a host and without a user name."""
    return _WEB.fullmatch(url) is not None


def is_allowed_address(url: str) -> bool:
    """Tell whether a link may lead to `url`: a web address as above, or mailto with a recipient."""
    return is_web_address(url) or _MAIL.fullmatch(url) is not None
