"""The first tables, and the triggers that make them append-only.

The tables are those of ``store/tables.py`` but for the later ones; before a later revision changes these, this one
gets a copy of its own.
"""

from alembic import op

from strandline.watch.store.tables import FIRST_APPEND_ONLY, LAST_MILE, metadata

revision = "0002"
down_revision = None

LAST_HASH = "coalesce((SELECT hash FROM log ORDER BY sequence DESC LIMIT 1), '" + 64 * "0" + "')"
NEXT_SEQUENCE = "(SELECT coalesce(max(sequence), 0) + 1 FROM log)"


def upgrade() -> None:
    """From an empty schema."""
    first = [table for table in metadata.sorted_tables if table not in LAST_MILE]
    metadata.create_all(op.get_bind(), first, checkfirst=False)
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def _guard_on_sqlite() -> None:
    for table in FIRST_APPEND_ONLY:
        for change in ("UPDATE", "DELETE"):
            _refuse_on_sqlite(f"{table}_no_{change.lower()}", f"{change} ON {table}", f"{table} is append-only")
        # INSERT OR REPLACE deletes without firing the trigger above
        same = " AND ".join(f'"{column.name}" = NEW."{column.name}"' for column in table.primary_key)
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
    guarded = [(table.name, "UPDATE OR DELETE OR TRUNCATE") for table in FIRST_APPEND_ONLY] + [
        ("outlooks", "UPDATE OR TRUNCATE")
    ]
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
