"""Greatest flood damage of buildings per square metre of floor, structure and contents apart.

Structure = cost of building × depreciation × damageable part × material; contents = a share of the structure.

Source: Huizinga et al. (2017), JRC105688, with the factors as the CLIMAAX handbook tabulates them.
"""

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
