"""``observe`` and ``check`` on a whole region file."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from affine import Affine
from rich.console import Console

from strandline.errors import InputError
from strandline.observations.checks.inventory.inventory import Inventory, take_inventory
from strandline.observations.checks.inventory.stream import Stream, known_spans
from strandline.observations.checks.inventory.views import draw_inventory, inventory_table
from strandline.observations.readers.observe import observe
from strandline.observations.region_file import RegionFile, load_region_file

pytestmark = pytest.mark.slow

TOML = """
[region]
name = "Delta"
crs = "EPSG:32648"
bounds = [600000.0, 1100000.0, 603200.0, 1101600.0]
cell_size = 100.0
vertical_datum = { name = "mean sea level", kind = "mean sea level", epoch = [2000, 2019] }
sea_point = [600050.0, 1100050.0]
continent = "asia"

[terrain]
path = "dem.tif"
vertical_datum = "region"
elevation_error = 1.0
permanent_water = { below = 0.0 }
source = "a plane"

[[tide_gauge]]
name = "Own"
paths = "own.csv"
format = "wide"
columns = { time = "time", level = "level" }
unit = "m"
time_zone = "UTC"
vertical_datum = "region"
longitude = 105.91
latitude = 9.95
mean_sea_level = 0.0
minimum_share = 0.5

[sar]
scale = "dB"
bands = { vv = 1 }
scenes = [{ path = "sar.tif", time = 2022-01-05T00:00:00Z }, { path = "sar.tif", time = 2022-01-17T00:00:00Z }]

[storms]
path = "tracks.csv"
distance = 300.0

[tides]
fit = true

[assets]
path = "homes.geojson"
survey_year = 2020
asset_class = "residential"
columns = { value = "worth" }

[split]
held_out = [[2022-01-20, 2022-01-22]]
"""
TIME = np.arange("2022-01-01", "2022-02-01", dtype="datetime64[h]").astype("datetime64[ns]")
NOW = np.datetime64("2022-02-10T23:00", "ns")


@pytest.fixture
def region_file(tmp_path: Path) -> RegionFile:
    """A small region with a gap of 30 hours in its gauge."""
    elevation = np.tile(np.linspace(-2, 3, 32), (16, 1))
    for name, values in (("dem.tif", elevation), ("sar.tif", elevation * 0 - 12.0)):
        with rasterio.open(
            tmp_path / name,
            "w",
            driver="GTiff",
            count=1,
            height=16,
            width=32,
            dtype="float32",
            transform=Affine(100.0, 0, 600000.0, 0, -100.0, 1101600.0),
            crs="EPSG:32648",
        ) as file:
            file.write(values.astype("float32"), 1)
    level = np.cos(2 * np.pi * np.arange(TIME.size) / 12.42)
    level[100:130] = np.nan
    pd.DataFrame({"time": TIME, "level": level}).to_csv(tmp_path / "own.csv", index=False)
    (tmp_path / "tracks.csv").write_text(
        "track_id,season,basin,time,lon,lat,wind,slp\nX,2022,NA,2022-01-15 00:00:00,106.5,10.0,50,990\n"
    )
    homes = gpd.GeoDataFrame({"worth": [2e4, 3e4]}, geometry=gpd.points_from_xy([602500.0, 603000.0], [1100500.0] * 2))
    homes.set_crs("EPSG:32648").to_crs("EPSG:4326").to_file(tmp_path / "homes.geojson")
    (tmp_path / "delta.toml").write_text(TOML)
    return load_region_file(tmp_path / "delta.toml")


def by_name(inventory: Inventory) -> dict[str, Stream]:
    return {stream.name: stream for stream in inventory.streams}


def test_observe_reads_exactly_the_named_modalities(region_file: RegionFile) -> None:
    observations = observe(region_file)
    assert set(observations.modalities()) == {"terrain", "tide_gauge", "sar", "storms"}
    assert observations.optical is observations.weather is observations.sar_reference is None
    assert observations.assets is not None
    assert set(observations.provenance) == {"terrain", "tide_gauge", "sar", "storms", "assets"}
    assert {provenance.kind for provenance in observations.provenance.values()} == {"real"}
    assert observations.provenance["terrain"].source == "a plane"
    assert observations.provenance["tide_gauge"].source == "own.csv"
    assert observations.provenance["assets"].source == "homes.geojson"


def test_an_unreadable_file_stops_observe(region_file: RegionFile, tmp_path: Path) -> None:
    (tmp_path / "sar.tif").write_bytes(b"")
    with pytest.raises(InputError, match=r"sar\.tif"):
        observe(region_file)


def test_the_inventory_counts_gaps_spans_and_age(region_file: RegionFile) -> None:
    inventory = take_inventory(region_file, NOW)
    streams = by_name(inventory)
    gauge = streams["tide_gauge: Own"]
    assert gauge.state == "present"
    assert gauge.gap_share == pytest.approx(30 / TIME.size)
    assert gauge.longest_gap == 30.0
    assert gauge.spans == ((TIME[0], TIME[99]), (TIME[130], TIME[-1]))
    assert gauge.age_days == pytest.approx(10.0)
    assert streams["sar"].count == 2
    assert streams["sar"].longest_gap == 12 * 24
    assert streams["optical"].state == "absent"
    assert "no land cover" in streams["optical"].cost
    assert "2 surveyed" in streams["assets"].detail
    assert inventory.is_usable


def test_an_unreadable_stream_does_not_hide_the_others(region_file: RegionFile, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_bytes(b"\x00")
    (tmp_path / "sar.tif").write_bytes(b"II*")
    (tmp_path / "tracks.csv").write_text("")
    inventory = take_inventory(region_file, NOW)
    streams = by_name(inventory)
    for name, file in (("tide_gauge: Own", "own.csv"), ("sar", "sar.tif"), ("storms", "tracks.csv")):
        assert streams[name].state == "unreadable"
        assert file in streams[name].detail
    assert streams["terrain"].state == streams["assets"].state == "present"
    assert not inventory.is_usable


def test_without_terrain_the_other_streams_are_listed(region_file: RegionFile, tmp_path: Path) -> None:
    (tmp_path / "dem.tif").unlink()
    inventory = take_inventory(region_file, NOW)
    streams = by_name(inventory)
    assert streams["terrain"].state == "unreadable"
    assert streams["tide_gauge: Own"].state == "present"
    assert streams["assets"].state == "present"
    assert not inventory.is_usable
    draw_inventory(inventory, tmp_path / "check.png")


def test_a_place_without_a_survey_of_assets_can_be_planned_for(region_file: RegionFile) -> None:
    inventory = take_inventory(region_file.model_copy(update={"assets": None}), NOW)
    streams = by_name(inventory)
    assert inventory.is_usable
    assert streams["assets"].state == "absent"
    assert streams["assets"].cost.startswith("no damage and no money")


def test_the_table_states_the_cost_of_each_absence(region_file: RegionFile, tmp_path: Path) -> None:
    (tmp_path / "sar.tif").write_bytes(b"II*")
    console = Console(width=220, record=True, file=(tmp_path / "out.txt").open("w"))
    inventory = take_inventory(region_file, NOW)
    console.print(inventory_table(inventory))
    text = console.export_text()
    for stream in inventory.streams:
        assert stream.name in text
    assert "unreadable" in text
    assert "without it: floods under cloud are not observed" in text
    assert "4.0%" in text  # 30 of 744 hours
    console.file.close()


def test_the_figure_is_a_png(region_file: RegionFile, tmp_path: Path) -> None:
    draw_inventory(take_inventory(region_file, NOW), tmp_path / "check.png")
    content = (tmp_path / "check.png").read_bytes()
    assert content[:4] == b"\x89PNG"
    assert len(content) > 20_000


def test_known_spans_of_nothing_and_of_everything() -> None:
    assert known_spans(TIME, np.zeros(TIME.size, dtype=bool)) == ()
    assert known_spans(TIME, np.ones(TIME.size, dtype=bool)) == ((TIME[0], TIME[-1]),)


def test_caorle_is_observed_with_its_flood_and_its_sea(shared_data: Path) -> None:
    region_file = load_region_file(Path(__file__).parents[4] / "examples" / "caorle.toml", shared_data)
    observations = observe(region_file)
    region, terrain = observations.region, observations.terrain
    row, column = region.cells_of(np.array([region.sea_point[0]]), np.array([region.sea_point[1]]))
    water, elevation = terrain["permanent_water"].values, terrain["elevation"].values
    assert water[row[0], column[0]] == 1
    assert elevation[water == 0].min() > 0.1  # this terrain's land starts at 0.3 m
    assert 0.2 < np.mean(water[~np.isnan(elevation)] == 1) < 0.4
    own = observations.require_gauge()["water_level"][0].dropna("time")
    start, end = region_file.split.windows[0]
    peak = own["time"].values[own.values.argmax()]
    assert start < peak < end
    assert peak == np.datetime64("2022-11-22T09:00", "ns")
    assert float(own.max()) == pytest.approx(1.87 - 0.32, abs=0.12)  # an hourly mean lies below the peak
    city = observations.require_gauge()["water_level"][2].sel(time=peak)
    assert float(city) < 0.6 - 0.32 + 0.05
    assert observations.assets is None, "nobody surveyed this place, and none are invented"
    assert all(stream.state != "unreadable" for stream in take_inventory(region_file).streams)


def test_published_return_levels_stand_among_the_inputs_whether_given_or_not(
    region_file: RegionFile, tmp_path: Path
) -> None:
    absent = by_name(take_inventory(region_file, NOW))["return_levels"]
    assert (absent.state, "own record" in absent.cost) == ("absent", True)
    path = tmp_path / "delta.toml"
    path.write_text(
        f"{TOML}\n[return_levels]\nsource = 'a model'\nperiods = [2, 100]\nlevels = [1.0, 2.2]\nlow = [0.9, 1.6]\n"
        "high = [1.1, 3.1]\nvertical_datum = 'region'\n"
    )
    given = by_name(take_inventory(load_region_file(path), NOW))["return_levels"]
    assert (given.state, given.count) == ("present", 2)
    assert given.detail == "published levels of 2 to 100 years, 1.00 to 2.20 m, with bounds of 90% chance"


def test_gauges_of_different_years_are_looked_at_together(region_file: RegionFile, tmp_path: Path) -> None:
    text = TOML.replace('paths = "own.csv"', 'paths = "later.csv"').split("[[tide_gauge]]")[1].split("[sar]")[0]
    table = pd.read_csv(tmp_path / "own.csv")
    later = pd.to_datetime(table["time"]) + pd.Timedelta(days=400)
    table.assign(time=later.dt.strftime("%Y-%m-%dT%H:%M")).to_csv(tmp_path / "later.csv", index=False)
    path = tmp_path / "delta.toml"
    path.write_text(f"{TOML}\n[[tide_gauge]]{text.replace('Own', 'Neighbour')}")
    inventory = take_inventory(load_region_file(path), NOW)
    assert not inventory.unreadable
    assert {"tide_gauge: Own", "tide_gauge: Neighbour"} <= set(by_name(inventory))
