"""The files of a finished run state the same, or the run is not shown."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.fixtures.reports as coast
from strandline.errors import InputError
from strandline.pipeline.run_folder.generations import write_manifest
from strandline.planning.plan_schema import plan_to_json
from strandline.report.consistency.files import SAME, contradictions_between
from strandline.report.products import summarise
from strandline.web.run_folder import open_runs
from tests.fixtures.web import make_run

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([p[0] for p, _ in SAME]), inner),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def files() -> tuple[dict[str, Any], dict[str, Any]]:
    results = coast.results("simulated")
    return json.loads(json.dumps(summarise(results))), json.loads(json.dumps(plan_to_json(results.plan)))


def test_the_files_of_one_run_agree(files: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert list(contradictions_between(*files)) == []


@pytest.mark.parametrize("path", [path for path, _ in SAME])
def test_each_value_that_both_hold_is_compared(
    files: tuple[dict[str, Any], dict[str, Any]], path: tuple[str, ...]
) -> None:
    summary, plan = copy.deepcopy(files)
    *outer, last = path
    inner = summary
    for name in outer:
        inner = inner[name]
    inner[last] = "another" if isinstance(inner[last], str) else inner[last] * 1.2 + 1
    (found,) = contradictions_between(summary, plan)
    assert found.startswith(".".join(path))


def test_actions_are_counted_and_levels_ascend(files: tuple[dict[str, Any], dict[str, Any]]) -> None:
    summary, plan = copy.deepcopy(files)
    plan["actions"].pop()
    summary["return_levels"].reverse()
    found = list(contradictions_between(summary, plan))
    assert found[0] == "summary.json counts 3 actions, plan.json has 2."
    assert all("rarer sea level" in sentence for sentence in found[1:])
    assert len(found) == len(summary["return_levels"])


@given(JSON_VALUES, JSON_VALUES)
def test_no_content_of_the_files_breaks_the_comparison(summary: object, plan: object) -> None:
    assert all(isinstance(sentence, str) for sentence in contradictions_between(summary, plan))


def test_a_run_whose_files_contradict_one_another_is_not_served(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    assert list(open_runs([run.path])) == ["run"]
    path = run.path / "plan.json"
    path.write_text(path.read_text().replace('"n_triggers": 1', '"n_triggers": 2'))
    write_manifest(run.path, {"started": "by a test"})
    with pytest.raises(InputError, match=r"n_triggers is 1 in summary\.json, n_triggers is 2 in plan\.json"):
        open_runs([run.path])
