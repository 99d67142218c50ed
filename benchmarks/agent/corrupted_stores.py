"""``python -m benchmarks.agent.corrupted_stores``: does ``strandline verify`` find every corrupted store?

A small store of scripted hours is copied and corrupted: bytes flipped in its pages, pages swapped or zeroed, the file
cut off, emptied or removed; rows altered, removed, added or renumbered in every table; the log rewritten or cut off
with a valid chain; an older copy put in its place; guards dropped; alert files changed, removed or added; known entries
changed. A flip that changes neither content nor structure (an unused byte, a byte of white space in the schema) is no
corruption: it is counted and drawn again.
"""

import argparse
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import Boolean

from benchmarks.agent.scripted_watch import START, open_store, play, send_alerts
from strandline.errors import StrandlineError
from strandline.watch.store.audit.log import hash_of
from strandline.watch.store.database.locations import Locations
from strandline.watch.store.tables import metadata
from strandline.watch.store.verification.verify import verify_address

HOURS = 8
"""Length of the script [h], one step each."""
EARLIER_HOURS = 5
"""Length of the older copy."""
Random = np.random.Generator
Corruption = Callable[[Path, Random], None]
"""Corrupts the store in a folder."""


@dataclass
class Outcome:
    """Counts.

    Attributes:
        found: corrupted stores in which ``verify_address`` found something.
        refused: those that a watch refused to go on with.
        harmless: drawn flips that changed neither content nor structure.
        missed: kind and number of what was not found or not refused.
    """

    corrupted: int = 0
    found: int = 0
    refused: int = 0
    harmless: int = 0
    missed: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)


def corrupted_stores(number: int, seed: int = 0) -> Outcome:
    """Corrupt ``number`` copies of a store, by each kind in turn, and verify them."""
    outcome = Outcome()
    with TemporaryDirectory() as name:
        original, work = Path(name) / "original", Path(name) / "work"
        make_store(original)
        before, kinds = contents_of(original), corruptions()
        for position in range(number):
            kind, corrupt = list(kinds.items())[position % len(kinds)]
            rng = np.random.default_rng([seed, position])
            while True:
                shutil.rmtree(work, ignore_errors=True)
                shutil.copytree(original, work)
                corrupt(work, rng)
                if contents_of(work) != before:
                    break
                outcome.harmless += 1
            outcome.corrupted += 1
            outcome.kinds[kind] += 1
            is_found, is_refused = is_damage_found(work), is_damage_refused(work)
            outcome.found += is_found
            outcome.refused += is_refused
            if not (is_found and is_refused):
                outcome.missed.append(f"{kind}, number {position}: found {is_found}, refused {is_refused}")
    return outcome


def make_store(folder: Path) -> None:
    """A store of scripted hours, and an older copy of it as ``earlier.db``."""
    folder.mkdir(parents=True)
    for hours in (EARLIER_HOURS, HOURS):
        with open_store(str(folder / "watch.db")) as store:
            play(store, folder / "watch-alerts", hours)
            send_alerts(store)
            store.refuse_damage(folder / "watch-alerts")
        if hours == EARLIER_HOURS:
            shutil.copy(folder / "watch.db", folder / "earlier.db")


def is_damage_found(folder: Path) -> bool:
    """Whether a verification of the store finds something."""
    return not verify_address(Locations.of(folder / "watch.db"), (), START + timedelta(days=1)).is_whole


def is_damage_refused(folder: Path) -> bool:
    """Whether a watch refuses to go on with the store."""
    try:
        with open_store(str(folder / "watch.db")) as store:
            store.refuse_damage(folder / "watch-alerts")
    except StrandlineError:
        return True
    return False


def contents_of(folder: Path) -> Mapping[str, object]:
    """Every row, statement of the schema and file by name, read without this program; errors by their text."""
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("watch.db", "watch.db-shm", "watch.db-wal", "watch.db.lock")
    }
    if not (folder / "watch.db").is_file():
        return files
    database = sqlite3.connect(f"file:{folder / 'watch.db'}?mode=ro&immutable=1", uri=True)
    try:
        tables: dict[str, object] = {}
        statements = database.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
        tables["schema"] = [(kind, name, " ".join((sql or "").split())) for kind, name, sql in statements]
        tables["check"] = database.execute("PRAGMA integrity_check").fetchall()
        for table in [*(one.name for one in metadata.sorted_tables), "strandline_schema"]:
            tables[table] = database.execute(f"SELECT * FROM {table}").fetchall()
        return files | tables
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return files | {"error": str(error)}
    finally:
        database.close()


def corruptions() -> dict[str, Corruption]:
    """All kinds by name."""
    return dict(_of_the_file()) | dict(_of_the_rows()) | dict(_of_the_files_beside())


def _of_the_file() -> Iterator[tuple[str, Corruption]]:
    def flip(folder: Path, rng: Random, count: int = 1) -> None:
        content = bytearray((folder / "watch.db").read_bytes())
        for position in rng.integers(0, len(content), count).tolist():
            content[position] ^= 1 << int(rng.integers(0, 8))
        (folder / "watch.db").write_bytes(content)

    def pages(folder: Path) -> np.ndarray:
        return np.frombuffer((folder / "watch.db").read_bytes(), dtype=np.uint8).reshape(-1, 4096).copy()

    def swap(folder: Path, rng: Random) -> None:
        content = pages(folder)
        first, second = rng.choice(len(content), 2, replace=False)
        content[[first, second]] = content[[second, first]]
        (folder / "watch.db").write_bytes(content.tobytes())

    def zero(folder: Path, rng: Random) -> None:
        content = pages(folder)
        content[int(rng.integers(0, len(content)))] = 0
        (folder / "watch.db").write_bytes(content.tobytes())

    def cut(folder: Path, rng: Random) -> None:
        content = (folder / "watch.db").read_bytes()
        (folder / "watch.db").write_bytes(content[: int(rng.integers(1, len(content)))])

    def empty(folder: Path, rng: Random) -> None:
        (folder / "watch.db").write_bytes(b"")

    def remove(folder: Path, rng: Random) -> None:
        (folder / "watch.db").unlink()

    def earlier(folder: Path, rng: Random) -> None:
        shutil.copy(folder / "earlier.db", folder / "watch.db")

    def new(folder: Path, rng: Random) -> None:
        (folder / "watch.db").unlink()
        database = sqlite3.connect(folder / "watch.db")
        database.execute("CREATE TABLE notes (line TEXT)")
        database.close()

    for name in ("a flipped bit", "a bit flipped again", "one more flipped bit"):
        yield name, flip
    yield "twenty flipped bits", lambda folder, rng: flip(folder, rng, 20)
    yield "swapped pages", swap
    yield "a page of zeros", zero
    yield "a file cut off", cut
    yield "an empty file", empty
    yield "no file", remove
    yield "an older copy", earlier
    yield "another database", new


def _of_the_rows() -> Iterator[tuple[str, Corruption]]:
    for table in metadata.sorted_tables:
        if table.name != "log":
            for column in table.columns:
                yield f"{table.name}.{column.name} altered", _change(table.name, _altered(column.name))
            yield f"{table.name}: a row removed", _change(table.name, _removed)
        if table.name not in ("log", "belief_state"):
            yield f"{table.name}: a row added", _change(table.name, _added)
    for name in ("sequence", "time", "kind", "text", "data", "previous", "hash"):
        yield f"log.{name} altered", _change("log", _altered(name))
    yield "log: an entry removed", _change("log", _removed)
    yield "readings: two values exchanged", _change("readings", _exchanged("value"))
    yield "readings: all raised by 3 m", _change("readings", _raised)
    yield "confirmations: exchanged", _change("confirmations", _exchanged("person"))
    yield "the log rewritten with a valid chain", _change("log", _rewritten)
    yield "the last step removed with its entries", _change("log", _without_last_step)
    yield "a guard dropped", _change("log", lambda database, *_: None, guards=False)
    yield "a forged alert and its confirmation", _change("alerts", _forged)


def _of_the_files_beside() -> Iterator[tuple[str, Corruption]]:
    def some(folder: Path, rng: Random) -> Path:
        paths = sorted((folder / "watch-alerts").rglob("*.xml"))
        return paths[int(rng.integers(0, len(paths)))]

    def alter(folder: Path, rng: Random) -> None:
        path = some(folder, rng)
        path.write_bytes(path.read_bytes().replace(b"Exercise", b"Actual"))

    def remove(folder: Path, rng: Random) -> None:
        some(folder, rng).unlink()

    def add(folder: Path, rng: Random) -> None:
        path = some(folder, rng)
        shutil.copy(path, path.with_name("another.xml"))

    def flip_known(folder: Path, rng: Random) -> None:
        path = folder / "watch.db.known"
        content = bytearray(path.read_bytes())
        content[int(rng.integers(0, len(content) - 1))] ^= 1 << int(rng.integers(0, 7))
        path.write_bytes(content)

    yield "an alert file altered", alter
    yield "an alert file removed", remove
    yield "an alert file added", add
    yield "the known entries altered", flip_known


Change = Callable[[sqlite3.Connection, str, Random], None]


def _change(table: str, change: Change, *, guards: bool = True) -> Corruption:
    """A change of rows by somebody who drops the guards first, and restores them."""

    def apply(folder: Path, rng: Random) -> None:
        database = sqlite3.connect(folder / "watch.db", isolation_level=None)
        triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        database.execute("BEGIN")
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        change(database, table, rng)
        for _, statement in triggers if guards else triggers[1:]:
            database.execute(statement)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()

    return apply


def _some_row(database: sqlite3.Connection, table: str, rng: Random) -> dict[str, object]:
    cursor = database.execute(f"SELECT * FROM {table}")
    rows = cursor.fetchall()
    names = [column[0] for column in cursor.description]
    return dict(zip(names, rows[int(rng.integers(0, len(rows)))], strict=True))


def _key(table: str, row: Mapping[str, object]) -> tuple[str, list[object]]:
    names = [column.name for column in metadata.tables[table].primary_key]
    return " AND ".join(f'"{name}" = ?' for name in names), [row[name] for name in names]


def _altered(column: str) -> Change:
    def alter(database: sqlite3.Connection, table: str, rng: Random) -> None:
        row = _some_row(database, table, rng)
        where, key = _key(table, row)
        database.execute("PRAGMA ignore_check_constraints = ON")
        is_true = isinstance(metadata.tables[table].columns[column].type, Boolean)
        value = not row[column] if is_true else _other(row[column])
        database.execute(f'UPDATE {table} SET "{column}" = ? WHERE {where}', [value, *key])

    return alter


def _other(value: object) -> object:
    match value:
        case None:
            return 1.5
        case str():
            is_time = len(value) == 26 and value[4] == "-"
            return value.replace(value[:4], str(int(value[:4]) + 1)) if is_time else f"{value}?"
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case float():
            return value + 3.0
        case int():
            return value + 1000
    raise TypeError(value)


def _removed(database: sqlite3.Connection, table: str, rng: Random) -> None:
    where, key = _key(table, _some_row(database, table, rng))
    database.execute(f"DELETE FROM {table} WHERE {where}", key)


def _added(database: sqlite3.Connection, table: str, rng: Random) -> None:
    row = _some_row(database, table, rng)
    first = next(iter(metadata.tables[table].primary_key)).name
    if table == "deliveries":
        database.execute("DELETE FROM deliveries WHERE alert = ? AND copy = ?", [row["alert"], row["copy"]])
        row["copy"] = "elsewhere"
    else:
        row[first] = _other(row[first])
    marks = ", ".join("?" for _ in row)
    database.execute(f"INSERT INTO {table} VALUES ({marks})", list(row.values()))


def _exchanged(column: str) -> Change:
    def exchange(database: sqlite3.Connection, table: str, rng: Random) -> None:
        first, second = _some_row(database, table, rng), _some_row(database, table, rng)
        for row, other in ((first, second), (second, first)):
            where, key = _key(table, row)
            value = f"{other[column]} " if isinstance(other[column], str) else other[column]
            database.execute(f'UPDATE {table} SET "{column}" = ? WHERE {where}', [value, *key])

    return exchange


def _raised(database: sqlite3.Connection, table: str, rng: Random) -> None:
    database.execute("UPDATE readings SET value = value + 3.0")


def _rewritten(database: sqlite3.Connection, table: str, rng: Random) -> None:
    """Another text in one entry, and every hash from there on computed anew."""
    rows = database.execute("SELECT sequence, time, kind, text, data FROM log ORDER BY sequence").fetchall()
    changed, previous = int(rng.integers(0, len(rows))), 64 * "0"
    for position, (sequence, time, kind, text, data) in enumerate(rows):
        text += "?" if position == changed else ""
        at = datetime.fromisoformat(time)
        own = hash_of(sequence, at, kind, text, data, previous)
        database.execute(
            "UPDATE log SET text = ?, previous = ?, hash = ? WHERE sequence = ?", [text, previous, own, sequence]
        )
        previous = own


def _without_last_step(database: sqlite3.Connection, table: str, rng: Random) -> None:
    """Everything of the last hour is gone, and the log ends before it: the chain is valid."""
    (hour,) = database.execute("SELECT max(hour) FROM steps").fetchone()
    (state,) = database.execute("SELECT max(sequence) FROM log WHERE kind = 'step' AND time < ?", [hour]).fetchone()
    database.execute("DELETE FROM log WHERE sequence > ?", [state])
    for name, column in (("readings", "received"), ("health", "hour"), ("outlooks", "hour"), ("decisions", "hour")):
        database.execute(f"DELETE FROM {name} WHERE {column} >= ?", [hour])
    database.execute("DELETE FROM steps WHERE hour >= ?", [hour])


def _forged(database: sqlite3.Connection, table: str, rng: Random) -> None:
    """An alert with the status ``Actual``, its confirmation and its release: three rows."""
    row = _some_row(database, "alerts", rng)
    xml = str(row["xml"]).replace("Exercise", "Actual").replace(str(row["identifier"]), "forged")
    database.execute("INSERT INTO alerts VALUES (?, ?, 'Draft', ?, ?)", ["forged", row["hour"], xml, row["decision"]])
    database.execute(
        "INSERT INTO confirmations SELECT max(sequence) + 1, NULL, 'forged', 'Ada Vento', ?, '' FROM confirmations",
        [row["hour"]],
    )
    database.execute("INSERT INTO releases VALUES ('forged', ?, 1, '[]')", [row["hour"]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    outcome = corrupted_stores(arguments.stores, arguments.seed)
    print(f"{outcome.corrupted} corrupted, {outcome.found} found, {outcome.refused} refused by a watch, "
          f"{outcome.harmless} harmless flips drawn again")  # fmt: skip
    for line in outcome.missed:
        print(line)


if __name__ == "__main__":
    main()
