"""The products for a GIS are added to a run whole or not at all, and go with it."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from strandline.cli.main import app
from strandline.errors import InputError
from strandline.pipeline.export.gis import export_gis as module
from strandline.pipeline.run_folder.generations import MANIFEST, new_generation, open_run
from strandline.pipeline.run_folder.lock import one_run_at_a_time
from strandline.web.run_folder import RunFolder
from tests.fixtures.gis import make_finished_run

pytestmark = pytest.mark.slow


@pytest.fixture
def run(gis: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(gis.parent, tmp_path / "run"))


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_run_lists_what_was_added_and_keeps_what_it_had(gis: Path, tmp_path: Path) -> None:
    before = files_of(make_finished_run(tmp_path / "run"))
    after = files_of(gis.parent)
    listed = json.loads(after[MANIFEST])["sha256"]
    assert {name for name in after if name.startswith("gis/")} == {name for name in listed if name.startswith("gis/")}
    assert before.keys() - after.keys() == set()
    assert json.loads(after[MANIFEST])["run"] == json.loads(before[MANIFEST])["run"]
    open_run(gis.parent)


def test_a_changed_file_is_found(run: Path) -> None:
    (run / "gis" / "vectors.gpkg").write_bytes(b"")
    with pytest.raises(InputError, match="is not what the run of this folder wrote"):
        open_run(run)


def test_an_export_that_fails_leaves_the_former_one(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files_of(run)

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(module, "write_rasters", fail)
    with pytest.raises(OSError, match="full"):
        module.export_gis(run)
    assert files_of(run) == before


def test_an_export_replaces_the_former_one(run: Path) -> None:
    before = files_of(run)
    (run / "alerts" / "surge.xml").unlink()  # a person may
    module.export_gis(run)
    after = files_of(run)
    assert {name for name in before if name.startswith("gis/")} == {name for name in after if name.startswith("gis/")}
    assert before["gis/vectors.gpkg"] != after["gis/vectors.gpkg"]


def test_a_new_run_removes_the_products_of_the_former_one(run: Path) -> None:
    with one_run_at_a_time(run), new_generation(run, {"started": "later"}) as new:
        (new / "summary.json").write_text("{}")
    assert not (run / "gis").exists()


def test_they_are_served_with_their_media_types(run: Path) -> None:
    served = {product.name: product.media_type for product in RunFolder("run", run).products()}
    listed = json.loads((run / MANIFEST).read_text())["sha256"]
    assert {name for name in listed if name.startswith("gis/")} <= served.keys()
    assert served["gis/vectors.gpkg"] == "application/geopackage+sqlite3"
    (run / "gis" / "own.txt").write_text("private")
    (run / "gis" / "link.tif").symlink_to("/etc/passwd")
    assert not any(RunFolder("run", run).is_product(f"gis/{name}") for name in ("own.txt", "link.tif", "../plan.md"))


def test_the_command_writes_them_and_says_where(run: Path) -> None:
    shutil.rmtree(run / "gis")
    with pytest.raises(InputError):
        open_run(run)
    shutil.rmtree(run)
    make_finished_run(run)
    result = CliRunner().invoke(app, ["export", "--run", str(run), "--gis"], catch_exceptions=False)
    assert result.exit_code == 0
    assert (run / "gis" / "vectors.gpkg").is_file()


@pytest.mark.parametrize("arguments", [["--gis", "--out", "there"], []])
def test_a_command_without_or_with_two_aims_is_refused(run: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["export", "--run", str(run), *arguments])
    assert isinstance(result.exception, InputError)
