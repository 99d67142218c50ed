"""The record of a benchmark: one JSON file with raw rows and a summary, and Markdown tables of the same rows."""

import hashlib
import json
import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.origin import Origin, this_run
from strandline.files import write_text

Value = str | int | float | bool | None
Row = dict[str, Value]
Rows = Sequence[Mapping[str, Value]]
Provenance = Literal["real", "simulated"]


@dataclass(frozen=True)
class Record:
    """The result of one benchmark run.

    Attributes:
        benchmark: its name, e.g. ``physics``.
        provenance: whether the data is real or simulated.
        data: name of each input to its SHA-256.
        seeds: every seed that was used.
        rows: raw scores, one row per case.
        summary: computed from the rows.
        tables: further tables by name, such as the difficulty of each simulated coast; most benchmarks have none.
        origin: how it was made; default: by this process.
    """

    benchmark: str
    provenance: Provenance
    data: Mapping[str, str]
    seeds: Sequence[int]
    rows: Rows
    summary: Mapping[str, Value]
    tables: Mapping[str, Rows] = field(default_factory=dict)
    origin: Origin = field(default_factory=this_run, compare=False)


def write_record(record: Record, out: Path, table: str) -> None:
    """Write the record as JSON, atomically, and its tables beside it, under the command; NaN becomes null."""
    envelope: dict[str, object] = {
        "benchmark": record.benchmark,
        "provenance": record.provenance,
        **{name: value for name, value in asdict(record.origin).items() if value is not None},
        "data": dict(record.data),
        "seeds": list(record.seeds),
        "rows": [_plain_row(row) for row in record.rows],
        "summary": _plain_row(record.summary),
    }
    if record.tables:
        envelope["tables"] = {name: [_plain_row(row) for row in rows] for name, rows in record.tables.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, f"{_entry_a_line(envelope)}\n")
    out.with_suffix(".md").write_text(page_of(record, table))


def page_of(record: Record, table: str) -> str:
    """The Markdown page of a record: the command that made it, and its tables."""
    return f"    {record.origin.command}\n\n{table}"


def read_record(path: Path) -> Record:
    """The record that `write_record` wrote."""
    envelope = json.loads(path.read_text())
    origin = Origin(**{name: envelope.pop(name) for name in Origin.__dataclass_fields__ if name in envelope})
    return Record(**envelope, origin=origin)


def kept_rows(out: Path, part_of: Callable[[Mapping[str, Value]], str], parts: Container[str]) -> list[Row]:
    """Rows of an earlier result whose part is not measured again; none where ``out`` does not exist yet."""
    rows = read_record(out).rows if out.exists() else []
    return [dict(row) for row in rows if part_of(row) not in parts]


def finished_rows(path: Path | None, make: Callable[[], Iterable[Row]]) -> list[Row]:
    """Rows in ``path`` where an earlier run finished them; else make them and keep them there.

    Args:
        path: JSON file whose name says what the rows depend on; ``None`` = keep nothing.
    """
    if path is None:
        return list(make())
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(list(make())))
    rows: list[Row] = json.loads(path.read_text())
    return rows


def print_table(record: Record, columns: Sequence[str]) -> None:
    """Print some columns of the rows on the terminal."""
    table = Table(title=f"{record.benchmark} ({record.provenance})")
    for column in columns:
        table.add_column(column)
    for row in record.rows:
        table.add_row(*(shown(row.get(column)) for column in columns))
    Console(width=max(120, Console().width)).print(table)


def print_summary(record: Record) -> None:
    """Print the summary on the terminal, one number per line."""
    table = Table("what", "value", title=f"{record.benchmark} ({record.provenance})")
    for name, value in record.summary.items():
        table.add_row(name, shown(value))
    Console(width=max(120, Console().width)).print(table)


def markdown_table(rows: Rows, columns: Sequence[str]) -> str:
    """Some columns of the rows as a Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(shown(row.get(column)) for column in columns) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def summary_table(summary: Mapping[str, Value]) -> str:
    """The summary as a Markdown table."""
    return markdown_table([{"what": what, "value": value} for what, value in summary.items()], ["what", "value"])


def shown(value: Value) -> str:
    """A value with three significant digits; a dash where it is missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def sha256(path: Path) -> str:
    """Digest of a file, or of the files of a folder in the order of their names."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _entry_a_line(value: object, indent: int = 1) -> str:
    """JSON with an entry of a mapping a line, and a row of a table a line."""
    if isinstance(value, dict) and value:
        entries = [f"{_line(key)}: {_entry_a_line(entry, indent + 1)}" for key, entry in value.items()]
        opening, closing = "{}"
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        entries = [_line(row) for row in value]
        opening, closing = "[]"
    else:
        return _line(value)
    line = "\n" + " " * indent
    return f"{opening}{line}{f',{line}'.join(entries)}{line[:-1]}{closing}"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _plain_row(row: Mapping[str, Value]) -> Row:
    return {key: _plain(value) for key, value in row.items()}


def _plain(value: object) -> Value:
    plain: Value = value.item() if isinstance(value, np.generic) else value  # type: ignore[assignment]
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
