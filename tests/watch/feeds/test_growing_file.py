"""A growing gauge file: complete lines, late ones, bad ones, and none from the future."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from strandline.errors import FeedError
from strandline.observations.region_file.data_sections import GaugeFileSection
from strandline.watch.feeds.files.growing_file import GrowingFile
from strandline.watch.feeds.quality_control import check_readings
from strandline.watch.readings import Reading
from tests.fixtures.datums import on_datum

pytestmark = pytest.mark.slow

START = datetime(2022, 1, 1)
HOUR = timedelta(hours=1)


def feed(path: Path, now: datetime, **stated: object) -> GrowingFile:
    form = {
        "name": "Pier",
        "paths": str(path),
        "format": "wide",
        "columns": {"time": "time", "level": "level"},
        "unit": "cm",
        "time_zone": "+01:00",
        **on_datum(-0.5),
        "missing": ["-99"],
    }
    return GrowingFile("Pier", GaugeFileSection.model_validate(form | stated), clock=lambda: now)


def rows(first: int, last: int) -> str:
    """Hourly rows on the clock of UTC+1, in centimetres: 50 + the hour."""
    return "".join(f"{(START + (h + 1) * HOUR).isoformat()},{50 + h}\n" for h in range(first, last))


def test_rows_become_metres_on_the_regions_datum_in_utc(tmp_path: Path) -> None:
    path = tmp_path / "pier.csv"
    path.write_text("time,level\n" + rows(0, 5))
    now = START + 4 * HOUR
    assert feed(path, now).read(datetime.min, now)[-1] == Reading("Pier", "water_level", now, now, pytest.approx(0.04))


def test_an_incomplete_line_waits_until_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "pier.csv"
    whole = "time,level\n" + rows(0, 3)
    now = START + 12 * HOUR
    for cut in range(len(whole) + 1):
        path.write_text(whole[:cut])
        seen = feed(path, now).read(datetime.min, now)
        assert len(seen) == max(0, whole[:cut].count("\n") - 1)
    assert [reading.value for reading in seen] == pytest.approx([0.0, 0.01, 0.02])


def test_late_rows_are_returned_though_older_than_those_read_before(tmp_path: Path) -> None:
    path = tmp_path / "pier.csv"
    path.write_text("time,level\n" + rows(0, 2) + rows(3, 5) + rows(2, 3))
    seen = feed(path, START + 4 * HOUR).read(START + 3 * HOUR, START + 4 * HOUR)
    assert [reading.time for reading in seen] == [START + hour * HOUR for hour in range(5)]


def test_rows_after_the_hour_are_withheld_but_rows_after_the_present_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "pier.csv"
    path.write_text("time,level\n" + rows(0, 10))
    until = START + 5 * HOUR
    assert feed(path, START + 20 * HOUR).read(START, until)[-1].time == until
    ahead = feed(path, until).read(START, until)
    assert ahead[-1].time == START + 9 * HOUR
    assert {each.finding for each in check_readings(ahead, until)} == {"clock ahead"}


def test_a_bad_row_is_skipped_alone(tmp_path: Path) -> None:
    path = tmp_path / "pier.csv"
    bad = "no time,51\n2022-01-01T03:00,ERR\n2022-01-01T04:00,-99\n2022-01-01T04:00\n1,2,3,4\n\udcff\n"
    path.write_text("time,level\n" + rows(0, 1) + bad + rows(5, 6), errors="surrogateescape")
    now = START + 12 * HOUR
    seen = feed(path, now).read(datetime.min, now)
    assert [reading.time for reading in seen] == [START, START + 2 * HOUR, START + 5 * HOUR]
    assert np.isnan(seen[1].value)
    assert [each.finding for each in check_readings(seen, now)] == [None, "no number", None]


def test_only_the_end_of_a_long_file_is_read_and_as_much_as_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "pier.csv"
    path.write_text("time,level\n" + rows(0, 40_000).replace(",", ",0000000"))
    now = START + 40_000 * HOUR
    reader = feed(path, now)
    assert len(reader.read(now - HOUR, now)) == 72
    assert len(reader.read(datetime.min, now)) == 40_000
    assert len(reader.read(START + 1_000 * HOUR, now)) == 40_000 - 1_000 + 71


@pytest.mark.parametrize("names", ["time,sea_level\nUTC,millimeters\n", "time (UTC),sea_level (millimeters)\n"])
def test_the_end_of_a_long_erddap_file_keeps_its_units(tmp_path: Path, names: str) -> None:
    path = tmp_path / "pier.csv"
    path.write_text(names + rows(0, 40_000).replace(",", ",0000000"))
    now = START + 40_000 * HOUR
    bare = {"unit": None, "time_zone": None, "columns": {}, "missing": [], "paths": str(path), "format": "uhslc"}
    reader = feed(path, now, **bare)
    assert len(reader.read(now - HOUR, now)) == 73
    assert len(reader.read(START + 1_000 * HOUR, now)) == 40_000 - 1_000 + 72


def test_every_table_format_can_grow(tmp_path: Path) -> None:
    time = pd.date_range(START, periods=6, freq="h")
    level = np.arange(6) / 100
    long = pd.DataFrame({"time": time, "level": level, "station": ["Pier", "Mole"] * 3})
    long.to_csv(tmp_path / "long.csv", index=False)
    parts = pd.DataFrame(
        {"y": time.year, "m": time.month, "d": time.day, "h": time.hour, "l": (level * 1000).astype(int)}
    )
    parts.loc[2, "l"] = -32767
    parts.to_csv(tmp_path / "uhslc.csv", index=False, header=False)
    stamps = pd.Series(time.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for flavour, names in (("csv", ("time", "sea_level")), ("csvp", ("time (UTC)", "sea_level (millimeters)"))):
        lines = [",".join(names), *["UTC,millimeters"] * (flavour == "csv")]
        lines += [f"{at},{1000 * metres:.0f}" for at, metres in zip(stamps, level, strict=True)]
        (tmp_path / f"erddap.{flavour}").write_text("\n".join(lines) + "\n")
    pd.DataFrame({"Date Time": time, " Water Level": level}).to_csv(tmp_path / "noaa.csv", index=False)
    xr.Dataset({"sea_level": ("time", level, {"units": "m"})}, {"time": time}).to_netcdf(tmp_path / "a.nc")
    metres = {"unit": "m", "time_zone": "UTC", **on_datum(), "missing": []}
    bare = {"unit": None, "time_zone": None, "columns": {}, **on_datum(), "missing": []}
    columns = {"time": "time", "level": "level", "station": "station"}
    now = START + 12 * HOUR
    for form, expected in (
        (metres | {"paths": str(tmp_path / "long.csv"), "format": "long", "columns": columns}, level[::2]),
        (bare | {"paths": str(tmp_path / "uhslc.csv"), "format": "uhslc"}, np.delete(level, 2)),
        (bare | {"paths": str(tmp_path / "erddap.csv"), "format": "uhslc"}, level),
        (bare | {"paths": str(tmp_path / "erddap.csvp"), "format": "erddap"}, level),
        (metres | {"paths": str(tmp_path / "noaa.csv"), "format": "noaa_coops", "columns": {}}, level),
        (bare | {"paths": str(tmp_path / "a.nc"), "format": "netcdf"}, level),
    ):
        seen = feed(tmp_path, now, **form).read(datetime.min, now)
        assert [reading.value for reading in seen] == pytest.approx(expected)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    now = START + 12 * HOUR
    with pytest.raises(FeedError, match=r"stream 'Pier': .*gone\.csv: cannot be read"):
        feed(tmp_path / "gone.csv", now).read(START, now)
    (tmp_path / "other.csv").write_text("when,level\n" + rows(0, 3))
    with pytest.raises(FeedError, match="has no column 'time'"):
        feed(tmp_path / "other.csv", now).read(START, now)


def test_a_loggers_depth_becomes_a_level_by_the_height_of_its_sensor_and_a_dry_one_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "logger.csv"
    path.write_text("stamp;depth\n2022-01-01 01:00;0.00\n2022-01-01 02:00;0\n2022-01-01 03:00;0.35\n")
    now = START + 4 * HOUR
    stated = {"delimiter": ";", "columns": {"time": "stamp", "level": "depth"}, "unit": "m", "missing": ["0"]}
    readings = feed(path, now, **stated, **on_datum(1.2)).read(datetime.min, now)
    wet = [(reading.time, reading.value) for reading in readings if np.isfinite(reading.value)]
    assert wet == [(START + 2 * HOUR, pytest.approx(1.55))]
