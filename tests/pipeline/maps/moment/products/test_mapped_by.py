"""Whoever can map an image has words for people: no name of a member stands in a product alone."""

import json
from itertools import product

import pytest

from strandline.models.flood.scenes.index_thresholds import CHANGE, FOUND, STATED
from strandline.models.weights.load_scene_weights import CARD
from strandline.models.weights.load_weights import SHIPPED
from strandline.observations.flood_scenes.scene import RADAR_BANDS
from strandline.pipeline.maps.moment.products.mapped_by import WORDS, has_stated_threshold, in_words

COMMITTEE = [member["name"] for member in json.loads((SHIPPED / CARD).read_text(encoding="utf-8"))["members"]]
RADAR = [f"{band}_{origin}" for band, origin in product(RADAR_BANDS, (FOUND, STATED))]
THRESHOLDS = [*RADAR, *(f"{name}_{CHANGE}" for name in RADAR), "mndwi", "ndwi", "points"]


def test_every_member_of_the_committee_that_ships_and_every_threshold_has_words() -> None:
    assert set(WORDS) == {*COMMITTEE, *THRESHOLDS}
    assert not any("_" in words for words in WORDS.values())


def test_the_same_words_stand_once() -> None:
    assert in_words(("thresholds_radar", "untrained_radar")) == ("thresholds found in the radar image",)


def test_a_member_that_somebody_else_made_keeps_its_name() -> None:
    assert in_words(("transformer_radar", "my_own_network")) == ("Vision Transformer on radar", "my own network")


@pytest.mark.parametrize("name", THRESHOLDS)
def test_a_fixed_threshold_is_known_by_its_name(name: str) -> None:
    assert has_stated_threshold([name]) == ("fixed" in WORDS[name])
