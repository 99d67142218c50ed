"""The record of a benchmark: one JSON file with raw rows and a summary, and a Markdown table of the same rows."""

import argparse
import hashlib
import json
import math
import os
import platform
import subprocess
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numba
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

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
    """

    benchmark: str
    provenance: Provenance
    data: Mapping[str, str]
    seeds: Sequence[int]
    rows: Rows
    summary: Mapping[str, Value]
    tables: Mapping[str, Rows] = field(default_factory=dict)


def write_record(record: Record, out: Path, table: str) -> None:
    """Write the record as JSON, atomically, and its Markdown table beside it; NaN becomes null, a row is a line."""
    envelope: dict[str, object] = {
        "benchmark": record.benchmark,
        "provenance": record.provenance,
        "commit": commit(),
        "machine": machine(),
        "data": dict(record.data),
        "seeds": list(record.seeds),
        "rows": [],
        "summary": _plain_row(record.summary),
    }
    if record.tables:
        envelope["tables"] = {name: [_plain_row(row) for row in rows] for name, rows in record.tables.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(envelope, indent=1, ensure_ascii=False, allow_nan=False)
    rows = ",\n  ".join(json.dumps(_plain_row(row), ensure_ascii=False, allow_nan=False) for row in record.rows)
    if rows:
        text = text.replace('\n "rows": [],', f'\n "rows": [\n  {rows}\n ],', 1)
    write_text(out, text + "\n")
    out.with_suffix(".md").write_text(table)


def read_record(path: Path) -> Record:
    """The record that `write_record` wrote."""
    envelope = json.loads(path.read_text())
    return Record(**{name: envelope[name] for name in Record.__dataclass_fields__ if name in envelope})


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


def command_of(module: str, arguments: argparse.Namespace, leave_out: Container[str]) -> str:
    """The command line of a run, with file names in place of paths.

    Args:
        module: after ``python -m``.
        arguments: as parsed; ``leave_out``: names of those that change no number.
    """
    options = []
    for name, value in vars(arguments).items():
        if value is not None and name not in leave_out:
            values = [
                one.name if isinstance(one, Path) else one for one in (value if isinstance(value, list) else [value])
            ]
            options.append(f"--{name.replace('_', '-')} {' '.join(map(str, values))}")
    return f"python -m {module} {' '.join(options)}"


def numeric_options(arguments: argparse.Namespace, names: Sequence[str]) -> str:
    """The named options of a run as ``--name value``, numbers in their shortest form."""
    options = []
    for name in names:
        value = getattr(arguments, name)
        values: list[float] = value if isinstance(value, list) else [value]
        options.append(f"--{name.replace('_', '-')} {' '.join(f'{one:g}' for one in values)}")
    return " ".join(options)


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


def commit() -> str:
    """Short hash of the checked-out commit, with ``+changes`` where tracked files differ from it."""
    here = Path(__file__).parent
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True)
    if head.returncode != 0:
        return "unknown"
    changes = subprocess.run(["git", "status", "--porcelain", "-uno"], cwd=here, capture_output=True, text=True)
    return head.stdout.strip() + ("+changes" if changes.stdout.strip() else "")


def machine() -> str:
    """Processor, cores, and the versions that affect speed."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"numpy {np.__version__}, numba {numba.__version__}, torch {torch.__version__}"
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _plain_row(row: Mapping[str, Value]) -> Row:
    return {key: _plain(value) for key, value in row.items()}


def _plain(value: object) -> Value:
    plain: Value = value.item() if isinstance(value, np.generic) else value  # type: ignore[assignment]
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
