"""Rivers and rain from tables: units, clocks, daily means, gaps, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.observations.readers.gauges.rivers import read_rivers
from strandline.observations.readers.weather import read_weather_station
from strandline.observations.region_file.data_sections import GLOFAS_DELAY_H, RiverSection, WeatherStationSection

PLACE = {"longitude": 106.6, "latitude": 17.5, "time_zone": "UTC"}


def river(folder: Path, text: str, **given: object) -> RiverSection:
    path = folder / f"river{len(list(folder.iterdir()))}.csv"
    path.write_text(text, encoding="utf-8")
    return RiverSection.model_validate({"name": "Nhat Le", "paths": [path], "unit": "m3 s-1", **PLACE, **given})


def test_readings_stand_at_the_next_full_hour_and_nothing_between_them(tmp_path: Path) -> None:
    text = "time,discharge\n2020-10-01T00:00,10\n2020-10-01T03:20,30\n2020-10-01T04:00,50\n2020-10-04T00:00,90\n"
    found = read_rivers([river(tmp_path, text, available_after_h=0.5)])
    assert found is not None
    flow = found["discharge"].values[0]
    assert flow.size == 73
    assert flow[[0, 4, 72]].tolist() == [10.0, 40.0, 90.0]
    assert np.isfinite(flow).sum() == 3
    assert found["available_after_h"].values.tolist() == [0.5]


def test_a_daily_mean_stands_at_noon_and_other_units_and_clocks_are_converted(tmp_path: Path) -> None:
    daily = "day;q\n2020-10-01;1000\n2020-10-02;2000\n"
    columns = {"time": "day", "discharge": "q"}
    found = read_rivers([
        river(tmp_path, daily, columns=columns, delimiter=";", centre_h=12.0, unit="ft3 s-1", time_zone="+07:00")
    ])  # fmt: skip
    assert found is not None
    assert found["time"].values[0] == np.datetime64("2020-10-01T05:00")
    assert found["discharge"].values[0, [0, 24]].tolist() == pytest.approx([1000 * 0.3048**3, 2000 * 0.3048**3])
    assert np.isfinite(found["discharge"].values).sum() == 2, "hours between daily means rest on the later one"
    assert found["available_after_h"].values.tolist() == [GLOFAS_DELAY_H - 12.0], "counted from noon"


def test_a_mean_cannot_be_had_before_it_is_over_and_a_level_is_no_discharge(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="available_after_h"):
        river(tmp_path, "time,discharge\n2020-10-01,1\n", centre_h=12.0, available_after_h=20.0)
    with pytest.raises(ValueError, match=r"columns\.level"):
        river(tmp_path, "time,h\n2020-10-01,1\n", unit="cm", columns={"time": "time", "discharge": "h"})
    with pytest.raises(ValueError, match=r"columns\.discharge"):
        river(tmp_path, "time,h\n2020-10-01,1\n", columns={"time": "time", "level": "h"})


def test_levels_and_discharge_stand_side_by_side(tmp_path: Path) -> None:
    first = river(tmp_path, "time,discharge\n2020-01-01T00:00,1\n2020-01-01T02:00,1\n")
    second = river(tmp_path, "time,level\n2020-01-01T01:00,500\n2020-01-01T03:00,-20\n", name="Kien Giang", unit="cm")
    found = read_rivers([first, second])
    assert found is not None
    nothing = [np.nan] * 4
    np.testing.assert_allclose(found["discharge"].values, [[1, np.nan, 1, np.nan], nothing])
    np.testing.assert_allclose(found["stage"].values, [nothing, [np.nan, 5.0, np.nan, -0.2]])
    assert read_rivers([]) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("time,discharge\n2020-01-01T00:00,-5\n2020-01-01T01:00,2\n", "discharge"),
        ("time,discharge\n2020-01-01T00:00,many\n", "is not a number"),
        ("time,discharge\n2020-01-01T00:00,\n", "has no reading"),
        ("time,flow\n2020-01-01T00:00,1\n", "discharge"),
    ],
)
def test_what_is_no_discharge_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        read_rivers([river(tmp_path, text)])


def test_rain_is_a_rate_or_an_amount_since_the_row_before(tmp_path: Path) -> None:
    path = tmp_path / "rain.csv"
    path.write_text("time,rain\n2020-10-01T00:00,3\n2020-10-01T01:00,6\n2020-10-01T03:00,8\n", encoding="utf-8")
    station = {"paths": [path], "columns": {"time": "time", "rain": "rain"}, "minimum_share": 0.5, **PLACE}
    for unit, rates in (("mm", [3, 6, np.nan, 4]), ("mm h-1", [3, 6, np.nan, 8])):
        found = read_weather_station(WeatherStationSection.model_validate({**station, "rain_unit": unit}))
        np.testing.assert_allclose(found["rain"].values.ravel(), rates)
    with pytest.raises(ValueError, match="rain_unit"):
        WeatherStationSection.model_validate(station)


def test_gauges_of_rain_are_averaged_where_all_were_read(tmp_path: Path) -> None:
    path = tmp_path / "rain.csv"
    path.write_text("time,a,b\n2020-10-01T00:00,3,5\n2020-10-01T01:00,6,\n2020-10-01T02:00,0,2\n", encoding="utf-8")
    station = {"paths": [path], "columns": {"time": "time", "rain": ["a", "b"]}, "minimum_share": 0.5, **PLACE}
    found = read_weather_station(WeatherStationSection.model_validate({**station, "rain_unit": "mm h-1"}))
    np.testing.assert_allclose(found["rain"].values.ravel(), [4, np.nan, 1])
