"""Sections of a new region file that are not there yet, as commented lines that are valid once filled in.

A comment has a space after its #; a key that is still open has none.
"""

from strandline.observations.checks.inventory.stream import COSTS

OPEN_TERRAIN = tuple(
    """\
# OPEN: an elevation raster in any CRS. `strandline fetch` brings one and fills this in; so does `strandline new
# --terrain FILE`. Nothing can be run without it.
#[terrain]
#path = "terrain.tif"
#vertical_datum = "region"
# [m] Standard deviation of its error on low land.
#elevation_error = 2.0
#permanent_water = { below = 0.1 }""".splitlines()
)

_SECTIONS = (
    (
        "tide_gauge",
        """\
# The first is the coast's own gauge, others are its neighbours. Clock, unit and datum are asked for: no file says them.
#[[tide_gauge]]
#name = "OWN GAUGE"
#paths = ["gauge.csv"]
# or long, uhslc, noaa_coops, netcdf
#format = "wide"
#columns = { time = "time", level = "level" }
#unit = "m"
#time_zone = "UTC"
#vertical_datum = { name = "zero of the gauge", kind = "chart datum" }
# What is added to its readings to reach the region's datum. To find it, the best first: a levelled benchmark of the
# gauge; the mean sea level that its tide table or data centre states, less that of the geoid model (uncertainty 0.1
# with a grid of mean dynamic topography); minus the mean of a year or more of its readings, which takes mean sea level
# for the zero of the geoid model (uncertainty 0.5: on the world's coasts it lies 0.8 m below to 1.3 m above it). Leave
# the offset out, and `strandline check` computes that mean and shows the line. A wrong one shifts every level by as
# much.
#offset_to_region_datum = { metres = 0.0, uncertainty = 0.5, source = "BENCHMARK OR TIDE TABLE" }
#longitude = 0.0
#latitude = 0.0
# A level above the region's datum, or the first and last day of the record to average.
#mean_sea_level = [2010-01-01, 2019-12-31]
#minimum_share = 0.5""",
    ),
    (
        "tides",
        """\
#[tides]
#constants = "tides.csv"
#station = "NAME OR ID"
#source = "TICON-4"
#licence = "CC-BY-4.0\"""",
    ),
    (
        "extremes",
        """\
#[extremes]
#source = "WHO PUBLISHED THEM"
#path = "maxima.csv"
#year = "year"
#maximum = "maximum"
#unit = "m"
#vertical_datum = { name = "zero of the gauge", kind = "chart datum" }
#offset_to_region_datum = { metres = 0.0, uncertainty = 0.1, source = "BENCHMARK OR TIDE TABLE" }
#trend = true""",
    ),
    (
        "return_levels",
        """\
#[return_levels]
#source = "WHO PUBLISHED THEM"
#periods = [2, 10, 100]
#levels = [1.0, 1.5, 2.2]
#low = [0.9, 1.2, 1.6]
#high = [1.1, 1.9, 3.1]
#chance = 0.9
#unit = "m"
#vertical_datum = "region\"""",
    ),
    (
        "storms",
        """\
# Where cyclones strike. [km] Every storm that comes so near.
#[storms]
#path = "ibtracs.csv"
#distance = 600.0""",
    ),
    (
        "weather",
        """\
#[weather]
#path = "era5.nc"
#margin = 2.0""",
    ),
    (
        "sar",
        """\
#[sar]
#scale = "dB"
#bands = { vv = 1, vh = 2 }
#scenes = [{ path = "flood.tif", time = 2020-05-21T00:00:00Z }]
#reference = ["dry.tif"]""",
    ),
    (
        "optical",
        """\
#[optical]
#bands = { green = 1, near_infrared = 2, shortwave_infrared = 3 }
#reflectance_scale = 0.0001
#scenes = [{ path = "optical.tif", time = 2020-02-01, cloud_mask = "clouds.tif" }]""",
    ),
    (
        "flood_survey",
        """\
# What people saw: marks, photographs, polygons, a raster, loggers. Hold such a flood out: the maps are scored by it.
#[[flood_survey]]
#kind = "marks"
#path = "marks.csv"
#time = 2020-05-21
#columns = { longitude = "longitude", latitude = "latitude", depth = "depth" }
#unit = "m"
#[split]
#held_out = [[2020-05-18, 2020-05-24]]""",
    ),
    (
        "assets",
        """\
# One [[assets]] for each file: a survey, or with kind = "map" what an open map shows, whose values nobody stated.
#[[assets]]
#path = "buildings.geojson"
#columns = { asset_class = "class", value = "value", people = "people" }
#survey_year = 2024""",
    ),
    (
        "people",
        """\
# Where no survey counts people: a raster of persons in each cell, as GHS-POP or WorldPop.
#[people]
#path = "people.tif"
#year = 2025""",
    ),
    (
        "place_names",
        """\
# What people call the places; columns also kind, population, and name_in = { en = "name_en" }.
#[place_names]
#path = "places.geojson"
#columns = { name = "name" }""",
    ),
    (
        "zones",
        """\
#[zones]
#path = "zones.geojson"
#name_column = "name\"""",
    ),
    (
        "scenarios",
        """\
#[scenarios]
#return_periods = [2.0, 5.0, 10.0, 25.0, 50.0, 100.0]
#[[scenarios.sea_level_rise]]
#scenario = "SSP2-4.5"
#year = 2050""",
    ),
)
OPEN_SECTIONS = tuple(
    line for name, text in _SECTIONS for line in (f"# Without it: {COSTS[name]}.", *text.splitlines(), "")
)[:-1]
