"""The sets of gauges, one file each."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.surge.records.gauge import GaugeSet
from benchmarks.surge.records.sets import (
    australia,
    netherlands,
    new_jersey,
    north_adriatic,
    quang_binh,
    salish_sea,
    texas,
    venice,
)

SETS: dict[str, Callable[[Path], GaugeSet]] = {
    "salish_sea": salish_sea.read,
    "north_adriatic": north_adriatic.read,
    "texas": texas.read,
    "venice": venice.read,
    "new_jersey": new_jersey.read,
    "quang_binh": quang_binh.read,
    "australia": australia.read,
    "netherlands": netherlands.read,
}
"""Name of a set → its reader, from the folder of its files."""
