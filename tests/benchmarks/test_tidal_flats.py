"""The benchmark of tidal flats on a made-up flat: what reaches the fit, and that any layout-compatible file works."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import table_of
from benchmarks.record import Row
from benchmarks.tidal_flats import __main__ as command
from benchmarks.tidal_flats import controls, methods
from benchmarks.tidal_flats.cuts import choose_cuts
from benchmarks.tidal_flats.levels import levels_by_table, read_table
from benchmarks.tidal_flats.predictions import Prediction
from benchmarks.tidal_flats.scenes import Flat, read_flat, read_later, require_enough, split_by_time
from benchmarks.tidal_flats.scoring import interval_of
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
    """Without the networks, and without controls."""
    few = {name: methods.METHODS[name] for name in ("threshold", "similar_days", "waterlines")}
    monkeypatch.setattr("benchmarks.tidal_flats.predictions.METHODS", few)
    monkeypatch.setattr("benchmarks.tidal_flats.cuts.QUARTERS", 2)
    monkeypatch.setattr(command, "controls_of", lambda *_: ())
    monkeypatch.setattr("benchmarks.tidal_flats.summary.DIFFERENCES", ())


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


@pytest.mark.usefixtures("quick")
def test_one_file_is_split_by_time(tmp_path: Path) -> None:
    write_scenes(tmp_path / "scenes.npz", "2019-01-01", 50, 3)
    earlier, later = split_by_time(read_flat(tmp_path / "scenes.npz"), 0.6)
    assert (len(earlier.water), len(later.water)) == (30, 20)
    assert earlier.water.time.max() < later.water.time.min()
    record = run(tmp_path)
    assert all(0 <= float(row["iou_all"] or 0) <= 1 for row in record["rows"])
    assert (tmp_path / "out.md").read_text(encoding="utf-8") == table_of(tmp_path / "out.json")


def test_every_method_scores_every_cell_and_the_networks_read_the_flat(tmp_path: Path) -> None:
    earlier, later = split_by_time(read_flat(write_scenes(tmp_path / "s.npz", "2019-01-01", 30, 3)), 0.6)
    (tmp_path / "table.csv").write_text(TABLE)
    table = read_table(tmp_path / "table.csv", "x/there-1", None, earlier)
    levels = levels_by_table(table, earlier.water.time, later.water.time)
    for name, method in methods.METHODS.items():
        score = method.score(earlier, levels)
        assert score.shape == later.water.wet.shape, name
        assert np.isfinite(score).all(), name


def test_a_file_without_its_grid_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", ndwi=np.zeros((2, 3, 3)), time=np.zeros(2, dtype="datetime64[s]"))
    with pytest.raises(InputError, match="crs"):
        read_flat(tmp_path / "bad.npz")


@pytest.fixture
def earlier(tmp_path: Path) -> Flat:
    return read_flat(write_scenes(tmp_path / "earlier.npz", "2019-01-01", 40, 4))


def test_a_cut_is_chosen_on_scenes_that_were_left_out_and_undoes_a_bias(earlier: Flat) -> None:
    asked = list[Times]()

    def predict(others: Flat, left_out: Flat) -> list[Prediction]:
        asked.append(left_out.water.time)
        assert not np.isin(left_out.water.time, others.water.time).any()
        score = np.where(np.nan_to_num(left_out.water.wet) > 0.5, 0.32, 0.22)  # all of it below even odds
        return [Prediction("control", "made up", score, methods.SHARES)]

    chosen = choose_cuts(predict, earlier)
    assert 0.22 <= chosen["control", "made up"] < 0.32
    assert np.array_equal(np.sort(np.concatenate(asked)), earlier.water.time)


def test_between_cuts_as_good_as_one_another_even_odds_are_kept(earlier: Flat) -> None:
    chosen = choose_cuts(
        lambda _, left_out: [Prediction("control", "made up", np.nan_to_num(left_out.water.wet), methods.SHARES)],
        earlier,
    )
    assert chosen["control", "made up"] == 0.5


def test_a_fit_to_swapped_hours_falls_and_one_to_a_fourth_of_the_scenes_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "SHUFFLES", 1)
    whole = read_flat(write_scenes(tmp_path / "scenes.npz", "2019-01-01", 100, 5))
    before, after = split_by_time(whole, 0.6)
    (tmp_path / "table.csv").write_text(TABLE)
    table = read_table(tmp_path / "table.csv", "x/there-1", None, whole)
    wanted = ("shuffled earlier hours", "a quarter of the scenes", "all wet", "backwards, fitted")
    found = [each for each in controls.controls_of(whole, before, after, table, 0.6) if each.name in wanted]
    rows, counts = controls.control_rows(found, 0)
    dry = {(row["control"], row["method"]): float(row["iou_dry_changing"] or 0) for row in rows}
    assert dry["a quarter of the scenes", "waterlines"] > dry["shuffled earlier hours", "waterlines"] + 0.2
    assert dry["all wet", "all_wet"] == 0.0
    assert {row["time"] for row in counts if row["level_source"] == "backwards, fitted"} == {
        str(time) for time in whole.water.time[:40]
    }


def test_days_alike_in_season_and_moon_count_and_others_do_not() -> None:
    day = np.datetime64("2019-03-01T01:00:00")
    found = methods.closeness(
        np.array([day]), day + np.array([0, 59, 66, 365]) * np.timedelta64(1, "D"), methods.SPRING_NEAP, 2.0
    )[0]
    assert found[1] > 0.99  # four times spring and neap
    assert found[2] < 0.05  # neap, where it was spring
    season = methods.closeness(np.array([day]), np.array([day - np.timedelta64(365, "D")]), methods.YEAR, 30.0)
    assert season[0, 0] > 0.99


def changed(path: Path, **arrays: object) -> Path:
    """The file with other arrays."""
    with np.load(path) as file:
        np.savez(path, **{**{name: file[name] for name in file.files}, **arrays})  # type: ignore[arg-type]
    return path


def test_later_scenes_of_another_grid_or_an_earlier_day_are_refused(tmp_path: Path, earlier: Flat) -> None:
    good = write_scenes(tmp_path / "later.npz", "2020-01-01", 10, 6)
    assert len(read_later(good, earlier).water) == 10
    with pytest.raises(InputError, match=r"later\.npz: 10 of 10 scenes are not later than the last of --scenes"):
        read_later(write_scenes(tmp_path / "later.npz", "2018-01-01", 10, 6), earlier)
    shifted = changed(
        write_scenes(tmp_path / "shifted.npz", "2020-01-01", 10, 6), x=471340.0 + 30 * np.arange(SHAPE[1])
    )
    with pytest.raises(InputError, match=r"another grid: .* from x 471340, .* not .* from x 471325"):
        read_later(shifted, earlier)
    with pytest.raises(InputError, match="another grid: EPSG:32753"):
        read_later(changed(write_scenes(tmp_path / "c.npz", "2020-01-01", 10, 6), crs="EPSG:32753"), earlier)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"time": np.arange(30.0)}, "holds no times"),
        ({"time": np.array(["yesterday"] * 30)}, "holds no times"),
        ({"time": np.full(30, "NaT", dtype="datetime64[s]")}, "30 scenes have no time"),
        ({"ndwi": np.zeros((30, SHAPE[1], SHAPE[0]))}, r"shape \(30, 9, 6\), times, y and x have \(30, 6, 9\)"),
        ({"ndwi": np.full((30, *SHAPE), np.nan)}, "no clear cell"),
    ],
)
def test_a_file_whose_arrays_do_not_fit_is_refused(tmp_path: Path, arrays: dict[str, object], message: str) -> None:
    path = changed(write_scenes(tmp_path / "scenes.npz", "2019-01-01", 30, 7), **arrays)
    with pytest.raises(InputError, match=message):
        read_flat(path)


def test_too_few_scenes_or_a_flat_that_never_changes_are_refused(tmp_path: Path, earlier: Flat) -> None:
    with pytest.raises(InputError, match="12 scenes to learn from"):
        require_enough(earlier.take(slice(0, 12)), tmp_path)
    path = changed(write_scenes(tmp_path / "scenes.npz", "2019-01-01", 30, 7), ndwi=np.full((30, *SHAPE), 0.5))
    with pytest.raises(InputError, match="0 cells are now wet, now dry"):
        require_enough(read_flat(path), path)


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.npz"
    path.write_text("not a scene")
    with pytest.raises(InputError, match="cannot be read as NPZ"):
        read_flat(path)


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
