"""What the command line promises to programs and newcomers: JSON, exit codes, completion, examples, a quick start."""

import importlib.util
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import typer
from rich.console import Console
from rich.progress import TimeRemainingColumn
from rich.text import Text

from strandline import errors
from strandline.cli import console, doctor
from strandline.cli.console import StageDisplay, note, refuse, summary_table, warn
from strandline.cli.main import app, main
from strandline.errors import InputError, RefusedByTheory
from strandline.models.weights.load_weights import SHIPPED
from strandline.observations.readers.formats.reading_process import reading_process
from strandline.planning.early_action.protocol_file import protocol_to_toml
from strandline.watch.decisions import Decision
from strandline.watch.run import hour_to_json
from strandline.watch.store.errors import Busy, Damaged
from tests.fixtures.protocols import GATE
from tests.fixtures.region_files import write_place

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]
DAMAGE = {"mean": 2.64e6, "standard_error": 2.2e5, "p10": 1.0, "p50": 1.3e6, "p90": 8.6e6, "draws": 400,
          "unit": "EUR 2010 per year"}  # fmt: skip
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


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
    assert complete("strandline run --mis") == ["--miss-rate"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example_that_it_accepts(name: str) -> None:
    shown = Text.from_markup(COMMANDS[name].epilog or "").plain
    typed = [line.partition("   ")[0].split(" > ")[0].split(" | ")[0] for line in shown.split("\n\n")]
    assert typed
    for line in typed:
        assert line.startswith(f"strandline {name}")
        COMMANDS[name].make_context(name, shlex.split(line)[2:])


def test_no_help_text_loses_its_brackets(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    _, said, _ = strandline(monkeypatch, capsys, "run", "--help")
    assert "[default: (best overlap)]" in said
    assert "[default: (its own)]" in said


@pytest.mark.parametrize(
    ("stop", "code", "words"),
    [
        (InputError("levels.csv", "is empty", "give the file"), 2, "strandline: levels.csv: is empty"),
        (RefusedByTheory("too few storms"), 2, "too few storms"),
        (Damaged("watch.db", "log entry 3 was changed"), 65, "log entry 3 was changed"),
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
    code, out, _ = strandline(monkeypatch, capsys, "check", write_place(tmp_path, days=150), "--json")
    found = json.loads(out)
    assert code == 0
    assert found["region"] == "Handmade"
    assert found["is_usable"]
    streams = {one["name"]: one for one in found["streams"]}
    assert streams["tide_gauge: Pier"]["spans"] == [["2020-01-01T00:00", "2020-05-29T23:00"]]
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


def test_a_terminal_shows_what_is_left_and_closes_finished_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_stderr", Console(file=io.StringIO(), force_terminal=True))
    with StageDisplay() as announce:
        progress = announce("distil [all] students")
        progress(0.5)
        display = announce._bars._display
        assert display.tasks[0].completed == 0.5
        announce("map")
    assert any(isinstance(column, TimeRemainingColumn) for column in display.columns)
    assert all(task.completed == 1 for task in display.tasks)
    assert "distil [all] students" in console._stderr.file.getvalue()  # type: ignore[attr-defined]


def test_a_pipe_gets_a_line_when_a_stage_starts_now_and_then_and_when_it_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(console, "REPORT_EVERY_S", 0.0)
    with StageDisplay() as announce:
        announce("observe [all]")(0.25)
        announce("distil")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "observe [all] …"
    assert re.fullmatch(r"observe \[all\]: 25% after \d+ s", lines[1])
    assert re.fullmatch(r"observe \[all\]: done in \d+\.\d s", lines[2])
    assert lines[3] == "distil …"
    assert lines[4].startswith("distil: done")


def test_a_failed_stage_is_not_called_done(capsys: Capture) -> None:
    def fail() -> None:
        with StageDisplay() as announce:
            announce("observe")
            raise InputError("gauge", "is empty", "give readings")

    with pytest.raises(InputError):
        fail()
    assert "done" not in capsys.readouterr().err


@pytest.mark.parametrize("print_text", [note, warn, refuse])
def test_brackets_in_messages_are_text(print_text: Callable[[str], None], capsys: Capture) -> None:
    print_text("store: /data/[2022]/watch.db [bold]")
    assert "/data/[2022]/watch.db [bold]" in capsys.readouterr().err


def test_a_run_limits_the_thread_pools_and_keeps_what_the_user_set() -> None:
    program = (
        "import os; from strandline.cli.threads import POOLS, limit_threads; limit_threads(); "
        "print([os.environ[name] for name in POOLS], os.environ['OMP_WAIT_POLICY'])\n"
        "import torch, numba; print(torch.get_num_threads(), numba.get_num_threads())"
    )
    environment = {name: value for name, value in os.environ.items() if "THREADS" not in name}
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={**environment, "OPENBLAS_NUM_THREADS": "2"},
    ).stdout.splitlines()  # fmt: skip
    assert found == ["['1', '2', '1'] PASSIVE", f"1 {os.cpu_count()}"]


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [
        ("export", "onnx", "onnx"),
        ("documents", "weasyprint", "documents"),
        ("serve", "fastapi", "serve"),
        ("watch", "sqlalchemy", "watch"),
        ("verify", "alembic", "watch"),
    ],
)
def test_a_missing_extra_is_named_before_any_work(
    command: str, package: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(errors, "find_spec", lambda name: None if name == package else importlib.util.find_spec(name))
    where = ["--out", tmp_path / "programs"] if command in ("export", "documents") else []
    run = [tmp_path / "none"] if command == "verify" else ["--run", tmp_path / "none"]
    code, _, refusal = strandline(monkeypatch, capsys, command, *run, *where)
    assert code == 2
    assert f"{package} is missing; pip install 'strandline[{extra}]'" in refusal
    assert not list(tmp_path.iterdir())


def test_a_summary_without_known_floods_is_told_as_such() -> None:
    summary = {
        "provenance": "real", "flood": {"student_iou": None}, "surge": {"rmse": 0.1, "coverage_90": 0.9},
        "impact": {"expected_annual_damage": DAMAGE}, "plan": {"n_actions": 1, "n_triggers": 1},
    }  # fmt: skip
    cells = list(summary_table(summary).columns[1].cells)
    assert cells[0] == "undefined: no flood of the held-out storms is known"
    summary["flood"] = {"student_iou": 0.61, "teacher_iou": 0.7, "labels_only_iou": None}
    cells = list(summary_table(summary).columns[1].cells)
    assert "unknown without --evaluate" in cells[0]


def test_the_terminal_states_damage_on_average_with_its_error_and_no_false_digit() -> None:
    summary = {
        "provenance": "real", "flood": {"student_iou": None}, "surge": {"rmse": 0.1, "coverage_90": 0.9},
        "impact": {"expected_annual_damage": DAMAGE}, "plan": {"n_actions": 1, "n_triggers": 1},
    }  # fmt: skip
    cells = list(summary_table(summary).columns[1].cells)
    assert cells[2] == "€2.6 million ± €220,000 on average (8 in 10 chance: nearly €0 to €8.6 million)"


def test_a_sound_machine_is_called_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    code, out, _ = strandline(monkeypatch, capsys, "doctor", "--json", "--out", tmp_path / "runs")
    found = {one["name"]: one for one in json.loads(out)}
    assert code == 0
    needed = ("Python", "packages", "torch", "maps", "reading process", "compiled code", "networks", "disk")
    assert {found[name]["state"] for name in needed} == {"works"}
    assert set(doctor.ADDS) < set(found)
    assert not (tmp_path / "runs").exists()


def test_what_is_broken_is_named_with_a_remedy_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    for name in ("student.json", "scenes.json", "student.safetensors", "teacher.safetensors", "scenes.safetensors"):
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


def test_a_machine_that_starts_no_reading_process_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    reading_process().close()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    found = doctor._try("reading process", doctor._reading_process, "allow it")
    assert (found.state, found.remedy) == ("broken", "allow it")
    assert "does not start" in found.found


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
        "impact": {"expected_annual_damage": DAMAGE},
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
