"""Names of cities, towns, villages and hamlets, by which people read a map."""

import geopandas as gpd
import pandas as pd

KINDS = (
    "city", "town", "borough", "suburb", "village", "island", "quarter", "neighbourhood", "hamlet", "islet",
    "isolated_dwelling",
)  # fmt: skip
"""Kinds of places, the largest first. Source: OpenStreetMap wiki, Key:place; the order is ours."""
NAME_IN = "name_"
"""Beginning of the columns of names in a language (ISO 639): ``name_en``."""


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
