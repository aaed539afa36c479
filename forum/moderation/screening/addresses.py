"""Finds the web addresses in a text and tells which domain lists they are on. Addresses that are only read ("example dot shop") count too.

A host is compared as a browser would ask for it: full-width letters, invisible characters and case made one. It is never folded like words, or
a look-alike of a trusted domain would be trusted. Pure; called by the phases limits and links.
"""

import html
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from forum.text.lookalikes import CONFUSABLES

LONGEST_DOMAIN = 100
"""Characters of one entry of a domain list."""

_LINK = re.compile(r"(?:https?|hxxps?)://(?:[^\s/?#@\\]{0,100}@)?([^\s/?#\\@:<>\"')\]]+)([^\s<>\"')\]]*)|\b(www\.[^\s/?#\\@:<>\"')\],]+)")
# Names that are addresses without a scheme, by their endings: "README.md" is none, and "of.it" only with a path.
_ENDINGS = (
    "com|net|org|info|biz|co|io|app|dev|ai|shop|store|site|online|website|web|space|xyz|top|click|link|live|life|world|club|vip|pro|win|bet"
    "|casino|poker|loan|loans|money|cash|credit|finance|trade|fund|health|care|clinic|fit|fitness|yoga|diet|cam|chat|date|dating|sex|porn|xxx|adult"
    "|bid|icu|cyou|buzz|rest|sbs|monster|download|stream|host|press|page|digital|agency|academy|coach|blog|tech|today|news|email|solutions|services"
    "|ru|cn|su|tk|ml|ga|cf|gq|pw|cc|ws|eu|uk|ca|au|nz|ie|de|nl|fr|es|pl|ch|se|dk|fi|bg|edu|gov"
)
_BARE = re.compile(
    rf"(?<![\w@./:\-])((?:[a-z0-9](?:[a-z0-9\-]{{0,62}})\.){{1,4}}(?:{_ENDINGS}|(?:me|to|it|in|at|be|no|us|is)(?=/)))(?![\w\-@]|\.[a-z])(/[^\s<>\"')\]]*)?"
)
_DOT = re.compile(rf"\s?[\[({{]\s?(?:\.|d[o0]t)\s?[\])}}]\s?|\s(?:d[o0]t)\s(?=(?:{_ENDINGS})\b)")
# What such a dot has where no "dot" is spelt out, and what every such name has: looked for first, because few texts have them.
_BRACKET_DOT = re.compile(r"[\[({]\s?\.")
_NAME_DOT = re.compile(r"\.[a-z]")
# A space forgotten after a sentence: "the pain.Health is".
_SENTENCE = re.compile(r"\.(?=[A-Z][a-z])")
_INNER = re.compile(r"https?://([^\s/?#\\@:&]+)")
_DOMAIN = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9\-]{0,62})\.)*[a-z0-9\-]{2,63}")


@dataclass(frozen=True)
class Address:
    """An address in a text: the host it leads to, what follows it, and whether it is written as a link (with a scheme or ``www``)."""

    host: str
    rest: str = ""
    is_link: bool = True


def find_addresses(text: str) -> tuple[Address, ...]:
    """Return the addresses in ``text`` in their order, links first; an address inside another's path (a redirect) is one as well."""
    if text.isascii() and not any(sign in text for sign in (".", "//", "d", "D", "&")):
        return ()
    written = html.unescape(text)
    read = _as_browsers_read(written)
    found = []
    for match in _links_in(read):
        found.append(Address(_host(match[1] or match[3]), match[2] or ""))
        found += (Address(_host(inner[1])) for inner in _INNER.finditer(unquote(match[2] or "")))
    hosts = {address.host for address in found}
    parted = _SENTENCE.sub(". ", written)
    seen = _as_eyes_read(read if parted == written else _as_browsers_read(parted))
    if _NAME_DOT.search(seen):
        found += (Address(match[1], match[2] or "", is_link=False) for match in _BARE.finditer(seen) if match[1] not in hosts)
    return tuple(found)


def is_on(host: str, domains: Collection[str]) -> bool:
    """Tell whether ``host`` is one of the domains or under one; ``*.edu`` and ``edu`` both mean everything that ends so."""
    labels = host.split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))


@lru_cache(maxsize=16)
def domain_set(entries: tuple[str, ...]) -> frozenset[str]:
    """Return the domains of a list for ``is_on``."""
    return frozenset(entry.strip().lower().removeprefix("*.").rstrip(".") for entry in entries)


def is_domain(entry: str) -> bool:
    """Tell whether ``entry`` may stand in a domain list: ``example.org`` or ``*.example``, without scheme or path."""
    return len(entry) <= LONGEST_DOMAIN and _DOMAIN.fullmatch(entry.strip().lower()) is not None


def _as_browsers_read(text: str) -> str:
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFKC", text).replace("。", ".").casefold()
    return "".join(char for char in composed if unicodedata.category(char) != "Cf")


def _as_eyes_read(read: str) -> str:
    # Names that are only read are read with the eye, so look-alikes are what they look like.
    seen = _LINK.sub(" ", read) if _may_hold_link(read) else read
    seen = seen if seen.isascii() else seen.translate(CONFUSABLES)
    return _DOT.sub(".", seen) if "dot" in seen or "d0t" in seen or _BRACKET_DOT.search(seen) else seen


def _links_in(read: str) -> Iterator[re.Match[str]]:
    return _LINK.finditer(read) if _may_hold_link(read) else iter(())


def _may_hold_link(read: str) -> bool:
    # The pattern is tried at each word, and few texts have what every link has.
    return "://" in read or "www." in read


def _host(written: str) -> str:
    return written.rstrip(".,;!*_").removeprefix("www.")
