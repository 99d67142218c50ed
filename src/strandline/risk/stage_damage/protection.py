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

    def keeps_out(self, level: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether seas of these levels, in front of the belt [m, region datum], flood nothing."""
        return np.asarray(level - self.attenuation <= self.crest)


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
