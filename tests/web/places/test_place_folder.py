"""The folder of the places."""

from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.web.places.place_folder import key_of, open_places
from tests.fixtures.region_files import REGION_FILE


@pytest.mark.parametrize(
    ("name", "key"),
    [("Koyra, Bangladesh", "koyra-bangladesh"), ("Bến Tre", "ben-tre"), ("বাঁধ", "place"), ("../..", "place"),
     ("a" * 99, "a" * 40), ("-", "place")],
)  # fmt: skip
def test_a_key_is_made_of_latin_letters_and_digits(name: str, key: str) -> None:
    assert key_of(name, "place") == key


def test_links_are_neither_places_nor_region_files(tmp_path: Path) -> None:
    places = open_places(tmp_path / "places")
    place = places.create("Handmade", REGION_FILE)
    (tmp_path / "secret.toml").write_text(REGION_FILE)
    (place.folder / "linked.toml").symlink_to(tmp_path / "secret.toml")
    (places.folder / "elsewhere").symlink_to(place.folder)
    assert [each.key for each in places.all()] == ["handmade"]
    assert place.files == ["handmade"]
    for name in ("linked", "../secret", "nothing"):
        with pytest.raises(InputError, match="has no region file"):
            place.region_file(name)


def test_a_place_whose_file_cannot_be_read_keeps_its_key_as_a_name(tmp_path: Path) -> None:
    place = open_places(tmp_path).create("Handmade", REGION_FILE)
    assert place.name == "Handmade"
    place.region_file("handmade").write_text("region =")
    assert place.name == "handmade"
