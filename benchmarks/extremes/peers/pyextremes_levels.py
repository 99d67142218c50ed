"""``python pyextremes_levels.py MAXIMA.npz OUT.json``: block maxima with pyextremes, its own choice of distribution.

MAXIMA.npz holds ``maxima`` (records, years) [m] and ``period`` [years]. OUT.json holds, for each record, the level and
its 90 % bootstrap interval. Needs ``pip install pyextremes`` (MIT licence, 2.6 of 2026).
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from pyextremes import EVA

BLOCK = "365.2425D"
SAMPLES = 50


def main(source: str, out: str) -> None:
    data = np.load(source)
    levels = []
    for number, maxima in enumerate(data["maxima"]):
        np.random.seed(number)  # noqa: NPY002  (its bootstrap draws from there)
        when = pd.to_datetime("2000-07-01") + pd.to_timedelta(np.arange(maxima.size) * 365.2425, unit="D")
        model = EVA.from_extremes(pd.Series(maxima, when), method="BM", extremes_type="high", block_size=BLOCK)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit_model()
            found = model.get_return_value(
                float(data["period"]), return_period_size=BLOCK, alpha=0.90, n_samples=SAMPLES
            )
        levels.append([float(value) for value in found])
    Path(out).write_text(json.dumps(levels))


if __name__ == "__main__":
    main(*sys.argv[1:])
