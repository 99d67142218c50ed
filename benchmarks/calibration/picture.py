"""Reliability diagrams: how often it flooded where a probability was said."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

SHOWN = {"plain": "#8c8c8c", "ensemble": "#4477aa", "distilled_ensemble": "#228833", "shipped": "#cc3311"}
FEWEST = 200
"""Cells from which on a bin is drawn."""


def draw_reliability(sums: Mapping[tuple[str, str], npt.NDArray[np.float64]], path: Path) -> None:
    """One panel a condition, one line a method.

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
                cells, promised, observed = sums[condition, method]
                kept = cells >= FEWEST
                style = {"color": colour, "markersize": 3, "label": method.replace("_", " ")}
                axes.plot(promised[kept] / cells[kept], observed[kept] / cells[kept], "o-", **style)
            axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=condition, xlabel="probability said")
            if panel == 0:
                axes.set_ylabel("share of cells that flooded")
                axes.legend(frameon=False, fontsize=8)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)
