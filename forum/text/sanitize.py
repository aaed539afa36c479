"""Lets through the few elements a text may have: bleach, then nh3, from one allow-list. The only file that knows either.

bleach gets well-formed, shallow HTML only: what `markdown` wrote, or what `reshape` made of an export; what is nothing but paragraphs of text, marks and
links of the plainest kind it need not read, and nh3 alone does. Called by `render`.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

import nh3
from bleach.sanitizer import Cleaner

from forum.text.links import PROTOCOLS, REL, is_allowed_address
from forum.text.mentions import HANDLE_PATTERN
from forum.text.reshape import reshape

_COMMENT_TAGS = frozenset({"p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"})
_ATTRIBUTES = {"a": {"href", "title", "rel", "class"}, "code": {"class"}, "ol": {"start"}}
_LANGUAGE = re.compile(r"language-[a-z0-9+#-]{1,20}")
_START = re.compile(r"[0-9]{1,9}")
_MEMBER = re.compile(rf"/u/{HANDLE_PATTERN}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DEAD_LINK = re.compile(r'<a(?: (?!href=)[a-z]+="[^"]*")*>(.*?)</a>', re.DOTALL)
_PRE_LINES = re.compile(r"<pre>\n+")

# Paragraphs, quoted once or not, of text, line breaks, marks and links that are not inside each other, written as bleach writes them: it gives such HTML
# back as it came, which tests show, and takes longer over it than all else. No other sign of markup is in it, no control character, no entity but these, and
# no attribute but the two of a link, whose address is a web address of a few harmless signs.
_TEXT = r"[^<>&\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]++|&(?:amp|lt|gt|quot);|<br>"
_MARKED = "|".join(rf"<{tag}>(?:{_TEXT})*+</{tag}>" for tag in ("em", "strong", "s", "code"))
_LINKED = rf'<a href="https?://[A-Za-z0-9.-]+(?:/[A-Za-z0-9._~/?=%#:@+,;-]*)?" rel="{REL}">(?:{_TEXT})*+</a>'
_PARAGRAPH = rf"<p>(?:{_TEXT}|{_MARKED}|{_LINKED})*+</p>\n"
_PLAIN = re.compile(rf"(?:{_PARAGRAPH}|<blockquote>\n(?:{_PARAGRAPH})++</blockquote>\n)++")


@dataclass(frozen=True)
class _Policy:
    tags: frozenset[str]
    mentions: bool


_COMMENT = _Policy(_COMMENT_TAGS, mentions=True)
_ARTICLE = _Policy(_COMMENT_TAGS | {"h2", "h3", "h4"}, mentions=False)
_IMPORTED = _Policy(_COMMENT_TAGS | {"sub", "sup"}, mentions=False)

_local = threading.local()


def sanitize(html: str) -> str:
    """Return the HTML of a comment with nothing outside the allow-list; idempotent, safe in threads."""
    return _clean(html, _COMMENT)


def sanitize_article(html: str) -> str:
    """Return the HTML of an article, which may have headings of the levels 2 to 4 and mentions nobody."""
    return _clean(html, _ARTICLE)


def sanitize_imported(html: str) -> str:
    """Return what another system exported as our elements, safe; linear in the length of `html`, which is cut at `reshape.SOURCE_MAX`.

    Headings become bold paragraphs, images and frames links to their address (or their alternative text); words are never dropped.
    """
    return _clean(reshape(html), _IMPORTED)


def _clean(html: str, policy: _Policy) -> str:
    bleach, ammonia = _cleaners(policy)
    whole = _SURROGATE.sub("\ufffd", html)
    safe = ammonia.clean(whole if _PLAIN.fullmatch(whole) else bleach.clean(whole))
    # An address that one of the three refused leaves a link to nowhere: its words stay. What it kept apart may be read in another way without it.
    alive = _DEAD_LINK.sub(r"\1", safe)
    safe = safe if alive == safe else ammonia.clean(alive)
    # A parser reads CR as a line break and drops the first one of a <pre>; without this, cleaning twice would give something else.
    return _PRE_LINES.sub("<pre>", safe.replace("\r", "\n")).strip()


def _cleaners(policy: _Policy) -> tuple[Cleaner, nh3.Cleaner]:
    # One for each thread: a shared bleach Cleaner mixes up texts (486 wrong answers in 1,600 calls from 8 threads).
    cleaners: dict[_Policy, tuple[Cleaner, nh3.Cleaner]] = _local.__dict__.setdefault("cleaners", {})
    if policy not in cleaners:
        cleaners[policy] = (_build_bleach(policy), _build_nh3(policy))
    return cleaners[policy]


def _build_bleach(policy: _Policy) -> Cleaner:
    return Cleaner(tags=policy.tags, attributes=_judge(policy), protocols=PROTOCOLS, strip=True, strip_comments=True)


def _build_nh3(policy: _Policy) -> nh3.Cleaner:
    is_allowed = _judge(policy)
    return nh3.Cleaner(
        tags=policy.tags,
        attributes=_ATTRIBUTES,
        attribute_filter=lambda tag, name, value: value if is_allowed(tag, name, value) else None,
        link_rel=None,
        url_schemes=PROTOCOLS,
    )


def _judge(policy: _Policy) -> Callable[[str, str, str], bool]:
    checks: dict[tuple[str, str], Callable[[str], object]] = {
        ("a", "href"): lambda href: is_allowed_address(href) or (policy.mentions and _MEMBER.fullmatch(href)),
        ("a", "rel"): lambda rel: rel == REL,
        ("a", "class"): lambda kind: policy.mentions and kind == "mention",
        ("a", "title"): lambda _: True,
        ("code", "class"): _LANGUAGE.fullmatch,
        ("ol", "start"): _START.fullmatch,
    }
    return lambda tag, name, value: bool((tag, name) in checks and checks[tag, name](value))
