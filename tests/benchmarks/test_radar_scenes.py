"""The benchmark of radar scenes: what it scores."""

from benchmarks.radar_scenes.run import CASES
from benchmarks.radar_scenes.summary import MEASURES, scores, summarise
from benchmarks.record import Row


def test_cases_are_compared_coast_by_coast_with_the_first() -> None:
    overlaps = {name: (0.5 + 0.1 * place, 0.6) for place, name in enumerate(CASES)}
    rows: list[Row] = [
        {"known": name, **dict.fromkeys(MEASURES, 1.0), "iou": iou} for name in CASES for iou in overlaps[name]
    ]
    found = scores(rows)
    assert [row["known"] for row in found] == list(CASES)
    assert [row["as_good"] for row in found] == [2] * len(CASES)
    assert summarise(rows)[f"{CASES[0]} iou"] == 0.55
    rows[-1] = {**rows[-1], "iou": 0.1}
    assert scores(rows)[-1]["as_good"] == 1
