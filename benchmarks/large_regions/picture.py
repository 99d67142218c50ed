"""A storm on a coast that no tile holds, as it was and as students tell it.

``python -m benchmarks.large_regions.picture docs/images/mosaic.png``
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.large_regions.tiling import SIDE, chances, flood_of, storms_of
from strandline.pipeline.large_regions.tiles import Tiling

SEED = 600
TITLES = {"ground": "students, the ground alone", "radar": "with radar of past storms"}


def main() -> None:
    past, test = storms_of(SEED)
    flooded, land = flood_of(test)
    worst = int(flooded.sum(axis=(1, 2)).argmax())
    tiling = Tiling((SIDE, SIDE))
    figure, axes = plt.subplots(1, 3, figsize=(12, 4.4), layout="constrained")
    axes[0].set_title("a storm's flood, as simulated")
    _draw(axes[0], flooded[worst].astype(float), land[worst])
    for axis, (memory, title) in zip(axes[1:], TITLES.items(), strict=True):
        axis.set_title(title)
        shown = _draw(axis, chances(past, test[worst : worst + 1], memory, tiling)[0], land[worst])
        for cut in {part.start for tile in tiling.tiles() for part in tile.window} - {0}:
            middle = cut + tiling.overlap / 2
            axis.plot([middle, middle], [0, 3], "k", lw=1)
            axis.plot([0, 3], [middle, middle], "k", lw=1)
    figure.colorbar(shown, ax=axes, shrink=0.8, label="probability of a flood [-]; grey: permanent water")
    figure.savefig(sys.argv[1], dpi=110)


def _draw(axis: plt.Axes, chance: np.ndarray, land: np.ndarray) -> plt.cm.ScalarMappable:
    axis.set_facecolor("0.75")
    axis.set(xticks=[], yticks=[])
    return axis.imshow(np.where(land, chance, np.nan), vmin=0, vmax=1, cmap="cividis", interpolation="nearest")


if __name__ == "__main__":
    main()
