"""Assets: surveys in three formats, mapped and clipped to the region."""

import contextlib
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from shapely.geometry import Point, Polygon

from strandline.errors import InputError
from strandline.observations.exposure.assets import ASSET_COLUMNS
from strandline.observations.readers.exposure.assets import read_assets
from strandline.observations.region import Region
from strandline.observations.region_file.surveys.exposure_sections import AssetsSection
from tests.fixtures.datums import on_datum

REGION = Region(
    "Delta", "EPSG:32648", (600000.0, 1100000.0, 603200.0, 1101600.0), 100.0, "msl", (600050.0, 1100050.0), "asia"
)
COLUMNS = {"asset_class": "use", "floor_area": "m2", "asset_id": "code", "survey_year": "year"}
CLASSES = {"house": "residential", "shop": "commercial"}


def survey(crs: str = "EPSG:4326") -> gpd.GeoDataFrame:
    """Two assets inside (one a building's outline), one far outside."""
    outline = Polygon([(601000, 1100500), (601020, 1100500), (601020, 1100520), (601000, 1100520)])
    shapes = [outline, Point(602000, 1101000), Point(700000, 1100500)]
    frame = gpd.GeoDataFrame(
        {
            "code": ["a", "b", "c"],
            "use": ["house", "shop", "house"],
            "m2": [100.0, 50.0, 70.0],
            "year": [2011, 2015, 2015],
        },
        geometry=shapes,
        crs=REGION.crs,
    )
    return frame.to_crs(crs)


def section(path: Path, **changes: object) -> AssetsSection:
    stated = {"path": path, "columns": COLUMNS, "classes": CLASSES, "value_per_m2": 400.0}
    return AssetsSection.model_validate(stated | changes)


def write(frame: gpd.GeoDataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path, engine="pyogrio")
    return path


@pytest.mark.parametrize("name", ["a.geojson", "a.gpkg", "a.parquet"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32648", "EPSG:3857"])
def test_every_format_and_crs_gives_the_same_assets(tmp_path: Path, name: str, crs: str) -> None:
    assets = read_assets(section(write(survey(crs), tmp_path / name)), REGION).value
    assert list(assets.columns) == list(ASSET_COLUMNS)
    assert assets["asset_id"].tolist() == ["a", "b"]
    assert assets["asset_class"].tolist() == ["residential", "commercial"]
    assert assets["value"].tolist() == [40000.0, 20000.0]
    assert assets["survey_year"].tolist() == [2011, 2015]
    assert assets.crs == REGION.crs
    assert assets.geometry.iloc[0].area == pytest.approx(400.0, rel=1e-3)
    assert assets.geometry.iloc[1].distance(Point(602000, 1101000)) < 0.05


def test_values_without_a_column_are_set_for_all_assets(tmp_path: Path) -> None:
    path = write(survey(), tmp_path / "a.geojson")
    stated = section(path, columns={"value": "m2"}, asset_class="industrial", survey_year=2001)
    assets = read_assets(stated, REGION).value
    assert assets["asset_class"].tolist() == ["industrial"] * 2
    assert assets["survey_year"].tolist() == [2001] * 2
    assert assets["value"].tolist() == [100.0, 50.0]
    assert assets["asset_id"].tolist() == ["asset_1", "asset_2"]


def swapped(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    points = frame.geometry.representative_point()
    return frame.set_geometry(gpd.points_from_xy(points.y, points.x), crs=frame.crs)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (swapped, ["no asset lies in region 'Delta'", "x and y are swapped: write longitude first"]),
        (lambda f: f.iloc[2:], ["no asset lies in region 'Delta'", "check CRS and region"]),
        (lambda f: f.rename(columns={"use": "usage"}), ["has no column 'use'", "code, usage, m2, year"]),
        (
            lambda f: f.replace("shop", "castle"),
            ["row 2: 'castle' in column 'use' is not an asset class", "assets.classes"],
        ),
        (lambda f: f.assign(m2=[1.0, -5.0, 1.0]), ["row 2: '-5.0' in column 'm2'"]),
        (lambda f: f.assign(m2=["1", "big", "1"]), ["row 2: 'big' in column 'm2'"]),
        (lambda f: f.assign(code="a"), ["asset_id 'a' occurs twice"]),
        (lambda f: f.iloc[:0], ["has no features"]),
        (
            lambda f: f.set_geometry([f.geometry.iloc[0], None, f.geometry.iloc[2]], crs=f.crs),
            ["row 2: has no geometry"],
        ),
    ],
)
def test_bad_surveys_are_refused_by_row(tmp_path: Path, change: object, parts: list[str]) -> None:
    path = write(change(survey()), tmp_path / "a.gpkg")  # type: ignore[operator]
    with pytest.raises(InputError) as caught:
        read_assets(section(path), REGION)
    for part in ["a.gpkg", *parts]:
        assert part in str(caught.value)


def test_a_survey_without_a_crs_is_refused(tmp_path: Path) -> None:
    frame = survey()
    path = write(frame.set_crs(None, allow_override=True), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="no coordinate reference system"):
        read_assets(section(path), REGION)


@pytest.mark.parametrize("name", ["a.geojson", "a.gpkg", "a.parquet"])
def test_files_that_are_not_surveys_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_assets(section(tmp_path / name), REGION)
    for content, part in ((b"", "is empty"), (b"\x00\x01not a survey", "cannot be read")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=part):
            read_assets(section(tmp_path / name), REGION)


def test_without_pyarrow_the_error_names_the_extra_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(survey(), tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"strandline\[parquet\]"):
        read_assets(section(path), REGION)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", ["w.geojson", "w.gpkg", "w.parquet"])
def test_a_truncated_or_corrupt_survey_loads_or_is_refused(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = tmp_path_factory.getbasetemp() / name
    if not whole.exists():
        write(survey(), whole)
    content = bytearray(whole.read_bytes())
    cut = data.draw(st.integers(0, len(content)))
    offset = st.integers(0, len(content) - 1)
    for position, byte in data.draw(st.lists(st.tuples(offset, st.integers(0, 255)), max_size=3)):
        content[position] = byte
    path = whole.with_name("cut_" + name)
    path.write_bytes(bytes(content[:cut]))
    with contextlib.suppress(InputError):
        assert len(read_assets(section(path), REGION).value) > 0


def test_a_lattice_in_place_of_a_survey_is_refused_with_the_reason() -> None:
    lattice = {"spacing": 200.0, "asset_class": "residential", "floor_area": 500.0, "value_per_m2": 1000.0}
    with pytest.raises(
        ValidationError, match=r"a lattice is invented.*give a survey as 'path', or leave out \[assets\]"
    ):
        AssetsSection.model_validate({"lattice": lattice, "survey_year": 2017})


def test_embankments_have_a_toe_on_their_datum_and_a_condition_in_words(tmp_path: Path) -> None:
    dikes = survey().assign(top=[2.0, 3.0, 1.0], foot=[0.5, np.nan, 0.0], state=["Poor ", None, "good"])
    names = COLUMNS | {"crest": "top", "toe": "foot", "condition": "state"}
    path = write(dikes, tmp_path / "a.geojson")
    assets = read_assets(section(path, columns=names, **on_datum(0.3)), REGION).value
    assert assets["crest"].tolist() == pytest.approx([2.3, 3.3])
    assert assets["toe"].tolist() == pytest.approx([0.8, np.nan], nan_ok=True)
    assert assets["condition"].tolist() == ["poor", "unknown"]
    wrong = write(dikes.assign(state=["splendid", None, None]), tmp_path / "b.geojson")
    with pytest.raises(InputError, match=r"'splendid' in column 'state' is no condition .*good, fair, poor, unknown"):
        read_assets(section(wrong, columns=names, **on_datum(0.3)), REGION)
    upside_down = write(dikes.assign(foot=[2.5, np.nan, 0.0]), tmp_path / "c.geojson")
    with pytest.raises(InputError, match=r"is a crest below its toe .*the crest is the higher one"):
        read_assets(section(upside_down, columns=names, **on_datum(0.3)), REGION)
    with pytest.raises(ValidationError, match=r"columns\.crest or columns\.toe and 'vertical_datum' belong together"):
        section(path, columns=COLUMNS | {"toe": "foot"})


def test_details_of_a_survey_are_read_and_an_empty_cell_is_unknown(tmp_path: Path) -> None:
    more = survey().assign(
        ward=["east", None, "west"],
        souls=[4.0, np.nan, 1.0],
        floor=[0.6, np.nan, 1.0],
        top=[-0.2, 2.5, np.nan],
        beds=[300.0, np.nan, 0.0],
    )
    names = {"district": "ward", "people": "souls", "operation_threshold": "floor", "crest": "top", "places": "beds"}
    path = write(more, tmp_path / "a.geojson")
    assets = read_assets(section(path, columns=COLUMNS | names, **on_datum(0.3)), REGION).value
    assert assets["district"].iloc[0] == "east"
    assert assets["district"].isna().tolist() == [False, True]
    assert assets["people"].tolist() == pytest.approx([4.0, np.nan], nan_ok=True)
    assert assets["operation_threshold"].tolist() == pytest.approx([0.6, np.nan], nan_ok=True)
    assert assets["crest"].tolist() == pytest.approx([0.1, 2.8])
    assert assets["places"].tolist() == pytest.approx([300.0, np.nan], nan_ok=True)
    wrong = write(more.assign(souls=[-4.0, np.nan, 1.0]), tmp_path / "b.geojson")
    with pytest.raises(InputError, match=r"row 1: '-4\.0' in column 'souls' is not a number of 0 or more"):
        read_assets(section(wrong, columns=COLUMNS | names, **on_datum(0.3)), REGION)
