"""What the command line promises to programs and newcomers: JSON, exit codes, completion, examples, a quick start."""

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
import typer
from rich.progress import TimeRemainingColumn
from rich.text import Text

from strandline.cli import doctor
from strandline.cli.console import StageDisplay, summary_table
from strandline.cli.main import app, main
from strandline.errors import InputError, RefusedByTheory
from strandline.models.weights.load_weights import SHIPPED
from strandline.planning.early_action.protocol import protocol_to_toml
from strandline.watch.decisions import Decision
from strandline.watch.run import hour_to_json
from strandline.watch.store.errors import Busy, Tampered
from tests.fixtures.protocols import GATE
from tests.fixtures.region_files import write_region_folder

Capture = pytest.CaptureFixture[str]
COMMANDS: dict[str, typer.main.TyperCommand] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def strandline(monkeypatch: pytest.MonkeyPatch, capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["strandline", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr()
    return int(end.value.code or 0), said.out, said.err


def python(program: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    ).stdout


@pytest.mark.parametrize(
    ("program", "bound_s"),
    [
        ("import strandline", 0.3),
        ("import sys; sys.argv = ['strandline', '--help']\nfrom strandline.cli.main import main\n"
         "try: main()\nexcept SystemExit: pass", 0.5),
    ],
)  # fmt: skip
def test_starting_loads_nothing_heavy_and_takes_little_time(program: str, bound_s: float) -> None:
    heavy = ("torch", "xarray", "numpy", "pandas", "geopandas", "numba", "matplotlib", "sqlalchemy", "pydantic")
    ask = f"import sys, time; print([m for m in {heavy} if m in sys.modules], time.process_time())"
    loaded, seconds = python(f"{program}\n{ask}").splitlines()[-1].rsplit(" ", 1)
    assert loaded == "[]"
    assert float(seconds) < bound_s


def test_completion_knows_the_commands_and_their_options() -> None:
    program = "import sys; sys.argv = ['strandline']\nfrom strandline.cli.main import main\nmain()"

    def complete(words: str) -> list[str]:
        last = str(len(words.split(" ")) - 1)
        asked = {"_STRANDLINE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": last}
        return python(program, **asked).split()

    assert complete("strandline wa") == ["watch"]
    assert complete("strandline run --fal") == ["--false-dry"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example_that_it_accepts(name: str) -> None:
    shown = Text.from_markup(COMMANDS[name].epilog or "").plain
    typed = [line.partition("   ")[0].split(" > ")[0].split(" | ")[0] for line in shown.split("\n\n")]
    assert typed
    for line in typed:
        assert line.startswith(f"strandline {name}")
        COMMANDS[name].make_context(name, line.split()[2:])


def test_no_help_text_loses_its_brackets(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    _, said, _ = strandline(monkeypatch, capsys, "run", "--help")
    assert "[default: (best IoU)]" in said
    assert "[default: (its own)]" in said


@pytest.mark.parametrize(
    ("stop", "code", "words"),
    [
        (InputError("levels.csv", "is empty", "give the file"), 2, "strandline: levels.csv: is empty"),
        (RefusedByTheory("too few storms"), 2, "too few storms"),
        (Tampered("watch.db", "log entry 3 was changed"), 65, "log entry 3 was changed"),
        (Busy("watch.db", "another agent acts on this store"), 75, "another agent acts"),
        (KeyboardInterrupt(), 130, "--resume"),
    ],
)
def test_each_way_to_stop_has_its_exit_code(
    stop: BaseException, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    from strandline.pipeline import jobs

    def stopped(*_: object, **__: object) -> None:
        raise stop

    monkeypatch.setattr(jobs, "simulated", stopped)
    found, out, said = strandline(monkeypatch, capsys, "run")
    assert (found, out) == (code, "")
    assert words in said
    documented = typer.main.get_command(app).epilog or ""
    assert re.search(rf"\b{code}\b", documented)


def test_check_answers_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    code, out, _ = strandline(monkeypatch, capsys, "check", write_region_folder(tmp_path), "--json")
    found = json.loads(out)
    assert code == 0
    assert found["region"] == "Handmade"
    assert found["is_usable"]
    streams = {one["name"]: one for one in found["streams"]}
    assert streams["tide_gauge: Pier"]["spans"] == [["2020-01-01T00:00", "2020-02-29T23:00"]]
    assert streams["sar"]["state"] == "absent"
    assert streams["sar"]["cost_of_absence"]


def test_lint_answers_in_json_and_still_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    path = tmp_path / "gate.toml"
    text = protocol_to_toml(GATE)
    path.write_text(text, encoding="utf-8")
    code, out, _ = strandline(monkeypatch, capsys, "lint", path, "--json")
    assert (code, json.loads(out)) == (0, {"file": str(path), "is_fit_for_use": True, "faults": []})
    kept = [line for line in text.splitlines() if not line.startswith("stop")]
    path.write_text("\n".join(kept), encoding="utf-8")
    code, out, said = strandline(monkeypatch, capsys, "lint", path, "--json")
    (fault,) = json.loads(out)["faults"]
    assert code == 2
    assert fault["where"].endswith("[phases.0.stop]")
    assert "is not fit for use (1 faults)" in said


def test_an_hour_of_the_watch_is_a_line_of_json() -> None:
    hour = datetime(2022, 11, 22, 5)
    decision = Decision(
        hour, "close_floodgates", "start", ("harbour",), 0.4, float("nan"), 100.0, datetime(2022, 11, 22, 9), False,
        False, "the sea rises", ("Pier",), "a fall of 0.2 m",
    )  # fmt: skip
    found = json.loads(json.dumps(hour_to_json(hour, [decision]), allow_nan=False))
    assert found["hour"] == "2022-11-22T05:00:00"
    (row,) = found["decisions"]
    assert (row["at"], row["onset"]) == ("2022-11-22T05:00:00", "2022-11-22T09:00:00")
    assert row["where"] == ["harbour"]
    assert row["expected_avoided_loss"] is None
    assert hour_to_json(hour, None)["decisions"] is None


def test_progress_says_what_is_left_and_closes_what_ended() -> None:
    with StageDisplay() as announce:
        progress = announce("distil")
        progress(0.5)
        assert announce.display.tasks[0].completed == 0.5
        announce("map")
    assert any(isinstance(column, TimeRemainingColumn) for column in announce.display.columns)
    assert all(task.completed == 1 for task in announce.display.tasks)


def test_a_summary_without_known_floods_is_told_as_such() -> None:
    damage = {"p10": 1.0, "p50": 2.0, "p90": 3.0}
    summary = {
        "provenance": "real", "flood": {"student_iou": None}, "surge": {"rmse": 0.1, "coverage_90": 0.9},
        "impact": {"expected_annual_damage": damage}, "plan": {"n_actions": 1, "n_triggers": 1},
    }  # fmt: skip
    cells = list(summary_table(summary).columns[1].cells)
    assert cells[0] == "undefined: no flood of the held-out storms is known"


def test_a_sound_machine_is_called_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    code, out, _ = strandline(monkeypatch, capsys, "doctor", "--json", "--out", tmp_path / "runs")
    found = {one["name"]: one for one in json.loads(out)}
    assert code == 0
    needed = ("Python", "packages", "torch", "maps", "compiled code", "networks", "disk")
    assert {found[name]["state"] for name in needed} == {"works"}
    assert set(doctor.ADDS) < set(found)
    assert not (tmp_path / "runs").exists()


def test_what_is_broken_is_named_with_a_remedy_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    for name in ("student.json", "student.safetensors", "teacher.safetensors"):
        (tmp_path / name).write_bytes((SHIPPED / name).read_bytes())
    (tmp_path / "teacher.safetensors").write_bytes(b"cut")
    monkeypatch.setattr(doctor, "SHIPPED", tmp_path)
    monkeypatch.setattr(doctor, "LEAST_DISK", 1e18)
    wanted = ["numpy>=999", "no-such-package", "no-such-extra; extra == 'quantum'"]
    monkeypatch.setattr(doctor, "requires", lambda _: wanted)
    code, out, said = strandline(monkeypatch, capsys, "doctor", "--json", "--out", tmp_path)
    found = {one["name"]: one for one in json.loads(out)}
    assert code == 2
    assert "packages, networks, disk must work" in said
    assert "no-such-package is missing" in found["packages"]["found"]
    assert "not >=999" in found["packages"]["found"]
    assert "teacher.safetensors is damaged" in found["networks"]["found"]
    assert all(found[name]["remedy"] for name in ("packages", "networks", "disk"))
    assert found["quantum"]["state"] == "absent"
    assert found["quantum"]["remedy"] == "pip install 'strandline[quantum]'"


def test_a_file_is_no_folder_for_runs(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("mine")
    found = doctor._disk(tmp_path / "runs" / "demo")
    assert (found.state, found.remedy) == ("broken", "choose another folder")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_run_answers_with_its_summary_or_the_path_of_its_report(
    as_json: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    from strandline.pipeline import jobs

    summary = {
        "provenance": "simulated", "flood": {"student_iou": None}, "surge": {"rmse": 0.1, "coverage_90": 0.9},
        "impact": {"expected_annual_damage": {"p10": 1.0, "p50": 2.0, "p90": 3.0}},
        "plan": {"n_actions": 1, "n_triggers": 1}, "out_of_distribution": {"warning": "unlike [all] taught coasts"},
    }  # fmt: skip

    class Finished:
        def run(self, out: Path, announce: StageDisplay, resume: bool) -> Path:
            announce("observe")
            (out / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
            return out / "report.html"

    monkeypatch.setattr(jobs, "simulated", lambda *_, **__: Finished())
    code, out, said = strandline(monkeypatch, capsys, "run", "--out", tmp_path, *(["--json"] if as_json else []))
    assert code == 0
    assert "unlike [all] taught coasts" in said
    if as_json:
        assert json.loads(out) == summary
    else:
        assert out == f"report: {tmp_path / 'report.html'}\n"
