"""Writes the page on what each dependency of the default install costs, from the environment that runs it.

``python packaging/dependencies.py > docs/reference/dependencies.md``
"""

import ast
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from importlib.metadata import distribution, packages_distributions, version
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "strandline"
MODULES = {"scikit-learn": "sklearn"}
"""Name of a distribution → of its module, where they differ."""
USED_FOR = {
    "torch": "the networks, and training them",
    "safetensors": "files of weights and values, without pickles",
    "numpy": "arrays",
    "scipy": "distributions, filters, interpolation, sparse matrices; NetCDF 3",
    "scikit-learn": "fitting boosted trees in `strandline pretrain --scenes`; nothing else",
    "numba": "the flood solver, trees and filters at the speed of the machine",
    "pandas": "tables",
    "xarray": "arrays with named dimensions",
    "h5netcdf": "NetCDF 4 for xarray, which asks for it by name",
    "h5py": "files of the watch, and bounds while foreign NetCDF is read",
    "zarr": "the store of `strandline map`, written piece by piece",
    "fsspec": "that store at an address; torch needs it too",
    "rasterio": "reading and writing rasters, with its own GDAL",
    "geopandas": "assets, zones and other vectors",
    "pyogrio": "reading and writing vectors, with a second GDAL",
    "shapely": "geometry",
    "pyproj": "coordinates",
    "pydantic": "checking region files and settings",
    "utide": "tables of tidal constituents and their nodal corrections",
    "matplotlib": "figures of report and documents",
    "jinja2": "templates of the pages",
    "typer": "the command line",
    "rich": "tables and progress in the terminal",
    "packaging": "comparing versions in `strandline doctor`; others need it too",
}
HEAD = """# What each dependency costs

The packages that the default install asks for (`[project.dependencies]` of `pyproject.toml`), by what would go with
them. This page is written by `python packaging/dependencies.py > docs/reference/dependencies.md` from the environment
that runs it; a test holds that packages, rooms and numbers of distributions are those of the project.

- **Own**: its files, without bytecode, which pip writes by default and uv does not.
- **With it**: size and number of the distributions that the install would no longer have without this package, itself
  among them. “–”: another package of the list needs it as well, so that leaving it out of the list saves nothing.
- **Import**: time of its own modules in `strandline run --quick`. Of all, `strandline --help` imports
  {early}.

Measured with Python {python} on {system}, torch {torch}.
"""


ROOMS = """## Who imports it

The rooms of [the package](../architecture.md) that import each.
"""


def direct() -> list[Requirement]:
    """What `pyproject.toml` asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(line) for line in project["dependencies"]]


def closure(requirements: Iterable[Requirement]) -> set[str]:
    """Names of all distributions that these need in this environment, themselves among them."""
    waiting, seen = [*requirements], set[tuple[str, frozenset[str]]]()
    while waiting:
        one = waiting.pop()
        key = canonical(one.name), frozenset(one.extras)
        if key not in seen:
            seen.add(key)
            needed = map(Requirement, distribution(one.name).requires or ())
            extras = ("", *one.extras)
            waiting += [
                each for each in needed
                if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras)
            ]  # fmt: skip
    return {name for name, _ in seen}


def leaving(requirement: Requirement) -> set[str]:
    """Distributions that only this one of the direct requirements brings."""
    others = [one for one in direct() if one.name != requirement.name]
    return closure(direct()) - closure(others)


def canonical(name: str) -> str:
    """A distribution's name as indexes spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def rooms(requirement: Requirement) -> list[str]:
    """Folders of the package whose modules import it, also within a function."""
    module = MODULES.get(requirement.name, requirement.name)
    found = {
        path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for path in SOURCE.rglob("*.py")
        if module in _imported(path)
    }
    return sorted(found)


@cache
def _imported(path: Path) -> set[str]:
    """Top-level modules that a file imports."""
    text = path.read_text(encoding="utf-8")
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found


def sizes(name: str) -> tuple[int, int]:
    """Of a distribution's files [bytes]: without bytecode, and bytecode."""
    files = [Path(str(file.locate())) for file in distribution(name).files or ()]
    found = Counter[bool]()
    for path in files:
        if path.is_file():
            found[path.suffix == ".pyc"] += path.stat().st_size
    return found[False], found[True]


def import_seconds(*words: str) -> dict[str, float]:
    """Distribution that a command imports → time of its modules [s]."""
    command = [sys.executable, "-X", "importtime", "-m", "strandline.cli.main", *words]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    owners, found = packages_distributions(), defaultdict[str, float](float)
    for microseconds, module in re.findall(r"^import time: +(\d+) \| +\d+ \| +([\w.]+)$", printed, re.MULTILINE):
        for owner in owners.get(module.partition(".")[0], ()):
            found[canonical(owner)] += int(microseconds) / 1e6
    return found


def page() -> str:
    """The page as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        in_run = import_seconds("run", "--quick", "--out", str(Path(folder) / "run"))
    in_help = import_seconds("--help")
    everything = closure(direct())
    size = {name: sizes(name) for name in everything}
    lines = []
    for one in direct():
        name, gone = canonical(one.name), leaving(one)
        freed = sum(size[each][0] for each in gone)
        with_it = f"{_megabytes(freed)}, {len(gone)}" if gone else "–"
        imported = f"{in_run[name]:.2f} s" if name in in_run else "–"
        row = (one.name, USED_FOR[one.name], ", ".join(rooms(one)), _megabytes(size[name][0]), with_it, imported)
        lines.append((freed, size[name][0], row))
    table = [("package", "for", "own", "with it", "import")]
    table += [(row[0], row[1], *row[3:]) for _, _, row in sorted(lines, reverse=True)]
    files, bytecode = (sum(one[part] for one in size.values()) for part in (0, 1))
    shown = ["| " + " | ".join(row) + " |" for row in table]
    shown.insert(1, "|" + " --- |" * len(table[0]))
    total = (
        f"**In all {len(everything)} distributions, {files / 1e9:.2f} GB**, and {bytecode / 1e9:.2f} GB of bytecode if "
        "the installer writes it."
    )
    named = [f"- `{row[0]}`: {row[2] or 'none'}" for _, _, row in sorted(lines, reverse=True)]
    head = HEAD.format(
        early=", ".join(one.name for one in direct() if canonical(one.name) in in_help),
        python=platform.python_version(), system=f"{platform.system()} ({platform.machine()})", torch=version("torch"),
    )  # fmt: skip
    return "\n".join([head, total, "", *shown, "", ROOMS, *named, ""])


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.stdout.write(page())
