"""Every problem that the OpenAPI document declares can be provoked at every door that declares it, and none other is.

The document is the list; the table below says how each kind is provoked. A kind or a door without a provocation fails.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from flask import Flask
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import OperationalError

from forum.access.permissions import Scope
from forum.access.viewer import DEFAULT_SITE_ID, Role, Viewer
from forum.accounts import steps
from forum.accounts.models import Account, Membership
from forum.clock import now
from forum.comments.models import Comment
from forum.db.transaction import writing
from forum.desk.actions import TEMPLATES_MAX
from forum.moderation.items import close_item
from forum.moderation.models import Batch, Decision, ReviewItem
from forum.moderation.reasons import DecisionReason
from forum.moderation.sanctioning import SanctionOrder, impose
from forum.notifications.actions import subscriber_of
from forum.notifications.models import Follow
from forum.notifications.queries import MOST_FOLLOWS
from forum.privacy.models import Erasure
from forum.redress.models import Appeal
from forum.refusals import Kind
from forum.sanctions.kinds import SanctionKind
from forum.sso.linking import connect
from forum.sso.models import Identity
from forum.web import doors, idempotency, metrics
from forum.web.context import SETTINGS
from forum.web.doors import Door
from forum.web.openapi import problems_of
from forum.web.problems import PROBLEM_TYPES
from forum.webhooks.actions import SECRETS_MOST
from forum.webhooks.models import Webhook
from tests.access.test_access_doors import MAY
from tests.conftest import PASSWORD, ApiClient, Reply, add_account
from tests.sso.host import ISSUER
from tests.world import GOOD, NOBODY_AT, STATEMENT, Sent, World, api_doors, make_world, new_token, own_factor, unique

pytestmark = pytest.mark.postgresql_slow

# What only its own person may know of is refused alike whether it is there or not; an address that no row can have is nobody's.
ONES_OWN = {f"redress_api.{name}" for name in ("acknowledge_sanction", "create_appeal", "create_sanction_appeal", "answer_question")}
IMPOSSIBLE = 2**63
WRITING = {"content_type": "application/json"}
LIMITS = (
    "report_rate",
    "export_rate",
    "notice_rate",
    "sign_in_rate",
    "sign_in_address_rate",
    "sign_up_rate",
    "mail_rate",
    "mail_network_rate",
    "comment_rate",
    "edit_rate",
    "tag_rate",
)


@dataclass
class Case:
    """One door, tried by somebody who may go through it."""

    world: World
    door: Door
    patch: pytest.MonkeyPatch

    @property
    def who(self) -> str:
        """The caller: whoever is last in the access table's list."""
        return MAY[self.door.endpoint][0][-1]

    def good(self, who: str = "") -> Sent:
        """A request that would succeed."""
        return GOOD[self.door.endpoint](self.world, who or self.who)

    def send(self, sent: Sent, caller: ApiClient | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a request to the door."""
        return sent.by(caller or self.world.enter(self.who), self.door.method, headers)

    def raw(self, data: bytes, **named: Any) -> Reply:
        """Send a body as it is."""
        caller = self.world.enter(self.who)
        return caller.request(self.door.method, self.good().path, data=data, **named)


def at_nothing(case: Case) -> Reply:
    sent = case.good()
    rule = case.door.rule.removeprefix("/api/v1")
    if "lookup" in rule:
        return case.send(Sent("/articles/lookup?url=https://nowhere.example/"))
    if case.door.endpoint == "desk_api.get_desk":
        return case.send(Sent(f"/desk?article={NOBODY_AT}"))
    if case.door.endpoint == "rules_api.get":
        return case.send(Sent(f"/mod/rules?number={NOBODY_AT}"))
    if case.door.endpoint == "moderation_api.list_queue":
        return case.send(Sent("/mod/items?person=nobody"))
    for name in (
        "article_id",
        "comment_id",
        "signin_id",
        "token_id",
        "item_id",
        "batch_id",
        "decision_id",
        "erasure_id",
        "sanction_id",
        "appeal_id",
        "factor_id",
        "identity_id",
        "key_id",
        "template_id",
        "webhook_id",
        "delivery_id",
    ):
        rule = rule.replace(f"<id:{name}>", str(IMPOSSIBLE if case.door.endpoint in ONES_OWN else NOBODY_AT))
    query = "?" + sent.path.partition("?")[2] if "?" in sent.path else ""
    return case.send(
        Sent(rule.replace("<handle>", "nobody").replace("<reference>", "NOTHING").replace("<month>", "1999-13") + query, sent.body)
    )


def invalid(case: Case) -> Reply:
    if case.door.body is not None:
        return case.send(Sent(case.good().path, {"nonsense": 1}))
    if case.door.query is not None:
        path = case.good().path
        return case.send(Sent(f"{path}{'&' if '?' in path else '?'}nonsense=1"))
    return case.send(case.good(), headers={"Idempotency-Key": ""})


def down(case: Case) -> Reply:
    @contextmanager
    def broken() -> Iterator[None]:
        raise OperationalError("SELECT 1", None, Exception("the database is gone"))
        yield

    sent, caller = case.good(), case.world.enter("visitor")
    # It answers without a database, but not without its library.
    case.patch.setattr(metrics, "LIBRARY", "not_installed_here")
    case.patch.setattr(doors, "reading", broken)
    case.patch.setattr(doors, "writing", broken)
    return case.send(sent, caller)


def without_code(case: Case) -> Reply:
    own_factor(case.world, "member")
    if case.door.endpoint == "sso_api.create_session":
        with writing() as session:
            connect(session, session.get_one(Account, case.world.ids["member"]), issuer=ISSUER, subject="42")
        return case.send(Sent(case.good().path, {"token": new_token(sub="42")}), case.world.enter("visitor"))
    return case.send(case.good(), case.world.enter("visitor"))


def token_again(case: Case) -> Reply:
    sent = case.good()
    assert case.send(sent).status_code in case.door.answers
    return case.send(sent)


def too_fast(case: Case) -> Reply:
    caller, requests = case.world.enter(case.who), [case.good(), case.good()]
    if case.door.endpoint == "stances_api.delete_tag":
        # Nothing is charged where there is no tag to remove.
        for sent in requests:
            assert caller.put(sent.path, {"stance": "skepticism"}).status_code == 200
    changed = msgspec.structs.replace(case.world.app.extensions[SETTINGS], rate_limits="on", **dict.fromkeys(LIMITS, "1/d"))
    case.patch.setitem(case.world.app.extensions, SETTINGS, changed)
    return [case.send(sent, caller) for sent in requests][-1]


def key_reused(case: Case) -> Reply:
    sent = case.good()
    key = unique("key").replace(" ", "-")
    first = case.send(sent, headers={"Idempotency-Key": key})
    assert first.status_code in case.door.answers, first.text
    spaced = msgspec.json.format(msgspec.json.encode(sent.body))
    return case.world.enter(case.who).request(case.door.method, sent.path, data=spaced, headers={"Idempotency-Key": key}, **WRITING)


def key_running(case: Case) -> Reply:
    class Everything(set[Any]):
        def __contains__(self, item: object) -> bool:
            return True

    case.patch.setattr(idempotency, "_running", Everything())
    return case.send(case.good(), headers={"Idempotency-Key": "one"})


def about_address(case: Case) -> Reply:
    is_asked = case.door.endpoint == "mailbox_api.mail_confirmation"
    with writing() as session:
        session.execute(delete(Identity))
        account = session.get_one(Account, case.world.ids[case.who])
        account.email_confirmed_at = now() if is_asked else None
        account.password_hash = account.password_hash if is_asked else None
    return case.send(case.good())


def about_webhook(case: Case) -> Reply:
    """At the most secrets that can be good at once, or while it is paused."""
    sent = case.good()
    if case.door.endpoint == "webhooks_api.renew":
        for _ in range(SECRETS_MOST - 1):
            assert case.send(sent).status_code == 201
    else:
        with writing() as session:
            session.execute(update(Webhook).values(paused_at=now()))
    return case.send(sent)


def about_desk(case: Case) -> Reply:
    """A comment that readers cannot see, a reply that is to stand first, one template more than there can be."""
    sent = case.good()
    if case.door.endpoint == "desk_api.create_template":
        for _ in range(TEMPLATES_MAX):
            case.send(sent)
        return case.send(sent)
    if case.door.endpoint == "desk_api.set_attention":
        return case.send(Sent(f"/comments/{case.world.comment(withdrawn=True)}/attention", sent.body))
    reply_id = case.world.comment(parent_id=case.world.comment())
    return case.send(Sent(f"/comments/{reply_id}/{sent.path.rpartition('/')[2]}", sent.body))


def with_too_much(case: Case) -> Reply:
    """Follow one thing more than anybody may."""
    with writing() as session:
        subscriber = subscriber_of(session, case.world.ids[case.who])
        rows = [
            {"subscriber_id": subscriber.id, "kind": "thread", "target_id": number, "created_at": now()} for number in range(MOST_FOLLOWS)
        ]
        session.execute(delete(Follow).where(Follow.subscriber_id == subscriber.id))
        session.execute(insert(Follow), rows)
    return case.send(case.good())


def clash(case: Case) -> Reply:
    if case.door.endpoint == "moderation_api.claim_item":
        item_id, _ = case.world.item()
        with writing() as session:
            close_item(session.get_one(ReviewItem, item_id))
        return case.send(Sent(f"/mod/items/{item_id}/claim"))
    if case.door.endpoint.startswith("redress_api."):
        return twice(case)
    if case.door.endpoint == "privacy_api.ask_for_erasure":
        sent = case.good()
        assert case.send(sent).status_code == 201
        return case.send(sent)
    if case.door.endpoint == "privacy_api.leave":
        with writing() as session:
            session.execute(delete(Membership).where(Membership.account_id != case.world.ids[case.who]))
        return case.send(Sent("/me/deletion", {"comments": "keep", "password": PASSWORD}))
    if case.door.endpoint in ("rules_api.save", "reports_api.create_report", "sso_api.make_key"):
        sent = case.good()
        assert case.send(sent).status_code in case.door.answers
        return case.send(sent)
    if case.door.endpoint in ("sso_api.remove", "mailbox_api.mail_confirmation"):
        return about_address(case)
    if case.door.endpoint == "reports_api.create_notice":
        sent = case.good()
        return case.send(Sent(sent.path, sent.body | {"url": f"/c/{case.world.comment(withdrawn=True)}"}))
    case.world.article(url="https://host.example/one")
    case.world.article(key="two")
    if case.door.endpoint == "articles_api.create":
        return case.send(Sent("/articles", {"title": "Both", "url": "https://host.example/one", "key": "two"}))
    if case.door.endpoint == "articles_api.edit":
        return case.send(Sent(case.good().path, {"aliases": ["https://host.example/one"]}))
    # Two people who sign up with one handle at once: the check found it free for both.
    case.patch.setattr(steps, "check_new_account", lambda session, new: None)
    return case.send(Sent("/accounts", {"handle": "member", "email": "another@example.org", "password": PASSWORD}))


def twice(case: Case) -> Reply:
    """A second appeal, question or answer; a second decision on an appeal, at the version that stands."""
    sent = case.good()
    assert case.send(sent).status_code == 201
    if case.door.endpoint == "redress_api.decide_appeal":
        seen = case.world.enter(case.who).get(sent.path.removesuffix("/decision")).json["version"]
        sent = Sent(sent.path, sent.body | {"version": seen})
    return case.send(sent)


def wrong_state(case: Case) -> Reply:
    if case.door.endpoint == "redress_api.decide_appeal":
        # What is locked already cannot be locked instead of being removed.
        sent = case.good()
        with writing() as session:
            decision_id = session.get_one(Appeal, int(sent.path.split("/")[2])).decision_id
            session.get_one(Comment, session.get_one(Decision, decision_id).comment_id).locked_at = now()
        return case.send(Sent(sent.path, sent.body | {"outcome": "change", "action": "lock", "reason": "other", "statement": STATEMENT}))
    if case.door.endpoint == "moderation_api.decide_item":
        sent = case.good()
        return case.send(Sent(sent.path, sent.body | {"action": "restore"}))
    if case.door.endpoint.startswith("privacy_api.") and "erasures" in case.door.rule:
        erasure_id = case.world.erasure(not_by=case.who)
        with writing() as session:
            erasure = session.get_one(Erasure, erasure_id)
            erasure.confirmed_by, erasure.done_at = case.world.ids[case.who], now()
        return case.send(Sent(case.door.rule.removeprefix("/api/v1").replace("<id:erasure_id>", str(erasure_id))))
    if case.door.endpoint == "moderation_api.undo_batch":
        batch_id, _ = case.world.batch(by=case.who)
        with writing() as session:
            session.get_one(Batch, batch_id).created_at -= timedelta(minutes=11)
        return case.send(Sent(f"/mod/batches/{batch_id}"))
    if case.door.endpoint == "posting_api.edit_comment":
        return case.send(Sent(f"/comments/{case.world.comment(withdrawn=True)}", {"body_md": "Too late."}))
    comment_id = case.world.comment(withdrawn=True)
    with writing() as session:
        session.get_one(Comment, comment_id).state = "erased"
    return case.send(Sent(case.door.rule.removeprefix("/api/v1").replace("<id:comment_id>", str(comment_id)), case.good().body))


def stale(case: Case) -> Reply:
    sent = case.good()
    if case.door.endpoint in ("moderation_api.decide_item", "redress_api.decide_appeal"):
        return case.send(Sent(sent.path, sent.body | {"version": 99}))
    return case.send(sent, headers={"If-Match": '"99-x"'})


def recused(case: Case) -> Reply:
    if case.door.endpoint == "privacy_api.confirm_erasure":
        return case.send(Sent(f"/mod/erasures/{case.world.erasure(by=case.who)}/confirmation"))
    if case.door.endpoint.startswith("redress_api."):
        path = f"/appeals/{case.world.appeal(by=case.who)}/{case.good().path.rpartition('/')[2]}"
        return case.send(Sent(path, case.good().body))
    item_id, version = case.world.item(by=case.who)
    return case.send(Sent(f"/mod/items/{item_id}/decisions", case.good().body | {"version": version}))


def claimed(case: Case) -> Reply:
    item_id, version = case.world.item(claimed_by="moderator")
    assert case.who != "moderator"
    sent = case.good()
    return case.send(Sent(f"/mod/items/{item_id}/{sent.path.rpartition('/')[2]}", sent.body and sent.body | {"version": version}))


def on_own(case: Case) -> Reply:
    if case.door.endpoint == "reports_api.create_report":
        return case.send(Sent(f"/comments/{case.world.comment(by=case.who)}/reports", case.good().body))
    if case.door.endpoint == "desk_api.set_attention":
        return case.send(Sent(f"/comments/{case.world.comment(by='author')}/attention", case.good().body))
    return case.send(Sent(f"/comments/{case.world.comment(by=case.who)}/tag", case.good().body))


def on_withdrawn(case: Case) -> Reply:
    return case.send(Sent(f"/comments/{case.world.comment(withdrawn=True)}/tag", case.good().body))


def sanctioned(case: Case) -> Reply:
    sent, caller = case.good(), case.world.enter(case.who)
    order = SanctionOrder(
        SanctionKind.SUSPENSION, DecisionReason.HARASSMENT, statement="One more word about a person, after several warnings."
    )
    with writing() as session:
        # Another administrator: nobody restricts their own account.
        by = Viewer(add_account(session, unique("admin").replace(" ", "")).id, roles={DEFAULT_SITE_ID: Role.ADMIN})
        impose(session, by, session.get_one(Account, case.world.ids[case.who]), order, site_id=DEFAULT_SITE_ID)
    return case.send(sent, caller)


def with_cursor(case: Case) -> Reply:
    return case.send(Sent(f"{case.good().path}?cursor=forged"))


def on_closed(case: Case) -> Reply:
    return case.send(Sent(f"/articles/{case.world.article(closed=True)}/comments", {"body_md": "One more."}))


def without_scope(case: Case) -> Reply:
    needed = MAY[case.door.endpoint][1]
    return case.send(case.good(), case.world.token(case.who, *(scope for scope in Scope if scope is not needed)))


def about_reply(case: Case) -> Reply:
    sent = case.good()
    reply = case.world.comment(parent_id=case.world.comment())
    return case.send(Sent(f"/comments/{reply}/continuation", sent.body))


CLASHES = {"series_api": about_reply, "notifications_api": with_too_much, "webhooks_api": about_webhook, "desk_api": about_desk}
PROVOKE: dict[Kind, Callable[[Case], Reply]] = {
    Kind.MALFORMED: lambda case: case.send(Sent(case.good().path.partition("?")[0] + "?x=%00", case.good().body)),
    Kind.TOO_LARGE: lambda case: case.raw(b"x" * 600_000, **WRITING),
    Kind.UNAVAILABLE: down,
    Kind.UNAUTHENTICATED: lambda case: case.send(case.good(), ApiClient(case.world.app.test_client(), token="fo_unknown")),
    Kind.SECOND_FACTOR_REQUIRED: without_code,
    Kind.SSO_TOKEN_INVALID: lambda case: case.send(Sent(case.good().path, {"token": new_token(aud="https://elsewhere.example")})),
    Kind.SSO_TOKEN_EXPIRED: lambda case: case.send(Sent(case.good().path, {"token": new_token(iat=1, exp=2)})),
    Kind.SSO_TOKEN_REPLAYED: token_again,
    Kind.ADDRESS_UNCONFIRMED: lambda case: case.send(Sent(case.good().path, {"token": new_token(user={"email_verified": False})})),
    Kind.LINK_REQUIRED: lambda case: case.send(Sent(case.good().path, {"token": new_token(user={"email": "member@example.org"})})),
    Kind.FORBIDDEN: without_scope,
    Kind.CSRF: lambda case: case.send(case.good(), headers={"X-CSRF-Token": "stale"}),
    Kind.VALIDATION: invalid,
    Kind.UNSUPPORTED_MEDIA_TYPE: lambda case: case.raw(b"{}", content_type="text/plain"),
    Kind.STALE_VERSION: stale,
    Kind.RECUSED: recused,
    Kind.CLAIMED_BY_OTHER: claimed,
    Kind.IDEMPOTENCY_KEY_REUSED: key_reused,
    Kind.IDEMPOTENCY_KEY_IN_PROGRESS: key_running,
    Kind.NOT_FOUND: at_nothing,
    Kind.LINK_EXPIRED: lambda case: case.send(Sent(case.good().path, case.good().body | {"token": "made up"})),
    Kind.CONFLICT: lambda case: CLASHES.get(case.door.endpoint.partition(".")[0], clash)(case),
    Kind.RATE_LIMITED: too_fast,
    Kind.CLOSED: on_closed,
    Kind.BAD_CURSOR: with_cursor,
    Kind.ILLEGAL_TRANSITION: wrong_state,
    Kind.OWN_COMMENT: on_own,
    Kind.NOT_TAGGABLE: on_withdrawn,
    Kind.SANCTIONED: sanctioned,
    Kind.PLEASE_RECONSIDER: lambda case: case.send(
        Sent(case.good().path, {"body_md": "A 52-year-old patient of mine in Ribbleton improved."})
    ),
}
# What no door can declare: they belong to addresses and failures, and have tests of their own.
ELSEWHERE = {Kind.METHOD_NOT_ALLOWED, Kind.INTERNAL}


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def test_there_is_a_way_to_provoke_each_kind(app: Flask) -> None:
    declared = {kind for door in api_doors(app) for kind in problems_of(door)}
    assert declared == set(PROVOKE)
    assert declared | ELSEWHERE == set(PROBLEM_TYPES) == set(Kind)


@pytest.mark.parametrize("kind", list(PROVOKE), ids=lambda kind: kind.value)
def test_each_door_that_declares_a_problem_answers_it(world: World, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    for door in api_doors(world.app):
        if kind not in problems_of(door):
            continue
        with monkeypatch.context() as patch:
            answer = PROVOKE[kind](Case(world, door, patch))
        check(answer, kind, door)


def check(answer: Reply, kind: Kind, door: Door) -> None:
    seen = (door.endpoint, answer.status, answer.text)
    if door.method == "HEAD" or answer.mimetype != "application/problem+json":
        raise AssertionError(seen)
    known = PROBLEM_TYPES[kind]
    problem = answer.json
    assert (answer.status_code, problem["type"], problem["title"]) == (known.status, f"/problems/{kind}", known.title), seen
    assert problem["status"] == answer.status_code
    assert problem["instance"] == answer.headers["X-Request-ID"]
    assert problem["detail"].endswith((".", "?")), seen
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in answer.headers) == (kind in (Kind.RATE_LIMITED, Kind.UNAVAILABLE, Kind.IDEMPOTENCY_KEY_IN_PROGRESS)), seen
    assert bool(problem.get("errors")) == (kind in (Kind.VALIDATION, Kind.SSO_TOKEN_INVALID)), seen
    assert bool(problem.get("allowed")) == (
        kind is Kind.ILLEGAL_TRANSITION and not {"erased", "erasure", "batch"} & set(problem["detail"].split())
    ), seen
