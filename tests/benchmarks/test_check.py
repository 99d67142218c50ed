"""The benchmark of ``strandline check``: each mistake is one, and is made in a copy."""

from pathlib import Path

import pytest

from benchmarks.check.__main__ import REGION
from benchmarks.check.mistakes import Mistake, mistakes
from benchmarks.check.run import check_mistakes
from benchmarks.check.summary import summarise


def test_every_mistake_has_its_own_name_and_the_first_is_none() -> None:
    names = [mistake.name for mistake in mistakes()]
    assert len(set(names)) == len(names)
    assert names[0] == "none"


def test_every_mistake_changes_the_region_file_and_no_data(shared_data: Path, tmp_path: Path) -> None:
    text = REGION.read_text(encoding="utf-8")
    for mistake in list(mistakes())[1:]:
        assert mistake.make(text, shared_data, tmp_path) != text


@pytest.mark.parametrize(
    ("name", "outcome", "words"),
    [
        ("none", "silent", []),
        ("own gauge +1.5 m", "refused", ["too high", "check unit, datum and offset_to_region_datum"]),
        ("terrain +0.5 m", "warned", ["terrain", "correct offset_to_region_datum"]),
        ("own gauge's clock +1 h", "refused", ["1.00 h", "check 'time_zone'"]),
        ("tidal constants in centimetres", "refused", ["convert centimetres or feet first"]),
        ("annual maxima × 10", "refused", ["evd_venice2.csv", "check unit"]),
        ("a reading of the year 99999", "refused", ["DigaSudLido.csv.gz row"]),
        ("a reading of the year 3022", "refused", ["cannot be the time of an observation"]),
    ],
)
def test_a_mistake_in_the_example_is_found_with_its_remedy(
    name: str, outcome: str, words: list[str], shared_data: Path
) -> None:
    chosen: list[Mistake] = [mistake for mistake in mistakes() if mistake.name == name]
    (row,) = check_mistakes(REGION, shared_data, chosen)
    assert row["outcome"] == outcome, row
    assert all(word in str(row["first"]) for word in words), row


def test_the_summary_counts_what_is_found() -> None:
    rows = [
        {"mistake": "none", "outcome": "silent", "findings": 0, "first": ""},
        {"mistake": "a", "outcome": "refused", "findings": 2, "first": "x"},
        {"mistake": "b", "outcome": "warned", "findings": 1, "first": "y"},
    ]
    assert summarise(rows) == {
        "mistakes": 2, "refused": 1, "warned": 1, "silent": 0, "findings about the example as it is": 0,
    }  # fmt: skip
