"""Rain and rivers in the networks: what is not known changes nothing, and what is known can count."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from strandline.distillation.waterlines.archive_streams import attach_whole_archive
from strandline.distillation.waterlines.flood_archive import build_archive
from strandline.models.batch import FLOOD_ISSUE, Batch
from strandline.models.batching import build_gauge_batch, build_storm_batch
from strandline.models.encoders.inflow import InflowEncoder, compare_inflow, summarise_inflow
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.residual_process import fit_sea_level_model
from strandline.observations.weather.storms import AFTER_PEAK, BEFORE_PEAK, Storm
from strandline.simulator.coast import simulate_coast
from tests.fixtures.batches import make_sea_level_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def coast() -> Observations:
    return simulate_coast("compound", 4, shape=(32, 32), years=2.0, n_storms=6, n_surveys=2, compound=True)


def storms_of(coast: Observations) -> list[Storm]:
    truth = coast.require("truth")
    pairs = zip(truth["time"].values, truth["peak_level"].values, strict=True)
    return [Storm(at - BEFORE_PEAK, at, at + AFTER_PEAK, float(peak)) for at, peak in pairs]


@pytest.fixture(scope="module")
def batch(coast: Observations) -> Batch:
    gauge = coast.require_gauge()
    level = gauge["water_level"].values[0] - float(gauge["mean_sea_level"].values[0])
    sea_level = fit_sea_level_model(gauge["time"].values, level, 22.0, name="own", source="simulated")
    return build_storm_batch(coast, storms_of(coast), sea_level, "truth")


def test_a_storm_knows_the_rain_and_discharge_that_were_measured_of_it(coast: Observations, batch: Batch) -> None:
    inflow, seen = batch.pair("inflow")
    river, rain = coast.require("river")["discharge"], coast.require("weather")["rain"][:, 0, 0]
    assert seen.all()
    for number, storm in enumerate(storms_of(coast)):
        hours = storm.peak + np.arange(12 - 71, 13).astype("timedelta64[h]")
        ratio = np.log(river[0].sel(time=hours).values / float(river[0].mean()))
        np.testing.assert_allclose(inflow[number, :, 1], ratio, atol=1e-5)
        at = np.flatnonzero(np.isin(hours, rain["time"].values))
        np.testing.assert_allclose(inflow[number, at, 0], rain.sel(time=hours[at]).values, atol=1e-5)


def test_a_batch_holds_the_rain_and_discharge_that_were_known_at_the_issue(coast: Observations) -> None:
    issue = np.array([storm.peak + FLOOD_ISSUE for storm in storms_of(coast)])
    inflow, seen = build_gauge_batch(coast, issue, make_sea_level_model()).pair("inflow")
    river, rain = coast.require("river")["discharge"], coast.require("weather")["rain"][:, 0, 0]
    for number, storm in enumerate(storms_of(coast)):
        hours = storm.peak + np.arange(12 - 71, 13).astype("timedelta64[h]")
        by_then = float(river[0].sel(time=slice(None, hours[-1])).mean())
        ratio = np.log(river[0].sel(time=hours).values / by_then)
        np.testing.assert_allclose(inflow[number, :, 1], ratio, atol=1e-5)
        known = seen[number, :, 0].numpy()
        assert known[:60].all()
        assert not known[-5:].any(), "an analysis of the last hours was not there yet"
        at = np.flatnonzero(known & np.isin(hours, rain["time"].values))
        assert at.size > 15
        np.testing.assert_allclose(inflow[number, at, 0], rain.sel(time=hours[at]).values, atol=1e-5)


def test_a_summary_is_the_rain_of_three_days_and_the_greatest_discharge() -> None:
    inflow, seen = torch.zeros(3, 72, 2), torch.ones(3, 72, 2, dtype=torch.bool)
    inflow[0, 10:20, 0], inflow[0, 30, 1], inflow[1, :, 1] = 5.0, 0.8, -0.5
    seen[1, 36:, 0], seen[2] = False, False
    summary, known = summarise_inflow(inflow, seen)
    assert summary[0].tolist() == pytest.approx([0.5, 0.8])
    assert summary[1].tolist() == pytest.approx([0.0, -0.5])
    assert known.tolist() == [[True, True], [True, True], [False, False]]
    assert summary[2].tolist() == [0.0, 0.0]
    compared = compare_inflow((summary, known), (summary.expand(3, 3, 2), known.expand(3, 3, 2)))
    assert compared[2].abs().max() == 0.0, "nothing is known of the present"
    assert compared[0, 1, 0] == pytest.approx(-0.5)
    assert compared[0, 0, :6].abs().max() == 0.0


def test_a_student_with_inflow_starts_as_the_one_without(batch: Batch) -> None:
    torch.manual_seed(0)
    blind = Student().eval()
    seeing = Student(inflow=True).eval()
    missing, unexpected = seeing.load_state_dict(blind.state_dict(), strict=False)
    assert not unexpected
    assert all("inflow" in name for name in missing)
    archive = build_archive(batch, Teacher().eval()(batch))
    full = attach_whole_archive(batch, archive)
    assert full.archive_inflow is not None
    with torch.no_grad():
        torch.testing.assert_close(seeing(full).flood_logits, blind(full).flood_logits)
        for parameter in (seeing.inflow.out.weight, seeing.archive.inflow.weight):  # type: ignore[union-attr]
            torch.nn.init.normal_(parameter, std=0.5)
        changed = seeing(full).flood_logits
        assert not torch.allclose(changed, blind(full).flood_logits)
        without = replace(full, inflow=None, inflow_seen=None, archive_inflow=None, archive_inflow_seen=None)
        torch.testing.assert_close(seeing(without).flood_logits, blind(without).flood_logits)
        unseen = replace(full, inflow_seen=torch.zeros_like(full.require("inflow_seen")))
        noise = replace(unseen, inflow=torch.randn_like(full.require("inflow")))
        torch.testing.assert_close(seeing(noise).flood_logits, seeing(unseen).flood_logits)


def test_floods_of_rain_at_a_low_sea_draw_no_waterlines(batch: Batch) -> None:
    archive = build_archive(batch, Teacher().eval()(batch))
    assert archive.inflow is not None
    rainy = archive.inflow[:, 0] > 0.5
    low = archive.level < archive.level.mean()
    assert (rainy & low).any()
    assert not archive.of_the_sea[rainy & low].any()
    assert archive.of_the_sea[~low].all(), "a cyclone's surge shows the ground, though it rains"
    sea = replace(archive.of_storms(archive.of_the_sea), inflow=None, inflow_seen=None)
    assert 0 < len(sea) < len(archive)
    torch.testing.assert_close(archive.waterlines, sea.waterlines)
    none = archive.of_storms(torch.zeros(len(archive), dtype=torch.bool))
    assert torch.isfinite(none.waterlines).all()


def test_the_encoder_reads_each_window() -> None:
    torch.manual_seed(0)
    encoder = InflowEncoder(16)
    torch.nn.init.normal_(encoder.out.weight)
    seen = torch.ones(12, 72, 2, dtype=torch.bool)
    inflow = torch.zeros(12, 72, 2)
    for window in range(12):
        inflow[window, 6 * window : 6 * window + 6, 0] = 10.0
    out = encoder(inflow, seen)
    assert torch.cdist(out, out).add(torch.eye(12)).min() > 1e-3
