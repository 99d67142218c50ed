"""Where a record comes from: the command as it was run, the commit, the machine, and what it cost."""

import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np
import torch

ROOT = Path(__file__).parents[1]
CODE = ("src", "benchmarks", "examples", "pyproject.toml", ":!benchmarks/results", ":!benchmarks/unfinished")
"""What decides numbers: results that were written a moment ago are no change."""
_BEGIN = time.monotonic()


@dataclass(frozen=True)
class Origin:
    """How a record was made.

    Attributes:
        command: as it was run; of an absolute path its last part.
        commit: short hash, with ``+changes`` where code differed from it or was not in it.
        machine: processor, cores and the versions that affect speed.
        cpu_seconds: processor time of the process and of its finished children [s]; of a run that went on, that of the
            last time only. ``None`` = not recorded.
        wall_seconds: since this module was imported, which a benchmark does first [s].
    """

    command: str
    commit: str
    machine: str
    cpu_seconds: float | None = None
    wall_seconds: float | None = None


def this_run() -> Origin:
    """Of this process, up to now."""
    cpu_seconds, wall_seconds = sum(os.times()[:4]), time.monotonic() - _BEGIN
    return Origin(command(sys.orig_argv), commit(), machine(), round(cpu_seconds, 1), round(wall_seconds, 1))


def command(arguments: Sequence[str]) -> str:
    """A command line without the folders of one machine: relative paths stay, of absolute ones the name.

    Args:
        arguments: the interpreter, and what it was given.
    """
    return shlex.join(["python", *(_without_folders(argument) for argument in arguments[1:])])


def _without_folders(argument: str) -> str:
    option, equals, value = argument.rpartition("=")
    return option + equals + (Path(value).name if Path(value).is_absolute() else value)


def commit(root: Path = ROOT) -> str:
    """Short hash of the checked-out commit, with ``+changes`` where code differs from it or is not in it."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True)
    if head.returncode != 0:
        return "unknown"
    changes = subprocess.run(["git", "status", "--porcelain", "--", *CODE], cwd=root, capture_output=True, text=True)
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
