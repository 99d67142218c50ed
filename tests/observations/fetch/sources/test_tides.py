"""TICON's constants from the user's tables."""

from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.source import FetchChoice
from strandline.observations.fetch.sources.tides import Ticon
from strandline.observations.readers.published.tidal_constants import read_tidal_constants
from strandline.observations.region_file.data_sections import TidesSection
from tests.fixtures.data_services import asking

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


def test_tables_that_are_not_there_are_asked_for_with_their_address(tmp_path: Path) -> None:
    with asking("ticon") as client, pytest.raises(InputError, match=r"needs its tables.*109129.*--file ticon=FOLDER"):
        Ticon().plan(KOYRA, FetchChoice(), client)
    with asking("ticon") as client, pytest.raises(InputError, match="is not there"):
        Ticon().plan(KOYRA, FetchChoice(files={"ticon": tmp_path}), client)
