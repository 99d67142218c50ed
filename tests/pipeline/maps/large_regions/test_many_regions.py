"""Many regions in one job: one that fails stops no other, what is finished is not mapped again."""

import shutil
from pathlib import Path

import pytest

from benchmarks.large_regions.wide_terrain import write_terrain
from strandline.errors import InputError
from strandline.pipeline import jobs
from strandline.pipeline.deployment import load_deployment
from strandline.pipeline.maps.large_regions import dask_workers
from strandline.pipeline.maps.large_regions.dask_workers import LostScheduler
from strandline.pipeline.maps.large_regions.map_region import MapConfig
from strandline.pipeline.run_folder.generations import new_generation
from strandline.pipeline.run_folder.lock import one_run_at_a_time
from tests.cli.test_main import Capture, strandline
from tests.fixtures.mapped_runs import make_run

pytestmark = pytest.mark.slow

CHOICE = MapConfig(samples=1, return_periods=(10.0,))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, as its folder is left."""
    made, out = make_run(tmp_path_factory.mktemp("made") / "run"), tmp_path_factory.mktemp("run")
    with one_run_at_a_time(out), new_generation(out, {"started": "now"}) as new:
        (new / "summary.json").write_text("{}")
        for file in made.iterdir():
            shutil.copy(file, new)
    return out


@pytest.fixture
def regions(run: Path, tmp_path: Path) -> list[Path]:
    """Three boxes, of which the second has cells of another size than the run."""
    files = []
    for seed, name in enumerate(("east", "middle", "west")):
        written = write_terrain(tmp_path / f"terrain of {name}", 24, load_deployment(run).region, seed)
        files.append(written.rename(written.with_name(f"{name}.toml")))
    change(files[1], "cell_size = 100.0", "cell_size = 50.0")
    return files


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def typed(run: Path, regions: list[Path], out: Path) -> list[object]:
    return ["map", *regions, "--run", run, "--out", out, "--samples", "1", "--return-period", "10", "--resume"]


def test_one_that_fails_is_named_at_the_end_and_resume_maps_it_alone(
    run: Path, regions: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    out = tmp_path / "out"
    code, said = strandline(monkeypatch, capsys, *typed(run, regions, out))
    assert code == 2
    assert f"1 of 3 regions were not mapped: {regions[1]}" in said
    assert "has cells of 50 m, the run of 100 m" in said
    assert sorted(path.parent.name for path in out.glob("*/map.json")) == ["east", "west"]
    written = {path: path.stat().st_mtime_ns for path in out.glob("*/*")}
    change(regions[1], "cell_size = 50.0", "cell_size = 100.0")
    code, said = strandline(monkeypatch, capsys, *typed(run, regions, out))
    assert code == 0
    assert [f"maps: {out}/{name}" in said for name in ("east", "middle", "west")] == [True] * 3
    assert written == {path: path.stat().st_mtime_ns for path in written}  # neither was mapped again
    assert len(list(out.glob("middle/*.tif"))) == 5


def test_a_finished_region_that_changed_is_mapped_again(run: Path, regions: list[Path], tmp_path: Path) -> None:
    def mapped() -> int:
        jobs.map_region(
            regions[0], None, run, str(tmp_path / "out"), CHOICE, lambda _: None, resume=True, scheduler=None
        )
        return (tmp_path / "out" / "map.json").stat().st_mtime_ns

    first = mapped()
    assert mapped() == first
    change(regions[0], "elevation_error = 1.25", "elevation_error = 1.5")
    assert mapped() > first


@pytest.mark.usefixtures("socket_enabled")
def test_without_a_scheduler_no_further_region_is_tried(
    run: Path, regions: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_workers, "ANSWER_S", 0.2)
    with pytest.raises(LostScheduler, match="no Dask scheduler answers"):
        jobs.map_regions(
            [regions[0], regions[2]], None, run, str(tmp_path / "out"), CHOICE, lambda _: None, resume=False,
            scheduler="tcp://127.0.0.1:9",
        )  # fmt: skip
    assert not (tmp_path / "out" / "west").exists()


def test_two_regions_of_one_name_are_refused(run: Path, regions: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two are named 'east'"):
        jobs.map_regions(
            [regions[0], tmp_path / "east.toml"], None, run, str(tmp_path), CHOICE, lambda _: None, resume=False,
            scheduler=None,
        )  # fmt: skip
