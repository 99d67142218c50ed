"""A place that the pages of the documentation can work on: twelve storms in four months, and a century of maxima."""

from pathlib import Path

import numpy as np
from tests.batch_fixtures import bell, hours, make_tide
from tests.region_files import REGION_FILE, write_levels, write_place

STORMS, DAYS = 12, 116
MORE = """
[extremes]
source = "made by hand"
path = "maxima.csv"
year = "year"
maximum = "level"
unit = "m"
datum_shift = 0.0
trend = false

[scenarios]
return_periods = [2.0, 10.0, 100.0]

[[scenarios.sea_level_rise]]
scenario = "SSP2-4.5"
year = 2050
"""


def write_documented_place(folder: Path) -> Path:
    """The hand-made place with a longer record; returns the region file."""
    path = write_place(folder)
    rng = np.random.default_rng(3)
    time = hours(DAYS)
    surge = np.zeros(time.size)
    for number in range(STORMS):
        peak = time[0] + np.timedelta64(int(24 * (6 + 9 * number) + rng.integers(0, 12)), "h")
        surge += bell(time, [peak], height=rng.uniform(0.6, 1.6))
    weather = np.convolve(rng.normal(0, 0.03, time.size + 23), np.full(24, 0.5), "valid")
    write_levels(folder / "levels.csv", time, 0.2 + make_tide(time) + surge + weather)
    maxima = 1.9 + 0.2 * rng.gumbel(size=100)
    rows = [f"{year},{level:.3f}" for year, level in zip(range(1920, 2020), maxima, strict=True)]
    (folder / "maxima.csv").write_text("\n".join(["year,level", *rows]) + "\n", encoding="utf-8")
    path.write_text(REGION_FILE + MORE, encoding="utf-8")
    return path
