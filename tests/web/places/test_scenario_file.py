"""Scenarios: what a form offers, and what is written of it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from strandline.errors import InputError
from strandline.observations.region_file import load_region_file
from strandline.planning.settings import read_planning_settings
from strandline.web.places.place_folder import PlaceFolder, open_places
from strandline.web.places.scenario_file import Faults, save_scenario
from strandline.web.places.scenario_form import FormField, scenario_form
from tests.fixtures.region_files import REGION_FILE

STATED = """
[scenarios]
return_periods = [2, 10] # a comment that stays

[[scenarios.sea_level_rise]]
scenario = "SSP2-4.5"
year = 2050

[planning]
preset = "italy"
budget = 1e6
"""


@pytest.fixture
def place(tmp_path: Path) -> PlaceFolder:
    return open_places(tmp_path).create("Handmade", REGION_FILE + STATED)


def form_of(place: PlaceFolder, file: str = "handmade") -> dict[str, FormField]:
    return {field.key: field for field in scenario_form(place.region_file(file))}


def test_the_form_shows_what_is_stated_what_holds_otherwise_and_the_range_of_the_check(place: PlaceFolder) -> None:
    form = form_of(place)
    assert form["planning.budget"].value == 1e6
    assert form["planning.budget"].unit.startswith("EUR")
    assert (form["planning.discount_rate"].value, form["planning.discount_rate"].low) == (None, -0.05)
    assert form["planning.discount_rate"].otherwise == 0.03
    assert form["scenarios.return_periods"].value == [2, 10]
    assert form["scenarios.sea_level_rise"].value == [{"scenario": "SSP2-4.5", "year": 2050}]
    assert (form["planning.agreed_chance"].low, form["planning.agreed_chance"].high) == (0.01, 0.9)
    assert form["storminess"].value is None
    assert {"name": "storms as today"}.items() <= form["storminess"].otherwise[1].items()  # type: ignore[union-attr, index, call-overload, operator]
    growth = next(each for each in form["development"].columns if each.name == "growth_per_year")
    assert (growth.low, growth.high) == (-0.1, 0.1)


@pytest.mark.parametrize("value", ["low", "high"])
@pytest.mark.parametrize(
    "key", ["planning.discount_rate", "planning.agreed_chance", "planning.horizon_years", "planning.crews"]
)
def test_the_ends_of_each_range_are_those_that_are_accepted(place: PlaceFolder, key: str, value: str) -> None:
    end = getattr(form_of(place)[key], value)
    number = int(end) if end == int(end) else end
    beyond = number - 1 if value == "low" else number + 1
    assert save_scenario(place, "handmade", "within", {key: number})
    with pytest.raises(Faults, match=key):
        save_scenario(place, "handmade", "beyond", {key: beyond})


def test_a_changed_budget_a_removed_key_and_all_else_as_it_was(place: PlaceFolder) -> None:
    changes = {"planning.budget": 2e6, "planning.preset": None, "scenarios.sea_level_rise": None}
    name = save_scenario(place, "handmade", "Two", changes)
    text = place.region_file(name).read_text()
    before, after = tomllib.loads(place.region_file("handmade").read_text()), tomllib.loads(text)
    del before["planning"]["preset"], before["scenarios"]["sea_level_rise"]
    before["planning"]["budget"] = 2e6
    assert after == before
    assert "# a comment that stays" in text


def test_storms_development_and_prices_reach_the_plan(place: PlaceFolder) -> None:
    form = form_of(place)
    prices: Any = form["planning.measure"].value
    row = next(each for each in prices if each["key"] == "raise_embankment")
    row |= {"low": 1e6, "value": 2e6, "high": 3e6, "source": "a tender of 2026"}
    storms: Any = [{"name": "fiercer", "change_by_2100": 0.3, "source": "the council"}]
    name = save_scenario(place, "handmade", "Fierce", {"storminess": storms, "planning.measure": prices})
    section = load_region_file(place.region_file(name)).planning
    assert section is not None
    settings = read_planning_settings(section)
    assert [each.name for each in settings.scenarios.storminess] == ["fiercer"]
    assert len(settings.scenarios.developments) == 3
    assert list(section.measure) == ["raise_embankment"]
    figure = section.measure["raise_embankment"]["unit_cost"]
    assert (figure.low, figure.value, figure.high, figure.source) == (1e6, 2e6, 3e6, "a tender of 2026")
    again: Any = form_of(place, name)["planning.measure"].value
    assert next(each for each in again if each["key"] == "raise_embankment")["value"] == 2e6


def test_a_number_of_ones_own_does_not_keep_the_published_source(place: PlaceFolder) -> None:
    form = form_of(place)
    prices: Any = form["planning.measure"].value
    prices[0]["value"] *= 1.1
    with pytest.raises(InputError, match="the same source as before"):
        save_scenario(place, "handmade", "a", {"planning.measure": prices})
    storms: Any = form["storminess"].otherwise
    storms[0]["change_by_2100"] = -0.5
    with pytest.raises(InputError, match="the same source as before"):
        save_scenario(place, "handmade", "a", {"storminess": storms})
    assert place.files == ["handmade"]


def test_nonsense_in_the_futures_leaves_no_file(place: PlaceFolder) -> None:
    for changes in (
        {"storminess": []}, {"storminess": [{"name": "x", "change_by_2100": 5, "source": "y"}]},
        {"sea_level": ["SSP9"]},
        {"planning.discount_rate": 2, "storminess": [{"name": "x", "change_by_2100": 0.5, "source": "y"}]},
    ):  # fmt: skip
        with pytest.raises(InputError) as refused:
            save_scenario(place, "handmade", "a", changes)
        assert str(place.folder) not in str(refused.value)
    assert [path.name for path in place.folder.rglob("*.toml")] == ["handmade.toml"]


@pytest.mark.parametrize("key", ["terrain.path", "planning.scenarios", "planning.measures", "region.name", "__class__"])
def test_what_is_not_in_the_form_is_not_changed(place: PlaceFolder, key: str) -> None:
    with pytest.raises(InputError, match="cannot be changed here"):
        save_scenario(place, "handmade", "a", {key: "/etc/passwd"})
