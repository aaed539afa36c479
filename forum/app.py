"""Builds one application from its settings: database, sign-in, doors, templates, log lines. The only place that knows every room."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, g, request, url_for
from flask_babel import Babel, get_locale
from flask_login import current_user
from jinja2 import StrictUndefined
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from forum.access.viewer import VISITOR
from forum.accounts import actions as accounts_actions
from forum.accounts import signin
from forum.accounts.admission import SECOND_STEPS
from forum.accounts.errands import WAYS
from forum.accounts.models import Account
from forum.articles import actions as articles_actions
from forum.articles.queries import list_all_origins
from forum.articles.site_actions import TOKEN_PREFIX, find_program
from forum.comments import actions as comments_actions
from forum.comments.stance import Stance
from forum.db.base import db
from forum.db.engine import engine_options, prepare_engine
from forum.db.paging import Cursors
from forum.db.quick import QUICK, QuickReads
from forum.db.schema import ARRANGERS, schema_head
from forum.db.valkey import open_valkey
from forum.desk.actions import forget_templates, refuse_template, wait_again
from forum.desk.queries import list_held
from forum.desk.watches import REOPENINGS, RETURNS
from forum.factors.actions import forget_factors, on_security_change
from forum.factors.proving import require_code
from forum.factors.sign_in_pages import ask_for_second_factor, offer_passkey
from forum.feeds.actions import end_feed_of
from forum.jobs.handlers import HANDLERS
from forum.jobs.happening import LISTENERS, TELL, tell
from forum.jobs.queries import read_waiting_jobs
from forum.jobs.run import LAST, PASSES, WITNESSES
from forum.mail.delivery import pass_mail
from forum.mail.filling import FILLERS
from forum.mail.queries import read_waiting_mails
from forum.mailbox.asking import MAIL_RESET, MAIL_SIGN_IN, mail_reset, mail_sign_in
from forum.mailbox.confirming import CONFIRMING
from forum.mailbox.entering import ENTERING
from forum.mailbox.following import LINK_HANDLERS
from forum.mailbox.letters import send_confirmation, tell_password_changed, tell_security_changed
from forum.mailbox.models import Purpose
from forum.mailbox.pages import offer_mail
from forum.moderation.decision_words import REASON_WORDS
from forum.moderation.decisions import restore_undecided
from forum.moderation.items import AGE_ITEM, age_item
from forum.moderation.moves import PURGE_ORIGINALS, RESTORE_UNDECIDED
from forum.moderation.queries import has_decided, read_open_items
from forum.moderation.sanctioning import SUSPENSIONS
from forum.moderation.stating import TELL_RESTRICTED, tell_restricted
from forum.notifications.actions import adopt_address
from forum.notifications.letters import DIGEST_FILLER, ONE_FILLER
from forum.notifications.models import Subject
from forum.notifications.recording import DIGEST, ONE
from forum.notifications.stories import TELLERS
from forum.notifications.telling import FAN_OUT, fan_out, tell_people
from forum.notifications.tidying import pass_notifications
from forum.paths import resource
from forum.posting.claiming import CLAIM_GUEST, claim, claim_later
from forum.posting.continuing import forget_continuation
from forum.posting.guests import MAIL_GUEST, POSTING_AS_GUEST, mail_guest
from forum.posting.keeping import Readers, read_state
from forum.posting.own_words import author_checks
from forum.posting.people import refresh_pages_of
from forum.posting.replicas import open_replica
from forum.posting.series_queries import list_continuations
from forum.posting.series_story import tell_answered
from forum.privacy.export import held_elsewhere
from forum.privacy.forgetting import forgetters
from forum.privacy.leaving import LEAVE, forgetters_of_people, leave
from forum.privacy.purging import purge_originals
from forum.privacy.tidying import TIDY, tidiers, tidy
from forum.redress.statement_story import tell_statements
from forum.rooms import API_ROOMS, PAGE_ROOMS
from forum.search.actions import forget_all_words, forget_words, merge_all_words, merge_words
from forum.secret import ensure_secret
from forum.settings import Settings, load_settings
from forum.sso.link_mail import LINKING
from forum.sso.linking import forget_identities
from forum.sso.oidc_pages import offer_provider
from forum.sso.pages import offer_host
from forum.stances import counting
from forum.stances.authors import recount_for_authors
from forum.stances.words import STANCE_WORDS
from forum.transfer.queries import list_origins
from forum.web import due, metrics, service
from forum.web.context import CURSORS, SETTINGS
from forum.web.cors import register_cors
from forum.web.csrf import csrf_token
from forum.web.doors import Door
from forum.web.framing import ORIGINS, FrameSessions, allowed_origins, is_framed
from forum.web.front import FRONT, Front
from forum.web.headers import register_headers
from forum.web.logs import configure_logs
from forum.web.measuring import count_job
from forum.web.openapi import build_document
from forum.web.problems import register_problems
from forum.web.translation import speak
from forum.webhooks.delivery import pass_webhooks
from forum.webhooks.queries import read_waiting_deliveries
from forum.webhooks.telling import tell_webhooks

DOORS = "forum_doors"
VERSION = version("forum")
WAITING = {"jobs": read_waiting_jobs, "mails": read_waiting_mails, "moderation": read_open_items, "webhooks": read_waiting_deliveries}
log = structlog.get_logger(__name__)


class RowId(IntegerConverter):
    """A row's id in an address: 1 to 2**63 - 1, so that no address can ask a database for a number it cannot hold."""

    regex = r"[1-9][0-9]{0,18}"

    def __init__(self, map: Any) -> None:
        super().__init__(map, min=1, max=2**63 - 1)


class Application(Flask):
    """Flask, which is spared asking of each function, at each request, whether it is a coroutine: none is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``func`` as it is."""
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """Return an application built from ``settings``, or from the environment. Raises SettingsError."""
    settings = settings or load_settings()
    configure_logs(settings)
    app = Application("forum", template_folder=str(resource("templates")), static_folder=str(Path(__file__).parent / "static"))
    app.config.update(flask_config(settings))
    app.session_interface = FrameSessions()
    app.extensions[SETTINGS] = settings
    app.extensions[CURSORS] = Cursors(app.config["SECRET_KEY"])
    app.url_map.converters["id"] = RowId
    _open_database(app)
    open_valkey(app, settings.redis_url, secret=app.config["SECRET_KEY"])
    signin.attach(app)
    register_headers(app)
    register_cors(app)
    register_problems(app)
    _register_doors(app)
    _prepare_templates(app, settings)
    _put_in_front(app, settings)
    metrics.measure(app, app.extensions.get(QUICK), WAITING)
    if count_job not in WITNESSES:
        WITNESSES.append(count_job)
    if refresh_pages_of not in accounts_actions.on_profile_change:
        accounts_actions.on_profile_change.append(refresh_pages_of)
    if recount_for_authors not in articles_actions.on_authors_change:
        articles_actions.on_authors_change.append(recount_for_authors)
    if has_decided not in counting.uncounted:
        counting.uncounted.append(has_decided)
    _connect_desk()
    signin.TOKEN_KINDS[TOKEN_PREFIX] = find_program
    if ask_for_second_factor not in SECOND_STEPS:
        SECOND_STEPS.append(ask_for_second_factor)
    if require_code not in signin.CODE_CHECKS:
        signin.CODE_CHECKS.append(require_code)
    if offer_passkey not in WAYS:
        WAYS.append(offer_passkey)
    if list_all_origins not in ORIGINS:
        ORIGINS.append(list_all_origins)
    _connect_privacy()
    _connect_mail()
    HANDLERS.update(
        {
            AGE_ITEM: age_item,
            RESTORE_UNDECIDED: restore_undecided,
            PURGE_ORIGINALS: purge_originals,
            LEAVE: leave,
            TIDY: tidy,
            MAIL_SIGN_IN: mail_sign_in,
            MAIL_RESET: mail_reset,
            MAIL_GUEST: mail_guest,
            CLAIM_GUEST: claim,
            TELL: tell,
            FAN_OUT: fan_out,
            TELL_RESTRICTED: tell_restricted,
        }
    )
    return app


def _connect_privacy() -> None:
    """Let what rooms beside it keep about people and texts come out with the rest, and go with it."""
    held_elsewhere["imported_from"] = list_origins
    held_elsewhere["threads_answered_elsewhere"] = list_continuations
    if forget_continuation not in forgetters:
        forgetters.append(forget_continuation)
    if forget_words not in forgetters:
        forgetters.append(forget_words)
    if forget_all_words not in tidiers:
        tidiers.append(forget_all_words)


def _connect_desk() -> None:
    """Let time settle what authors have decided, a comment wait for its author again that has become a doubt, and no template be posted as it stands."""
    for watch in (SUSPENSIONS, REOPENINGS, RETURNS):
        if watch not in due.WATCHES:
            due.WATCHES.append(watch)
    if wait_again not in comments_actions.on_other_stance:
        comments_actions.on_other_stance.append(wait_again)
    if refuse_template not in author_checks:
        author_checks.append(refuse_template)
    if forget_templates not in forgetters_of_people:
        forgetters_of_people.append(forget_templates)
    held_elsewhere["desk"] = list_held


def _connect_mail() -> None:
    """Let the rooms that cause mail be heard by those that write it, and the links in it lead to what they do."""
    TELLERS.update({Subject.STATEMENT: tell_statements, Subject.ANSWERED: tell_answered})
    FILLERS.update({ONE: ONE_FILLER, DIGEST: DIGEST_FILLER})
    LINK_HANDLERS.update({Purpose.CONFIRM: CONFIRMING, Purpose.SIGN_IN: ENTERING, Purpose.LINK: LINKING, Purpose.GUEST: POSTING_AS_GUEST})
    listeners: tuple[tuple[list[Any], Any], ...] = (
        (PASSES, pass_mail),
        (PASSES, pass_webhooks),
        (LISTENERS, tell_webhooks),
        (PASSES, pass_notifications),
        (LISTENERS, tell_people),
        (LAST, merge_words),
        (ARRANGERS, merge_all_words),
        (accounts_actions.on_address_confirmed, adopt_address),
        (WAYS, offer_host),
        (WAYS, offer_provider),
        (WAYS, offer_mail),
        (accounts_actions.on_take_over, forget_identities),
        (accounts_actions.on_new_account, send_confirmation),
        (accounts_actions.on_password_change, tell_password_changed),
        (accounts_actions.on_address_confirmed, claim_later),
        (accounts_actions.on_take_over, _forget_factors_of),
        (accounts_actions.on_take_over, end_feed_of),
        (on_security_change, tell_security_changed),
    )
    for heard, listener in listeners:
        if listener not in heard:
            heard.append(listener)


def _forget_factors_of(session: Session, account: Account) -> None:
    forget_factors(session, account.id)


def flask_config(settings: Settings) -> dict[str, Any]:
    """Return what Flask and its extensions are told, all of it from our settings."""
    return {
        "SECRET_KEY": settings.secret_key or ensure_secret(Path(settings.data_dir)),
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(
            settings.database_url, timeout_seconds=settings.database_timeout_seconds, pool_size=settings.database_pool_size
        ),
        "MAX_CONTENT_LENGTH": settings.max_request_bytes,
        "MAX_FORM_MEMORY_SIZE": settings.max_request_bytes,
        "SESSION_COOKIE_NAME": "__Host-forum" if settings.is_https else "forum",
        "SESSION_COOKIE_SECURE": settings.is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": settings.session_days * 86_400,
        "SEND_FILE_MAX_AGE_DEFAULT": 31_536_000,
        "WTF_CSRF_TIME_LIMIT": None,
        "BABEL_DEFAULT_LOCALE": settings.languages.split()[0],
        "BABEL_TRANSLATION_DIRECTORIES": str(Path(__file__).parent / "translations"),
    }


def create_store(settings: Settings) -> Flask:
    """Return an application that has nothing but its database: for a process that only looks after it."""
    app = Flask("forum", static_folder=None)
    app.config.update(flask_config(settings))
    app.extensions[SETTINGS] = settings
    _open_database(app)
    return app


def _open_database(app: Flask) -> None:
    file = app.extensions[SETTINGS].sqlite_file
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    app.extensions[service.SCHEMA_HEAD] = schema_head()
    with app.app_context():
        prepare_engine(db.engine)


def _register_doors(app: Flask) -> None:
    doors: list[Door] = []
    for room in (*API_ROOMS, *PAGE_ROOMS):
        app.register_blueprint(room.blueprint)
        doors += room.doors
    app.extensions[DOORS] = {door.endpoint: door for door in doors}
    settings: Settings = app.extensions[SETTINGS]
    names = {
        "title": settings.site_name,
        "version": VERSION,
        "base_url": settings.base_url,
        "cookie": app.config["SESSION_COOKIE_NAME"],
    }
    app.extensions[service.OPENAPI] = build_document(doors, **names)


def _put_in_front(app: Flask, settings: Settings) -> None:
    app.extensions[QUICK] = QuickReads(settings.database_url, timeout_seconds=settings.database_timeout_seconds)
    open_replica(app, settings)
    if settings.cache_megabytes:
        front = Front(app, app.extensions[DOORS].values(), read_stamp=read_state, find_reader=Readers(settings))
        app.extensions[FRONT] = front
        app.wsgi_app = front  # type: ignore[method-assign,assignment]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _prepare_templates(app: Flask, settings: Settings) -> None:
    languages = settings.languages.split()
    Babel(app, locale_selector=lambda: request.accept_languages.best_match(languages) or languages[0])
    speak(app)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        site_name=settings.site_name,
        csrf_token=csrf_token,
        static=_static,
        STANCES=STANCE_WORDS,
        REASON_WORDS=REASON_WORDS,
        Stance=Stance,
        safe_html=Markup,
    )
    app.context_processor(_everywhere)


def _everywhere() -> dict[str, Any]:
    framed = is_framed()
    return {
        "language": str(get_locale()).replace("_", "-"),
        "viewer": _viewer(),
        "framed": framed,
        "layout": "embed/layout.html" if framed else "base.html",
        "hosts": " ".join(allowed_origins()) if framed else "",
    }


def _viewer() -> Any:
    # A page that explains a failure must not fail again by asking the broken database who is there.
    return current_user.viewer if g.get("_login_user") is not None else VISITOR


def _static(name: str) -> str:
    return url_for("static", filename=name, v=VERSION)
