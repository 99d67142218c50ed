"""What a measure changes on the way from the sea to the damage."""

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
        raised: asset class → how far its ground floor is lifted [m].
        avoided_share: asset class → share of its damage that does not happen [-].
    """

    crest: float = -np.inf
    raised: Mapping[str, float] = field(default_factory=dict)
    avoided_share: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(height < 0 for height in self.raised.values()):
            raise InputError("protection", f"raised by {dict(self.raised)} m", "heights are 0 or more")
        if any(not 0 <= share <= 1 for share in self.avoided_share.values()):
            raise InputError("protection", f"avoids shares {dict(self.avoided_share)}", "shares lie in 0 to 1")

    def behind_crest(self, depth: npt.NDArray[np.float32], level: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """Depths (R, H, W) [m] when seas of ``level`` (R,) [m] up to the crest are kept out; unknown stays unknown."""
        kept_out = (level <= self.crest)[:, None, None] & ~np.isnan(depth)
        return np.where(kept_out, np.float32(0), depth)


UNPROTECTED = Protection()
