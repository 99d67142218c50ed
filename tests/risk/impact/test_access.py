"""People exposed and cut off: against a plain graph search, with bounds for everything unknown."""

import itertools

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from strandline.errors import InputError
from strandline.risk.impact.access import RoadNetwork, is_cut_off, road_network
from strandline.risk.impact.population import PopulationImpact, assess_population
from strandline.risk.people import COUNT_FACTOR, People
from tests.fixtures.hazards import REGION, make_hazard

NODES = 6
EDGES = np.array(list(itertools.combinations(range(NODES), 2)))


def frame(shapes: list, classes: list[str], **more: list) -> gpd.GeoDataFrame:
    table = {"asset_id": [f"a{i}" for i in range(len(shapes))], "asset_class": classes, "value": 1.0}
    return gpd.GeoDataFrame(table | {"survey_year": 2020} | more, geometry=shapes, crs=REGION.crs)


def village() -> gpd.GeoDataFrame:
    """Homes in the wet west and the dry east, a hospital in the east, one road between; its ends are dry or unknown."""
    return frame(
        [Point(150, 450), Point(850, 450), Point(850, 500), LineString([(150, 450), (850, 450)]), Point(950, 750)],
        ["residential", "residential", "hospital", "road", "residential"],
        people=[30.0, 12.0, np.nan, np.nan, 5.0],
    )


def reached(start: int, facilities: set[int], open_edges: np.ndarray) -> bool:
    seen, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for a, b in open_edges:
            for step in {a: [b], b: [a]}.get(here, []):
                if step not in seen:
                    seen.add(step)
                    todo.append(step)
    return bool(seen & facilities)


STATES = st.sampled_from([0.0, 1.0, np.nan])


@settings(deadline=None, max_examples=60)
@given(st.lists(STATES, min_size=15, max_size=15), st.lists(STATES, min_size=2, max_size=2))
def test_a_known_result_holds_for_every_value_of_the_unknown(closed: list[float], shut: list[float]) -> None:
    chosen = np.arange(15) % 2 == 0  # a sparse graph, so that pieces fall apart
    edges, state = EDGES[chosen], np.array(closed)[chosen]
    network = RoadNetwork(np.zeros((NODES, 2)), edges, np.arange(len(edges)))
    facility, out = np.array([0, 1]), np.array(shut)
    places = np.arange(NODES)
    answer = is_cut_off(network, state, facility, out, places)
    best = [not reached(p, set(facility[out != 1]), edges[state != 1]) for p in places]
    worst = [not reached(p, set(facility[out == 0]), edges[state == 0]) for p in places]
    for value, least, most in zip(answer, best, worst, strict=True):
        assert value == (1.0 if least else 0.0) if least == most else np.isnan(value)


def test_settlements_and_facilities_without_a_road_give_an_unknown_result() -> None:
    network = RoadNetwork(np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([[0, 1]]), np.array([0]))
    far = network.nearest_node(np.array([3.0, 9000.0]), np.array([0.0, 0.0]))
    assert list(far) == [0, -1]
    everything_open = np.zeros(1)
    answer = is_cut_off(network, everything_open, np.array([1]), np.zeros(1), far)
    assert answer[0] == 0
    assert np.isnan(answer[1])
    hidden = is_cut_off(network, everything_open, np.array([-1]), np.zeros(1), np.array([0]))
    assert np.isnan(hidden[0])
    gone = is_cut_off(network, everything_open, np.array([-1]), np.ones(1), np.array([0]))
    assert gone[0] == 1


def test_roads_meet_at_shared_vertices_within_a_metre_and_not_where_they_cross() -> None:
    roads = frame(
        [
            LineString([(0, 0), (100, 0), (200, 0)]),
            LineString([(100.2, 0.1), (100, 90)]),
            LineString([(150, -50), (150, 50)]),
        ],
        ["road", "bridge", "road"],
    )
    network = road_network(roads)
    assert len(network.nodes) == 6
    assert len(network.edges) == 4
    assert sorted(network.road) == [0, 0, 1, 2]
    with pytest.raises(InputError, match="'a0' is not a line"):
        road_network(frame([Point(0, 0)], ["road"]))
    assert len(road_network(frame([Point(0, 0)], ["school"])).edges) == 0


def assessed(assets: gpd.GeoDataFrame) -> PopulationImpact:
    found = assess_population([make_hazard(), make_hazard(rise=0.5)], assets, 5, np.random.default_rng(0))
    assert found is not None
    return found


def test_people_are_counted_with_bounds_for_what_is_unknown() -> None:
    people = assessed(village())
    assert people.residents == People.bounded(47 / COUNT_FACTOR, 47, 47 * COUNT_FACTOR)
    assert people.uncounted_homes == 0
    assert people.exposed.low <= 30 / COUNT_FACTOR + 2
    assert people.exposed.likely == 30
    assert people.exposed.high >= 35, "five live on the unknown cell"
    assert people.cut_off["hospital"].likely == 30.0  # the road is under water, one end of it stands dry
    assert "shelter" not in people.cut_off


def test_people_are_counted_by_district_as_well_and_districts_share_the_roads() -> None:
    people = assessed(village().assign(district=["west", "east", "east", None, None]))
    parts = {part.district: part for part in people.districts}
    assert list(parts) == ["east", "west", None]
    assert {name: part.residents.likely for name, part in parts.items()} == {"east": 12.0, "west": 30.0, None: 5.0}
    assert parts["west"].exposed.likely == 30.0
    assert parts["east"].exposed.likely == 0.0
    assert parts["west"].cut_off["hospital"].likely == 30.0  # though the hospital stands in the east
    assert sum(part.residents.likely for part in people.districts) == people.residents.likely
    assert assessed(village()).districts == ()


def test_uncounted_people_are_not_zero() -> None:
    none = village().assign(people=np.nan)
    assert assess_population([make_hazard()], none, 5, np.random.default_rng(0)) is None
    some = assessed(village().assign(people=[30.0, np.nan, np.nan, np.nan, 5.0]))
    assert some.uncounted_homes == 1
    assert some.residents.high > assessed(village()).residents.high
