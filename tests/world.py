"""A small world with everybody in it, and one good request for every JSON door: what tests of all doors at once are made from.

The rule: each good request makes what it needs, so that it succeeds whatever was sent before it. Callers get in without hashing a password.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, Literal

import msgspec
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import delete, select, update

from forum.access.permissions import Scope
from forum.access.viewer import DEFAULT_SITE_ID, VISITOR, Role, Via, Viewer
from forum.accounts.actions import create_token, start_sign_in
from forum.accounts.models import Account, ApiToken
from forum.accounts.queries import list_sign_ins
from forum.app import DOORS
from forum.articles.actions import ArticleDraft, create_article, set_closed
from forum.articles.models import Article, Site, SiteToken
from forum.articles.site_actions import add_origin, create_site_token
from forum.clock import now
from forum.comments import actions
from forum.comments.attention import Attention
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.stance import Stance
from forum.db.transaction import reading, writing
from forum.desk.actions import save_template, set_away
from forum.desk.models import AttentionEvent, ReplyTemplate
from forum.factors.actions import renew_codes
from forum.factors.models import Factor, FactorKind
from forum.jobs.happening import Happening
from forum.jobs.models import Job
from forum.mailbox.links import make_link
from forum.mailbox.models import Purpose
from forum.moderation.batches import decide_all
from forum.moderation.decisions import Order, decide
from forum.moderation.items import CLAIM_TIME, Cause, open_item
from forum.moderation.models import Report, ReviewItem
from forum.moderation.present import get_by_reference
from forum.moderation.queries import decisions_of_batch
from forum.moderation.reasons import DecisionReason, ReportReason
from forum.moderation.reporting import Notice, notify
from forum.moderation.review import ACTIONS, Action, Origin
from forum.moderation.rule_actions import stored_rules
from forum.moderation.rule_previews import sign_preview
from forum.moderation.sanctioning import SanctionOrder, impose
from forum.moderation.screening.rules import Rules
from forum.posting.continuing import continue_thread
from forum.privacy.erasing import ask
from forum.redress.filing import appeal_decision, appeal_report, appeal_sanction
from forum.redress.judging import version_of
from forum.redress.matters import matter_of
from forum.redress.models import Appeal
from forum.sanctions.kinds import SanctionKind
from forum.sso.linking import connect
from forum.sso.models import HostKey
from forum.stances.models import Tag
from forum.web.doors import Door
from forum.webhooks.actions import add_webhook, leave_message
from forum.webhooks.models import Webhook
from tests.conftest import PASSWORD, ApiClient, Reply, add_account
from tests.sso.host import ISSUER, Host, make_host

ROLES = {
    "member": Role.MEMBER,
    "writer": Role.MEMBER,
    "author": Role.MEMBER,
    "publisher": Role.PUBLISHER,
    "moderator": Role.MODERATOR,
    "admin": Role.ADMIN,
}
EVERYBODY = ("visitor", *ROLES)
STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."
NOBODY_AT = 9_999_999
_numbers = count(1)


@dataclass
class World:
    """One article by ``author``, and an account of each role; comments are written by ``writer``."""

    app: Flask
    ids: dict[str, int] = field(default_factory=dict)
    article_id: int = 0

    def enter(self, who: str) -> ApiClient:
        """Return a client with a new sign-in of ``who``; ``visitor`` has none."""
        if who == "visitor":
            return ApiClient(self.app.test_client())
        with writing() as session:
            account = session.get_one(Account, self.ids[who])
            secret = start_sign_in(session, account, device="a test")
        raw = secrets.token_hex(20)
        serializer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        browser = self.app.test_client()
        browser.set_cookie(
            self.app.config["SESSION_COOKIE_NAME"], serializer.dumps({"_user_id": secret, "_fresh": True, "csrf_token": raw})
        )
        return ApiClient(browser, csrf=str(URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token").dumps(raw)))  # type: ignore[arg-type]

    def token(self, who: str, *scopes: Scope) -> ApiClient:
        """Return a client with a new personal token of ``who`` that has these scopes; the one before it ends."""
        with writing() as session:
            session.execute(delete(ApiToken).where(ApiToken.account_id == self.ids[who]))
            _, secret = create_token(session, self.ids[who], name="a test's", scopes=list(scopes))
        return ApiClient(self.app.test_client(), token=secret)

    def comment(self, *, by: str = "writer", stance: Stance | None = None, withdrawn: bool = False, parent_id: int | None = None) -> int:
        """Store a comment and return its id."""
        with writing() as session:
            article = session.get_one(Article, self.article_id)
            parent = session.get(Comment, parent_id) if parent_id else None
            root = session.get(Comment, parent.root_id) if parent else None
            new = actions.NewComment("A word.", "<p>A word.</p>\n", 1, stance, self.ids[by])
            made = actions.store(session, article, parent, root, new)
            if withdrawn:
                actions.move(session, lock_place(session, made.id), "withdraw")
            return made.id

    def item(self, *, by: str = "writer", claimed_by: str | None = None) -> tuple[int, int]:
        """Open a review item on a new comment and return its id and version."""
        comment_id = self.comment(by=by)
        with writing() as session:
            item = open_item(session, lock_place(session, comment_id), Cause(Origin.MODERATOR, "own_initiative", 2))
            if claimed_by is not None:
                item.claimed_by, item.claimed_until = self.ids[claimed_by], now() + CLAIM_TIME
            return item.id, item.version

    def batch(self, *, by: str = "moderator") -> tuple[int, int]:
        """Decide on an item in a batch of one and return the batch's id and the decision's."""
        order = Order(Action.NO_ACTION, DecisionReason.WITHIN_RULES, 0)
        wanted = self.item()
        with writing() as session:
            batch, left_out = decide_all(session, self.viewer(by), DEFAULT_SITE_ID, [wanted], order)
            assert left_out == []
            return batch.id, decisions_of_batch(session, batch)[0].id

    def decision(self, *, by: str = "moderator", action: Action = Action.REMOVE, at: tuple[int, int] | None = None) -> int:
        """Decide on an item, by default of a new comment by ``writer``, and return the decision's id."""
        item_id, version = at or self.item()
        reason = DecisionReason.OFF_TOPIC if ACTIONS[action].restricts else DecisionReason.WITHIN_RULES
        order = Order(action, reason, version, statement=STATEMENT, notice="Please ask a doctor first.")
        with writing() as session:
            return decide(session, self.viewer(by), item_id, order).id

    def sanction(self, kind: SanctionKind = SanctionKind.WARNING, *, on: str = "writer", by: str = "admin") -> int:
        """Impose something on a person and return its id."""
        order = SanctionOrder(kind, DecisionReason.HARASSMENT, STATEMENT)
        with writing() as session:
            return impose(session, self.viewer(by), session.get_one(Account, self.ids[on]), order, site_id=DEFAULT_SITE_ID).id

    def notice(self, *, by: str = "moderator") -> str:
        """Send a notice without an account, have it declined, and return its reference."""
        comment_id = self.comment()
        with writing() as session:
            report = notify(
                session, comment_id, Notice("Nora", "nora@example.org"), reason=ReportReason.ILLEGAL, note="A law.", address=None
            )
            reference, item = report.reference, session.get_one(ReviewItem, report.item_id)
            at = (item.id, item.version)
        self.decision(by=by, action=Action.NO_ACTION, at=at)
        return reference

    def appeal(self, *, by: str = "moderator", asked: bool = False, on: Literal["decision", "sanction", "notice"] = "decision") -> int:
        """Have an appeal filed against something that ``by`` decided – by ``writer``, or by whoever sent a notice – and return its id."""
        reference = self.notice(by=by) if on == "notice" else ""
        row_id = self.decision(by=by) if on == "decision" else self.sanction(by=by) if on == "sanction" else 0
        with writing() as session:
            if reference:
                appeal = appeal_report(session, VISITOR, get_by_reference(session, reference), "It does break a law.")
            elif on == "sanction":
                appeal = appeal_sanction(session, self.viewer("writer"), row_id, "I did not mean it.")
            else:
                appeal = appeal_decision(session, self.viewer("writer"), row_id, "It is about the article.")
            if asked:
                appeal.question, appeal.asked_by, appeal.asked_at = "What do you mean?", self.ids["admin"], now()
                appeal.version += 1
            return appeal.id

    def erasure(self, *, not_by: str = "moderator", by: str = "") -> int:
        """Have the erasure of a new comment by ``writer`` asked for, by somebody else than ``not_by``, and return its id."""
        asker = by or ("moderator" if not_by == "admin" else "admin")
        comment_id = self.comment()
        with writing() as session:
            return ask(session, self.viewer(asker), comment_id, reason=DecisionReason.CONFIDENTIALITY, why=STATEMENT).id

    def viewer(self, who: str) -> Viewer:
        """Return somebody as the accounts room makes them."""
        return Viewer(self.ids[who], who, who, {DEFAULT_SITE_ID: ROLES[who]}, None, Via.COOKIE)

    def article(self, *, closed: bool = False, url: str | None = None, key: str | None = None) -> int:
        """Store another article and return its id."""
        with writing() as session:
            made, _ = create_article(
                session, DEFAULT_SITE_ID, ArticleDraft(title=unique("An article"), url=url, key=key), author_ids=[self.ids["author"]]
            )
            set_closed(made, closed, reason="Enough said." if closed else "")
            return made.id


def make_world(app: Flask) -> World:
    """Fill the empty database of ``app``."""
    world = World(app)
    with writing() as session:
        for name, role in ROLES.items():
            world.ids[name] = add_account(session, name, role=role).id
    world.article_id = world.article()
    return world


def unique(text: str) -> str:
    """Return the text with a number that no other has."""
    return f"{text} {next(_numbers)}"


@dataclass(frozen=True)
class Sent:
    """One request below /api/v1 (or at an absolute path that begins with //)."""

    path: str
    body: Any = None

    def by(self, caller: ApiClient, method: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Send it."""
        return caller.request(method, self.path, self.body, headers=dict(headers or {}))


def api_doors(app: Flask) -> list[Door]:
    """Return the doors that the OpenAPI document describes."""
    doors: dict[str, Door] = app.extensions[DOORS]
    return [door for door in doors.values() if door.endpoint.partition(".")[0].endswith("_api")]


def _own_sign_in(world: World, who: str) -> Sent:
    world.enter(who)
    with writing() as session:
        return Sent(f"/me/sessions/{list_sign_ins(session, world.ids[who])[0].id}")


def _own_token(world: World, who: str) -> Sent:
    with writing() as session:
        return Sent(f"/me/tokens/{create_token(session, world.ids[who], name='spare', scopes=[Scope.READ])[0].id}")


def own_factor(world: World, who: str) -> Sent:
    """Give somebody (for a visitor: the writer) a passkey and recovery codes, and return what removes it."""
    account_id = world.ids[who if who != "visitor" else "writer"]
    with writing() as session:
        key = Factor(
            account_id=account_id,
            kind=FactorKind.PASSKEY.value,
            name="My key",
            credential_id=secrets.token_bytes(16),
            created_at=now(),
            confirmed_at=now(),
        )
        session.add(key)
        session.flush()
        return Sent(f"/me/factors/{key.id}", {"password": PASSWORD, "code": renew_codes(session, account_id)[0]})


def new_host() -> Host:
    """Set the site up for a host, in place of the one that it had."""
    with writing() as session:
        session.execute(delete(HostKey))
    return make_host()


def new_token(**instead: Any) -> str:
    """Return a host's token of somebody who was never here; ``instead`` replaces claims, ``user`` members of the user."""
    name = unique("t").replace(" ", "")
    user = {"email": f"{name}@host.example", "handle": name} | instead.pop("user", {})
    return new_host().token(**({"sub": name} | instead), user=user)


def _own_identity(world: World, who: str) -> Sent:
    with writing() as session:
        account = session.get_one(Account, world.ids[who if who != "visitor" else "writer"])
        return Sent(f"/me/identities/{connect(session, account, issuer=ISSUER, subject=unique('s')).id}")


def _new_key(world: World, who: str) -> Sent:
    with writing() as session:
        session.execute(delete(HostKey))
    return Sent("/admin/site/keys", {"algorithm": "HS256", "kid": "new"})


def _old_key(world: World, who: str) -> Sent:
    new_host()
    with reading() as session:
        return Sent(f"/admin/site/keys/{session.scalar(select(HostKey.id).limit(1))}")


def bury_job() -> int:
    """Bury a job, and return its id."""
    with writing() as session:
        job = Job(kind="note", payload="{}", due_at=now(), created_at=now(), buried_at=now(), attempts=8, last_error="KeyError")
        session.add(job)
        session.flush()
        return job.id


def _own_origin(world: World, who: str) -> Sent:
    with writing() as session:
        row, _ = add_origin(session, session.get_one(Site, DEFAULT_SITE_ID), f"https://{unique('o').replace(' ', '')}.example")
        return Sent(f"/admin/site/origins/{row.id}")


def make_webhook() -> tuple[int, int]:
    """Add a webhook, the only one, with a message that was given up, and return the ids of both."""
    with writing() as session:
        session.execute(delete(Webhook))
        site = session.get_one(Site, DEFAULT_SITE_ID)
        webhook, _ = add_webhook(session, site, url="https://hooks.example/x", name="A program", kinds=list(Happening))
        message = leave_message(session, webhook.id, Happening.ARTICLE_CREATED.value, at=now(), data={"site_id": 1})
        message.failed_at, message.last_error, message.attempts = now(), "no-address", 8
        return webhook.id, message.id


def _at_webhook(path: str = "", body: Any = None) -> Callable[[World, str], Sent]:
    def send(world: World, who: str) -> Sent:
        webhook_id, delivery_id = make_webhook()
        return Sent(f"/webhooks/{webhook_id}{path.format(delivery=delivery_id)}", body)

    return send


def _new_webhook(world: World, who: str) -> Sent:
    make_webhook()
    return Sent("/webhooks", {"url": "https://hooks.example/new", "name": "Another"})


def _own_site_token(world: World, who: str) -> Sent:
    with writing() as session:
        session.execute(delete(SiteToken))
        token, _ = create_site_token(session, session.get_one(Site, DEFAULT_SITE_ID), "a token")
        return Sent(f"/admin/site/tokens/{token.id}")


def _new_site_token(world: World, who: str) -> Sent:
    with writing() as session:
        session.execute(delete(SiteToken))
    return Sent("/admin/site/tokens", {"name": "a token"})


def _sign_up(world: World, who: str) -> Sent:
    handle = unique("n").replace(" ", "")
    return Sent("/accounts", {"handle": handle, "email": f"{handle}@example.org", "password": PASSWORD})


def _at(path: str, body: Any = None) -> Callable[[World, str], Sent]:
    return lambda world, who: Sent(path.format(article=world.article_id), body)


def _at_comment(path: str, body: Any = None, *, by: str = "writer", withdrawn: bool = False) -> Callable[[World, str], Sent]:
    return lambda world, who: Sent(path.format(comment=world.comment(by=by, withdrawn=withdrawn)), body)


def _for_reader(path: str, body: Any = None) -> Callable[[World, str], Sent]:
    return lambda world, who: Sent(path.format(comment=world.comment(by="writer" if who != "writer" else "member")), body)


def _at_item(path: str) -> Callable[[World, str], Sent]:
    return lambda world, who: Sent(path.format(item=world.item()[0]))


def _decision(world: World, who: str) -> Sent:
    item_id, version = world.item()
    return Sent(f"/mod/items/{item_id}/decisions", {"action": "no_action", "reason": "within_rules", "version": version})


def _batch(world: World, who: str) -> Sent:
    item_id, version = world.item()
    return Sent("/mod/batches", {"action": "no_action", "reason": "within_rules", "items": [{"id": item_id, "version": version}]})


def _at_batch(world: World, who: str) -> Sent:
    return Sent(f"/mod/batches/{world.batch(by=who if who in ('moderator', 'admin') else 'moderator')[0]}")


def _notice(world: World, who: str) -> Sent:
    body = {"reason": "illegal", "note": "It names a third person.", "name": "Nora", "email": "nora@example.org", "good_faith": True}
    return Sent("/notices", {"url": f"/c/{world.comment()}", **body})


def _receipt(world: World, who: str) -> Sent:
    made = world.enter("member").post(f"/comments/{world.comment()}/reports", {"reason": "off_topic"})
    assert made.status_code == 201, made.text
    return Sent(f"/reports/{made.json['reference']}")


def _leave(world: World, who: str) -> Sent:
    # Whoever leaves must not be the only admin.
    with writing() as session:
        add_account(session, unique("spare").replace(" ", ""), role=Role.ADMIN)
    return Sent("/me/deletion", {"comments": "keep", "password": PASSWORD})


def _save_rules(world: World, who: str) -> Sent:
    rules = Rules(max_links=5)
    with reading() as session:
        number = stored_rules(session, DEFAULT_SITE_ID).number
    return Sent("/mod/rules", {"rules": msgspec.to_builtins(rules), "preview": sign_preview(DEFAULT_SITE_ID, rules, number)})


def _another(who: str) -> str:
    return "admin" if who == "moderator" else "moderator"


def _at_appealed_notice(world: World, then: str, body: Any = None) -> Sent:
    appeal_id = world.appeal(on="notice", asked=True)
    with reading() as session:
        reference = session.get_one(Report, session.get_one(Appeal, appeal_id).report_id).reference
    return Sent(f"/reports/{reference}/appeal{then}", body)


def _verdict(world: World, appeal_id: int, **more: Any) -> Sent:
    with reading() as session:
        appeal = session.get_one(Appeal, appeal_id)
        version = version_of(appeal, matter_of(session, appeal))
    return Sent(f"/appeals/{appeal_id}/decision", {"outcome": "uphold", "reasons": STATEMENT, "version": version, **more})


def _imposed(world: World, who: str) -> Sent:
    statement = "Please speak about the argument, and never about the person."
    return Sent("/mod/accounts/writer/sanctions", {"kind": "reminder", "reason": "harassment", "statement": statement})


def _reset(world: World, who: str) -> Sent:
    # Of somebody else: it ends every sign-in of whose password it is.
    with writing() as session:
        spare = add_account(session, unique("spare").replace(" ", ""))
        secret = make_link(session, Purpose.RESET, email=spare.email or "", account_id=spare.id)
    return Sent("/password-resets", {"token": secret, "new_password": PASSWORD})


GOOD: dict[str, Callable[[World, str], Sent]] = {
    "service_api.live": _at("//health/live"),
    "service_api.ready": _at("//health/ready"),
    "service_api.openapi": _at("/openapi.json"),
    "metrics_api.show": _at("//metrics"),
    "accounts_api.create": _sign_up,
    "accounts_api.create_session": lambda world, who: Sent("/session", {"login": "member", "password": PASSWORD}),
    "accounts_api.get_session": _at("/session"),
    "accounts_api.end_session": _at("/session"),
    "accounts_api.get_me": _at("/me"),
    "accounts_api.edit_me": lambda world, who: Sent("/me", {"credential": unique("Physiotherapist")}),
    "accounts_api.set_password": _at("/me/password", {"current_password": PASSWORD, "new_password": PASSWORD}),
    "accounts_api.list_sessions": _at("/me/sessions"),
    "accounts_api.end_sessions": _at("/me/sessions"),
    "accounts_api.end_one_session": lambda world, who: _own_sign_in(world, who if who != "visitor" else "member"),
    "accounts_api.list_own_tokens": _at("/me/tokens"),
    "accounts_api.make_token": _at("/me/tokens", {"name": "Script", "scopes": ["read"]}),
    "accounts_api.delete_token": lambda world, who: _own_token(world, who if who != "visitor" else "member"),
    "accounts_api.get_person": _at("/people/writer"),
    "factors_api.list_mine": _at("/me/factors"),
    "factors_api.remove": own_factor,
    "sso_api.create_session": lambda world, who: Sent("/session/sso", {"token": new_token()}),
    "sso_api.mail_link": lambda world, who: Sent("/session/sso/link", {"token": new_token()}),
    "sso_api.list_mine": _at("/me/identities"),
    "sso_api.remove": _own_identity,
    "sso_api.get_sso": _at("/admin/site/sso"),
    "sso_api.set_sso": _at("/admin/site/sso", {"issuer": ISSUER}),
    "sso_api.list_all_keys": _at("/admin/site/keys"),
    "sso_api.make_key": _new_key,
    "sso_api.delete_key": _old_key,
    "jobs_api.list_buried": _at("/admin/jobs"),
    "notifications_api.list_inbox": _at("/me/notifications"),
    "notifications_api.mark_inbox_read": _at("/me/notifications", {"read_up_to": 1}),
    "notifications_api.get_settings": _at("/me/notifications/settings"),
    "notifications_api.edit_settings": _at("/me/notifications/settings", {"follows": "hourly"}),
    "notifications_api.list_followed": _at("/me/follows"),
    "notifications_api.follow_something": _at("/me/follows/article/{article}"),
    "notifications_api.unfollow_something": _at("/me/follows/article/{article}"),
    "jobs_api.replay": lambda world, who: Sent(f"/admin/jobs/{bury_job()}/replay"),
    "jobs_api.discard": lambda world, who: Sent(f"/admin/jobs/{bury_job()}"),
    "embed_api.get_site": _at("/admin/site"),
    "embed_api.change_site": _at("/admin/site", {"takes_guests": False}),
    "embed_api.allow_origin": _at("/admin/site/origins", {"origin": "https://allowed.example"}),
    "embed_api.check_address": _at("/admin/site/origins/check?url=https://host.example/page"),
    "embed_api.forbid_origin": _own_origin,
    "embed_api.list_tokens": _at("/admin/site/tokens"),
    "embed_api.make_token": _new_site_token,
    "embed_api.revoke_token": _own_site_token,
    "downloads_api.download": _at("/articles/{article}/download"),
    "feeds_api.show_own": _at("/me/feed"),
    "feeds_api.make_own": _at("/me/feed"),
    "feeds_api.end_own": _at("/me/feed"),
    "webhooks_api.list_all": _at("/webhooks"),
    "webhooks_api.add": _new_webhook,
    "webhooks_api.show": _at_webhook(),
    "webhooks_api.change": _at_webhook(body={"paused": True}),
    "webhooks_api.remove": _at_webhook(),
    "webhooks_api.renew": _at_webhook("/secret", {"keeps_old": True}),
    "webhooks_api.try_out": _at_webhook("/ping"),
    "webhooks_api.list_messages": _at_webhook("/deliveries"),
    "webhooks_api.send_again": _at_webhook("/deliveries/{delivery}/replay"),
    "webhooks_api.send_failed_again": _at_webhook("/replay", {"since": "2026-01-01T00:00:00Z"}),
    "mailbox_api.mail_sign_in": _at("/session/mail", {"email": "member@example.org"}),
    "mailbox_api.mail_reset": _at("/password-resets", {"email": "member@example.org"}),
    "mailbox_api.reset": _reset,
    "mailbox_api.mail_confirmation": _at("/me/confirmation"),
    "mailbox_api.change_email": lambda world, who: Sent(
        "/me/email", {"email": f"{unique('n').replace(' ', '')}@example.org", "password": PASSWORD}
    ),
    "articles_api.list_all": _at("/articles"),
    "articles_api.create": lambda world, who: Sent("/articles", {"title": unique("New")}),
    "articles_api.lookup": lambda world, who: Sent(f"/articles/lookup?url=https://host.example/{_placed(world)}"),
    "articles_api.get": _at("/articles/{article}"),
    "articles_api.get_news": _at("/articles/{article}/news"),
    "articles_api.edit": lambda world, who: Sent(f"/articles/{world.article_id}", {"main_claim": unique("Claim")}),
    "articles_api.counts": _at("/counts?url=https://host.example/a"),
    "reports_api.create_report": _for_reader("/comments/{comment}/reports", {"reason": "off_topic"}),
    "reports_api.create_notice": _notice,
    "reports_api.get_receipt": _receipt,
    "reports_api.list_mine": _at("/me/reports"),
    "moderation_api.list_queue": _at("/mod/items"),
    "moderation_api.get_item": _at_item("/mod/items/{item}"),
    "moderation_api.claim_item": _at_item("/mod/items/{item}/claim"),
    "moderation_api.release_item": _at_item("/mod/items/{item}/claim"),
    "moderation_api.reveal_text": _at_item("/mod/items/{item}/reveal"),
    "moderation_api.decide_item": _decision,
    "moderation_api.open_own": _at_comment("/mod/comments/{comment}/items"),
    "moderation_api.create_batch": _batch,
    "moderation_api.get_batch": _at_batch,
    "moderation_api.undo_batch": _at_batch,
    "moderation_api.get_history": _at("/mod/accounts/writer"),
    "moderation_api.get_notes": _at("/mod/accounts/writer/notes"),
    "moderation_api.create_note": _at("/mod/accounts/writer/notes", {"body": "Answers kindly when asked."}),
    "redress_api.get_decision": lambda world, who: Sent(f"/decisions/{world.decision()}"),
    "redress_api.list_mine": _at("/me/decisions"),
    "redress_api.get_sanction": lambda world, who: Sent(f"/sanctions/{world.sanction()}"),
    "redress_api.acknowledge_sanction": lambda world, who: Sent(f"/sanctions/{world.sanction()}/acknowledgement"),
    "redress_api.create_appeal": lambda world, who: Sent(f"/decisions/{world.decision()}/appeals", {"body": "It is on topic."}),
    "redress_api.create_sanction_appeal": lambda world, who: Sent(f"/sanctions/{world.sanction()}/appeals", {"body": "I did not."}),
    "redress_api.create_report_appeal": lambda world, who: Sent(f"/reports/{world.notice()}/appeals", {"body": "It does break a law."}),
    "redress_api.get_report_appeal": lambda world, who: _at_appealed_notice(world, ""),
    "redress_api.answer_about_report": lambda world, who: _at_appealed_notice(world, "/answer", {"answer": "This one."}),
    "redress_api.get_appeal": lambda world, who: Sent(f"/appeals/{world.appeal()}"),
    "redress_api.ask_appellant": lambda world, who: Sent(f"/appeals/{world.appeal(by=_another(who))}/question", {"question": "Why?"}),
    "redress_api.answer_question": lambda world, who: Sent(f"/appeals/{world.appeal(asked=True)}/answer", {"answer": "Because."}),
    "redress_api.reveal_text": lambda world, who: Sent(f"/appeals/{world.appeal()}/reveal"),
    "redress_api.decide_appeal": lambda world, who: _verdict(world, world.appeal(by=_another(who))),
    "redress_api.list_appeals": _at("/mod/appeals"),
    "sanctions_api.list_all": _at("/mod/accounts/writer/sanctions"),
    "sanctions_api.impose": _imposed,
    "sanctions_api.lift": lambda world, who: Sent(f"/mod/accounts/writer/sanctions/{world.sanction(by='moderator')}"),
    "modlog_api.list_public": _at("/modlog"),
    "modlog_api.list_internal": _at("/mod/log"),
    "search_api.find_comments": _at("/search"),
    "transparency_api.list_months": _at("/transparency"),
    "transparency_api.get_month": lambda world, who: Sent(f"/transparency/{now():%Y-%m}"),
    "privacy_api.ask_for_erasure": _at_comment("/mod/comments/{comment}/erasure", {"reason": "confidentiality", "why": STATEMENT}),
    "privacy_api.list_waiting": _at("/mod/erasures"),
    "privacy_api.confirm_erasure": lambda world, who: Sent(f"/mod/erasures/{world.erasure(not_by=who)}/confirmation"),
    "privacy_api.drop_erasure": lambda world, who: Sent(f"/mod/erasures/{world.erasure(not_by=who)}"),
    "privacy_api.get_export": _at("/me/export"),
    "privacy_api.get_leaving": _at("/me/deletion"),
    "privacy_api.leave": _leave,
    "privacy_api.undo_leaving": _at("/me/deletion"),
    "rules_api.get": _at("/mod/rules"),
    "rules_api.preview": _at("/mod/rules/preview", msgspec.to_builtins(Rules(max_links=5))),
    "rules_api.save": _save_rules,
    "rules_api.list_history": _at("/mod/rules/history"),
    "desk_api.get_desk": _at("/desk"),
    "desk_api.set_attention": lambda world, who: Sent(f"/comments/{world.comment()}/attention", {"attention": "thanked"}),
    "desk_api.delete_attention": lambda world, who: Sent(f"/comments/{_thanked(world)}/attention"),
    "desk_api.set_pin": _at_comment("/comments/{comment}/pin"),
    "desk_api.delete_pin": lambda world, who: Sent(f"/comments/{_first(world)}/pin"),
    "desk_api.set_feature": lambda world, who: Sent(f"/comments/{_unmarked(world)}/feature", {"why": unique("Read this")}),
    "desk_api.delete_feature": lambda world, who: Sent(f"/comments/{_first(world)}/feature"),
    "desk_api.set_closing": lambda world, who: Sent(f"/articles/{world.article()}/closing", {"reason": "Two weeks are over."}),
    "desk_api.delete_closing": lambda world, who: Sent(f"/articles/{world.article(closed=True)}/closing"),
    "desk_api.list_own_templates": _at("/desk/templates"),
    "desk_api.create_template": lambda world, who: Sent("/desk/templates", {"title": "Thanks", "body_md": unique("Thank you")}),
    "desk_api.edit_template": lambda world, who: Sent(_own_template(world, who), {"title": "Thanks", "body_md": "Thank you."}),
    "desk_api.remove_template": lambda world, who: Sent(_own_template(world, who)),
    "desk_api.get_away": _at("/me/away"),
    "desk_api.put_away": lambda world, who: Sent("/me/away", _away()),
    "desk_api.delete_away": lambda world, who: Sent("/me/away") if _be_away(world, who) else Sent(""),
    "posting_api.list_comments": _at("/articles/{article}/comments"),
    "posting_api.create_comment": _at("/articles/{article}/comments", {"body_md": "A new word."}),
    "posting_api.get_mine": _at("/articles/{article}/mine?ids=1,2"),
    "posting_api.get_comment": _at_comment("/comments/{comment}"),
    "posting_api.edit_comment": lambda world, who: Sent(f"/comments/{world.comment()}", {"body_md": unique("Better said")}),
    "posting_api.withdraw_comment": _at_comment("/comments/{comment}"),
    "posting_api.undo_withdrawal": _at_comment("/comments/{comment}/withdrawal", withdrawn=True),
    "posting_api.list_replies": _at_comment("/comments/{comment}/replies"),
    "posting_api.get_context": _at_comment("/comments/{comment}/context"),
    "posting_api.get_revisions": _at_comment("/comments/{comment}/revisions"),
    "stance_map_api.get_map": _at("/articles/{article}/map"),
    "series_api.get_series": _at("/articles/{article}/series"),
    "series_api.set_continuation": lambda world, who: Sent(
        f"/comments/{world.comment()}/continuation", {"article_id": _later_part(world), "line": "See the second part."}
    ),
    "series_api.remove_continuation": lambda world, who: Sent(f"/comments/{_continued(world)}/continuation"),
    "stances_api.get_tag": _at_comment("/comments/{comment}/tag"),
    "stances_api.set_tag": lambda world, who: Sent(
        f"/comments/{world.comment(by='writer' if who != 'writer' else 'member')}/tag", {"stance": "skepticism"}
    ),
    "stances_api.delete_tag": lambda world, who: Sent(f"/comments/{world.comment(by='writer' if who != 'writer' else 'member')}/tag"),
}


def _later_part(world: World) -> int:
    """Return an article by ``author`` that is the part after the world's own."""
    with writing() as session:
        draft = ArticleDraft(title="The next part", key="next-part", series="Two parts", part=2)
        later, _ = create_article(session, DEFAULT_SITE_ID, draft, author_ids=[world.ids["author"]])
        article = session.get_one(Article, world.article_id)
        if article.series_id is None:
            article.series_id, article.part = later.series_id, 1
            article.version, later.version = article.version + 1, later.version + 1
        return later.id


def _continued(world: World) -> int:
    """Return a thread that the later part answers."""
    later_id, comment_id = _later_part(world), world.comment()
    with writing() as session:
        continue_thread(session, world.viewer("author"), comment_id, article_id=later_id, line="")
    return comment_id


def _thanked(world: World) -> int:
    """Store a comment that the author has thanked for; past the rules, since an author who is suspended meanwhile could not."""
    comment_id, moment = world.comment(), now()
    by = {"comment_id": comment_id, "account_id": world.ids["author"], "created_at": moment}
    with writing() as session:
        session.add(Tag(**by, stance=Stance.ENCOURAGEMENT.value, counted=False, changed_at=moment))
        session.add(AttentionEvent(**by, attention=Attention.THANKED.value))
        session.execute(update(Comment).where(Comment.id == comment_id).values(attention=Attention.THANKED.value))
    return comment_id


def _unmarked(world: World) -> int:
    """Take every mark off the article's comments, and return a new one."""
    with writing() as session:
        session.execute(update(Comment).values(lead=0, featured=None))
    return world.comment()


def _first(world: World) -> int:
    comment_id = _unmarked(world)
    with writing() as session:
        session.execute(update(Comment).where(Comment.id == comment_id).values(lead=2, featured="Read this."))
    return comment_id


def _own_template(world: World, who: str) -> str:
    with writing() as session:
        session.execute(delete(ReplyTemplate))
        owner = world.ids[who if who != "visitor" else "author"]
        return f"/desk/templates/{save_template(session, owner, title='Thanks', body_md='Thank you for this.').id}"


def _away() -> dict[str, str]:
    return {"note": unique("On a course"), "until": (now() + timedelta(days=3)).isoformat()}


def _be_away(world: World, who: str) -> bool:
    with writing() as session:
        set_away(session, world.ids[who if who != "visitor" else "author"], note="On a course.", until=now() + timedelta(days=3))
    return True


def _placed(world: World) -> int:
    number = next(_numbers)
    world.article(url=f"https://host.example/{number}")
    return number
