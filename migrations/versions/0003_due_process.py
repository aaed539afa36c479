"""Due process and privacy: statements of reasons, sanctions, appeals, erasures; what comments, decisions, tags, findings and accounts need for them.

Every restriction that is there gets its statement first; from then on the database takes no restriction without one. On SQLite two tables are rebuilt
from their own definition, since it adds no constraint in place.
"""

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
APPEAL_WINDOW = timedelta(days=184)
RESTRICTED_STATES = ("held", "screened", "removed")
RESTRICTED_ID = "CASE WHEN state IN ('held', 'screened', 'removed') THEN id END"
STATED_ID = "CASE WHEN restricts THEN id END"
RESTRICTING = "'remove', 'redact', 'screen_out', 'lock', 'notice', 'hold'"
RESTRICTS_CHECK = f"action NOT IN ({RESTRICTING}) OR restricts"
CODES = {"hold": "held", "screen_out": "screened", "remove": "removed", "redact": "redacted", "lock": "locked", "notice": "noticed"}
ACTION_OF_STATE = {"held": "hold", "screened": "screen_out", "removed": "remove"}
MIGRATED = "migrated"
MIGRATED_STATEMENT = "Your comment was restricted before this site kept its reasons in full; a moderator can look at it again."
KINDS = "'reminder', 'warning', 'pre_moderation', 'mute', 'tag_mute', 'report_mute', 'suspension', 'ban'"
RESTRICTIONS = f"'held', 'change_held', 'change_declined', 'screened', 'removed', 'redacted', 'locked', 'noticed', {KINDS}"
# Where people's texts stand.
TEXTS = {
    "comments": "body_md body_html",
    "revisions": "body_md body_html",
    "findings": "detail matches spans",
    "reports": "note",
    "decisions": "statement note",
    "moderator_notes": "body",
    "stored_answers": "body",
    "sanctions": "statement note",
    "appeals": "body question answer reasons",
    "erasures": "why",
}
# As the models have them, so that a database made either way is the same.
DEFERRED = "DEFERRABLE INITIALLY DEFERRED"
COMMENT_COLUMN = f"restricted_id %s GENERATED ALWAYS AS ({RESTRICTED_ID}) STORED"
COMMENT_KEY = f"CONSTRAINT fk_comments_restricted FOREIGN KEY(restricted_id) REFERENCES restrictions (comment_id) {DEFERRED}"
DECISION_COLUMN = f"stated_id %s GENERATED ALWAYS AS ({STATED_ID}) STORED"
DECISION_KEY = f"CONSTRAINT fk_decisions_stated FOREIGN KEY(stated_id) REFERENCES statements (decision_id) {DEFERRED}"
DECISION_CHECK = f"CONSTRAINT ck_decisions_restricts CHECK ({RESTRICTS_CHECK})"


def upgrade() -> None:
    for table, column in _added():
        op.add_column(table, column)
    _create_tables()
    op.drop_index("ix_tags_comment_id_counted_stance", table_name="tags")
    op.create_index("ix_tags_comment_id_counted_suspended_stance", "tags", ["comment_id", "counted", "suspended", "stance"])
    op.create_index("ix_decisions_site_id_created_at", "decisions", ["site_id", "created_at"])
    op.create_index("ix_decisions_appeal_id", "decisions", ["appeal_id"])
    op.create_index("ix_reports_site_id_created_at", "reports", ["site_id", "created_at"])
    op.create_index("ix_reports_site_id_closed_at", "reports", ["site_id", "closed_at"])
    op.create_index("ix_comments_site_id_published_at_stance", "comments", ["site_id", "published_at", "stance"])
    op.create_index("ix_tag_events_account_id_id", "tag_events", ["account_id", "id"])
    _name_what_decisions_did()
    _purge_what_was_redacted()
    _state_what_is_restricted()
    _add_guards()
    _sample_no_texts()


def downgrade() -> None:
    if _is_sqlite():
        _rebuild("comments", lambda sql: _without(sql, COMMENT_COLUMN % "INTEGER", COMMENT_KEY))
        _rebuild("decisions", lambda sql: _without(sql, DECISION_COLUMN % "INTEGER", DECISION_KEY, DECISION_CHECK))
    else:
        op.execute("ALTER TABLE comments DROP COLUMN restricted_id")
        op.execute("ALTER TABLE decisions DROP COLUMN stated_id")
        op.execute("ALTER TABLE decisions DROP CONSTRAINT ck_decisions_restricts")
    op.execute("DELETE FROM jobs WHERE kind IN ('purge-originals', 'leave', 'tidy-files')")
    if not _is_sqlite():
        for table in ("comments", "revisions", "reports", "decisions", "moderator_notes", "stored_answers"):
            for column in TEXTS[table].split():
                op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS -1")
        op.execute("ALTER TABLE findings ALTER COLUMN detail SET STATISTICS -1, ALTER COLUMN matches SET STATISTICS -1")
    op.drop_index("ix_tag_events_account_id_id", table_name="tag_events")
    op.drop_index("ix_comments_site_id_published_at_stance", table_name="comments")
    op.drop_index("ix_reports_site_id_closed_at", table_name="reports")
    op.drop_index("ix_reports_site_id_created_at", table_name="reports")
    op.drop_index("ix_decisions_appeal_id", table_name="decisions")
    op.drop_index("ix_decisions_site_id_created_at", table_name="decisions")
    op.drop_index("ix_tags_comment_id_counted_suspended_stance", table_name="tags")
    op.create_index("ix_tags_comment_id_counted_stance", "tags", ["comment_id", "counted", "stance"])
    for table in ("appeals", "erasures", "sanctions", "reveals", "reconsiderations", "restrictions", "statements"):
        op.drop_table(table)
    for table, column in reversed(_added()):
        op.drop_column(table, column.name)


def _added() -> tuple[tuple[str, sa.Column], ...]:
    return (
        ("comments", sa.Column("confidential", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("decisions", sa.Column("restricts", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("decisions", sa.Column("appeal_id", ROW_ID)),
        ("decisions", sa.Column("notice", sa.String(500))),
        ("revisions", sa.Column("redacted_id", ROW_ID)),
        ("findings", sa.Column("spans", sa.Text(), server_default="[]", nullable=False)),
        ("tags", sa.Column("suspended", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("accounts", sa.Column("leaving_at", MOMENT)),
        ("accounts", sa.Column("leaving_with", sa.String(16))),
        ("accounts", sa.Column("left_at", MOMENT)),
    )


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _where(condition: str) -> dict[str, sa.TextClause]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _add_guards() -> None:
    if _is_sqlite():
        _rebuild("comments", lambda sql: _with(sql, COMMENT_COLUMN % "INTEGER", COMMENT_KEY))
        _rebuild("decisions", lambda sql: _with(sql, DECISION_COLUMN % "INTEGER", DECISION_KEY, DECISION_CHECK))
        return
    # What was inserted above is still to be checked, and a table with open checks cannot be altered.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.execute(f"ALTER TABLE comments ADD COLUMN {COMMENT_COLUMN % 'BIGINT'}")
    op.execute(f"ALTER TABLE comments ADD {COMMENT_KEY}")
    op.execute(f"ALTER TABLE decisions ADD COLUMN {DECISION_COLUMN % 'BIGINT'}")
    op.execute(f"ALTER TABLE decisions ADD {DECISION_KEY}")
    op.execute(f"ALTER TABLE decisions ADD {DECISION_CHECK}")


def _with(sql: str, column: str, *constraints: str) -> str:
    # A column comes before the first constraint of the table, the constraints come last.
    head, end = sql.rstrip()[:-1].rstrip(), "\n)"
    at = head.upper().index("CONSTRAINT PK_")
    return f"{head[:at]}{column}, \n\t{head[at:]}, {', '.join(constraints)}{end}"


def _without(sql: str, *parts: str) -> str:
    for part in parts:
        sql = sql.replace(f"{part}, \n\t", "").replace(f", {part}", "")
    return sql


def _rebuild(table: str, edit: Callable[[str], str]) -> None:
    """Make an SQLite table anew with an edited definition; rows, indexes and everybody's references stay. Foreign keys are off in migrations."""
    bind = op.get_bind()
    (sql,) = bind.exec_driver_sql(f"SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '{table}'").one()
    indexes = [
        row[0]
        for row in bind.exec_driver_sql(f"SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL")
    ]
    columns = ", ".join(f'"{row[1]}"' for row in bind.exec_driver_sql(f"PRAGMA table_xinfo({table})") if row[6] == 0)
    edited = (
        edit(sql)
        .replace(f"CREATE TABLE {table}", f"CREATE TABLE {table}_anew", 1)
        .replace(f'CREATE TABLE "{table}"', f"CREATE TABLE {table}_anew", 1)
    )
    # Otherwise renaming the new table would also rename what others refer to.
    bind.exec_driver_sql("PRAGMA legacy_alter_table=ON")
    bind.exec_driver_sql(edited)
    bind.exec_driver_sql(f"INSERT INTO {table}_anew ({columns}) SELECT {columns} FROM {table}")
    bind.exec_driver_sql(f"DROP TABLE {table}")
    bind.exec_driver_sql(f"ALTER TABLE {table}_anew RENAME TO {table}")
    bind.exec_driver_sql("PRAGMA legacy_alter_table=OFF")
    for index in indexes:
        bind.exec_driver_sql(index)


def _name_what_decisions_did() -> None:
    """Let each redacted text name the first redaction after it, and each comment's newest notice its line: what an appeal takes back."""
    op.execute(
        "UPDATE revisions SET redacted_id = (SELECT min(decisions.id) FROM decisions WHERE decisions.comment_id = revisions.comment_id"
        " AND decisions.action = 'redact' AND decisions.created_at >= revisions.created_at) WHERE state = 'redacted'"
    )
    op.execute(
        "UPDATE decisions SET notice = (SELECT comments.notice FROM comments WHERE comments.id = decisions.comment_id) WHERE id IN"
        " (SELECT max(newest.id) FROM decisions AS newest WHERE newest.action = 'notice' GROUP BY newest.comment_id)"
    )


def _purge_what_was_redacted() -> None:
    """Let the originals of what was redacted before be destroyed in their time as well, fourteen days after it."""
    bind = op.get_bind()
    decisions = sa.table("decisions", sa.column("id"), sa.column("action"), sa.column("undone_at", MOMENT), sa.column("created_at", MOMENT))
    jobs = sa.table(
        "jobs", *(sa.column(name) for name in ("kind", "payload")), *(sa.column(name, MOMENT) for name in ("due_at", "created_at"))
    )
    redacting = sa.select(decisions.c.id, decisions.c.created_at).where(decisions.c.action == "redact", decisions.c.undone_at.is_(None))
    for row in bind.execute(redacting).all():
        payload, due_at = f'{{"decision_id":{row.id}}}', row.created_at + timedelta(days=14)
        bind.execute(sa.insert(jobs).values(kind="purge-originals", payload=payload, due_at=due_at, created_at=row.created_at))


def _sample_no_texts() -> None:
    """Keep the texts that people write out of PostgreSQL's statistics, where a sample of them would outlive their being destroyed."""
    if _is_sqlite():
        return
    for table, columns in TEXTS.items():
        for column in columns.split():
            # Naming the type anew drops the samples that are there.
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {'BYTEA' if table == 'stored_answers' else 'TEXT'}")
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")


def _state_what_is_restricted() -> None:
    bind = op.get_bind()
    decisions = _known(
        "decisions",
        "id site_id item_id item_version comment_id moderator_id rule action reason statement from_state to_state comment_version",
    )
    items = _known("review_items", "id site_id article_id comment_id writer_id state origin reason lane base_lane version")
    comments = _known("comments", "id state author_id site_id article_id restriction_id version")
    statements = sa.table("statements", *(sa.column(name) for name in _STATEMENT), *(sa.column(name, MOMENT) for name in _MOMENTS))
    restrictions = sa.table("restrictions", sa.column("comment_id"), sa.column("decision_id"))
    for comment in bind.execute(sa.select(comments).where(comments.c.state.in_(RESTRICTED_STATES))).all():
        if _restricting(bind, decisions, comment) is None:
            _decide_anew(bind, decisions, items, comment)
    bind.execute(sa.update(decisions).where(decisions.c.action.in_(CODES)).values(restricts=True))
    joined = (
        sa.select(decisions, items.c.writer_id, items.c.origin)
        .join(items, items.c.id == decisions.c.item_id)
        .where(decisions.c.action.in_(CODES))
    )
    for row in bind.execute(joined).all():
        bind.execute(sa.insert(statements).values(**_statement_of(row)))
    for comment in bind.execute(sa.select(comments).where(comments.c.state.in_(RESTRICTED_STATES))).all():
        decision_id = _restricting(bind, decisions, comment)
        bind.execute(sa.insert(restrictions).values(comment_id=comment.id, decision_id=decision_id))


_STATEMENT = (
    *("site_id", "account_id", "decision_id", "restriction", "source"),
    *("detected_automatically", "decided_automatically", "ground", "clause"),
)
_MOMENTS = ("appeal_until", "mail_after", "mailed_at", "created_at")


def _known(table: str, columns: str) -> sa.TableClause:
    moments = (sa.column("created_at", MOMENT), sa.column("opened_at", MOMENT), sa.column("due_at", MOMENT), sa.column("closed_at", MOMENT))
    names = {"decisions": ("created_at",), "review_items": ("opened_at", "due_at", "closed_at"), "comments": ("created_at",)}[table]
    kept = [moment for moment in moments if moment.name in names]
    switches = (
        [sa.column("restricts", sa.Boolean), sa.column("closes", sa.Boolean), sa.column("own_initiative", sa.Boolean)]
        if table == "decisions"
        else []
    )
    return sa.table(table, *(sa.column(name) for name in columns.split()), *kept, *switches)


def _restricting(bind: sa.Connection, decisions: sa.TableClause, comment: sa.Row) -> int | None:
    wanted = ACTION_OF_STATE[comment.state]
    if comment.restriction_id is not None and comment.state != "held":
        named = bind.scalar(sa.select(decisions.c.id).where(decisions.c.id == comment.restriction_id, decisions.c.action.in_(CODES)))
        if named is not None:
            return int(named)
    newest = (
        sa.select(decisions.c.id).where(decisions.c.comment_id == comment.id, decisions.c.action == wanted).order_by(decisions.c.id.desc())
    )
    found = bind.scalar(newest.limit(1))
    return None if found is None else int(found)


def _decide_anew(bind: sa.Connection, decisions: sa.TableClause, items: sa.TableClause, comment: sa.Row) -> None:
    """Store a decision by rule for a restriction that came about without one (a comment that its writer brought back)."""
    newest = sa.select(items).where(items.c.comment_id == comment.id).order_by(items.c.id.desc()).limit(1)
    item = bind.execute(newest).first()
    if item is None:
        bind.execute(sa.insert(items).values(**_item_of(comment)))
        item = bind.execute(newest).one()
    values = {
        "site_id": comment.site_id,
        "item_id": item.id,
        "item_version": item.version,
        "comment_id": comment.id,
        "rule": MIGRATED,
        "action": ACTION_OF_STATE[comment.state],
        "reason": "other",
        "statement": MIGRATED_STATEMENT,
        "from_state": comment.state,
        "to_state": comment.state,
        "comment_version": comment.version,
        "closes": False,
        "own_initiative": False,
        "created_at": item.opened_at,
    }
    bind.execute(sa.insert(decisions).values(**values))
    bind.execute(sa.update(items).where(items.c.id == item.id).values(version=item.version + 1))


def _item_of(comment: sa.Row) -> dict[str, object]:
    # What is hidden without a decision is brought before moderators; what is removed stays so, and can be looked at again.
    is_open = comment.state != "removed"
    return {
        "site_id": comment.site_id,
        "article_id": comment.article_id,
        "comment_id": comment.id,
        "writer_id": comment.author_id,
        "state": "open" if is_open else "closed",
        "origin": "moderator",
        "reason": "own_initiative",
        "lane": 2,
        "base_lane": 2,
        "version": 1,
        "opened_at": comment.created_at,
        "due_at": comment.created_at + timedelta(days=2),
        "closed_at": None if is_open else comment.created_at,
    }


def _statement_of(row: sa.Row) -> dict[str, object]:
    sources = {
        "screening": "screening",
        "edit": "screening",
        "report": "report",
        "resubmission": "resubmission",
        "moderator": "own_initiative",
    }
    source = "own_initiative" if row.own_initiative else sources[row.origin]
    held_change = row.action == "hold" and row.to_state == "visible"
    return {
        "site_id": row.site_id,
        "account_id": row.writer_id,
        "decision_id": row.id,
        "restriction": "change_held" if held_change else CODES[row.action],
        "source": source,
        "detected_automatically": source == "screening",
        "decided_automatically": row.moderator_id is None,
        "ground": "law" if row.reason == "illegal" else "rules",
        "clause": row.reason,
        "appeal_until": row.created_at + APPEAL_WINDOW,
        "mail_after": row.created_at,
        # Nobody is told by mail of what was decided before there were mails.
        "mailed_at": row.created_at,
        "created_at": row.created_at,
    }


def _create_tables() -> None:
    op.create_table(
        "statements",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("decision_id", ROW_ID, nullable=True),
        sa.Column("sanction_id", ROW_ID, nullable=True),
        sa.Column("restriction", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("detected_automatically", sa.Boolean(), nullable=False),
        sa.Column("decided_automatically", sa.Boolean(), nullable=False),
        sa.Column("ground", sa.String(8), nullable=False),
        sa.Column("clause", sa.String(32), nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("appeal_until", MOMENT, nullable=False),
        sa.Column("mail_after", MOMENT, nullable=False),
        sa.Column("mailed_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(f"restriction IN ({RESTRICTIONS})", name=op.f("ck_statements_restriction")),
        sa.CheckConstraint(
            "source IN ('report', 'notice', 'screening', 'resubmission', 'own_initiative')", name=op.f("ck_statements_source")
        ),
        sa.CheckConstraint("(decision_id IS NULL) <> (sanction_id IS NULL)", name=op.f("ck_statements_decision_or_sanction")),
        sa.CheckConstraint("ground IN ('law', 'rules')", name=op.f("ck_statements_ground")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_statements_account_id_accounts"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_statements_site_id_sites"),
        sa.PrimaryKeyConstraint("id", name="pk_statements"),
        sa.UniqueConstraint("decision_id", name="uq_statements_decision_id"),
        sa.UniqueConstraint("sanction_id", name="uq_statements_sanction_id"),
    )
    op.create_index("ix_statements_account_id_id", "statements", ["account_id", "id"])
    op.create_index("ix_statements_to_mail", "statements", ["mail_after", "id"], **_where("mailed_at IS NULL"))
    op.create_table(
        "restrictions",
        sa.Column("comment_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("decision_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["statements.decision_id"],
            name="fk_restrictions_decision_id_statements",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("comment_id", name="pk_restrictions"),
    )
    op.create_index("ix_restrictions_decision_id", "restrictions", ["decision_id"])
    op.create_table(
        "reveals",
        sa.Column("comment_id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("revealed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_reveals_account_id_accounts"),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_reveals_comment_id_comments"),
        sa.PrimaryKeyConstraint("comment_id", "account_id", name="pk_reveals"),
    )
    op.create_table(
        "reconsiderations",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("used_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_reconsiderations"),
    )
    op.create_index("ix_reconsiderations_used_at", "reconsiderations", ["used_at"])
    _create_sanctions()
    _create_appeals()
    _create_erasures()


def _create_sanctions() -> None:
    op.create_table(
        "sanctions",
        sa.Column("id", ROW_ID, nullable=False, autoincrement=True),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("decision_id", ROW_ID, nullable=True),
        sa.Column("imposed_by", ROW_ID, nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("acknowledged_at", MOMENT, nullable=True),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", ROW_ID, nullable=True),
        sa.Column("overturned", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tags_stopped", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_sanctions_kind")),
        sa.CheckConstraint("length(statement) >= 40", name=op.f("ck_sanctions_statement")),
        sa.CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name=op.f("ck_sanctions_ends_later")),
        sa.CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name=op.f("ck_sanctions_lifted")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_sanctions_account_id_accounts"),
        sa.ForeignKeyConstraint(["imposed_by"], ["accounts.id"], name="fk_sanctions_imposed_by_accounts"),
        sa.ForeignKeyConstraint(["lifted_by"], ["accounts.id"], name="fk_sanctions_lifted_by_accounts"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_sanctions_site_id_sites"),
        sa.ForeignKeyConstraint(["id"], ["statements.sanction_id"], name="fk_sanctions_stated", deferrable=True, initially="DEFERRED"),
        sa.PrimaryKeyConstraint("id", name="pk_sanctions"),
    )
    op.create_index("ix_sanctions_account_id_site_id_id", "sanctions", ["account_id", "site_id", "id"])
    op.create_index("ix_sanctions_decision_id", "sanctions", ["decision_id"])
    op.create_index("ix_sanctions_site_id_created_at", "sanctions", ["site_id", "created_at"])
    op.create_index("ix_sanctions_stopping", "sanctions", ["ends_at"], **_where("tags_stopped"))


def _create_appeals() -> None:
    op.create_table(
        "appeals",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("decision_id", ROW_ID, nullable=True),
        sa.Column("sanction_id", ROW_ID, nullable=True),
        sa.Column("report_id", ROW_ID, nullable=True),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("appellant_id", ROW_ID, nullable=True),
        sa.Column("first_decider_id", ROW_ID, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("asked_by", ROW_ID, nullable=True),
        sa.Column("asked_at", MOMENT, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("alone_from", MOMENT, nullable=True),
        sa.Column("same_person", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.Column("replacement_id", ROW_ID, nullable=True),
        sa.Column("decided_by", ROW_ID, nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("part IN ('writer', 'reporter')", name=op.f("ck_appeals_part")),
        sa.CheckConstraint("outcome IN ('upheld', 'overturned', 'changed')", name=op.f("ck_appeals_outcome")),
        sa.CheckConstraint("(decision_id IS NULL) <> (sanction_id IS NULL)", name=op.f("ck_appeals_decision_or_sanction")),
        sa.CheckConstraint("appellant_id IS NOT NULL OR report_id IS NOT NULL", name=op.f("ck_appeals_appellant")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (decided_at IS NULL) AND (outcome IS NULL) = (decided_by IS NULL)", name=op.f("ck_appeals_decided")
        ),
        sa.CheckConstraint("outcome IS NULL OR length(reasons) >= 40", name=op.f("ck_appeals_reasons")),
        sa.CheckConstraint(
            "decided_by IS NULL OR first_decider_id IS NULL OR decided_by <> first_decider_id"
            " OR (same_person AND alone_from IS NOT NULL AND decided_at >= alone_from)",
            name=op.f("ck_appeals_another_person"),
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR appellant_id IS NULL OR decided_by <> appellant_id", name=op.f("ck_appeals_not_ones_own")
        ),
        sa.ForeignKeyConstraint(["appellant_id"], ["accounts.id"], name="fk_appeals_appellant_id_accounts"),
        sa.ForeignKeyConstraint(["asked_by"], ["accounts.id"], name="fk_appeals_asked_by_accounts"),
        sa.ForeignKeyConstraint(["decided_by"], ["accounts.id"], name="fk_appeals_decided_by_accounts"),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name="fk_appeals_decision_id_decisions"),
        sa.ForeignKeyConstraint(["first_decider_id"], ["accounts.id"], name="fk_appeals_first_decider_id_accounts"),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name="fk_appeals_report_id_reports"),
        sa.ForeignKeyConstraint(["sanction_id"], ["sanctions.id"], name="fk_appeals_sanction_id_sanctions"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_appeals_site_id_sites"),
        sa.PrimaryKeyConstraint("id", name="pk_appeals"),
        sa.UniqueConstraint("decision_id", name="uq_appeals_decision_id"),
        sa.UniqueConstraint("sanction_id", name="uq_appeals_sanction_id"),
    )
    op.create_index("ix_appeals_appellant_id_id", "appeals", ["appellant_id", "id"])
    op.create_index("ix_appeals_open", "appeals", ["site_id", "id"], **_where("decided_at IS NULL"))
    op.create_index("ix_appeals_report_id", "appeals", ["report_id"])
    op.create_index("ix_appeals_site_id_decided_at", "appeals", ["site_id", "decided_at"])
    op.create_index("ix_appeals_site_id_created_at", "appeals", ["site_id", "created_at"])


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("comment_id", ROW_ID, nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_by", ROW_ID, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("confirmed_by", ROW_ID, nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("dropped_at", MOMENT, nullable=True),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> asked_by", name=op.f("ck_erasures_second_person")),
        sa.CheckConstraint("(confirmed_by IS NULL) = (done_at IS NULL)", name=op.f("ck_erasures_confirmed")),
        sa.ForeignKeyConstraint(["asked_by"], ["accounts.id"], name="fk_erasures_asked_by_accounts"),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_erasures_comment_id_comments"),
        sa.ForeignKeyConstraint(["confirmed_by"], ["accounts.id"], name="fk_erasures_confirmed_by_accounts"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_erasures_site_id_sites"),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
    )
    op.create_index("ix_erasures_site_id_id", "erasures", ["site_id", "id"])
    op.create_index("uq_erasures_open", "erasures", ["comment_id"], unique=True, **_where("done_at IS NULL AND dropped_at IS NULL"))
