"""Nonsense at the door: what no coast can have is refused by ``check`` and by the run alike, with the remedy."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.checks.datums.gauge_records import gauge_records
from strandline.observations.checks.datums.highest_readings import compare_with_maxima
from strandline.observations.checks.inventory.inventory import Inventory, take_inventory
from strandline.observations.checks.published_tide import compare_tide_with_readings
from strandline.observations.checks.times import check_times, implausible_years, latest_time
from strandline.observations.fetch.credits.data_files import without_folders
from strandline.observations.readers.formats.timestamps import as_times
from strandline.observations.region_file import load_region_file
from strandline.observations.sea_level.harmonic_tide import TidalConstants, predict_tide
from strandline.pipeline.study_area import StudyArea, open_study_area
from tests.fixtures import low_coast
from tests.fixtures.batches import ground, hours
from tests.fixtures.region_files import CONSTANTS, write_place, write_region_folder, write_terrain

RISE = """[scenarios]
return_periods = [2.0]
[[scenarios.sea_level_rise]]
name = "x"
rise = {}
source = "y"
[tides]"""


def edit(name: str, *change: str) -> Callable[[Path], None]:
    """Replace a text by another, in a file; several pairs."""

    def apply(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        for old, new in zip(change[::2], change[1::2], strict=True):
            assert old in text
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")

    return apply


def column(name: str, of: str, factor: float) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        table = pd.read_csv(folder / name)
        table[of] *= factor
        table.to_csv(folder / name, index=False)

    return apply


def assets(change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        frame = gpd.read_file(folder / "assets.geojson", engine="pyogrio")
        change(frame).to_file(folder / "assets.geojson", driver="GeoJSON", engine="pyogrio")

    return apply


def half_swapped(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    many = pd.concat([frame] * 30, ignore_index=True)
    points = many.geometry
    swapped = gpd.points_from_xy(points.y, points.x, crs=many.crs)
    return many.set_geometry(points.where(many.index % 2 == 0, swapped))


def infinite_terrain(folder: Path) -> None:
    elevation = ground()
    elevation[8, 8] = np.inf
    write_terrain(folder / "dem.tif", elevation)


def infinite_gauge(folder: Path) -> None:
    table = pd.read_csv(folder / "levels.csv", parse_dates=["time"])
    table.loc[100, "level"] = np.inf
    level = xr.DataArray(table["level"], {"time": table["time"]}, ("time",), "sea_level", {"units": "m"})
    level.to_dataset().to_netcdf(folder / "levels.nc", engine="scipy")
    edit("place.toml", 'levels.csv"\nformat = "wide"', 'levels.nc"\nformat = "netcdf"')(folder)
    edit("place.toml", 'columns = { time = "time", level = "level" }\n', "", 'unit = "m"\ntime_zone = "UTC"\n', "")(
        folder
    )


NONSENSE: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "a year typed 99999": (edit("maxima.csv", "1987,", "99999,"), ["maxima.csv row 29", "99999", "1850"]),
    "a year of two digits": (edit("maxima.csv", "1987,", "87,"), ["maxima.csv row 29", "'87'"]),
    "a year twice": (edit("maxima.csv", "1987,", "1988,"), ["maxima.csv", "1988", "twice"]),
    "half a year": (edit("maxima.csv", "1987,", "1987.5,"), ["maxima.csv row 29"]),
    "maxima × 10": (column("maxima.csv", "highest", 8.0), ["maxima.csv", "typical year", "check unit"]),
    "constants in centimetres": (column("tides.csv", "amplitude_m", 100.0), ["tides.csv", "50 m", "metres"]),
    "small constants in centimetres": (
        lambda folder: (folder / "tides.csv").write_text(CONSTANTS.replace("0.5,", "5.0,")),
        ["tides.csv", "deviates", "metres"],
    ),
    "constants of another hour": (edit("tides.csv", "M2,0.5,30", "M2,0.5,59"), ["Pier", "1.00 h", "time_zone"]),
    "a clock one hour off": (edit("place.toml", 'time_zone = "UTC"', 'time_zone = "+01:00"'), ["1.00 h", "time_zone"]),
    "a constituent twice": (
        edit("tides.csv", "here,S1,0.004,0", "here,M2,0.4,10"), ["tides.csv row 3", "M2", "twice"],
    ),
    "unknown constituents": (edit("tides.csv", "here,S1,0.004,0", "here,M22,0.4,0"), ["M22", "spelling"]),
    "no main constituent": (edit("tides.csv", "here,M2,", "here,M4,"), ["tides.csv", "main constituents"]),
    "a negative amplitude": (edit("tides.csv", "M2,0.5", "M2,-0.5"), ["tides.csv row 2", "negative"]),
    "a gauge dated 3020": (edit("levels.csv", "2020-", "3020-"), ["levels.csv row 2", "3020", "cannot be the time"]),
    "a gauge dated 1020": (edit("levels.csv", "2020-", "1720-"), ["levels.csv row 2", "1720", "cannot be the time"]),
    "a gauge whose every reading is stuck": (
        lambda folder: (folder / "levels.csv").write_text(
            "time,level\n" + "".join(f"{time},0.3\n" for time in hours(60).astype("datetime64[s]"))
        ),
        ["Pier", "every reading is flagged"],
    ),
    "a gauge with infinite levels": (infinite_gauge, ["levels.nc", "is not a level"]),
    "a gauge on the other side of the earth": (
        edit("place.toml", "longitude = 15.0", "longitude = -165.0"), ["Pier", "km from region"],
    ),
    "a gauge with longitude and latitude swapped": (
        edit("place.toml", "longitude = 15.0\nlatitude = 45.2", "longitude = 45.2\nlatitude = 15.0"),
        ["Pier", "longitude and latitude are swapped"],
    ),
    "an asset worth 1e30": (
        assets(lambda frame: frame.assign(value=[1e30, 2e5])), ["assets.geojson row 1", "1e+30", "which no asset has"],
    ),
    "a survey of the year 22": (
        assets(lambda frame: frame.assign(survey_year=[22, 2015])), ["assets.geojson row 1", "'22'"],
    ),
    "half of the coordinates swapped": (assets(half_swapped), ["assets.geojson row 2", "swapped", "30 such rows"]),
    "a road drawn as a point": (
        assets(lambda frame: frame.assign(asset_class=["road", "commercial"])), ["assets.geojson row 1", "lines"],
    ),
    "a terrain with infinite heights": (infinite_terrain, ["dem.tif", "infinite"]),
}  # fmt: skip


def told(inventory: Inventory) -> str:
    streams = [stream.detail for stream in inventory.streams if stream.state == "unreadable"]
    return " ".join([*streams, *(str(finding) for finding in inventory.refused)])


@pytest.mark.parametrize("fault", NONSENSE)
def test_nonsense_is_refused_by_check_and_by_the_run_with_file_value_and_remedy(fault: str, tmp_path: Path) -> None:
    breaks, words = NONSENSE[fault]
    region_file = write_place(tmp_path)
    breaks(tmp_path)
    inventory = take_inventory(load_region_file(region_file))
    assert not inventory.is_usable
    with pytest.raises(InputError) as refused:
        open_study_area(load_region_file(region_file))
    for word in words:
        assert word in told(inventory)
        assert word in str(refused.value)


def test_a_sound_place_passes_without_a_warning(tmp_path: Path) -> None:
    region_file = load_region_file(write_place(tmp_path))
    inventory = take_inventory(region_file)
    assert inventory.is_usable
    assert inventory.findings == ()
    assert open_study_area(region_file).warnings == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("mean_sea_level = 0.2", "mean_sea_level = nan", ["mean_sea_level", "finite"]),
        ("mean_sea_level = 0.2", "mean_sea_level = 200.0", ["mean_sea_level"]),
        ("cell_size = 100.0", "cell_size = 1e-6", ["cell_size", "0.5"]),
        ("cell_size = 100.0", "cell_size = inf", ["cell_size"]),
        ("elevation_error = 0.5", "elevation_error = 500.0", ["elevation_error", "20"]),
        (
            'path = "dem.tif"\nvertical_datum = "region"',
            'path = "dem.tif"\nvertical_datum = { name = "zero", kind = "local" }\n'
            'offset_to_region_datum = { metres = 1e9, uncertainty = 0.1, source = "a book" }',
            ["offset_to_region_datum", "leads from no datum of heights to another"],
        ),
        ('path = "dem.tif"', 'path = "dem\\u0000.tif"', ["terrain.path", "NUL"]),
        (
            "[tides]",
            RISE.format("nan"),
            ["rise", "finite"],
        ),
        (
            "[tides]",
            RISE.format("500.0"),
            ["rise", "20"],
        ),
        ('name = "Handmade"', 'name = "Hand\\u001bmade"', ["region.name"]),
        ("[tides]", f"deep = {'[' * 5000}{']' * 5000}\n[tides]", ["place.toml", "deep"]),
    ],
)
def test_a_key_out_of_range_is_named(old: str, new: str, words: list[str], tmp_path: Path) -> None:
    path = write_region_folder(tmp_path)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError) as refused:
        load_region_file(path)
    for word in words:
        assert word in str(refused.value)


def area_of(folder: Path, breaks: Callable[[Path], None]) -> StudyArea:
    region_file = write_place(folder)
    breaks(folder)
    return open_study_area(load_region_file(region_file))


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        (
            assets(lambda frame: pd.concat([frame, frame.set_geometry(frame.geometry.translate(1.0))])),
            ["assets.geojson", "2 of 4 assets lie in the region and are kept"],
        ),
        (edit("maxima.csv", "1987,2.20", "1987,"), ["maxima.csv", "39 of 40 years have a maximum"]),
        (edit("maxima.csv", "1987,2.20", "1987,8.20"), ["the maximum of 1987, 8.20 m", "check it against its source"]),
        (edit("maxima.csv", "1960,", "1901,"), ["no maximum is known for 59 years after 1901"]),
        (edit("tides.csv", "here,S1,", "here,S11,"), ["1 of 2 constituents are used; unknown: S11 (0.004 m)"]),
        (
            edit("place.toml", "[assets]", "[split]\nheld_out = [[2032-01-02, 2032-01-03]]\n\n[assets]"),
            ["split.held_out", "no reading in the held-out window 2032-01-02"],
        ),
    ],
)
def test_what_is_left_out_or_doubtful_is_a_warning_of_check_and_of_the_report(
    breaks: Callable[[Path], None], words: list[str], tmp_path: Path
) -> None:
    warnings = area_of(tmp_path, breaks).warnings
    inventory = take_inventory(load_region_file(tmp_path / "place.toml"))
    assert inventory.is_usable
    assert [without_folders(str(finding)) for finding in inventory.findings] == list(warnings)
    assert any(all(word in warning for word in words) for warning in warnings), warnings


@settings(deadline=None)
@given(st.datetimes(min_value=pd.Timestamp("1850-01-01").to_pydatetime(), max_value=pd.Timestamp.now().to_pydatetime()))
def test_a_time_since_1850_can_be_one_of_an_observation(time: object) -> None:
    check_times(np.array([time], dtype="datetime64[ns]"), "a file")


@settings(deadline=None)
@given(st.one_of(st.integers(-(10**9), 1849), st.integers(2200, 10**9)))
def test_no_other_year_can(year: int) -> None:
    assert implausible_years(np.array([float(year)])).all()


def test_a_time_later_than_now_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be the time of an observation"):
        check_times(np.array([latest_time() + np.timedelta64(1, "h")]), "a file")


@settings(deadline=None)
@given(st.integers(1, 9999), st.sampled_from(["{:04d}-01-05T00:00:00", "{:04d}-06-30 12:00", "{:04d}-12-31"]))
def test_no_year_wraps_around_into_a_plausible_one(year: int, form: str) -> None:
    """On a49c0fa a gauge dated 3022 was read as one of 1853."""
    times = as_times(pd.to_datetime(pd.Series([form.format(year)]), utc=True))
    assert np.isnat(times[0]) or pd.Timestamp(times[0]).year == year


HERE = TidalConstants(
    "here", 45.2, "a test", {"M2": 0.23, "S2": 0.14, "K1": 0.18}, {"M2": 262.0, "S2": 269.0, "K1": 72.0}
)


@settings(max_examples=15, deadline=None)
@given(
    lag=st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0]),
    factor=st.sampled_from([0.01, 0.1, 0.3048, 1.0, 3.28, 10.0]),
    seed=st.integers(0, 2**16),
)
def test_a_wrong_clock_or_unit_is_found_whatever_the_weather_and_a_right_one_never(
    lag: float, factor: float, seed: int
) -> None:
    """The tide of Venice under 20 cm of weather; 100 cm amplitudes and clocks by whole hours."""
    time = hours(100)
    weather = pd.Series(np.random.default_rng(seed).normal(size=time.size)).ewm(halflife=30).mean().to_numpy()
    level = predict_tide(HERE, time) + 0.2 * weather / weather.std()
    shifted = time + np.timedelta64(int(lag * 60), "m")
    constants = replace(HERE, amplitude={name: factor * metres for name, metres in HERE.amplitude.items()})
    found = list(compare_tide_with_readings(constants, shifted, level, "tides.csv", "Pier"))
    assert bool(found) == (factor != 1.0 or lag != 0.0)
    assert all(finding.refuses for finding in found)


@settings(max_examples=15, deadline=None)
@given(factor=st.sampled_from([0.01, 0.1, 0.3048, 0.9, 1.0, 1.2, 3.281, 10.0, 100.0]), seed=st.integers(0, 2**16))
def test_maxima_in_another_unit_than_the_readings_are_found_and_others_never(factor: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    time = np.arange("2000-01-01", "2006-01-01", dtype="datetime64[h]").astype("datetime64[ns]")
    level = 0.8 * np.cos(2 * np.pi * np.arange(time.size) / 12.42) + rng.gumbel(0.0, 0.06, time.size)
    maxima = factor * (1.3 + rng.gumbel(0.0, 0.15, 40))
    years = np.arange(1966.0, 2006.0)
    stated = low_coast.region_file()
    record = xr.Dataset(
        {
            "water_level": (("station", "time"), level[None]),
            "quality": (("station", "time"), np.zeros((1, level.size), np.uint8)),
        },
        {"time": time, "mean_sea_level": ("station", [0.0])},
    )
    (gauge,) = gauge_records(stated.tide_gauge[:1], record)
    assert stated.extremes is not None
    found = [
        finding
        for finding in compare_with_maxima(gauge, years, maxima, stated.extremes)
        if finding.where == str(stated.extremes.path)
    ]
    assert any(finding.refuses for finding in found) == (not 0.5 < factor < 2.0)


def test_bounds_that_lie_nowhere_are_refused(tmp_path: Path) -> None:
    path = write_region_folder(tmp_path)
    text = path.read_text().replace("[500000.0, 5000000.0, 501600.0, 5001600.0]", "[5e8, 5e6, 500001600.0, 5001600.0]")
    path.write_text(text.replace("sea_point = [500050.0", "sea_point = [500000050.0"))
    with pytest.raises(InputError, match="lie nowhere on the map of EPSG:32633"):
        load_region_file(path)
