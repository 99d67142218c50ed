"""Roads and embankments on the map."""

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point

import tests.fixtures.reports as coast
from strandline.report.figures.map_lines import drawn_as_line
from strandline.report.figures.maps import (
    map_flood,
)


def the_map(probability: np.ndarray) -> str:
    terrain = coast.observations("real").terrain
    return map_flood(coast.a_region(), terrain, probability, 100.0, coast.impact().assets).svg


@pytest.mark.slow
def test_roads_and_embankments_are_lines_styled_by_their_failure() -> None:
    assets, region = coast.impact().assets, coast.a_region()
    left, bottom, *_ = region.bounds
    kinds = ["road", "bridge", "road", "embankment", "embankment", "road"]
    shapes = [LineString([(left, bottom + 500 * i), (left + 900, bottom + 500 * i)]) for i in range(1, 6)]
    more = gpd.GeoDataFrame(
        {
            "asset_class": kinds,
            "out_of_service": [0.2, 0.5, np.nan, np.nan, np.nan, 0.1],
            **{f"damage_state_{state}": 0.2 for state in range(5)},
        },
        geometry=[*shapes, Point(left, bottom)],  # the last is a road surveyed as a point
        crs=assets.crs,
    )
    all_assets = pd.concat([assets, more], ignore_index=True)
    assert drawn_as_line(all_assets)[-6:].tolist() == [True] * 5 + [False]
    probability = coast.hazard_arrays()[2][-1]
    svg = map_flood(region, coast.observations("real").terrain, probability, 100.0, all_assets).svg
    for label in ("road, open (1)", "road, likely closed (1)", "road, unknown (1)", "embankment (2)"):
        assert label in svg
    assert "breach" not in svg
    marks = sum(int(count) for count in re.findall(r"asset, damage \w+ \((\d+)\)", svg))
    assert marks == len(assets) + 1
    assert "road, open" not in the_map(probability)
