"""Which tells damage states better on simulated coasts: the students' own head, or the damage curve on their flood map?

Truth is the simulator's, drawn from the curves of Asia with a scatter for each asset; the heads were taught on other
such coasts. Terrain is the elevation product, a metre and more off.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from benchmarks.record import Value
from strandline.distillation.adaptation.data import prepare_adaptation
from strandline.models.batching import build_storm_batch
from strandline.models.inference import student_inputs
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.observations.arrays import Floats
from strandline.observations.assets import CURVE_CLASSES
from strandline.observations.region import Region
from strandline.pipeline.settings import RunConfig
from strandline.pipeline.stages import part_record
from strandline.pipeline.study_area import StudyArea
from strandline.risk.hazard.flood_maps import depth_at_quantile
from strandline.risk.impact.impact import DAMAGE_STATES, damage_ratios, draw_curve_deviates
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.vulnerability import damage_state
from strandline.simulator.coast import simulate_coast
from strandline.uncertainty.calibration import calibrate_on
from strandline.uncertainty.forecaster import Forecast

Row = dict[str, Value]
TOOLS = ("curve", "head", "pool")
SURVEYS = {"recent": (0.0, 0.0), "outdated": (150.0, 0.1)}
"""What a survey errs besides: standard deviation of positions [m], and share of assets that have become another class;
assumptions. As simulated, positions err by 25 m."""
SAMPLES = 60
FIRST_RECIPE_COAST, FIRST_TEST_COAST = 2_000_000, 500
LEAST = 1e-3
"""A chance below this counts as this in the logarithm: sixty samples tell none smaller."""


def damage_state_rows(recipe_coasts: int, test_coasts: int, work: Path) -> list[Row]:
    """A row a coast, survey and tool; finished coasts wait in ``work``."""
    coasts = [("recipe", FIRST_RECIPE_COAST + i) for i in range(recipe_coasts)]
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
    """Survey, tool and scores over all assets that still stand and six storms that nobody learned from."""
    coast = simulate_coast(f"coast {seed}", seed, n_storms=24, n_surveys=3)
    settings = RunConfig(storms=24, calibration_storms=9, test_storms=6, windows=120)
    split, sea = part_record(StudyArea(coast), settings, np.random.default_rng([seed, 1]))
    course = prepare_adaptation(coast, split, sea, load_teacher(), settings.windows, np.random.default_rng([seed, 2]))
    forecaster = calibrate_on(course, load_students(site_shape=coast.region.shape))
    for survey in SURVEYS:
        seen = age(coast.require_assets(), coast.region, survey, np.random.default_rng([seed, 3]))
        batch = build_storm_batch(replace(coast, assets=seen), split.test, sea, "truth")
        said = forecaster.predict(student_inputs(batch))
        assert batch.damage_state is not None
        assert batch.damage_valid is not None
        assert batch.terrain is not None
        assert said.damage_probability is not None
        peaks = np.array([storm.peak_level for storm in split.test])
        deepest = (peaks - float(coast.require_gauge()["mean_sea_level"].values[0]))[:, None, None] - batch.terrain[
            0, 0
        ].numpy()
        curve = by_curve(said, deepest, seen, coast.region, np.random.default_rng([seed, 4]))
        head = said.damage_probability.astype(float)
        told = {"curve": curve, "head": head, "pool": (curve + head) / 2}
        known = batch.damage_valid.numpy() & ~np.isnan(curve).any(axis=-1)  # (B, A)
        state = batch.damage_state.numpy()[known]
        for tool, chances in told.items():
            yield survey, tool, score(chances[known], state)


def age(assets: gpd.GeoDataFrame, region: Region, survey: str, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """The survey with the further errors of ``SURVEYS``; assets stay in the region."""
    shift, changed = SURVEYS[survey]
    left, bottom, right, top = region.bounds
    moved = shift * rng.standard_normal((2, len(assets)))
    x = np.clip(assets.geometry.x + moved[0], left + 1.0, right - 1.0)
    y = np.clip(assets.geometry.y + moved[1], bottom + 1.0, top - 1.0)
    other = rng.choice(CURVE_CLASSES, len(assets))
    classes = np.where(rng.random(len(assets)) < changed, other, assets["asset_class"])
    return assets.assign(asset_class=classes).set_geometry(shapely.points(x, y), crs=assets.crs)


def by_curve(
    said: Forecast, deepest: Floats, assets: gpd.GeoDataFrame, region: Region, rng: np.random.Generator
) -> Floats:
    """(B, A, 5) as `strandline.risk.impact.impact.assess_impact` has them: a member, a quantile and curves a sample."""
    assert said.class_probability is not None
    exposure, deviates = overlay_exposure(assets, region), draw_curve_deviates(SAMPLES, rng)
    chances = np.zeros((len(deepest), len(assets), DAMAGE_STATES))
    for deviate in deviates:
        member = said.class_probability[int(rng.integers(len(said.class_probability)))]
        depth = depth_at_quantile(member, float(rng.uniform()), deepest)
        state = damage_state(damage_ratios(depth, exposure, region.continent, deviate)).T  # (B, A)
        chances += np.where(state[..., None] < 0, np.nan, state[..., None] == np.arange(DAMAGE_STATES)) / SAMPLES
    return chances


def score(chances: Floats, state: npt.NDArray[np.int64]) -> Row:
    """Mean Brier score of all five states and mean logarithmic score; the lower the better.

    Source: Brier (1950), Monthly Weather Review 78, 1-3; Good (1952).
    """
    happened = np.eye(DAMAGE_STATES)[state]
    truth = np.take_along_axis(chances, state[:, None], axis=1)[:, 0]
    return {
        "brier": float(((chances - happened) ** 2).sum(axis=1).mean()),
        "log_score": float(-np.log(np.maximum(truth, LEAST)).mean()),
        "note": f"{state.size} assets in storms, {100 * np.mean(state > 0):.0f} % damaged",
    }


def summarise_damage_states(rows: Sequence[Row]) -> dict[str, Value]:
    """Means over coasts, and the head's and the pool's distance from the curve: mean, and least and greatest coast."""
    summary: dict[str, Value] = {}
    for role in ("recipe", "test"):
        for survey in SURVEYS:
            own = [row for row in rows if row.get("coasts") == role and row["case"] == f"damage_state/{survey}"]
            for measure in ("brier", "log_score"):
                by_tool = {tool: np.array([float(row[measure] or 0.0) for row in own if row["tool"] == tool])
                           for tool in TOOLS}  # fmt: skip
                for tool, values in by_tool.items():
                    if values.size:
                        summary[f"{role}/{survey}/{tool}/{measure}"] = float(values.mean())
                for tool in TOOLS[1:]:
                    difference = by_tool[tool] - by_tool["curve"]
                    if difference.size:
                        key = f"{role}/{survey}/{tool}_minus_curve/{measure}"
                        summary[key] = float(difference.mean())
                        summary[f"{key}/least"], summary[f"{key}/greatest"] = map(
                            float, (difference.min(), difference.max())
                        )
    return summary
