"""Drafts of the plan's triggers for the forecast shown."""

from dataclasses import replace

import pytest
from lxml import etree

import tests.fixtures.reports as coast
from strandline.observations.observations import ProvenanceKind
from strandline.report.alerts.cap import (
    as_cap,
)
from strandline.report.alerts.drafts import draft_warnings
from tests.fixtures.flood_warnings import ISSUER, SCHEMA, parsed


@pytest.mark.parametrize("kind", ["simulated", "real"])
def test_a_draft_follows_the_schema(kind: ProvenanceKind) -> None:
    found = draft_warnings(coast.results(kind))
    assert found
    for warning in found:
        document = etree.fromstring(as_cap(warning, replace(ISSUER, contact="duty desk, channel 16")))
        SCHEMA.assertValid(document)


def test_a_trigger_out_of_reach_gets_one_draft_that_says_unlikely() -> None:
    results = coast.results()
    plan = results.plan
    found = draft_warnings(replace(results, plan=replace(plan, protocol=coast.a_protocol(9.0))))
    assert len(found) == 1
    assert parsed(found[0])["certainty"] == "Unlikely"
    assert parsed(found[0])["responseType"] == "Monitor"
    assert "not reached" in found[0].instruction


def test_a_plan_without_triggers_and_a_run_without_forecast() -> None:
    results = coast.results()
    bare = replace(results, plan=replace(results.plan, protocol=None))
    assert len(draft_warnings(bare)) == 1
    assert draft_warnings(replace(results, surge=results.surge.iloc[:0])) == []


def test_a_draft_says_when_to_stop_and_what_to_do_without_readings() -> None:
    instruction = draft_warnings(coast.results())[0].instruction
    assert "Stand down when" in instruction
    assert "Without readings for 3 hours" in instruction


def test_a_reached_trigger_requests_the_response_of_the_protocol() -> None:
    (reached,) = draft_warnings(coast.results())
    assert (reached.response, reached.message) == ("Evacuate", "Alert")
    assert parsed(reached)["responseType"] == "Evacuate"
    certain = coast.results()
    surge = certain.surge.assign(p90=certain.surge["p90"].clip(upper=1.1), p50=certain.surge["p50"].clip(upper=1.0))
    (watched,) = draft_warnings(replace(certain, surge=surge))
    assert watched.response == "Monitor"
