"""TICON's constants from the user's tables."""

import gzip
from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.source import FetchChoice
from strandline.observations.fetch.sources.tides import Ticon
from strandline.observations.readers.published.tidal_constants import read_tidal_constants
from strandline.observations.region_file.data_sections import TidesSection
from tests.fixtures.data_services import asking

pytestmark = pytest.mark.slow

KOYRA = Box(89.2, 22.2, 89.5, 22.5)


def test_the_nearest_constants_are_cut_out_with_their_distance(shared_data: Path, tmp_path: Path) -> None:
    with asking("ticon") as client:
        (planned,) = Ticon().plan(KOYRA, FetchChoice(files={"ticon": shared_data / "tides"}), client)
        assert planned.what == "tidal constants of Hiron Point, 46 km from the box, and 4 neighbours"
        found = Ticon().download(planned, tmp_path / planned.name, client)
    assert found.section is not None
    values = dict(found.section.values)
    path = Path(str(values["constants"]).replace("fetched", str(tmp_path)))
    section = TidesSection.model_validate(values | {"constants": str(path), "stations": str(path)})
    assert section.stations is not None
    read = read_tidal_constants(path, "Hiron Point", 22.35, 89.35, section.stations)
    assert read.value.amplitude["M2"] == pytest.approx(0.80762)
    assert "lies 64 km away" in " ".join(map(str, read.findings))
    assert "a tide takes 1.3 h" in found.notes[0]


def test_a_place_between_two_stations_takes_the_tide_between_them(tmp_path: Path) -> None:
    names = {"south": (89.4, 21.8), "west": (88.6, 22.5), "south_east": (90.2, 21.8)}
    rows = [f"{each},M2,0.8,120" for each in names]
    (tmp_path / "ticon_ccby_constituents.csv.gz").write_bytes(
        gzip.compress("\n".join(["id,name,amplitude_m,phase_deg", *rows, ""]).encode())
    )
    places = [f"{each},{each.title()},{latitude},{longitude}" for each, (longitude, latitude) in names.items()]
    (tmp_path / "stations.csv.gz").write_bytes(gzip.compress("\n".join(["id,name,lat,lon", *places, ""]).encode()))
    with asking("ticon") as client:
        (planned,) = Ticon().plan(KOYRA, FetchChoice(files={"ticon": tmp_path}), client)
        found = Ticon().download(planned, tmp_path / planned.name, client)
        own = Box(89.3, 21.7, 89.5, 21.9)
        (alone,) = Ticon().plan(own, FetchChoice(files={"ticon": tmp_path}), client)
    assert found.section is not None
    assert found.section.values["station"] == ["south", "west"]
    assert "between South and West: the tide is interpolated" in " ".join(found.section.comments)
    assert alone.details["used"] == "south"


def test_tables_that_are_not_there_are_asked_for_with_their_address(tmp_path: Path) -> None:
    with asking("ticon") as client, pytest.raises(InputError, match=r"needs its tables.*109129.*--file ticon=FOLDER"):
        Ticon().plan(KOYRA, FetchChoice(), client)
    with asking("ticon") as client, pytest.raises(InputError, match="is not there"):
        Ticon().plan(KOYRA, FetchChoice(files={"ticon": tmp_path}), client)
