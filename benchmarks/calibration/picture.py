"""Reliability diagrams: observed share of floods by forecast probability."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

SHOWN = {"plain": "#8c8c8c", "ensemble": "#4477aa", "distilled_ensemble": "#228833", "shipped": "#cc3311"}
FEWEST = 200
"""Fewest cells of a bin that is drawn."""


def draw_reliability(sums: Mapping[tuple[str, str], npt.NDArray[np.float64]], path: Path) -> None:
    """Draw one panel per condition, one line per method.

    Args:
        sums: (condition, method) → (3, bins) cells, sum of probabilities, sum of floods.
    """
    conditions = list(dict.fromkeys(condition for condition, _ in sums))
    with matplotlib.rc_context({"font.size": 9}):
        figure = Figure(figsize=(3.1 * len(conditions), 3.4), layout="constrained")
        for panel, condition in enumerate(conditions):
            axes = figure.add_subplot(1, len(conditions), panel + 1)
            axes.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=0.8)
            for method, colour in SHOWN.items():
                cells, forecast, observed = sums[condition, method]
                kept = cells >= FEWEST
                x, y, label = forecast[kept] / cells[kept], observed[kept] / cells[kept], method.replace("_", " ")
                axes.plot(x, y, "o-", color=colour, markersize=3, label=label)
            axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=condition, xlabel="forecast probability")
            if panel == 0:
                axes.set_ylabel("share of flooded cells")
                axes.legend(frameon=False, fontsize=8)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)
