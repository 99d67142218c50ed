"""The section of a region file on who issues warnings, in which languages and local time."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from strandline.observations.region_file import load_region_file
from strandline.observations.region_file.watch.warnings_section import COASTAL_FLOOD, LANGUAGES, WarningsSection

EXAMPLE = Path(__file__).parents[3] / "examples/caorle.toml"


def test_a_section_that_says_little_is_of_coastal_flood_in_english_and_utc_and_names_nobody() -> None:
    section = WarningsSection()
    assert (section.sender, section.languages, section.time_zone) == (None, ("en-GB",), "UTC")
    assert (section.category, section.event_code) == (("Met", "Safety"), dict([COASTAL_FLOOD]))


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"sender": "sella.example"}, "'sender' and 'sender_name' belong together"),
        ({"sender": "strandline.invalid", "sender_name": "Nobody"}, "is nobody"),
        ({"sender": "a b", "sender_name": "Harbour office"}, "pattern"),
        ({"sender": "a,b", "sender_name": "Harbour office"}, "pattern"),
        ({"languages": ("fr",)}, f"choose from {', '.join(LANGUAGES)}"),
        ({"languages": ("english",)}, "pattern"),
        ({"languages": ()}, "at least 1"),
        ({"languages": ("bn", "bn")}, "names one twice"),
        ({"time_zone": "Mars/Base"}, "not a time zone"),
        ({"category": ("Flood",)}, "Input should be"),
        ({"web": "sella.example"}, "not a web address"),
        ({"sender_nmae": "x"}, "Extra inputs"),
    ],
)
def test_each_mistake_is_refused(keys: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        WarningsSection(**keys)


def test_caorle_is_warned_in_italian_and_english_on_its_own_clock() -> None:
    section = load_region_file(EXAMPLE, EXAMPLE.parent).warnings
    assert section is not None
    assert (section.languages, section.time_zone, section.sender) == (("it", "en-GB"), "Europe/Rome", None)
