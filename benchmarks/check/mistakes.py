"""Mistakes that people make with a region: in its file, or in the data that it names."""

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

OWN, NEIGHBOUR = "Diga Sud Lido", "Piattaforma CNR"
SHIFTS = (-1.5, -1.0, -0.5, 0.5, 1.0, 1.5)
"""[m]"""
MAXIMA, CONSTANTS = "extremes/evd_venice2.csv", "tides/ticon_ccby_constituents.csv.gz"
READINGS = "gauges/venice/Stazione_DigaSudLido.csv.gz"
_METRES = re.compile(r"(metres = )(-?[\d.]+)")


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        name: what is wrong, and by how much.
        make: region file as text, folder of the data, folder to write changed data into → region file with the mistake.
    """

    name: str
    make: Callable[[str, Path, Path], str]


def mistakes() -> Iterator[Mistake]:
    """All of them, for the example ``caorle.toml``; the first is none."""
    yield Mistake("none", lambda text, data, folder: text)
    for name, heading in (
        ("own gauge", f'name = "{OWN}"'),
        ("a neighbour", f'name = "{NEIGHBOUR}"'),
        ("terrain", "[terrain]"),
        ("annual maxima", "[extremes]"),
    ):
        for shift in SHIFTS:
            yield Mistake(f"{name} {shift:+.1f} m", partial(_shifted, headings=(heading,), shift=shift))
    gauges = (f'name = "{OWN}"', f'name = "{NEIGHBOUR}"', 'name = "Punta Salute"')
    for shift in SHIFTS:
        yield Mistake(f"all gauges {shift:+.1f} m", partial(_shifted, headings=gauges, shift=shift))
    for hours in (-1, 1):
        clock = partial(_replaced, old='time_zone = "+01:00"', new=f'time_zone = "+0{1 + hours}:00"')
        yield Mistake(f"own gauge's clock {hours:+d} h", partial(clock, times=1))
        yield Mistake(f"clock of all gauges {hours:+d} h", partial(clock, times=3))
    yield Mistake("own gauge's metres called centimetres", partial(_replaced, old='unit = "m"', new='unit = "cm"'))
    yield Mistake("tidal constants in centimetres", partial(_times, file=CONSTANTS, column="amplitude_m", factor=100.0))
    yield Mistake("annual maxima × 10", partial(_times, file=MAXIMA, column="1", factor=10.0))
    yield Mistake("annual maxima ÷ 10", partial(_replaced, old='unit = "cm"', new='unit = "mm"'))
    yield Mistake("a maximum of the year 99999", partial(_with_text, file=MAXIMA, old="\n1999,", new="\n99999,"))
    for year in ("99999", "3022", "0022"):
        change = partial(_with_text, file=READINGS, old="\n2022-11-20 00:00:00", new=f"\n{year}-11-20 00:00:00")
        yield Mistake(f"a reading of the year {year}", change)


def _shifted(text: str, data: Path, folder: Path, *, headings: tuple[str, ...], shift: float) -> str:
    """The first offset [m] after each heading is larger by ``shift``."""
    for heading in headings:
        before, found, after = text.partition(heading)
        assert found, heading
        text = before + found + _METRES.sub(lambda match: f"{match[1]}{float(match[2]) + shift:.2f}", after, count=1)
    return text


def _replaced(text: str, data: Path, folder: Path, *, old: str, new: str, times: int = 1) -> str:
    assert text.count(old) >= times, old
    return text.replace(old, new, times)


def _times(text: str, data: Path, folder: Path, *, file: str, column: str, factor: float) -> str:
    """A column of a table is multiplied."""
    table = pd.read_csv(data / file)
    path = folder / Path(file).name
    table.assign(**{column: factor * table[column]}).to_csv(path, index=False)
    return _replaced(text, data, folder, old=file, new=str(path))


def _with_text(text: str, data: Path, folder: Path, *, file: str, old: str, new: str) -> str:
    """The first such text of a data file is changed."""
    content = (data / file).read_bytes()
    plain = gzip.decompress(content) if file.endswith(".gz") else content
    changed = _replaced(plain.decode("utf-8"), data, folder, old=old, new=new).encode("utf-8")
    path = folder / Path(file).name
    path.write_bytes(gzip.compress(changed) if file.endswith(".gz") else changed)
    return _replaced(text, data, folder, old=file, new=str(path), times=text.count(file))
