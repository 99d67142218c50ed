"""What the watch is handed arrives whole, equal to the last bit, or not at all."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel
from shapely.geometry import shape

import tests.fixtures.reports as coast
from strandline import files as atomic
from strandline.errors import InputError
from strandline.observations.sea_level.harmonic_tide import FittedTide, TidalConstants
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.pipeline.deployment import (
    Deployment,
    RunMetadata,
    assess_zones,
    build_deployment,
    load_deployment,
    save_deployment,
)
from strandline.pipeline.deployment.deployment import mean_high_water
from strandline.planning.early_action.evacuation.clearance_time import EvacuationSettings
from strandline.planning.early_action.evacuation.evacuation_areas import find_evacuation_areas
from strandline.planning.early_action.evacuation.frequency import Frequency
from strandline.risk.stage_damage.zones import NOWHERE

END = np.datetime64("2022-11-26T00", "ns")


def a_sea(amplitude: float = 0.7) -> SeaLevelModel:
    constants = TidalConstants("Sella mole", 45.6, "made up", {"M2": amplitude}, {"M2": 123.4})
    modes = np.random.default_rng(2).normal(0, 0.01, (3, 2))
    return SeaLevelModel(FittedTide(constants, 0.1 / 3, modes), 0.04 * np.exp(-np.arange(96) / 30))


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    hazard = coast.hazard("simulated")
    higher = replace(hazard, levels=hazard.levels + 0.4, flood_depth=hazard.flood_depth * np.float32(1.2))
    withheld = [(np.datetime64("2022-11-20", "D"), np.datetime64("2022-11-25T06", "h"))]
    metadata, rng = RunMetadata("0.1.0", "0123abc", {"run": 3}), np.random.default_rng(4)
    observed = coast.observations("simulated")
    zones, response = assess_zones(observed, [hazard, higher], a_sea(), rng)
    areas = find_evacuation_areas(
        zones, response, hazard, coast.assets(), np.zeros(observed.region.shape, dtype=bool), EvacuationSettings()
    )
    plan = replace(coast.a_plan(), evacuation=areas)
    return build_deployment(observed, zones, response, hazard, plan, a_sea(), withheld, metadata)


def assert_equal(one: object, other: object, place: str = "") -> None:
    """Equal to the last bit, through classes, mappings and arrays; NaN equals NaN."""
    assert type(one) is type(other), place
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        assert one.dtype == other.dtype, place
        np.testing.assert_array_equal(one, other, err_msg=place)
    elif isinstance(one, Mapping):
        assert isinstance(other, Mapping)
        assert list(one) == list(other), place
        for key in one:
            assert_equal(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, tuple):
        assert isinstance(other, tuple)
        assert len(one) == len(other), place
        for number, parts in enumerate(zip(one, other, strict=True)):
            assert_equal(*parts, f"{place}.{number}")
    elif is_dataclass(one) and not isinstance(one, BaseModel):
        for field in fields(one):
            assert_equal(getattr(one, field.name), getattr(other, field.name), f"{place}.{field.name}")
    else:
        assert one == other or (one != one and other != other), place


def test_a_deployment_comes_back_equal_to_the_last_bit(deployment: Deployment, tmp_path: Path) -> None:
    assert deployment.evacuation is not None
    first, *_ = deployment.evacuation.areas
    never = replace(first, levels=(np.inf, *first.levels[1:]), frequency=Frequency(0.0))
    deployment = replace(deployment, evacuation=replace(deployment.evacuation, areas=(never,)))
    save_deployment(tmp_path, deployment)
    again = load_deployment(tmp_path)
    assert_equal(again, deployment)
    time = END + np.arange(48).astype("timedelta64[h]")
    np.testing.assert_array_equal(again.sea_level.tide(time), deployment.sea_level.tide(time))
    assert again.is_simulated
    without = replace(deployment, protocol=None, zones_of_phase={}, withheld=(), evacuation=None)
    save_deployment(tmp_path, without)
    assert_equal(load_deployment(tmp_path), without)


def test_it_holds_what_the_run_found(deployment: Deployment) -> None:
    assert deployment.mean_sea_level == 0.02
    assert [gauge.name for gauge in deployment.gauges] == ["Sella mole", "Offshore tower"]
    assert deployment.response.levels.shape == (24, 12)
    assert deployment.response.dry_level == 0.02 + mean_high_water(a_sea(), np.datetime64("2022-11-25T23", "ns"))
    ((start, end),) = deployment.withheld
    assert start == np.datetime64("2022-11-20", "ns")
    assert end == np.datetime64("2022-11-25T06", "ns")


def test_an_action_is_for_the_zones_that_hold_what_it_is_for(deployment: Deployment) -> None:
    (names,) = deployment.zones_of_phase.values()
    assets, zones = coast.assets(), deployment.zones
    meant = [name in ("Harbour school", "Ferry quay") for name in assets["asset_id"]]
    assert set(names) == {zones.names[number] for number in zones.of_asset[meant]}
    assert 1 <= len(names) <= 2


def test_mean_high_water_is_the_amplitude_of_a_single_tide() -> None:
    days = (END - np.datetime64("2000-01-01T12", "ns")) / np.timedelta64(1, "D") - 183
    node = np.deg2rad(125.0445 - 0.0529539 * days)  # of the moon's orbit, in the middle of the year (Meeus)
    missed = np.sin(x := np.pi / 12.42) / x  # hourly levels miss high water by up to half an hour
    high = mean_high_water(a_sea(0.7), END) - 0.1 / 3
    assert high == pytest.approx(0.7 * (1 - 0.037 * np.cos(node)) * missed, rel=0.003)


def test_the_zones_on_the_map_are_those_of_the_deployment(deployment: Deployment, tmp_path: Path) -> None:
    save_deployment(tmp_path, deployment)
    collection = json.loads((tmp_path / "zones.geojson").read_text(encoding="utf-8"))
    rows = [feature["properties"] for feature in collection["features"]]
    assert [row["zone"] for row in rows] == list(deployment.zones.names)
    share = np.array([np.nan if row["flooded_share_p50"] is None else row["flooded_share_p50"] for row in rows])
    samples = np.arange(24)
    truth = np.median(deployment.response.at(deployment.return_levels[:, -1], samples).flooded_share, axis=0)
    np.testing.assert_allclose(share, truth)
    outlines = [shape(feature["geometry"]) for feature in collection["features"]]
    assert all(outline.is_valid for outline in outlines)
    assert {row["return_period"] for row in rows} == {100.0}
    assert deployment.evacuation is not None
    of_first = {row["zone"] for row in rows if row["evacuation_area"] == "A"}
    assert of_first == set(deployment.evacuation.areas[0].zones)
    assert sum(row["unknown_assets"] for row in rows) == deployment.response.unknown_assets.sum() > 0


def test_the_unsurveyed_corner_is_known_to_be_unknown(deployment: Deployment) -> None:
    unknown = np.isnan(coast.an_elevation())
    for number, share in enumerate(deployment.response.unknown_share):
        assert share == pytest.approx(unknown[deployment.zones.of_cell == number].mean())
    assert (deployment.zones.of_cell[coast.an_elevation() == -2.0] == NOWHERE).all()


def test_a_kill_while_it_is_written_leaves_the_former_one(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_deployment(tmp_path, deployment)
    before = (tmp_path / "deployment.nc").read_bytes()

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "_sync_to_disk", full)
    with pytest.raises(InputError, match="No space left"):
        save_deployment(tmp_path, deployment)
    assert (tmp_path / "deployment.nc").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"deployment.nc", "zones.geojson"}


def test_a_file_that_is_no_deployment_is_refused(deployment: Deployment, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_deployment(tmp_path)
    save_deployment(tmp_path, deployment)
    path = tmp_path / "deployment.nc"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cannot be read"):
        load_deployment(tmp_path)
    path.write_bytes(whole.replace(b"strandline deployment 4", b"strandline deployment 0"))
    with pytest.raises(InputError, match="is no 'strandline deployment 4'"):
        load_deployment(tmp_path)
    path.write_bytes(whole.replace(b'"vertical_datum"', b'"vertical_dutam"'))
    with pytest.raises(InputError, match="damaged"):
        load_deployment(tmp_path)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda b: {"gauges": ()}, "names no gauge"),
        (lambda b: {"zones_of_phase": {}}, "give the zones of each phase"),
        (lambda b: {"zones_of_phase": {"evacuate_low_lying_areas": ("nowhere",)}}, "unknown zones"),
        (lambda b: {"evacuation": replace(b.evacuation, unknown_zones=("nowhere",))}, "unknown zones"),
        (lambda b: {"return_levels": b.return_levels[:3]}, "return levels are"),
        (lambda b: {"withheld": ((END, END),)}, "window is empty"),
        (lambda b: {"region": replace(b.region, cell_size=50.0)}, "zones are drawn on"),
        (lambda b: {"zones": replace(b.zones, of_cell=np.minimum(b.zones.of_cell, 0), names=b.zones.names[:1],
                                     outlines=b.zones.outlines[:1], of_asset=0 * b.zones.of_asset)}, "response of"),
    ],
)  # fmt: skip
def test_a_deployment_that_does_not_agree_with_itself_is_refused(
    deployment: Deployment, change: object, fault: str
) -> None:
    with pytest.raises(InputError, match=fault):
        replace(deployment, **change(deployment))  # type: ignore[operator]


@pytest.mark.parametrize("old", [f"strandline deployment {number}" for number in (1, 2, 3)])
def test_a_deployment_without_danger_by_zone_is_refused_with_what_to_do(
    deployment: Deployment, tmp_path: Path, old: str
) -> None:
    save_deployment(tmp_path, deployment)
    path = tmp_path / "deployment.nc"
    path.write_bytes(path.read_bytes().replace(b"strandline deployment 4", old.encode()))
    with pytest.raises(InputError, match="not hold what this one needs of people, rain and rivers; run `strandline"):
        load_deployment(tmp_path)


def test_a_run_of_an_older_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "briefing.nc").write_bytes(b"of version 0.1")
    with pytest.raises(InputError, match="was written by an older version; run `strandline run` again"):
        load_deployment(tmp_path)
