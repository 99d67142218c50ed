"""The command line as a user meets it: bad input is named, exit code 2, and nothing half-done is left behind."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from strandline.cli.main import main
from strandline.errors import InputError
from tests.fixtures.batches import REGION, ground, hours, make_tide
from tests.fixtures.hostile_files import hanging_netcdf
from tests.fixtures.region_files import write_levels, write_place, write_region_folder, write_terrain

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]


def strandline(monkeypatch: pytest.MonkeyPatch, capsys: Capture, *arguments: object) -> tuple[int, str]:
    """Exit code and what was said, line breaks of the terminal taken out."""
    monkeypatch.setattr(sys, "argv", ["strandline", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("strandline.cli.console._stderr", Console(stderr=True))  # the first took the width of its day
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr()
    code = end.value.code
    return (code if isinstance(code, int) else 0), " ".join((said.err + said.out).split())


def edit(name: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    return apply


def lines(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    return edit("levels.csv", lambda text: "\n".join(change(text.splitlines())) + "\n")


def row_ten(row: str) -> Callable[[list[str]], list[str]]:
    return lambda rows: [*rows[:9], row, *rows[10:]]


def swap_coordinates(folder: Path) -> None:
    assets = gpd.read_file(folder / "assets.geojson", engine="pyogrio")
    swapped = gpd.points_from_xy(assets.geometry.y, assets.geometry.x, crs="EPSG:4326")
    assets.set_geometry(swapped).to_file(folder / "assets.geojson", driver="GeoJSON", engine="pyogrio")


def far_terrain(folder: Path) -> None:
    bounds = tuple(value + 50_000.0 for value in REGION.bounds)
    elsewhere = replace(REGION, bounds=bounds, sea_point=(bounds[0] + 50, bounds[1] + 50))  # type: ignore[arg-type]
    write_terrain(folder / "dem.tif", ground(), region=elsewhere)


def times_hundred(folder: Path) -> None:
    time = hours(60)
    write_levels(folder / "levels.csv", time, 100 * (3.2 + make_tide(time)))


BAD: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "empty gauge file": (edit("levels.csv", lambda _: ""), ["levels.csv", "is empty", "give the file with its data"]),
    "header alone": (lines(lambda rows: rows[:1]), ["levels.csv", "no rows"]),
    "truncated gauge file": (
        edit("levels.csv", lambda text: text[: text.index("2020-01-09T05:00") + 9]),
        ["levels.csv", "row 199", "2020-01-0"],
    ),
    "binary gauge file": (lambda folder: _bytes(folder / "levels.csv"), ["levels.csv", "binary"]),
    "text that is no text": (lambda folder: _latin(folder / "levels.csv"), ["levels.csv", "not UTF-8"]),
    "centimetres called metres": (times_hundred, ["levels.csv", "unit"]),
    "duplicated times": (lines(lambda rows: rows[:50] + rows[49:]), ["levels.csv", "row", "2020-01-03 00:00", "twice"]),
    "unsorted times": (
        lines(lambda rows: [*rows[:50], rows[51], rows[50], *rows[52:]]), ["levels.csv", "row", "2020-01-03"],
    ),
    "a time that is none": (lines(row_ten("2020-13-01T00:00,0.1")), ["levels.csv", "row 10", "2020-13-01"]),
    "a level that is none": (lines(row_ten("2020-01-01T08:00,high")), ["levels.csv", "row 10", "'high'"]),
    "gauge without a reading": (
        lines(lambda rows: rows[:1] + [row.split(",")[0] + "," for row in rows[1:]]), ["levels.csv"],
    ),
    "no gauge file": (lambda folder: (folder / "levels.csv").unlink(), ["levels.csv", "cannot be read"]),
    "no such column": (
        edit("place.toml", lambda t: t.replace('level = "level"', 'level = "stage"')), ["levels.csv", "stage", "level"],
    ),
    "terrain without a CRS": (
        lambda folder: write_terrain(folder / "dem.tif", ground(), crs=None),
        ["dem.tif", "coordinate reference system"],
    ),
    "terrain of nothing": (
        lambda folder: write_terrain(folder / "dem.tif", np.full((16, 16), np.nan)), ["dem.tif"],
    ),
    "terrain elsewhere": (far_terrain, ["dem.tif", "region"]),
    "broken terrain": (lambda folder: _cut(folder / "dem.tif"), ["dem.tif"]),
    "swapped assets": (swap_coordinates, ["assets.geojson", "swapped"]),
    "unknown key": (
        edit("place.toml", lambda t: t.replace("elevation_error", "elevation_eror")),
        ["place.toml", "elevation_eror", "known keys here: ", "elevation_error"],
    ),
    "not TOML": (edit("place.toml", lambda t: t.replace("[terrain]", "[terrain")), ["place.toml", "is not TOML"]),
    "sea point on land": (
        edit("place.toml", lambda t: t.replace("sea_point = [500050.0", "sea_point = [501050.0")),
        ["sea_point", "not in the sea"],
    ),
    "invented assets": (
        edit("place.toml", lambda t: t.replace('path = "assets.geojson"', "lattice = { spacing = 250.0 }")),
        ["place.toml", "a lattice is invented", "leave out [assets]"],
    ),
    "CRS in degrees": (
        edit("place.toml", lambda t: t.replace("EPSG:32633", "EPSG:4326")), ["EPSG:4326", "projected"],
    ),
}  # fmt: skip


def _bytes(path: Path) -> None:
    path.write_bytes(bytes(range(128)) * 20)


def _latin(path: Path) -> None:
    path.write_bytes("time,level\n2020-01-01T00:00,1 über\n".encode("latin-1"))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize("fault", BAD)
def test_bad_input_is_named_and_leaves_no_product(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    breaks, words = BAD[fault]
    region = write_region_folder(tmp_path / "place")
    breaks(tmp_path / "place")
    out = tmp_path / "out"
    code, said = strandline(monkeypatch, capsys, "run", region, "--out", out)
    assert code == 2, said
    assert "strandline: " in said
    for word in words:
        assert word.lower() in said.lower()
    assert "Traceback" not in said
    assert [file.name for file in out.rglob("*") if file.is_file() and file.parent.name != ".unfinished"] == []


def test_a_sound_place_with_too_short_a_record_is_refused_by_theory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    region = write_region_folder(tmp_path / "place")
    code, said = strandline(monkeypatch, capsys, "run", region, "--out", tmp_path / "out")
    assert code == 2
    assert "the record of 'Handmade' holds" in said
    assert "storms" in said
    code, said = strandline(monkeypatch, capsys, "check", region)
    assert code == 2
    assert "1. gauge 'Pier': the record of 'Handmade' holds" in said
    assert said.count("remedy: ") == 1
    assert "cannot be run" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "place.toml", "--quick"), ["--quick", "leave the region file out"]),
        (("run", "nowhere.toml"), ["nowhere.toml", "cannot be read"]),
        (("run", "--seed", "one"), ["Invalid value", "integer"]),
        (("check", "nowhere.toml"), ["nowhere.toml", "cannot be read"]),
        (("simulate", "--out", "coast", "--cells", "30", "--years", "1", "--storms", "4"), ["30", "multiple"]),
        (("fly",), ["fly"]),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    arguments: tuple[str, ...], words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    write_region_folder(tmp_path)
    code, said = strandline(monkeypatch, capsys, *arguments)
    assert code == 2, said
    assert all(word in said for word in words), said
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "coast").exists()


def test_an_out_that_is_a_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    (tmp_path / "out").write_text("mine")
    code, said = strandline(monkeypatch, capsys, "run", "--quick", "--out", tmp_path / "out")
    assert code == 2, said
    assert "cannot be written" in said
    assert (tmp_path / "out").read_text() == "mine"


def test_check_says_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    region = write_place(tmp_path, days=150)
    monkeypatch.setattr(sys, "argv", ["strandline", "check", str(region)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    assert "Pier" in capsys.readouterr().out


def test_check_ends_in_time_on_a_file_that_hangs_its_reader_and_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    region = write_region_folder(tmp_path)
    hanging_netcdf(tmp_path / "levels.nc")
    edit("place.toml", lambda text: text.replace('levels.csv"\nformat = "wide"', 'levels.nc"\nformat = "netcdf"'))(
        tmp_path
    )
    start = time.perf_counter()
    code, said = strandline(monkeypatch, capsys, "check", region, "--patience", "1")
    assert time.perf_counter() - start < 15.0  # with the imports, on a busy machine; unbounded, it never ends
    assert code == 2
    assert "levels.nc: was not read within 1 s" in said
    assert "place.toml: cannot be run" in said
    assert "tide_gauge: Pier" in said


def test_check_refuses_what_a_run_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    region = write_region_folder(tmp_path)
    (tmp_path / "dem.tif").write_bytes(b"no raster")
    (tmp_path / "levels.csv").unlink()
    (tmp_path / "levels.csv").symlink_to("/dev/zero")
    code, said = strandline(monkeypatch, capsys, "check", region)
    assert code == 2
    assert "levels.csv: is a device" in said
    assert "1. terrain (" in said
    assert "2. tide_gauge: Pier (" in said
    assert "cannot be run, for 2 reasons" in said


def test_check_names_what_a_plan_needs_and_what_is_doubtful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    region = write_place(tmp_path, days=150)
    assets = gpd.read_file(tmp_path / "assets.geojson", engine="pyogrio")
    far = assets.assign(geometry=assets.geometry.translate(1.0))
    pd.concat([assets, far]).to_file(tmp_path / "assets.geojson", driver="GeoJSON", engine="pyogrio")
    code, output = strandline(monkeypatch, capsys, "check", region)
    assert code == 0
    assert "warning: " in output
    assert "assets.geojson: 2 of 4 assets lie in the region and are kept; 2 are left out" in output
    edit("place.toml", lambda text: text[: text.index("[assets]")])(tmp_path)
    code, output = strandline(monkeypatch, capsys, "check", region)
    assert code == 0
    assert "without it: no damage and no money" in output
    edit("place.toml", lambda t: t[: t.index("[[tide_gauge]]")] + t[t.index("[tides]") :])(tmp_path)
    code, output = strandline(monkeypatch, capsys, "check", region)
    assert code == 0
    assert "return levels those of other coasts" in output


def test_a_coast_of_one_storm_is_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    arguments = ("--cells", "24", "--storms", "1", "--years", "0.5")
    code, _ = strandline(monkeypatch, capsys, "simulate", "--out", tmp_path / "coast", *arguments)
    assert code == 0
    assert (tmp_path / "coast" / "coast.json").is_file()


@pytest.mark.parametrize("arguments", [("run", "--seed", "-1"), ("simulate", "--out", "x", "--seed", "-1")])
def test_a_seed_below_zero_is_refused(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    code, output = strandline(monkeypatch, capsys, *arguments)
    assert code == 2
    assert "Invalid value for '--seed'" in output


def test_an_unknown_log_level_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("STRANDLINE_LOG", "x")
    code, output = strandline(monkeypatch, capsys, "check", write_place(tmp_path, days=150))
    assert code == 0
    assert "STRANDLINE_LOG='X' is no level; WARNING is used" in output


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [(("run", "delta.toml"), "runs/delta"), (("run", "--quick"), "runs/quick"), (("run",), "runs/demo")],
)
def test_a_run_without_a_folder_writes_into_one_of_its_place(
    arguments: tuple[str, ...], folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """On a49c0fa every region was written into the folder of the demo."""
    from strandline.pipeline import jobs

    def stopped(_: object, out: Path, **__: object) -> Path:
        raise InputError(out, "is where it would go", "stop here")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(jobs, "run", stopped)
    code, output = strandline(monkeypatch, capsys, *arguments)
    assert code == 2
    assert f"{folder}: is where it would go" in output


def test_help_is_quick_because_it_loads_no_network() -> None:
    program = (
        "import sys, strandline.cli.main; print([m for m in ('torch', 'xarray', 'geopandas') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_an_interrupt_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    from strandline.pipeline import jobs

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "simulated", interrupted)
    code, said = strandline(monkeypatch, capsys, "run", "--out", tmp_path)
    assert code == 130
    assert "with --resume and the same arguments" in said


def test_new_writes_a_region_file_once_and_never_over_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    out = tmp_path / "koyra.toml"
    box = ("--bbox", "89.15", "22.2", "89.45", "22.5")
    code, said = strandline(monkeypatch, capsys, "new", *box, "--out", out)
    assert code == 0, said
    assert f"next: strandline fetch {out}" in said
    written = out.read_bytes()
    code, said = strandline(monkeypatch, capsys, "new", "--near", "22.34, 89.30", "--size", "20", "--out", out)
    assert code == 2
    assert "exists, and is not overwritten" in said
    assert out.read_bytes() == written
    code, said = strandline(monkeypatch, capsys, "check", out)
    assert code == 2
    assert "[region.sea_point]: is missing" in said
    assert "[terrain]: is missing" in said
    assert said.count("remedy: ") == 2
    code, said = strandline(monkeypatch, capsys, "new", *box, "--near", "22.34, 89.30", "--out", tmp_path / "x.toml")
    assert code == 2
    assert not (tmp_path / "x.toml").exists()
