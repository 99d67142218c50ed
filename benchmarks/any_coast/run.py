"""Types the lines of a newcomer against the services of a place, and times each of them as a whole process."""

import html
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.any_coast.places import PLACES
from benchmarks.any_coast.services import serving_place, write_mirrors
from benchmarks.record import Row


@dataclass(frozen=True)
class Variant:
    """What a newcomer has.

    Attributes:
        gauge: of ``services.GAUGES``.
        only: kinds that are fetched; empty = all.
        has_tides: whether the table of tidal constants is at hand.
        mistake: a line that is typed wrongly into the region file: pattern and replacement; put right once it is found.
        found_by: words by which ``check`` names what is wrong; empty = nothing is.
        runs: whether the run is made, too.
    """

    gauge: str = "whole"
    only: tuple[str, ...] = ()
    has_tides: bool = True
    mistake: Callable[[str], str] | None = None
    found_by: str = ""
    runs: bool = True


def _a_metre_too_high(text: str) -> str:
    """The offset of the first gauge is off by a metre."""
    stated = re.compile(r"^(offset_to_region_datum = {metres = )(-?[\d.]+)", re.MULTILINE)
    return stated.sub(lambda found: f"{found[1]}{float(found[2]) + 1:.3f}", text, count=1)


VARIANTS = {
    "everything": Variant(),
    "terrain alone": Variant(only=("terrain",), has_tides=False),
    "six-year gauge": Variant("six-years"),
    "no gauge": Variant("none"),
    "offset 1 m off": Variant(mistake=_a_metre_too_high, found_by="too high", runs=False),
    "zero moves by 1 m": Variant("stepped", found_by="steps by about", runs=False),
}


@dataclass(frozen=True)
class Newcomer:
    """Someone at a terminal.

    Attributes:
        folder: where the region file lies.
        name: of the region file, without ending.
        tables: the published tables, if they are at hand.
    """

    folder: Path
    name: str
    tables: Path | None

    def type(self, step: str, *words: str) -> Row:
        """One line; seconds of the whole process [s], its own computing time [s], and what it says at its end."""
        command = [sys.executable, "-m", "strandline.cli.main", step, *words]
        begin = time.perf_counter()
        with subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_environment()
        ) as process:
            assert process.stdout is not None
            said = process.stdout.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        (self.folder / f"{step}.log").write_text(said, encoding="utf-8")
        return {
            "step": step,
            "line": " ".join(["strandline", step, *words]).replace(str(self.tables), "TABLES"),
            "seconds": round(time.perf_counter() - begin, 1),
            "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
            "code": process.returncode,
        }

    def says(self, step: str, words: str) -> bool:
        """Whether the last such line answered with some words."""
        return words in " ".join((self.folder / f"{step}.log").read_text("utf-8").split())


def rows_of(place: str, variant: str, places: Path, work: Path, until: date, data: Path | None) -> Iterator[Row]:
    """One row a line. From the end of the first fetch on, the services are stopped.

    Args:
        places: folder in which the places lie once they are simulated.
        work: folder of the newcomer, emptied before.
    """
    given, box = VARIANTS[variant], PLACES[place].box
    work.mkdir(parents=True)
    newcomer, file = Newcomer(work, place, data), f"{place}.toml"
    bounds = [f"{bound:.2f}" for bound in box.bounds]
    with serving_place(PLACES[place], places, until, data, given.gauge) as mirrors:
        write_mirrors(mirrors, work / "mirrors.toml", ("ibtracs",) if data else ())
        rows = [newcomer.type("new", "--bbox", *bounds, "--out", file)]
        rows.append(newcomer.type("fetch", file, *_fetch_options(given, data)))
    if given.mistake is not None:
        sound = (work / file).read_text("utf-8")
        (work / file).write_text(given.mistake(sound), encoding="utf-8")
    if given.found_by:
        rows.append({**newcomer.type("check", file), "found": newcomer.says("check", given.found_by)})
    if given.mistake is not None:
        (work / file).write_text(sound, encoding="utf-8")
    rows.append({**newcomer.type("check", file), "can_run": newcomer.says("check", "verdict: this can be run")})
    again = newcomer.type("fetch", file, *_fetch_options(given, data))
    rows.append({**again, "step": "fetch offline", "from_cache": not newcomer.says("fetch", " fetched ")})
    if given.runs:
        rows.append({**newcomer.type("run", file, "--out", "report"), **_products(work / "report", work / file)})
    for row in rows:
        yield {"place": place, "variant": variant, **row}


def _fetch_options(given: Variant, data: Path | None) -> list[str]:
    options = ["--yes", "--mirrors", "mirrors.toml"]
    for kind in given.only:
        options += ["--only", kind]
    if given.has_tides and data is not None:
        options += ["--file", f"ticon={data / 'tides'}"]
    return options


def _products(report: Path, file: Path) -> Row:
    """What a run left: a report, and how many of the licences that the region file states stand in it."""
    if not (report / "report.html").exists():
        return {"report": False}
    page = html.unescape((report / "report.html").read_text("utf-8"))
    stated = set(_licences(tomllib.loads(file.read_text("utf-8"))))
    return {"report": True, "licences": len(stated), "licences_shown": sum(each in page for each in stated)}


def _licences(table: object) -> Iterator[str]:
    """Every licence within a region file."""
    if isinstance(table, dict):
        yield from (str(value) for name, value in table.items() if name == "licence")
    for value in table.values() if isinstance(table, dict) else table if isinstance(table, list) else ():
        yield from _licences(value)


def _environment() -> dict[str, str]:
    """Of this process, on two threads."""
    return {**os.environ, "OMP_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2", "COLUMNS": "400"}


def minutes(rows: Sequence[Row], key: str) -> float:
    """The three lines of a newcomer together [min]."""
    return sum(float(str(row[key])) for row in rows if row["step"] in ("new", "fetch", "run")) / 60
