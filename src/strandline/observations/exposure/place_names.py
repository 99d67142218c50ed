"""Names of cities, towns, villages and hamlets, by which people read a map."""

from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

KINDS = (
    "city", "town", "borough", "suburb", "village", "island", "quarter", "neighbourhood", "hamlet", "islet",
    "isolated_dwelling",
)  # fmt: skip
"""Kinds of places, the largest first. Source: OpenStreetMap wiki, Key:place; the order is ours."""
NAME_IN = "name_"
"""Beginning of the columns of names in a language (ISO 639): ``name_en``."""
LOCAL = ""
"""Key of a name in the local script."""
PlaceName = Mapping[str, str]
"""Language (ISO 639), or ``LOCAL`` → what a place is called."""


def largest_first(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The places by kind, then by people; what is not stated comes last, and equals are in the order of their names."""
    rank = places["kind"].map({kind: number for number, kind in enumerate(KINDS)}).astype(float)
    order = pd.DataFrame({"rank": rank, "people": -places["population"], "name": places["name"]})
    return places.loc[order.sort_values(["rank", "people", "name"]).index].reset_index(drop=True)


def names_in(places: gpd.GeoDataFrame, language: str) -> pd.Series:
    """What each place is called in a language (ISO 639); where nobody wrote that, its name in the local script."""
    column = f"{NAME_IN}{language}"
    names: pd.Series = places["name"]
    return places[column].fillna(names) if column in places else names


def names_by_language(places: gpd.GeoDataFrame) -> list[PlaceName]:
    """(P,) every name of each place."""
    columns = {name.removeprefix(NAME_IN): name for name in map(str, places.columns) if name.startswith(NAME_IN)}
    rows = places[["name", *columns.values()]].itertuples(index=False)
    codes = (LOCAL, *columns)
    return [{code: name for code, name in zip(codes, row, strict=True) if isinstance(name, str)} for row in rows]
