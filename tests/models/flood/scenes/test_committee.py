"""The committee's map: each cell is joined by the sensors that show it, at any size."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.models.flood.scenes.committee import Committee, sensors_of
from strandline.models.flood.scenes.images.scene_statistics import SceneStatistics
from strandline.models.flood.scenes.members import NetworkMember, PreparedScene, ThresholdMember, layers_seen, tiles
from strandline.models.flood.scenes.networks import new_student
from strandline.models.flood.scenes.stacking import Recalibration, Stacking, scene_threshold
from strandline.models.flood.scenes.streams import RADAR_STREAMS
from strandline.observations.arrays import SingleFloats
from tests.fixtures.flood_scenes import draw_masks, draw_scene


@dataclass(frozen=True)
class Fixed:
    """A member with one answer, wherever its layer shows the scene; it remembers what it saw."""

    name: str
    layer: str
    value: float
    sizes: list[tuple[float, tuple[int, int]]]

    def probability(self, images: PreparedScene) -> SingleFloats:
        scene = images.scene
        self.sizes.append((scene.cell_size, scene.shape))
        return np.where(layers_seen(scene, (self.layer,)), self.value, np.nan).astype(np.float32)


def make_committee(radar: float = 0.8, optical: float = 0.2) -> tuple[Committee, list[tuple[float, tuple[int, int]]]]:
    sizes: list[tuple[float, tuple[int, int]]] = []
    members = Fixed("radar", "radar_after", radar, sizes), Fixed("optical", "optical_after", optical, sizes)
    stackings = {
        "radar+optical": Stacking({"radar": Recalibration(), "optical": Recalibration()}),
        "radar": Stacking({"radar": Recalibration(shift=1.0)}),
        "optical": Stacking({"optical": Recalibration()}),
    }
    return Committee(members, stackings), sizes


def test_cells_that_radar_alone_shows_use_the_radar_stacking_and_the_unknown_stays_nan() -> None:
    scene = draw_scene(0)
    assert scene.radar_after is not None
    assert scene.optical_after is not None
    radar, optical = scene.radar_after.copy(), scene.optical_after.copy()
    optical[:, :20] = np.nan  # cloud over most rows
    radar[:, :, :4] = np.nan
    committee, _ = make_committee()
    found = committee.map(replace(scene, radar_after=radar, optical_after=optical))
    cloudy = 1 / (1 + np.exp(-(np.log(4) + 1.0)))
    np.testing.assert_allclose(found.probability[:20, 4:], cloudy, rtol=1e-4)
    np.testing.assert_allclose(found.probability[20:, 4:], 0.5, rtol=1e-4)
    np.testing.assert_allclose(found.probability[20:, :4], 0.2, rtol=1e-4)
    assert np.isnan(found.probability[:20, :4]).all()
    assert np.isnan(found.spread[:20, :4]).all()
    np.testing.assert_allclose(found.spread[20:, 4:], 0.3, rtol=1e-4)
    assert not found.spread[:20, 4:].any()
    assert found.members == ("radar", "optical")
    assert found.threshold == scene_threshold(found.probability)


def test_a_member_that_no_cell_needs_is_not_asked() -> None:
    committee, sizes = make_committee()
    found = committee.map(draw_scene(0).without("optical_before", "optical_after"))
    assert found.members == ("radar",)
    assert len(sizes) == 1


def test_a_scene_that_shows_no_water_is_refused() -> None:
    committee, _ = make_committee()
    with pytest.raises(InputError, match="shows no water"):
        committee.map(draw_scene(0).without("radar_after", "optical_after"))


def test_known_points_are_mapped_as_they_were_seen() -> None:
    points = np.full((32, 32), np.nan, dtype=np.float32)
    points[3, 4], points[20, 9] = 1.0, 0.0
    found = make_committee()[0].map(replace(draw_scene(0), points=points))
    assert found.probability[3, 4] > 0.9
    assert found.probability[20, 9] < 0.1


@pytest.mark.parametrize("side", [33, 64])
def test_a_scene_of_ten_metre_cells_is_mapped_at_twenty(side: int) -> None:
    committee, sizes = make_committee()
    scene = replace(draw_scene(0, side=side), cell_size=10.0)
    found = committee.map(scene)
    half = -(-side // 2)
    assert set(sizes) == {(20.0, (half, half))}
    assert found.probability.shape == scene.shape
    np.testing.assert_allclose(found.probability, 0.5, rtol=1e-4)


@pytest.mark.parametrize("cells", [1, 127, 128, 129, 200, 1000])
def test_tiles_cover_a_side_and_overlap(cells: int) -> None:
    windows = tiles(cells)
    assert (windows[0].start, windows[-1].stop) == (0, cells)
    assert all(one.stop - one.start == min(cells, 128) for one in windows)
    assert all(one.stop - other.start >= 32 for one, other in pairwise(windows))


def test_a_network_maps_a_scene_of_any_size_and_a_tile_as_the_whole() -> None:
    scene = draw_scene(0, side=150).window(slice(0, 149), slice(0, 131)).without("optical_before", "optical_after")
    member = NetworkMember("student", new_student(0), RADAR_STREAMS, symmetries=1)
    statistics = SceneStatistics.of(scene)
    found = member.probability(PreparedScene(scene, statistics))
    assert found.shape == (149, 131)
    assert np.isfinite(found).all()
    corner = scene.window(slice(0, 128), slice(0, 128))
    of_tile = member.probability(PreparedScene(corner, statistics))
    np.testing.assert_allclose(of_tile[:2, :1], found[:2, :1], atol=0.05)


def test_a_network_without_a_stream_of_the_moment_says_nothing() -> None:
    member = NetworkMember("student", new_student(0), RADAR_STREAMS)
    scene = draw_scene(0).without("radar_after")
    assert np.isnan(member.probability(PreparedScene(scene, SceneStatistics.of(scene)))).all()


def test_thresholds_of_radar_map_the_flood_and_read_no_optical_image() -> None:
    scene = draw_scene(0)
    member = ThresholdMember("thresholds_radar", "radar")
    statistics = SceneStatistics.of(scene)
    found = member.probability(PreparedScene(scene, statistics))
    lake, flood = draw_masks(0, 32)
    assert found[flood].mean() > 0.8 > 0.2 > found[~(lake | flood)].mean()
    alone = scene.without("optical_before", "optical_after")
    np.testing.assert_array_equal(found, member.probability(PreparedScene(alone, statistics)))


def test_sensors_part_the_cells_and_points_count_only_where_no_image_is() -> None:
    points = np.full((32, 32), np.nan, dtype=np.float32)
    points[0, 0] = 1
    scene = replace(draw_scene(0).without("optical_before", "optical_after"), points=points)
    assert list(sensors_of(scene)) == ["radar"]
    assert list(sensors_of(scene.without("radar_before", "radar_after"))) == ["hidden"]


def test_tiles_of_a_region_are_weighted_as_the_whole_region() -> None:
    scene = draw_scene(0, side=64)
    committee, _ = make_committee()
    exponent = {name: replace(stacking, exponent=4.0) for name, stacking in committee.stackings.items()}
    regional = replace(committee, stackings=exponent).of_region(scene)
    assert regional.qualities is not None
    assert regional.qualities["radar+optical"]["radar"] == pytest.approx(0.8, abs=1e-3)
    points = np.full((64, 64), np.nan, dtype=np.float32)
    points[:32, :32] = 0.0  # a tile without water has the region's threshold
    dry = regional.map(replace(scene, points=points).window(slice(0, 32), slice(0, 32)))
    assert dry.threshold == regional.threshold == regional.map(scene).threshold
    tile = regional.map(scene.window(slice(0, 32), slice(0, 32)))
    np.testing.assert_allclose(tile.probability, regional.map(scene).probability[:32, :32], atol=1e-6)
