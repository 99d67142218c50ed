"""Tide gauges: formats, time zones, units, and invalid files."""

import contextlib
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.checks.quality import MISSING, flag_quality
from strandline.observations.readers.formats.units import to_si
from strandline.observations.readers.gauges.tide_gauges import read_readings, read_tide_gauges
from strandline.observations.region_file import load_region_file
from strandline.observations.region_file.data_sections import GaugeColumns, TideGaugeSection
from tests.fixtures.datums import on_datum

HOURS = np.arange("2022-01-01T00", "2022-03-01T00", dtype="datetime64[h]").astype("datetime64[ns]")


def tide(time: np.ndarray, amplitude: float = 1.0) -> np.ndarray:
    """A tide with a smooth residual of a few days, never constant."""
    hours = (time - HOURS[0]) / np.timedelta64(1, "h")
    weather = 0.3 * np.sin(2 * np.pi * hours / 97.0)
    return amplitude * (np.cos(2 * np.pi * hours / 12.42) + 0.3 * np.cos(2 * np.pi * hours / 23.93)) + weather


def gauge(path: Path | list[Path], **changes: object) -> TideGaugeSection:
    stated = {
        "name": "A",
        "paths": [str(p) for p in (path if isinstance(path, list) else [path])],
        "format": "wide",
        "columns": {"time": "time", "level": "level"},
        "unit": "m",
        "time_zone": "UTC",
        "vertical_datum": "region",
        "longitude": 0.0,
        "latitude": 0.0,
        "mean_sea_level": 0.0,
        "minimum_share": 0.5,
    }
    return TideGaugeSection.model_validate(stated | changes)


def write_csv(path: Path, time: np.ndarray, level: np.ndarray, **options: object) -> Path:
    pd.DataFrame({"time": time, "level": level}).to_csv(path, index=False, **options)  # type: ignore[call-overload]
    return path


# --- formats -----------------------------------------------------------------------------------------------------


def test_every_format_gives_the_same_readings(tmp_path: Path) -> None:
    level = np.round(tide(HOURS), 3)
    level[5] = np.nan
    wide = write_csv(tmp_path / "wide.csv", HOURS, level)
    frame = pd.DataFrame({"time": HOURS, "level": level, "station": "A"})
    other = frame.assign(station="B", level=9.0)
    pd.concat([frame, other]).to_csv(tmp_path / "long.csv", index=False)
    date = pd.DatetimeIndex(HOURS)
    millimetres = np.where(np.isnan(level), -32767, np.round(level * 1000)).astype(int)
    pd.DataFrame({"y": date.year, "m": date.month, "d": date.day, "h": date.hour, "level": millimetres}).to_csv(
        tmp_path / "uhslc.csv", index=False, header=False
    )
    pd.DataFrame({"Date Time": date.strftime("%Y-%m-%d %H:%M"), " Water Level": level / 0.3048, " Sigma": 0.0}).to_csv(
        tmp_path / "noaa.csv", index=False
    )
    centimetres = xr.DataArray(
        level * 100,
        dims="time",
        attrs={
            "units": "cm",
            "standard_name": "sea_surface_height_above_reference_ellipsoid",
        },
    )
    netcdf = xr.Dataset({"h": centimetres}, {"time": HOURS})
    netcdf.to_netcdf(tmp_path / "four.nc", engine="h5netcdf")
    netcdf.expand_dims("record").to_netcdf(tmp_path / "three.nc", engine="scipy")
    venetian = wide.read_text().replace(",", ";").replace(".", ",")
    with gzip.open(tmp_path / "venetian.csv.gz", "wt") as file:
        file.write(venetian)

    plain = {"unit": None, "time_zone": None, "columns": {}}
    sections = [
        gauge(wide),
        gauge(tmp_path / "long.csv", format="long", columns={"time": "time", "level": "level", "station": "station"}),
        gauge(tmp_path / "uhslc.csv", format="uhslc", **plain),
        gauge(tmp_path / "noaa.csv", format="noaa_coops", unit="ft", columns={}),
        gauge(tmp_path / "four.nc", format="netcdf", **plain),
        gauge(tmp_path / "three.nc", format="netcdf", **plain),
        gauge(tmp_path / "venetian.csv.gz", delimiter=";", decimal=","),
    ]
    for section in sections:
        time, read = read_readings(section)
        np.testing.assert_array_equal(time, HOURS, err_msg=section.format)
        np.testing.assert_allclose(read, level, atol=1e-9, err_msg=section.format)


def erddap_table(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.mark.parametrize("form", ["uhslc", "erddap"])
@pytest.mark.parametrize(
    "header",
    [
        "time,sea_level,record_id\nUTC,millimeters,",
        "time (UTC),sea_level (millimeters),record_id",
    ],
)
def test_both_flavours_of_erddaps_csv_are_read_in_the_unit_they_state(tmp_path: Path, form: str, header: str) -> None:
    rows = ["2022-01-01T00:00:00Z,1234.0,1340", "2022-01-01T00:59:59Z,NaN,1340", "2022-01-01T02:00:00Z,-32767,1340"]
    path = erddap_table(tmp_path / "h134.csv", header, rows)
    time, level = read_readings(gauge(path, format=form, unit=None, time_zone=None, columns={}))
    np.testing.assert_array_equal(level, [1.234, np.nan, np.nan])
    assert time[0] == np.datetime64("2022-01-01T00")


def test_versions_of_a_station_on_different_datums_are_never_mixed(tmp_path: Path) -> None:
    rows = ["2022-01-01T00:00:00Z,1234.0,1340", "2022-01-01T01:00:00Z,5234.0,1341"]
    path = erddap_table(tmp_path / "h134.csv", "time,sea_level,record_id\nUTC,millimeters,", rows)
    plain = {"format": "uhslc", "unit": None, "time_zone": None}
    with pytest.raises(InputError, match=r"holds 2 stations in column 'record_id': 1340, 1341; set columns\.station"):
        read_readings(gauge(path, columns={}, **plain))
    _, level = read_readings(gauge(path, columns={"station": "record_id"}, station="1341", **plain))
    np.testing.assert_allclose(level, [5.234])


def test_an_erddap_table_without_a_unit_is_refused_by_its_column(tmp_path: Path) -> None:
    path = erddap_table(tmp_path / "a.csv", "time,sea_level", ["2022-01-01T00:00:00Z,1234.0"])
    plain = {"format": "erddap", "time_zone": None, "columns": {}}
    with pytest.raises(InputError, match="column 'sea_level': has units None"):
        read_readings(gauge(path, unit=None, **plain))
    assert read_readings(gauge(path, unit="mm", **plain))[1] == pytest.approx([1.234])
    empty = erddap_table(tmp_path / "b.csv", "time,sea_level\nUTC,mm", [])
    with pytest.raises(InputError, match="units but no rows"):
        read_readings(gauge(empty, unit=None, **plain))


def test_files_of_one_gauge_are_joined_in_time(tmp_path: Path) -> None:
    later = write_csv(tmp_path / "b.csv", HOURS[700:], tide(HOURS)[700:])
    earlier = write_csv(tmp_path / "a.csv", HOURS[:600], tide(HOURS)[:600])
    time, level = read_readings(gauge([later, earlier], **on_datum(-0.5)))
    assert (time[1:] > time[:-1]).all()
    np.testing.assert_allclose(level, (tide(HOURS) - 0.5)[np.r_[:600, 700 : HOURS.size]])
    with pytest.raises(InputError, match="overlap in time"):
        read_readings(gauge([later, later]))


@pytest.mark.parametrize("zone", ["+01:00", "-03:30", "Asia/Dhaka"])
def test_local_times_are_converted_to_utc(tmp_path: Path, zone: str) -> None:
    local = pd.DatetimeIndex(HOURS, tz="UTC").tz_convert("Asia/Dhaka" if "/" in zone else f"UTC{zone}")
    path = write_csv(tmp_path / "a.csv", local.tz_localize(None).to_numpy(), tide(HOURS))
    np.testing.assert_array_equal(read_readings(gauge(path, time_zone=zone))[0], HOURS)


def test_times_with_their_own_offset_need_no_zone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,level\n2022-01-01T01:00:00+01:00,0.1\n2022-01-01T01:00:00Z,0.2\n")
    time, _ = read_readings(gauge(path, time_zone="Asia/Dhaka"))
    np.testing.assert_array_equal(time, HOURS[:2])


@given(
    value=st.floats(-20, 20, allow_nan=False),
    unit=st.sampled_from(["m", "cm", "mm", "ft", "Pa", "hPa", "m s-1", "kt", "km h-1"]),
)
def test_units_go_to_si_and_back(value: float, unit: str) -> None:
    one = float(to_si(1.0, unit))
    assert float(to_si(value, unit)) / one == pytest.approx(value, abs=1e-12)


def test_a_knot_is_a_nautical_mile_an_hour_and_a_foot_twelve_inches() -> None:
    assert float(to_si(3600.0, "kt")) == pytest.approx(1852.0)
    assert float(to_si(1.0, "ft")) == pytest.approx(12 * 0.0254)


# --- the modality ------------------------------------------------------------------------------------------------


def test_stations_share_one_time_axis_and_are_nan_outside_their_record(tmp_path: Path) -> None:
    first = gauge(write_csv(tmp_path / "a.csv", HOURS[:500], tide(HOURS)[:500]), **on_datum(1.0))
    second = gauge(write_csv(tmp_path / "b.csv", HOURS[300:], tide(HOURS)[300:]), name="B")
    dataset = read_tide_gauges([first, second])
    assert dataset.sizes == {"station": 2, "time": HOURS.size}
    level = dataset["water_level"].values
    assert np.isnan(level[0, 500:]).all()
    assert np.isnan(level[1, :300]).all()
    np.testing.assert_allclose(level[0, 300:500] - 1.0, level[1, 300:500])
    assert (dataset["quality"].values[0, 500:] == MISSING).all()
    with pytest.raises(InputError, match="not all different"):
        read_tide_gauges([first, first])


def test_mean_sea_level_is_given_or_averaged_over_the_given_window(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", HOURS, tide(HOURS))
    window = ["2022-01-05T00:00Z", "2022-01-20T00:00Z"]
    times = [pd.Timestamp(text).to_pydatetime() for text in window]
    chosen = (np.datetime64("2022-01-05") <= HOURS) & (np.datetime64("2022-01-20") >= HOURS)
    dataset = read_tide_gauges([gauge(path, mean_sea_level=times)])
    assert float(dataset["mean_sea_level"][0]) == pytest.approx(tide(HOURS)[chosen].mean())
    assert float(read_tide_gauges([gauge(path, mean_sea_level=0.7)])["mean_sea_level"][0]) == 0.7
    late = [time.replace(year=2030) for time in times]
    with pytest.raises(InputError, match="no reading from 2030"):
        read_tide_gauges([gauge(path, mean_sea_level=late)])


# --- bad input ---------------------------------------------------------------------------------------------------


def refusal(path: Path, content: str | bytes, **changes: object) -> str:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_tide_gauges([gauge(path, **changes)])
    message = str(caught.value)
    assert str(path) in message
    return message


GOOD = "time,level\n2022-01-01T00:00,0.1\n2022-01-01T01:00,0.2\n2022-01-01T02:00,0.3\n"


@pytest.mark.parametrize(
    ("content", "changes", "parts"),
    [
        ("", {}, ["is empty"]),
        ("time,level\n", {}, ["no rows"]),
        (b"\x00\x01\x02level,\xff\xfe", {}, ["is not UTF-8"]),
        (b"time,level\n\x00\x00", {}, ["is binary"]),
        (GOOD.replace("level", "lvl"), {}, ["no column 'level'", "'time', 'lvl'"]),
        (GOOD.replace(",", ";"), {}, ["no column 'time'"]),
        (GOOD.replace("0.2", "0.2,7,8"), {}, ["is not a table", "delimiter"]),
        (GOOD.replace("0.2", "high"), {}, ["row 3", "'high'", "not a number", "missing"]),
        (GOOD.replace("0.2", "0,2"), {"decimal": "."}, ["is not a table"]),
        (GOOD.replace("-01T01", "-32T01"), {}, ["row 3", "'2022-01-32T01:00'", "not a time", "ISO 8601"]),
        (GOOD.replace("T01:00", "T00:00"), {}, ["row 3", "occurs twice", "keep one row"]),
        (GOOD.replace("T02:00", "T00:30"), {}, ["row 4", "comes after", "sort"]),
        (GOOD.replace("T01:00", "T01:00Z"), {}, ["row 3", "some times have an offset"]),
        (GOOD.replace("0.1", "110").replace("0.2", "120").replace("0.3", "90"), {}, ["row 2", "centimetres", "'cm'"]),
        (GOOD.replace("0.", "150"), {}, ["row 2", "millimetres", "'mm'"]),
        (GOOD.replace("0.1", "").replace("0.2", "").replace("0.3", "-99"), {"missing": ["-99"]}, ["no reading"]),
        (
            GOOD.replace("2022-01-01T01", "2022-03-27T02"),
            {"time_zone": "Europe/Rome"},
            ["row 3", "is ambiguous or does not exist"],
        ),
    ],
)
def test_a_bad_file_is_refused_with_file_row_value_and_remedy(
    tmp_path: Path, content: str | bytes, changes: dict[str, object], parts: list[str]
) -> None:
    message = refusal(tmp_path / "a.csv", content, **changes)
    for part in parts:
        assert part in message


def test_rows_of_a_long_file_are_counted_in_the_file(tmp_path: Path) -> None:
    text = "station,time,level\nB,2022-01-01T00:00,1\nA,2022-01-01T00:00,1\nB,x,1\nA,noon,1\n"
    columns = {"time": "time", "level": "level", "station": "station"}
    assert "row 5: 'noon'" in refusal(tmp_path / "a.csv", text, format="long", columns=columns)
    unknown = refusal(tmp_path / "a.csv", text, format="long", columns=columns, station="C")
    assert "no rows of station 'C'" in unknown
    assert "it has A, B" in unknown


def test_an_undeclared_missing_value_marker_is_reported(tmp_path: Path) -> None:
    level = tide(HOURS)
    level[700] = 9999.0
    path = tmp_path / "a.csv"
    message = refusal(path, write_csv(path, HOURS, level).read_text())
    assert "row 702: 9999" in message
    assert "add 9999 to 'missing'" in message
    _, read = read_readings(gauge(path, missing=["9999"]))
    assert np.isnan(read[700])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv: cannot be read"):
        read_tide_gauges([gauge(tmp_path / "nowhere.csv")])


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"units": "furlong"}, "has units 'furlong'"),
        ({"units": "hPa"}, "has units 'hPa'"),
        ({"standard_name": "air_temperature"}, "no variable with a CF standard name of sea surface height"),
    ],
)
def test_netcdf_needs_units_and_a_standard_name(tmp_path: Path, change: dict[str, str], part: str) -> None:
    attributes = {"units": "m", "standard_name": "sea_surface_height_above_geoid"} | change
    path = tmp_path / "a.nc"
    level = xr.DataArray(tide(HOURS), dims="time", attrs=attributes)
    xr.Dataset({"h": level}, {"time": HOURS}).to_netcdf(path, engine="h5netcdf")
    assert part in refusal(path, path.read_bytes(), format="netcdf", columns={}, unit=None, time_zone=None)


def test_netcdf_with_several_stations_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    level = xr.DataArray(np.stack([tide(HOURS)] * 2), dims=("station", "time"), attrs={"units": "m"})
    xr.Dataset({"sea_level": level}, {"time": HOURS}).to_netcdf(path, engine="scipy")
    message = refusal(path, path.read_bytes(), format="netcdf", columns={}, unit=None, time_zone=None)
    assert "extract one station" in message


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("kind", ["csv", "csv.gz", "uhslc", "nc3", "nc4"])
def test_a_truncated_or_corrupt_file_loads_or_is_refused(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "cut"
    folder.mkdir(exist_ok=True)
    whole = folder / f"whole.{kind}"
    if not whole.exists():
        _write_kind(whole, kind)
    content = bytearray(whole.read_bytes())
    cut = data.draw(st.integers(0, len(content)))
    for position, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=3)
    ):
        content[position] = byte
    path = folder / f"cut.{kind}"
    path.write_bytes(bytes(content[:cut]))
    formats = {"uhslc": "uhslc", "nc3": "netcdf", "nc4": "netcdf"}
    plain = {} if kind in ("csv", "csv.gz") else {"unit": None, "time_zone": None, "columns": GaugeColumns()}
    section = gauge(path, format=formats.get(kind, "wide"), **plain)
    with contextlib.suppress(InputError):
        dataset = read_tide_gauges([section])
        assert dataset["water_level"].count() > 0


def test_a_netcdf_without_a_single_time_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.nc"
    empty = xr.DataArray(np.zeros(0), {"time": np.zeros(0, "datetime64[ns]")}, ["time"], "sea_level", {"units": "m"})
    empty.to_dataset().to_netcdf(path)
    section = gauge(path, format="netcdf", unit=None, time_zone=None, columns=GaugeColumns(level="sea_level"))
    with pytest.raises(InputError, match="has no values"):
        read_tide_gauges([section])


def _write_kind(path: Path, kind: str) -> None:
    time, level = HOURS[:80], np.round(tide(HOURS[:80]), 3)
    if kind in ("csv", "csv.gz"):
        pd.DataFrame({"time": time, "level": level}).to_csv(path, index=False, compression="infer")
    elif kind == "uhslc":
        date = pd.DatetimeIndex(time)
        columns = {"y": date.year, "m": date.month, "d": date.day, "h": date.hour, "l": (level * 1000).astype(int)}
        pd.DataFrame(columns).to_csv(path, index=False, header=False)
    else:
        array = xr.DataArray(level, dims="time", attrs={"units": "m"})
        engine = "scipy" if kind == "nc3" else "h5netcdf"
        xr.Dataset({"sea_level": array}, {"time": time}).to_netcdf(path, engine=engine)


# --- real data ---------------------------------------------------------------------------------------------------


def test_the_city_gauge_behind_the_closed_barrier_is_not_faulty(shared_data: Path) -> None:
    region_file = load_region_file(Path(__file__).parents[3] / "examples" / "caorle.toml", shared_data)
    for section in region_file.tide_gauge:
        time, level = read_readings(section)
        assert not (flag_quality(time, level) & ~MISSING).any(), section.name


@pytest.mark.slow
def test_australian_gaps_stay_gaps(shared_data: Path) -> None:
    folder = shared_data / "gauges" / "australia"
    path = folder / "sealevel_hourly_2012_2014.csv.gz"
    for station, share in (("Broome", 0.067), ("Esperance", 0.020), ("Thevenard", 0.014), ("Hillarys", 0.0)):
        section = gauge(path, columns={"time": "time_utc", "level": station}, name=station)
        time, level = read_readings(section)
        dataset = read_tide_gauges([section])
        assert float(np.isnan(level).mean()) == pytest.approx(share, abs=0.001)
        np.testing.assert_allclose(dataset["water_level"].values[0], level)
        flagged = (flag_quality(time, level) & ~MISSING) > 0
        assert flagged.mean() < 0.001, station  # 9 m of tide at Broome are no fault
