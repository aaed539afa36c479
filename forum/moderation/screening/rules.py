"""A site's screening rules: word lists, domains and thresholds, with the defaults that are shipped. Plain values; stored as one JSON document.

Each field's description is its label on the admin's page. What the types cannot say (an entry that means nothing) `find_rule_faults` says.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from forum.moderation.screening.addresses import LONGEST_DOMAIN, is_domain
from forum.moderation.screening.entries import LONGEST_ENTRY, MOST_ENTRIES, BadEntry, read_lines
from forum.moderation.screening.patterns import matcher
from forum.refusals import Fault
from forum.sentences import sentence

WORD_LISTS = ("banned", "suspect", "address_words")
DOMAIN_LISTS = ("blocked_domains", "trusted_domains")

_ROOM = Path(__file__).parent
_SHARE = re.compile(r"-?[1-9]/[1-9]: ")
_SYNTAX = "One entry a line, “reason: words”; * stands for any letters, (one|two) for either, (one|) for one or nothing, ... for up to four words, one & two for both."

_Entries = tuple[Annotated[str, Meta(min_length=1, max_length=LONGEST_ENTRY)], ...]
_Domains = tuple[Annotated[str, Meta(min_length=1, max_length=LONGEST_DOMAIN)], ...]


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of one site. Without values, the lists are empty; ``default_rules`` has the shipped ones."""

    hold_first: Annotated[
        str,
        Meta(
            pattern=r"^(|all|[0-9]{1,3})$(?!\n)",
            description="Hold a new writer's first N comments, or all; empty: as the server's setting says.",
        ),
    ] = ""
    max_length: Annotated[int, Meta(ge=100, le=10_000, description="Refuse comments of more characters than this.")] = 10_000
    max_links: Annotated[int, Meta(ge=0, le=100, description="Refuse comments with more links than this.")] = 20
    many_links: Annotated[
        int, Meta(ge=1, le=100, description="Report comments with at least this many links to domains that are not trusted.")
    ] = 4
    banned: Annotated[_Entries, Meta(max_length=MOST_ENTRIES, description=f"Hold comments with these words. {_SYNTAX}")] = ()
    suspect: Annotated[_Entries, Meta(max_length=MOST_ENTRIES, description=f"Report comments with these words. {_SYNTAX}")] = ()
    address_words: Annotated[
        _Entries, Meta(max_length=MOST_ENTRIES, description="Hold comments with these words in a web address, one entry a line.")
    ] = ()
    blocked_domains: Annotated[
        _Domains, Meta(max_length=2_000, description="Hold comments that link to these domains or below them, one a line.")
    ] = ()
    trusted_domains: Annotated[
        _Domains, Meta(max_length=2_000, description="Domains that anybody may link to, one a line; *.edu means all that end so.")
    ] = ()
    new_account_days: Annotated[
        int, Meta(ge=0, le=365, description="An account is new for this many days; its links to domains that are not trusted are held.")
    ] = 3
    new_account_comments: Annotated[
        int, Meta(ge=0, le=100, description="An account is also new until it has this many accepted comments.")
    ] = 1
    duplicate_hours: Annotated[int, Meta(ge=1, le=720, description="Compare a text with those of the last so many hours.")] = 24
    duplicate_min_length: Annotated[
        int, Meta(ge=1, le=10_000, description="Texts shorter than this may be repeated at another place or by other people.")
    ] = 40
    duplicate_others: Annotated[int, Meta(ge=1, le=100, description="Hold a text that so many other accounts have posted.")] = 3
    history_days: Annotated[int, Meta(ge=1, le=365, description="A writer's recent history reaches back this many days.")] = 30
    history_min_count: Annotated[int, Meta(ge=1, le=1_000, description="A history counts from so many recent comments on.")] = 5
    history_percent: Annotated[
        int, Meta(ge=1, le=100, description="Hold comments of writers with at least this percentage of recent comments removed.")
    ] = 30
    heat_base_minutes: Annotated[
        int, Meta(ge=0, le=60, description="Minutes between two comments of one writer below reported comments; each report adds one.")
    ] = 2
    heat_most_minutes: Annotated[int, Meta(ge=0, le=1_440, description="The longest such wait, in minutes.")] = 60
    show_moderator_names: Annotated[bool, Meta(description="Show the names of moderators in the public log.")] = False


@cache
def default_rules() -> Rules:
    """Return the rules of a new site: the shipped lists and thresholds."""
    lists = {name: read_lines(_read(f"domains/{name.removesuffix('_domains')}.txt")) for name in DOMAIN_LISTS}
    return Rules(
        banned=_shipped("banned"),
        suspect=_shipped("suspect"),
        address_words=_shipped("address"),
        blocked_domains=lists["blocked_domains"],
        trusted_domains=lists["trusted_domains"],
    )


def find_rule_faults(rules: Rules) -> tuple[Fault, ...]:
    """Return what is wrong with lists that have the right types: the first bad line of each word list, every bad domain; compiles the lists."""
    return (*_find_word_faults(rules), *_find_domain_faults(rules))


def _find_word_faults(rules: Rules) -> Iterator[Fault]:
    for name in WORD_LISTS:
        try:
            matcher(getattr(rules, name))
        except BadEntry as bad:
            yield Fault(f"/{name}/{bad.index}", "bad_entry", bad.detail)


def _find_domain_faults(rules: Rules) -> Iterator[Fault]:
    for name in DOMAIN_LISTS:
        for index, entry in enumerate(getattr(rules, name)):
            if not is_domain(entry):
                detail = sentence("Line %(line)s is not a domain such as example.org or *.example.", line=index + 1)
                yield Fault(f"/{name}/{index}", "bad_domain", detail)


def _shipped(name: str) -> tuple[str, ...]:
    """Return the entries of ``words/<name>.<reason>.txt``, each with the reason of its file; a hint begins with its share, ``1/3:``."""
    files = sorted((_ROOM / "words").glob(f"{name}.*.txt"))
    return tuple(_with_reason(file.name.split(".")[1], line) for file in files for line in read_lines(file.read_text(encoding="utf-8")))


def _with_reason(reason: str, line: str) -> str:
    return f"{reason} {line}" if _SHARE.match(line) else f"{reason}: {line}"


def _read(name: str) -> str:
    return (_ROOM / name).read_text(encoding="utf-8")
