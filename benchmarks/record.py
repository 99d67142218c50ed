"""The envelope of every benchmark: one JSON with raw rows and a summary, and the same rows as a table."""

import hashlib
import json
import math
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numba
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Record:
    """What one benchmark found.

    Attributes:
        benchmark: its name, e.g. ``physics``.
        provenance: whether the data is real or simulated.
        data: name of each input to its SHA-256.
        seeds: every seed that was used.
        rows: raw scores, one a case.
        summary: computed from the rows.
    """

    benchmark: str
    provenance: Literal["real", "simulated"]
    data: Mapping[str, str]
    seeds: Sequence[int]
    rows: Sequence[Mapping[str, Value]]
    summary: Mapping[str, Value]


def write_record(record: Record, out: Path) -> None:
    """Write the record as JSON, whole or not at all; NaN becomes null."""
    envelope = {
        "benchmark": record.benchmark,
        "provenance": record.provenance,
        "commit": commit(),
        "machine": machine(),
        "data": dict(record.data),
        "seeds": list(record.seeds),
        "rows": [{key: _plain(value) for key, value in row.items()} for row in record.rows],
        "summary": {key: _plain(value) for key, value in record.summary.items()},
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    partial.write_text(json.dumps(envelope, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    partial.replace(out)


def print_table(record: Record, columns: Sequence[str]) -> None:
    """Show some columns of the rows on the terminal."""
    table = Table(title=f"{record.benchmark} ({record.provenance})")
    for column in columns:
        table.add_column(column)
    for row in record.rows:
        table.add_row(*(shown(row.get(column)) for column in columns))
    Console(width=max(120, Console().width)).print(table)


def print_summary(record: Record) -> None:
    """Show the summary on the terminal, a line a number."""
    table = Table("what", "value", title=f"{record.benchmark} ({record.provenance})")
    for name, value in record.summary.items():
        table.add_row(name, shown(value))
    Console(width=max(120, Console().width)).print(table)


def markdown_table(rows: Sequence[Mapping[str, Value]], columns: Sequence[str]) -> str:
    """The same columns as a Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(shown(row.get(column)) for column in columns) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def shown(value: Value) -> str:
    """A value as a reader wants it: three significant digits, a dash where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def sha256(path: Path) -> str:
    """Digest of a file, or of a folder's files in the order of their names."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def commit() -> str:
    """The commit of the checkout that runs, with ``+changes`` where tracked files differ from it."""
    here = Path(__file__).parent
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True)
    if head.returncode != 0:
        return "unknown"
    changes = subprocess.run(["git", "status", "--porcelain", "-uno"], cwd=here, capture_output=True, text=True)
    return head.stdout.strip() + ("+changes" if changes.stdout.strip() else "")


def machine() -> str:
    """Processor, cores and the versions that matter for speed."""
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


def _plain(value: Value) -> Value:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
