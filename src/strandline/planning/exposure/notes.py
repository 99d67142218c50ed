"""What a plan says of assets that a map shows and nobody surveyed: their values, and crests that are unknown."""

import geopandas as gpd
import numpy as np

from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.planning.formatting import format_money_between
from strandline.risk.breaches.fragility import HIGHEST_ABOVE_GROUND
from strandline.risk.people import MAP_FACTOR

MAPPED_PEOPLE = (
    "Nobody counted the people here: they are those of a map, which spreads a census over cells and may be wrong by a"
    f" factor of {MAP_FACTOR:g} either way, in a single hamlet by more. Count them before relying on the numbers."
)


def value_notes(assets: gpd.GeoDataFrame, money: MoneyUnit) -> tuple[str, ...]:
    """That values of mapped buildings are bounds; empty where all values were surveyed."""
    if "value_low" not in assets or assets["value_low"].isna().all():
        return ()
    low, high = (float(assets[name].sum()) for name in ("value_low", "value_high"))
    mapped = assets[assets["value_low"].notna()]
    count = int(mapped["count"].fillna(1.0).sum()) if "count" in mapped else len(mapped)
    between = format_money_between(low, high, money)
    return (
        f"Nobody surveyed what {count:,} mapped buildings are worth: {between} in all, by their size on the map and a"
        " range of prices, storeys, materials and uses. Every amount draws one value from it for all of them. It ranks"
        " no measure surely: survey values before money is spent.",
    )


def embankment_notes(assets: gpd.GeoDataFrame, vertical_datum: str) -> tuple[str, ...]:
    """Which embankments have an unknown crest, and what a survey would bring; empty where all are known."""
    of_class = assets[(assets["asset_class"] == "embankment").to_numpy()]
    crest = of_class["crest"].to_numpy(dtype=float) if "crest" in of_class else np.full(len(of_class), np.nan)
    unknown = of_class[np.isnan(crest)]
    if unknown.empty:
        return ()
    length = float(unknown.geometry.length.sum()) / 1000
    which = f"{len(unknown):,} embankments," if len(unknown) > 1 else "One embankment,"
    have = "have" if len(unknown) > 1 else "has"
    return (
        f"{which} {max(length, 0.1):,.1f} km in all, {have}"
        " no known crest. No height is assumed where most crests before an area are unknown: the flood maps know an"
        " embankment as far as the terrain shows it, and no other number rests on it. Beside known crests, any height"
        f" up to {HIGHEST_ABOVE_GROUND:g} m above the ground counts as equally likely. A survey of the crests (metres"
        f" above {vertical_datum}, each hundred metres and at every low spot) would tell from which sea on each is"
        " overtopped, and where first.",
    )
