"""Where the pages of the demo are: which comment is a reader's own, which lies deep in a thread, which was edited or withdrawn.

The rule: found over the JSON API by what they are, never by number. Called by ``conftest``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer

from forum.secret import ensure_secret
from tests.browser.desk import PASSWORD, Desk
from tests.browser.mailed import wait_for_link

PART_TWO = "massage-in-the-treatment-of-cancer-part-2"
EMPTY = "what-i-would-measure-next"
NOBODY = 9_999_999


@dataclass(frozen=True)
class Cases:
    """What moderators have before them, on an article of its own: ids of a reported comment, of open items (reported, changed, one's own), of a batch.

    ``restricted``: the handle of a writer on whom something is imposed, the newest by the id ``sanction``.
    """

    case_comment: int
    case: int
    changed_case: int
    own_case: int
    closed_case: int
    batch: int
    restricted: str
    sanction: int


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
    webhook: int
    moderated: "Moderated"
    cases: Cases
    appeals: "Appeals"
    erasing: "Erasing"
    mailed: "Mailed"
    slug: str = PART_TWO
    empty: str = EMPTY

    @property
    def named(self) -> dict[str, Any]:
        """The places by name, to fill an address with."""
        return {**vars(self), **vars(self.moderated), **vars(self.cases), **vars(self.appeals), **vars(self.erasing), **vars(self.mailed)}


@dataclass(frozen=True)
class Appeals:
    """Joel's appeals: one against what Imke decided, two against what a rule did (a question is asked about the second), a decided one; a reminder to him; and
    the references of two notices that were declined, the second of them appealed."""

    own_appeal: int
    open_appeal: int
    asked_appeal: int
    decided_appeal: int
    rule_decision: int
    reminder: int
    notice: str
    appealed_notice: str
    notice_appeal: int


@dataclass(frozen=True)
class Erasing:
    """A comment that could be erased, one whose erasure the admin has asked for, and that erasure. ``leaver`` among the people is about to delete an account."""

    erasable: int
    to_erase: int
    erasure: int


@dataclass(frozen=True)
class Mailed:
    """The paths of links that were mailed to ``nora``, whose address is not confirmed, and that nobody follows; and of two in mails about discussions."""

    confirm_link: str
    sign_in_link: str
    reset_link: str
    follow_link: str
    stop_link: str


@dataclass(frozen=True)
class Moderated:
    """What moderators and reports have touched, all of it in the closed discussion: Joel's removed comment and the decision on it, his report of the
    comment by Marit that has a notice and a lock, and his comment with a change that waits."""

    own_removed: int
    decision: int
    reported: int
    receipt: str
    own_waiting: int


def find_places(desk: Desk) -> Places:
    """Return the demo's places, and add what it lacks: a closed article and a comment that its reader withdrew."""
    listed = {article["slug"]: article["id"] for article in desk.nobody.call("GET", "/articles?sort=most_commented&limit=50")["items"]}
    found = list(_comments(desk, listed[PART_TWO]))
    marit, joel = desk.person("marit"), desk.person("joel")
    closed = marit.article("A discussion that has ended", main_claim="Enough is said.", authors=["marit"])
    joel.comment(closed["id"], "The last word.", stance="encouragement")
    moderated = _moderate(desk, closed["id"])
    marit.call("PATCH", f"/articles/{closed['id']}", {"closed": True, "closed_reason": "Nothing new came for a month."})
    gone = joel.comment(listed[PART_TWO], "I take this back.")
    joel.call("DELETE", f"/comments/{gone}")

    cases = _make_cases(desk)
    appeals = _make_appeals(desk, moderated)
    erasing = _make_erasing(desk)

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
        webhook=_make_webhook(desk),
        cases=cases,
        moderated=moderated,
        appeals=appeals,
        erasing=erasing,
        mailed=_make_mailed(desk),
    )


def _make_webhook(desk: Desk) -> int:
    # A name that leads nowhere, so that messages to it wait and are shown.
    ada = desk.person("ada")
    made = ada.call("POST", "/webhooks", {"url": "https://hooks.invalid/forum", "name": "Newsletter", "kinds": ["article.created"]})
    webhook_id: int = made["webhook"]["id"]
    ada.call("POST", f"/webhooks/{webhook_id}/ping")
    return webhook_id


def _make_mailed(desk: Desk) -> Mailed:
    desk.person("ada").call("PATCH", "/admin/site", {"takes_guests": True})
    address = "nora@example.org"
    desk.nobody.call("POST", "/accounts", {"handle": "nora", "email": address, "password": PASSWORD})
    desk.nobody.call("POST", "/session/mail", {"email": address})
    desk.nobody.call("POST", "/password-resets", {"email": address})
    folder = desk.site.folder
    links = [wait_for_link(folder, to=address, about=about) for about in ("your address", "sign in", "new password")]
    secret = ensure_secret(folder)
    follow = URLSafeTimedSerializer(secret, salt="follow-by-mail").dumps(["curious@example.org", "site", 1, "daily", "en"])
    stop = URLSafeSerializer(secret, salt="stop-mail").dumps([NOBODY, "answers"])
    confirm, sign_in, reset = links
    return Mailed(confirm, sign_in, reset, follow_link=f"/mail/follow/{follow}", stop_link=f"/mail/stop/{stop}")


def _moderate(desk: Desk, article_id: int) -> Moderated:
    marit, joel = desk.person("marit"), desk.person("joel")
    removed = joel.comment(article_id, "My shop has it.", stance="agreement")
    reported = marit.comment(article_id, "Everybody knows that.", stance="disagreement")
    waiting = joel.comment(article_id, "I would like to see the numbers.")
    joel.call("PATCH", f"/comments/{waiting}", {"body_md": "You are a moron if you want numbers."})
    decision = _decide(desk, removed, "remove", "promotion")
    _decide(desk, reported, "notice", "dangerous_advice", notice="Please ask a doctor first.")
    _decide(desk, reported, "lock", "off_topic")
    receipt = joel.call("POST", f"/comments/{reported}/reports", {"reason": "harassment"})["reference"]
    return Moderated(removed, decision, reported, receipt, waiting)


def _decide(desk: Desk, comment_id: int, action: str, reason: str, **more: str) -> int:
    imke = desk.person("imke")
    item = imke.call("POST", f"/mod/comments/{comment_id}/items")["item"]
    order = {"action": action, "reason": reason, "statement": "A sentence for the writer that is long enough to be one.", **more}
    decided: int = imke.call("POST", f"/mod/items/{item['id']}/decisions", {**order, "version": item["version"]})["id"]
    return decided


def _make_cases(desk: Desk) -> Cases:
    article_id = desk.person("marit").article("What moderators have to look at", authors=["marit"])["id"]
    writer, joel, imke = desk.newcomer(display_name="Ida Holm"), desk.person("joel"), desk.person("imke")
    reported, changed, fine = (
        writer.comment(article_id, f"{number} trial had eleven people in it.") for number in ("One", "Another", "No")
    )
    joel.call(
        "POST", f"/comments/{reported}/reports", {"reason": "dangerous_advice", "note": "Heat on a fresh swelling can make it worse."}
    )
    writer.call(
        "PATCH", f"/comments/{changed}", {"body_md": "Buy it at https://oil-shop.example/?ref=5 instead.", "stance": "disagreement"}
    )
    imke.call("POST", f"/mod/accounts/{writer.handle}/notes", {"body": "Wrote to us before."})
    own = imke.comment(article_id, "A moderator writes too.")
    joel.call("POST", f"/comments/{own}/reports", {"reason": "off_topic"})
    closed = imke.call("POST", f"/mod/comments/{fine}/items")["item"]
    order = {"action": "no_action", "reason": "within_rules", "items": [{"id": closed["id"], "version": closed["version"]}]}
    batch = imke.call("POST", "/mod/batches", order)["id"]

    def case(comment_id: int) -> int:
        found = imke.call("GET", "/mod/items?limit=50")["items"]
        return int(next(item["id"] for item in found if item["comment"]["id"] == comment_id))

    words = {"reason": "harassment", "statement": "Please speak about the argument, and never about the person who makes it."}
    imposed = [
        imke.call("POST", f"/mod/accounts/{writer.handle}/sanctions", {"kind": kind, "note": note, **words})["id"]
        for kind, note in (("reminder", ""), ("tag_mute", ""), ("pre_moderation", "The second time."), ("suspension", ""))
    ]
    imke.call("DELETE", f"/mod/accounts/{writer.handle}/sanctions/{imposed[1]}")
    return Cases(reported, case(reported), case(changed), case(own), closed["id"], batch, writer.handle, imposed[-1])


def _make_erasing(desk: Desk) -> Erasing:
    article_id = desk.person("marit").article("What should never have been written", authors=["marit"])["id"]
    leaver = desk.known["leaver"] = desk.newcomer(display_name="Lea Brandt")
    one, other = (leaver.comment(article_id, f"{number} patient of mine had the same.") for number in ("One", "Another"))
    why = "It tells who the patient is, and the writer has not answered us for two weeks."
    asked = desk.person("ada").call("POST", f"/mod/comments/{other}/erasure", {"reason": "confidentiality", "why": why})
    leaver.call("POST", "/me/deletion", {"comments": "withdraw", "password": PASSWORD})
    return Erasing(one, other, asked["id"])


def _make_appeals(desk: Desk, moderated: Moderated) -> Appeals:
    joel, imke, nobody = desk.person("joel"), desk.person("imke"), desk.nobody
    article_id = desk.person("marit").article("What was decided, and what Joel thinks of it", authors=["marit"])["id"]
    why = {"body": "It names a study, not a shop, and nobody asked me what I meant before it was decided."}

    def held(text: str) -> int:
        joel.comment(article_id, f"You are a moron, whoever wrote {text}.")
        return int(joel.call("GET", "/me/decisions")["items"][0]["id"])

    def appeal(decision_id: int) -> int:
        return int(joel.call("POST", f"/decisions/{decision_id}/appeals", why)["id"])

    def notice(text: str) -> str:
        comment_id = joel.comment(article_id, text)
        about = {"url": f"/c/{comment_id}", "reason": "illegal", "note": "It names a third person.", "good_faith": True}
        reference = nobody.call("POST", "/notices", {**about, "name": "Nora", "email": "nora@example.org"})["reference"]
        _decide(desk, comment_id, "no_action", "within_rules")
        return str(reference)

    own = appeal(moderated.decision)
    asked, decided, waiting, left = held("this"), held("that"), held("these"), held("those")
    asked_appeal, decided_appeal, open_appeal = appeal(asked), appeal(decided), appeal(waiting)
    imke.call("POST", f"/appeals/{asked_appeal}/question", {"question": "Whom do you mean by that?"})
    seen = imke.call("GET", f"/appeals/{decided_appeal}")["version"]
    reasons = "You say what you mean now, and it is about the argument; nothing in it attacks a person."
    imke.call("POST", f"/appeals/{decided_appeal}/decision", {"outcome": "overturn", "reasons": reasons, "version": seen})
    words = {"reason": "harassment", "statement": "Please speak about the argument, and never about the person who makes it."}
    reminder = imke.call("POST", "/mod/accounts/joel/sanctions", {"kind": "reminder", **words})["id"]
    declined, appealed = notice("One more thought."), notice("And another thought.")
    filed = nobody.call("POST", f"/reports/{appealed}/appeals", {"body": "It does name somebody."})["id"]
    return Appeals(own, open_appeal, asked_appeal, decided_appeal, left, reminder, declined, appealed, filed)


def _comments(desk: Desk, article_id: int) -> Iterator[dict[str, Any]]:
    page = desk.nobody.call("GET", f"/articles/{article_id}/comments?limit=50&replies=10")
    for root in page["items"]:
        yield root
        yield from root["replies"]
        more = root["more_replies"]
        if more:
            yield from desk.nobody.call("GET", f"/comments/{root['id']}/replies?after={more['after']}")["items"]
