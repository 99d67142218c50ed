"""Damage states on simulated coasts: the damage head of the students, and the damage curve on their flood map.

The simulator draws the true states from the curves of Asia with a deviate per asset; the heads were trained on other
simulated coasts. The terrain is the elevation product, with an error of a metre and more.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from benchmarks.impact.summary import TOOLS
from benchmarks.record import Row
from strandline.distillation.adaptation.data import prepare_adaptation
from strandline.models.batching import build_storm_batch
from strandline.models.inference import student_inputs
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.observations.arrays import Floats
from strandline.observations.exposure.assets import CURVE_CLASSES
from strandline.observations.region import Region
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.stages.record import split_record
from strandline.pipeline.study_area import StudyArea
from strandline.risk.hazard.flood_maps import depth_at_quantile
from strandline.risk.impact.impact import DAMAGE_STATES
from strandline.risk.stage_damage.damage_chain import damage_ratios, draw_curve_deviates
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.vulnerability import damage_state
from strandline.simulator.coast import simulate_coast
from strandline.uncertainty.calibration import calibrate_on
from strandline.uncertainty.forecaster import Forecast

SURVEYS = {"recent": (0.0, 0.0), "outdated": (150.0, 0.1)}
"""Further errors of a survey: standard deviation of positions [m], and share of assets of a changed class.

Assumptions; simulated positions have an error of 25 m already."""
SAMPLES = 60
FIRST_TUNING_COAST, FIRST_TEST_COAST = 2_000_000, 500
LEAST = 1e-3
"""Lowest probability in the logarithmic score: sixty samples resolve none smaller."""


def damage_state_rows(tuning_coasts: int, test_coasts: int, work: Path) -> list[Row]:
    """One row per coast, survey and tool; finished coasts are kept in ``work``."""
    coasts = [("tuning", FIRST_TUNING_COAST + i) for i in range(tuning_coasts)]
    coasts += [("test", FIRST_TEST_COAST + i) for i in range(test_coasts)]
    rows: list[Row] = []
    for role, seed in coasts:
        kept = work / f"damage-states-{seed}.json"
        if not kept.exists():
            work.mkdir(parents=True, exist_ok=True)
            found = [{"case": f"damage_state/{survey}", "coast": seed, "coasts": role, "tool": tool, **scores}
                     for survey, tool, scores in score_coast(seed)]  # fmt: skip
            kept.write_text(json.dumps(found))
        rows += json.loads(kept.read_text())
    return rows


def score_coast(seed: int) -> Iterator[tuple[str, str, Row]]:
    """Survey, tool and scores over all intact assets and six held-out storms."""
    coast = simulate_coast(f"coast {seed}", seed, n_storms=24, n_surveys=3)
    settings = RunConfig(storms=24, calibration_storms=9, test_storms=6)
    split, sea_level = split_record(StageContext(np.random.default_rng([seed, 1])), StudyArea(coast), settings)
    data = prepare_adaptation(coast, split, sea_level, load_teacher())
    forecaster = calibrate_on(data, load_students(site_shape=coast.region.shape))
    for survey in SURVEYS:
        assets = age(coast.require_assets(), coast.region, survey, np.random.default_rng([seed, 3]))
        batch = build_storm_batch(replace(coast, assets=assets), split.test, sea_level, "truth")
        prediction = forecaster.predict(student_inputs(batch))
        damage_state, damage_valid = batch.pair("damage_state")
        assert prediction.damage_probability is not None
        peaks = np.array([storm.peak_level for storm in split.test])
        above_mean = peaks - float(coast.require_gauge()["mean_sea_level"].values[0])
        deepest = above_mean[:, None, None] - batch.require("terrain")[0, 0].numpy()
        curve = by_curve(prediction, deepest, assets, coast.region, np.random.default_rng([seed, 4]))
        head = prediction.damage_probability.astype(float)
        probabilities = dict(zip(TOOLS, (curve, head, (curve + head) / 2), strict=True))
        known = damage_valid.numpy() & ~np.isnan(curve).any(axis=-1)  # (B, A)
        state = damage_state.numpy()[known]
        for tool, probability in probabilities.items():
            yield survey, tool, score(probability[known], state)


def age(assets: gpd.GeoDataFrame, region: Region, survey: str, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """The survey with the further errors of `SURVEYS`; assets stay in the region."""
    shift, changed = SURVEYS[survey]
    left, bottom, right, top = region.bounds
    moved = shift * rng.standard_normal((2, len(assets)))
    x = np.clip(assets.geometry.x + moved[0], left + 1.0, right - 1.0)
    y = np.clip(assets.geometry.y + moved[1], bottom + 1.0, top - 1.0)
    other = rng.choice(CURVE_CLASSES, len(assets))
    classes = np.where(rng.random(len(assets)) < changed, other, assets["asset_class"])
    return assets.assign(asset_class=classes).set_geometry(shapely.points(x, y), crs=assets.crs)


def by_curve(
    prediction: Forecast, deepest: Floats, assets: gpd.GeoDataFrame, region: Region, rng: np.random.Generator
) -> Floats:
    """(B, A, 5) as in `strandline.risk.impact.impact.assess_impact`: each sample draws member, quantile and curves."""
    assert prediction.class_probability is not None
    exposure, deviates = overlay_exposure(assets, region), draw_curve_deviates(SAMPLES, rng)
    probability = np.zeros((len(deepest), len(assets), DAMAGE_STATES))
    for deviate in deviates:
        member = prediction.class_probability[int(rng.integers(len(prediction.class_probability)))]
        depth = depth_at_quantile(member, float(rng.uniform()), deepest)
        state = damage_state(damage_ratios(depth, exposure, region.continent, deviate)).T  # (B, A)
        probability += np.where(state[..., None] < 0, np.nan, state[..., None] == np.arange(DAMAGE_STATES)) / SAMPLES
    return probability


def score(probability: Floats, state: npt.NDArray[np.int64]) -> Row:
    """Mean Brier score of all five states and mean logarithmic score; lower is better.

    Source: Brier (1950), Monthly Weather Review 78, 1-3; Good (1952).
    """
    observed = np.eye(DAMAGE_STATES)[state]
    of_true_state = np.take_along_axis(probability, state[:, None], axis=1)[:, 0]
    return {
        "brier": float(((probability - observed) ** 2).sum(axis=1).mean()),
        "log_score": float(-np.log(np.maximum(of_true_state, LEAST)).mean()),
        "note": f"{state.size} assets in storms, {100 * np.mean(state > 0):.0f} % damaged",
    }
