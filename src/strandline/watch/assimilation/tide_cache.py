"""Cache of the tide at full hours, computed in blocks of ten days, since steps use the same hours again."""

from collections.abc import Callable

import numpy as np

from strandline.observations.arrays import Floats, Times

BLOCK_HOURS = 240
MAX_BLOCKS = 8
HOUR = np.timedelta64(1, "h")


class TideTable:
    """The levels of ``level``, (T,) times → (T,) [m, its datum]; only full hours are cached."""

    def __init__(self, level: Callable[[Times], Floats]) -> None:
        self._level = level
        self._blocks: dict[int, Floats] = {}

    def __call__(self, time: Times) -> Floats:
        """Levels at times."""
        hours = time.astype("datetime64[h]")
        if time.size == 0 or (hours != time).any():
            return self._level(time)
        number = hours.astype(np.int64)
        block, within = np.divmod(number, BLOCK_HOURS)
        result = np.empty(time.shape)
        for each in np.unique(block).tolist():
            here = block == each
            result[here] = self._block(each)[within[here]]
        return result

    def _block(self, number: int) -> Floats:
        if number not in self._blocks:
            while len(self._blocks) >= MAX_BLOCKS:
                self._blocks.pop(next(iter(self._blocks)))
            start = np.datetime64(number * BLOCK_HOURS, "h")
            self._blocks[number] = self._level((start + np.arange(BLOCK_HOURS) * HOUR).astype("datetime64[ns]"))
        return self._blocks[number]
