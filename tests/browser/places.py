"""Where the pages of the demo are: which comment is a reader's own, which lies deep in a thread, which was edited or withdrawn.

The rule: found over the JSON API by what they are, never by number. Called by ``conftest``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.browser.desk import Desk

PART_TWO = "massage-in-the-treatment-of-cancer-part-2"
EMPTY = "what-i-would-measure-next"


@dataclass(frozen=True)
class Places:
    """Slugs of articles, ids of comments (all of Part 2 but ``full``, the thread that goes on after its first replies) and one token's id."""

    article_id: int
    closed: str
    root: int
    own: int
    deep: int
    edited: int
    withdrawn: int
    own_withdrawn: int
    full: int
    slug: str = PART_TWO
    empty: str = EMPTY

    @property
    def named(self) -> dict[str, Any]:
        """The places by name, to fill an address with."""
        return dict(vars(self))


def find_places(desk: Desk) -> Places:
    """Return the demo's places, and add what it lacks: a closed article and a comment that its reader withdrew."""
    listed = {article["slug"]: article["id"] for article in desk.nobody.call("GET", "/articles?sort=most_commented&limit=50")["items"]}
    found = list(_comments(desk, listed[PART_TWO]))
    marit, joel = desk.person("marit"), desk.person("joel")
    closed = marit.article("A discussion that has ended", main_claim="Enough is said.", authors=["marit"])
    joel.comment(closed["id"], "The last word.", stance="encouragement")
    marit.call("PATCH", f"/articles/{closed['id']}", {"closed": True, "closed_reason": "Nothing new came for a month."})
    gone = joel.comment(listed[PART_TWO], "I take this back.")
    joel.call("DELETE", f"/comments/{gone}")

    def first(fits: Callable[[dict[str, Any]], Any]) -> int:
        return int(next(comment["id"] for comment in found if fits(comment)))

    return Places(
        article_id=listed[PART_TWO],
        closed=closed["slug"],
        root=first(
            lambda it: (
                it["depth"] == 0 and it["state"] == "visible" and it["reply_count"] and it["author"]["handle"] not in ("joel", "marit")
            )
        ),
        own=first(lambda it: it["author"] and it["author"]["handle"] == "joel" and it["state"] == "visible"),
        deep=max(found, key=lambda it: (it["depth"], it["id"]))["id"],
        edited=first(lambda it: it["edited_at"]),
        withdrawn=first(lambda it: it["state"] == "withdrawn"),
        own_withdrawn=gone,
        full=first(lambda it: it.get("more_replies")),
    )


def _comments(desk: Desk, article_id: int) -> Iterator[dict[str, Any]]:
    page = desk.nobody.call("GET", f"/articles/{article_id}/comments?limit=50&replies=10")
    for root in page["items"]:
        yield root
        yield from root["replies"]
        more = root["more_replies"]
        if more:
            yield from desk.nobody.call("GET", f"/comments/{root['id']}/replies?after={more['after']}")["items"]
