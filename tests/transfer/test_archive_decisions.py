"""Whoever adds a table or a column decides whether an archive holds it: everything that an export holds is named here, everything that it does not in the program."""

import re

import pytest
from flask import Flask
from sqlalchemy import inspect

from forum.db.base import Base, db
from forum.transfer.archive_shape import KINDS, describe, kind_of
from forum.transfer.archive_tables import (
    DERIVED_TABLES,
    SECRET_COLUMNS,
    SECRET_TABLES,
    TRANSIENT_TABLES,
    archived_columns,
    archived_tables,
)
from tests.architecture.source import ROOT

# What `forum export` gives away. A new column belongs here, or in SECRET_COLUMNS of archive_tables.py with the reason.
EXPORTED: dict[str, str] = {
    "accounts": (
        "id handle email display_name credential verified created_at leaving_at leaving_with left_at email_confirmed_at is_guest "
        "guest_email away_note away_until is_author has_news writes"
    ),
    "appeals": (
        "id site_id decision_id sanction_id report_id part appellant_id first_decider_id body version question asked_by asked_at "
        "answer answered_at alone_from same_person outcome reasons replacement_id decided_by decided_at created_at"
    ),
    "article_addresses": "id site_id article_id address address_hash",
    "article_authors": "article_id account_id position",
    "article_change_roots": "change_id root_id",
    "article_changes": "id site_id kind article_id into_id before created_at undone_at",
    "articles": (
        "id site_id slug key url title body_md body_html renderer main_claim opening_question series_id part created_at closed_at "
        "closed_reason reopens_at last_activity_at merged_into_id version comment_count stance_agreement stance_disagreement "
        "stance_skepticism stance_encouragement tag_agreement tag_disagreement tag_skepticism tag_encouragement"
    ),
    "attention_events": "id comment_id account_id attention until created_at",
    "batches": "id site_id moderator_id action created_at undone_at",
    "comments": (
        "id site_id article_id parent_id root_id depth author_id state stance body_md body_html renderer fingerprint version "
        "created_at listed published_at edited_at withdrawn_at withdrawn_from activity_at locked_at notice restriction_by "
        "restriction_reason restriction_id confidential lead featured reply_count thread_count author_replied author_reply_id "
        "tag_agreement tag_disagreement tag_skepticism tag_encouragement tag_n score_valued score_contested doubt_rank desk_base "
        "desk_rank attention attention_until thread_agreement thread_disagreement thread_skepticism thread_encouragement"
    ),
    "continuations": "comment_id article_id account_id line created_at",
    "decisions": (
        "id site_id item_id item_version comment_id revision_id moderator_id rule action reason statement note notice from_state "
        "to_state comment_version closes own_initiative restricts appeal_id batch_id undoes_id undone_at resubmitted_at "
        "created_at"
    ),
    "erasures": "id site_id comment_id reason why asked_by asked_at confirmed_by done_at dropped_at",
    "external_refs": "id site_id source kind external_id local_id",
    "findings": "id comment_id revision_id phase outcome code reason detail matches spans created_at",
    "follows": "subscriber_id kind target_id created_at",
    "identities": "id account_id issuer subject created_at last_used_at",
    "item_reasons": "item_id reason site_id state lane rank",
    "jobs": "id kind payload due_at attempts last_error buried_at created_at",
    "memberships": "account_id site_id role",
    "moderation_log": (
        "id site_id seq at event actor_kind actor_id rule reason article_id comment_id decision_id from_state to_state detail "
        "is_public previous_hash hash"
    ),
    "moderation_log_heads": "site_id seq hash",
    "moderator_notes": "id site_id account_id item_id author_id body created_at",
    "notifications": "id subscriber_id subject subject_id reason article_id comment_id created_at read_at mail_due_at mailed_at",
    "reply_templates": "id account_id title body_md created_at",
    "reports": (
        "id reference site_id comment_id revision_id item_id reporter_id notifier_name notifier_email reason note weight state "
        "decision_id created_at closed_at"
    ),
    "restrictions": "comment_id decision_id",
    "reveals": "comment_id account_id revealed_at",
    "review_items": (
        "id site_id article_id comment_id writer_id state origin reason lane base_lane aged priority rank version revision_id "
        "opened_by opened_at due_at claimed_by claimed_until closed_at"
    ),
    "revisions": "id comment_id number body_md stance state body_html renderer redacted_id created_at",
    "rule_sets": "id site_id number document changed_by created_at",
    "sanctions": (
        "id site_id account_id kind reason statement note decision_id imposed_by starts_at ends_at acknowledged_at lifted_at "
        "lifted_by overturned tags_stopped created_at"
    ),
    "series": "id site_id slug title",
    "site_origins": "id site_id origin created_at",
    "sites": "id slug created_at creates_articles takes_guests sso_issuer sso_address",
    "statements": (
        "id site_id account_id decision_id sanction_id restriction source detected_automatically decided_automatically ground "
        "clause ends_at appeal_until mail_after mailed_at created_at"
    ),
    "subscribers": "id account_id email language answers desk follows quiet_from quiet_to zone digest_hour created_at",
    "tag_events": "id comment_id account_id stance created_at",
    "tags": "comment_id account_id stance counted suspended created_at changed_at",
}
# Names that something secret has; a column of such a name that is exported is one that was looked at.
SUSPICIOUS = re.compile(r"password|secret|token|_hash$|^key$|^code|public_key")
LOOKED_AT = {
    "findings.code": "the name of what was found",
    "articles.key": "the host's own name for an article",
    "article_addresses.address_hash": "of an address that stands beside it",
    "moderation_log.previous_hash": "what the log is verified by",
}


def test_every_table_and_column_is_decided() -> None:
    found = {
        table.name: " ".join(column.name for column in archived_columns(table, secrets=False)) for table in archived_tables(secrets=False)
    }
    assert found == EXPORTED


def test_what_is_left_out_is_there_and_is_left_out_once() -> None:
    tables = Base.metadata.tables
    groups = [set(SECRET_TABLES), set(TRANSIENT_TABLES), set(DERIVED_TABLES)]
    assert sum(map(len, groups)) == len(set.union(*groups))
    assert {*SECRET_TABLES, *TRANSIENT_TABLES} <= tables.keys()
    for table, columns in SECRET_COLUMNS.items():
        for name in columns:
            # Whoever takes in an archive without it must have something to put there.
            assert tables[table].columns[name].nullable or tables[table].columns[name].server_default is not None


def test_nothing_exported_sounds_like_a_secret() -> None:
    named = [f"{table}.{name}" for table, names in EXPORTED.items() for name in names.split() if SUSPICIOUS.search(name)]
    assert sorted(named) == sorted(LOOKED_AT)


def test_what_is_exported_refers_to_nothing_that_is_not() -> None:
    for table in archived_tables(secrets=False):
        assert {key.column.table.name for key in table.foreign_keys} <= EXPORTED.keys()


def test_every_table_of_the_database_is_in_a_backup_or_derived(app: Flask) -> None:
    known = {table.name for table in archived_tables(secrets=True)}
    rest = {name for name in inspect(db.engine).get_table_names() if name not in known}
    assert all(name == "alembic_version" or name.startswith(("forum_jobs_", *DERIVED_TABLES)) for name in rest), rest


def test_the_database_says_the_same_of_every_column(app: Flask) -> None:
    there = inspect(db.engine)
    for shape in describe(secrets=True).tables:
        found = {column["name"]: column for column in there.get_columns(shape.name)}
        for column in shape.columns:
            assert kind_of(found[column.name]["type"]) is column.kind, (shape.name, column.name)
            assert found[column.name]["nullable"] == column.nullable, (shape.name, column.name)


@pytest.mark.parametrize("secrets", [False, True])
def test_the_description_says_what_tables_and_columns_mean(secrets: bool) -> None:
    schema = describe(secrets=secrets)
    assert schema.kinds == {kind.value: meaning for kind, meaning in KINDS.items()}
    assert all(shape.meaning and shape.key for shape in schema.tables)
    comments = next(shape for shape in schema.tables if shape.name == "comments")
    said = {column.name: column for column in comments.columns}
    assert said["author_id"].references == "accounts.id"
    assert "pinned" in said["lead"].meaning


def test_the_document_names_what_is_left_out() -> None:
    text = (ROOT / "docs/archive.md").read_text(encoding="utf-8")
    columns = [f"{table}.{name}" for table, names in SECRET_COLUMNS.items() for name in names]
    for name in [*SECRET_TABLES, *TRANSIENT_TABLES, *DERIVED_TABLES, *columns, *(kind.value for kind in KINDS)]:
        assert f"`{name}`" in text, name
