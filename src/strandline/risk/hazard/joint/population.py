"""Events of one cause: their margins, tails and dependence. Cyclones are one, all other weather is another."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from strandline.observations.arrays import Floats, Indices
from strandline.risk.hazard.joint.conditional_extremes import ConditionalExtremes, fit_conditional_extremes
from strandline.risk.hazard.joint.driver_events import DriverEvents
from strandline.risk.hazard.joint.seasonal_cycle import SeasonalCycle
from strandline.risk.hazard.joint.seasonal_margins import (
    MarginSettings,
    SeasonalMargin,
    draw_tail,
    fit_margin,
    season_of,
)
from strandline.risk.hazard.surges.storm_rates import CYCLONE_SHAPE

OTHER_WEATHER = MarginSettings(25.0, 0.1, (0.0, 0.15))
"""Some 70 peaks of 30 years in the tail. Rain and discharge have slightly heavy tails, seas about none (Papalexiou and
Koutsoyiannis 2013, Water Resources Research 49, 187-201). Width and share are assumptions."""
CYCLONES = MarginSettings(60.0, 0.5, CYCLONE_SHAPE)
"""The stronger half, as for surges of cyclones alone."""
EXTREME_OTHER, EXTREME_CYCLONE = 0.8, 0.5
"""Chance of a lower peak from which a driver is extreme [-]; assumptions."""
FEWEST_CYCLONES = 14
"""Events with a cyclone from which they are a population of their own: half of them make a tail."""


@dataclass(frozen=True, eq=False)
class Population:
    """Events of one cause in a record.

    Attributes:
        events: N of them.
        values: (N, D) peaks less the seasonal cycles [-].
        margins: of each driver.
        tails: of each driver: (S,) scale and (S,) shape.
        dependence: of the ranks.
        settings: of the margins.
        extreme: chance of a lower peak from which a driver is extreme [-].
    """

    events: DriverEvents
    values: Floats
    margins: tuple[SeasonalMargin, ...]
    tails: tuple[tuple[Floats, Floats], ...]
    dependence: ConditionalExtremes
    settings: MarginSettings
    extreme: float

    @classmethod
    def of(
        cls,
        events: DriverEvents,
        cycles: tuple[SeasonalCycle, ...],
        settings: MarginSettings,
        extreme: float,
        n_samples: int,
        rng: np.random.Generator,
        slow: int | None = None,
    ) -> Self:
        """Fit to events; S = ``n_samples``. No storm makes the ``slow`` driver: its tail is that of other weather."""
        values = np.stack([c.reduce(p, events.day) for c, p in zip(cycles, events.peaks.T, strict=True)], axis=1)
        margins = tuple(fit_margin(row, events.day, settings) for row in values.T)
        tails = tuple(
            draw_tail(margin, row, events.day, (OTHER_WEATHER if i == slow else settings).shape, n_samples, rng)
            for i, (margin, row) in enumerate(zip(margins, values.T, strict=True))
        )
        dependence = fit_conditional_extremes(_ranks(values, events.day, margins), extreme)
        return cls(events, values, margins, tails, dependence, settings, extreme)

    def redrawn(self, index: Indices, sample: int) -> Self:
        """Of some events of the record, with one of the tails."""
        events, values = self.events.take(index), self.values[index]
        margins = tuple(fit_margin(row, events.day, self.settings) for row in values.T)
        tails = tuple((scale[[sample]], shape[[sample]]) for scale, shape in self.tails)
        dependence = fit_conditional_extremes(_ranks(values, events.day, margins), self.extreme)
        return replace(self, events=events, values=values, margins=margins, tails=tails, dependence=dependence)

    def quantiles(self, ranks: Floats, day: Floats, sample: int) -> Floats:
        """(n, D) peaks less the seasonal cycles, of ranks (n, D) at times of the year (n,) [days]."""
        season = season_of(day)
        columns = [
            margin.quantile(row, season, float(scale[sample]), float(shape[sample]))
            for margin, row, (scale, shape) in zip(self.margins, ranks.T, self.tails, strict=True)
        ]
        return np.stack(columns, axis=1)


def _ranks(values: Floats, day: Floats, margins: tuple[SeasonalMargin, ...]) -> Floats:
    """(N, D) chance of a lower peak [-] in the event's part of the year."""
    return np.stack([margin.rank(row, season_of(day)) for margin, row in zip(margins, values.T, strict=True)], axis=1)
