"""The tide of a place between stations: it lies between theirs, does not cancel, and says how little it knows."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.readers.published.tide_of_place import read_tide_of_place
from strandline.observations.readers.published.tide_stations import TideStation, stations_around
from strandline.observations.region_file.data_sections import TidesSection
from strandline.observations.sea_level.harmonic_tide import PUBLISHED_ERROR, TidalConstants
from strandline.observations.sea_level.neighbouring_tides import FARTHEST_TIDE, interpolate, size_error

amplitudes, phases, distances = st.floats(0.01, 5.0), st.floats(0.0, 360.0), st.floats(0.1, 500.0)
ROWS = "id,name,amplitude_m,phase_deg,lat,lon\n"
TABLE = f"{ROWS}west,M2,1.0,350,10.0,99.7\nwest,K1,0.2,10,10.0,99.7\neast,M2,2.0,10,10.0,100.6\n"


def station(name: str, **constituents: tuple[float, float]) -> TidalConstants:
    amplitude = {each: size for each, (size, _) in constituents.items()}
    return TidalConstants(name, 10.0, "made up", amplitude, {each: phase for each, (_, phase) in constituents.items()})


@given(amplitudes, amplitudes, phases, phases, distances, distances)
def test_a_tide_between_two_is_never_smaller_or_larger_than_both(
    first: float, second: float, phase: float, other_phase: float, near: float, far: float
) -> None:
    between = interpolate(
        [station("a", M2=(first, phase)), station("b", M2=(second, other_phase))], np.array([near, far]), 10.0
    )
    assert min(first, second) - 1e-9 <= between.amplitude["M2"] <= max(first, second) + 1e-9
    nearer = first if near < far else second
    assert abs(between.amplitude["M2"] - nearer) <= abs(first - second) / 2 + 1e-9


def test_phases_are_averaged_on_the_circle_and_a_constituent_of_one_station_is_kept() -> None:
    between = interpolate(
        [station("a", M2=(1.0, 350.0), K1=(0.2, 40.0)), station("b", M2=(1.0, 10.0))], np.array([30.0, 30.0]), 10.0
    )
    assert np.cos(np.deg2rad(between.phase["M2"])) == pytest.approx(1.0)
    assert (between.amplitude["K1"], between.phase["K1"]) == pytest.approx((0.2, 40.0))


@given(distances, distances)
def test_the_farther_the_station_the_less_is_known_and_never_less_than_of_a_coast_at_large(
    near: float, far: float
) -> None:
    near, far = sorted((near, far))
    for is_between in (False, True):
        assert PUBLISHED_ERROR <= size_error(near, is_between=is_between) <= size_error(far, is_between=is_between)
    assert size_error(far, is_between=True) <= size_error(far, is_between=False) <= FARTHEST_TIDE


def test_a_place_lies_between_the_nearest_station_and_the_nearest_on_its_other_side() -> None:
    near, beside = TideStation("near", "", 100.2, 10.0), TideStation("beside", "", 100.3, 10.05)
    west, far = TideStation("west", "", 99.6, 10.0), TideStation("far", "", 98.0, 10.0)
    assert stations_around([far, west, beside, near], 100.0, 10.0) == [near, west]
    assert stations_around([far, beside, near], 100.0, 10.0) == [near]
    assert stations_around([TideStation("fiji", "", 179.9, -17.0), TideStation("taveuni", "", -179.9, -17.0)],
                           180.0, -17.0)[1:]  # fmt: skip


def test_two_stations_of_a_region_file_give_the_tide_between_them_and_its_doubt(tmp_path: Path) -> None:
    path = tmp_path / "tides.csv"
    path.write_text(TABLE)
    stated = {"constants": str(path), "stations": str(path), "station": ["west", "east"]}
    read = read_tide_of_place(TidesSection.model_validate(stated), 100.0, 10.0)
    assert read.value.constants.amplitude["M2"] == pytest.approx((2 * 1.0 + 2.0) / 3, abs=0.01)
    assert read.value.size_error == pytest.approx(0.10 * 32.8**0.4, abs=0.01)
    assert "lie 33 km, 66 km away: the tide between them may be 50% larger or 33% smaller here" in " ".join(
        map(str, read.findings)
    )
    alone = read_tide_of_place(TidesSection.model_validate({**stated, "station": "east"}), 100.0, 10.0)
    assert alone.value.size_error == pytest.approx(0.12 * 65.7**0.4, abs=0.01)


def test_between_stations_without_positions_no_tide_is_interpolated(tmp_path: Path) -> None:
    path, places = tmp_path / "tides.csv", tmp_path / "stations.csv"
    path.write_text(TABLE)
    places.write_text("id,name,lat,lon\nwest,West,10.0,99.7\n")
    with pytest.raises(ValueError, match="different stations whose positions"):
        TidesSection.model_validate({"constants": str(path), "station": ["west", "east"]})
    section = TidesSection.model_validate(
        {"constants": str(path), "stations": str(places), "station": ["west", "east"]}
    )
    with pytest.raises(InputError, match="no position of station 'east'"):
        read_tide_of_place(section, 100.0, 10.0)
