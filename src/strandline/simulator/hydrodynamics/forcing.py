"""What drives a basin: the sea, rivers, rain and waves of every storm."""

from dataclasses import dataclass

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats

WHERE = "forcing"


@dataclass(frozen=True, eq=False)
class Forcing:
    """E storms at T times, linear between them.

    Attributes:
        time: (T,) [s], ascending; a simulation goes from the first to the last.
        level: (E, T) or (E, T, G) water level at G points of the open boundary [m above the datum].
        level_weight: (G, H, W) weight of each point in each open cell [-]; required if G > 1.
        discharge: (E, T, R) of each river [m3 s-1], not negative; ``None`` = there is no river.
        rain: (E, T) or (E, T, P) rate [m s-1], not negative; ``None`` = it is dry.
        rain_weight: (P, H, W) weight of each point in each cell [-]; required if P > 1.
        wave_height, wave_period: (E, T) significant height [m] and spectral period Tm−1,0 [s] before the walls that
            face waves; ``None`` = there are none.
    """

    time: Floats
    level: Floats
    level_weight: Floats | None = None
    discharge: Floats | None = None
    rain: Floats | None = None
    rain_weight: Floats | None = None
    wave_height: Floats | None = None
    wave_period: Floats | None = None

    def __post_init__(self) -> None:
        time = np.asarray(self.time)
        if time.ndim != 1 or len(time) < 2 or not (np.diff(time) > 0).all() or not np.isfinite(time).all():
            raise InputError(WHERE, "time is not an ascending series of two or more times", "give seconds, ascending")
        if np.ndim(self.level) not in (2, 3) or np.shape(self.level)[1] != len(time) or not len(self.level):
            raise InputError(
                WHERE, f"level has shape {np.shape(self.level)}", f"give (E, {len(time)}) or (E, {len(time)}, G)"
            )
        if not np.isfinite(self.level).all():
            raise InputError(WHERE, "level has gaps", "fill the gaps: a simulation needs the level at all times")
        series = (len(self.level), len(time))
        for name, unit in (("discharge", "m3 s-1"), ("rain", "m s-1"), ("wave_height", "m"), ("wave_period", "s")):
            values = getattr(self, name)
            if values is None:
                continue
            if np.shape(values)[:2] != series or np.ndim(values) > 3:
                raise InputError(WHERE, f"{name} has shape {np.shape(values)}", f"give {series} and more")
            if not (np.isfinite(values).all() and (np.asarray(values) >= 0).all()):
                raise InputError(WHERE, f"{name} has gaps or is negative", f"give {unit}, 0 or more, at all times")
        if (self.wave_height is None) != (self.wave_period is None):
            raise InputError(WHERE, "only one of wave_height and wave_period is given", "give both, or none")

    def __len__(self) -> int:
        """Number of storms."""
        return len(self.level)


def weights(given: Floats | None, points: int, shape: tuple[int, int], name: str) -> Floats:
    """(G, H, W) weights of points; those of a single point are 1.

    Raises:
        InputError: another shape, gaps, negative weights, or several points without weights.
    """
    if given is None:
        if points != 1:
            raise InputError(WHERE, f"{points} points without {name}_weight", f"give (G, {shape[0]}, {shape[1]})")
        return np.ones((1, *shape))
    found = np.asarray(given, dtype=np.float64)
    if found.shape != (points, *shape):
        raise InputError(WHERE, f"{name}_weight has shape {found.shape}", f"give {(points, *shape)}")
    if not (np.isfinite(found).all() and (found >= 0).all()):
        raise InputError(WHERE, f"{name}_weight has gaps or is negative", "give shares from 0 to 1")
    return found
