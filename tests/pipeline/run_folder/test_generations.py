"""Products change all at once: a kill leaves the former or the new ones; mixed, changed and linked ones are refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strandline.cli.main import app
from strandline.errors import InputError
from strandline.pipeline import jobs
from strandline.pipeline.maps.large_regions.map_region import MapConfig
from strandline.pipeline.run_folder.checkpoints import Checkpoints, job_key
from strandline.pipeline.run_folder.generations import (
    COMPLETE,
    MANIFEST,
    added_products,
    new_generation,
    open_run,
)
from strandline.pipeline.run_folder.lock import one_run_at_a_time
from strandline.watch.run import prepare
from tests.fixtures.region_files import write_region_folder

FIRST = {"plan.md": "a plan", "summary.json": "{}", "protocol.toml": "an early action", "alerts/one.xml": "<alert/>"}
SECOND = {"plan.md": "another plan", "summary.json": "[]", "alerts/two.xml": "<alert>2</alert>"}


def publish(out: Path, products: dict[str, str]) -> None:
    with one_run_at_a_time(out), new_generation(out, {"started": "now"}) as new:
        for name, text in products.items():
            (new / name).parent.mkdir(exist_ok=True)
            (new / name).write_text(text)


def products_of(out: Path) -> dict[str, str]:
    paths = [path for path in out.rglob("*") if path.is_file() and path.name != MANIFEST]
    return {path.relative_to(out).as_posix(): path.read_text() for path in paths}


def test_a_rerun_replaces_every_product_and_leaves_none_of_the_former_run(tmp_path: Path) -> None:
    publish(tmp_path, FIRST)
    assert products_of(tmp_path) == FIRST
    (tmp_path / "watch.db").write_text("of the watch")
    publish(tmp_path, SECOND)
    assert products_of(tmp_path) == {**SECOND, "watch.db": "of the watch"}
    open_run(tmp_path)


def test_a_run_that_fails_leaves_the_former_products(tmp_path: Path) -> None:
    publish(tmp_path, FIRST)
    with pytest.raises(TypeError):
        publish(tmp_path, {"plan.md": "half of a plan", "summary.json": None})  # type: ignore[dict-item]
    assert products_of(tmp_path) == FIRST
    open_run(tmp_path)


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_after(most: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every system call that moves or removes a file may be the last."""
    calls = 0

    def killing(function: object) -> object:
        def call(*arguments: object, **options: object) -> object:
            nonlocal calls
            calls += 1
            if calls > most:
                raise Killed
            return function(*arguments, **options)  # type: ignore[operator]

        return call

    with monkeypatch.context() as patched, suppress(Killed):
        patched.setattr(os, "replace", killing(os.replace))
        patched.setattr(Path, "rename", killing(Path.rename))
        patched.setattr(Path, "unlink", killing(Path.unlink))
        patched.setattr(shutil, "rmtree", killing(shutil.rmtree))
        yield


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(steps=st.integers(0, 25), again=st.integers(0, 25))
def test_a_kill_at_any_step_of_a_rerun_leaves_one_whole_run(
    steps: int, again: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while it publishes, and once more while the next reader finishes it; every system call may be the last."""
    shutil.rmtree(tmp_path)
    publish(tmp_path, FIRST)
    for most, act in ((steps, lambda: publish(tmp_path, SECOND)), (again, lambda: open_run(tmp_path))):
        with killed_after(most, monkeypatch):
            act()
    open_run(tmp_path)
    there = {name: text for name, text in products_of(tmp_path).items() if not name.startswith(".new-")}
    assert there in (FIRST, SECOND)
    publish(tmp_path, SECOND)
    assert products_of(tmp_path) == SECOND


def add(out: Path, products: dict[str, str]) -> None:
    with one_run_at_a_time(out), added_products(out, "gis") as new:
        for name, text in products.items():
            (new / name).write_text(text)


def test_added_products_join_the_run_and_replace_former_ones_of_their_folder(tmp_path: Path) -> None:
    publish(tmp_path, FIRST)
    add(tmp_path, {"map.tif": "a map", "map.qml": "a style"})
    assert products_of(tmp_path) == {**FIRST, "gis/map.tif": "a map", "gis/map.qml": "a style"}
    add(tmp_path, {"map.tif": "another map"})
    assert products_of(tmp_path) == {**FIRST, "gis/map.tif": "another map"}
    open_run(tmp_path)
    publish(tmp_path, SECOND)
    assert products_of(tmp_path) == SECOND


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(steps=st.integers(0, 15), again=st.integers(0, 15))
def test_a_kill_while_products_are_added_leaves_the_former_or_the_new_ones(
    steps: int, again: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(tmp_path)
    publish(tmp_path, FIRST)
    add(tmp_path, {"map.tif": "a map", "map.qml": "a style"})
    new = {"map.tif": "another map", "chart.nc": "a chart"}
    for most, act in ((steps, lambda: add(tmp_path, new)), (again, lambda: open_run(tmp_path))):
        with killed_after(most, monkeypatch):
            act()
    open_run(tmp_path)
    there = {name: text for name, text in products_of(tmp_path).items() if not name.startswith(".new-")}
    assert there in (
        {**FIRST, "gis/map.tif": "a map", "gis/map.qml": "a style"},
        {**FIRST, **{f"gis/{name}": text for name, text in new.items()}},
    )


@pytest.mark.parametrize("folder", ["missing", "unfinished"])
def test_nothing_is_added_to_what_is_no_finished_run(tmp_path: Path, folder: str) -> None:
    if folder == "unfinished":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "summary.json").write_text("{}")
    with pytest.raises(InputError, match="holds no finished run"):
        add(tmp_path / folder, {})


def test_sigkill_in_a_rerun_leaves_the_former_run(tmp_path: Path) -> None:
    publish(tmp_path, FIRST)
    program = (
        "import os, signal, sys; from pathlib import Path; from strandline.pipeline.run_folder.generations import *\n"
        "out = Path(sys.argv[1])\n"
        "with one_run_at_a_time(out), new_generation(out, {}) as new:\n"
        "    (new / 'plan.md').write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    open_run(tmp_path)
    assert {name: text for name, text in products_of(tmp_path).items() if "/" not in name or "alerts" in name} == FIRST


@pytest.mark.parametrize("name", ["plan.md", "summary.json", "protocol.toml"])
def test_a_product_of_another_run_a_changed_and_a_missing_one_are_refused(name: str, tmp_path: Path) -> None:
    publish(tmp_path / "one", FIRST)
    publish(tmp_path / "other", {each: f"{text} of another run" for each, text in FIRST.items()})
    shutil.copy(tmp_path / "other" / name, tmp_path / "one" / name)
    with pytest.raises(InputError, match=f"{name}: is not what the run of this folder wrote"):
        open_run(tmp_path / "one")
    (tmp_path / "one" / name).unlink()
    with pytest.raises(InputError, match=f"{name}: is missing, though the run wrote it"):
        open_run(tmp_path / "one")
    (tmp_path / "one" / name).symlink_to(tmp_path / "other" / name)
    with pytest.raises(InputError, match=f"{name}: is a link"):
        open_run(tmp_path / "one")


def open_to_watch(run: Path, _: Path) -> object:
    return prepare(None, None, run, None, "2022-01-01/2022-01-02", None, lambda name: None, once=False)


def open_to_map(run: Path, region: Path) -> object:
    config = MapConfig(1, (), 0.0, 1)
    return jobs.map_region(region, None, run, str(run / "map"), config, lambda _: None, resume=False, scheduler=None)


def open_to_export(run: Path, _: Path) -> object:
    return app(["export", "--run", str(run), "--out", str(run / "programs"), "--torch-only"], standalone_mode=False)


@pytest.mark.parametrize("opened", [open_to_watch, open_to_map, open_to_export])
def test_whoever_opens_a_run_refuses_the_files_of_two(opened: Callable[[Path, Path], object], tmp_path: Path) -> None:
    publish(tmp_path / "run", FIRST)
    (tmp_path / "run" / "plan.md").write_text("the plan of another run")
    with pytest.raises(InputError, match=r"plan\.md: is not what the run of this folder wrote"):
        opened(tmp_path / "run", write_region_folder(tmp_path / "place"))


def test_drafts_of_warnings_are_a_persons_to_move_and_change(tmp_path: Path) -> None:
    publish(tmp_path, FIRST)
    (tmp_path / "alerts" / "one.xml").write_text("<alert>released</alert>")
    open_run(tmp_path)
    publish(tmp_path, SECOND)
    assert (tmp_path / "alerts" / "one.xml").read_text() == "<alert>released</alert>", "what a person changed is kept"
    (tmp_path / "alerts" / "two.xml").rename(tmp_path / "alerts" / "issued.xml")
    open_run(tmp_path)


@pytest.mark.parametrize("folder", ["alerts", COMPLETE, MANIFEST])
def test_a_folder_that_links_elsewhere_is_refused_and_nothing_there_is_touched(folder: str, tmp_path: Path) -> None:
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    out.mkdir()
    (elsewhere / "one.xml").write_text("mine")
    (out / folder).symlink_to(elsewhere)
    with pytest.raises(InputError, match="is a link; a run folder holds none"):
        publish(out, FIRST)
    assert products_of(elsewhere) == {"one.xml": "mine"}


def test_linked_stages_are_refused_and_their_target_stays(tmp_path: Path) -> None:
    """On a49c0fa `run --out` deleted every file of the target."""
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    out.mkdir()
    for name in ("thesis.tex", "observe.stage"):
        (elsewhere / name).write_text("mine")
    (out / ".unfinished").symlink_to(elsewhere)
    for resume in (False, True):
        with pytest.raises(InputError, match=r"\.unfinished: is a link"):
            Checkpoints(out / ".unfinished", "job", resume)
    (out / ".unfinished").unlink()
    (out / ".unfinished").mkdir()
    (out / ".unfinished" / job_key("job")).symlink_to(elsewhere)
    with pytest.raises(InputError, match="is a link"):
        Checkpoints(out / ".unfinished", "job", resume=False)
    assert products_of(elsewhere) == {"thesis.tex": "mine", "observe.stage": "mine"}


def test_files_of_others_beside_the_stages_stay(tmp_path: Path) -> None:
    stages = Checkpoints(tmp_path / ".unfinished", "job", resume=False)
    stages.stage("observe", lambda: 1)
    (stages.folder / "notes.txt").write_text("mine")
    (tmp_path / ".unfinished" / "readme").write_text("mine")
    Checkpoints(tmp_path / ".unfinished", "job", resume=False).clear()
    assert products_of(tmp_path / ".unfinished") == {f"{job_key('job')}/notes.txt": "mine", "readme": "mine"}


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": "strandline products 1"}', "x" * 10, '{"format": 1}'])
def test_a_damaged_list_of_products_is_refused(damage: str, tmp_path: Path) -> None:
    publish(tmp_path, FIRST)
    (tmp_path / MANIFEST).write_text(damage)
    with pytest.raises(InputError, match=r"products\.json: is damaged"):
        open_run(tmp_path)


@pytest.mark.parametrize("name", ["../thesis.tex", "/etc/passwd", "alerts/../../x", ".hidden", "a/b", ""])
def test_a_list_that_names_files_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    publish(tmp_path / "out", FIRST)
    (tmp_path / "thesis.tex").write_text("mine")
    content = json.loads((tmp_path / "out" / MANIFEST).read_text())
    content["sha256"][name] = "0" * 64
    (tmp_path / "out" / MANIFEST).write_text(json.dumps(content))
    with pytest.raises(InputError, match="is damaged"):
        open_run(tmp_path / "out")
    with pytest.raises(InputError, match="is damaged"):
        publish(tmp_path / "out", SECOND)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_a_run_of_a_version_without_a_list_leaves_no_product_behind(tmp_path: Path) -> None:
    (tmp_path / "alerts" / "issued").mkdir(parents=True)
    for name in ("plan.md", "protocol.toml", "alerts/old.xml", "alerts/issued/first.xml", "notes.txt"):
        (tmp_path / name).write_text("of an older version")
    publish(tmp_path, SECOND)
    kept = dict.fromkeys(("alerts/issued/first.xml", "notes.txt"), "of an older version")
    assert products_of(tmp_path) == {**SECOND, **kept}


def test_a_folder_without_a_finished_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no finished run of this version"):
        open_run(tmp_path)
