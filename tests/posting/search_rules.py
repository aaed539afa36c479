"""What search engines ask of a discussion's data, as a table, and the block taken out of a page: what tests of structured data are checked with.

Source: developers.google.com/search/docs/appearance/structured-data/discussion-forum – required and recommended properties of DiscussionForumPosting
(and SocialMediaPosting), Comment, Person and InteractionCounter; schema.org for Article.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Data = dict[str, Any]
BLOCK = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Rules:
    """The properties that a type must have, those of which it must have one, and those that it may have besides."""

    required: frozenset[str]
    recommended: frozenset[str]
    any_of: frozenset[str] = frozenset()


RULES = {
    "DiscussionForumPosting": Rules(
        frozenset({"author", "datePublished"}),
        frozenset({"headline", "url", "comment", "commentCount", "interactionStatistic", "dateModified", "creativeWorkStatus", "isPartOf"}),
        frozenset({"text", "image", "video"}),
    ),
    "Comment": Rules(
        frozenset({"author", "datePublished"}),
        frozenset({"url", "comment", "dateModified", "interactionStatistic", "creativeWorkStatus"}),
        frozenset({"text", "image", "video"}),
    ),
    # Another page's: what it needs, that page says of itself.
    "Article": Rules(
        frozenset({"url", "headline"}), frozenset({"author", "comment", "commentCount", "interactionStatistic", "discussionUrl"})
    ),
    "Person": Rules(frozenset({"name"}), frozenset({"url"})),
    "Organization": Rules(frozenset({"name"}), frozenset({"url"})),
    "InteractionCounter": Rules(frozenset({"interactionType", "userInteractionCount"}), frozenset()),
}
# What a place that is only kept for its answers may not say.
OF_TEXTS = {"author", "text", "image", "video", "dateModified"}
INTERACTIONS = {f"https://schema.org/{name}Action" for name in ("Like", "Comment", "Share", "View", "Follow")}


def block_of(html: str) -> Data:
    """Return the data of a page's one block."""
    found = BLOCK.findall(html)
    assert len(found) == 1, f"{len(found)} blocks"
    data: Data = json.loads(found[0])
    return data


def nodes_of(data: Any) -> Iterator[Data]:
    """Yield every node of the data, outer ones first."""
    if isinstance(data, list):
        for each in data:
            yield from nodes_of(each)
    elif isinstance(data, dict):
        yield data
        for value in data.values():
            yield from nodes_of(value)


def comments_of(data: Data) -> list[Data]:
    """Return the comments at any depth."""
    return [node for node in nodes_of(data) if node["@type"] == "Comment"]


def faults_of(data: Data) -> list[str]:
    """Return what a search engine would complain about."""
    found = [] if data.get("@context") == "https://schema.org" else ["no context"]
    for node in nodes_of(data):
        kind = node.get("@type", "")
        if kind not in RULES:
            found.append(f"an unknown type {kind}")
            continue
        found += [f"{kind}: {fault}" for fault in _faults_of_node(node, RULES[kind])]
    return found


def _faults_of_node(node: Data, rules: Rules) -> Iterator[str]:
    names = {name for name, value in node.items() if value not in ("", [], {}, None)} - {"@type", "@context"}
    if node.keys() - {"@type", "@context"} - names:
        yield "something empty"
    yield from (f"does not know {name}" for name in sorted(names - rules.required - rules.recommended - rules.any_of))
    if node.get("creativeWorkStatus") is not None:
        yield from (f"{name} of what is not there" for name in sorted(names & OF_TEXTS))
        if node["creativeWorkStatus"] != "Deleted":
            yield "knows one status alone"
    else:
        yield from (f"lacks {name}" for name in sorted(rules.required - names))
        if rules.any_of and not names & rules.any_of:
            yield "has no text, image or video"
    for name in ("datePublished", "dateModified"):
        if name in node and not MOMENT.fullmatch(node[name]):
            yield f"{name} is no moment: {node[name]}"
    for name in ("url", "discussionUrl"):
        if name in node and urlsplit(node[name]).scheme not in ("http", "https"):
            yield f"{name} is not a whole address: {node[name]}"
    if "interactionType" in node and node["interactionType"] not in INTERACTIONS:
        yield f"an unknown interaction {node['interactionType']}"
