"""Greatest flood damage of buildings per square metre of floor, structure and contents apart.

Structure = cost of building × depreciation × damageable part × material; contents = a share of the structure.

Source: Huizinga et al. (2017), JRC105688, with the factors as the CLIMAAX handbook tabulates them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from strandline.observations.exposure.assets import asset_classes
from strandline.observations.region_file.prices.money import MoneyUnit, PriceBasis
from strandline.observations.region_file.prices.preset import Preset

DEPRECIATED = 0.6
"""Value of a building of middling age as a share of a new one [-]."""
DAMAGEABLE = {"masonry": 0.6, "rural": 0.67, "informal": 1.0}
"""Part of the structure that water can damage [-]: concrete and masonry, mud, slums."""
MATERIAL = {"masonry": 1.0, "rural": 0.33, "informal": 0.125}
"""Cost of building as a share of that of masonry [-]."""
CONTENTS = {"residential": 0.5, "commercial": 1.0, "industrial": 1.5}
"""Value of the contents as a share of the structure's [-]."""
BUILDINGS = tuple(MATERIAL)


@dataclass(frozen=True)
class GreatestDamage:
    """Per square metre of floor [money of the plan]."""

    structure: float
    contents: float

    @property
    def total(self) -> float:
        """Structure and contents."""
        return self.structure + self.contents


def greatest_damage(preset: Preset, prices: PriceBasis) -> Mapping[tuple[str, str], GreatestDamage]:
    """Asset class and building → greatest damage; classes without buildings are missing.

    Raises:
        InputError: the cost of building cannot be converted.
    """
    found = {}
    for asset_class, properties in asset_classes().items():
        cost = preset.construction_cost.get(properties.curve)
        if cost is None or cost.currency is None or cost.price_year is None:
            continue
        new = cost.bounds[1] * prices.factor(MoneyUnit(cost.currency, cost.price_year))
        for building in BUILDINGS:
            structure = new * DEPRECIATED * DAMAGEABLE[building] * MATERIAL[building]
            found[asset_class, building] = GreatestDamage(structure, CONTENTS[properties.curve] * structure)
    return found


def value_of_mapped(
    preset: Preset, prices: PriceBasis, building: str | None
) -> Mapping[str, tuple[float, float, float]]:
    """Asset class → least, middle and most value of a square metre of floor of a building that a map shows.

    The bounds hold what the preset's costs leave open and, where ``building`` is not stated, of what it is built; the
    entry *unstated* holds every use that it may have as well. The middle is the geometric one.

    Raises:
        InputError: the cost of building cannot be converted.
    """
    found: dict[str, tuple[float, float, float]] = {}
    for asset_class, properties in asset_classes().items():
        cost = preset.construction_cost.get(properties.curve)
        if cost is None or cost.currency is None or cost.price_year is None:
            continue
        low, _, high = (bound * prices.factor(MoneyUnit(cost.currency, cost.price_year)) for bound in cost.bounds)
        shares = [
            DEPRECIATED * DAMAGEABLE[each] * MATERIAL[each] * (1 + CONTENTS[properties.curve])
            for each in BUILDINGS if building in (None, each)
        ]  # fmt: skip
        least, most = low * min(shares), high * max(shares)
        found[asset_class] = least, math.sqrt(least * most), most
    uses = [found[name] for name in CONTENTS if name in found]
    if uses:
        least, most = min(each[0] for each in uses), max(each[2] for each in uses)
        found["unstated"] = least, math.sqrt(least * most), most
    return found
