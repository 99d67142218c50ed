"""The whole line on a tiny coast: every file, the same numbers twice, and a kill in the middle that costs nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
import rasterio
from lxml import etree
from safetensors import safe_open

from strandline.cli.main import app as strandline
from strandline.pipeline.deployment import DEPLOYMENT_FILE, load_deployment
from strandline.pipeline.study_area import built_in_study_area
from strandline.planning.early_action.hindcast import Condition
from strandline.planning.plan_schema import check_plan
from strandline.report.consistency.files import contradictions_between
from strandline.report.documents.key_findings import KEY_FINDINGS_FILE, read_key_findings
from strandline.report.figures.style import NARROW, Picture
from strandline.report.page import pictures
from strandline.watch.assimilation.fit_file import save_fit
from strandline.watch.store import Damaged, Store
from tests.fixtures.flood_warnings import assert_valid
from tests.fixtures.smallest_run import PLACE_IN_BLOCK, VILLAGE, run_smallest
from tests.fixtures.stores import execute, unguarded
from tests.fixtures.watches import a_sea_level_fit

FILES = (
    "report.html", "summary.json", "key_findings.json", "flood_probability.tif", "flood_depth.tif", "flooded.tif",
    "annual_flood_probability.tif", "flood_times.csv", "ground.tif", "scene.tif",
    "flood_disagreement.tif", "surge.csv", "return_levels.csv", "assets.geojson", "plan.json", "plan.schema.json",
    "plan.md", "protocol.toml", "student.safetensors", "student.json", "archive.safetensors", "risk_data_library.json",
    "data_sources.md", "sea_level_forecaster.safetensors",
    "pathways-action.txt", "pathways-sequence.txt", "deployment.nc", "zones.geojson", "products.json",
    "embankments.geojson", "trial_ground.nc", "place_names.geojson",
)  # fmt: skip
PROGRAM = Path(__file__).parents[1] / "fixtures" / "smallest_run.py"


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def summary_of(out: Path) -> dict[str, object]:
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"), parse_constant=refuse)
    return {name: value for name, value in summary.items() if name not in ("seconds", "started")}


def numbers_of(value: object, name: str = "") -> dict[str, object]:
    """Every leaf by its path, so that two summaries can be compared number by number."""
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        return {path: leaf for key, part in parts for path, leaf in numbers_of(part, f"{name}/{key}").items()}
    return {name: value}


def drawn_narrow(draw: Callable[[float], Picture]) -> pictures.Drawing:
    one = draw(NARROW)
    address = pictures._data_uri(one.svg)
    return pictures.Drawing(address, address, one.alt, *one.size)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its pictures are drawn for the page of a phone alone: another width takes as long, and says nothing else."""
    out = tmp_path_factory.mktemp("run") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "_draw_both_widths", drawn_narrow)
        run_smallest(out)
    return out


@pytest.mark.slow
def test_a_run_leaves_every_file_and_no_other(finished: Path) -> None:
    there = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    alerts = {name for name in there if name.startswith("alerts/") and name.endswith(".xml")}
    assert there == set(FILES) | alerts
    for name in FILES:
        assert (finished / name).stat().st_size > 0


@pytest.mark.slow
def test_the_files_of_a_run_state_the_same(finished: Path) -> None:
    summary, plan = (json.loads((finished / name).read_text()) for name in ("summary.json", "plan.json"))
    assert list(contradictions_between(summary, plan)) == []


def test_the_summary_holds_what_was_promised(finished: Path) -> None:
    summary = json.loads((finished / "summary.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert summary["provenance"] == "simulated"
    assert {"teacher_iou", "student_iou", "labels_only_iou", "retention", "gap_closed"} <= set(summary["flood"])
    assert {"rmse", "coverage_90"} <= set(summary["surge"])
    assert {"mean", "standard_error", "p10", "p50", "p90"} <= set(summary["impact"]["expected_annual_damage"])
    assert {"n_actions", "n_triggers"} <= set(summary["plan"])
    assert summary["seconds"]["total"] > 0
    assert summary["seeds"] == {"run": 5}
    damage = summary["impact"]["expected_annual_damage"]
    assert damage["p10"] <= damage["p50"] <= damage["p90"]
    assert damage["draws"] == 402  # of 3 maps
    assert damage["standard_error"] > 0
    assert summary["impact"]["left_out_as_frequent"]["return_period"] == 1.1
    plan = json.loads((finished / "plan.json").read_text(encoding="utf-8"))
    assert plan["expected_annual_damage"]["mean"] == pytest.approx(damage["mean"])
    yearly = [each for each in plan["actions"] if each["avoided_loss"] and each["avoided_loss_per"] == "year"]
    assert all(0 <= each["avoided_loss"]["mean"] <= damage["mean"] for each in yearly)
    assert {one["condition"] for one in plan["hindcasts"]} == set(get_args(Condition))
    assert 0 <= summary["surge"]["coverage_90"] <= 1
    people = summary["impact"]["people"]
    assert 0 < people["residents"]["low"] <= people["residents"]["high"]
    assert people["districts"] == []
    assert 0 <= people["exposed"]["low"] <= people["exposed"]["likely"] <= people["exposed"]["high"]
    assert set(people["cut_off"]) == {"hospital", "shelter"}
    totals = summary["impact"]["totals"]
    assert {row["by"] for row in totals} == {"class"}, "the survey names no district"
    assert sum(row["assets"] for row in totals) == summary["impact"]["n_assets"]
    assert sum(row["unknown_assets"] for row in totals) == summary["impact"]["unknown_assets"]
    means = [row["expected_annual_damage"]["mean"] for row in totals]
    assert sum(mean for mean in means if mean is not None) == pytest.approx(damage["mean"])


@pytest.mark.slow
def test_plan_and_watch_call_a_block_by_the_place_in_it(finished: Path) -> None:
    evacuation = load_deployment(finished).evacuation
    assert evacuation is not None
    assert evacuation.place_names == read_key_findings(finished / KEY_FINDINGS_FILE).place_names == PLACE_IN_BLOCK
    (block,) = PLACE_IN_BLOCK
    assert f"{block} (around {VILLAGE})" in (finished / "plan.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_other_programs_read_can_be_read(finished: Path) -> None:
    with rasterio.open(finished / "flood_probability.tif") as file:
        assert file.tags()["PROVENANCE"] == "simulated"
        assert (file.height, file.width) == (32, 32)
    table = pd.read_csv(finished / "surge.csv", parse_dates=["issue_time", "time"])
    assert (table["p10"] <= table["p50"]).all()
    assert (table["p50"] <= table["p90"]).all()
    assert ((table["time"] - table["issue_time"]).dt.total_seconds() == 3600 * table["lead_h"]).all()
    assert check_plan(finished / "plan.json") == []
    assert "how strong an embankment of this place is" in (finished / "plan.md").read_text(encoding="utf-8")
    levels = pd.read_csv(finished / "return_levels.csv")
    assert levels["p50"].is_monotonic_increasing
    alerts = sorted((finished / "alerts").glob("*.xml"))
    assert alerts
    for alert in alerts:
        assert_valid(alert.read_bytes())
        assert etree.parse(alert).getroot().findtext("{*}status") == "Exercise"
    card = json.loads((finished / "student.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert set(card["provenance"].values()) == {"simulated"}
    with safe_open(finished / "student.safetensors", "pt") as file:
        assert {name.split(".")[0] for name in file.keys()} == {"0", "1", "2"}  # noqa: SIM118
    assert "simulated" in (finished / "report.html").read_text(encoding="utf-8").lower()


@pytest.mark.slow
def test_what_it_leaves_is_watched_hour_by_hour_from_the_command_line(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    delta = built_in_study_area(32)  # simulated once for three watches
    monkeypatch.setattr("strandline.watch.run.built_in_study_area", lambda cells, progress: {32: delta}[cells])
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    save_fit(run, a_sea_level_fit(sha256((run / DEPLOYMENT_FILE).read_bytes()).hexdigest()))
    command = ["watch", "--run", str(run), "--json", "--replay"]
    strandline([*command, "2009-05-05/2009-05-05T02:00"], standalone_mode=False)
    told = [json.loads(line, parse_constant=refuse) for line in capsys.readouterr().out.splitlines()]
    assert [hour["hour"] for hour in told] == [f"2009-05-05T0{hour}:00:00" for hour in range(3)]
    assert all(hour["decisions"][-1]["action"] == "continue_monitoring" for hour in told)
    with closing(Store.open(run / "watch.db")) as store:
        store.verify_log()
        store.verify_contents()
        assert {each.stream for each in store.read.health()} > {"own", "surge forecast"}
        before = list(store.read.log())
    strandline([*command, "2009-05-05T02:00/2009-05-05T05:00", "--once"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out) == {"hour": "2009-05-05T02:00:00", "decisions": None}, "done before"
    with closing(Store.open(run / "watch.db")) as store:
        assert list(store.read.log()) == before
    execute(run / "watch.db", *unguarded(run / "watch.db", "UPDATE readings SET value = value + 3"))
    with pytest.raises(Damaged, match=r"readings of .* do not match the log") as refused:
        strandline([*command, "2009-05-05T03:00/2009-05-05T05:00"], standalone_mode=False)
    assert refused.value.exit_code == 65, "on 2d0579a the watch went on silently"


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_the_same_seed_gives_the_same_numbers_though_the_run_was_killed(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with subprocess.Popen([sys.executable, str(PROGRAM), str(out)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == "distil the students":
                os.kill(process.pid, signal.SIGKILL)
                break
        process.wait(60)
    assert not [path for path in out.iterdir() if path.is_file()]
    (damaged,) = (out / ".unfinished").glob("*/apply the teacher.stage")
    damaged.write_bytes(damaged.read_bytes()[:-100])
    start = time.time()
    run_smallest(out, resume=True)  # in another process than the one that was killed
    assert summary_of(out).keys() == summary_of(finished).keys()
    # stages run in another process round their sums differently in the seventh digit; a depth class may tip over
    again, before = (numbers_of(summary_of(folder)) for folder in (out, finished))
    assert again.keys() == before.keys()
    for name, value in before.items():
        assert again[name] == (pytest.approx(value, rel=1e-3) if isinstance(value, float) else value), name
    assert not (out / ".unfinished").exists()
    assert (out / "report.html").stat().st_mtime >= start
