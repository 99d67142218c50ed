"""From a section of the region file to the weather that was known at an hour."""

from pathlib import Path

import numpy as np
import pytest

from strandline.observations.readers.observe import observe, provenance_of
from strandline.observations.region_file import load_region_file
from strandline.observations.weather.known_weather import known_weather
from tests.fixtures.region_files import write_region_folder

SECTION = """
[[weather_forecast]]
format = "table"
paths = ["forecast.csv"]
longitude = 15.0
latitude = 45.25
source = "Open-Meteo"
licence = "CC-BY-4.0"
"""
ISSUED = np.datetime64("2020-01-05T00", "ns")
HOUR = np.timedelta64(1, "h")


def test_a_forecast_of_the_region_file_is_known_once_it_could_be_had(tmp_path: Path) -> None:
    path = write_region_folder(tmp_path, days=10)
    path.write_text(path.read_text() + SECTION)
    rows = [f"2020-01-05T00:00,2020-01-05T07:00,{lead},0,{100_000 + 10 * lead},3.0,-4.0" for lead in range(49)]
    (tmp_path / "forecast.csv").write_text(
        "\n".join(["issued,available,lead,member,pressure,wind_east,wind_north", *rows])
    )
    region_file = load_region_file(path)
    observations = observe(region_file)
    assert observations.weather_forecast is not None
    assert provenance_of(region_file, "weather_forecast").source == "Open-Meteo"
    assert [file.name for file in observations.files if "forecast" in file.name] == ["forecast.csv"]
    before, later = ISSUED + 6 * HOUR, ISSUED + 7 * HOUR
    known = known_weather(observations, np.array([before, later]), np.array([1, 24]))
    assert np.isnan(known.values[0]).all(), "at 6 h nobody had the cycle of 0 h"
    assert known.values[1, :, 0, 0].tolist() == pytest.approx([100_080.0, 100_310.0])
