"""GRIB files that the test writes with ecCodes, as ECMWF and NCEP publish theirs."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from strandline.errors import InputError
from strandline.observations.observations import check_layout
from strandline.observations.readers.weather_forecasts.assemble import after
from strandline.observations.readers.weather_forecasts.grib import read_grib
from strandline.observations.readers.weather_forecasts.window import Window, at_place
from tests.fixtures.grib_files import Message, grib, write_grib

ISSUED = datetime(2026, 11, 30, 0)
VENICE = Window(12.4, 45.3, 1.5)
LATITUDE, LONGITUDE = np.meshgrid(90.0 - np.arange(181.0), np.arange(360.0), indexing="ij")


def read(path: Path, window: Window = VENICE, hours: float = 7.0) -> xr.Dataset:
    forecast = read_grib([path], window, after(timedelta(hours=hours)))
    check_layout("weather_forecast", forecast)
    return forecast


def test_fields_keep_their_place_unit_issue_and_lead(tmp_path: Path) -> None:
    """A field that is its own position: 100 × latitude + longitude."""
    marks = 95_000.0 + 100.0 * LATITUDE + LONGITUDE
    path = write_grib(
        tmp_path / "a.grib2", Message("msl", 0, marks), Message("msl", 3, marks + 1.0), Message("10u", 3, -4.0),
        Message("10v", 3, 6.5), Message("2t", 3, 280.0),
    )  # fmt: skip
    forecast = read(path)
    assert list(forecast["lead"].values) == [0, 3]
    assert forecast["issued"].values.tolist() == [np.datetime64(ISSUED, "ns").astype(int)]
    assert forecast["available"].values[0] - forecast["issued"].values[0] == np.timedelta64(7, "h")
    assert forecast["latitude"].values.tolist() == [44.0, 45.0, 46.0]
    assert forecast["longitude"].values.tolist() == [11.0, 12.0, 13.0]
    expected = 95_000.0 + 100.0 * forecast["latitude"].values[:, None] + forecast["longitude"].values[None, :]
    np.testing.assert_allclose(forecast["pressure"].values[0, 0, 0], expected, atol=0.2)
    np.testing.assert_allclose(forecast["pressure"].values[0, 1, 0], expected + 1.0, atol=0.2)
    assert float(forecast["wind_east"][0, 1, 0, 0, 0]) == pytest.approx(-4.0, abs=1e-3)
    assert np.isnan(forecast["wind_east"].values[0, 0]).all(), "no wind was given at lead 0"
    point = at_place(forecast, 12.25, 45.5, "test")
    assert float(point["pressure"].values[0, 0, 0, 0, 0]) == pytest.approx(95_000 + 4550 + 12.25, abs=0.2)


@pytest.mark.parametrize(("longitude", "kept"), [(-0.2, [-1.0, 0.0, 1.0]), (179.9, [179.0, 180.0, 181.0])])
def test_a_grid_of_0_to_360_degrees_has_no_seam(tmp_path: Path, longitude: float, kept: list[float]) -> None:
    path = write_grib(tmp_path / "a.grib2", Message("msl", 0, 100_000.0 + LONGITUDE))
    forecast = read(path, Window(longitude, 10.0, 1.2))
    assert forecast["longitude"].values.tolist() == kept
    expected = [100_000.0 + value % 360.0 for value in kept]
    np.testing.assert_allclose(forecast["pressure"].values[0, 0, 0, 0], expected, atol=0.1)


def test_the_edition_1_of_ncep_is_read_as_edition_2(tmp_path: Path) -> None:
    path = write_grib(tmp_path / "a.grb", Message("prmsl", 6, 101_325.0, centre="ncep", edition=1))
    assert float(read(path)["pressure"][0, 0, 0, 0, 0]) == pytest.approx(101_325.0)


def test_members_keep_their_number_and_a_missing_member_is_absent(tmp_path: Path) -> None:
    path = write_grib(
        tmp_path / "a.grib2",
        *(Message("msl", lead, 100_000.0 + member, member=member) for member in (0, 1, 7) for lead in (0, 3)
          if (member, lead) != (7, 3)),
    )  # fmt: skip
    forecast = read(path)
    assert forecast["member"].values.tolist() == [0, 1, 7]
    assert forecast["pressure"].values[0, 0, :, 0, 0].tolist() == pytest.approx([100_000.0, 100_001.0, 100_007.0])
    assert np.isnan(forecast["pressure"].values[0, 1, 2]).all()


def test_means_and_spreads_of_an_ensemble_are_no_members(tmp_path: Path) -> None:
    mean = Message("msl", 0, 99_000.0, changes={"productDefinitionTemplateNumber": 2})
    path = write_grib(tmp_path / "a.grib2", mean, Message("msl", 0, 100_000.0, member=3))
    assert read(path)["member"].values.tolist() == [3]
    with pytest.raises(InputError, match="holds none of the fields"):
        read(write_grib(tmp_path / "b.grib2", mean))


def test_rain_since_the_start_becomes_rates(tmp_path: Path) -> None:
    """ECMWF: 0, 3 and 12 mm until 3, 6 and 12 h, in metres: 0, 1 and 1.5 mm/h."""
    amounts = {3: 0.0, 6: 0.003, 12: 0.012}
    path = write_grib(tmp_path / "a.grib2", *(Message("tp", end, mm, start=0) for end, mm in amounts.items()))
    rain = read(path)["rain"]
    assert rain["lead"].values.tolist() == [3, 6, 12]
    assert rain.values[0, :, 0, 0, 0].tolist() == pytest.approx([0.0, 1.0, 1.5], abs=1e-4)


def test_rain_in_buckets_of_six_hours_becomes_rates(tmp_path: Path) -> None:
    """NCEP: 0–3 h 3 mm, 0–6 h 9 mm, 6–9 h 1.5 mm, and 0–9 h beside it."""
    buckets = [(0, 3, 3.0), (0, 6, 9.0), (6, 9, 1.5), (0, 9, 10.5)]
    path = write_grib(tmp_path / "a.grib2", *(Message("tp", e, mm, start=s, centre="ncep") for s, e, mm in buckets))
    rain = read(path)["rain"]
    assert rain.values[0, :, 0, 0, 0].tolist() == pytest.approx([1.0, 2.0, 0.5], abs=1e-4)


def test_what_fell_since_the_start_says_nothing_of_the_last_hours(tmp_path: Path) -> None:
    """A file of one lead alone: until 12 h 24 mm fell, nobody knows when."""
    path = write_grib(tmp_path / "a.grib2", Message("tp", 12, 0.024, start=0), Message("msl", 12, 1e5))
    assert "rain" not in read(path)


def test_an_amount_that_falls_is_no_rain(tmp_path: Path) -> None:
    path = write_grib(tmp_path / "a.grib2", *(Message("tp", e, mm, start=0) for e, mm in ((3, 0.009), (6, 0.002))))
    assert np.isnan(read(path)["rain"].values[0, 1]).all()


def test_a_cell_that_is_not_given_is_unknown(tmp_path: Path) -> None:
    field = np.where((LATITUDE == 45.0) & (LONGITUDE == 12.0), np.nan, 101_000.0)
    forecast = read(write_grib(tmp_path / "a.grib2", Message("msl", 0, field)))
    assert np.isnan(forecast["pressure"].values).sum() == 1
    assert np.isnan(at_place(forecast, 12.3, 45.2, "test")["pressure"].values).all()


@pytest.mark.parametrize("share", [0.3, 0.75, 0.999])
def test_half_a_file_is_refused(tmp_path: Path, share: float) -> None:
    whole = grib(Message("msl", 0, 95_000.0 + 100.0 * LATITUDE), Message("10u", 0, LATITUDE / 10.0))
    (tmp_path / "a.grib2").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "a.grib2")


def test_what_is_no_grib_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.grib2").write_text("<html>not found</html>")
    with pytest.raises(InputError, match="is no GRIB file"):
        read(tmp_path / "a.grib2")


def test_another_kind_of_grid_is_refused_in_words(tmp_path: Path) -> None:
    import eccodes

    handle = eccodes.codes_grib_new_from_samples("reduced_gg_sfc_grib2")
    eccodes.codes_set(handle, "shortName", "msl")
    (tmp_path / "a.grib2").write_bytes(eccodes.codes_get_message(handle))
    eccodes.codes_release(handle)
    with pytest.raises(InputError, match="grid of type 'reduced_gg'; ask for a regular latitude"):
        read(tmp_path / "a.grib2")


def test_two_models_in_one_section_are_refused(tmp_path: Path) -> None:
    path = write_grib(tmp_path / "a.grib2", Message("msl", 0, 101_000.0), Message("msl", 0, 100_000.0))
    with pytest.raises(InputError, match="gives pressure twice, and otherwise, for the issue of 2026-11-30T00:00"):
        read(path)
    same = write_grib(tmp_path / "b.grib2", Message("msl", 0, 101_000.0), Message("msl", 0, 101_000.0))
    assert read(same).sizes["lead"] == 1


def test_a_pressure_in_another_unit_stops_at_the_door(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lie outside 85000 to 109000 Pa"):
        read(write_grib(tmp_path / "a.grib2", Message("msl", 0, 1013.25)))


def test_without_the_extra_the_remedy_is_stated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_grib(tmp_path / "a.grib2", Message("msl", 0, 101_000.0))
    monkeypatch.setattr("strandline.errors.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"eccodes is missing; pip install 'strandline\[grib\]'"):
        read(path)
