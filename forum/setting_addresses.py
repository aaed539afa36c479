"""Checks of the settings that are addresses: of the database, of Redis, of networks; each failure is one sentence with the way out. Called by ``settings``."""

from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit


class SettingsError(Exception):
    """A setting is unknown, malformed or unusable; the message is one sentence with the way out."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, to which plain http is safe."""
    return host in ("localhost", "127.0.0.1", "::1")


def split_address(address: str) -> SplitResult | None:
    """Return the parts of an address, or None when it is none."""
    try:
        parts = urlsplit(address)
        # A port is checked only when it is asked for.
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def check_database_url(url: str, *, setting: str = "FORUM_DATABASE_URL") -> str:
    """Return the database's address as SQLAlchemy takes it. Raises SettingsError, which names ``setting``."""
    if url.startswith("sqlite:///") and url not in ("sqlite:///", "sqlite:///:memory:"):
        return f"sqlite:///{Path(url.removeprefix('sqlite:///')).resolve()}"
    if url.startswith("postgres://"):
        url = "postgresql://" + url.removeprefix("postgres://")
    if not url.startswith(("postgresql://", "postgresql+psycopg://")):
        raise SettingsError(f"{setting} must begin with sqlite:/// and a file, or with postgresql://.")
    if find_spec("psycopg") is None:
        raise SettingsError(f"{setting} names PostgreSQL, whose driver is not installed: pip install 'forum[postgres]'.")
    try:
        urlsplit(url).port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise SettingsError(
            f"{setting} cannot be read: write postgresql://name:password@host:5432/database, with special characters as %XX."
        ) from None
    return url


def check_replica_url(url: str, database_url: str) -> str:
    """Return the replica's address as SQLAlchemy takes it, or nothing where there is none. Raises SettingsError."""
    if not url:
        return ""
    if not database_url.startswith("postgresql"):
        raise SettingsError(
            "FORUM_DATABASE_REPLICA_URL is set, but only PostgreSQL has replicas: leave it out, or set FORUM_DATABASE_URL to the primary."
        )
    if not url.startswith("postgres"):
        raise SettingsError(
            "FORUM_DATABASE_REPLICA_URL must begin with postgresql://: it is a replica of the PostgreSQL that FORUM_DATABASE_URL names."
        )
    return check_database_url(url, setting="FORUM_DATABASE_REPLICA_URL")


def check_redis_url(url: str) -> None:
    """Raise SettingsError unless ``url`` is empty or an address of a Redis or Valkey whose client is installed."""
    if not url:
        return
    parts = split_address(url)
    is_there = parts is not None and bool(parts.path if parts.scheme == "unix" else parts.hostname)
    if parts is None or parts.scheme not in ("redis", "rediss", "valkey", "valkeys", "unix") or not is_there:
        raise SettingsError("FORUM_REDIS_URL must be an address such as redis://:password@host:6379/0, rediss://… (TLS) or unix:///path.")
    if find_spec("redis") is None:
        raise SettingsError("FORUM_REDIS_URL is set, but the client is not installed: pip install 'forum[redis]'.")


def check_networks(networks: str) -> None:
    """Raise SettingsError unless ``networks`` are addresses and networks, separated by spaces."""
    for network in networks.split():
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise SettingsError(f"FORUM_METRICS_ALLOWED: '{network}' is neither an address nor a network such as 10.0.0.0/8.") from None
