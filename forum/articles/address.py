"""Turn the address of a host page into the one form it is stored and looked up by.

One rule: two addresses that readers would call the same article give the same string, and nobody can make two articles of one
page by adding a campaign tag. Called wherever an article is made, looked up, counted or aliased.

What is decided here, and why:

* ``http`` and ``https`` are the same article (compared as ``https``): a site that moves to https keeps its owner and its pages, and
  elsewhere that move is what most often splits a discussion in two.
* A trailing slash makes no difference: servers redirect one form to the other, and links carry both.
* ``www.``, ``index.html``, AMP pages, letter case and doubled slashes inside a path do make a difference: they can be other pages, or
  belong to other people. An alias joins two addresses after the fact; nothing takes apart two discussions that were mixed.

So the result of ``normalize_address`` is a key to compare by. A link that readers follow is ``tidy_address``.
"""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass

from forum.sentences import sentence

MAX_LENGTH = 2_000  # characters, of what is given and of what is stored

_DEFAULT_PORTS = {"http": 80, "https": 443}

# Names that say where a reader came from, never what the page shows. Compared in lower case.
# Left in on purpose: ref, source, sid, id, page, lang, amp. Some sites tell articles apart by them.
DROPPED_PREFIXES = (
    "utm_",  # Google Analytics, and everybody since
    "mtm_",  # Matomo
    "matomo_",
    "pk_",  # Matomo under its former name, Piwik
    "piwik_",
    "hsa_",  # HubSpot advertisements
    "__hs",  # HubSpot visits
)
DROPPED_NAMES = frozenset(
    (
        # Google
        "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "gad_source", "gad_campaignid", "srsltid", "_ga", "_gl",
        # Meta
        "fbclid", "fb_action_ids", "fb_action_types", "fb_ref", "fb_source", "igshid", "igsh",
        # Microsoft, X, TikTok, LinkedIn, Pinterest, Yandex
        "msclkid", "ref_src", "ref_url", "twclid", "ttclid", "li_fat_id", "epik", "yclid", "ysclid", "_openstat",
        # Newsletters: Mailchimp, HubSpot, Marketo, Vero, Klaviyo, Omeda, Drip, Kit
        "mc_cid", "mc_eid", "mc_tc", "_hsenc", "_hsmi", "hsctatracking", "mkt_tok", "vero_conv", "vero_id", "_ke", "_kx",
        "oly_anon_id", "oly_enc_id", "__s", "ck_subscriber_id",
        # Advertising exchanges
        "s_kwcid", "rb_clickid", "wickedid", "_branch_match_id",
        # WordPress: the same article with its reply form open, or after a comment that waits for approval
        "replytocom", "unapproved", "moderation-hash",
        # A visit's id, which some servers write into every link
        "phpsessid", "jsessionid",
    )
)  # fmt: skip

_SHAPE = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?", re.DOTALL
)
_NAME_AND_PORT = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?", re.DOTALL)
_ESCAPE_OR_CHARACTER = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_LABEL_DOTS = re.compile("[.\u3002\uff0e\uff61]")  # UTS #46: what input methods type for a full stop
_ASCII_LABEL = re.compile(r"[a-z0-9_-]+")
_NUMBER_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATH = _UNRESERVED | frozenset("!$&'()*+,;=:@/")  # RFC 3986 section 3.3: pchar and the slash
_IN_QUERY = _IN_PATH | frozenset("?")

_REFUSED_CATEGORIES = frozenset(("Cc", "Cs", "Zs", "Zl", "Zp"))  # controls, half a surrogate pair, white space
_REFUSED_IN_HOST = _REFUSED_CATEGORIES | {"Cf", "Cn", "Co"}
# UTS #46 non-transitional processing keeps these four, as every browser does; the standard library's "idna" codec, which follows the
# 2003 rules, would send readers of faß.de to fass.de, another owner's site.
_KEPT_IN_HOST = frozenset("\u00df\u03c2\u200c\u200d")
_IGNORED_IN_HOST = re.compile("[\u00ad\u034f\u180b-\u180d\u200b\u2060\ufe00-\ufe0f\ufeff]")


class BadAddress(ValueError):
    """An address that no article can have. ``str()`` is a sentence for the person who typed it; ``code`` names the part at fault."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class _Address:
    """The parts of one address, each already in its canonical spelling; ``port`` is None where the scheme implies it."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str


def normalize_address(url: str) -> str:
    """Return the key that every spelling of this article's address shares.

    Idempotent. Printable ASCII, at most ``MAX_LENGTH`` characters, always ``https://``. Not meant to be followed: the page may be
    served over http only, or only with its slash.

    :raises BadAddress: when the text is not the address of a page; no other exception, whatever the text.
    """
    parts = _parse(url)
    port = None if parts.port == _DEFAULT_PORTS["https"] else parts.port
    return _join(_Address("https", parts.host, port, parts.path.rstrip("/") or "/", parts.query))


def tidy_address(url: str) -> str:
    """Return the address to show and to link to: cleaned like the key, with its own scheme and trailing slash kept.

    Idempotent; ``normalize_address(tidy_address(url)) == normalize_address(url)`` (where only the key's longer scheme
    breaks the length limit, only the key is refused).

    :raises BadAddress: when the text is not the address of a page; no other exception, whatever the text.
    """
    return _join(_parse(url))


def _join(parts: _Address) -> str:
    port = "" if parts.port is None else f":{parts.port}"
    query = f"?{parts.query}" if parts.query else ""
    address = f"{parts.scheme}://{parts.host}{port}{parts.path}{query}"
    # Again, because escaping makes it longer: one letter outside ASCII becomes up to twelve characters.
    _refuse_long(address)
    return address


def _parse(url: str) -> _Address:
    _refuse_long(url)
    _refuse_characters(url)
    # Not urllib's urlsplit: it strips and removes characters silently, and which ones depends on the version of Python.
    shape = _SHAPE.fullmatch(url)
    scheme = shape["scheme"].lower() if shape else ""
    if shape is None or scheme not in _DEFAULT_PORTS:
        raise BadAddress("scheme", "Begin the address with http:// or https://, as in the browser's address bar.")
    host, port = _authority(shape["authority"], scheme)
    path = _without_dot_segments(_escape(shape["path"], _IN_PATH))
    return _Address(scheme, host, port, path, _query(shape["query"] or ""))


def _refuse_long(address: str) -> None:
    if len(address) > MAX_LENGTH:
        raise BadAddress(
            "length",
            sentence("Use a shorter address, of at most %(most)s characters, or give the article a key of its own.", most=MAX_LENGTH),
        )


def _refuse_characters(url: str) -> None:
    if "\\" in url:
        raise BadAddress("characters", "Write the address with / instead of \\.")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in url):
        raise BadAddress(
            "characters", "Take spaces, line breaks and invisible characters out of the address; a space inside it is written %20."
        )


def _authority(authority: str, scheme: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise BadAddress("userinfo", "Take the name or password before the @ out of the address: readers open the page without them.")
    match = _NAME_AND_PORT.fullmatch(authority)
    if match is None:
        raise BadAddress("host", "Check the site's name: letters, digits, hyphens and dots, then perhaps a colon and a port number.")
    host = _literal_ipv6(match["host"][1:-1]) if match["host"].startswith("[") else _host(match["host"])
    return host, _port(match["port"] or "", scheme)


def _port(digits: str, scheme: str) -> int | None:
    # Stripped before the length is looked at, because int() refuses very long strings with an error of its own.
    digits, given = digits.lstrip("0"), bool(digits)
    if not given:
        return None
    if not 0 < len(digits) <= 5 or int(digits) > 65_535:
        raise BadAddress("port", "Use a port between 1 and 65535, or leave the port out.")
    return None if int(digits) == _DEFAULT_PORTS[scheme] else int(digits)


def _literal_ipv6(text: str) -> str:
    try:
        address = ipaddress.IPv6Address("" if "%" in text else text)  # what follows % is a zone of one machine
    except ValueError:
        raise BadAddress("host", "Check the IPv6 address between the brackets, for example [2001:db8::1], without a zone.") from None
    # Written out here because Python 3.13 changed how it spells these; a key must outlive an upgrade. RFC 5952 section 5.
    mapped = address.ipv4_mapped
    return f"[::ffff:{mapped}]" if mapped else f"[{address.compressed}]"


def _host(text: str) -> str:
    labels = [_label(label) for label in _LABEL_DOTS.split(text)]
    if len(labels) > 1 and not labels[-1]:  # the root's dot: example.org. is example.org
        labels.pop()
    host = ".".join(labels)
    if not all(labels) or len(host) > 253 or any(len(label) > 63 for label in labels):
        raise BadAddress("host", "Check the site's name: each part between dots has 1 to 63 characters, and the whole at most 253.")
    if _NUMBER_LABEL.fullmatch(labels[-1]):
        # 0x7f.1, 2130706433 and 127.000.000.001 are all 127.0.0.1 to some reader; only the plain spelling is an address here.
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise BadAddress(
                "host", "Write an IPv4 address as four plain numbers, for example 192.0.2.7, or use the site's name."
            ) from None
    return host


def _label(label: str) -> str:
    """Spell one part of a host in ASCII: lower case, and punycode (RFC 3492) where it has other letters.

    The mapping is UTS #46's, as near as the standard library's tables come to it: case-folded, NFKC, ignorable characters dropped.
    """
    if not label.isascii():
        label = _IGNORED_IN_HOST.sub("", _fold(_fold(label)))
    label = label.lower() if label.isascii() else label
    if label.isascii():
        spelled_well = not label or _ASCII_LABEL.fullmatch(label) is not None
    else:
        spelled_well = unicodedata.category(label[0])[0] != "M" and all(map(_may_stand_in_host, label))
    if not spelled_well:
        raise BadAddress("host", "Check the site's name: write it in letters, digits, hyphens and dots only.")
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def _fold(label: str) -> str:
    folded = "".join(c if c in _KEPT_IN_HOST else "\u00df" if c == "\u1e9e" else c.casefold() for c in label)
    return unicodedata.normalize("NFKC", folded)


def _may_stand_in_host(character: str) -> bool:
    if character.isascii():
        return _ASCII_LABEL.fullmatch(character) is not None
    return character in _KEPT_IN_HOST or unicodedata.category(character) not in _REFUSED_IN_HOST


def _escape(text: str, allowed: frozenset[str]) -> str:
    """Spell percent-encoding one way: upper-case hex, unreserved characters bare, the rest escaped (RFC 3986 section 6.2.2)."""
    return "".join(_escape_one(piece, allowed) for piece in _ESCAPE_OR_CHARACTER.findall(text))


def _escape_one(piece: str, allowed: frozenset[str]) -> str:
    if len(piece) == 3:
        character = chr(int(piece[1:], 16))
        return character if character in _UNRESERVED else piece.upper()
    return piece if piece in allowed else "".join(f"%{byte:02X}" for byte in piece.encode())


def _without_dot_segments(path: str) -> str:
    """Resolve ``.`` and ``..`` as RFC 3986 section 5.2.4 does; the path is empty or starts with a slash."""
    segments = path.split("/")[1:] or [""]
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _query(query: str) -> str:
    pairs = [pair for pair in _escape(query, _IN_QUERY).split("&") if pair]
    kept = [pair for pair in pairs if not _is_dropped(_name(pair))]
    # By name alone: sorting is stable, so the values of a repeated name stay in the order that gives them their meaning.
    return "&".join(sorted(kept, key=_name))


def _name(pair: str) -> str:
    return pair.partition("=")[0]


def _is_dropped(name: str) -> bool:
    lowered = name.lower()
    return lowered in DROPPED_NAMES or lowered.startswith(DROPPED_PREFIXES)
