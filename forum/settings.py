"""Every setting: its name, type, default and one sentence; an unknown or wrong one stops the start with the way out.

A setting is an environment variable ``FORUM_<NAME>`` or a line in the TOML file that ``FORUM_CONFIG`` names; the environment wins.
``create_app`` and the commands call ``load_settings``; nobody else reads the environment.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from forum.mail_target import default_sender, read_mail_target, read_sender
from forum.setting_addresses import SettingsError as SettingsError
from forum.setting_addresses import check_database_url, check_networks, check_redis_url, check_replica_url, is_loopback, split_address

PREFIX = "FORUM_"
SECRET_MINIMUM = 32
SECRET_FILE = "secret_key"
_RATE = re.compile(r"(\d{1,6})/(\d{0,5})([smhd])")
# Greedy up to the last @: a password may hold any character, also those that should have been escaped.
_NETLOC_PASSWORD = re.compile(r"(://[^:/@]*:).*@")
_PARAMETER_PASSWORD = re.compile(r"([?&][a-z]*password=)[^&]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Rate:
    """At most ``count`` of something in any ``seconds``."""

    count: int
    seconds: int


def parse_rates(text: str) -> tuple[Rate, ...]:
    """Read ``"30/10m 200/d"`` as rates: a count, a slash, a number of s, m, h or d (1 when left out). Raises SettingsError."""
    rates = []
    for word in text.split():
        match = _RATE.fullmatch(word)
        if match is None or int(match[1]) < 1 or match[2] == "0":
            raise SettingsError(f"'{word}' is not a rate; write a count and a span, such as 30/10m or 200/d.")
        rates.append(Rate(int(match[1]), int(match[2] or 1) * _UNIT_SECONDS[match[3]]))
    return tuple(rates)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one application, already checked. The sentence beside each one is what ``forum settings`` and the README show."""

    database_url: Annotated[
        str, Meta(description="Where the discussion is kept: `sqlite:///…` or `postgresql://…`; empty: an SQLite file in the data folder.")
    ] = ""
    database_replica_url: Annotated[
        str,
        Meta(
            description="A streaming replica of the PostgreSQL database, which answers readers where it has what they must see; empty: none."
        ),
    ] = ""
    data_dir: Annotated[str, Meta(description="The folder of the embedded database and the generated secret.")] = "./var"
    secret_key: Annotated[
        str,
        Meta(description="Signs sessions and links, at least 32 characters; empty: made once and kept in the data folder with mode 600."),
    ] = ""
    base_url: Annotated[str, Meta(description="The public address, without a path; https switches on Secure cookies and HSTS.")] = (
        "http://127.0.0.1:8000"
    )
    site_name: Annotated[str, Meta(description="The name in the page header and titles.", min_length=1, max_length=80)] = "Open Discussion"
    registration: Annotated[
        Literal["open", "closed"],
        Meta(description="Who may sign up: `open` for everyone, `closed` for nobody (accounts come from `forum account create`)."),
    ] = "open"
    hold_first_comments: Annotated[
        str,
        Meta(
            description="Hold the first N comments of a new writer for a moderator, or `all`; a site's own screening rules may say otherwise.",
            pattern="^(all|[0-9]{1,3})$",
        ),
    ] = "0"
    rate_limits: Annotated[
        Literal["on", "off"],
        Meta(description="`off` for load tests only: no rates, and no refusal of repeated texts or in heated threads."),
    ] = "on"
    sign_in_rate: Annotated[str, Meta(description="Failed and successful sign-ins for one login name or address.")] = "10/5m 50/d"
    sign_in_address_rate: Annotated[str, Meta(description="Sign-ins from one network address (IPv6: one /64), whatever the login.")] = (
        "30/5m 300/d"
    )
    second_factor_rate: Annotated[
        str, Meta(description="Codes of a second factor tried for one account: from an app or recovery codes, right or wrong.")
    ] = "5/5m 30/d"
    sign_up_rate: Annotated[str, Meta(description="Sign-ups from one network address.")] = "5/10m 20/d"
    comment_rate: Annotated[str, Meta(description="Comments by one account.")] = "10/5m 100/d"
    edit_rate: Annotated[str, Meta(description="Edits, withdrawals and their undoing by one account.")] = "30/10m 300/d"
    tag_rate: Annotated[str, Meta(description="Tags set, changed or removed by one account.")] = "30/10m 200/d"
    tag_change_rate: Annotated[str, Meta(description="Changes of one account's tag on one comment.")] = "5/h"
    preview_rate: Annotated[str, Meta(description="Previews rendered for one account or network address.")] = "60/5m"
    report_rate: Annotated[str, Meta(description="Reports by one account.")] = "10/h 30/d"
    mail_rate: Annotated[str, Meta(description="Mails to one address that somebody asks for, such as sign-in links.")] = "5/h 20/d"
    mail_network_rate: Annotated[str, Meta(description="Mails that are asked for from one network address, to whomever.")] = "20/h 60/d"
    start_rate: Annotated[str, Meta(description="Discussions that pages of allowed origins open, from one network address.")] = "20/h 100/d"
    export_rate: Annotated[str, Meta(description="Exports of one account's data.")] = "5/h 20/d"
    notice_rate: Annotated[str, Meta(description="Notices of people without an account, from one network address.")] = "5/h 20/d"
    session_days: Annotated[int, Meta(description="Days after which a sign-in ends in any case.", ge=1, le=400)] = 60
    session_idle_days: Annotated[int, Meta(description="Days without a visit after which a sign-in ends.", ge=1, le=400)] = 14
    edit_grace_minutes: Annotated[int, Meta(description="Minutes after posting in which an edit is not marked as one.", ge=0, le=1440)] = 10
    unwithdraw_days: Annotated[int, Meta(description="Days in which a writer may undo a withdrawal.", ge=0, le=365)] = 30
    max_request_bytes: Annotated[
        int, Meta(description="The largest request body that is read; more is answered with 413.", ge=16_384, le=16_777_216)
    ] = 524_288
    database_timeout_seconds: Annotated[
        int, Meta(description="How long a write waits for the database before the answer is 503.", ge=1, le=60)
    ] = 5
    database_pool_size: Annotated[
        int, Meta(description="Database connections kept by one process (PostgreSQL and SQLite alike).", ge=1, le=200)
    ] = 20
    mail_url: Annotated[
        str,
        Meta(
            description="Where mail goes: `smtp://user:password@host:587` (STARTTLS when offered), `smtps://…`, `console:` (standard error),"
            " `file:` (one file a mail in the data folder's `mail`) or `file:/path`."
        ),
    ] = "file:"
    mail_from: Annotated[
        str, Meta(description="Whom mail comes from, `forum@example.org` or `A name <forum@example.org>`; empty: `forum@` and our host.")
    ] = ""
    oidc_issuer: Annotated[
        str,
        Meta(
            description="The provider of OpenID Connect with which people may sign in, such as `https://login.example.org`; empty: none."
            " It needs the extra `sso`."
        ),
    ] = ""
    oidc_client_id: Annotated[str, Meta(description="The name by which the provider knows this service.")] = ""
    oidc_client_secret: Annotated[str, Meta(description="The secret that the provider gave this service; empty: a public client.")] = ""
    oidc_name: Annotated[
        str, Meta(description="What the provider is called on the sign-in page; empty: the host of its address.", max_length=80)
    ] = ""
    redis_url: Annotated[
        str,
        Meta(
            description="Redis or Valkey, `redis://host:6379/0`, in which servers share what they have answered, and which spares the database"
            " the counting of requests; empty: none. Needs the extra `redis`."
        ),
    ] = ""
    webhook_private_hosts: Annotated[
        str,
        Meta(
            description="Hosts, separated by spaces, to which webhooks may lead although they are in a private network or speak plain http;"
            " empty: none."
        ),
    ] = ""
    trusted_proxies: Annotated[
        int,
        Meta(description="How many proxy hops in front are ours; their X-Forwarded-* headers are believed, nobody else's.", ge=0, le=10),
    ] = 0
    workers: Annotated[int, Meta(description="Server processes; 0: one per processor, at most 4.", ge=0, le=64)] = 0
    threads: Annotated[int, Meta(description="Threads in each server process.", ge=1, le=64)] = 8
    cache_megabytes: Annotated[
        int, Meta(description="How much each process keeps of what it has answered, in megabytes; 0: nothing.", ge=0, le=4096)
    ] = 32
    shared_cache_seconds: Annotated[
        int,
        Meta(
            description="How long a cache in front (CDN) may answer visitors without asking us (`s-maxage`); 0: it asks each time.",
            ge=0,
            le=86_400,
        ),
    ] = 0
    jobs: Annotated[
        Literal["in-process", "apart"],
        Meta(description="Who runs what is done later: `in-process` a thread in each server process, `apart` only `forum worker`."),
    ] = "in-process"
    metrics_allowed: Annotated[
        str,
        Meta(
            description="Addresses and networks that may read `/metrics`, separated by spaces; empty: nobody, and nothing is counted."
            " Needs the extra `metrics`."
        ),
    ] = "127.0.0.0/8 ::1"
    slow_query_ms: Annotated[
        int, Meta(description="Milliseconds from which on a statement of the database is logged as slow; 0: none is.", ge=0, le=60_000)
    ] = 200
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="The least severe log line that is written.")] = (
        "info"
    )
    log_format: Annotated[Literal["json", "console"], Meta(description="`json` for one object a line, `console` for people.")] = "json"
    languages: Annotated[
        str, Meta(description="Languages offered, best first, separated by spaces; a translation must exist for each but `en`.")
    ] = "en"

    @property
    def is_https(self) -> bool:
        """Whether the public address is https."""
        return self.base_url.startswith("https://")

    @property
    def mail_sender(self) -> tuple[str, str]:
        """Whom mail comes from: a name for the mail program's list, and the address."""
        name, address = read_sender(self.mail_from) or ("", default_sender(self.base_url))
        return name or " ".join(self.site_name.split()), address

    @property
    def private_webhook_hosts(self) -> frozenset[str]:
        """The hosts to which webhooks may lead although they are private, as addresses write them."""
        return frozenset(self.webhook_private_hosts.lower().split())

    @property
    def provider_name(self) -> str:
        """What people call the provider of OpenID Connect."""
        return self.oidc_name or urlsplit(self.oidc_issuer).hostname or ""

    @property
    def sqlite_file(self) -> Path | None:
        """The embedded database's file, or None when another database is set."""
        if self.database_url.startswith("sqlite:///"):
            return Path(self.database_url.removeprefix("sqlite:///"))
        return None


@dataclass(frozen=True)
class Described:
    """One setting as ``forum settings`` shows it."""

    name: str
    kind: str
    default: str
    meaning: str
    value: str
    source: str


MASK = "…"
SECRETS = frozenset({"secret_key", "database_url", "database_replica_url", "mail_url", "redis_url", "oidc_client_secret"})
# Nothing of these is shown; of an address only the password is hidden.
WHOLLY_SECRET = frozenset({"secret_key", "oidc_client_secret"})


def load_settings(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Return the settings from ``overrides``, the environment and the TOML file, in that order of precedence.

    Relative paths are made absolute against the present folder. Raises SettingsError for an unknown name, a wrong type or an unusable value.
    """
    values, _ = _collect(os.environ if environ is None else environ, overrides)
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{_blame(str(error))} 'forum settings' lists every setting.") from None
    return _check(settings)


def describe_settings(environ: Mapping[str, str] | None = None) -> list[Described]:
    """Return every setting with type, default, meaning, present value and where that came from; secrets are masked."""
    values, sources = _collect(os.environ if environ is None else environ, {})
    rows = []
    for field in msgspec.structs.fields(Settings):
        hint = get_type_hints(Settings, include_extras=True)[field.name]
        inner, meta = get_args(hint)[0], get_args(hint)[1]
        value = str(values.get(field.name, field.default))
        if field.name in SECRETS:
            value = mask_password(value)
        if field.name in WHOLLY_SECRET and value:
            value = MASK
        rows.append(
            Described(
                PREFIX + field.name.upper(), _kind(inner), str(field.default), meta.description, value, sources.get(field.name, "default")
            )
        )
    return rows


def _collect(environ: Mapping[str, str], overrides: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    known = set(Settings.__struct_fields__)
    path = environ.get("FORUM_CONFIG", "")
    for name, value in _read_file(path).items() if path else ():
        if name not in known:
            raise SettingsError(f"'{name}' in {path} is not a setting; 'forum settings' lists every one.")
        values[name], sources[name] = value, path
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable in ("FORUM_CONFIG", "FORUM_TEST_PG_URL"):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in known or variable != variable.upper():
            raise SettingsError(f"{variable} is not a setting; 'forum settings' lists every one.")
        values[name], sources[name] = text, "environment"
    for name, given in overrides.items():
        if name not in known:
            raise SettingsError(f"'{name}' is not a setting; 'forum settings' lists every one.")
        values[name], sources[name] = given, "argument"
    return values, sources


def _read_file(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"FORUM_CONFIG names {path}, which cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None


def _check(settings: Settings) -> Settings:
    base = split_address(settings.base_url)
    if (
        base is None
        or base.username is not None
        or base.scheme not in ("http", "https")
        or not base.hostname
        or base.path not in ("", "/")
        or base.query
        or base.fragment
    ):
        raise SettingsError("FORUM_BASE_URL must be an address such as https://talk.example.org, without a path.")
    if settings.secret_key and len(settings.secret_key) < SECRET_MINIMUM:
        raise SettingsError(f"FORUM_SECRET_KEY is shorter than {SECRET_MINIMUM} characters; leave it out and 'forum init' makes one.")
    if read_mail_target(settings.mail_url) is None:
        raise SettingsError(
            "FORUM_MAIL_URL must be smtp://user:password@host:port, smtps://…, console:, file: or file:/path, with special characters as %XX."
        )
    if settings.mail_from and read_sender(settings.mail_from) is None:
        raise SettingsError("FORUM_MAIL_FROM must be an address such as forum@example.org, or 'A name <forum@example.org>'.")
    check_redis_url(settings.redis_url)
    check_networks(settings.metrics_allowed)
    for field in Settings.__struct_fields__:
        if field.endswith("_rate"):
            try:
                parse_rates(getattr(settings, field))
            except SettingsError as error:
                raise SettingsError(f"{PREFIX}{field.upper()}: {error}") from None
    _check_languages(settings.languages)
    _check_provider(settings)
    data = Path(settings.data_dir).resolve()
    url = check_database_url(settings.database_url or f"sqlite:///{data / 'forum.sqlite3'}")
    replica = check_replica_url(settings.database_replica_url, url)
    return msgspec.structs.replace(
        settings, data_dir=str(data), database_url=url, database_replica_url=replica, base_url=settings.base_url.rstrip("/")
    )


def _check_provider(settings: Settings) -> None:
    if not settings.oidc_issuer:
        if settings.oidc_client_id or settings.oidc_client_secret or settings.oidc_name:
            raise SettingsError("FORUM_OIDC_ISSUER is missing: name the provider, or leave out the other FORUM_OIDC_ settings.")
        return
    parts = split_address(settings.oidc_issuer)
    is_safe = parts is not None and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")))
    if parts is None or not is_safe or not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise SettingsError("FORUM_OIDC_ISSUER must be an https address such as https://login.example.org, as the provider writes it.")
    if not settings.oidc_client_id:
        raise SettingsError("FORUM_OIDC_CLIENT_ID is missing: register this service with the provider, which gives it a name.")
    if any(find_spec(name) is None for name in ("authlib", "joserfc", "requests")):
        raise SettingsError("FORUM_OIDC_ISSUER is set, but what that takes is not installed: pip install 'forum[sso]'.")


def _check_languages(languages: str) -> None:
    if not languages.split():
        raise SettingsError("FORUM_LANGUAGES is empty; leave it out for English.")
    for language in languages.split():
        there = language == "en" or (_LANGUAGE.fullmatch(language) and (Path(__file__).parent / "translations" / language).is_dir())
        if not there:
            raise SettingsError(f"FORUM_LANGUAGES: there is no translation to '{language}' yet; leave it out.")


def mask_password(address: str) -> str:
    """Return an address without its password, wherever one stands in it: before the last ``@`` or as a parameter."""
    return _PARAMETER_PASSWORD.sub(rf"\1{MASK}", _NETLOC_PASSWORD.sub(rf"\1{MASK}@", address))


def _kind(hint: object) -> str:
    choices = get_args(hint)
    return " or ".join(str(choice) for choice in choices) if choices else getattr(hint, "__name__", str(hint))


def _blame(message: str) -> str:
    match = re.search(r"(.*) - at `\$\.(\w+)`", message)
    return f"{PREFIX}{match[2].upper()}: {match[1]}." if match else f"{message}."
