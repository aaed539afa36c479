"""Every page, in light and dark, wide and narrow: axe finds nothing (WCAG 2.2 AA and best practice), nothing runs out of 320 pixels.

The rule: a page door that the table below does not know fails the test. What a page may never do (console, policy, other hosts) ``conftest`` watches.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
import pytest
from playwright.sync_api import Page

from forum.clock import now
from forum.rooms import PAGE_ROOMS
from tests.browser.desk import Visit
from tests.browser.places import Places

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS: list[tuple[int, Literal["light", "dark"]]] = [(1280, "light"), (360, "dark"), (1280, "dark"), (360, "light")]
# All that a change of scheme or width alone can break; the other rules read the same document twice already.
SEEN = ["color-contrast", "link-in-text-block", "target-size"]
# axe takes seconds for a page of thousands of elements: this one is looked at in each width and each scheme, but not in all four pairs.
LARGE = {"discussion"}
# 1280 × 1024 at 400 % (WCAG 2.2, 1.4.10).
ZOOMED = {"width": 320, "height": 256}
NOBODY_AT = 9_999_999
LONG = "Ein­wand" + "donaudampfschifffahrtsgesellschaft" * 3
# What one sees after these is another page: they answer with a redirect, refused or not.
REDIRECT = {"POST /sign-out", "POST /settings/confirmation", "GET /sign-in/sso/return", "GET /sign-in/oidc/return"}
# A feed reader, a spreadsheet or another site's page shows it, not a window of its own.
FEEDS = {
    "GET /modlog.atom",
    "GET /articles.atom",
    "GET /comments.atom",
    "GET /a/<slug>/feed",
    "GET /a/<slug>/download/<extension>",
    "GET /c/<id:comment_id>/feed",
    "GET /feeds/<secret>",
    "GET /transparency/<month>.csv",
    "GET /settings/export",
    "GET /embed/static",
    "GET /oembed",
    "GET /embed.js",
    "GET /embed/counts.js",
}


@dataclass(frozen=True)
class View:
    """A page as somebody gets it: the door, who opens ``path`` and, for a form, what is then sent to ``to``; ``status`` is the answer's."""

    name: str
    door: str
    path: str
    who: str = ""
    status: int = 200
    to: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


SETTINGS = "/settings"
VIEWS = [
    View("articles", "GET /", "/"),
    View("articles by size", "GET /", "/?sort=most_commented", "marit"),
    View("after the last article", "GET /", "/?limit=50", "joel"),
    View("discussion", "GET /a/<slug>", "/a/{slug}"),
    View("discussion of a reader", "GET /a/<slug>", "/a/{slug}?sort=most_contested&limit=2&replies=3", "joel"),
    View("discussion of its author", "GET /a/<slug>", "/a/{slug}?limit=1&replies=2", "marit"),
    View("discussion of a moderator", "GET /a/<slug>", "/a/{slug}?limit=1&replies=2", "imke"),
    View("filtered", "GET /a/<slug>", "/a/{slug}?stance=skepticism&sort=newest&limit=3"),
    View("filtered, nothing fits", "GET /a/<slug>", "/a/{slug}?by=me&tagged=disagreement&answered=no&stance=encouragement", "joel"),
    View("nobody has answered", "GET /a/<slug>", "/a/{empty}"),
    View("a starter", "GET /a/<slug>", "/a/{empty}?stand=skepticism", "joel"),
    View("closed", "GET /a/<slug>", "/a/{closed}", "joel"),
    View("map", "GET /a/<slug>/map", "/a/{slug}/map"),
    View("files of a discussion", "GET /a/<slug>/download", "/a/{slug}/download"),
    View("search", "GET /search", "/search"),
    View("search, with what was found", "GET /search", "/search?q=touch+-mice+after:yesterday+before:2100", "joel"),
    View("search, nothing found", "GET /search", "/search?q=nothing-of-the-kind&article={slug}"),
    View("map of nothing", "GET /a/<slug>/map", "/a/{empty}/map", "joel"),
    View("answered in a later part", "GET /c/<id:comment_id>/continue", "/c/{root}/continue", "marit"),
    View(
        "answered in a later part, too long a line",
        "POST /c/<id:comment_id>/continue",
        "/c/{root}/continue",
        "marit",
        422,
        "/c/{root}/continue",
        {"line": "x" * 201},
    ),
    View("comment", "GET /c/<id:comment_id>", "/c/{root}", "joel"),
    View("comment deep in a thread", "GET /c/<id:comment_id>", "/c/{deep}#c{deep}"),
    View("withdrawn comment", "GET /c/<id:comment_id>", "/c/{withdrawn}"),
    View("one's own withdrawn comment", "GET /c/<id:comment_id>", "/c/{own_withdrawn}", "joel"),
    View("more replies", "GET /c/<id:comment_id>/thread", "/c/{full}/thread?after={full}&limit=3"),
    View("end of a thread", "GET /c/<id:comment_id>/thread", f"/c/{{root}}/thread?after={NOBODY_AT}"),
    View("history", "GET /c/<id:comment_id>/history", "/c/{edited}/history"),
    View("history of what is withdrawn", "GET /c/<id:comment_id>/history", "/c/{withdrawn}/history"),
    View("desk", "GET /desk", "/desk", "marit"),
    View("desk, replied", "GET /desk", "/desk?tab=replied", "marit"),
    View("desk, nothing set aside", "GET /desk", "/desk?tab=set_aside", "marit"),
    View("desk of a reader", "GET /desk", "/desk", "joel"),
    View("answering at the desk", "GET /desk/c/<id:comment_id>", "/desk/c/{root}", "marit"),
    View(
        "answering, empty", "POST /desk/c/<id:comment_id>/reply", "/desk/c/{root}", "marit", 422, "/desk/c/{root}/reply", {"body_md": " "}
    ),
    View(
        "answering, preview",
        "POST /desk/c/<id:comment_id>/preview",
        "/desk/c/{root}",
        "marit",
        200,
        "/desk/c/{root}/preview",
        {"body_md": "So."},
    ),
    View(
        "setting aside until yesterday",
        "POST /desk/c/<id:comment_id>/attention",
        "/desk/c/{root}",
        "marit",
        422,
        "/desk/c/{root}/attention",
        {"attention": "later", "until": "2020-01-01"},
    ),
    View("templates", "GET /desk/templates", "/desk/templates", "marit"),
    View("template without a text", "POST /desk/templates", "/desk/templates", "marit", 422, "/desk/templates", {"title": "Thanks"}),
    View("template that is gone", "POST /desk/templates/<id:template_id>", "/desk/templates", "marit", 404, f"/desk/templates/{NOBODY_AT}"),
    View(
        "template deleted already",
        "POST /desk/templates/<id:template_id>/delete",
        "/desk/templates",
        "marit",
        404,
        f"/desk/templates/{NOBODY_AT}/delete",
    ),
    View("away", "GET /desk/away", "/desk/away", "marit"),
    View("away without an end", "POST /desk/away", "/desk/away", "marit", 422, "/desk/away", {"note": "I am on a course."}),
    View("marks", "GET /c/<id:comment_id>/mark", "/c/{root}/mark", "marit"),
    View("mark without a why", "POST /c/<id:comment_id>/mark", "/c/{root}/mark", "marit", 422, "/c/{root}/mark", {"mark": "feature"}),
    View("closing", "GET /a/<slug>/closing", "/a/{slug}/closing", "marit"),
    View("closed already", "GET /a/<slug>/closing", "/a/{closed}/closing", "marit"),
    View("closing without a reason", "POST /a/<slug>/closing", "/a/{slug}/closing", "marit", 422, "/a/{slug}/closing", {"reason": " "}),
    View("person", "GET /u/<handle>", "/u/priya"),
    View("person who wrote nothing", "GET /u/<handle>", "/u/imke"),
    View("composer", "GET /a/<slug>/comments", "/a/{slug}/comments?stand=disagreement", "joel"),
    View("composer, empty", "POST /a/<slug>/comments", "/a/{slug}/comments", "joel", 422, "/a/{slug}/comments"),
    View(
        "composer, closed", "POST /a/<slug>/comments", "/a/{slug}/comments", "joel", 409, "/a/{closed}/comments", {"body_md": "Too late."}
    ),
    View("composer of a visitor", "POST /a/<slug>/comments", "/", "", 403, "/a/{slug}/comments", {"body_md": "A word."}),
    View(
        "preview",
        "POST /a/<slug>/preview",
        "/a/{slug}/comments",
        "joel",
        200,
        "/a/{slug}/preview",
        {"body_md": f"> so\n\n# {LONG}\n\n`{LONG}`\n\n- a\n\n[x](https://x.example)", "stance": "skepticism"},
    ),
    View(
        "guest",
        "POST /a/<slug>/guest",
        "/a/{empty}?stand=agreement",
        "",
        403,
        "/a/{empty}/guest",
        {"body_md": "A word.", "stance": "agreement"},
    ),
    View("guest, all wrong", "POST /a/<slug>/guest", "/sign-in", "", 422, "/a/{empty}/guest", {"body_md": "A word.", "email": "x"}),
    View(
        "guest, sent",
        "POST /a/<slug>/guest",
        "/sign-in",
        "",
        200,
        "/a/{empty}/guest",
        {"body_md": "A word.", "email": "x@example.org", "name": "Gwen"},
    ),
    View("reply", "GET /c/<id:comment_id>/reply", "/c/{root}/reply", "joel"),
    View("edit", "GET /c/<id:comment_id>/edit", "/c/{own}/edit", "joel"),
    View("edit, empty", "POST /c/<id:comment_id>/edit", "/c/{own}/edit", "joel", 422, "/c/{own}/edit", {"body_md": " ", "version": "1"}),
    View(
        "edit, stale", "POST /c/<id:comment_id>/edit", "/c/{own}/edit", "joel", 412, "/c/{own}/edit", {"body_md": "Mine.", "version": "77"}
    ),
    View(
        "preview of an edit",
        "POST /c/<id:comment_id>/preview",
        "/c/{own}/edit",
        "joel",
        200,
        "/c/{own}/preview",
        {"body_md": "**So**", "version": "1"},
    ),
    View("withdraw", "GET /c/<id:comment_id>/withdraw", "/c/{own}/withdraw", "joel"),
    View(
        "withdraw, too old a form",
        "POST /c/<id:comment_id>/withdraw",
        "/c/{own}/withdraw",
        "joel",
        403,
        "/c/{own}/withdraw",
        {"csrf_token": "old"},
    ),
    View("undo", "GET /c/<id:comment_id>/withdraw", "/c/{own_withdrawn}/withdraw", "joel"),
    View(
        "undo, too old a form",
        "POST /c/<id:comment_id>/unwithdraw",
        "/c/{own_withdrawn}/withdraw",
        "joel",
        403,
        "/c/{own_withdrawn}/unwithdraw",
        {"csrf_token": "old"},
    ),
    View("tag", "GET /c/<id:comment_id>/tag", "/c/{root}/tag", "joel"),
    View("tag, none chosen", "POST /c/<id:comment_id>/tag", "/c/{root}/tag", "joel", 422, "/c/{root}/tag"),
    View("tag of a visitor", "POST /c/<id:comment_id>/tag", "/", "", 403, "/c/{root}/tag", {"stance": "agreement"}),
    View("sign in", "GET /sign-in", "/sign-in?next=/a/{slug}"),
    View("sign in, wrong", "POST /sign-in", "/sign-in", "", 401, "/sign-in", {"login": "joel", "password": "wrong and long"}),
    View("sign up", "GET /sign-up", "/sign-up"),
    View("sign up, all wrong", "POST /sign-up", "/sign-up", "", 422, "/sign-up", {"handle": "a b", "email": "x", "password": "short"}),
    View("sign in by mail", "GET /sign-in/mail", "/sign-in/mail?next=/a/{slug}"),
    View("sign in by mail, no address", "POST /sign-in/mail", "/sign-in/mail", "", 422, "/sign-in/mail", {"email": "x"}),
    View("sign in by mail, sent", "POST /sign-in/mail", "/sign-in/mail", "", 200, "/sign-in/mail", {"email": "x@example.org"}),
    View("password forgotten", "GET /password", "/password"),
    View("password forgotten, no address", "POST /password", "/password", "", 422, "/password", {"email": "x"}),
    View("link, confirm", "GET /mail/<secret>", "{confirm_link}"),
    View("link, sign in", "GET /mail/<secret>", "{sign_in_link}", "joel"),
    View("link, new password", "GET /mail/<secret>", "{reset_link}"),
    View("link, not good", "GET /mail/<secret>", "/mail/made-up", "", 410),
    View("link, too old a form", "POST /mail/<secret>", "{confirm_link}", "", 403, "{confirm_link}", {"csrf_token": "old"}),
    View(
        "link, password too short",
        "POST /mail/<secret>/password",
        "{reset_link}",
        "",
        422,
        "{reset_link}/password",
        {"new_password": "short"},
    ),
    View("address", "GET /settings/email", "/settings/email", "joel"),
    View(
        "address refused",
        "POST /settings/email",
        "/settings/email",
        "joel",
        422,
        "/settings/email",
        {"email": "new@example.org", "password": "wrong and long"},
    ),
    View("settings", "GET /settings", SETTINGS, "marit"),
    View("inbox", "GET /inbox", "/inbox", "marit"),
    View("inbox without anything", "GET /inbox", "/inbox", "ada"),
    View("marking as read, nobody there", "POST /inbox/read", "/sign-in", "", 401, "/inbox/read", {"up_to": "1"}),
    View("opening, nobody there", "POST /inbox/<id:notification_id>", "/sign-in", "", 401, "/inbox/1"),
    View("follow, visitor", "GET /follow/<target>/<id:target_id>", "/follow/article/{article_id}"),
    View("follow, member", "GET /follow/<target>/<id:target_id>", "/follow/thread/{root}", "joel"),
    View(
        "follow refused",
        "POST /follow/<target>/<id:target_id>",
        "/follow/article/{article_id}",
        "",
        422,
        "/follow/article/{article_id}",
        {"email": "x"},
    ),
    View(
        "follow asked",
        "POST /follow/<target>/<id:target_id>",
        "/follow/article/{article_id}",
        "",
        200,
        "/follow/article/{article_id}",
        {"email": "curious@example.org"},
    ),
    View("following no more, nobody there", "POST /unfollow/<target>/<id:target_id>", "/sign-in", "", 401, "/unfollow/article/1"),
    View("when mail comes", "GET /settings/notifications", "/settings/notifications", "joel"),
    View(
        "when mail comes, refused",
        "POST /settings/notifications",
        "/settings/notifications",
        "joel",
        422,
        "/settings/notifications",
        {"quiet_from": "22", "zone": "Nowhere/At"},
    ),
    View("link, follow", "GET /mail/follow/<token>", "{follow_link}"),
    View("link, follow done", "POST /mail/follow/<token>", "{follow_link}", "", 200, "{follow_link}"),
    View("link, stop", "GET /mail/stop/<token>", "{stop_link}"),
    View("link, stopped", "POST /mail/stop/<token>", "{stop_link}", "", 200, "{stop_link}"),
    View("profile refused", "POST /settings/profile", SETTINGS, "joel", 422, "/settings/profile"),
    View(
        "password refused",
        "POST /settings/password",
        SETTINGS,
        "imke",
        422,
        "/settings/password",
        {"current_password": "wrong", "new_password": "x"},
    ),
    View("sign-in not there", "POST /settings/sign-ins/<id:signin_id>/end", SETTINGS, "joel", 404, f"/settings/sign-ins/{NOBODY_AT}/end"),
    View(
        "sign out everywhere, too old a form",
        "POST /settings/sign-ins/end",
        SETTINGS,
        "joel",
        403,
        "/settings/sign-ins/end",
        {"csrf_token": "old"},
    ),
    View("token made", "POST /settings/tokens", SETTINGS, "joel", 200, "/settings/tokens", {"name": "backup script", "scopes": "read"}),
    View("token refused", "POST /settings/tokens", SETTINGS, "joel", 422, "/settings/tokens"),
    View("token not there", "POST /settings/tokens/<id:token_id>/revoke", SETTINGS, "joel", 404, f"/settings/tokens/{NOBODY_AT}/revoke"),
    View("new article", "GET /articles/new", "/articles/new", "marit"),
    View(
        "new article refused",
        "POST /articles/new",
        "/articles/new",
        "marit",
        422,
        "/articles/new",
        {"url": "ftp://x", "authors": "nobody-here"},
    ),
    View("article edit", "GET /a/<slug>/edit", "/a/{closed}/edit", "marit"),
    View(
        "article edit, stale",
        "POST /a/<slug>/edit",
        "/a/{closed}/edit",
        "marit",
        412,
        "/a/{closed}/edit",
        {"title": "Other", "seen": "old", "authors": "marit"},
    ),
    View("screening rules of a moderator", "GET /mod/rules", "/mod/rules", "imke"),
    View("screening rules, not an admin's", "POST /mod/rules/preview", "/mod/rules", "imke", 403, "/mod/rules/preview"),
    View("screening rules, saved by no admin", "POST /mod/rules", "/mod/rules", "imke", 403, "/mod/rules"),
    View("report", "GET /c/<id:comment_id>/report", "/c/{root}/report", "joel"),
    View("report of one's own", "GET /c/<id:comment_id>/report", "/c/{own}/report", "joel", 403),
    View("reported already", "GET /c/<id:comment_id>/report", "/c/{reported}/report", "joel"),
    View("report of what is removed", "GET /c/<id:comment_id>/report", "/c/{own_removed}/report", "marit", 409),
    View("report, nothing chosen", "POST /c/<id:comment_id>/report", "/c/{root}/report", "joel", 422, "/c/{root}/report", {"note": LONG}),
    View("report of a visitor", "POST /c/<id:comment_id>/report", "/", "", 403, "/c/{root}/report", {"reason": "harassment"}),
    View("receipt", "GET /reports/<reference>", "/reports/{receipt}", "joel"),
    View("own reports", "GET /reports", "/reports", "joel"),
    View("own reports, so far without one", "GET /reports", "/reports", "imke"),
    View("notice", "GET /notice", "/notice?url=/c/1"),
    View("notice, all missing", "POST /notice", "/notice", "", 422, "/notice", {"email": LONG}),
    View("decision", "GET /decisions/<id:decision_id>", "/decisions/{decision}", "joel"),
    View("decision of a rule", "GET /decisions/<id:decision_id>", "/decisions/{rule_decision}", "joel"),
    View("what was decided about one", "GET /decisions", "/decisions", "joel"),
    View("nothing was decided about one", "GET /decisions", "/decisions", "imke"),
    View("sanction", "GET /sanctions/<id:sanction_id>", "/sanctions/{reminder}", "joel"),
    View("sanction, for moderators", "GET /sanctions/<id:sanction_id>", "/sanctions/{sanction}", "imke"),
    View(
        "acknowledgement, too old a form",
        "POST /sanctions/<id:sanction_id>/acknowledgement",
        "/sanctions/{reminder}",
        "joel",
        403,
        "/sanctions/{reminder}/acknowledgement",
        {"csrf_token": "old"},
    ),
    View("appeal a decision", "GET /decisions/<id:decision_id>/appeal", "/decisions/{rule_decision}/appeal", "joel"),
    View(
        "appeal a decision, nothing said",
        "POST /decisions/<id:decision_id>/appeal",
        "/decisions/{rule_decision}/appeal",
        "joel",
        422,
        "/decisions/{rule_decision}/appeal",
    ),
    View(
        "appeal a decision, once more",
        "POST /decisions/<id:decision_id>/appeal",
        "/decisions/{rule_decision}/appeal",
        "joel",
        409,
        "/decisions/{decision}/appeal",
        {"body": LONG},
    ),
    View("appeal a sanction", "GET /sanctions/<id:sanction_id>/appeal", "/sanctions/{reminder}/appeal", "joel"),
    View(
        "appeal a sanction, nothing said",
        "POST /sanctions/<id:sanction_id>/appeal",
        "/sanctions/{reminder}/appeal",
        "joel",
        422,
        "/sanctions/{reminder}/appeal",
    ),
    View("receipt of a notice that was declined", "GET /reports/<reference>", "/reports/{notice}"),
    View("appeal what became of a notice", "GET /reports/<reference>/appeal", "/reports/{notice}/appeal"),
    View(
        "appeal a notice, nothing said",
        "POST /reports/<reference>/appeal",
        "/reports/{notice}/appeal",
        "",
        422,
        "/reports/{notice}/appeal",
    ),
    View("appeal of a notice", "GET /reports/<reference>/appeal", "/reports/{appealed_notice}/appeal"),
    View(
        "answer about a notice, not asked",
        "POST /reports/<reference>/appeal/answer",
        "/reports/{notice}/appeal",
        "",
        409,
        "/reports/{appealed_notice}/appeal/answer",
        {"answer": LONG},
    ),
    View("appeal that waits", "GET /appeals/<id:appeal_id>", "/appeals/{own_appeal}", "joel"),
    View("appeal with a question", "GET /appeals/<id:appeal_id>", "/appeals/{asked_appeal}", "joel"),
    View("appeal that is decided", "GET /appeals/<id:appeal_id>", "/appeals/{decided_appeal}", "joel"),
    View(
        "answer, nothing said",
        "POST /appeals/<id:appeal_id>/answer",
        "/appeals/{asked_appeal}",
        "joel",
        422,
        "/appeals/{asked_appeal}/answer",
    ),
    View("appeals", "GET /mod/appeals", "/mod/appeals", "imke"),
    View("appeal to decide", "GET /appeals/<id:appeal_id>", "/appeals/{asked_appeal}", "imke"),
    View("appeal of one's own decision", "GET /appeals/<id:appeal_id>", "/appeals/{own_appeal}", "imke"),
    View("appeal of a notifier, for moderators", "GET /appeals/<id:appeal_id>", "/appeals/{notice_appeal}", "imke"),
    View("decided appeal, for moderators", "GET /appeals/<id:appeal_id>", "/appeals/{decided_appeal}", "imke"),
    View(
        "question, nothing said",
        "POST /appeals/<id:appeal_id>/question",
        "/appeals/{open_appeal}",
        "imke",
        422,
        "/appeals/{open_appeal}/question",
    ),
    View(
        "verdict refused",
        "POST /appeals/<id:appeal_id>/decision",
        "/appeals/{asked_appeal}",
        "imke",
        422,
        "/appeals/{asked_appeal}/decision",
        {
            "version": "1",
            "outcome": "change",
            "action": "redact",
            "reason": "other",
            "reasons": LONG,
            "statement": "Short.",
            "days": "9999",
        },
    ),
    View(
        "verdict too late",
        "POST /appeals/<id:appeal_id>/decision",
        "/appeals/{decided_appeal}",
        "imke",
        412,
        "/appeals/{decided_appeal}/decision",
        {"version": "1", "outcome": "uphold", "reasons": f"{LONG} is what this was about."},
    ),
    View(
        "text of an appeal, too old a form",
        "POST /appeals/<id:appeal_id>/reveal",
        "/appeals/{asked_appeal}",
        "imke",
        403,
        "/appeals/{asked_appeal}/reveal",
        {"csrf_token": "old"},
    ),
    View("decision, for moderators", "GET /decisions/<id:decision_id>", "/decisions/{decision}", "imke"),
    View("discussion with what is moderated", "GET /a/<slug>", "/a/{closed}"),
    View("own removed comment", "GET /c/<id:comment_id>", "/c/{own_removed}", "joel"),
    View("own comment with a change that waits", "GET /c/<id:comment_id>", "/c/{own_waiting}", "joel"),
    View("edit, a change waits", "GET /c/<id:comment_id>/edit", "/c/{own_waiting}/edit", "joel"),
    View("submit again", "GET /c/<id:comment_id>/edit", "/c/{own_removed}/edit", "joel"),
    View("history with a change that waits", "GET /c/<id:comment_id>/history", "/c/{own_waiting}/history", "joel"),
    View("notice and lock, for moderators", "GET /c/<id:comment_id>", "/c/{reported}", "imke"),
    View("log", "GET /modlog", "/modlog"),
    View("months", "GET /transparency", "/transparency"),
    View("month", "GET /transparency/<month>", f"/transparency/{now():%Y-%m}"),
    View("whole log", "GET /mod/log", "/mod/log", "imke"),
    View("queue", "GET /mod", "/mod", "imke"),
    View("queue, narrowed", "GET /mod", "/mod?state=closed&reason=own_initiative", "imke"),
    View("queue, nobody", "GET /mod", "/mod?person=nobody-here", "imke", 404),
    View("queue, nothing left", "GET /mod", "/mod?lane=0&series=none", "imke"),
    View("queue of a reader", "GET /mod", "/mod", "joel", 403),
    View("case", "GET /mod/items/<id:item_id>", "/mod/items/{case}", "imke"),
    View("case of a change", "GET /mod/items/<id:item_id>", "/mod/items/{changed_case}", "imke"),
    View("case of one's own", "GET /mod/items/<id:item_id>", "/mod/items/{own_case}", "imke"),
    View("case that is closed", "POST /mod/items/<id:item_id>/claim", "/mod", "imke", 409, "/mod/items/{closed_case}/claim"),
    View(
        "release, too old a form",
        "POST /mod/items/<id:item_id>/release",
        "/mod",
        "imke",
        403,
        "/mod/items/{case}/release",
        {"csrf_token": "old"},
    ),
    View(
        "decision refused",
        "POST /mod/items/<id:item_id>/decisions",
        "/mod/items/{case}",
        "imke",
        422,
        "/mod/items/{case}/decisions",
        {"version": "1", "action": "redact", "reason": "other", "statement": "Short.", "spans": LONG},
    ),
    View(
        "decision too late",
        "POST /mod/items/<id:item_id>/decisions",
        "/mod/items/{closed_case}",
        "imke",
        412,
        "/mod/items/{closed_case}/decisions",
        {"version": "1", "action": "remove", "reason": "other", "statement": f"{LONG} is what this was about."},
    ),
    View(
        "show text, too old a form",
        "POST /mod/items/<id:item_id>/reveal",
        "/mod",
        "imke",
        403,
        "/mod/items/{case}/reveal",
        {"csrf_token": "old"},
    ),
    View("note refused", "POST /mod/items/<id:item_id>/notes", "/mod/items/{case}", "imke", 422, "/mod/items/{case}/notes"),
    View(
        "own initiative, too old a form",
        "POST /mod/comments/<id:comment_id>/items",
        "/mod",
        "imke",
        403,
        "/mod/comments/{case_comment}/items",
        {"csrf_token": "old"},
    ),
    View("what moderators know", "GET /mod/people/<handle>", "/mod/people/joel", "imke"),
    View("what moderators know of somebody restricted", "GET /mod/people/<handle>", "/mod/people/{restricted}", "imke"),
    View(
        "sanction refused",
        "POST /mod/people/<handle>/sanctions",
        "/mod/people/joel",
        "imke",
        422,
        "/mod/people/joel/sanctions",
        {"kind": "mute", "days": "9999", "reason": "harassment", "statement": LONG},
    ),
    View("ban, not a moderator's", "GET /mod/people/<handle>/ban", "/mod/people/joel/ban", "imke", 403),
    View("ban, sent by no admin", "POST /mod/people/<handle>/ban", "/mod/people/joel", "imke", 403, "/mod/people/joel/ban"),
    View(
        "lift, too old a form",
        "POST /mod/sanctions/<id:sanction_id>/lift",
        "/mod/people/{restricted}",
        "imke",
        403,
        "/mod/sanctions/{sanction}/lift",
        {"csrf_token": "old"},
    ),
    View("note about a person refused", "POST /mod/people/<handle>/notes", "/mod/people/joel", "imke", 422, "/mod/people/joel/notes"),
    View("several chosen", "POST /mod/batches/preview", "/mod", "imke", 200, "/mod/batches/preview", {"items": "1:1"}),
    View(
        "several, seen before",
        "POST /mod/batches/preview",
        "/mod",
        "imke",
        200,
        "/mod/batches/preview",
        {"items": "1:1", "action": "no_action"},
    ),
    View("several, refused", "POST /mod/batches", "/mod", "imke", 422, "/mod/batches", {"items": "1:1", "action": "remove"}),
    View("batch", "GET /mod/batches/<id:batch_id>", "/mod/batches/{batch}?left={case}:claimed-by-other", "imke"),
    View(
        "undo, too old a form",
        "POST /mod/batches/<id:batch_id>/undo",
        "/mod/batches/{batch}",
        "imke",
        403,
        "/mod/batches/{batch}/undo",
        {"csrf_token": "old"},
    ),
    View("erase", "GET /mod/comments/<id:comment_id>/erase", "/mod/comments/{erasable}/erase", "ada"),
    View("erase, asked for", "GET /mod/comments/<id:comment_id>/erase", "/mod/comments/{to_erase}/erase", "ada"),
    View(
        "erase, refused",
        "POST /mod/comments/<id:comment_id>/erase",
        "/mod/comments/{erasable}/erase",
        "ada",
        422,
        "/mod/comments/{erasable}/erase",
        {"reason": "confidentiality", "why": LONG[:30]},
    ),
    View("case, for an admin", "GET /mod/items/<id:item_id>", "/mod/items/{case}", "ada"),
    View("erasures", "GET /mod/erasures", "/mod/erasures", "imke"),
    View(
        "erasure, confirmed by who asked",
        "POST /mod/erasures/<id:erasure_id>/confirm",
        "/mod/erasures",
        "ada",
        403,
        "/mod/erasures/{erasure}/confirm",
    ),
    View(
        "erasure turned down, too old a form",
        "POST /mod/erasures/<id:erasure_id>/drop",
        "/mod/erasures",
        "imke",
        403,
        "/mod/erasures/{erasure}/drop",
        {"csrf_token": "old"},
    ),
    View("leaving", "GET /settings/deletion", "/settings/deletion", "joel"),
    View("leaving, asked for", "GET /settings/deletion", "/settings/deletion", "leaver"),
    View("settings of who leaves", "GET /settings", SETTINGS, "leaver"),
    View(
        "leaving, refused",
        "POST /settings/deletion",
        "/settings/deletion",
        "joel",
        422,
        "/settings/deletion",
        {"password": "wrong and long"},
    ),
    View(
        "leaving undone, too old a form",
        "POST /settings/deletion/undo",
        "/settings/deletion",
        "leaver",
        403,
        "/settings/deletion/undo",
        {"csrf_token": "old"},
    ),
    View("other accounts", "GET /settings/accounts", "/settings/accounts", "joel"),
    View(
        "other account not there",
        "POST /settings/accounts/<id:identity_id>/disconnect",
        "/settings/accounts",
        "joel",
        404,
        f"/settings/accounts/{NOBODY_AT}/disconnect",
    ),
    View("site", "GET /admin/site", "/admin/site?url=https://host.example/page", "ada"),
    View("origin refused", "POST /admin/site/origins", "/admin/site", "ada", 422, "/admin/site/origins", {"origin": "nowhere"}),
    View(
        "origin not there",
        "POST /admin/site/origins/<id:origin_id>/remove",
        "/admin/site",
        "ada",
        404,
        f"/admin/site/origins/{NOBODY_AT}/remove",
    ),
    View("site token made", "POST /admin/site/tokens", "/admin/site", "ada", 200, "/admin/site/tokens", {"name": "a token"}),
    View(
        "site token not there",
        "POST /admin/site/tokens/<id:token_id>/revoke",
        "/admin/site",
        "ada",
        404,
        f"/admin/site/tokens/{NOBODY_AT}/revoke",
    ),
    View(
        "site settings, too old a form",
        "POST /admin/site/settings",
        "/admin/site",
        "ada",
        403,
        "/admin/site/settings",
        {"csrf_token": "old"},
    ),
    View("a page without a discussion", "GET /embed", "/embed?url=https://host.example/none", "", 404),
    View("a page that may not open one", "POST /embed/start", "/sign-in", "", 403, "/embed/start", {"url": "https://host.example/none"}),
    View("window", "GET /sign-in/window", "/sign-in/window", "joel"),
    View("window of a visitor", "GET /sign-in/window", "/sign-in/window"),
    View("code", "POST /sign-in/window", "/sign-in/window", "joel", 200, "/sign-in/window"),
    View("code, wrong", "POST /sign-in/take-over", "/sign-in", "", 422, "/sign-in/take-over", {"code": "x"}),
    View("token form", "GET /embed/token", "/embed/token"),
    View("host accounts", "GET /admin/sso", "/admin/sso", "ada"),
    View("issuer refused", "POST /admin/sso/host", "/admin/sso", "ada", 422, "/admin/sso/host", {"address": "nowhere"}),
    View("key refused", "POST /admin/sso/keys", "/admin/sso", "ada", 422, "/admin/sso/keys", {"algorithm": "EdDSA", "public_key": "x"}),
    View("key not there", "POST /admin/sso/keys/<id:key_id>/revoke", "/admin/sso", "ada", 404, f"/admin/sso/keys/{NOBODY_AT}/revoke"),
    View("feeds", "GET /settings/feed", "/settings/feed", "marit"),
    View("a feed of one's own", "POST /settings/feed", "/settings/feed", "marit", 200, "/settings/feed"),
    View("feed, too old a form", "POST /settings/feed/end", "/settings/feed", "marit", 403, "/settings/feed/end", {"csrf_token": "old"}),
    View("webhooks", "GET /admin/webhooks", "/admin/webhooks", "ada"),
    View(
        "webhook refused",
        "POST /admin/webhooks",
        "/admin/webhooks",
        "ada",
        422,
        "/admin/webhooks",
        {"url": "http://10.0.0.1/", "name": " "},
    ),
    View("webhook", "GET /admin/webhooks/<id:webhook_id>", "/admin/webhooks/{webhook}", "ada"),
    View(
        "webhook, changed badly",
        "POST /admin/webhooks/<id:webhook_id>",
        "/admin/webhooks/{webhook}",
        "ada",
        422,
        "/admin/webhooks/{webhook}",
        {"url": "nonsense", "name": ""},
    ),
    View(
        "webhook, a new secret",
        "POST /admin/webhooks/<id:webhook_id>/secret",
        "/admin/webhooks/{webhook}",
        "ada",
        200,
        "/admin/webhooks/{webhook}/secret",
        {"ends_old": "true"},
    ),
    *(
        View(
            f"webhook, {name}",
            f"POST /admin/webhooks/<id:webhook_id>/{name}",
            "/admin/webhooks/{webhook}",
            "ada",
            404,
            f"/admin/webhooks/{NOBODY_AT}/{name}",
        )
        for name in ("ping", "pause", "resume", "delete", "replay")
    ),
    View(
        "webhook message not there",
        "POST /admin/webhooks/<id:webhook_id>/deliveries/<id:delivery_id>/replay",
        "/admin/webhooks/{webhook}",
        "ada",
        404,
        f"/admin/webhooks/{{webhook}}/deliveries/{NOBODY_AT}/replay",
    ),
    View("failed jobs", "GET /admin/jobs", "/admin/jobs", "ada"),
    View("job not there", "POST /admin/jobs/<id:job_id>/replay", "/admin/jobs", "ada", 404, f"/admin/jobs/{NOBODY_AT}/replay"),
    View("job not there to give up", "POST /admin/jobs/<id:job_id>/discard", "/admin/jobs", "ada", 404, f"/admin/jobs/{NOBODY_AT}/discard"),
    View("no way to the host", "GET /sign-in/sso", "/sign-in/sso", "", 404),
    View("no token", "POST /sign-in/sso", "/sign-in", "", 401, "/sign-in/sso"),
    View("nobody to connect", "GET /sign-in/link", "/sign-in/link"),
    View("nothing to connect", "POST /sign-in/link", "/sign-in", "", 410, "/sign-in/link"),
    View("no way to a provider", "GET /sign-in/oidc", "/sign-in/oidc", "", 404),
    View("second factors", "GET /settings/security", "/settings/security", "joel"),
    View(
        "second factors, a wrong password",
        "POST /settings/security/confirm",
        "/settings/security",
        "joel",
        422,
        "/settings/security/confirm",
        {"password": "wrong and long"},
    ),
    View("second factors, not confirmed", "POST /settings/security/app", "/settings/security", "joel", 403, "/settings/security/app"),
    View("an app that nobody sets up", "GET /settings/security/app", "/settings/security/app", "joel"),
    View(
        "an app, not confirmed", "POST /settings/security/app/confirm", "/settings/security", "joel", 403, "/settings/security/app/confirm"
    ),
    View("a passkey, not confirmed", "POST /settings/security/passkeys", "/settings/security", "joel", 403, "/settings/security/passkeys"),
    View(
        "a factor removed, not confirmed",
        "POST /settings/security/factors/<id:factor_id>/remove",
        "/settings/security",
        "joel",
        403,
        "/settings/security/factors/1/remove",
    ),
    View("recovery codes, not confirmed", "POST /settings/security/codes", "/settings/security", "joel", 403, "/settings/security/codes"),
    View("sign in by passkey", "GET /sign-in/passkey", "/sign-in/passkey"),
    View("sign in by passkey, none sent", "POST /sign-in/passkey", "/sign-in", "", 422, "/sign-in/passkey"),
    View("second step, nobody's", "POST /sign-in/second", "/sign-in", "", 401, "/sign-in/second"),
    View("find a page", "GET /at", "/at"),
    View("unknown page", "GET /at", "/at?url=https://host.example/x", "marit", 404),
    View("no address", "GET /at", "/at?url=x%20y", "", 404),
    View("for programs", "GET /api/v1/docs", "/api/v1/docs"),
    View("problems", "GET /problems/", "/problems/"),
    View("a problem", "GET /problems/<kind>", "/problems/rate-limited"),
    View("not allowed", "GET /articles/new", "/articles/new", "joel", 403),
    View("not there", "GET /a/<slug>", "/nowhere", "", 404),
    View("no such comment", "GET /c/<id:comment_id>", f"/c/{NOBODY_AT}", "joel", 404),
    View("no such order", "GET /", "/?sort=loudest", "", 422),
]


def show(visit: Visit, view: View, places: Places) -> Page:
    """Open a view and check the status of its answer."""
    page = visit.page
    answer = page.goto(view.path.format(**places.named), wait_until="load")
    if view.to:
        with page.expect_navigation(wait_until="load") as sent:
            page.evaluate(SEND, [view.to.format(**places.named), dict(view.fields)])
        answer = sent.value
    assert answer is not None
    assert answer.status == view.status, f"{view.name}: {page.inner_text('main')[:300]}"
    return page


# A form beside the page's own, since a browser would not send what is plainly incomplete.
SEND = """([action, fields]) => {
  const form = Object.assign(document.createElement("form"), { method: "post", action });
  const token = document.querySelector("[name=csrf_token]")?.value;
  for (const [name, value] of Object.entries({ ...(token ? { csrf_token: token } : {}), ...fields }))
    form.append(Object.assign(document.createElement("textarea"), { name, value }));
  document.body.append(form);
  form.submit();
}"""
RUN = """async (rules) => {
  const { violations } = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  return violations.flatMap((it) => it.nodes.slice(0, 4).map((node) => `${it.id}: ${node.html.slice(0, 160)} – ${node.failureSummary.slice(0, 300)}`));
}"""
# Whatever can be used lies within the window; what is hidden from sight on purpose is one pixel wide.
OUTSIDE = """() => {
  const wide = document.documentElement.clientWidth;
  const found = document.scrollingElement.scrollWidth > wide ? [`the page is ${document.scrollingElement.scrollWidth} pixels wide`] : [];
  for (const it of document.querySelectorAll("a, button, input, select, textarea, summary, label")) {
    const box = it.getBoundingClientRect();
    if (box.width > 1 && (box.left < 0 || box.right > wide + 0.5)) found.push(`${it.outerHTML.slice(0, 120)} from ${box.left} to ${box.right}`);
  }
  return found;
}"""


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_page_is_for_everybody(visit: Callable[..., Visit], places: Places, view: View) -> None:
    page = show(visit(view.who, viewport={"width": 1280, "height": 1024}), view, places)
    assert page.title().strip(" ·")
    # The description of the API is one section again and again; half a minute of axe for what four of them say already.
    page.evaluate("document.querySelectorAll('.door:nth-of-type(n+5)').forEach((door) => door.remove())")
    page.evaluate(AXE)
    found: dict[Any, list[str]] = {}
    for width, scheme in LOOKS[:2] if view.name in LARGE else LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 1024})
        found[width, scheme] = page.evaluate(RUN, RULES if (width, scheme) in LOOKS[:2] else SEEN)
    page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]
    found["zoomed"] = page.evaluate(OUTSIDE)
    assert {look: faults for look, faults in found.items() if faults} == {}


def test_every_page_door_has_its_view() -> None:
    doors = {f"{door.method} {door.rule}" for room in PAGE_ROOMS for door in room.doors}
    seen = {view.door for view in VIEWS}
    assert doors - seen - REDIRECT - FEEDS == set(), "give each of these doors a view"
    assert (seen | REDIRECT | FEEDS) - doors == set(), "these doors are gone"


def test_axe_knows_wcag_2_2(visit: Callable[..., Visit]) -> None:
    page = visit().open("/")
    page.evaluate(AXE)
    assert page.evaluate("axe.getRules(['wcag22aa']).map((rule) => rule.ruleId)") == ["target-size"]
    assert page.evaluate("Number(axe.version.split('.')[0]) * 100 + Number(axe.version.split('.')[1])") >= 410


def test_axe_and_the_bounds_find_what_is_wrong(visit: Callable[..., Visit]) -> None:
    page = visit(viewport=ZOOMED).open("/")
    page.evaluate(AXE)
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"data:,\"><button></button><p id=pale>pale</p><p><a href=/ id=far>far</a></p>')"
    )
    page.evaluate(
        "const far = document.getElementById('far'); far.style.position = 'relative'; far.style.left = '400px';"
        " document.getElementById('pale').style.color = '#ddd'"
    )
    assert {line.partition(":")[0] for line in page.evaluate(RUN, RULES)} >= {"image-alt", "button-name", "color-contrast"}
    assert len(page.evaluate(OUTSIDE)) == 2
