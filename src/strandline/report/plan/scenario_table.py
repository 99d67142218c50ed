"""The plan's scenarios summarised in one row for each scenario of sea-level rise."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from strandline.planning.actions import ScenarioOutcome
from strandline.risk.stage_damage.damage_draws import NEGLIGIBLE_BEYOND


@dataclass(frozen=True)
class SeaLevelRow:
    """All scenarios with one sea-level rise; money is the present value over the horizon on average [money].

    Attributes:
        count: number of scenarios.
        rise: at the end of the horizon [m].
        damage: without measures, in the mildest and in the worst scenario.
        portfolio: net present value of the proposal, likewise; ``None`` = there is no proposal.
        best: kinds of the measures with the highest joint value in ``best_in`` scenarios, the most frequent set.
        share_beyond_maps: greatest share of a scenario's damage from sea levels above the highest mapped one [-].
    """

    sea_level: str
    count: int
    rise: float
    damage: tuple[float, float]
    portfolio: tuple[float, float] | None
    best: tuple[str, ...]
    best_in: int
    share_beyond_maps: float

    @property
    def is_lower_bound(self) -> bool:
        """Whether more of a damage than is negligible comes from seas above the maps."""
        return self.share_beyond_maps > NEGLIGIBLE_BEYOND


def summarise_by_sea_level(outcomes: Sequence[ScenarioOutcome]) -> tuple[SeaLevelRow, ...]:
    """Return one row for each sea-level scenario, in their order."""
    rows = []
    for name in dict.fromkeys(each.sea_level for each in outcomes):
        own = [each for each in outcomes if each.sea_level == name]
        damage = [each.damage.mean for each in own]
        value = [each.portfolio.mean for each in own if each.portfolio is not None]
        (best, best_in), *_ = Counter(each.best for each in own).most_common()
        rows.append(
            SeaLevelRow(
                sea_level=name,
                count=len(own),
                rise=own[0].rise,
                damage=(min(damage), max(damage)),
                portfolio=(min(value), max(value)) if value else None,
                best=best,
                best_in=best_in,
                share_beyond_maps=max(each.share_beyond_maps for each in own),
            )
        )
    return tuple(rows)
