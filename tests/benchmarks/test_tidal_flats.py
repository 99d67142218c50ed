"""The benchmark of tidal flats on a made-up flat: what reaches the fit, and that any layout-compatible file works."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.record import Row
from benchmarks.tidal_flats import __main__ as command
from benchmarks.tidal_flats import methods
from benchmarks.tidal_flats.run import interval_of
from benchmarks.tidal_flats.scenes import read_flat, split_by_time
from strandline.errors import InputError
from strandline.observations.arrays import Times
from strandline.observations.sea_level.harmonic_tide import TidalConstants, predict_tide

TIDE = TidalConstants("here", -15.0, "made by hand", {"M2": 0.6, "K1": 0.4}, {"M2": 10.0, "K1": 150.0})
TABLE = "id,name,amplitude_m,phase_deg\nx/there-1,M2,0.5,60\nx/there-1,K1,0.5,170\n"
SHAPE = (6, 9)


def write_scenes(path: Path, start: str, scenes: int, seed: int, invert: bool = False) -> Path:
    rng = np.random.default_rng(seed)
    days = np.sort(rng.uniform(0, 300, scenes))
    time: Times = np.datetime64(f"{start}T00:00:00") + (days * 86400).astype("timedelta64[s]")
    height = np.broadcast_to(np.linspace(-0.7, 0.9, SHAPE[0])[:, None], SHAPE)
    wet = predict_tide(TIDE, time)[:, None, None] > height
    index = np.where(wet != invert, 0.4, -0.3).astype(np.float16)
    index[rng.random(index.shape) < 0.05] = np.nan
    x, y = 471325.0 + 30 * np.arange(SHAPE[1]), -1666755.0 - 30 * np.arange(SHAPE[0])
    np.savez(path, ndwi=index, time=time, x=x, y=y, crs="EPSG:3577", elevation=height + 3.0)
    return path


def run(folder: Path, *options: str) -> dict[str, list[Row]]:
    (folder / "table.csv").write_text(TABLE)
    out = folder / "out.json"
    command.main([
        "--scenes", str(folder / "scenes.npz"), "--constants", str(folder / "table.csv"), "--station", "x/there-1",
        "--out", str(out), *options,
    ])  # fmt: skip
    found: dict[str, list[Row]] = json.loads(out.read_text())
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the networks."""
    few = {name: each for name, each in methods.METHODS.items() if name != "archive"}
    monkeypatch.setattr("benchmarks.tidal_flats.run.METHODS", few)


def score(record: dict[str, list[Row]], source: str, method: str) -> Row:
    return next(row for row in record["rows"] if (row["level_source"], row["method"]) == (source, method))


@pytest.mark.usefixtures("quick")
def test_a_later_file_is_predicted_from_hours_and_its_pixels_never_reach_the_fit(tmp_path: Path) -> None:
    write_scenes(tmp_path / "scenes.npz", "2019-01-01", 60, 1)
    later = write_scenes(tmp_path / "later.npz", "2020-02-01", 20, 2)
    first = run(tmp_path, "--later", str(later))
    fitted, table = score(first, "fitted", "waterlines"), score(first, "table", "threshold")
    assert float(fitted["iou_changing"] or 0) > float(table["iou_changing"] or 0) + 0.05
    assert fitted["elevation_rmse_m"] is not None  # its size is not the scenes' to tell
    assert fitted["n_scenes"] == 20
    write_scenes(later, "2020-02-01", 20, 2, invert=True)
    second = run(tmp_path, "--later", str(later))
    assert second["tables"]["tide"] == first["tables"]["tide"]  # type: ignore[call-overload]
    for source in ("table", "fitted"):  # what was right is wrong now, cell by cell: the predictions are the same
        one, other = (score(each, source, "waterlines") for each in (first, second))
        assert float(one["right_changing"] or 0) + float(other["right_changing"] or 0) == pytest.approx(1.0)
    proxy = [float(score(each, "proxy", "waterlines")["right_changing"] or 0) for each in (first, second)]
    assert sum(proxy) != pytest.approx(1.0)  # read off the scene itself, and said so


def test_one_file_is_split_by_time_and_the_networks_read_it(tmp_path: Path) -> None:
    write_scenes(tmp_path / "scenes.npz", "2019-01-01", 50, 3)
    earlier, later = split_by_time(read_flat(tmp_path / "scenes.npz"), 0.6)
    assert (len(earlier.water), len(later.water)) == (30, 20)
    assert earlier.water.time.max() < later.water.time.min()
    record = run(tmp_path)
    assert {row["method"] for row in record["rows"]} == set(methods.METHODS)
    assert all(0 <= float(row["iou_all"] or 0) <= 1 for row in record["rows"])
    assert (tmp_path / "out.md").read_text().startswith("`python -m benchmarks.tidal_flats")


def test_a_file_without_its_grid_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", ndwi=np.zeros((2, 3, 3)), time=np.zeros(2, dtype="datetime64[s]"))
    with pytest.raises(InputError, match="crs"):
        read_flat(tmp_path / "bad.npz")


def test_an_interval_of_a_difference_is_paired_by_scene() -> None:
    days = np.datetime64("2020-01-01") + np.arange(0, 300, 5)
    rows: list[Row] = [
        {"time": f"{day}T00:00:00", "both_all": 60 + i % 7, "either_all": 100} for i, day in enumerate(days)
    ]
    better: list[Row] = [{**row, "both_all": int(row["both_all"] or 0) + 5} for row in rows]
    found = interval_of(better, "all", 0, rows)
    assert found.mean == pytest.approx(0.05)
    assert found.low == pytest.approx(0.05)
    assert interval_of(rows, "all", 0).high > 0.63
