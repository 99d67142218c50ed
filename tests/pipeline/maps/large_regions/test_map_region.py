"""Maps of regions too large for a run: the same numbers whoever maps them, and nothing half done."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import fsspec
import geopandas as gpd
import numpy as np
import pytest
import rasterio
from shapely import LineString, Point

from benchmarks.large_regions.cluster import cluster
from benchmarks.large_regions.scale import RASTERS, difference, kill_when_begun
from benchmarks.large_regions.wide_terrain import write_terrain
from strandline.distillation.training.loop import Announce
from strandline.errors import InputError
from strandline.observations.region_file import load_region_file
from strandline.pipeline.deployment import (
    load_deployment,
)
from strandline.pipeline.maps.large_regions import dask_workers as workers
from strandline.pipeline.maps.large_regions import map_region, products
from strandline.pipeline.maps.large_regions.consequences.assess import DAMAGE_STREAM
from strandline.pipeline.maps.large_regions.map_region import (
    MapConfig,
    MapMetadata,
    map_large_region,
)
from strandline.pipeline.maps.large_regions.products import PRODUCTS
from strandline.pipeline.maps.large_regions.store import MapStore
from strandline.pipeline.maps.large_regions.tile_mapper import TileMapper
from strandline.pipeline.maps.tiles import Tile, Tiling
from strandline.risk.hazard.hazard import NO_EMBANKMENT_COUNTS
from strandline.risk.stage_damage.damage_chain import draw_curve_deviates
from strandline.risk.stage_damage.vulnerability import damage_ratio
from tests.fixtures.mapped_runs import make_run

pytestmark = pytest.mark.slow

EDGE, TILES = 200, 16
VECTORS = ("assets.geojson", "zones.geojson")
ASSETS = """
[assets]
path = "assets.gpkg"
columns = { asset_class = "kind", value = "worth" }
survey_year = 2020
source = "invented"
simulated = true
"""
CHOICE = MapConfig(samples=2, return_periods=(10.0,))


@pytest.fixture(scope="module", autouse=True)
def small_tiles() -> Iterator[None]:
    """Of 64 cells: sixteen of them take a quarter of the time of four that a user gets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(map_region, "Tiling", partial(Tiling, reach=64, overlap=16))
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def region(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wide region with assets on all of it, and a road through it; its zones are blocks."""
    path = write_terrain(tmp_path_factory.mktemp("wide"), EDGE, load_deployment(run).region, 0)
    wide, rng = load_region_file(path).region, np.random.default_rng(1)
    left, bottom, right, top = wide.bounds
    x, y = rng.uniform(left, right, 80), rng.uniform(bottom, top, 80)
    shapes = [Point(*at) for at in zip(x, y, strict=True)] + [LineString([(left + 3e3, bottom + 50), (right, top)])]
    assets = gpd.GeoDataFrame(
        {"kind": ["residential"] * 80 + ["road"], "worth": [*rng.uniform(1e4, 1e6, 80), 1e7]},
        geometry=shapes, crs=wide.crs,
    )  # fmt: skip
    assets.to_file(path.parent / "assets.gpkg")
    path.write_text(path.read_text(encoding="utf-8") + ASSETS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def alone(run: Path, region: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("alone")
    map_into(str(out), run, region)
    return out


def vectors(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in VECTORS]


def quiet(_: str) -> None:
    return None


def map_into(
    out: str,
    run: Path,
    region: Path,
    *,
    choice: MapConfig = CHOICE,
    announce: Announce = quiet,
    resume: bool = False,
    scheduler: str | None = None,
) -> MapMetadata:
    job = f"a test {choice}"
    return map_large_region(
        load_region_file(region), run, out, job, choice, announce, resume=resume, scheduler=scheduler
    )


def test_a_map_says_what_it_is_and_keeps_nothing_unfinished(alone: Path, run: Path, region: Path) -> None:
    metadata = json.loads((alone / "map.json").read_text(encoding="utf-8"))
    assert metadata["provenance"] == "simulated"  # the run was
    assert metadata["return_periods"] == [10.0]
    assert metadata["tiles"] == TILES
    assert any("They were not tested elsewhere" in warning for warning in metadata["warnings"])
    assert any("No radar was read" in warning for warning in metadata["warnings"])
    assert NO_EMBANKMENT_COUNTS in metadata["warnings"]
    assert sorted(path.name for path in alone.iterdir()) == sorted([*RASTERS, *VECTORS, "map.json"])
    assert metadata["damage"]["assets"] == 81
    assert metadata["damage"]["expected_annual_damage"]["mean"] > 0
    sea_level = np.s_[:, : EDGE // 10]
    for product in PRODUCTS:
        with rasterio.open(alone / product.file) as file:
            assert file.shape == (EDGE, EDGE)
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert file.tags()["UNIT"] == product.unit
            assert file.tags()["BREACHES"] == NO_EMBANKMENT_COUNTS
            assert file.tags()["VERTICAL_DATUM"] == load_deployment(run).region.vertical_datum
            when = "in any one year" if product.method else "given the 10-year sea level"
            assert file.descriptions[0].startswith(f"today, {when}")
            assert not file.read(1)[sea_level].any()
    with rasterio.open(alone / "flood_probability.tif") as file:
        assert 0.01 < file.read(1).mean() < 0.99


def test_any_store_holds_the_same_map(alone: Path, run: Path, region: Path, tmp_path: Path) -> None:
    map_into("memory://bucket/wide", run, region)
    system = fsspec.filesystem("memory")
    assert sorted(Path(name).name for name in system.find("/bucket/wide")) == sorted([*RASTERS, *VECTORS, "map.json"])
    system.get("/bucket/wide", str(tmp_path / "wide"), recursive=True)
    assert difference(alone, tmp_path / "wide") == 0
    assert vectors(alone) == vectors(tmp_path / "wide")
    assert (tmp_path / "wide" / "map.json").exists()


def test_damage_and_flooded_area_are_the_sums_over_the_rasters(run: Path, region: Path, tmp_path: Path) -> None:
    """Of one sample, whose depths the raster of depths shows."""
    map_into(str(tmp_path), run, region, choice=replace(CHOICE, samples=1))
    with rasterio.open(tmp_path / "flood_depth.tif") as file:
        depth = file.read(2)
    wide = load_region_file(region).region
    zones = gpd.read_file(tmp_path / "zones.geojson")
    assert len(zones) > 1
    assert zones["flooded_area_mean_10y"].sum() == pytest.approx((depth >= 0.15).sum() * wide.cell_size**2)
    assets = gpd.read_file(tmp_path / "assets.geojson")
    points = assets.iloc[:80]
    at = points.to_crs(wide.crs).geometry
    water = depth[wide.cells_of(at.x.to_numpy(), at.y.to_numpy())]
    np.testing.assert_allclose(points["depth_p50_10y"], water, rtol=1e-6)
    deviates = draw_curve_deviates(400, np.random.default_rng([CHOICE.seed, DAMAGE_STREAM]))
    curve = [damage_ratio(water, "residential", wide.continent, each) for each in deviates[:, 0]]
    np.testing.assert_allclose(points["damage_mean_10y"], points["value"] * np.mean(curve, axis=0), rtol=1e-6)
    np.testing.assert_allclose(points["expected_annual_damage_mean"], points["damage_mean_10y"] / 10, rtol=1e-6)
    assert zones["damage_mean_10y"].sum() == pytest.approx(assets["damage_mean_10y"].sum())
    assert (points["damage_mean_10y"] > 0).any()


def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Rows and columns of the tiles that are mapped from now on."""
    mapped: list[tuple[int, int]] = []
    plain = TileMapper.map

    def counting(self: TileMapper, tile: Tile) -> None:
        mapped.append((tile.row, tile.column))
        plain(self, tile)

    monkeypatch.setattr(TileMapper, "map", counting)
    return mapped


class Interrupted(Exception):
    pass


def stopping(stage: str, after: float) -> Announce:
    def announce(name: str) -> Callable[[float], None] | None:
        def progress(done: float) -> None:
            if done >= after:
                raise Interrupted

        return progress if name.startswith(stage) else None

    return announce


@pytest.mark.parametrize("stage", ["survey", "map", "write"])
def test_an_interrupted_map_leaves_no_product_and_goes_on_where_it_was(
    alone: Path, run: Path, region: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    with pytest.raises(Interrupted):
        map_into(str(tmp_path), run, region, announce=stopping(stage, 0.5))
    assert not (tmp_path / "map.json").exists()
    with pytest.raises(InputError, match="map with other settings; leave --resume out"):
        map_into(str(tmp_path), run, region, choice=replace(CHOICE, seed=2), resume=True)
    mapped = counted(monkeypatch)
    map_into(str(tmp_path), run, region, resume=True)
    left = {"survey": TILES, "map": TILES // 2, "write": 0}[stage]
    assert len(mapped) == left or (stage == "map" and len(mapped) < left)  # one on each core may have been under way
    assert difference(alone, tmp_path) == 0


def test_a_raster_that_the_disk_took_in_part_is_refused(
    run: Path, region: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = products.raster_files.copy  # type: ignore[attr-defined]

    def careless(source: Path, target: Path, **options: str) -> None:
        with rasterio.open(source, "r+") as file:
            values = file.read()
            values[:, EDGE // 2 :] = 0  # the rest never arrived
            file.write(values)
        plain(source, target, **options)

    monkeypatch.setattr(products.raster_files, "copy", careless)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"flood_probability\.tif: was not written completely"):
        map_into(str(tmp_path), run, region)
    assert not list(tmp_path.glob("[!.]*.*"))


def test_a_raster_that_cannot_be_written_is_told(
    run: Path, region: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise rasterio.errors.RasterioIOError("write failed")

    monkeypatch.setattr(products, "blend", broken)
    with pytest.raises(InputError, match=r"cannot be written \(write failed\); free space"):
        map_into(str(tmp_path), run, region)
    assert not list(tmp_path.glob("[!.]*.*"))


def test_a_disk_that_is_full_is_told_and_the_map_goes_on_later(
    alone: Path, run: Path, region: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, written = MapStore.array, []

    class Full:
        def __setitem__(self, where: object, values: object) -> None:
            raise OSError(28, "No space left on device")

    def array(self: MapStore, name: str) -> object:
        written.append(name)
        return Full() if written.count("maps") > 2 and name == "maps" else plain(self, name)

    with monkeypatch.context() as patched:
        patched.setattr(MapStore, "array", array)
        with pytest.raises(InputError, match=r"No space left.*free space.*--resume"):
            map_into(str(tmp_path), run, region)
    assert not list(tmp_path.glob("*.tif"))
    map_into(str(tmp_path), run, region, resume=True)
    assert difference(alone, tmp_path) == 0


@pytest.mark.parametrize("out", ["nowhere://bucket", "s3://bucket/wide"])
def test_a_store_that_fsspec_does_not_reach_is_named(
    run: Path, region: Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(InputError, match=rf"{out}: cannot be reached .*(not known|s3fs)"):
        map_into(out, run, region)


def test_a_folder_that_holds_a_run_is_left_alone(run: Path, region: Path, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(InputError, match="holds a run"):
        map_into(str(tmp_path), run, region)
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


@pytest.mark.usefixtures("socket_enabled")
def test_a_cluster_says_the_same_and_a_killed_worker_loses_nothing(
    alone: Path, run: Path, region: Path, tmp_path: Path
) -> None:
    with cluster(2, tmp_path / "cluster") as dask:
        killer = threading.Thread(target=kill_when_begun, args=(tmp_path / "out", dask.workers[0]))
        killer.start()
        map_into(str(tmp_path / "out"), run, region, scheduler=dask.address)
        killer.join()
        assert dask.workers[0].wait() == -9
    assert difference(alone, tmp_path / "out") == 0
    assert vectors(alone) == vectors(tmp_path / "out")


@pytest.mark.usefixtures("socket_enabled")
def test_a_killed_scheduler_is_told_and_resume_repeats_no_finished_tile(
    alone: Path, run: Path, region: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with cluster(1, tmp_path / "cluster") as dask:
        killer = threading.Thread(target=kill_when_begun, args=(out, dask.scheduler))
        killer.start()
        with pytest.raises(InputError, match=r"scheduler was lost, .*finished ones are kept; .*continue with --resume"):
            map_into(str(out), run, region, scheduler=dask.address)
        killer.join()
        assert dask.scheduler.wait() == -9
    assert not list(out.glob("[!.]*.*"))
    finished = np.asarray(MapStore(str(out)).array("is_finished")[:])
    assert 0 < finished.sum() < TILES
    mapped = counted(monkeypatch)
    map_into(str(out), run, region, resume=True)
    assert sorted(mapped) == sorted(zip(*np.nonzero(~finished), strict=True))
    assert difference(alone, out) == 0
    assert vectors(alone) == vectors(out)


@pytest.mark.usefixtures("socket_enabled")
def test_a_scheduler_that_does_not_answer_is_named(
    run: Path, region: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "ANSWER_S", 0.2)
    with pytest.raises(InputError, match=r"tcp://127\.0\.0\.1:9: no Dask scheduler answers"):
        map_into(str(tmp_path), run, region, scheduler="tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    ("change", "choice", "words"),
    [
        (
            ("vertical_datum = {", "vertical_datum = { name = 'sea level', kind = 'local' } # {"),
            CHOICE,
            "has vertical datum 'sea level', the run",
        ),
        (("cell_size = 100.0", "cell_size = 50.0"), CHOICE, "has cells of 50 m, the run of 100 m; use the run's"),
        (("", ""), MapConfig(return_periods=(7.0,)), "has none of 7 years; choose from"),
        (("", ""), MapConfig(samples=10_000), "10000 were requested; the run has"),
        (("[terrain]", SAR := '[sar]\nscale = "dB"\nbands = { vv = 1 }\n[[sar.scenes]]\npath = "a.tif"\n'
          "time = 2020-01-01T00:00:00Z\n[terrain]"), CHOICE, "has radar scenes and no .*tide_gauge"),
    ],
)  # fmt: skip
def test_what_would_not_mean_the_same_is_refused(
    run: Path, region: Path, tmp_path: Path, change: tuple[str, str], choice: MapConfig, words: str
) -> None:
    other = tmp_path / "other.toml"
    text = region.read_text().replace(*change)
    for name in ("elevation.tif", "assets.gpkg"):
        text = text.replace(name, str(region.parent / name))
    other.write_text(text)
    with pytest.raises(InputError, match=words):
        map_into(str(tmp_path / "out"), run, other, choice=choice)
    assert not list((tmp_path / "out").glob("*.tif"))
