"""The warned polygon contains every warned cell."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely import Point, Polygon

import tests.fixtures.reports as coast
from strandline.report.alerts.area import warned_polygon


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 47)), min_size=1, max_size=40))
def test_the_warned_polygon_is_closed_holds_every_warned_cell_and_puts_latitude_first(
    cells: list[tuple[int, int]],
) -> None:
    region, mask = coast.a_region(), np.zeros((40, 48), dtype=bool)
    for cell in cells:
        mask[cell] = True
    ring = warned_polygon(region, mask)
    assert ring[0] == ring[-1]
    assert all(45 < latitude < 46 and 12 < longitude < 13.5 for latitude, longitude in ring)
    to_metres = Transformer.from_crs("EPSG:4326", region.crs, always_xy=False)
    x, y = to_metres.transform(*np.array(ring).T)
    area = Polygon(np.column_stack([x, y])).buffer(3.0)
    assert all(area.contains(Point(region.x[column], region.y[row])) for row, column in cells)


def test_without_a_likely_cell_the_polygon_is_the_region() -> None:
    ring = warned_polygon(coast.a_region(), np.zeros((40, 48), dtype=bool))
    assert len(ring) == 5
