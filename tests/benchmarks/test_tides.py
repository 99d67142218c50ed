"""The benchmark of tides between stations, on stations whose tide is known."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.record import read_record
from benchmarks.tides.corrections import OTHERS, corrections
from benchmarks.tides.run import MAIN, cases_of
from benchmarks.tides.summary import scores, summarise
from strandline.observations.sea_level.harmonic_tide import TidalConstants, describe_constituents
from strandline.observations.sea_level.neighbouring_tides import size_error
from strandline.observations.sea_level.scenes import local_tide


def test_a_tide_that_grows_along_a_coast_is_better_taken_from_both_sides() -> None:
    longitude = 10.0 + 0.3 * np.arange(9)
    stations = [
        TidalConstants(str(x), 45.0, "made up", {"M2": 1.0 + 0.2 * n}, {"M2": 5.0 * n}) for n, x in enumerate(longitude)
    ]
    rows = scores(list(cases_of(stations, np.stack([longitude, np.full(9, 45.0)], axis=1))))
    near = {row["rule"]: row for row in rows if row["distance_km"] == "20-50"}
    assert near["around"]["mean_rms_m"] == pytest.approx(0.2 * near["nearest"]["mean_rms_m"], rel=0.6)  # type: ignore[operator]
    assert summarise(rows)["20-50 km mean_rms_m ratio"] < 0.5  # type: ignore[operator]


OF_OTHERS = ((1, ("M4", "MS4")), (0, ("MM", "MF")))
"""Shallow-water constituents by the stated error of the size, long-period ones [m]."""


def made_up(admittance: float, factor: float) -> tuple[list[TidalConstants], np.ndarray]:
    """Pairs of stations 150 km apart whose tides differ by known spreads, each pair 900 km from the next."""
    rng = np.random.default_rng(0)
    names = (*MAIN, *OTHERS)
    equilibrium = dict(zip(MAIN, describe_constituents(list(MAIN)).equilibrium, strict=True))
    error = size_error(150.0, is_between=False)
    tides, positions = [], []
    for pair in range(160):
        place = (9.0 * (pair % 40) - 180.0, 9.0 * (pair // 40) - 18.0)
        first = {name: rng.uniform(0, 1.5) * np.exp(2j * np.pi * rng.random()) for name in names}
        one, other = rng.standard_normal((2, 2)) @ np.array([1, 1j])
        second = {
            name: value + error * (admittance * one * equilibrium.get(name, 0.0) + factor * other * value)
            for name, value in first.items()
        }
        for shift, phasors in ((0.0, first), (150 / 111.2, second)):
            tides.append(
                TidalConstants(
                    f"{pair}", 0.0, "made up", {name: float(abs(z)) for name, z in phasors.items()},
                    {name: float(np.rad2deg(-np.angle(z))) for name, z in phasors.items()},
                )
            )  # fmt: skip
            positions.append((place[0], place[1] + shift))
    return tides, np.array(positions)


@pytest.mark.parametrize(("admittance", "factor"), [(0.5, 0.0), (0.2, 0.4)])
def test_the_spreads_of_made_up_differences_are_found(admittance: float, factor: float) -> None:
    species, _ = corrections(*made_up(admittance, factor))
    row = next(row for row in species if (row["distance_km"], row["species"]) == ("100-200", "semidiurnal"))
    assert row["admittance"] == pytest.approx(admittance, abs=0.12)
    assert row["factor"] == pytest.approx(factor, abs=0.16)
    assert row["factor_low"] <= row["factor"] <= row["factor_high"]  # type: ignore[operator]


def test_the_prior_of_a_tide_from_scenes_is_what_the_stations_measured() -> None:
    record = read_record(Path(__file__).parents[2] / "benchmarks" / "results" / "tides.json")
    at = [row for row in record.tables["corrections"] if row["distance_km"] == "100-200"]
    rms = {
        row["constituent"]: (row["rms_m"], row["rms_of_size_error_m"])
        for row in record.tables["constituents"]
        if row["distance_km"] == "100-200"
    }
    for row, number in zip(at, (2, 1), strict=True):
        assert local_tide.ADMITTANCE_SPREAD[number] == pytest.approx(row["admittance"], abs=0.006)
        assert local_tide.FACTOR_SPREAD[number] == pytest.approx(row["factor"], abs=0.006)
    shallow, long = (float(np.sqrt(np.mean([rms[name][part] ** 2 for name in names]))) for part, names in OF_OTHERS)
    measured = {**{name: rms[name][0] for name in local_tide.SEASON_SPREAD}, "shallow": shallow, "long": long}
    stated = {
        **local_tide.SEASON_SPREAD, "shallow": local_tide.OTHER_SPREAD, "long": local_tide.LONG_SPREAD,
    }  # fmt: skip
    assert stated == pytest.approx(measured, abs=0.006)
