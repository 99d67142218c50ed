"""From a section of the region file to the forecasts of the sea that were known at an hour."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.checks.inventory.inventory import take_inventory
from strandline.observations.readers.observe import observe, provenance_of
from strandline.observations.region_file import load_region_file
from strandline.observations.sea_level.issued_levels import issued_levels
from tests.fixtures.region_files import write_region_folder

HOUR = np.timedelta64(1, "h")
ISSUED = np.datetime64("2020-01-05T00", "ns")
PETSS = """
[[surge_forecast]]
name = "PETSS"
format = "table"
paths = "petss.csv"
variable = "water_level_forecast"
vertical_datum = { name = "MLLW", kind = "chart datum" }
offset_to_region_datum = { metres = -1.0, uncertainty = 0.02, source = "benchmark 7" }
delay_hours = 5.0
columns = { issued = "issued_utc", valid = "valid_utc", level = "total_m", low = "e90_m", high = "e10_m" }
unit = "m"
source = "NOAA"
licence = "public domain"
"""
SURGE = """
[[surge_forecast]]
name = "office"
format = "table"
paths = "office.csv"
variable = "surge_forecast"
delay_hours = 2.0
columns = { lead = "hours", level = "surge", member = "run" }
unit = "cm"
"""


def flat(time: Times) -> Floats:
    return np.full(time.size, 0.25)


def region(folder: Path, sections: str, **files: str) -> Path:
    path = write_region_folder(folder, days=10)
    path.write_text(path.read_text() + sections)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return path


def petss(*rows: str) -> str:
    return "\n".join(["issued_utc,valid_utc,total_m,e10_m,e90_m", *rows])


def office(*rows: str) -> str:
    return "\n".join(["issued,hours,surge,run", *rows])


TABLE = petss(
    "2020-01-05T00:00:00Z,2020-01-04T20:00:00Z,9.0,,",  # before the cycle: no forecast
    "2020-01-05T00:00:00Z,2020-01-05T06:00:00Z,1.5,1.8,1.3",
    "2020-01-05T00:00:00Z,2020-01-05T07:00:00Z,1.6,,",
    "2020-01-05T06:00:00Z,2020-01-05T12:00:00Z,1.7,1.8,1.6",
)
MEMBERS = office(
    "2020-01-05T00:00:00Z,6,10,a", "2020-01-05T00:00:00Z,6,30,b", "2020-01-05T00:00:00Z,12,-10,a",
    "2020-01-05T00:00:00Z,12,-10,b",
)  # fmt: skip


def test_an_operational_forecast_is_known_once_it_could_be_had(tmp_path: Path) -> None:
    path = region(tmp_path, PETSS, petss=TABLE)
    region_file = load_region_file(path)
    observations = observe(region_file)
    assert provenance_of(region_file, "surge_forecast").licence == "public domain"
    assert [file.name for file in observations.files if "petss" in file.name] == ["petss.csv"]
    levels = issued_levels(observations.require("surge_forecast"), "PETSS", flat)
    assert len(levels) == 3
    assert len(levels.known_at(ISSUED + 4 * HOUR)) == 0
    known = levels.known_at(ISSUED + 10 * HOUR)
    assert known.level.tolist() == pytest.approx([0.5, 0.6])
    assert known.spread[0] == pytest.approx(0.5 / 2.5631)
    assert np.isnan(known.spread[1])
    assert known.others.ravel().tolist() == [0.25, 0.25]
    assert (levels.available - levels.issued == 5 * HOUR).all()


def test_members_of_a_surge_become_mean_and_spread_upon_the_tide(tmp_path: Path) -> None:
    observations = observe(load_region_file(region(tmp_path, PETSS + SURGE, petss=TABLE, office=MEMBERS)))
    levels = issued_levels(observations.require("surge_forecast"), "office", flat)
    assert levels.level.tolist() == pytest.approx([0.25 + 0.2, 0.25 - 0.1])
    assert levels.spread.tolist() == pytest.approx([np.std([0.1, 0.3], ddof=1), 0.0])
    assert (levels.available - levels.issued == 2 * HOUR).all()
    with pytest.raises(InputError, match="has no service 'other'"):
        issued_levels(observations.require("surge_forecast"), "other", flat)


def test_the_newest_cycle_is_taken_for_each_hour(tmp_path: Path) -> None:
    rows = [f"2020-01-05T{cycle:02d}:00:00Z,2020-01-05T18:00:00Z,{1 + cycle / 10},," for cycle in (0, 6, 12)]
    observations = observe(load_region_file(region(tmp_path, PETSS, petss=petss(*rows))))
    levels = issued_levels(observations.require("surge_forecast"), "PETSS", flat)
    assert levels.known_at(ISSUED + 12 * HOUR).newest().level.tolist() == pytest.approx([0.6])
    assert levels.known_at(ISSUED + 17 * HOUR).newest().level.tolist() == pytest.approx([1.2])


def test_forecasts_in_netcdf_are_read_with_their_members(tmp_path: Path) -> None:
    section = SURGE.replace('"table"', '"netcdf"').replace("office.csv", "office.nc").replace('unit = "cm"\n', "")
    section = section.replace('columns = { lead = "hours", level = "surge", member = "run" }', 'level = "eta"')
    path = region(tmp_path, section)
    values = np.array([[0.1, 0.3], [0.0, 0.0]])
    eta = xr.DataArray(values, dims=("lead", "member"), attrs={"units": "m"})
    dataset = xr.Dataset({"eta": eta}, {"lead": ("lead", [6, 12], {"units": "hours"})})
    dataset.attrs["forecast_reference_time"] = "2020-01-05T00:00"
    dataset.to_netcdf(tmp_path / "office.nc")
    levels = issued_levels(observe(load_region_file(path)).require("surge_forecast"), "office", flat)
    assert levels.level.tolist() == pytest.approx([0.45, 0.25])
    assert levels.lead.tolist() == [6.0, 12.0]


def test_the_check_names_services_leads_and_cycles(tmp_path: Path) -> None:
    inventory = take_inventory(load_region_file(region(tmp_path, PETSS, petss=TABLE)), ISSUED + 24 * HOUR)
    (stream,) = [each for each in inventory.streams if each.name == "surge_forecast"]
    assert (stream.state, stream.count) == ("present", 2)
    assert "of PETSS, to 7 h ahead; known 5 h after the cycle" in stream.detail


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (petss("2020-01-05T00:00:00Z,2020-01-04T00:00:00Z,1.0,,"), "no level after its cycle"),
        (petss("2020-01-05T00:00:00Z,2020-01-05T06:30:00Z,1.0,,"), "6.5 h after its cycle"),
        (petss("2020-01-05T00:00:00Z,2020-03-05T06:00:00Z,1.0,,"), "h after its cycle"),
        (petss("2020-01-05T00:00:00Z,2020-01-05T06:00:00Z,1.0,0.8,1.2"), "cross"),
        (petss("2020-01-05T00:00:00Z,2020-01-05T06:00:00Z,150,,"), "outside"),
        (petss(*[f"2020-01-05T00:00:00Z,2020-01-05T06:00:00Z,{level},," for level in (1.0, 1.2)]), "twice"),
        (petss("then,2020-01-05T06:00:00Z,1.0,,"), "is not a time"),
    ],
)
def test_what_is_no_forecast_is_refused(table: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        observe(load_region_file(region(tmp_path, PETSS, petss=table)))


@pytest.mark.parametrize(
    ("now", "then", "message"),
    [
        ('vertical_datum = { name = "MLLW", kind = "chart datum" }\n', "", "vertical_datum"),
        ('unit = "m"\n', "", "'columns' and 'unit'"),
        (', valid = "valid_utc"', "", "columns.valid"),
        (', high = "e10_m"', "", "belong together"),
        ('high = "e10_m"', 'high = "e10_m", member = "run"', "given twice"),
        ('unit = "m"\n', 'unit = "m"\nlevel = "eta"\n', "names the variable"),
        ("delay_hours = 5.0\n", "", "delay_hours"),
    ],
)
def test_a_section_that_does_not_say_enough_is_refused(now: str, then: str, message: str, tmp_path: Path) -> None:
    section = PETSS.replace(now, then)
    assert section != PETSS
    with pytest.raises(InputError, match=message):
        load_region_file(region(tmp_path, section, petss=TABLE))
