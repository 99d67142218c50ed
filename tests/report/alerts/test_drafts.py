"""Drafts of the plan's triggers for the forecast shown."""

from dataclasses import replace

import pandas as pd
import pytest

import tests.fixtures.reports as coast
from strandline.observations.observations import ProvenanceKind
from strandline.report.alerts.cap import (
    as_cap,
)
from strandline.report.alerts.drafts import draft_warnings
from strandline.report.alerts.forecast_trace import exceedance_probability, forecast_of_the_peak
from strandline.report.findings import RunResults
from strandline.report.page.narrative import drafts_sentence
from tests.fixtures.flood_warnings import ISSUER, assert_valid, parsed


def at_issue(results: RunResults) -> RunResults:
    """The results of a run at the hour at which its forecast was issued."""
    return replace(results, run=replace(results.run, started=coast.ISSUE))


def test_an_old_hindcast_of_a_real_place_never_becomes_a_draft() -> None:
    results = coast.results("real")
    assert results.run.started > results.surge["time"].max()
    assert draft_warnings(results) == []
    assert draft_warnings(at_issue(results)) != []
    assert draft_warnings(coast.results("simulated")) != [], "an exercise"


def test_the_report_says_why_a_run_drafts_no_warning_from_a_forecast_of_the_past() -> None:
    real = coast.results("real")
    trace = forecast_of_the_peak(real.surge)
    assert "No warning is drafted: the forecast shown is of the past and ends on 23 November 2022, 18:00 UTC" in (
        drafts_sentence(real, trace)
    )
    assert drafts_sentence(at_issue(real), trace) == "Drafts of warnings are in the folder alerts."
    assert drafts_sentence(coast.results("simulated"), trace) == "Drafts of warnings are in the folder alerts."


@pytest.mark.parametrize("hours", [0, 10, 20, 40])
def test_a_draft_about_a_real_place_is_about_hours_to_come(hours: int) -> None:
    results = coast.results("real")
    started = coast.ISSUE + pd.Timedelta(hours=hours)
    for draft in draft_warnings(replace(results, run=replace(results.run, started=started))):
        assert draft.onset > started


def test_the_probability_is_at_least_that_of_the_most_likely_hour_and_the_message_says_at_least() -> None:
    results = coast.results()
    (draft,) = draft_warnings(results)
    rows = results.surge[results.surge["issue_time"] == coast.ISSUE]
    level = float(dict(draft.parameters)["waterLevel"].removesuffix(" m"))
    assert draft.is_lower_bound
    assert draft.probability == pytest.approx(exceedance_probability(rows, level).max())
    (unsure,) = draft_warnings(replace(results, surge=results.surge.assign(p10=0.9, p50=1.0, p90=1.4)))
    assert 0.05 < unsure.probability < 0.95
    assert "How sure: at least" in unsure.texts[0].instruction


def test_the_validity_of_a_draft_lasts_until_the_level_can_no_longer_be_exceeded() -> None:
    (draft,) = draft_warnings(coast.results())
    level = dict(draft.parameters)["waterLevel"]
    rows = coast.surge_forecast()
    rows = rows[rows["issue_time"] == draft.issued]
    possible = rows["time"][exceedance_probability(rows, float(level.removesuffix(" m"))) >= 0.05]
    assert draft.expires == possible.max() + pd.Timedelta(hours=1)


def test_the_area_of_a_draft_is_its_flooded_patches_and_not_one_hull() -> None:
    (draft,) = draft_warnings(coast.results())
    assert [area.name for area in draft.areas] == ["Mouth of the Sella"]
    assert len(draft.areas[0].polygons) > 1


def test_a_draft_has_a_text_in_every_language_of_the_place() -> None:
    results = coast.results()
    issuer = replace(results.issuer, languages=("bn", "en-GB", "vi"))
    (draft,) = draft_warnings(replace(results, issuer=issuer))
    assert [text.language for text in draft.texts] == ["bn", "en-GB", "vi"]
    assert_valid(as_cap(draft, issuer))


@pytest.mark.parametrize("kind", ["simulated", "real"])
def test_a_draft_follows_the_schema(kind: ProvenanceKind) -> None:
    found = draft_warnings(at_issue(coast.results(kind)))
    assert found
    for warning in found:
        assert_valid(as_cap(warning, replace(ISSUER, contact="duty desk, channel 16")))


def test_a_trigger_out_of_reach_gets_one_draft_that_says_unlikely() -> None:
    results = coast.results()
    plan = results.plan
    found = draft_warnings(replace(results, plan=replace(plan, protocol=coast.a_protocol(9.0))))
    assert len(found) == 1
    assert parsed(found[0])["certainty"] == "Unlikely"
    assert parsed(found[0])["responseType"] == "Monitor"
    assert "What to do: nothing yet" in found[0].texts[0].instruction


def test_a_plan_without_triggers_and_a_run_without_forecast() -> None:
    results = coast.results()
    bare = replace(results, plan=replace(results.plan, protocol=None))
    assert len(draft_warnings(bare)) == 1
    assert draft_warnings(replace(results, surge=results.surge.iloc[:0])) == []


def test_a_reached_trigger_requests_the_response_of_the_protocol() -> None:
    (reached,) = draft_warnings(coast.results())
    assert (reached.response, reached.message) == ("Evacuate", "Alert")
    assert parsed(reached)["responseType"] == "Evacuate"
    certain = coast.results()
    surge = certain.surge.assign(p90=certain.surge["p90"].clip(upper=1.1), p50=certain.surge["p50"].clip(upper=1.0))
    (watched,) = draft_warnings(replace(certain, surge=surge))
    assert watched.response == "Monitor"
