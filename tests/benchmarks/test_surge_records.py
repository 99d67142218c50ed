"""Gauge records of the surge benchmark: every layout, and the traps of each set."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.surge.records.gauge import HOUR, Gauge, Operational
from benchmarks.surge.records.layout import read_gauges
from benchmarks.surge.records.sets import SETS
from benchmarks.surge.records.sets.venice import _without_closures
from benchmarks.surge.records.tables import station_of
from strandline.errors import InputError

GAUGES = {
    "salish_sea": 10, "north_adriatic": 2, "texas": 7, "venice": 3, "new_jersey": 3, "quang_binh": 1, "australia": 8,
    "netherlands": 2,
}  # fmt: skip


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", GAUGES)
def test_each_set_is_read_from_its_real_files(name: str, shared_data: Path) -> None:
    found = SETS[name](shared_data / "gauges" / name)
    assert len(found.gauges) == GAUGES[name]
    for gauge in found.gauges:
        assert np.isfinite(gauge.level).sum() > 40
        assert gauge.latitude is not None
        assert np.nanstd(gauge.level) < 3.0
        columns = () if gauge.forcing is None else gauge.forcing.columns
        assert (name in ("australia", "netherlands", "new_jersey")) == (not columns)
        assert not [column for column in columns if "cmems" in column.name or "surge" in column.name]


def test_the_operational_forecast_of_new_jersey_is_close_to_its_high_waters(shared_data: Path) -> None:
    """README: on quiet days forecast minus observed high water is 0.63 m at Sea Bright, near its published offset."""
    gauge = next(
        one for one in SETS["new_jersey"](shared_data / "gauges" / "new_jersey").gauges if one.name == "sea_bright"
    )
    assert gauge.operational is not None
    high = np.flatnonzero(np.isfinite(gauge.level))
    value, _, _, age = gauge.operational.at(gauge.time[high] - 24 * HOUR, (24,))
    error = value[:, 0] + gauge.operational.offset - gauge.level[high]
    assert abs(np.nanmedian(error)) < 0.1
    assert np.nanmin(age) >= 5
    assert gauge.tide is not None


def test_one_gauge_in_a_file_with_gaps_at_both_ends_is_read(tmp_path: Path) -> None:
    rows = "".join(f"2031-05-01T{hour:02d}:00:00Z,{'' if hour in (0, 7, 23) else 1.5}\n" for hour in range(24))
    path = write(tmp_path / "new_port_2031.csv", "time_utc,level_m\n" + rows)
    (gauge,) = read_gauges([path])
    assert (gauge.name, gauge.time.size) == ("new_port", 22)
    assert np.isnan(gauge.level[6])
    assert gauge.forcing is None


def test_files_of_one_gauge_and_other_years_are_joined(tmp_path: Path) -> None:
    older = write(
        tmp_path / "a_2008.csv", "time_utc,level_m,level_flag\n2008-01-01T00:00:00Z,1,\n2008-01-01T01:00:00Z,9,spike\n"
    )
    later = write(tmp_path / "a_2009.csv", "time_utc,level_m,level_flag\n2009-01-01T00:00:00Z,2,\n")
    (gauge,) = read_gauges([older, later])
    assert np.flatnonzero(np.isfinite(gauge.level)).tolist() == [0, 366 * 24]  # the spike is gone


def test_a_wide_table_has_a_gauge_a_column_and_the_wind_of_its_own_file(tmp_path: Path) -> None:
    levels = write(tmp_path / "levels.csv", "time_utc,a,b\n2006-01-01T00:00:00Z,1,2\n2006-01-01T01:00:00Z,1.1,\n")
    wind = write(tmp_path / "wind.csv", "time_utc,u_m_s,v_m_s,speed_m_s,from_deg\n2006-01-01T01:00:00Z,3,4,5,217\n")
    stations = write(
        tmp_path / "stations.csv", "station,latitude,longitude,datum\na,50,-123,chart datum\nb,51,-124,x\n"
    )
    first, second = read_gauges([levels], stations, [wind])
    assert (first.name, first.datum, first.latitude, second.name) == ("a", "chart datum", 50.0, "b")
    assert first.forcing is not None
    assert [column.kind for column in first.forcing.columns] == ["wind_east", "wind_north"]
    np.testing.assert_array_equal(first.forcing.values, [[np.nan, np.nan], [3, 4]])


def test_a_wind_from_the_west_blows_to_the_east_and_a_missing_one_is_that_of_the_nearest_gauge(tmp_path: Path) -> None:
    header = "time_utc,level_m,wind_speed_m_s,wind_from_deg,pressure_hpa\n"
    near = write(tmp_path / "near_2025.csv", header + "2025-01-01T00:00:00Z,1,10,270,1000\n")
    far = write(tmp_path / "far_2025.csv", header + "2025-01-01T00:00:00Z,1,7,0,1001\n")
    lame = write(tmp_path / "lame_2025.csv", header + "2025-01-01T00:00:00Z,1,,,1002\n")
    places = "station,latitude,longitude\nnear,27,-97\nfar,20,-90\nlame,27.1,-97\n"
    found = {g.name: g for g in read_gauges([near, far, lame], write(tmp_path / "stations.csv", places))}
    own, borrowed = found["near"].forcing, found["lame"].forcing
    assert own is not None
    assert borrowed is not None
    np.testing.assert_allclose(own.values[0], [1000, 10, 0], atol=1e-12)
    np.testing.assert_allclose(borrowed.values[0], [1002, 10, 0], atol=1e-12)
    assert borrowed.columns[1].name == "wind_east@near"


def test_surge_and_tide_make_a_level_and_components_that_hold_the_answer_are_left_out(tmp_path: Path) -> None:
    path = write(
        tmp_path / "venice_1995.csv",
        "time_utc,surge_m,tide_m,msl_pc1,stress_x_pc1,cmems_pc1\n1995-01-01T00:00:00Z,0.25,0.5,-1700,1.1,0.2\n",
    )
    (gauge,) = read_gauges([path])
    assert gauge.level[0] == 0.75
    assert gauge.tide is not None
    assert gauge.forcing is not None
    assert [column.name for column in gauge.forcing.columns] == ["msl_pc1", "stress_x_pc1"]


def test_five_minute_values_become_hours_in_utc_with_winds_as_vectors(tmp_path: Path) -> None:
    minutes = pd.date_range("2022-11-10 00:30", "2022-11-10 02:25", freq="5min")  # UTC+1
    directions = np.where(np.arange(minutes.size) % 2, 350, 10)
    table = pd.DataFrame(
        {
            "Data": minutes, "Piattaforma CNR Liv.Idrom. medio 1m": np.arange(minutes.size) / 100,
            "Piattaforma CNR D.Vento med. 10m": directions, "Piattaforma CNR V.Vento med.10m": 10.0,
            "Piattaforma CNR Pressione": 1010.0, "Piattaforma CNR Onda: Alt. max": 1.0,
        }
    )  # fmt: skip
    table.to_csv(tmp_path / "Stazione.csv", sep=";", index=False)
    (gauge,) = read_gauges([tmp_path / "Stazione.csv"])
    assert gauge.name == "piattaforma"
    assert str(gauge.time[0])[:13] == "2022-11-10T00"  # 01:00 there
    np.testing.assert_allclose(gauge.level, [0.055, 0.175])
    assert gauge.forcing is not None
    np.testing.assert_allclose(gauge.forcing.values[0], [1010, 0, -10 * np.cos(np.deg2rad(10))], atol=1e-9)


def test_a_day_with_the_barrier_closed_is_not_of_the_lagoon() -> None:
    time = np.datetime64("2022-11-21", "h") + np.arange(72)
    sea = Gauge("sea", time, 0.5 + np.sin(np.arange(72) / 2), "x", 45.0, 12.0)
    level = sea.level.copy()
    level[24:48] = np.minimum(level[24:48], 0.6)
    found = _without_closures(Gauge("city", time, level, "x", 45.0, 12.0), sea)
    assert np.isnan(found.level[24:48]).all()
    assert found.scored.sum() == 48
    np.testing.assert_array_equal(found.level[:24], level[:24])


def test_upstream_readings_are_water_of_the_river_mouth_and_keep_their_gaps(tmp_path: Path) -> None:
    rows = "".join(
        f"2020-10-18T{hour:02d}:00:00Z,{hour / 10},{'2.5' if hour % 6 == 0 else ''},{'40' if hour == 6 else ''},1.5\n"
        for hour in range(24)
    )
    header = "time_utc,dong_hoi_m,le_thuy_m,kien_giang_m3_s,rain_dong_hoi_mm\n"
    found = read_gauges([write(tmp_path / "hourly_2020.csv", header + rows)])
    gauge = next(one for one in found if one.name == "dong_hoi")
    assert gauge.forcing is not None
    kinds = {column.name: column.kind for column in gauge.forcing.columns}
    assert kinds == {"kien_giang_m3_s": "water", "rain_dong_hoi_mm": "rain", "le_thuy_m": "water"}
    assert np.isfinite(gauge.forcing.values[:, -1]).sum() == 4


def test_the_dutch_clock_is_an_hour_ahead(tmp_path: Path) -> None:
    path = write(tmp_path / "vlissgn_hourly_1976.csv", "time_MET_assumed,level_m_NAP\n1976-01-01 00:00:00,1.2\n")
    (gauge,) = read_gauges([path])
    assert (gauge.name, str(gauge.time[0])[:13]) == ("vlissgn", "1975-12-31T23")


def test_petss_leaves_out_hindcasts_and_broken_anomalies_and_is_scored_at_high_waters(tmp_path: Path) -> None:
    crests = pd.date_range("2026-02-01 06:20", periods=6, freq="12h")
    lines = "".join(f"{c:%Y-%m-%dT%H:%M:%SZ},{0.5 + 0.1 * i},{c:%Y-%m-%dT%H:%M:%SZ}\n" for i, c in enumerate(crests))
    high = write(tmp_path / "high_waters_port.csv", "time_utc,level_m,predicted_crest_utc\n" + lines)
    issued = pd.Timestamp("2026-02-01")
    rows = []
    for lead in range(-3, 90):
        valid = issued + pd.Timedelta(hours=lead)
        tide = np.cos(2 * np.pi * (lead - 6) / 12)
        total = tide + 0.3 + (4.0 if lead == 30 else 0.0)  # the anomaly of one row is broken
        rows.append(f"{issued:%Y-%m-%dT%H:%M:%SZ},{valid:%Y-%m-%dT%H:%M:%SZ},{lead},{tide},0.3,{total}\n")
    header = "issued_utc,valid_utc,lead_h,tide_m,surge_m,total_m\n"
    path = write(tmp_path / "petss_port.csv", header + "".join(rows))
    places = "station,latitude,longitude,add_to_mllw_for_navd88_m\nport,40,-74,-0.6\n"
    (gauge,) = read_gauges([high], write(tmp_path / "stations.csv", places), operational=[path])
    assert gauge.has_only_high_waters
    product = gauge.operational
    assert product is not None
    assert product.offset == -0.6
    at = np.datetime64("2026-02-01T05", "ns")[None]
    value, low, _, age = product.at(at, (1, 25, 25 - 24))
    assert value[0, 0] == pytest.approx(1.3)  # the crest of the forecast
    assert value[0, 1] == pytest.approx(0.3 + np.cos(np.pi / 6))  # beside the broken row at the crest
    assert age[0] == 5
    assert np.isnan(low).all()
    assert np.isnan(product.at(at - HOUR, (1,))[0]).all()  # not to be had yet


def test_a_forecast_is_had_only_after_its_delay_and_within_its_horizon() -> None:
    issued = np.datetime64("2026-02-01T00", "h") + 6 * np.arange(3) * HOUR
    product = Operational("x", issued, issued + 5 * HOUR, np.arange(30).reshape(3, 10).astype(float))
    value, _, _, age = product.at(np.datetime64("2026-02-01T00", "h") + np.array([4, 5, 10, 11]) * HOUR, (1, 5))
    np.testing.assert_array_equal(value, [[np.nan, np.nan], [6, np.nan], [np.nan, np.nan], [16, np.nan]])
    np.testing.assert_array_equal(age, [np.nan, 5, 10, 5])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,level_m\n2020-01-01,1\n", "no column time_utc"),
        ("time_utc,level_m\n2020-01-01,1\n2020-01-01,2\n", "twice"),
        ("time_utc,level_m\n2020-01-01,\n", "no level"),
    ],
)
def test_files_that_are_no_record_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_gauges([write(tmp_path / "a_2020.csv", text)])


@pytest.mark.parametrize(
    ("name", "station"),
    [
        ("high_waters_sea_bright.csv.gz", "sea_bright"), ("petss_bivalve.csv.gz", "bivalve"),
        ("stone_harbor_hourly.csv.gz", "stone_harbor"), ("port_isabel_2008_2012.csv.gz", "port_isabel"),
        ("hoekvhld_hourly_1976_1994.csv.gz", "hoekvhld"),
    ],
)  # fmt: skip
def test_a_file_of_one_gauge_names_it(name: str, station: str) -> None:
    assert station_of(Path(name)) == station
