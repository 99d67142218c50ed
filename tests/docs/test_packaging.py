"""What is offered beside the source tree names commands, options, targets and requirements that exist."""

import platform
import re
import tomllib
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from typer.main import get_command

from strandline.cli.main import app

ROOT = Path(__file__).parents[2]
BY_NAME = {"h5netcdf"}
"""Dependencies that another one loads by their name."""
PACKAGING = ROOT / "packaging"
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_conda_recipe_asks_for_what_the_project_asks_for(project: dict[str, Any]) -> None:
    recipe = yaml.safe_load((PACKAGING / "conda" / "recipe.yaml").read_text(encoding="utf-8"))
    assert recipe["context"]["version"] == project["version"]
    own = {f"python {project['requires-python']}"}
    for line in project["dependencies"]:
        asked = Requirement(line)
        bounds = sorted(str(asked.specifier).split(","), reverse=True)
        own.add(f"{CONDA_NAMES.get(asked.name, asked.name)} {','.join(bounds)}")
    assert set(recipe["requirements"]["run"]) == own


def test_commands_of_the_images_exist_with_their_options() -> None:
    services = yaml.safe_load((PACKAGING / "compose.yml").read_text(encoding="utf-8"))["services"]
    dockerfile = (PACKAGING / "Dockerfile").read_text(encoding="utf-8")
    (default,) = re.findall(r"^CMD (\[.*\])$", dockerfile, re.M)
    for words in (yaml.safe_load(default), services["watch"]["command"].split(), services["serve"]["command"].split()):
        command = get_command(app).commands[words[0]]  # type: ignore[attr-defined]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known


@pytest.fixture(scope="module")
def costs() -> ModuleType:
    """The script that writes the page of dependencies."""
    spec = spec_from_file_location("dependencies", PACKAGING / "dependencies.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_page_of_dependencies_has_a_row_and_the_rooms_of_each(costs: ModuleType) -> None:
    page = (ROOT / "docs" / "reference" / "dependencies.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^- `([\w-]+)`: (.+)$", page, re.MULTILINE))
    asked = {one.name: ", ".join(costs.rooms(one)) or "none" for one in costs.direct()}
    assert told == asked, "write it again with `python packaging/dependencies.py`"
    assert {row.split(" |")[0] for row in page.split("| --- ")[-1].split("\n| ")[1:]} == set(asked)
    assert {name for name, rooms in asked.items() if rooms == "none"} == BY_NAME, "nobody imports it"


@pytest.mark.slow
def test_the_page_of_dependencies_counts_the_distributions_of_the_default_install(costs: ModuleType) -> None:
    page = (ROOT / "docs" / "reference" / "dependencies.md").read_text(encoding="utf-8")
    if f"torch {version('torch')}." not in page or f"Python {platform.python_version()} on" not in page:
        pytest.skip("another torch or Python brings other distributions")
    assert f"**In all {len(costs.closure(costs.direct()))} distributions" in page
    for name, count in re.findall(r"^\| ([\w-]+) \|.* MB, (\d+) \|", page, re.MULTILINE):
        (asked,) = (one for one in costs.direct() if one.name == name)
        assert len(costs.leaving(asked)) == int(count), name


def test_extras_of_the_image_exist(project: dict[str, Any]) -> None:
    (extras,) = re.findall(r"'\.\[(.*)\]'", (PACKAGING / "Dockerfile").read_text(encoding="utf-8"))
    assert set(extras.split(",")) <= set(project["optional-dependencies"])


@pytest.mark.parametrize("workflow", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.stem)
def test_workflows_call_what_exists(workflow: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    for step in (step for job in jobs.values() for step in job["steps"] if "run" in step):
        program, *words = step["run"].split()
        if program == "make":
            assert set(words) <= targets
        elif program.startswith("."):
            assert (ROOT / program).exists()
