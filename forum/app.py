"""Builds one application from its settings: database, sign-in, doors, templates, log lines. The only place that knows every room."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog
from alembic.script import ScriptDirectory
from flask import Flask, g, request, url_for
from flask_babel import Babel, get_locale
from flask_login import current_user
from flask_migrate import Migrate
from jinja2 import StrictUndefined
from markupsafe import Markup
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from forum.access.viewer import VISITOR
from forum.accounts import actions as accounts_actions
from forum.accounts import api as accounts_api
from forum.accounts import pages as accounts_pages
from forum.accounts import signin
from forum.articles import actions as articles_actions
from forum.articles import api as articles_api
from forum.articles import pages as articles_pages
from forum.comments.stance import Stance
from forum.db.base import db
from forum.db.engine import engine_options, prepare_engine
from forum.db.paging import Cursors
from forum.jobs import models as jobs_models
from forum.jobs.handlers import HANDLERS
from forum.moderation import api as moderation_api
from forum.moderation import (
    batch_pages,
    item_pages,
    log_api,
    log_pages,
    report_api,
    report_pages,
    rule_api,
    rule_pages,
    sanction_api,
    sanction_pages,
)
from forum.moderation import models as moderation_models
from forum.moderation import pages as moderation_pages
from forum.moderation.decision_words import REASON_WORDS
from forum.moderation.decisions import restore_undecided
from forum.moderation.items import AGE_ITEM, age_item
from forum.moderation.moves import PURGE_ORIGINALS, RESTORE_UNDECIDED
from forum.moderation.queries import has_decided
from forum.moderation.sanctioning import SUSPENSIONS
from forum.paths import resource
from forum.posting import api as posting_api
from forum.posting import pages as posting_pages
from forum.posting import reading_pages
from forum.posting.people import refresh_pages_of
from forum.privacy import api as privacy_api
from forum.privacy import models as privacy_models
from forum.privacy import pages as privacy_pages
from forum.privacy.export import held_elsewhere
from forum.privacy.leaving import LEAVE, leave
from forum.privacy.purging import purge_originals
from forum.privacy.tidying import TIDY, tidy
from forum.redress import api as redress_api
from forum.redress import appeal_pages, decision_pages
from forum.redress import models as redress_models
from forum.redress import pages as redress_pages
from forum.sanctions import models as sanctions_models
from forum.secret import ensure_secret
from forum.settings import Settings, load_settings
from forum.stances import api as stances_api
from forum.stances import counting
from forum.stances.authors import recount_for_authors
from forum.stances.words import STANCE_WORDS
from forum.transfer import models as transfer_models
from forum.transfer.queries import list_origins
from forum.transparency import api as transparency_api
from forum.transparency import pages as transparency_pages
from forum.web import due, service
from forum.web.context import CURSORS, SETTINGS
from forum.web.csrf import csrf_token
from forum.web.doors import Door
from forum.web.headers import register_headers
from forum.web.logs import configure_logs
from forum.web.openapi import build_document
from forum.web.problems import register_problems

API_ROOMS = (
    service.doors,
    accounts_api.doors,
    articles_api.doors,
    posting_api.doors,
    stances_api.doors,
    report_api.doors,
    moderation_api.doors,
    log_api.doors,
    rule_api.doors,
    sanction_api.doors,
    redress_api.doors,
    transparency_api.doors,
    privacy_api.doors,
)
PAGE_ROOMS = (
    service.pages,
    accounts_pages.doors,
    articles_pages.doors,
    reading_pages.doors,
    posting_pages.doors,
    moderation_pages.doors,
    item_pages.doors,
    batch_pages.doors,
    log_pages.doors,
    rule_pages.doors,
    report_pages.doors,
    decision_pages.doors,
    sanction_pages.doors,
    redress_pages.doors,
    appeal_pages.doors,
    transparency_pages.doors,
    privacy_pages.doors,
)
DOORS = "forum_doors"
# Named so that its tables are known to migrations; its commands are the command line's.
TABLES_WITHOUT_DOORS = (transfer_models, moderation_models, jobs_models, sanctions_models, redress_models, privacy_models)
log = structlog.get_logger(__name__)


class RowId(IntegerConverter):
    """A row's id in an address: 1 to 2**63 - 1, so that no address can ask a database for a number it cannot hold."""

    regex = r"[1-9][0-9]{0,18}"

    def __init__(self, map: Any) -> None:
        super().__init__(map, min=1, max=2**63 - 1)


def create_app(settings: Settings | None = None) -> Flask:
    """Return an application built from ``settings``, or from the environment. Raises SettingsError."""
    settings = settings or load_settings()
    configure_logs(settings)
    app = Flask("forum", template_folder=str(resource("templates")), static_folder=str(Path(__file__).parent / "static"))
    app.config.update(flask_config(settings))
    app.extensions[SETTINGS] = settings
    app.extensions[CURSORS] = Cursors(app.config["SECRET_KEY"])
    app.url_map.converters["id"] = RowId
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    _open_database(app)
    signin.attach(app)
    register_headers(app)
    register_problems(app)
    _register_doors(app)
    _prepare_templates(app, settings)
    if refresh_pages_of not in accounts_actions.on_profile_change:
        accounts_actions.on_profile_change.append(refresh_pages_of)
    if recount_for_authors not in articles_actions.on_authors_change:
        articles_actions.on_authors_change.append(recount_for_authors)
    if has_decided not in counting.uncounted:
        counting.uncounted.append(has_decided)
    if SUSPENSIONS not in due.WATCHES:
        due.WATCHES.append(SUSPENSIONS)
    held_elsewhere["imported_from"] = list_origins
    HANDLERS.update(
        {
            AGE_ITEM: age_item,
            RESTORE_UNDECIDED: restore_undecided,
            PURGE_ORIGINALS: purge_originals,
            LEAVE: leave,
            TIDY: tidy,
        }
    )
    return app


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


def _open_database(app: Flask) -> None:
    file = app.extensions[SETTINGS].sqlite_file
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    Migrate(app, db, directory=str(resource("migrations")), render_as_batch=True, compare_type=True, compare_server_default=True)
    app.extensions[service.SCHEMA_HEAD] = ScriptDirectory(str(resource("migrations"))).get_current_head()
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
        "version": version("forum"),
        "base_url": settings.base_url,
        "cookie": app.config["SESSION_COOKIE_NAME"],
    }
    app.extensions[service.OPENAPI] = build_document(doors, **names)


def _prepare_templates(app: Flask, settings: Settings) -> None:
    languages = settings.languages.split()
    Babel(app, locale_selector=lambda: request.accept_languages.best_match(languages) or languages[0])
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
    app.context_processor(lambda: {"language": str(get_locale()).replace("_", "-"), "viewer": _viewer()})


def _viewer() -> Any:
    # A page that explains a failure must not fail again by asking the broken database who is there.
    return current_user.viewer if g.get("_login_user") is not None else VISITOR


def _static(name: str) -> str:
    return url_for("static", filename=name, v=version("forum"))
