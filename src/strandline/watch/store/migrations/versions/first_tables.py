"""The first tables, and the triggers that make them append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = None

KEYS = {
    "alerts": ("identifier",),
    "confirmations": ("sequence",),
    "decisions": ("id",),
    "deliveries": ("alert", "copy"),
    "health": ("hour", "stream"),
    "log": ("sequence",),
    "readings": ("time", "stream", "variable", "place", "member", "issued", "revision"),
    "steps": ("hour",),
}
"""Append-only tables and their primary keys."""


def upgrade() -> None:
    """From an empty schema."""
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    _create_readings_health_outlooks(name)
    _create_decisions_alerts_confirmations(name)
    _create_steps_belief_state_log(name)
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def _create_readings_health_outlooks(name: sa.Text) -> None:
    op.create_table(
        "readings",
        sa.Column("time", sa.DateTime, primary_key=True),
        sa.Column("stream", name, primary_key=True),
        sa.Column("variable", name, primary_key=True),
        sa.Column("place", name, primary_key=True),
        sa.Column("member", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("issued", sa.DateTime, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("quality", name, nullable=False),
        sa.Column("received", sa.DateTime, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "health",
        sa.Column("hour", sa.DateTime, primary_key=True),
        sa.Column("stream", name, primary_key=True),
        sa.Column("last_seen", sa.DateTime),
        sa.Column("age_hours", sa.Double),
        sa.Column("condition", name, nullable=False),
        sa.Column("share_good", sa.Double),
        sa.Column("fallback", name, nullable=False),
        sa.Column("note", name, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outlooks",
        sa.Column("hour", sa.DateTime, primary_key=True),
        sa.Column("variable", name, primary_key=True),
        sa.Column("zone", name, primary_key=True),
        sa.Column("time", sa.DateTime, primary_key=True),
        sa.Column("lead_hours", sa.Double, nullable=False),
        sa.Column("p05", sa.Double, nullable=False),
        sa.Column("p50", sa.Double, nullable=False),
        sa.Column("p95", sa.Double, nullable=False),
        sa.Column("probability", sa.Double),
        sqlite_with_rowid=False,
    )


def _create_decisions_alerts_confirmations(name: sa.Text) -> None:
    op.create_table(
        "decisions",
        sa.Column("id", name, primary_key=True),
        sa.Column("hour", sa.DateTime, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("action", name, nullable=False),
        sa.Column("change", name, nullable=False),
        sa.Column("zones", name, nullable=False),
        sa.Column("probability", sa.Double),
        sa.Column("expected_avoided_loss", sa.Double),
        sa.Column("cost", sa.Double),
        sa.Column("onset", sa.DateTime),
        sa.Column("is_degraded", sa.Boolean, nullable=False),
        sa.Column("needs_person", sa.Boolean, nullable=False),
        sa.Column("why", name, nullable=False),
        sa.Column("moved_by", name, nullable=False),
        sa.Column("would_change", name, nullable=False),
    )
    op.create_index("decisions_by_hour", "decisions", ["hour", "rank"])
    op.create_table(
        "alerts",
        sa.Column("identifier", name, primary_key=True),
        sa.Column("hour", sa.DateTime, nullable=False),
        sa.Column("status", name, nullable=False),
        sa.Column("xml", name, nullable=False),
        sa.Column("decision", name, sa.ForeignKey("decisions.id")),
        sa.CheckConstraint("status IN ('Exercise', 'Draft')", name="nothing_but_drafts"),
    )
    op.create_index("alerts_by_hour", "alerts", ["hour", "identifier"])
    op.create_table(
        "confirmations",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("decision", name, sa.ForeignKey("decisions.id")),
        sa.Column("alert", name, sa.ForeignKey("alerts.identifier")),
        sa.Column("person", name, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("note", name, nullable=False),
        sa.CheckConstraint("(decision IS NULL) <> (alert IS NULL)", name="of_one_thing"),
        sa.CheckConstraint("trim(person) <> ''", name="by_a_named_person"),
    )
    op.create_index("ix_confirmations_decision", "confirmations", ["decision"])
    op.create_index("ix_confirmations_alert", "confirmations", ["alert"])
    op.create_table(
        "deliveries",
        sa.Column("alert", name, sa.ForeignKey("alerts.identifier"), primary_key=True),
        sa.Column("copy", name, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
    )


def _create_steps_belief_state_log(name: sa.Text) -> None:
    op.create_table(
        "steps",
        sa.Column("hour", sa.DateTime, primary_key=True),
        sa.Column("began", sa.DateTime, nullable=False),
        sa.Column("ended", sa.DateTime, nullable=False),
        sa.Column("code_version", name, nullable=False),
    )
    op.create_table(
        "belief_state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("hour", sa.DateTime, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("id = 1", name="one_state"),
    )
    op.create_table(
        "log",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("time", sa.DateTime, nullable=False),
        sa.Column("kind", name, nullable=False),
        sa.Column("text", name, nullable=False),
        sa.Column("data", name, nullable=False),
        sa.Column("previous", name, nullable=False),
        sa.Column("hash", name, nullable=False),
    )


LAST_HASH = "coalesce((SELECT hash FROM log ORDER BY sequence DESC LIMIT 1), '" + 64 * "0" + "')"
NEXT_SEQUENCE = "(SELECT coalesce(max(sequence), 0) + 1 FROM log)"


def _guard_on_sqlite() -> None:
    for table, key in KEYS.items():
        for change in ("UPDATE", "DELETE"):
            _refuse_on_sqlite(f"{table}_no_{change.lower()}", f"{change} ON {table}", f"{table} is append-only")
        # INSERT OR REPLACE deletes without firing the trigger above
        same = " AND ".join(f'"{column}" = NEW."{column}"' for column in key)
        when = f"INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"
        _refuse_on_sqlite(f"{table}_no_replace", when, f"{table} is append-only, and this row exists")
    _refuse_on_sqlite("outlooks_no_update", "UPDATE ON outlooks", "outlooks may be thinned, not changed")
    continues = f"NEW.sequence = {NEXT_SEQUENCE} AND NEW.previous = {LAST_HASH}"
    _refuse_on_sqlite("log_continues", f"INSERT ON log WHEN NOT ({continues})", "log continues from its last entry")


def _refuse_on_sqlite(trigger: str, event: str, why: str) -> None:
    op.execute(f"CREATE TRIGGER {trigger} BEFORE {event} BEGIN SELECT RAISE(ABORT, '{why}'); END")


def _guard_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION strandline_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    guarded = [(table, "UPDATE OR DELETE OR TRUNCATE") for table in KEYS] + [("outlooks", "UPDATE OR TRUNCATE")]
    for table, changes in guarded:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE {changes} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION strandline_refuse_change()"
        )
    op.execute(
        "CREATE FUNCTION strandline_log_continues() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF NEW.sequence <> {NEXT_SEQUENCE} OR NEW.previous <> {LAST_HASH} THEN "
        "RAISE EXCEPTION 'log continues from its last entry' USING ERRCODE = 'integrity_constraint_violation'; "
        "END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER log_continues BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION strandline_log_continues()"
    )
