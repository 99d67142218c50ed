"""Checks whether this machine can run Strandline, and what each missing extra would add."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Annotated, Literal

import typer
from packaging.requirements import Requirement
from rich.table import Table
from rich.text import Text

from strandline.cli.console import print_json, print_result
from strandline.cli.options import AsJson
from strandline.errors import InputError

State = Literal["works", "absent", "broken"]
ADDS = {
    "watch": "the watch: live streams and the store",
    "fetch": "public data for any place, by `strandline fetch`",
    "serve": "the dashboard and its API",
    "parquet": "assets and zones from GeoParquet",
    "postgres": "a store of the watch on PostgreSQL, for several machines",
    "grib": "weather forecasts of ECMWF and NCEP as GRIB",
    "apprise": "warnings by Telegram and other services",
    "ogc": "a finished run as OGC API, by pygeoapi",
    "dask": "maps of large regions on a cluster",
    "quantum": "PennyLane, which our quantum kernels are checked against",
}
"""Extra → what it adds; those for developers are left out."""
SHIPPED = Path(__file__).parents[1] / "models" / "weights"
OLDEST_PYTHON = (3, 11)
LEAST_DISK = 1e9
"""Free space that a run should find [bytes]; an assumption, a large region leaves more."""
_COLOURS = {"works": "green", "absent": "yellow", "broken": "red"}


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        state: ``absent`` = missing and optional; ``broken`` = needed and faulty.
        found: what is there, or what is wrong.
        remedy: what to do; empty = nothing.
    """

    name: str
    state: State
    found: str
    remedy: str = ""


def doctor(
    out: Annotated[Path, typer.Option(help="Folder that runs are to be written to.")] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Check whether this machine can run Strandline, and what each missing extra would add."""
    findings = list(examine(out))
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        print_result(findings_table(findings))
    broken = [one.name for one in findings if one.state == "broken"]
    if broken:
        raise InputError("doctor", f"{', '.join(broken)} must work", "mend what is called broken above")


def examine(folder: Path) -> Iterator[Finding]:
    """Run all checks; one that fails does not hide the others.

    Args:
        folder: where runs will be written; it need not exist.
    """
    yield _python()
    yield _packages()
    yield _try("torch", _torch, "pip install --force-reinstall torch")
    yield _try("maps", _maps, "pip install --force-reinstall rasterio pyproj")
    yield _try("reading process", _reading_process, "allow this user to start programs and to open sockets")
    yield _try("compiled code", _compiled, "set NUMBA_CACHE_DIR to a folder that can be written")
    yield _try("networks", _networks, "pip install --force-reinstall strandline")
    yield _disk(folder)
    yield from (_extra(name, adds) for name, adds in ADDS.items())
    yield _browser()


def findings_table(findings: list[Finding]) -> Table:
    """One row a finding."""
    table = Table(box=None)
    for heading in ("what", "state", "found"):
        table.add_column(heading)
    for one in findings:
        found = f"{one.found}; {one.remedy}" if one.remedy else one.found
        table.add_row(Text(one.name), Text(one.state, style=_COLOURS[one.state]), Text(found))
    return table


def _try(name: str, check: Callable[[], str], remedy: str) -> Finding:
    """Result of ``check``; faulty compiled libraries raise one of these three errors."""
    try:
        return Finding(name, "works", check())
    except (ImportError, OSError, RuntimeError) as error:
        return Finding(name, "broken", f"{type(error).__name__}: {error}", remedy)


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        return Finding("Python", "broken", found, f"install Python {oldest} or newer")
    return Finding("Python", "works", f"{found}, strandline {version('strandline')}")


def _packages() -> Finding:
    needed = [one for one in _requirements() if one.marker is None]
    faults = [fault for one in needed if (fault := _fault(one)) is not None]
    if faults:
        return Finding("packages", "broken", "; ".join(faults), "pip install --upgrade strandline")
    return Finding("packages", "works", f"all {len(needed)} that are needed, in versions that fit")


def _requirements() -> list[Requirement]:
    return [Requirement(line) for line in requires("strandline") or ()]


def _fault(one: Requirement) -> str | None:
    try:
        found = version(one.name)
    except PackageNotFoundError:
        return f"{one.name} is missing"
    return None if one.specifier.contains(found, prereleases=True) else f"{one.name} is {found}, not {one.specifier}"


def _torch() -> str:
    import torch

    size = 64
    if float((torch.ones(size, size) @ torch.ones(size, size))[0, 0]) != size:
        raise RuntimeError("a product of two matrices of ones is wrong")
    device = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ", no GPU (none is needed)"
    return f"{torch.__version__}, {torch.get_num_threads()} threads on {os.cpu_count()} cores{device}"


def _maps() -> str:
    """Write a raster to memory and read it back; transform a point to another coordinate system."""
    import numpy as np
    import pyproj
    import rasterio
    from rasterio.io import MemoryFile

    x, y = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32633", always_xy=True).transform(15.0, 45.0)
    if abs(x - 500_000) > 1 or not 4_980_000 < y < 4_990_000:
        raise RuntimeError(f"PROJ moves 15° E 45° N to ({x:.0f}, {y:.0f}) in EPSG:32633")
    size = 16
    profile = {"driver": "GTiff", "width": size, "height": size, "count": 1, "dtype": "float32", "crs": "EPSG:32633"}
    profile["transform"] = rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000)
    with MemoryFile() as memory:
        with memory.open(**profile) as raster:
            raster.write(np.ones((1, size, size), "float32"))
        with memory.open() as raster:
            if raster.read().sum() != size**2:
                raise RuntimeError("GDAL reads another raster than was written")
    return f"GDAL {rasterio.__gdal_version__} (rasterio {rasterio.__version__}), PROJ {pyproj.proj_version_str}"


def _reading_process() -> str:
    """Call a function in the process in which `check`, `run` and `watch` read files."""
    from strandline.observations.readers.formats.reading_process import ReaderUnavailable, reading_process

    try:
        other = reading_process()([], os.getpid)
    except ReaderUnavailable as error:
        raise RuntimeError(str(error)) from error
    if other == os.getpid():
        return "files are read in this process, since this system cannot end another in time"
    return "files are read in another process, which is ended if one hangs"


def _compiled() -> str:
    """Compile a function; numba refuses where it cannot store the result."""
    import numba

    twice = numba.njit(cache=True)(_twice)
    if twice(21) != 42:
        raise RuntimeError("compiled code gives another number")
    return f"numba {numba.__version__}, kept in {twice.stats.cache_path}"


def _twice(number: int) -> int:
    return 2 * number


def _networks() -> str:
    """Compare the SHA-256 of the shipped weights with their model card."""
    digests: dict[str, str] = {}
    for card in ("student.json", "scenes.json"):
        digests |= json.loads((SHIPPED / card).read_text(encoding="utf-8"))["sha256"]
    for name, digest in digests.items():
        if hashlib.sha256((SHIPPED / name).read_bytes()).hexdigest() != digest:
            raise RuntimeError(f"{SHIPPED / name} is damaged or of another version")
    return f"{' and '.join(digests)} are those that shipped"


def _disk(folder: Path) -> Finding:
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        return Finding("disk", "broken", f"{there} cannot be written", "choose another folder")
    free = shutil.disk_usage(there).free
    if free < LEAST_DISK:
        return Finding("disk", "broken", f"{free / 1e9:.1f} GB free in {there}", f"free {LEAST_DISK / 1e9:.0f} GB")
    return Finding("disk", "works", f"{free / 1e9:.0f} GB free in {there}")


def _extra(extra: str, adds: str) -> Finding:
    """An extra that is incomplete, or in a version that does not fit, counts as absent."""
    parts = [one for one in _requirements() if one.marker is not None and one.marker.evaluate({"extra": extra})]
    faults = [fault for one in parts if (fault := _fault(one)) is not None]
    if faults:
        return Finding(extra, "absent", f"{'; '.join(faults)}: without {adds}", f"pip install 'strandline[{extra}]'")
    return Finding(extra, "works", adds)


def _browser() -> Finding:
    program = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
    if program is None:
        return Finding("Chromium", "absent", "the tests of the dashboard are skipped; users need any browser")
    return Finding("Chromium", "works", f"{program}, for the tests of the dashboard")
