"""The benchmark of tides between stations, on stations whose tide is known."""

import numpy as np
import pytest

from benchmarks.tides.run import cases_of
from benchmarks.tides.summary import scores, summarise
from strandline.observations.sea_level.harmonic_tide import TidalConstants


def test_a_tide_that_grows_along_a_coast_is_better_taken_from_both_sides() -> None:
    longitude = 10.0 + 0.3 * np.arange(9)
    stations = [
        TidalConstants(str(x), 45.0, "made up", {"M2": 1.0 + 0.2 * n}, {"M2": 5.0 * n}) for n, x in enumerate(longitude)
    ]
    rows = scores(list(cases_of(stations, np.stack([longitude, np.full(9, 45.0)], axis=1))))
    near = {row["rule"]: row for row in rows if row["distance_km"] == "20-50"}
    assert near["around"]["mean_rms_m"] == pytest.approx(0.2 * near["nearest"]["mean_rms_m"], rel=0.6)  # type: ignore[operator]
    assert summarise(rows)["20-50 km mean_rms_m ratio"] < 0.5  # type: ignore[operator]
