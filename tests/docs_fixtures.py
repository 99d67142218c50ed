"""A place that the pages of the documentation can work on: twelve storms in four months, and a century of maxima."""

from pathlib import Path

import numpy as np
from tests.batch_fixtures import MEAN_SEA_LEVEL, bell, hours, make_sea, make_tide
from tests.region_files import REGION_FILE, write_levels, write_place

from strandline.belief.calibration import NO_WIDENING
from strandline.belief.filter import SeaModel
from strandline.belief.process import SurgeProcess
from strandline.belief.sensors import own_sensor
from strandline.watch.learn import GaugeTide, Knowledge, save_knowledge

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


def write_knowledge(folder: Path) -> None:
    """What a watch would learn of that place in a minute, made by hand: one gauge and the tide that it is made of."""
    process = SurgeProcess(np.array([1.3, -0.34]), np.array([0.02, 0.1]), np.array([[0.98, 0.02], [0.02, 0.98]]))
    tide = GaugeTide(make_sea().fitted.constants, MEAN_SEA_LEVEL)
    folder.mkdir(parents=True)
    model = SeaModel(process, (own_sensor("Pier", process),))
    save_knowledge(folder, Knowledge(model, {"Pier": tide}, NO_WIDENING, (), ()))
