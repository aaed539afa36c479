"""Who may go through which JSON door: every door by every kind of caller, against a table written by hand, and every token with and without its scope."""

from itertools import product

import pytest
from flask import Flask

from forum.access.permissions import Scope
from forum.comments.models import Comment
from forum.comments.states import State
from forum.db.transaction import writing
from tests.conftest import ApiClient
from tests.restricting import state_plainly
from tests.world import EVERYBODY, GOOD, World, api_doors, make_world

pytestmark = pytest.mark.postgresql_slow

SIGNED_IN = EVERYBODY[1:]
MODERATORS = ("moderator", "admin")
PUBLISHERS = ("publisher", "moderator", "admin")
# Door → who may come, and the scope that a token needs for it; None: no token may, whatever its scopes.
MAY: dict[str, tuple[tuple[str, ...], Scope | None]] = {
    "service_api.live": (EVERYBODY, Scope.READ),
    "service_api.ready": (EVERYBODY, Scope.READ),
    "service_api.openapi": (EVERYBODY, Scope.READ),
    "metrics_api.show": (EVERYBODY, Scope.READ),
    "accounts_api.create": (EVERYBODY, Scope.ADMIN),
    "accounts_api.create_session": (EVERYBODY, Scope.ADMIN),
    "accounts_api.get_session": (EVERYBODY, Scope.READ),
    "accounts_api.end_session": (SIGNED_IN, None),
    "accounts_api.get_me": (SIGNED_IN, Scope.READ),
    "accounts_api.edit_me": (SIGNED_IN, Scope.COMMENT),
    "accounts_api.set_password": (SIGNED_IN, None),
    "accounts_api.list_sessions": (SIGNED_IN, None),
    "accounts_api.end_sessions": (SIGNED_IN, None),
    "accounts_api.end_one_session": (SIGNED_IN, None),
    "accounts_api.list_own_tokens": (SIGNED_IN, None),
    "accounts_api.make_token": (SIGNED_IN, None),
    "accounts_api.delete_token": (SIGNED_IN, None),
    "accounts_api.get_person": (EVERYBODY, Scope.READ),
    "factors_api.list_mine": (SIGNED_IN, None),
    "factors_api.remove": (SIGNED_IN, None),
    "sso_api.create_session": (EVERYBODY, Scope.ADMIN),
    "sso_api.mail_link": (EVERYBODY, Scope.ADMIN),
    "sso_api.list_mine": (SIGNED_IN, None),
    "sso_api.remove": (SIGNED_IN, None),
    "embed_api.get_site": (("admin",), Scope.ADMIN),
    "embed_api.change_site": (("admin",), Scope.ADMIN),
    "embed_api.allow_origin": (("admin",), Scope.ADMIN),
    "embed_api.check_address": (("admin",), Scope.ADMIN),
    "embed_api.forbid_origin": (("admin",), Scope.ADMIN),
    "embed_api.list_tokens": (("admin",), Scope.ADMIN),
    "embed_api.make_token": (("admin",), Scope.ADMIN),
    "embed_api.revoke_token": (("admin",), Scope.ADMIN),
    "sso_api.get_sso": (("admin",), Scope.ADMIN),
    "sso_api.set_sso": (("admin",), Scope.ADMIN),
    "sso_api.list_all_keys": (("admin",), Scope.ADMIN),
    "sso_api.make_key": (("admin",), Scope.ADMIN),
    "sso_api.delete_key": (("admin",), Scope.ADMIN),
    "notifications_api.list_inbox": (SIGNED_IN, Scope.READ),
    "notifications_api.mark_inbox_read": (SIGNED_IN, Scope.COMMENT),
    "notifications_api.get_settings": (SIGNED_IN, Scope.READ),
    "notifications_api.edit_settings": (SIGNED_IN, Scope.COMMENT),
    "notifications_api.list_followed": (SIGNED_IN, Scope.READ),
    "notifications_api.follow_something": (SIGNED_IN, Scope.COMMENT),
    "notifications_api.unfollow_something": (SIGNED_IN, Scope.COMMENT),
    "jobs_api.list_buried": (("admin",), Scope.ADMIN),
    "jobs_api.replay": (("admin",), Scope.ADMIN),
    "jobs_api.discard": (("admin",), Scope.ADMIN),
    "downloads_api.download": (EVERYBODY, Scope.READ),
    "feeds_api.show_own": (SIGNED_IN, Scope.READ),
    "feeds_api.make_own": (SIGNED_IN, Scope.COMMENT),
    "feeds_api.end_own": (SIGNED_IN, Scope.COMMENT),
    "webhooks_api.list_all": (("admin",), Scope.ADMIN),
    "webhooks_api.add": (("admin",), Scope.ADMIN),
    "webhooks_api.show": (("admin",), Scope.ADMIN),
    "webhooks_api.change": (("admin",), Scope.ADMIN),
    "webhooks_api.remove": (("admin",), Scope.ADMIN),
    "webhooks_api.renew": (("admin",), Scope.ADMIN),
    "webhooks_api.try_out": (("admin",), Scope.ADMIN),
    "webhooks_api.list_messages": (("admin",), Scope.ADMIN),
    "webhooks_api.send_again": (("admin",), Scope.ADMIN),
    "webhooks_api.send_failed_again": (("admin",), Scope.ADMIN),
    "mailbox_api.mail_sign_in": (EVERYBODY, Scope.ADMIN),
    "mailbox_api.mail_reset": (EVERYBODY, Scope.ADMIN),
    "mailbox_api.reset": (EVERYBODY, Scope.ADMIN),
    "mailbox_api.mail_confirmation": (SIGNED_IN, None),
    "mailbox_api.change_email": (SIGNED_IN, None),
    "articles_api.list_all": (EVERYBODY, Scope.READ),
    "articles_api.create": (PUBLISHERS, Scope.ADMIN),
    "articles_api.lookup": (EVERYBODY, Scope.READ),
    "articles_api.get": (EVERYBODY, Scope.READ),
    "articles_api.get_news": (EVERYBODY, Scope.READ),
    "articles_api.edit": (("author", "admin"), Scope.ADMIN),
    "articles_api.counts": (EVERYBODY, Scope.READ),
    "reports_api.create_report": (SIGNED_IN, Scope.COMMENT),
    "reports_api.create_notice": (EVERYBODY, Scope.COMMENT),
    "reports_api.get_receipt": (EVERYBODY, Scope.READ),
    "reports_api.list_mine": (SIGNED_IN, Scope.READ),
    "moderation_api.list_queue": (MODERATORS, Scope.MODERATE),
    "moderation_api.get_item": (MODERATORS, Scope.MODERATE),
    "moderation_api.claim_item": (MODERATORS, Scope.MODERATE),
    "moderation_api.release_item": (MODERATORS, Scope.MODERATE),
    "moderation_api.reveal_text": (MODERATORS, Scope.MODERATE),
    "moderation_api.decide_item": (MODERATORS, Scope.MODERATE),
    "moderation_api.open_own": (MODERATORS, Scope.MODERATE),
    "moderation_api.create_batch": (MODERATORS, Scope.MODERATE),
    "moderation_api.get_batch": (MODERATORS, Scope.MODERATE),
    "moderation_api.undo_batch": (MODERATORS, Scope.MODERATE),
    "moderation_api.get_history": (MODERATORS, Scope.MODERATE),
    "moderation_api.get_notes": (MODERATORS, Scope.MODERATE),
    "moderation_api.create_note": (MODERATORS, Scope.MODERATE),
    "redress_api.get_decision": (("writer", "moderator", "admin"), Scope.READ),
    "redress_api.list_mine": (SIGNED_IN, Scope.READ),
    "redress_api.get_sanction": (("writer", "moderator", "admin"), Scope.READ),
    "redress_api.acknowledge_sanction": (("writer",), Scope.COMMENT),
    "redress_api.create_appeal": (("writer",), Scope.COMMENT),
    "redress_api.create_sanction_appeal": (("writer",), Scope.COMMENT),
    "redress_api.create_report_appeal": (EVERYBODY, Scope.COMMENT),
    "redress_api.get_report_appeal": (EVERYBODY, Scope.COMMENT),
    "redress_api.answer_about_report": (EVERYBODY, Scope.COMMENT),
    "redress_api.get_appeal": (("writer", "moderator", "admin"), Scope.READ),
    "redress_api.ask_appellant": (MODERATORS, Scope.MODERATE),
    "redress_api.answer_question": (("writer",), Scope.COMMENT),
    "redress_api.reveal_text": (MODERATORS, Scope.MODERATE),
    "redress_api.decide_appeal": (MODERATORS, Scope.MODERATE),
    "redress_api.list_appeals": (MODERATORS, Scope.MODERATE),
    "sanctions_api.list_all": (MODERATORS, Scope.MODERATE),
    "sanctions_api.impose": (MODERATORS, Scope.MODERATE),
    "sanctions_api.lift": (MODERATORS, Scope.MODERATE),
    "modlog_api.list_public": (EVERYBODY, Scope.READ),
    "modlog_api.list_internal": (("moderator", "admin"), Scope.MODERATE),
    "search_api.find_comments": (EVERYBODY, Scope.READ),
    "transparency_api.list_months": (EVERYBODY, Scope.READ),
    "transparency_api.get_month": (EVERYBODY, Scope.READ),
    "privacy_api.ask_for_erasure": (("admin",), Scope.ADMIN),
    "privacy_api.list_waiting": (MODERATORS, Scope.MODERATE),
    "privacy_api.confirm_erasure": (MODERATORS, Scope.MODERATE),
    "privacy_api.drop_erasure": (MODERATORS, Scope.MODERATE),
    "privacy_api.get_export": (SIGNED_IN, None),
    "privacy_api.get_leaving": (SIGNED_IN, None),
    "privacy_api.leave": (SIGNED_IN, None),
    "privacy_api.undo_leaving": (SIGNED_IN, None),
    "rules_api.get": (MODERATORS, Scope.MODERATE),
    "rules_api.preview": (("admin",), Scope.ADMIN),
    "rules_api.save": (("admin",), Scope.ADMIN),
    "rules_api.list_history": (MODERATORS, Scope.MODERATE),
    "desk_api.get_desk": (SIGNED_IN, Scope.READ),
    **{
        f"desk_api.{verb}_{what}": (("author",), Scope.COMMENT)
        for verb, what in product(("set", "delete"), ("attention", "pin", "feature"))
    },
    "desk_api.set_closing": (("author", "admin"), Scope.ADMIN),
    "desk_api.delete_closing": (("author", "admin"), Scope.ADMIN),
    "desk_api.list_own_templates": (SIGNED_IN, Scope.READ),
    "desk_api.create_template": (SIGNED_IN, Scope.COMMENT),
    "desk_api.edit_template": (SIGNED_IN, Scope.COMMENT),
    "desk_api.remove_template": (SIGNED_IN, Scope.COMMENT),
    "desk_api.get_away": (SIGNED_IN, Scope.READ),
    "desk_api.put_away": (SIGNED_IN, Scope.COMMENT),
    "desk_api.delete_away": (SIGNED_IN, Scope.COMMENT),
    "posting_api.list_comments": (EVERYBODY, Scope.READ),
    "posting_api.create_comment": (SIGNED_IN, Scope.COMMENT),
    "posting_api.get_mine": (SIGNED_IN, Scope.READ),
    "posting_api.get_comment": (EVERYBODY, Scope.READ),
    "posting_api.edit_comment": (("writer",), Scope.COMMENT),
    "posting_api.withdraw_comment": (("writer",), Scope.COMMENT),
    "posting_api.undo_withdrawal": (("writer",), Scope.COMMENT),
    "posting_api.list_replies": (EVERYBODY, Scope.READ),
    "posting_api.get_context": (EVERYBODY, Scope.READ),
    "posting_api.get_revisions": (EVERYBODY, Scope.READ),
    "stance_map_api.get_map": (EVERYBODY, Scope.READ),
    "series_api.get_series": (EVERYBODY, Scope.READ),
    "series_api.set_continuation": (("author",), Scope.COMMENT),
    "series_api.remove_continuation": (("author",), Scope.COMMENT),
    "stances_api.get_tag": (SIGNED_IN, Scope.READ),
    "stances_api.set_tag": (SIGNED_IN, Scope.TAG),
    "stances_api.delete_tag": (SIGNED_IN, Scope.TAG),
}
# These answer while the database is down, and so cannot ask whose token it is; or lie outside the API, where tokens are not looked at.
BLIND = {"service_api.live", "service_api.ready", "service_api.openapi", "metrics_api.show"}


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def test_every_door_is_in_the_table(app: Flask) -> None:
    assert {door.endpoint for door in api_doors(app)} == set(MAY) == set(GOOD)


def test_each_door_lets_in_whom_the_table_names(world: World) -> None:
    for door in api_doors(world.app):
        for who in EVERYBODY:
            answer = GOOD[door.endpoint](world, who).by(world.enter(who), door.method)
            seen = (door.endpoint, who, answer.status_code, answer.text)
            if who in MAY[door.endpoint][0]:
                assert answer.status_code in door.answers, seen
            elif who == "visitor":
                assert (answer.status_code, answer.json["type"]) == (401, "/problems/unauthenticated"), seen
                assert answer.headers["WWW-Authenticate"] == 'Bearer realm="forum"'
            else:
                assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden"), seen


def test_a_token_needs_the_scope_and_no_other_helps(world: World) -> None:
    for door in api_doors(world.app):
        if door.endpoint in BLIND:
            continue
        allowed, scope = MAY[door.endpoint]
        who = allowed[-1]
        if scope is not None:
            answer = GOOD[door.endpoint](world, who).by(world.token(who, scope), door.method)
            assert answer.status_code in door.answers, (door.endpoint, answer.text)
        others = world.token(who, *(other for other in Scope if other is not scope))
        answer = GOOD[door.endpoint](world, who).by(others, door.method)
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden"), (door.endpoint, answer.text)


def test_a_token_of_the_wrong_account_is_no_help(world: World) -> None:
    for door in api_doors(world.app):
        allowed, _ = MAY[door.endpoint]
        if "member" in allowed:
            continue
        answer = GOOD[door.endpoint](world, "member").by(world.token("member", *Scope), door.method)
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden"), (door.endpoint, answer.text)


def test_an_unknown_token_is_refused_where_a_visitor_would_be_let_in(world: World) -> None:
    stranger = ApiClient(world.app.test_client(), token="fo_made_up")
    for door in api_doors(world.app):
        if door.endpoint not in BLIND:
            answer = GOOD[door.endpoint](world, "visitor").by(stranger, door.method)
            assert (answer.status_code, answer.json["type"]) == (401, "/problems/unauthenticated"), door.endpoint


def test_a_cookie_needs_its_csrf_token_and_a_bearer_none(world: World) -> None:
    for door in api_doors(world.app):
        if door.is_safe or not door.csrf:
            continue
        who = MAY[door.endpoint][0][-1]
        forged = world.enter(who)
        forged.csrf = None
        for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": world.enter(who).csrf or ""}):
            answer = GOOD[door.endpoint](world, who).by(forged, door.method, headers)
            assert (answer.status_code, answer.json["type"]) == (403, "/problems/csrf"), (door.endpoint, headers)


def test_a_bearer_token_beats_a_cookie(world: World) -> None:
    admin = world.enter("admin")
    admin.token = world.token("member", Scope.READ).token
    assert admin.get("/me").json["handle"] == "member"


def test_a_basic_header_of_a_proxy_in_front_is_not_ours(world: World) -> None:
    assert world.enter("member").get("/me", headers={"Authorization": "Basic Zm9vOmJhcg=="}).json["handle"] == "member"
    assert world.enter("visitor").get("/articles", headers={"Authorization": "Basic Zm9vOmJhcg=="}).status_code == 200


def test_a_held_comment_is_as_good_as_none_for_others(world: World) -> None:
    comment_id = world.comment()
    hold(comment_id)
    for door in api_doors(world.app):
        if "<id:comment_id>" not in door.rule:
            continue
        for who in ("visitor", "member", "author"):
            good = GOOD[door.endpoint](world, who)
            held, absent = (
                good.__class__(door.rule.removeprefix("/api/v1").replace("<id:comment_id>", str(at)), good.body)
                for at in (comment_id, 9_999_999)
            )
            answers = [sent.by(world.enter(who), door.method) for sent in (held, absent)]
            # Moderators' doors tell nobody else whether there is anything behind them.
            status = 404 if "/mod/" not in door.rule else 401 if who == "visitor" else 403
            assert [answer.status_code for answer in answers] == [status, status], (door.endpoint, who)
            assert answers[0].json["detail"] == answers[1].json["detail"], "the answer must not tell a held comment from none"


def hold(comment_id: int) -> None:
    with writing() as session:
        comment = session.get_one(Comment, comment_id)
        comment.state, comment.listed, comment.published_at = State.HELD.value, False, None
        state_plainly(session, comment_id, comment.author_id)
