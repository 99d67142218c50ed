"""Verification of the database itself: pages and indexes of an SQLite file; checksums of a PostgreSQL server."""

from sqlalchemy import Connection

from strandline.watch.store.verification.findings import Findings

_LISTED = 3
"""Messages of SQLite that are quoted."""


def verify_database(connection: Connection, findings: Findings, notes: list[str]) -> None:
    """Check what the tables are stored in."""
    if connection.dialect.name == "sqlite":
        _verify_sqlite(connection, findings)
    else:
        _verify_postgresql(connection, findings, notes)


def _verify_sqlite(connection: Connection, findings: Findings) -> None:
    """Pages, order of keys, indexes, constraints and references (https://www.sqlite.org/pragma.html)."""
    messages = [str(one) for one in connection.exec_driver_sql("PRAGMA integrity_check").scalars()]
    if messages != ["ok"]:
        quoted = "; ".join(" ".join(one.split()) for one in messages[:_LISTED])
        findings.add("file", f"the database file is damaged: {quoted}")
    for table, _, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        findings.add("file", f"a row of {table} names a row of {parent} that is not there")


def _verify_postgresql(connection: Connection, findings: Findings, notes: list[str]) -> None:
    """Failures that the server has counted; every row is read by the later checks, which the server verifies then."""
    if connection.exec_driver_sql("SHOW data_checksums").scalar() != "on":
        notes.append("the server keeps no checksums of its pages (initdb --data-checksums): only the rows are checked")
        return
    failures = connection.exec_driver_sql(
        "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()"
    ).scalar()
    if failures:
        findings.add("file", f"the server has counted {failures} damaged pages in this database")
