"""Two figures: the gain of each kernel, and the concentration of kernels with the number of qubits."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from benchmarks.kernels.methods import ALIGNMENTS, CONTROL
from benchmarks.kernels.summary import difference, scores_of, tests_of
from benchmarks.record import Rows
from strandline.distillation.alignment.quantum_kernels import uniform_angle_moments
from strandline.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MUTED,
    ORANGE,
    RASTER_DPI,
    VERMILION,
    WIDE,
    new_figure,
    style_axes,
    style_rc,
)

NAMES = {
    "cosine": "cosine",
    "linear_cka": "linear CKA",
    "rbf": "RBF",
    "quantum_angle": "quantum, angles",
    "quantum_zz": "quantum, ZZ",
    "quantum_projected": "quantum, projected ZZ",
}
COLOURS = {
    "cosine": INK,
    "linear_cka": GREY,
    "rbf": ORANGE,
    "quantum_angle": BLUE,
    "quantum_zz": VERMILION,
    "quantum_projected": GREEN,
}
TITLES = {
    ("delta", "normal"): "{} simulated coasts,\nnormal storms",
    ("delta", "extreme"): "{} simulated coasts, storms\nabove all in training",
    ("floods", "test"): "real radar chips\nof {} floods",
}
POINTS = {
    "independent": "independent angles,\nbandwidth fixed",
    "features, fixed": "teacher's features,\nbandwidth fixed",
    "features, tuned": "teacher's features,\nbandwidth tuned",
}


def draw_gains(rows: Rows, path: Path) -> None:
    """Draw the differences from the control with 95 % intervals, one panel per test."""
    tests = tests_of(rows)
    with style_rc():
        figure = new_figure(WIDE, 3.4)
        panels = figure.subplots(1, len(tests), sharey=True, squeeze=False)[0]
        for axes, (task, test) in zip(panels, tests, strict=True):
            found = scores_of(rows, task, test)
            names = [name for name in ALIGNMENTS if name in found]
            axes.axvline(0, color=MUTED, linewidth=1.0)
            for row, name in enumerate(names):
                gain = difference(found[name], found[CONTROL])
                axes.plot([gain.low, gain.high], [row, row], color=COLOURS[name], linewidth=2.0)
                axes.plot(gain.mean, row, "o", color=COLOURS[name], markersize=6)
            axes.set_yticks(range(len(names)), [NAMES[name] for name in names])
            axes.set_title(TITLES[task, test].format(len(found[CONTROL])), loc="left")
            axes.set_xlabel("IoU above no alignment [-]")
            axes.margins(x=0.1)
            axes.locator_params(axis="x", nbins=4)
            style_axes(axes, grid="x")
        panels[0].invert_yaxis()
        figure.savefig(path, dpi=RASTER_DPI)


def draw_concentration(rows: Rows, path: Path) -> None:
    """Draw the spread of the off-diagonal entries by number of qubits, one panel per kind of points."""
    measured = [row for row in rows if row["task"] == "concentration"]
    qubits = sorted({int(str(row["qubits"])) for row in measured})
    with style_rc():
        figure = new_figure(WIDE, 3.8)
        panels = figure.subplots(1, len(POINTS), sharey=True)
        for axes, (points, title) in zip(panels, POINTS.items(), strict=True):
            for name in COLOURS:
                spread = [
                    float(str(row["score"])) for row in measured if (row["points"], row["kernel"]) == (points, name)
                ]
                if spread:
                    axes.plot(qubits, spread, color=COLOURS[name], linewidth=1.8, marker="o", markersize=3.5,
                              label=NAMES[name] if axes is panels[0] else None)  # fmt: skip
            axes.set_title(title, loc="left")
            axes.set_xlabel("qubits, or coordinates")
            axes.set_yscale("log")
            axes.set_xticks(range(2, max(qubits) + 1, 2))
            style_axes(axes, grid="y")
        _draw_theory(panels[0], qubits)
        panels[0].set_ylabel("spread of off-diagonals [-]")
        figure.legend(loc="outside lower center", ncols=3, columnspacing=1.4, handlelength=1.6)
        figure.savefig(path, dpi=RASTER_DPI)


def _draw_theory(axes: Axes, qubits: Sequence[int]) -> None:
    expected = [uniform_angle_moments(count)[1] ** 0.5 for count in qubits]
    axes.plot(qubits, expected, color=BLUE, linewidth=1.0, linestyle=(0, (2, 2)), label="angles, closed form")
