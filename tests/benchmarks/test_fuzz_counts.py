"""The table of the long fuzzer."""

import json
from pathlib import Path

from benchmarks.fuzz.__main__ import TESTS, row_of
from benchmarks.fuzz.summary import summarise


def test_the_sums_hold_every_input_once_and_every_fault() -> None:
    lines = [
        {"fuzzer": "levels.csv", "read": 3, "refused": 5, "faults": []},
        {"fuzzer": "dem.tif", "refused": 6, "tracebacks": 1, "hangs": 1, "faults": ["dem.tif, seed 1001: KeyError"]},
    ]
    rows = [row_of(json.dumps(line)) for line in lines]
    assert [row["inputs"] for row in rows] == [8, 7]
    assert summarise(rows) == {"inputs": 15, "read": 3, "refused": 11, "tracebacks": 1, "hangs": 1, "nonsense": 0}


def test_the_fuzzers_are_where_the_benchmark_looks() -> None:
    assert all("pytest.mark.fuzz" in (Path(__file__).parents[2] / path).read_text() for path in TESTS)
