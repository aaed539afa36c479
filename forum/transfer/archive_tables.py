"""What an archive holds of each table and column: everything, unless it is named here with the reason. Read by the export, the backup and the way in.

The rule: a backup holds every table but ``DERIVED``; an export leaves out what proves who somebody is as well, and what is over in a day. A test compares the
lists with the database, so that nobody adds a table or a column without deciding.
"""

from collections.abc import Mapping

from sqlalchemy import Column, Table

from forum.db.base import Base

# What proves who somebody is, or lets a program in: only a backup holds it.
SECRET_TABLES: Mapping[str, str] = {
    "sign_ins": "who is signed in where",
    "hand_overs": "codes by which a frame takes over a sign-in",
    "api_tokens": "personal tokens",
    "site_tokens": "tokens of hosts' programs",
    "mail_links": "links that sign in or reset a password",
    "factors": "authenticator apps and passkeys",
    "recovery_codes": "codes that stand in for a lost factor",
    "host_keys": "keys with which hosts sign tokens",
    "webhooks": "addresses of programs, which may hold a secret themselves",
    "webhook_secrets": "what messages to programs are signed with",
    "webhook_deliveries": "messages to programs",
}
SECRET_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "accounts": {"password_hash": "nobody has a password until they set one by a mailed link, or `forum account password` does"},
    "subscribers": {"feed_hash": "the address of a private feed is made anew where its owner asks for it"},
}
# What is over soon, and means nothing in another installation: only a backup holds it.
TRANSIENT_TABLES: Mapping[str, str] = {
    "rate_limits": "how much somebody did in the last hours",
    "stored_answers": "answers to requests that may be sent again for a day",
    "used_tokens": "hosts' tokens that were used",
    "used_challenges": "challenges of passkeys that were answered",
    "reconsiderations": "texts that were sent again once",
    "mails": "letters on their way: the installation that wrote them sends them",
}
# Made again by the database itself from the rows of other tables: never in an archive.
DERIVED_TABLES: Mapping[str, str] = {
    "comment_words": "the index of search, kept by triggers",
}
# What a database that nobody has used may hold, and loses when an archive is read into it.
INCIDENTAL_TABLES = frozenset({*TRANSIENT_TABLES, *DERIVED_TABLES, "jobs", "sites"})


def archived_tables(*, secrets: bool) -> list[Table]:
    """Return the tables that an archive holds, each after those that it refers to."""
    left_out = DERIVED_TABLES.keys() | (set() if secrets else SECRET_TABLES.keys() | TRANSIENT_TABLES.keys())
    return [table for table in Base.metadata.sorted_tables if table.name not in left_out]


def archived_columns(table: Table, *, secrets: bool) -> list[Column[object]]:
    """Return the columns of a table that an archive holds; what the database computes by itself is not stored twice."""
    left_out = {} if secrets else SECRET_COLUMNS.get(table.name, {})
    return [column for column in table.columns if column.computed is None and column.name not in left_out]
