"""No hidden text anywhere: texts that readers may not see carry a marker, and every address that answers without changing anything is walked by everybody.

The rule: a GET door, or a command, that the tables below do not know fails the test; whoever adds one says how its address is filled.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.app import DOORS
from forum.articles.models import Article
from forum.cli import cli
from forum.clock import now
from forum.comments.models import Revision
from forum.comments.queries import lock_place
from forum.db.transaction import reading, writing
from forum.jobs.models import Job
from forum.jobs.run import run_due
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.models import LogEntry
from forum.moderation.moves import Deed, move_comment
from forum.notifications.letters import DIGEST_FILLER, ONE_FILLER
from forum.notifications.models import Notification, Subscriber
from forum.web.doors import Door
from tests.conftest import ApiClient
from tests.world import GOOD, World, make_world

pytestmark = pytest.mark.postgresql_slow

MARK = "Quokka"
STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."
ACTOR = Actor(ActorKind.MODERATOR, 1)
# Who may read the hidden texts: their writer, and those who decide on them. All others are walked.
STRANGERS = ("visitor", "member", "author", "publisher")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
# Where an address takes a query that shows more; every other parameter is filled from the hidden comments themselves.
QUERIES = {
    "posting_api.list_comments": (
        "",
        "?limit=50&replies=50",
        "?stance=skepticism",
        "?sort=newest",
        "?answered=no",
        "?by=author",
        "?tagged=skepticism",
    ),
    # Small letters: a search repeats what it was asked.
    "search_api.find_comments": ("?q=quokka&limit=50", "?q=by:writer&limit=50", "?q=stance:skepticism&limit=50", "?q=-nothing&limit=50"),
    "search_pages.show_search": ("?q=quokka", "?q=by:writer", "?q=stance:skepticism", "?q=-nothing"),
    "desk_api.get_desk": ("", "?tab=replied", "?tab=set_aside"),
    "desk_pages.show_desk": ("", "?tab=replied", "?tab=set_aside"),
    "posting_api.get_mine": ("?ids={ids}",),
    "posting_api.list_replies": ("", "?after=0&limit=50"),
    "articles_api.lookup": ("?url=https://host.example/",),
    "articles_api.counts": ("?url=https://host.example/",),
    "modlog_pages.show_public": ("", "?decision={decision_id}"),
    "embed_reading_pages.show_static": ("?key=hidden", "?key=hidden&level=4"),
    "oembed_pages.show_quotation": ("?url=http://127.0.0.1:8000/c/{comment_id}",),
}
# Addresses without a parameter of ours, or whose parameter is none of a comment's.
FIXED = {
    "kind": "closed",
    "handle": "writer",
    "signin_id": "1",
    "token_id": "1",
    "factor_id": "1",
    "identity_id": "1",
    "key_id": "1",
    "origin_id": "1",
    "job_id": "1",
    "template_id": "1",
    "webhook_id": "1",
    "delivery_id": "1",
    "filename": "forum.css",
    "month": f"{now():%Y-%m}",
    "secret": "made-up",
    "token": "made-up",
    "notification_id": "1",
}
# What somebody has written themselves, in a report, is handed out to them again.
OWN_WORDS = {"member": {"privacy_api.get_export", "privacy_pages.download_export"}}
# Commands that print or write something; none of them prints a comment.
COMMANDS = {
    "account",
    "article",
    "backup",
    "check",
    "db",
    "demo",
    "export",
    "import",
    "init",
    "mail",
    "modlog",
    "restore",
    "serve",
    "settings",
    "worker",
}


@dataclass
class Hidden:
    """The hidden comments by what became of them, and the ids that addresses are filled with."""

    comments: dict[str, int] = field(default_factory=dict)
    slug: str = ""
    later_id: int = 0
    later_slug: str = ""
    items: list[int] = field(default_factory=list)
    decisions: list[int] = field(default_factory=list)
    sanctions: list[int] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    appeals: list[int] = field(default_factory=list)
    erasures: list[int] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


@pytest.fixture
def hidden(world: World) -> Hidden:
    """Hide texts in every way there is, by the doors that people use, with replies below them."""
    made = Hidden()
    writer, member, moderator = world.enter("writer"), world.enter("member"), world.enter("moderator")
    for caller in (member, moderator, world.enter("admin")):
        assert caller.put(f"/me/follows/article/{world.article_id}").status_code == 204
    made.slug = moderator.get(f"/articles/{world.article_id}").json["slug"]
    with writing() as session:
        session.get_one(Article, world.article_id).key = "hidden"
    for name in ("removed", "screened", "withdrawn", "erased", "redacted", "edit_held", "edit_declined", "resubmitted", "unwithdrawn"):
        made.comments[name] = post(world, writer, f"{MARK} {name} before.", stance="skepticism")
        if name not in ("erased", "redacted", "edit_held", "edit_declined"):
            post(world, member, f"An answer to what was {name}.", parent_id=made.comments[name])
    answer_later(world, made)
    made.comments["held"] = post(world, writer, f"{MARK} held, you are a fucking idiot.")
    # Everybody is told of what could still be read, and has it in the inbox when it is hidden.
    while run_due(50):
        pass
    hide_all(world, made)
    return made


def answer_later(world: World, made: Hidden) -> None:
    """Let a later part of the series name every thread: as one that it answers, or as an open question."""
    author, sent = world.enter("author"), GOOD["series_api.set_continuation"](world, "author")
    made.later_id = sent.body["article_id"]
    for name in ("removed", "screened", "withdrawn", "erased"):
        assert author.put(f"/comments/{made.comments[name]}/continuation", sent.body).status_code == 200
    with reading() as session:
        made.later_slug = session.get_one(Article, made.later_id).slug


def post(world: World, caller: ApiClient, text: str, **fields: object) -> int:
    answer = caller.post(f"/articles/{world.article_id}/comments", {"body_md": text, **fields})
    assert answer.status_code in (201, 202), answer.text
    return int(answer.json["id"])


def hide_all(world: World, made: Hidden) -> None:
    writer, member, moderator = world.enter("writer"), world.enter("member"), world.enter("moderator")
    ids = made.comments
    for name in ("removed", "resubmitted", "edit_declined", "redacted", "unwithdrawn"):
        report = member.post(f"/comments/{ids[name]}/reports", {"reason": "other", "note": f"{MARK} in a note about {name}"})
        assert report.status_code == 201, report.text
        made.references.append(report.json["reference"])
    screening = member.post(f"/comments/{ids['screened']}/reports", {"reason": "confidentiality", "note": f"{MARK} in a note"})
    made.references.append(screening.json["reference"])
    # An accepted text without the marker, and a change that waits with it.
    for name in ("edit_held", "edit_declined"):
        assert writer.patch(f"/comments/{ids[name]}", {"body_md": "Said with care."}).status_code == 200
        with writing() as session:
            forget_first_text(session, ids[name])
        change = writer.patch(f"/comments/{ids[name]}", {"body_md": f"{MARK}: you are a fucking idiot."})
        assert change.status_code == 202, change.text
    decide(world, made, ids["removed"], "remove")
    decide(world, made, ids["resubmitted"], "remove")
    decide(world, made, ids["unwithdrawn"], "remove")
    decide(world, made, ids["edit_declined"], "no_action")
    decide(world, made, ids["redacted"], "redact", spans=[{"start": 0, "end": len(f"{MARK} redacted before.")}])
    assert writer.patch(f"/comments/{ids['resubmitted']}", {"body_md": f"{MARK} said again."}).status_code == 202
    for name in ("withdrawn", "unwithdrawn"):
        assert writer.delete(f"/comments/{ids[name]}").status_code == 204
    assert writer.delete(f"/comments/{ids['unwithdrawn']}/withdrawal").json["state"] == "held"
    with writing() as session:
        move_comment(session, lock_place(session, ids["erased"]), "erase", Deed(ACTOR))
    sent = {"kind": "reminder", "reason": "harassment", "statement": f"{STATEMENT} {MARK}", "note": MARK}
    made.sanctions.append(moderator.post("/mod/accounts/writer/sanctions", sent).json["id"])
    declined = post(world, writer, "Within the rules.")
    made.references.append(member.post(f"/comments/{declined}/reports", {"reason": "other", "note": "So."}).json["reference"])
    decide(world, made, declined, "no_action", reason="within_rules")
    appeal_all(world, made)
    wish = {"reason": "confidentiality", "why": f"{STATEMENT} {MARK}"}
    made.erasures.append(world.enter("admin").post(f"/mod/comments/{ids['removed']}/erasure", wish).json["id"])
    made.items = [row["id"] for state in ("open", "closed") for row in moderator.get(f"/mod/items?limit=50&state={state}").json["items"]]


def appeal_all(world: World, made: Hidden) -> None:
    """Appeal whatever can be: the writer with words that only moderators read, a reporter without; with a question and an answer, some decided."""
    writer, member, admin = world.enter("writer"), world.enter("member"), world.enter("admin")
    for decision_id in made.decisions:
        body = {"body": f"{MARK} in an appeal."}
        filed = writer.post(f"/decisions/{decision_id}/appeals", body)
        if filed.status_code == 201:
            made.appeals.append(filed.json["id"])
    reporters = [member.post(f"/reports/{reference}/appeals", {"body": "It is against the rules."}) for reference in made.references]
    made.appeals += [filed.json["id"] for filed in reporters if filed.status_code == 201]
    for appeal_id in made.appeals[:2]:
        assert admin.post(f"/appeals/{appeal_id}/question", {"question": f"{MARK}?"}).status_code == 201
        assert writer.post(f"/appeals/{appeal_id}/answer", {"answer": f"{MARK}."}).status_code == 201
    seen = admin.get(f"/appeals/{made.appeals[0]}").json["version"]
    verdict = {"outcome": "uphold", "reasons": f"{STATEMENT} {MARK}", "version": seen}
    assert admin.post(f"/appeals/{made.appeals[0]}/decision", verdict).status_code == 201
    assert len(made.appeals) > 4


def forget_first_text(session: Session, comment_id: int) -> None:
    """Leave a first text without the marker in the history, which everybody may read: here only what waits is hidden."""
    first = update(Revision).where(Revision.comment_id == comment_id, Revision.number == 1)
    session.execute(first.values(body_md="Said at first."))


def decide(world: World, made: Hidden, comment_id: int, action: str, **fields: object) -> None:
    moderator = world.enter("moderator")
    item = moderator.post(f"/mod/comments/{comment_id}/items").json["item"]
    body = {
        "action": action,
        "reason": "confidentiality",
        "statement": f"{STATEMENT} {MARK}",
        "note": MARK,
        "version": item["version"],
        **fields,
    }
    answer = moderator.post(f"/mod/items/{item['id']}/decisions", body)
    assert answer.status_code == 201, answer.text
    made.decisions.append(answer.json["id"])


def _fill(rule: str, values: Sequence[str]) -> str:
    given = iter(values)
    return PARAMETER.sub(lambda _: next(given), rule)


def addresses_of(door: Door, world: World, made: Hidden) -> Iterator[str]:
    """Yield the door's addresses, filled with everything that is hidden."""
    choices: dict[str, list[str]] = {
        "article_id": [str(world.article_id), str(made.later_id)],
        "slug": [made.slug, made.later_slug],
        "comment_id": [str(comment_id) for comment_id in made.comments.values()],
        "item_id": [str(item_id) for item_id in made.items],
        "decision_id": [str(decision_id) for decision_id in made.decisions],
        "sanction_id": [str(sanction_id) for sanction_id in made.sanctions],
        "appeal_id": [str(appeal_id) for appeal_id in made.appeals],
        "erasure_id": [str(erasure_id) for erasure_id in made.erasures],
        "batch_id": ["1"],
        "extension": ["json", "csv", "md", "atom"],
        "target": ["thread"],
        "target_id": [str(comment_id) for comment_id in made.comments.values()],
        "reference": made.references,
        **{name: [value] for name, value in FIXED.items()},
    }
    names = PARAMETER.findall(door.rule)
    unknown = [name for name in names if name not in choices]
    assert unknown == [], f"say in this test how {door.rule} is filled"
    filled = [_fill(door.rule, values) for values in product(*(choices[name] for name in names))]
    ids = ",".join(choices["comment_id"])
    for query in QUERIES.get(door.endpoint, ("",)):
        name = next((name for name in ("decision_id", "comment_id") if f"{{{name}}}" in query), "")
        for value in choices[name] if name else [""]:
            yield from (address + query.format(ids=ids, **{name: value}) for address in filled)


def test_no_stranger_meets_a_hidden_text_at_any_address(world: World, hidden: Hidden) -> None:
    doors: dict[str, Door] = world.app.extensions[DOORS]
    walked = 0
    for who in STRANGERS:
        caller = world.enter(who)
        for door in doors.values():
            if not door.is_safe:
                continue
            for address in addresses_of(door, world, hidden):
                answer = caller.request("GET", f"/{address}")
                assert answer.status_code < 500, (who, address, answer.text)
                own = door.endpoint in OWN_WORDS.get(who, ())
                assert own == (MARK in answer.text), (who, address, answer.text[:2000])
                walked += 1
    assert walked > 500


def test_the_forms_that_quote_a_comment_quote_no_hidden_one(world: World, hidden: Hidden) -> None:
    caller = world.enter("member")
    caller_pages = caller.client
    token = re.search(r'name="csrf_token" value="([^"]+)"', caller_pages.get("/settings").text)
    assert token is not None
    for comment_id in hidden.comments.values():
        for path in (f"/a/{hidden.slug}/comments", f"/a/{hidden.slug}/preview", f"/c/{comment_id}/tag", f"/c/{comment_id}/edit"):
            sent = {"csrf_token": token[1], "body_md": "", "parent_id": str(comment_id), "stance": "nonsense"}
            answer = caller_pages.post(path, data=sent)
            assert answer.status_code < 500
            assert MARK not in answer.text, (path, comment_id)
        refused = caller.post(f"/articles/{world.article_id}/comments", {"body_md": "So?", "parent_id": comment_id})
        assert MARK not in refused.text


def test_no_empty_form_of_a_stranger_is_answered_with_a_hidden_text(world: World, hidden: Hidden) -> None:
    """A form that is refused is shown again: only to whom it would have been shown in the first place."""
    for who in ("visitor", "member"):
        for door in world.app.extensions[DOORS].values():
            if door.is_safe or not door.endpoint.partition(".")[0].endswith("_pages"):
                continue
            for address in addresses_of(door, world, hidden):
                caller = world.enter(who)
                answer = caller.request(door.method, f"/{address}", data={"csrf_token": caller.csrf or "", "stance": "nonsense"})
                assert answer.status_code < 500, (who, address)
                assert MARK not in answer.text, (who, address, answer.text[:2000])


def test_the_writer_and_the_moderators_do_read_them(world: World, hidden: Hidden) -> None:
    """A walk that finds nothing proves nothing unless the texts are there."""
    writer, moderator = world.enter("writer"), world.enter("moderator")
    for name, comment_id in hidden.comments.items():
        if name in ("erased", "redacted", "edit_held", "edit_declined"):
            continue
        assert MARK in writer.get(f"/comments/{comment_id}").json["body_md"], name
    assert MARK in writer.get(f"/comments/{hidden.comments['edit_held']}/revisions").text
    seen = "".join(moderator.get(f"/mod/items/{item_id}").text for item_id in hidden.items)
    assert seen.count(MARK) > 5
    assert MARK not in writer.get(f"/comments/{hidden.comments['erased']}").text
    assert MARK not in writer.get(f"/comments/{hidden.comments['redacted']}").text


def test_no_mail_that_still_waits_holds_one(world: World, hidden: Hidden) -> None:
    """Everybody was told of the texts before they were hidden; what is written now says nothing of them."""
    with writing() as session:
        session.execute(update(Account).values(email_confirmed_at=now()))
    with reading() as session:
        writer_id = session.scalar(select(Account.id).where(Account.handle == "writer"))
        theirs = set(session.scalars(select(Subscriber.id).where(Subscriber.account_id == writer_id)))
        told = session.scalars(select(Notification).where(Notification.subscriber_id.not_in(theirs))).all()
        assert {each.comment_id for each in told} >= set(hidden.comments.values()) - {hidden.comments["held"]}
        letters = [ONE_FILLER.write(session, {"notification": each.id}) for each in told]
        later = (now() + timedelta(days=9)).isoformat()
        letters += [DIGEST_FILLER.write(session, {"subscriber": each, "due_at": later}) for each in {one.subscriber_id for one in told}]
    written = [letter for letter in letters if letter is not None]
    assert written
    for letter in written:
        assert MARK not in f"{letter.subject} {letter.text} {letter.html}"


def test_neither_the_log_nor_a_job_holds_a_text(world: World, hidden: Hidden) -> None:
    with writing() as session:
        for table in (LogEntry, Job):
            rows = session.query(table).all()
            assert rows or table is Job
            for row in rows:
                assert MARK not in str(vars(row)), vars(row)


def test_every_command_is_known_here(app: Flask) -> None:
    assert set(cli.list_commands(click.Context(cli))) == COMMANDS


@pytest.mark.parametrize(
    "words",
    [("modlog", "verify"), ("settings",), ("db", "current"), ("check",), ("article", "list"), ("account", "list")],
    ids=lambda words: " ".join(words),
)
def test_no_command_prints_a_hidden_text(make_hidden_installation: Callable[[], dict[str, str]], words: tuple[str, ...]) -> None:
    environment = make_hidden_installation()
    done = CliRunner().invoke(cli, list(words), env=environment)
    assert MARK not in done.output


@pytest.fixture
def make_hidden_installation(world: World, hidden: Hidden) -> Callable[[], dict[str, str]]:
    """Return a function that returns the environment of the test's own database."""

    def make() -> dict[str, str]:
        settings = world.app.extensions["forum_settings"]
        return {"FORUM_DATA_DIR": settings.data_dir, "FORUM_DATABASE_URL": settings.database_url, "FORUM_SECRET_KEY": settings.secret_key}

    return make
