"""Protection: changes to the damage chain, between the sea and the damage."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError


@dataclass(frozen=True)
class Protection:
    """A change to the damage chain; the default changes nothing.

    Attributes:
        crest: level of an embankment in front of the whole region [m, region datum]; lower seas flood nothing.
        attenuation: reduction of the sea level behind a belt of vegetation [m].
        raised: asset class → height by which its ground floor is lifted [m].
        avoided_share: asset class → share of its damage that does not occur [-].
    """

    crest: float = -np.inf
    attenuation: float = 0.0
    raised: Mapping[str, float] = field(default_factory=dict)
    avoided_share: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.attenuation < 0 or any(height < 0 for height in self.raised.values()):
            raise InputError(
                "protection", f"attenuates {self.attenuation:g} m, raised by {dict(self.raised)} m", "give 0 or more"
            )
        if any(not 0 <= share <= 1 for share in self.avoided_share.values()):
            raise InputError("protection", f"avoids shares {dict(self.avoided_share)}", "shares lie in 0 to 1")

    def behind_belt(self, depth: npt.NDArray[np.float32], level: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """Depths (R, H, W) [m] of the lower seas that remain of ``level`` (R,) [m, ascending] behind the belt.

        Linear between the given sea levels; below the lowest they are those of the lowest.
        """
        if self.attenuation == 0 or level.size == 1:
            return depth
        position = np.interp(level - self.attenuation, level, np.arange(level.size))
        lower = np.minimum(position.astype(int), level.size - 2)
        share = (position - lower).astype(np.float32)[:, None, None]
        return np.asarray((1 - share) * depth[lower] + share * depth[lower + 1], dtype=np.float32)

    def behind_crest(self, depth: npt.NDArray[np.float32], level: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """Depths (R, H, W) [m] with sea levels up to the crest kept out; unknown stays unknown.

        Args:
            level: (R,) in front of the belt [m, region datum].
        """
        kept_out = (level - self.attenuation <= self.crest)[:, None, None] & ~np.isnan(depth)
        return np.where(kept_out, np.float32(0), depth)


UNPROTECTED = Protection()


def join(first: Protection, second: Protection) -> Protection:
    """Both together: the higher crest, sums of attenuation and heights, and avoided shares combined as a product."""
    share_kept = {
        name: (1 - first.avoided_share.get(name, 0.0)) * (1 - second.avoided_share.get(name, 0.0))
        for name in {**first.avoided_share, **second.avoided_share}
    }
    return Protection(
        crest=max(first.crest, second.crest),
        attenuation=first.attenuation + second.attenuation,
        raised={
            name: first.raised.get(name, 0.0) + second.raised.get(name, 0.0)
            for name in {**first.raised, **second.raised}
        },
        avoided_share={name: 1 - kept for name, kept in share_kept.items()},
    )
