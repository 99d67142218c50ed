"""``risk_data_library.json`` has what the Risk Data Library Standard 0.2 requires, and names files that exist."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tests.fixtures.reports as coast
from strandline.observations.exposure.assets import asset_classes
from strandline.observations.fetch.credits.data_files import DataFile
from strandline.report.catalogues.risk_data_library import CATEGORIES, describe_for_catalogues
from strandline.report.findings import SeaLevelRiseScenario
from strandline.report.products import write_products

SCHEMA = "https://docs.riskdatalibrary.org/en/0__2__0/rdls_schema.json"
"""A constant of the schema itself."""
REQUIRED = {
    "dataset": ("id", "title", "risk_data_type", "publisher", "contact_point", "creator", "spatial", "license",
                "resources"),
    "resource": ("id", "title", "description", "format", "url"),
    "event_set": ("id", "hazards", "analysis_type"),
    "event": ("id", "calculation_method", "hazard", "occurrence"),
    "hazard": ("id", "type", "processes"),
    "footprint": ("id", "intensity_measure"),
    "exposure": ("category", "metrics"),
    "metric": ("id", "dimension", "quantity_kind"),
    "cost": ("id", "type", "unit"),
    "loss": ("hazard_type", "cost", "hazard_id", "exposure_id", "vulnerability_id"),
}  # fmt: skip
"""By the schema of version 0.2, and its closed lists as far as they are used."""
CODES = {
    "category": {"agriculture", "buildings", "infrastructure", "population", "natural_environment"},
    "analysis_type": {"deterministic", "empirical", "probabilistic"},
    "calculation_method": {"inferred", "observed", "simulated"},
    "hazard_type": {"coastal_flood", "convective_storm", "drought", "earthquake", "flood", "tsunami"},
}


def need(kind: str, entry: dict[str, Any]) -> None:
    missing = [key for key in REQUIRED[kind] if entry.get(key) in (None, "", [], {})]
    assert missing == [], f"{kind} {entry.get('id')} lacks {missing}"
    for key, codes in CODES.items():
        assert entry.get(key, next(iter(codes))) in codes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    results = coast.results("simulated")
    higher = SeaLevelRiseScenario("SSP2-4.5, 2050", 0.3, "IPCC", results.hazard, coast.amount(1.0, 2.0, 3.0))
    write_products(out, replace(results, rise_scenarios=(higher,)))
    return out


def test_every_data_set_has_what_the_standard_requires(folder: Path) -> None:
    described = json.loads((folder / "risk_data_library.json").read_text(encoding="utf-8"))
    datasets = {dataset["id"]: dataset for dataset in described["datasets"]}
    assert len(datasets) == len(described["datasets"]) == 5  # a hazard; buildings and infrastructure twice
    for dataset in datasets.values():
        need("dataset", dataset)
        assert dataset["links"][0] == {"href": SCHEMA, "rel": "describedby"}
        assert "SIMULATED" in dataset["description"]
        assert set(dataset["risk_data_type"]) == {"hazard", "exposure", "loss"} & set(dataset)
        west, south, east, north = dataset["spatial"]["bbox"]
        assert 12 < west < east < 14
        assert 45 < south < north < 46
        for resource in dataset["resources"]:
            need("resource", resource)
            assert (folder / resource["url"]).is_file()
        if "exposure" in dataset:
            need("exposure", dataset["exposure"])
            need("metric", dataset["exposure"]["metrics"][0])
        if "loss" in dataset:
            need("loss", dataset["loss"])
            need("cost", dataset["loss"]["cost"][0])
            assert datasets[dataset["loss"]["hazard_id"]]["risk_data_type"] == ["hazard"]
            exposed = datasets[dataset["loss"]["exposure_id"]]
            assert exposed["exposure"]["category"] == dataset["loss"]["category"]


def test_every_scenario_is_an_event_set_and_every_return_period_an_event(folder: Path) -> None:
    described = json.loads((folder / "risk_data_library.json").read_text(encoding="utf-8"))
    sets = described["datasets"][0]["hazard"]["event_sets"]
    assert [one["id"] for one in sets] == ["today", "ssp2-4-5-2050"]
    for one in sets:
        need("event_set", one)
        need("hazard", one["hazards"][0])
        periods = [event["occurrence"]["probabilistic"]["return_period"] for event in one["events"]]
        assert periods == list(coast.PERIODS)
        for event in one["events"]:
            need("event", event)
            need("hazard", event["hazard"])
            need("footprint", event["footprints"][0])


def test_every_class_of_asset_has_one_category_and_licences_are_not_merged() -> None:
    classes = [name for category in CATEGORIES.values() for name in category]
    assert sorted(classes) == sorted(asset_classes())
    results = coast.results("real")
    datasets = describe_for_catalogues(results)["datasets"]
    assert {dataset["license"] for dataset in datasets} == {"CC-BY-4.0"}
    assert all("SIMULATED" not in dataset["description"] for dataset in datasets)
    provenance = results.observations.provenance
    other = {**provenance, "terrain": replace(provenance["terrain"], licence="own")}
    mixed = replace(results, observations=replace(results.observations, provenance=other))
    assert {dataset["license"] for dataset in describe_for_catalogues(mixed)["datasets"]} == {"Custom"}


def test_the_credits_that_licences_ask_for_are_in_every_description() -> None:
    results = coast.results("real")
    terrain = DataFile("dem.tif", "terrain", "glo30", "free", "© DLR", "2021-04-01", "2026-11-30", "ab" * 32)
    with_file = replace(results, observations=replace(results.observations, files=(terrain,)))
    for dataset in describe_for_catalogues(with_file)["datasets"]:
        assert dataset["description"].endswith("Credits: © DLR.")
    assert all("Credits" not in dataset["description"] for dataset in describe_for_catalogues(results)["datasets"])
