"""Cyclone advisories: their records, their uncertainty, and the wind and pressure that they mean for a place."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.observations import check_layout
from strandline.observations.readers.weather_forecasts.advisories.advisory import CycloneAdvisory
from strandline.observations.readers.weather_forecasts.advisories.advisory_tables import read_advisory_table, read_jma
from strandline.observations.readers.weather_forecasts.advisories.advisory_weather import (
    AMBIENT_PRESSURE,
    read_advisories,
    weather_of_advisory,
)
from strandline.observations.readers.weather_forecasts.advisories.atcf import read_atcf
from strandline.observations.readers.weather_forecasts.advisories.nhc_text import read_nhc
from strandline.observations.readers.weather_forecasts.advisories.track_errors import (
    position_deviation,
    wind_deviation,
)
from strandline.observations.readers.weather_forecasts.assemble import after

NAN = np.array([np.nan])
PLACE = (89.3, 22.3)
ATCF = """\
IO, 01, 2026052000, 00, CARQ, -12, 170N,  880E,  70,  980, TY,   0,    ,    0,    0,    0,    0, 1005,  200,  15,
IO, 01, 2026052000, 03, JTWC,   0, 180N,  882E,  85,  963, TY,  34, NEQ,  120,  110,   90,  100, 1004,  210,  20,
IO, 01, 2026052000, 03, JTWC,   0, 180N,  882E,  85,  963, TY,  64, NEQ,   30,   30,   20,   25, 1004,  210,  20,
IO, 01, 2026052000, 03, JTWC,  12, 200N,  886E,  90,    0, TY,  34, NEQ,  120,  110,   90,  100,    0,    0,   0,
IO, 01, 2026052000, 03, JTWC,  24, 221N,  892E,  75,    0, TY,  34, NEQ,  100,   90,   80,   90,    0,    0,   0,
IO, 01, 2026052000, 03, JTWC,  36, 245N,  899E,  30,    0, TD,   0,    ,    0,    0,    0,    0,    0,    0,   0,
IO, 01, 2026052000, 03, AVNO,  24, 215N,  880E,  60,    0, TY,   0,    ,    0,    0,    0,    0,    0,    0,   0,
IO, 01, 2026052006, 03, JTWC,   0, 189N,  884E,  90,  959, TY,   0,    ,    0,    0,    0,    0, 1004,  210,  15,
IO, 01, 2026052006, 03, JTWC,  12, 211N,  889E,  85,    0, TY,   0,    ,    0,    0,    0,    0,    0,    0,   0,
"""
JMA = [
    {"part": "title", "issue": {"UTC": "2026-09-24T03:45:00Z"}, "typhoonNumber": "2626", "name": {"en": "Surigae"}},
    {"part": {"en": "Analysis"}, "advancedHours": 0, "position": {"deg": [18.5, 133.5]}, "pressure": "985",
     "maximumWind": {"sustained": {"m/s": "25", "kt": "50"}}, "validtime": {"UTC": "2026-09-24T03:00:00Z"}},
    {"part": {"en": "Forecast for 24 hours"}, "advancedHours": 24, "position": {"deg": [20.1, 130.2]},
     "pressure": "975", "maximumWind": {"sustained": {"m/s": "35", "kt": "70"}},
     "probabilityCircleRadius": {"km": 90}, "validtime": {"UTC": "2026-09-25T03:00:00Z"}},
    {"part": {"en": "Forecast for 45 hours"}, "advancedHours": 45, "position": {"deg": [22.8, 126.6]},
     "pressure": "1000", "maximumWind": {}, "probabilityCircleRadius": {"km": 170}},
]  # fmt: skip


def advisory(**changes: object) -> CycloneAdvisory:
    """A cyclone of 40 m/s that passes the place eastwards at 5 m/s, 12 h after the issue."""
    lead = np.array([0, 12, 24, 48])
    metres_per_degree = 6_371_000.0 * np.pi / 180.0
    eastward = (lead - 12) * 3600.0 * 5.0 / (metres_per_degree * np.cos(np.deg2rad(PLACE[1])))
    fields = {
        "storm": "IO01", "where": "test", "issued": np.datetime64("2026-05-20T00", "ns"), "lead": lead,
        "longitude": PLACE[0] + eastward, "latitude": np.full(4, PLACE[1]), "maximum_wind": np.full(4, 40.0),
        "central_pressure": np.full(4, 96_000.0), "radius_of_maximum_wind": np.full(4, 30_000.0),
        "circle": np.full(4, np.nan),
    }  # fmt: skip
    return CycloneAdvisory(**(fields | changes))  # type: ignore[arg-type]


# --- records -----------------------------------------------------------------------------------------------------


def test_an_a_deck_gives_the_centres_own_forecasts() -> None:
    first, second = read_atcf(ATCF, "deck", None)
    assert (first.storm, str(first.issued)[:13], str(second.issued)[:13]) == ("IO01", "2026-05-20T00", "2026-05-20T06")
    assert first.lead.tolist() == [0, 12, 24, 36]
    assert first.latitude.tolist() == [18.0, 20.0, 22.1, 24.5]
    assert first.longitude.tolist() == [88.2, 88.6, 89.2, 89.9]
    assert first.maximum_wind[0] == pytest.approx(85 * 1852 / 3600, rel=1e-5)
    assert first.central_pressure[0] == 96_300.0
    assert np.isnan(first.central_pressure[1:]).all(), "0 means not stated"
    assert first.radius_of_maximum_wind[0] == pytest.approx(37_040.0)
    (model,) = read_atcf(ATCF, "deck", "AVNO")
    assert model.lead.tolist() == [24]


def test_hemispheres_keep_their_sign_and_a_b_deck_has_no_forecast() -> None:
    line = "SH, 07, 2026020112,   , BEST,   0, 185S, 1754W, 115,  932, TY,  34, NEQ,  120,  110,   90,  100,"
    (found,) = read_atcf(line, "deck", None)
    assert (float(found.latitude[0]), float(found.longitude[0]), found.lead.tolist()) == (-18.5, -175.4, [0])
    assert found.basin == "southern"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ATCF[: len(ATCF) - 75], "line 9: .* is no record of ATCF"),
        (ATCF.replace("180N", "18.0"), r"position '18\.0'"),
        (
            ATCF.replace("JTWC", "HWRF"),
            "holds no forecast of OFCL or JTWC or WRNG or BEST; name a 'technique'; it has A",
        ),
        (ATCF.replace(",  85,  963", ", 385,  963"), "has maximum_wind of 198"),
        (ATCF.replace("2026052000", "2026133000"), "holds the time '2026133000'"),
        (ATCF.replace("180N", "999N"), "a position that is none"),
    ],
)
def test_a_record_that_cannot_be_is_named(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_atcf(text, "deck", None)


def test_a_typhoon_of_the_jma_keeps_its_circles_and_its_ten_minute_wind() -> None:
    (found,) = read_jma(json.dumps(JMA), "file")
    assert found.lead.tolist() == [0, 24], "a position without a wind has no place here"
    assert found.maximum_wind.tolist() == pytest.approx([25 / 0.93, 35 / 0.93])
    assert found.central_pressure.tolist() == [98_500.0, 97_500.0]
    assert np.isnan(found.circle[0])
    assert (float(found.circle[1]), found.circle_probability) == (90_000.0, 0.7)
    assert str(found.available)[:16] == "2026-09-24T03:45"
    assert position_deviation(found)[1] == pytest.approx(90_000.0 / np.sqrt(-2 * np.log(0.3)))
    with pytest.raises(InputError, match=r"is no specifications\.json"):
        read_jma(json.dumps(JMA[:1]), "file")
    with pytest.raises(InputError, match="is no JSON"):
        read_jma(json.dumps(JMA)[:90], "file")


NHC = """\
ZCZC MIATCMAT4 ALL
HURRICANE IAN FORECAST/ADVISORY NUMBER  28
NWS NATIONAL HURRICANE CENTER MIAMI FL       AL092022
2100 UTC THU SEP 29 2022

TROPICAL STORM CENTER LOCATED NEAR 28.9N  80.1W AT 29/2100Z
POSITION ACCURATE WITHIN  15 NM
ESTIMATED MINIMUM CENTRAL PRESSURE  986 MB
MAX SUSTAINED WINDS  60 KT WITH GUSTS TO  75 KT.
50 KT....... 80NE   0SE  60SW  60NW.
REPEAT...CENTER LOCATED NEAR 28.9N  80.1W AT 29/2100Z

FORECAST VALID 30/0600Z 30.0N  79.6W
MAX WIND  65 KT...GUSTS  80 KT.
64 KT... 60NE   0SE   0SW   0NW.

FORECAST VALID 01/0600Z 34.3N  80.1W...INLAND
MAX WIND  40 KT...GUSTS  50 KT.

FORECAST VALID 02/1800Z...DISSIPATED
"""


def test_an_advisory_of_the_nhc_is_read_across_the_end_of_a_month() -> None:
    (found,) = read_nhc(NHC, "text")
    assert (found.storm, str(found.issued)[:16], found.lead.tolist()) == ("AL092022", "2022-09-29T21:00", [0, 9, 33])
    assert found.longitude.tolist() == [-80.1, -79.6, -80.1]
    assert found.maximum_wind[1] == pytest.approx(65 * 0.514444)
    assert (found.central_pressure[0], bool(np.isnan(found.central_pressure[1:]).all())) == (98_600.0, True)
    assert found.basin == "north atlantic"
    for text in (NHC[:150], NHC.replace("SEP", "SPT"), NHC.replace("AL092022", "")):
        with pytest.raises(InputError, match="lacks the time, the storm, the position or the wind"):
            read_nhc(text, "text")


def test_a_bulletin_written_as_a_table_is_read() -> None:
    text = (
        "storm,issued,lead,latitude,longitude,wind_kt,wind_minutes,pressure_hpa,circle_km\n"
        "Remal,2026-05-25T06:00,24,21.5,89.2,55,10,985,75\nRemal,2026-05-25T06:00,0,18.6,89.5,45,10,992,\n"
    )
    (found,) = read_advisory_table(text, Path("a.csv"))
    assert found.lead.tolist() == [0, 24]
    assert found.latitude.tolist() == [18.6, 21.5]
    assert found.maximum_wind[1] == pytest.approx(55 * 0.514444 / 0.93)
    assert np.isnan(found.circle[0])
    assert found.circle[1] == 75_000.0
    with pytest.raises(InputError, match="is neither 1 nor 10"):
        read_advisory_table(text.replace(",10,992", ",3,992"), Path("a.csv"))


@pytest.mark.parametrize(
    ("longitude", "latitude", "basin"),
    [(89.0, 15.0, "north indian"), (130.0, 18.0, "north west pacific"), (-80.0, 25.0, "north atlantic"),
     (-75.0, 12.0, "north atlantic"), (-110.0, 16.0, "north east pacific"), (-92.0, 12.0, "north east pacific"),
     (-91.0, 26.0, "north atlantic"), (60.0, -15.0, "southern"), (359.0 - 80.0, 25.0, "north atlantic")],
)  # fmt: skip
def test_the_basin_is_that_of_the_first_position(longitude: float, latitude: float, basin: str) -> None:
    found = advisory(longitude=np.full(4, longitude), latitude=np.full(4, latitude))
    assert found.basin == basin


# --- uncertainty -------------------------------------------------------------------------------------------------


def test_two_thirds_of_the_members_lie_within_the_stated_circle() -> None:
    """And the mean length of a published error is the mean distance of the members."""
    stated = advisory(circle=np.full(4, 120_000.0))
    rng = np.random.default_rng(1)
    errors = position_deviation(stated)[:, None, None] * rng.standard_normal((4, 200_000, 2))
    assert (np.hypot(errors[2, :, 0], errors[2, :, 1]) <= 120_000.0).mean() == pytest.approx(2 / 3, abs=0.005)
    published = position_deviation(advisory())[:, None, None] * rng.standard_normal((4, 200_000, 2))
    mean = np.hypot(published[..., 0], published[..., 1]).mean(axis=1)
    assert mean.tolist() == pytest.approx([35 * 1852, 39 * 1852, 43 * 1852, 65 * 1852], rel=0.01)
    strength = np.abs(wind_deviation(advisory())[:, None] * rng.standard_normal((4, 200_000))).mean(axis=1)
    assert strength[2] == pytest.approx(9.0 * 0.514444, rel=0.01)


# --- wind and pressure at a place --------------------------------------------------------------------------------


def test_at_the_centre_the_pressure_is_the_one_that_is_stated() -> None:
    found = weather_of_advisory(advisory(), *PLACE, 0, np.random.default_rng(0))
    assert found.shape == (3, 49, 1)
    assert found[0, 12, 0] == pytest.approx(96_000.0, abs=5.0)
    assert int(np.nanargmin(found[0, :, 0])) == 12


def test_the_wind_turns_as_the_cyclone_passes_and_is_as_strong_as_stated() -> None:
    """A cyclone that passes 30 km to the south in the north: wind from the east, at its greatest about then."""
    south = advisory(latitude=np.full(4, PLACE[1] - np.rad2deg(30_000.0 / 6_371_000.0)))
    pressure, east, north = weather_of_advisory(south, *PLACE, 0, np.random.default_rng(0))[:, :, 0]
    speed = np.hypot(east, north)
    assert east[12] < -20.0
    assert abs(int(np.nanargmax(speed)) - 12) <= 3
    assert 0.6 * 40.0 < np.nanmax(speed) < 1.1 * 0.93 * 40.0
    assert north[18] < 0 < north[6], "from the south as it comes from the west, from the north as it goes"
    assert pressure[12] < pressure[0] < AMBIENT_PRESSURE
    mirrored = advisory(latitude=-np.full(4, PLACE[1] - np.rad2deg(30_000.0 / 6_371_000.0)))
    other = weather_of_advisory(mirrored, PLACE[0], -PLACE[1], 0, np.random.default_rng(0))[:, :, 0]
    np.testing.assert_allclose(other[0], pressure, rtol=1e-9)
    np.testing.assert_allclose(other[1], east, atol=1e-6)
    np.testing.assert_allclose(other[2], -north, atol=1e-6)


def test_far_from_all_cyclones_an_advisory_says_nothing() -> None:
    found = weather_of_advisory(advisory(), PLACE[0] - 30.0, PLACE[1], 5, np.random.default_rng(0))
    assert np.isnan(found).all()
    late = advisory(lead=np.array([6, 12, 24, 48]))
    assert np.isnan(weather_of_advisory(late, *PLACE, 2, np.random.default_rng(0))[:, :6]).all()


@settings(max_examples=25, deadline=None)
@given(shift=st.floats(-179.0, 179.0))
def test_no_longitude_is_special(shift: float) -> None:
    moved = advisory(longitude=(advisory().longitude + shift + 180.0) % 360.0 - 180.0)
    place = (PLACE[0] + shift + 180.0) % 360.0 - 180.0
    here = weather_of_advisory(advisory(circle=np.full(4, 9e4)), *PLACE, 3, np.random.default_rng(4))
    there = weather_of_advisory(
        CycloneAdvisory(**(vars(moved) | {"circle": np.full(4, 9e4)})), place, PLACE[1], 3, np.random.default_rng(4)
    )
    np.testing.assert_allclose(there, here, rtol=1e-5, atol=1e-3)


def test_members_differ_more_the_longer_the_lead_and_member_0_is_the_advisory() -> None:
    alone = weather_of_advisory(advisory(), *PLACE, 0, np.random.default_rng(0))
    found = weather_of_advisory(advisory(), *PLACE, 400, np.random.default_rng(0))
    np.testing.assert_array_equal(found[:, :, 0], alone[:, :, 0])
    assert np.isfinite(found).all()
    far = advisory(longitude=np.full(4, PLACE[0]))  # it stays, so that the lead alone makes the difference
    spread = weather_of_advisory(far, PLACE[0], PLACE[1] + 1.0, 400, np.random.default_rng(0))[0].std(axis=1)
    assert spread[48] > spread[12] > 0


def test_a_stronger_member_is_deeper() -> None:
    found = weather_of_advisory(advisory(circle=np.full(4, 1.0)), *PLACE, 300, np.random.default_rng(2))
    pressure, _, _ = found[:, 12]
    deepest = pressure.min()
    assert deepest < 95_500.0 < 96_500.0 < pressure.max()


# --- as a weather forecast ------------------------------------------------------------------------------------------


def read(
    *paths: Path, place: tuple[float, float] = PLACE, members: int = 20, technique: str | None = None
) -> xr.Dataset:
    found = read_advisories(paths, *place, after(timedelta(hours=3)), technique=technique, members=members)
    check_layout("weather_forecast", found)
    return found


def test_an_advisory_is_a_forecast_with_issue_lead_and_members(tmp_path: Path) -> None:
    (tmp_path / "aio012026.dat").write_text(ATCF)
    found = read(tmp_path / "aio012026.dat")
    assert [str(issue)[:13] for issue in found["issued"].values] == ["2026-05-20T00", "2026-05-20T06"]
    assert found["lead"].values.tolist() == list(range(37))
    assert found.sizes["member"] == 21
    assert (found["available"] - found["issued"]).values.tolist() == [3 * 3600 * 10**9] * 2
    assert np.isnan(found["pressure"].values[1, 13:]).all(), "the second advisory ends at 12 h"
    assert float(found["pressure"].values[0, 24, 0, 0, 0]) < 98_500.0
    xr.testing.assert_equal(found, read(tmp_path / "aio012026.dat")), "it is the same whenever it is read"


def test_the_centre_that_says_when_it_published_is_believed(tmp_path: Path) -> None:
    (tmp_path / "specifications.json").write_text(json.dumps(JMA))
    found = read(tmp_path / "specifications.json", place=(131.0, 21.0))
    assert str(found["available"].values[0])[:16] == "2026-09-24T03:45"


def test_of_two_storms_the_deeper_one_counts(tmp_path: Path) -> None:
    near = (PLACE[0], PLACE[1])
    rows = ["storm,issued,lead,latitude,longitude,wind_kt,pressure_hpa"]
    rows += [f"one,2026-05-25T06:00,{lead},{near[1]},{near[0]},60,980" for lead in (0, 24)]
    rows += [f"two,2026-05-25T06:00,{lead},{near[1]},{near[0] + 9.0},90,950" for lead in (0, 48)]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    found = read(tmp_path / "a.csv", members=0)["pressure"].values[0, :, 0, 0, 0]
    assert found[12] == pytest.approx(98_000.0, abs=10.0)
    assert found[40] > 99_500.0, "only the far one is forecast so long"


def test_without_a_cyclone_near_the_reader_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_text(ATCF)
    with pytest.raises(InputError, match="holds no cyclone within 1200 km of the place"):
        read(tmp_path / "a.dat", place=(12.0, 45.0))
    (tmp_path / "b.txt").write_text("TROPICAL STORM WARNING")
    with pytest.raises(InputError, match="which is no advisory; give ATCF"):
        read(tmp_path / "b.txt")
