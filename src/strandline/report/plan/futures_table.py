"""The many futures in a few rows, one for each scenario of sea-level rise."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from strandline.planning.actions import ScenarioOutcome


@dataclass(frozen=True)
class SeaLevelRow:
    """All futures of one sea-level scenario; money is the present value over the horizon [EUR 2010], medians.

    Attributes:
        count: futures in it.
        rise: at the horizon's end [m].
        damage: if nothing is done, in the mildest and the worst future.
        portfolio: net present value of what is proposed, likewise; ``None`` = nothing is.
        best: kinds that are worth most together in most of the futures, in ``best_in`` of them.
        share_beyond_maps: greatest share of a future's damage from seas above the highest mapped one [-].
    """

    sea_level: str
    count: int
    rise: float
    damage: tuple[float, float]
    portfolio: tuple[float, float] | None
    best: tuple[str, ...]
    best_in: int
    share_beyond_maps: float


def summarise_by_sea_level(futures: Sequence[ScenarioOutcome]) -> tuple[SeaLevelRow, ...]:
    """One row for each sea-level scenario, in their order."""
    rows = []
    for name in dict.fromkeys(each.sea_level for each in futures):
        own = [each for each in futures if each.sea_level == name]
        damage = [each.damage[1] for each in own]
        worth = [each.portfolio[1] for each in own if each.portfolio is not None]
        (best, best_in), *_ = Counter(each.best for each in own).most_common()
        rows.append(
            SeaLevelRow(
                sea_level=name,
                count=len(own),
                rise=own[0].rise,
                damage=(min(damage), max(damage)),
                portfolio=(min(worth), max(worth)) if worth else None,
                best=best,
                best_in=best_in,
                share_beyond_maps=max(each.share_beyond_maps for each in own),
            )
        )
    return tuple(rows)
