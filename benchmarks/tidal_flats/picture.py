"""A picture of a flat: its heights, the levels, and later scenes predicted beside those seen."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from benchmarks.tidal_flats.levels import Levels, Table, levels_by_fit, levels_by_table
from benchmarks.tidal_flats.methods import METHODS, heights_of
from benchmarks.tidal_flats.scenes import Flat
from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.scenes.local_tide import LocalTide

SHOWN = 6
"""Later scenes, evenly spaced among those that are mostly clear."""
WET, DRY, UNKNOWN = "#2b6ca3", "#e6d8b5", "#ffffff"
LEGEND = ((WET, "wet"), (DRY, "dry"), (UNKNOWN, "not seen"))
BLACK, VERMILION = "#222222", "#d55e00"


def draw(earlier: Flat, later: Flat, table: Table, tide: LocalTide, cut: float, out: Path) -> None:
    """Draw and save.

    Args:
        cut: probability above which a cell is drawn wet.
    """
    levels = levels_by_fit(tide, later.water.time)
    figure = Figure(figsize=(12, 8.4), layout="constrained")
    top, bottom = np.asarray(figure.subfigures(2, 1, height_ratios=(1, 1.3))).ravel()
    left, right = top.subplots(1, 2, width_ratios=(1, 2.4))
    height = heights_of("waterlines", earlier, levels)
    assert height is not None
    _draw_ground(left, np.where(earlier.water.changes, height, np.nan).reshape(earlier.shape))
    published = levels_by_table(table, earlier.water.time, later.water.time)
    _draw_sea(right, levels, published, float(np.median(height[earlier.water.changes])), _share_wet(earlier, later))
    _draw_scenes(bottom, later, METHODS["waterlines"].score(earlier, levels) > cut, earlier.water.changes)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)


def _share_wet(earlier: Flat, later: Flat) -> Floats:
    """(L,) share of the changing cells that are wet; NaN where more than half of them are under cloud."""
    wet = later.water.wet[:, earlier.water.changes]
    count = np.isfinite(wet).sum(axis=1)
    return np.where(count > wet.shape[1] / 2, np.nansum(wet, axis=1) / np.maximum(count, 1), np.nan)


def _draw_ground(axes: Axes, height: Floats) -> None:
    low, high = np.nanquantile(height, (0.02, 0.98))
    image = axes.imshow(height, cmap="cividis", interpolation="nearest", vmin=low, vmax=high)
    axes.figure.colorbar(image, ax=axes, label="m above mean sea level", extend="both")
    axes.set_title("Ground between the tides")
    axes.set_axis_off()


def _draw_sea(axes: Axes, levels: Levels, published: Levels, middle: float, share: Floats) -> None:
    time = levels.later_time
    axes.fill_between(time, levels.later - levels.later_sd, levels.later + levels.later_sd, color=WET, alpha=0.2)
    axes.plot(time, levels.later, color=WET, linewidth=0.8, label="tide fitted to earlier scenes, ± 1 sd")
    axes.plot(time, published.later, color=VERMILION, linestyle="--", linewidth=1, label="tide of the far station")
    axes.axhline(middle, color=BLACK, linewidth=0.8, label="above this, half of the flat is wet")
    clear = np.isfinite(share)
    points = axes.scatter(
        time[clear], levels.later[clear], c=share[clear], cmap="BrBG", s=40, edgecolors=BLACK, linewidths=0.4, vmin=0,
        vmax=1, zorder=3, label="what the scene then showed",
    )  # fmt: skip
    axes.figure.colorbar(points, ax=axes, label="share seen wet [-]")
    axes.set_ylabel("m above mean sea level")
    axes.set_title("The sea at later scenes, of which the hour alone was used")
    axes.tick_params(axis="x", labelsize=8)
    axes.set_ylim(None, axes.get_ylim()[1] + 0.6)
    axes.legend(fontsize=8, loc="upper left", ncols=2, framealpha=0.9)


def _draw_scenes(figure: SubFigure, later: Flat, predicted: Mask, changing: Mask) -> None:
    known = np.flatnonzero(later.water.seen.mean(axis=1) > 0.9)
    chosen = known[np.linspace(0, known.size - 1, min(SHOWN, known.size)).astype(int)] if known.size else known
    panels = figure.subplots(2, max(len(chosen), 1), squeeze=False)
    colours = ListedColormap([UNKNOWN, DRY, WET])
    for column, scene in enumerate(chosen):
        wet, scored = later.water.wet[scene] > 0.5, later.water.seen[scene] & changing
        seen = np.where(later.water.seen[scene], 1 + wet, 0)
        for row, cells in enumerate((predicted[scene] + 1, seen)):
            panel = panels[row, column]
            panel.imshow(cells.reshape(later.shape), cmap=colours, vmin=0, vmax=2, interpolation="nearest")
            panel.set_xticks([])
            panel.set_yticks([])
        when = str(later.water.time[scene])[:16].replace("T", " ")
        right = np.mean(predicted[scene][scored] == wet[scored])
        panels[0, column].set_title(f"{when}\n{right:.0%} right", fontsize=9)
    panels[0, 0].set_ylabel("predicted")
    panels[1, 0].set_ylabel("seen")
    patches = [Patch(facecolor=colour, edgecolor=BLACK, label=label) for colour, label in LEGEND]
    figure.legend(handles=patches, loc="outside lower center", ncols=3, fontsize=9)
    figure.suptitle(
        "Later scenes, evenly spaced among the clear ones (UTC); right: of the cells that change", fontsize=10
    )
