"""Mutated files of a run folder: whoever opens the run refuses each; each reader alone reads it or refuses it.

The short fuzzer runs with the suite. The long one is `STRANDLINE_FUZZ=5000 pytest -m fuzz`.
"""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from hashlib import sha256
from math import ceil
from pathlib import Path

import pytest
import torch

import tests.fixtures.reports as coast
from strandline.distillation.waterlines.flood_archive import FloodArchive
from strandline.errors import InputError
from strandline.models.student import Student
from strandline.pipeline.deployment import DEPLOYMENT_FILE, load_deployment, save_deployment
from strandline.pipeline.run_folder.generations import MANIFEST, open_run, write_manifest
from strandline.pipeline.run_folder.value_files import decode, encode
from strandline.planning.early_action.protocol_file import lint
from strandline.planning.plan_schema import check_plan
from strandline.report.alerts.cap import as_cap
from strandline.report.alerts.issued import read_issued
from strandline.report.catalogues.place_names import PLACE_NAMES_FILE
from strandline.report.products import write_products
from strandline.uncertainty.forecaster import Forecaster, load_forecaster, save_forecaster
from strandline.watch.assimilation.fit_file import FIT_FILE, load_fit, save_fit
from strandline.web.run_folder import RunFolder
from tests.fixtures.flood_warnings import ISSUER, a_warning
from tests.fixtures.fuzzing import INPUTS, Outcomes, mutated
from tests.fixtures.watches import a_deployment, a_sea_level_fit
from tests.fixtures.weights import seal_weights

SHORT, SHARE = 8, 0.3
SHAPE = (16, 24)
STAGE, ISSUED = "observe.stage", "alerts/issued/one.xml"


def of_forecaster(folder: Path) -> object:
    """As if the card had been written for the files that are there."""
    with suppress(OSError, ValueError, TypeError, RecursionError):  # the card itself is damaged
        seal_weights(folder)
    return load_forecaster(folder)


def of_lint(folder: Path) -> object:
    return [*lint(folder / "plan.json"), *check_plan(folder / "plan.json")]


READERS: dict[str, Callable[[Path], object]] = {
    DEPLOYMENT_FILE: load_deployment,
    "student.safetensors": of_forecaster,
    "archive.safetensors": of_forecaster,
    "student.json": of_forecaster,
    "summary.json": lambda folder: RunFolder("run", folder).record(),
    "plan.json": lambda folder: [RunFolder("run", folder).actions(), RunFolder("run", folder).action_levels()],
    "surge.csv": lambda folder: RunFolder("run", folder).surge(),
    "assets.geojson": lambda folder: RunFolder("run", folder).features("assets.geojson"),
    PLACE_NAMES_FILE: lambda folder: RunFolder("run", folder).features(PLACE_NAMES_FILE),
    "flood_probability.tif": lambda folder: RunFolder("run", folder).bands("flood_probability.tif"),
    "protocol.toml": lambda folder: lint(folder / "protocol.toml"),
    FIT_FILE: load_fit,
    STAGE: lambda folder: decode((folder / STAGE).read_bytes()),
    ISSUED: lambda folder: read_issued(folder / "alerts", ISSUER),
    MANIFEST: open_run,
}
"""File of a run folder → its reader."""
NOT_PRODUCTS = {FIT_FILE, STAGE, ISSUED, MANIFEST}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    write_products(out, replace(coast.results(), place_names=coast.PLACES))
    save_deployment(out, a_deployment())
    level, ground = torch.tensor([1.0, 1.5]), torch.rand(SHAPE)
    archive = FloodArchive(torch.rand(2, 5, *SHAPE).softmax(1), level, 0 * level, ground, ground > 0.3)
    save_forecaster(out, Forecaster((Student(site_shape=SHAPE),), 1.3, 0.4, 0.45, archive), {})
    write_manifest(out, {"started": "by a test"})
    save_fit(out, a_sea_level_fit(sha256((out / DEPLOYMENT_FILE).read_bytes()).hexdigest()))
    (out / STAGE).write_bytes(encode((1.5, coast.observations("simulated"))))
    (out / ISSUED).parent.mkdir(parents=True)
    (out / ISSUED).write_bytes(as_cap(a_warning(), ISSUER))
    return out


@pytest.mark.parametrize("file", READERS)
def test_every_sound_file_is_read(file: str, folder: Path) -> None:
    card = (folder / "student.json").read_bytes()
    READERS[file](folder)
    (folder / "student.json").write_bytes(card)
    open_run(folder)


def fuzz(file: str, folder: Path, count: int, first: int) -> Outcomes:
    path, outcomes = folder / file, Outcomes()
    sound, card = path.read_bytes(), (folder / "student.json").read_bytes()
    try:
        for seed in range(first, first + count):
            content = mutated(sound, random.Random(f"{file} {seed}"))
            path.write_bytes(content)
            if file not in NOT_PRODUCTS and content != sound:
                with pytest.raises(InputError, match="is not what the run of this folder wrote"):
                    open_run(folder)
            outcomes.of(file, seed, partial(READERS[file], folder))
            (folder / "student.json").write_bytes(card)
    finally:
        path.write_bytes(sound)
        (folder / "student.json").write_bytes(card)
    return outcomes


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("file", READERS)
def test_a_mutated_file_is_refused_by_the_run_and_read_or_refused_by_its_reader(file: str, folder: Path) -> None:
    fuzz(file, folder, SHORT, 0).report(file)


@pytest.mark.fuzz
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("file", READERS)
def test_many_mutated_files_are_refused_or_read(file: str, folder: Path) -> None:
    if not INPUTS:
        pytest.skip("set STRANDLINE_FUZZ to the number of inputs")
    fuzz(file, folder, ceil(INPUTS * SHARE / len(READERS)), 1000).report(f"run folder, {file}")


def test_the_list_of_products_names_every_file_of_the_run(folder: Path) -> None:
    listed = json.loads((folder / MANIFEST).read_text())["sha256"]
    assert {DEPLOYMENT_FILE, "student.safetensors", "archive.safetensors", "plan.json", "summary.json"} <= set(listed)
