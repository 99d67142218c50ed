"""From which score on a cell counts as wet: chosen on the earlier scenes, for every method by the same rule.

The earlier scenes are parted into ``QUARTERS`` runs of successive scenes. Each is predicted from the other three as the
later scenes are from all of them: the tide is fitted to those three, ground and archive are read off them, and of the
left-out scenes the hour alone is known (a good level reads their water, as it does of later ones). The cut with the
largest overlap of cells that change, pooled over the four, is taken. No later scene has a part in it. Of cuts with the
same overlap the one nearest to even odds is taken.
"""

from collections import defaultdict

import numpy as np

from benchmarks.tidal_flats.predictions import Prediction, Predictor
from benchmarks.tidal_flats.scenes import Flat
from strandline.observations.arrays import Floats

QUARTERS = 4


def choose_cuts(predict: Predictor, earlier: Flat) -> dict[tuple[str, str], float]:
    """Source and method → the cut that overlaps best on scenes of the earlier ones that were left out."""
    sums = defaultdict[tuple[str, str], list[Floats]](list)
    scales = {}
    for quarter in np.array_split(np.arange(len(earlier.water)), QUARTERS):
        left_out = np.isin(np.arange(len(earlier.water)), quarter)
        others, asked = earlier.take(~left_out), earlier.take(left_out)
        for prediction in predict(others, asked):
            sums[prediction.key].append(_overlaps(prediction, asked, others.water.changes))
            scales[prediction.key] = prediction.scale
    chosen = {}
    for key, parts in sums.items():
        both, either = np.sum(parts, axis=0)
        overlap = both / np.maximum(either, 1.0)
        best = scales[key].cuts[overlap >= overlap.max() - 1e-9]
        chosen[key] = float(best[np.abs(best - scales[key].even).argmin()])
    return chosen


def _overlaps(prediction: Prediction, asked: Flat, cells: np.ndarray) -> Floats:
    """(2, K) cells that are wet in both maps, and in either, by cut."""
    of = asked.water.seen & cells
    score, truth = prediction.score[of], asked.water.wet[of] > 0.5
    wet = score > prediction.scale.cuts[:, None]  # (K, cells)
    return np.stack([(wet & truth).sum(axis=1), (wet | truth).sum(axis=1)]).astype(float)
