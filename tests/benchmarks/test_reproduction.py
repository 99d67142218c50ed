"""The page that says how each result is reproduced agrees with the records."""

import re
from pathlib import Path

import pytest

from benchmarks.origin import ROOT, Origin
from benchmarks.record import read_record, sha256
from benchmarks.reproduction import NOT_IN_HISTORY, RESULTS, Described, command_of, date_of, descriptions, page

RECORDS = [result for result in descriptions() if not result.command]
FROM_ELSEWHERE = {"networks", "student", "exemplars", "caorle.toml", "deployment.nc", "demo"}
"""Inputs of records that are no data: networks and files of the package as it was, and products of runs."""


def test_every_result_is_described_once() -> None:
    assert sorted(result.name for result in descriptions()) == sorted(path.stem for path in RESULTS.glob("*.json"))


def test_the_page_is_the_one_that_the_records_give() -> None:
    if date_of(read_record(RESULTS / "forgetting.json").origin.commit) == NOT_IN_HISTORY:
        pytest.skip("the page has dates of commits, and this copy has no history")
    written = (ROOT / "docs" / "reference" / "reproduction.md").read_text(encoding="utf-8")
    assert written == page(), "write it again with `python -m benchmarks.reproduction`"


def test_a_time_that_no_record_has_stands_in_the_page_of_benchmarks() -> None:
    said = re.findall(
        r"\*\*Run time\.\*\* (.+?)(?=\n\n|\Z)", (ROOT / "benchmarks" / "README.md").read_text(), re.DOTALL
    )
    text = "\n".join(" ".join(each.split()) for each in said)
    for result in descriptions():
        assert result.run_time in text, result.name


@pytest.mark.parametrize("result", [one for one in RECORDS if one.data], ids=lambda result: result.name)
def test_the_data_at_hand_is_that_of_the_record(result: Described, shared_data: Path) -> None:
    paths = [shared_data / path for path in result.data]
    paths += [path for folder in paths if folder.is_dir() for path in folder.iterdir()]
    digests = {sha256(path) for path in paths}
    for name, digest in read_record(result.path).data.items():
        assert digest in digests or name in FROM_ELSEWHERE, name


def test_a_command_has_paths_and_writes_the_result() -> None:
    origin = Origin("python -m benchmarks.agent --data DATA --gauges a.csv --run RUN --out OUT", "abc", "machine")
    result = Described("speed", "", data=["gauges/a.csv"], run="runs/demo")
    (line,) = command_of(result, origin)
    assert line == (
        "python -m benchmarks.agent --data $STRANDLINE_DATA --gauges $STRANDLINE_DATA/gauges/a.csv --run runs/demo "
        "--out benchmarks/results/speed.json"
    )


def test_a_commit_that_nobody_has_is_said_to_be_missing() -> None:
    assert date_of("0000000+changes") == NOT_IN_HISTORY


@pytest.mark.parametrize("result", descriptions(), ids=lambda result: result.name)
def test_no_name_without_a_path_is_left_in_a_command(result: Described) -> None:
    words = " ".join(command_of(result, result.origin)).split()
    assert not {"OUT", "WORK", "RUN", "DATA"} & set(words)
