"""The benchmark of the checks of datums."""

from benchmarks.datums.run import simulated
from benchmarks.datums.summary import summarise


def test_a_row_counts_each_coast_once_and_the_summary_states_what_is_found() -> None:
    rows = [
        {"part": "simulated", "case": "2 coasts", "shifted": "terrain", "shift_m": shift, "n": 2, "silent": 2 - bad,
         "warned": 0, "refused": bad}
        for shift, bad in ((0.0, 0), (1.5, 2))
    ]  # fmt: skip
    summary = summarise(rows)
    assert summary["simulated: doubted as it is"] == "0 of 2"
    assert summary["simulated: refused at +1.5 m"] == "2 of 2"


def test_a_simulated_coast_on_its_own_datum_is_not_refused_and_far_off_it_is_found() -> None:
    rows = {row["shift_m"]: row for row in simulated([1])}
    assert rows[0.0]["refused"] == 0
    assert rows[1.5]["silent"] == rows[-1.5]["silent"] == 0
    assert all(row["silent"] + row["warned"] + row["refused"] == row["n"] == 1 for row in rows.values())
