"""A picture of a flat: its heights, the levels, and later scenes predicted beside those seen."""

from pathlib import Path

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from benchmarks.tidal_flats.levels import Table, levels_by_fit, levels_by_table
from benchmarks.tidal_flats.methods import METHODS, heights_of
from benchmarks.tidal_flats.scenes import Flat
from strandline.observations.sea_level.scenes.local_tide import LocalTide

SHOWN = 6
"""Later scenes, evenly spaced among those that are mostly clear."""
WET, DRY, UNKNOWN = "#2b6ca3", "#e6d8b5", "#ffffff"
BLACK, VERMILION = "#222222", "#d55e00"


def draw(earlier: Flat, later: Flat, table: Table, tide: LocalTide, cut: float, out: Path) -> None:
    """Draw and save.

    Args:
        cut: probability above which a cell is drawn wet.
    """
    levels = levels_by_fit(tide, later.water.time)
    published = levels_by_table(table, earlier.water.time, later.water.time)
    predicted = METHODS["waterlines"].score(earlier, levels) > cut
    figure = Figure(figsize=(12, 8.2), layout="constrained")
    top, bottom = np.asarray(figure.subfigures(2, 1, height_ratios=(1, 1.25))).ravel()
    left, right = top.subplots(1, 2, width_ratios=(1, 2.4))
    height = heights_of("waterlines", earlier, levels)
    assert height is not None
    changing = earlier.water.changes
    image = left.imshow(
        np.where(changing, height, np.nan).reshape(earlier.shape), cmap="cividis", interpolation="nearest"
    )
    top.colorbar(image, ax=left, label="m above mean sea level")
    left.set_title("Ground between the tides")
    left.set_axis_off()
    wet = later.water.wet[:, changing]
    clear = np.isfinite(wet).mean(axis=1) > 0.5
    share = np.where(clear, np.nansum(wet, axis=1) / np.maximum(np.isfinite(wet).sum(axis=1), 1), np.nan)
    right.fill_between(
        later.water.time, levels.later - levels.later_sd, levels.later + levels.later_sd, color=WET, alpha=0.2
    )
    right.plot(later.water.time, levels.later, color=WET, marker=".", label="tide fitted to earlier scenes, ± 1 sd")
    right.plot(later.water.time, published.later, color=VERMILION, linestyle="--", linewidth=1, label="table")
    right.axhline(float(np.median(height[changing])), color=BLACK, linewidth=0.8, label="half of the flat is wet")
    points = right.scatter(later.water.time, np.full(share.shape, right.get_ylim()[0]), c=share, cmap="BrBG", s=40,
                           edgecolors=BLACK, linewidths=0.4, vmin=0, vmax=1, label="share seen wet")  # fmt: skip
    top.colorbar(points, ax=right, label="share seen wet [-]")
    right.set_ylabel("m above mean sea level")
    right.set_title("The sea at later scenes: none of their pixels was used")
    right.tick_params(axis="x", labelsize=8)
    right.set_ylim(None, right.get_ylim()[1] + 0.6)
    right.legend(fontsize=8, loc="upper left", ncols=2, framealpha=0.9)
    known = np.flatnonzero(later.water.seen.mean(axis=1) > 0.9)
    chosen = known[np.linspace(0, known.size - 1, min(SHOWN, known.size)).astype(int)] if known.size else known
    panels = bottom.subplots(2, max(len(chosen), 1), squeeze=False)
    colours = ListedColormap([UNKNOWN, DRY, WET])
    for column, scene in enumerate(chosen):
        seen = np.where(later.water.seen[scene], 1 + (later.water.wet[scene] > 0.5), 0)
        for row, cells in enumerate((predicted[scene] + 1, seen)):
            panel = panels[row, column]
            panel.imshow(cells.reshape(later.shape), cmap=colours, vmin=0, vmax=2, interpolation="nearest")
            panel.set_xticks([])
            panel.set_yticks([])
        panels[0, column].set_title(f"{str(later.water.time[scene])[:16].replace('T', ' ')}", fontsize=9)
    panels[0, 0].set_ylabel("predicted")
    panels[1, 0].set_ylabel("seen")
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)
