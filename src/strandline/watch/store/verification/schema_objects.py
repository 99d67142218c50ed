"""Verification of the tables, indexes and triggers: they are those that the migrations make."""

from functools import cache
from hashlib import sha256

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect

from strandline.errors import InputError
from strandline.watch.store.database.engine import name_of
from strandline.watch.store.database.schema import (
    OLDER,
    SQLITE_DIGEST,
    VERSION_TABLE,
    newest_revision,
    revision_of,
    run_migrations,
)
from strandline.watch.store.tables import APPEND_ONLY, metadata
from strandline.watch.store.verification.findings import Findings

_ORDERED = "SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name"
_TRIGGERS = (
    "SELECT t.tgname, t.tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
)


def verify_schema(connection: Connection, findings: Findings) -> None:
    """Check the schema and its version.

    Raises:
        InputError: another version of this program wrote the store, and its tables differ.
    """
    found = Findings()
    if connection.dialect.name == "sqlite":
        _verify_sqlite(connection, found)
    else:
        _verify_postgresql(connection, found)
    revision, newest = _revision(connection), newest_revision()
    if revision != newest and revision is not None and revision.isdigit() and found:
        what = f"its schema '{revision}' is not this program's '{newest}'"
        remedy = "keep it as a record" if revision in OLDER else "use the version of strandline that wrote it"
        raise InputError(name_of(connection.engine.url), what, remedy)
    if revision != newest:
        findings.add("schema", f"the schema's version '{revision}' was changed: it is '{newest}'")
    for one in found:
        findings.add(one.check, one.what)


def schema_digest(connection: Connection) -> str:
    """SHA-256 of the statements that made the tables, indexes and triggers of an SQLite store."""
    return sha256("\n".join(sorted(_sqlite_objects(connection).values())).encode()).hexdigest()


def _revision(connection: Connection) -> str | None:
    return revision_of(connection) if inspect(connection).has_table(VERSION_TABLE) else None


def _verify_sqlite(connection: Connection, findings: Findings) -> None:
    if schema_digest(connection) == SQLITE_DIGEST:  # also where a later SQLAlchemy words the statements differently
        return
    found, expected = _sqlite_objects(connection), _expected_on_sqlite()
    for name in sorted(found.keys() | expected.keys()):
        if name not in found:
            findings.add("schema", f"the {name} is missing")
        elif name not in expected:
            findings.add("schema", f"the {name} is not this program's")
        elif found[name] != expected[name]:
            findings.add("schema", f"the {name} was changed")


def _sqlite_objects(connection: Connection) -> dict[str, str]:
    """Statements without differences in white space, by kind and name."""
    return {str(name): " ".join(str(sql).split()) for name, sql in connection.exec_driver_sql(_ORDERED)}


@cache
def _expected_on_sqlite() -> dict[str, str]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        run_migrations(connection)
        found = _sqlite_objects(connection)
    engine.dispose()
    return found


def _verify_postgresql(connection: Connection, findings: Findings) -> None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
    for difference in compare_metadata(context, metadata):
        change = difference[0] if isinstance(difference[0], list) else difference
        findings.add("schema", f"the tables were changed ({change[0]})")
    enabled = {str(name): str(state) for name, state in connection.exec_driver_sql(_TRIGGERS)}
    expected = {*(f"{table.name}_no_change" for table in APPEND_ONLY), "outlooks_no_change", "log_continues"}
    for name in sorted(expected - enabled.keys()):
        findings.add("schema", f"the trigger {name} is missing")
    for name in sorted(enabled.keys() - expected):
        findings.add("schema", f"the trigger {name} is not this program's")
    for name in sorted(name for name, state in enabled.items() if name in expected and state not in ("O", "A")):
        findings.add("schema", f"the trigger {name} is switched off")
