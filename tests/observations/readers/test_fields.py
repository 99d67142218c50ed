"""Weather fields, weather stations, cyclone tracks and tidal constants."""

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.checks.positions import great_circle_distance
from strandline.observations.readers.gauges.tide_gauges import read_readings
from strandline.observations.readers.published.cyclone_tracks import read_storms
from strandline.observations.readers.published.tidal_constants import read_tidal_constants
from strandline.observations.readers.published.tide_stations import find_station
from strandline.observations.readers.weather import read_weather
from strandline.observations.region import Region
from strandline.observations.region_file import load_region_file
from strandline.observations.region_file.data_sections import StormsSection, TideGaugeSection, WeatherSection
from strandline.observations.sea_level.harmonic_tide import fit_tide, load_constants, predict_tide
from tests.fixtures.datums import on_datum

REGION = Region(
    "Delta", "EPSG:32648", (600000.0, 1100000.0, 603200.0, 1101600.0), 100.0, "msl", (600050.0, 1100050.0), "asia"
)
LONGITUDE, LATITUDE = REGION.centre_lonlat  # 105.9 E, 9.95 N
TIME = np.arange("2022-11-01", "2022-11-11", np.timedelta64(6, "h"), dtype="datetime64[h]").astype("datetime64[ns]")


def fields(longitude: np.ndarray, pressure_unit: str = "Pa") -> xr.Dataset:
    """Fields whose pressure grows with longitude and wind with latitude."""
    latitude = np.arange(20.0, -0.1, -1.0)
    shape = (TIME.size, latitude.size, longitude.size)
    east = ((longitude + 180) % 360 - 180)[None, None, :]
    factor = 1.0 if pressure_unit == "Pa" else 0.01
    dims = ("time", "lat", "lon")
    day = np.arange(TIME.size)[:, None, None]
    return xr.Dataset(
        {
            "p": (
                dims,
                np.broadcast_to((100000.0 + 10 * east + day) * factor, shape),
                {"standard_name": "air_pressure_at_mean_sea_level", "units": pressure_unit},
            ),
            "u10": (dims, np.broadcast_to(latitude[None, :, None], shape), {"units": "m s**-1"}),
            "v10": (dims, np.broadcast_to(-latitude[None, :, None], shape), {"units": "kt"}),
        },
        {"time": TIME, "lat": latitude, "lon": longitude},
    )


@pytest.mark.parametrize("kind", ["nc3", "nc4", "zarr"])
@pytest.mark.parametrize("east", [np.arange(90.0, 120.0), np.arange(0.0, 360.0)])
def test_fields_around_the_region_are_in_si_with_ascending_axes(tmp_path: Path, kind: str, east: np.ndarray) -> None:
    path = tmp_path / f"era.{kind}"
    dataset = fields(east, "hPa")
    if kind == "zarr":
        dataset.to_zarr(path, consolidated=False)
    else:
        dataset.to_netcdf(path, engine="scipy" if kind == "nc3" else "h5netcdf")
    weather = read_weather(WeatherSection.model_validate({"path": path, "margin": 2.0}), REGION)
    assert weather["longitude"].values.tolist() == [104.0, 105.0, 106.0, 107.0]
    assert weather["latitude"].values.tolist() == [8.0, 9.0, 10.0, 11.0]
    np.testing.assert_array_equal(weather["time"].values, TIME)
    np.testing.assert_allclose(weather["pressure"].values[5, 0], 100000.0 + 10 * np.arange(104.0, 108.0) + 5)
    np.testing.assert_allclose(weather["wind_east"].values[0, :, 0], [8.0, 9.0, 10.0, 11.0])
    np.testing.assert_allclose(weather["wind_north"].values[0, :, 0], -np.arange(8.0, 12.0) * 1852 / 3600)
    assert "sea_level" not in weather


def test_longitudes_of_a_western_region_are_converted(tmp_path: Path) -> None:
    west = Region(
        "W", "EPSG:32616", (500000.0, 1100000.0, 503200.0, 1101600.0), 100.0, "m", (500050.0, 1100050.0), "asia"
    )
    path = tmp_path / "era.nc"
    fields(np.arange(0.0, 360.0)).to_netcdf(path, engine="scipy")
    weather = read_weather(WeatherSection.model_validate({"path": path}), west)
    assert weather["longitude"].values.tolist() == [-88.0, -87.0, -86.0, -85.0]
    np.testing.assert_allclose(weather["pressure"].values[0, 0], 100000.0 - 10 * np.array([88.0, 87.0, 86.0, 85.0]))


def test_a_sea_level_field_needs_its_datum(tmp_path: Path) -> None:
    path = tmp_path / "sea.nc"
    dataset = fields(np.arange(90.0, 120.0))
    level = dataset[["p"]].rename(p="zos") * 0 + 0.3
    level["zos"].attrs = {"units": "m", "standard_name": "sea_surface_height_above_geoid"}
    level.to_netcdf(path, engine="scipy")
    with pytest.raises(InputError, match="is a sea level on an unknown datum; add 'sea_level"):
        read_weather(WeatherSection.model_validate({"path": path}), REGION)
    weather = read_weather(WeatherSection.model_validate({"path": path, "sea_level": on_datum(-0.1)}), REGION)
    np.testing.assert_allclose(weather["sea_level"].values, 0.2)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda d: d.assign(p=d.p.assign_attrs(units="bar"))[["p"]], "has units 'bar'"),
        (lambda d: d[["p"]].assign(p=d.p.assign_attrs(units="hPa")), "outside 85000 to 109000 Pa"),
        (lambda d: d[["p"]] * np.nan, "has no value around the region"),
        (lambda d: d.isel(lon=slice(0, 3))[["p"]], "the region lies at 105.9"),
        (lambda d: d.rename(lat="lon", lon="lat")[["p"]], "latitudes beyond 90 degrees"),
        (lambda d: d.rename(p="t2m").drop_vars(["u10", "v10"]).assign_attrs(), "holds no known variable"),
        (lambda d: d[["p"]].drop_vars("time"), "has no time coordinate"),
        (lambda d: d[["p"]].isel(time=slice(None, None, -1)), "time 1: 2022-11-10T12:00:00 does not come after"),
    ],
)
def test_bad_fields_are_refused(tmp_path: Path, change: object, part: str) -> None:
    path = tmp_path / "era.nc"
    dataset = fields(np.arange(90.0, 120.0))
    with xr.set_options(keep_attrs=True):
        broken = change(dataset)  # type: ignore[operator]
    if "no known variable" in part:
        broken["t2m"].attrs = {"units": "K"}
    broken.to_netcdf(path, engine="scipy")
    with pytest.raises(InputError) as caught:
        read_weather(WeatherSection.model_validate({"path": path}), REGION)
    assert "era.nc" in str(caught.value)
    assert part in str(caught.value)


def test_files_that_are_not_fields_are_refused(tmp_path: Path) -> None:
    for name, content in (("a.nc", b""), ("b.nc", b"not netcdf"), ("c.nc", b"CDF\x01\x00"), ("d.nc", b"\x89HDF\r\n")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name):
            read_weather(WeatherSection.model_validate({"path": tmp_path / name}), REGION)
    (tmp_path / "empty.zarr").mkdir()
    for name in ("empty.zarr", "nowhere.nc"):
        with pytest.raises(InputError, match=name):
            read_weather(WeatherSection.model_validate({"path": tmp_path / name}), REGION)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("engine", ["scipy", "h5netcdf"])
def test_truncated_or_corrupt_fields_load_or_are_refused(
    engine: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = tmp_path_factory.getbasetemp() / f"whole.{engine}.nc"
    if not whole.exists():
        fields(np.arange(103.0, 109.0)).isel(time=slice(0, 3)).to_netcdf(whole, engine=engine)  # type: ignore[call-overload]
    content = bytearray(whole.read_bytes())
    cut = data.draw(st.integers(0, len(content)))
    offset = st.integers(0, len(content) - 1)
    for position, byte in data.draw(st.lists(st.tuples(offset, st.integers(0, 255)), max_size=3)):
        content[position] = byte
    path = whole.with_name(f"cut.{engine}.nc")
    path.write_bytes(bytes(content[:cut]))
    with contextlib.suppress(InputError):
        assert read_weather(WeatherSection.model_validate({"path": path}), REGION).sizes["time"] > 0


# --- weather stations --------------------------------------------------------------------------------------------


def station_section(path: Path, **changes: object) -> WeatherSection:
    columns = {"time": "time", "pressure": "p", "wind_speed": "speed", "wind_direction": "from"}
    stated = {
        "paths": str(path),
        "columns": columns,
        "time_zone": "UTC",
        "longitude": 106.0,
        "latitude": 10.0,
        "minimum_share": 0.6,
        "pressure_unit": "hPa",
        "wind_unit": "m s-1",
    }
    return WeatherSection.model_validate({"station": stated | changes})


def test_wind_from_the_west_blows_east_and_is_averaged_as_a_vector(tmp_path: Path) -> None:
    time = np.arange("2022-11-01T00:00", "2022-11-01T06:00", np.timedelta64(30, "m"), dtype="datetime64[m]")
    direction = np.full(time.size, 270.0)
    direction[6:] = np.where(np.arange(time.size - 6) % 2 == 0, 350.0, 10.0)  # about north, either side of it
    frame = pd.DataFrame({"time": time, "p": 1000.0, "speed": 10.0, "from": direction})
    frame.to_csv(tmp_path / "w.csv", index=False)
    weather = read_weather(station_section(tmp_path / "w.csv"), REGION)
    assert weather["pressure"].dims == ("time", "latitude", "longitude")
    np.testing.assert_allclose(weather["pressure"].values[:6], 100000.0)
    assert np.isnan(weather["pressure"].values[6])  # half of one reading where two are promised
    np.testing.assert_allclose(weather["wind_east"].values[1, 0, 0], 10.0)
    np.testing.assert_allclose(weather["wind_north"].values[1, 0, 0], 0.0, atol=1e-9)
    assert weather["wind_north"].values[4, 0, 0] == pytest.approx(-10 * np.cos(np.deg2rad(10)))
    assert abs(weather["wind_east"].values[4, 0, 0]) < 0.1 + 10 * np.sin(np.deg2rad(10))


def test_pressure_in_the_wrong_unit_is_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"time": TIME, "p": 1000.0, "speed": 10.0, "from": 0.0})
    frame.to_csv(tmp_path / "w.csv", index=False)
    with pytest.raises(InputError, match=r"w\.csv.*pressure_unit.*outside 85000 to 109000 Pa"):
        read_weather(station_section(tmp_path / "w.csv", pressure_unit="Pa"), REGION)
    frame.assign(p="").to_csv(tmp_path / "w.csv", index=False)
    with pytest.raises(InputError, match="has no reading of pressure"):
        read_weather(station_section(tmp_path / "w.csv"), REGION)


@pytest.mark.parametrize(("stated", "hours"), [({}, 120.0), ({"available_after_h": 1.0}, 1.0)])
def test_a_value_counts_as_known_after_the_delay_of_era5_unless_stated(
    tmp_path: Path, stated: dict[str, float], hours: float
) -> None:
    frame = pd.DataFrame({"time": TIME, "p": 1000.0, "speed": 10.0, "from": 0.0})
    frame.to_csv(tmp_path / "w.csv", index=False)
    section = station_section(tmp_path / "w.csv").model_dump(exclude_unset=True) | stated
    assert float(read_weather(WeatherSection.model_validate(section), REGION)["available_after_h"]) == hours


# --- storms ------------------------------------------------------------------------------------------------------

TRACKS = """track_id,season,basin,time,lon,lat,wind,slp
NEAR,2020,NA,2020-11-01 00:00:00,112.0,10.0,50.0,990
NEAR,2020,NA,2020-11-01 06:00:00,106.5,10.0,,
FAR,2020,WP,2020-11-01 00:00:00,140.0,20.0,100.0,950
"""


def storms_section(path: Path, distance: float = 300.0) -> StormsSection:
    return StormsSection(path=path, distance=distance)


def test_a_storm_near_the_region_is_read_completely_in_si(tmp_path: Path) -> None:
    path = tmp_path / "tracks.csv"
    path.write_text(TRACKS)
    storms = read_storms(storms_section(path), REGION)
    assert storms is not None
    assert storms["storm"].values.tolist() == ["NEAR", "NEAR"]
    np.testing.assert_allclose(storms["maximum_wind"].values, [50 * 1852 / 3600, np.nan])
    np.testing.assert_allclose(storms["central_pressure"].values, [99000.0, np.nan])
    assert read_storms(storms_section(path, 10.0), REGION) is None


def test_the_csv_of_ncei_with_a_row_of_units_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ibtracs.csv"
    path.write_text(
        "SID,SEASON,BASIN,ISO_TIME,LAT,LON,WMO_WIND,WMO_PRES\n ,Year, , ,degrees_north,degrees_east,kts,mb\n"
        "X,2020,NA,2020-11-01 00:00:00,10.0,106.0,64,980\n"
    )
    storms = read_storms(storms_section(path), REGION)
    assert storms is not None
    np.testing.assert_allclose(storms["maximum_wind"].values, 64 * 1852 / 3600)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("106.5,10.0", "10.0,106.5", "row 3: '10.0' in column 'lon', '106.5' in column 'lat' is not a position"),
        ("50.0,990", "strong,990", "row 2: 'strong' in column 'wind' is not a number"),
        ("2020-11-01 06:00:00", "yesterday", "row 3: 'yesterday' in column 'time' is not a time"),
        ("track_id", "name", "neither column 'track_id' nor 'SID'"),
        ("50.0,990", "50.0,99000", "check its unit"),
    ],
)
def test_bad_tracks_are_refused_by_row(tmp_path: Path, old: str, new: str, part: str) -> None:
    path = tmp_path / "tracks.csv"
    path.write_text(TRACKS.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_storms(storms_section(path), REGION)
    assert part in str(caught.value)


def test_a_quarter_of_the_equator_is_ten_thousand_kilometres() -> None:
    assert great_circle_distance(np.array([90.0]), np.array([0.0]), 0.0, 0.0)[0] == pytest.approx(10007.5, abs=0.1)
    assert great_circle_distance(np.array([0.0]), np.array([90.0]), 77.0, 0.0)[0] == pytest.approx(10007.5, abs=0.1)


@pytest.mark.slow
def test_the_bay_of_bengal_has_its_storms(shared_data: Path) -> None:
    head = Region(
        "B", "EPSG:32646", (200000.0, 2400000.0, 203200.0, 2401600.0), 100.0, "m", (200050.0, 2400050.0), "asia"
    )
    storms = read_storms(storms_section(shared_data / "storms" / "ibtracs_wmo_1980_2024.csv.gz", 400.0), head)
    assert storms is not None
    assert 40 < len(set(storms["storm"].values)) < 200
    assert storms["central_pressure"].min() > 85000


# --- tidal constants ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_ticon_constants_match_those_of_the_package(shared_data: Path) -> None:
    path = shared_data / "tides" / "ticon_ccby_constituents.csv.gz"
    read = read_tidal_constants(path, "ticon/vung_tau-383-vnm-uhslc_fd", 10.34).value
    shipped = load_constants("vung_tau")
    for name, amplitude in shipped.amplitude.items():
        assert read.amplitude[name] == pytest.approx(amplitude, abs=1e-4)
        assert read.phase[name] == pytest.approx(shipped.phase[name], abs=0.01), name


@pytest.mark.slow
def test_a_name_of_several_records_is_refused_with_their_ids(shared_data: Path) -> None:
    path = shared_data / "tides" / "ticon_ccby_constituents.csv.gz"
    with pytest.raises(
        InputError, match=r"3 stations called 'vung_tau'; write one of: ticon/vung_tau-383-vnm-uhslc_fd"
    ):
        read_tidal_constants(path, "vung_tau", 10.0)


@pytest.mark.parametrize("written", ["Hiron Point", "hiron-point", "HIRON  POINT", "Hirón_Point"])
def test_a_station_is_found_by_its_name_and_the_reader_is_told(written: str, tmp_path: Path) -> None:
    path = tmp_path / "constants.csv"
    ids = ["ticon/hiron_point-134a-bgd-uhslc_rq", "ticon/khal_10-1-bgd-x"]
    path.write_text("id,name,amplitude_m,phase_deg\n" + "".join(f"{each},M2,1.0,10\n" for each in ids))
    read = read_tidal_constants(path, written, 21.78)
    assert read.value.name == "ticon/hiron_point-134a-bgd-uhslc_rq"
    assert [f"is taken for '{written}'" in str(each) for each in read.findings] == [True]


def test_a_misspelled_station_is_suggested_and_never_taken(tmp_path: Path) -> None:
    path = tmp_path / "constants.csv"
    ids = ["ticon/hiron_point-134a-bgd-x", "ticon/khal_10-1-bgd-x", "ticon/oslo-1-nor-x", "ticon/oslo-2-nor-y"]
    path.write_text("id,name,amplitude_m,phase_deg\n" + "".join(f"{each},M2,1.0,10\n" for each in ids))
    with pytest.raises(InputError, match=r"has no station 'Hyron Poynt'; similar: ticon/hiron_point-134a-bgd-x$"):
        read_tidal_constants(path, "Hyron Poynt", 21.8)
    with pytest.raises(InputError, match="2 stations called 'Oslo'; write one of: ticon/oslo-1-nor-x, ticon/oslo-2"):
        read_tidal_constants(path, "Oslo", 59.9)
    with pytest.raises(InputError, match="similar: none"):
        read_tidal_constants(path, "---", 59.9)


@given(st.text(max_size=40))
def test_no_name_of_a_station_breaks_the_search(written: str) -> None:
    known = {"ticon/hiron_point-134a-bgd-x", "ticon/khal_10-1-bgd-x"}
    with contextlib.suppress(InputError):
        assert find_station(written, known, "table") in known


def test_a_tide_from_far_away_is_no_longer_passed_in_silence(tmp_path: Path) -> None:
    path, places = tmp_path / "constants.csv", tmp_path / "stations.csv"
    path.write_text("id,name,amplitude_m,phase_deg\nhiron_point-1,M2,0.8,127\n")
    places.write_text("id,name,lat,lon\nhiron_point-1,Hiron Point,21.783,89.467\n")

    def doubts(*place: object) -> list[str]:
        return [str(each) for each in read_tidal_constants(path, "hiron_point-1", *place).findings]

    (far,) = doubts(22.34, 89.467, places)
    assert "lies 62 km away; in 10 m of water a tide takes 1.7 h for that" in far
    assert doubts(21.9, 89.467, places) == []
    (unknown,) = doubts(21.9, 89.467)
    assert "its position is not known" in unknown
    assert read_tidal_constants(path, "hiron_point-1", 45.0, 12.0, places).findings[0].refuses


def test_a_broken_constant_is_named_by_row(tmp_path: Path) -> None:
    path = tmp_path / "constants.csv"
    path.write_text("id,name,amplitude_m,phase_deg\na,M2,1.0,10\na,S2,,20\n")
    with pytest.raises(InputError, match="row 3: lacks amplitude"):
        read_tidal_constants(path, "a", 10.0)


@pytest.mark.slow
def test_the_venetian_files_are_one_hour_ahead_of_utc(shared_data: Path) -> None:
    """The published phases of the same gauge fit only if the files are read as UTC+1."""
    region_file = load_region_file(Path(__file__).parents[3] / "examples" / "caorle.toml", shared_data)
    assert region_file.tides is not None
    assert region_file.tides.constants is not None
    published = read_tidal_constants(region_file.tides.constants, str(region_file.tides.station), 45.42).value
    own = region_file.tide_gauge[0]
    error = {}
    for zone in ("UTC", "+01:00", "+02:00"):
        section = TideGaugeSection.model_validate(own.model_dump() | {"time_zone": zone})
        time, level = read_readings(section)
        fitted = fit_tide(time[::12], level[::12], 45.42, name="Lido", source="record").constants
        turn = np.array([fitted.phase[name] - published.phase[name] for name in ("M2", "S2", "K1")])
        error[zone] = float(np.abs((turn + 180) % 360 - 180).max())
    assert error["+01:00"] < 5.0
    assert error["UTC"] > 25.0
    assert error["+02:00"] > 25.0


@pytest.mark.slow
def test_published_constants_explain_most_of_the_venetian_record(shared_data: Path) -> None:
    region_file = load_region_file(Path(__file__).parents[3] / "examples" / "caorle.toml", shared_data)
    assert region_file.tides is not None
    assert region_file.tides.constants is not None
    constants = read_tidal_constants(region_file.tides.constants, str(region_file.tides.station), 45.42).value
    time, level = read_readings(region_file.tide_gauge[0])
    surge = level - predict_tide(constants, time)
    high_pass = level - pd.Series(level).rolling(12 * 25, center=True).mean().to_numpy()
    rest = surge - pd.Series(surge).rolling(12 * 25, center=True).mean().to_numpy()
    inside = np.isfinite(high_pass) & np.isfinite(rest)
    assert rest[inside].std() < 0.4 * high_pass[inside].std()
