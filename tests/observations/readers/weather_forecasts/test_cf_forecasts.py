"""Forecasts in NetCDF and Zarr, in the shapes in which services publish them."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from strandline.errors import InputError
from strandline.observations.observations import check_layout
from strandline.observations.readers.weather_forecasts.assemble import after
from strandline.observations.readers.weather_forecasts.cf_forecasts import read_cf
from strandline.observations.readers.weather_forecasts.window import Window

pytestmark = pytest.mark.slow

ISSUED = np.array(["2026-11-29T00", "2026-11-29T12"], dtype="datetime64[ns]")
LATITUDE, LONGITUDE = np.array([46.0, 45.0, 44.0]), np.array([11.0, 12.0, 13.0])
HOUR = np.timedelta64(1, "h")
AT = Window(12.0, 45.0, 1.0)


def by_issue_and_lead(pressure: np.ndarray, **attributes: str) -> xr.Dataset:
    """(issue, lead, member, latitude, longitude), leads in hours; latitudes from north to south."""
    return xr.Dataset(
        {"msl": (("issued", "step", "number", "latitude", "longitude"), pressure, {"units": "hPa", **attributes})},
        {
            "issued": ("issued", ISSUED, {"standard_name": "forecast_reference_time"}),
            "step": ("step", [0.0, 3.0, 6.0], {"standard_name": "forecast_period", "units": "hours"}),
            "number": [0, 5],
            "latitude": ("latitude", LATITUDE, {"standard_name": "latitude"}),
            "longitude": ("longitude", LONGITUDE, {"standard_name": "longitude"}),
        },
    )


def read(*paths: Path, delay: float | None = 6.0, **names: str) -> xr.Dataset:
    available = None if delay is None else after(timedelta(hours=delay))
    forecast = read_cf(paths, AT, available, names)
    check_layout("weather_forecast", forecast)
    return forecast


@pytest.mark.parametrize("store", ["a.nc", "a.zarr"])
def test_issue_lead_and_member_keep_their_place(tmp_path: Path, store: str) -> None:
    pressure = 1000.0 + np.arange(2 * 3 * 2 * 9).reshape(2, 3, 2, 3, 3) / 10.0
    dataset = by_issue_and_lead(pressure)
    if store.endswith("zarr"):
        dataset.to_zarr(tmp_path / store, consolidated=False)
    else:
        dataset.to_netcdf(tmp_path / store)
    forecast = read(tmp_path / store)
    assert forecast["member"].values.tolist() == [0, 5]
    assert forecast["lead"].values.tolist() == [0, 3, 6]
    np.testing.assert_allclose(forecast["pressure"].values, 100.0 * pressure[:, :, :, ::-1, :], rtol=1e-6)
    assert (forecast["available"].values - ISSUED == 6 * HOUR).all()


@pytest.mark.parametrize("states", ["scalar", "attribute"])
def test_valid_times_and_one_reference_time_give_leads(tmp_path: Path, states: str) -> None:
    time = ISSUED[0] + np.arange(4) * HOUR
    shape = (("time", "height", "latitude", "longitude"), np.full((4, 1, 3, 3), -3.0), {"units": "m s-1"})
    dataset = xr.Dataset(
        {"u10": shape, "v10": shape}, {"time": time, "height": [10.0], "latitude": LATITUDE, "longitude": LONGITUDE}
    )
    if states == "scalar":
        dataset = dataset.assign_coords(forecast_reference_time=ISSUED[0])
    else:
        dataset.attrs["forecast_reference_time"] = "2026-11-29T00:00:00Z"
    dataset.to_netcdf(tmp_path / "a.nc")
    forecast = read(tmp_path / "a.nc")
    assert forecast["lead"].values.tolist() == [0, 1, 2, 3]
    assert forecast["issued"].values.tolist() == [ISSUED[0].astype(int)]
    assert (forecast["wind_north"].values == -3.0).all()


def test_the_times_of_cfgrib_are_not_mixed_up(tmp_path: Path) -> None:
    """There ``time`` is the issue, ``step`` a timedelta, and ``valid_time`` depends on both."""
    step = np.array([0, 6], dtype="timedelta64[h]").astype("timedelta64[ns]")
    xr.Dataset(
        {"prmsl": (("time", "step", "latitude", "longitude"), np.full((2, 2, 3, 3), 1e5), {"units": "Pa"})},
        {
            "time": ("time", ISSUED, {"standard_name": "forecast_reference_time"}),
            "step": ("step", step, {"standard_name": "forecast_period"}),
            "valid_time": (("time", "step"), ISSUED[:, None] + step[None, :], {"standard_name": "time"}),
            "latitude": LATITUDE, "longitude": LONGITUDE,
        },
    ).to_netcdf(tmp_path / "a.nc")  # fmt: skip
    forecast = read(tmp_path / "a.nc")
    assert (forecast.sizes["issued"], forecast["lead"].values.tolist()) == (2, [0, 6])


@pytest.mark.parametrize(
    ("unit", "factor", "amounts"),
    [("m", 1e-3, True), ("kg m-2", 1.0, True), ("kg m-2 s-1", 1 / 3600.0, False), ("mm h-1", 1.0, False)],
)
def test_rain_is_a_rate_whatever_the_file_holds(tmp_path: Path, unit: str, factor: float, amounts: bool) -> None:
    rates = np.array([2.0, 1.0, 0.0, 4.0])  # [mm h-1], until leads 1, 2, 3 and 6 h
    leads = np.array([1, 2, 3, 6])
    values = np.cumsum(rates * np.diff(leads, prepend=0)) if amounts else rates
    name = "tp" if amounts else "prate"
    field = np.broadcast_to(values[:, None, None] * factor, (4, 3, 3))
    xr.Dataset(
        {name: (("lead", "latitude", "longitude"), field, {"units": unit})},
        {"lead": leads, "forecast_reference_time": ISSUED[0], "latitude": LATITUDE, "longitude": LONGITUDE},
    ).to_netcdf(tmp_path / "a.nc")
    rain = read(tmp_path / "a.nc")["rain"]
    assert rain.values[0, :, 0, 1, 1].tolist() == pytest.approx(rates.tolist(), abs=1e-4)


def test_several_files_are_joined_and_the_first_stands(tmp_path: Path) -> None:
    for number, level in enumerate((1000.0, 1010.0)):
        dataset = by_issue_and_lead(np.full((2, 3, 2, 3, 3), level))
        (dataset if number else dataset.isel(issued=[0])).to_netcdf(tmp_path / f"{number}.nc")
    pressure = read(tmp_path / "0.nc", tmp_path / "1.nc")["pressure"]
    assert pressure.values[:, 0, 0, 0, 0].tolist() == [100_000.0, 101_000.0]


def test_the_file_says_when_its_forecasts_could_be_had(tmp_path: Path) -> None:
    dataset = by_issue_and_lead(np.full((2, 3, 2, 3, 3), 1000.0))
    dataset["available"] = ("issued", ISSUED + np.array([5, 8]) * HOUR)
    dataset.to_netcdf(tmp_path / "a.nc")
    forecast = read(tmp_path / "a.nc", delay=None)
    assert ((forecast["available"].values - forecast["issued"].values) / HOUR).tolist() == [5, 8]
    dataset["available"] = ("issued", ISSUED - HOUR)
    dataset.to_netcdf(tmp_path / "b.nc")
    with pytest.raises(InputError, match="available at 2026-11-28T23:00, before it"):
        read(tmp_path / "b.nc", delay=None)
    by_issue_and_lead(np.full((2, 3, 2, 3, 3), 1000.0)).to_netcdf(tmp_path / "c.nc")
    with pytest.raises(InputError, match="state 'delay_hours'"):
        read(tmp_path / "c.nc", delay=None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.drop_vars("issued"), "has no time of issue"),
        (lambda d: d.assign(msl=d["msl"].assign_attrs(units="K")), "has units 'K'"),
        (lambda d: d.assign(msl=d["msl"].drop_attrs()), "has units None"),
        (lambda d: d.assign_coords(step=("step", [0.0, 3.0, 600.0])), "600 h after its issue"),
        (lambda d: d.assign_coords(step=("step", [-3.0, 0.0, 3.0])), "-3 h after its issue"),
        (lambda d: d.assign_coords(latitude=d["latitude"] + 20.0), "the place lies at 45"),
        (lambda d: d.rename(msl="t2m"), "holds no known variable; it has t2m"),
    ],
)
def test_what_cannot_be_a_forecast_is_refused_in_words(tmp_path: Path, change: object, words: str) -> None:
    change(by_issue_and_lead(np.full((2, 3, 2, 3, 3), 1000.0))).to_netcdf(tmp_path / "a.nc")  # type: ignore[operator]
    with pytest.raises(InputError, match=words):
        read(tmp_path / "a.nc")


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    by_issue_and_lead(np.full((2, 3, 2, 3, 3), 1000.0)).to_netcdf(tmp_path / "a.nc")
    whole = (tmp_path / "a.nc").read_bytes()
    (tmp_path / "a.nc").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="incomplete"):
        read(tmp_path / "a.nc")
