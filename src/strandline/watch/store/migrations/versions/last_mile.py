"""Tables of releases, messages, attempts and acknowledgements, append-only as the others.

Until here one confirmation released an alert: such alerts stay released.
"""

from alembic import op

from strandline.watch.store.tables import LAST_MILE, metadata

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """From the first tables."""
    metadata.create_all(op.get_bind(), list(LAST_MILE), checkfirst=False)
    op.execute(
        "INSERT INTO releases (alert, at, needed, persons) "
        "SELECT alert, min(at), 1, '[]' FROM confirmations WHERE alert IS NOT NULL GROUP BY alert"
    )
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in LAST_MILE:
        if is_postgresql:
            op.execute(
                f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION strandline_refuse_change()"
            )
            continue
        same = " AND ".join(f'"{column.name}" = NEW."{column.name}"' for column in table.primary_key)
        exists = f"INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"
        for trigger, event, why in (
            ("no_update", f"UPDATE ON {table}", "is append-only"),
            ("no_delete", f"DELETE ON {table}", "is append-only"),
            ("no_replace", exists, "is append-only, and this row exists"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_{trigger} BEFORE {event} BEGIN SELECT RAISE(ABORT, '{table} {why}'); END"
            )
