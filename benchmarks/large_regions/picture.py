"""``python -m benchmarks.large_regions.picture docs/images/mosaic.png``: a simulated flood, and its maps by tiles."""

import sys

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from benchmarks.large_regions.tiling import SIDE, flood_of, probability_by_tiles, storms_of
from strandline.observations.arrays import Floats, Mask
from strandline.pipeline.maps.tiles import Tiling

SEED = 600
TITLES = {"ground": "students, terrain only", "radar": "with radar of past storms"}


def main() -> None:
    """Draw the flood and both maps."""
    past, test = storms_of(SEED)
    flooded, land = flood_of(test)
    worst = int(flooded.sum(axis=(1, 2)).argmax())
    tiling = Tiling((SIDE, SIDE))
    figure, axes = plt.subplots(1, 3, figsize=(12, 4.4), layout="constrained")
    axes[0].set_title("simulated flood")
    _draw(axes[0], flooded[worst].astype(float), land[worst])
    for axis, (archive, title) in zip(axes[1:], TITLES.items(), strict=True):
        axis.set_title(title)
        shown = _draw(axis, probability_by_tiles(past, test[worst : worst + 1], archive, tiling)[0], land[worst])
        for cut in {part.start for tile in tiling.tiles() for part in tile.window} - {0}:
            middle = cut + tiling.overlap / 2
            axis.plot([middle, middle], [0, 3], "k", lw=1)
            axis.plot([0, 3], [middle, middle], "k", lw=1)
    figure.colorbar(shown, ax=axes, shrink=0.8, label="flood probability [-]; grey: permanent water")
    figure.savefig(sys.argv[1], dpi=110)


def _draw(axis: Axes, probability: Floats, land: Mask) -> AxesImage:
    axis.set_facecolor("0.75")
    axis.set(xticks=[], yticks=[])
    return axis.imshow(np.where(land, probability, np.nan), vmin=0, vmax=1, cmap="cividis", interpolation="nearest")


if __name__ == "__main__":
    main()
