"""``python -m benchmarks.calibration.training_coasts``: features of the training coasts of the shipped networks.

The coasts are simulated again from their seeds, with a few storms each, which is enough for features of terrain, sea
and sensors. The result ships as ``uncertainty/data/training_coasts.json``, for
`strandline.uncertainty.out_of_distribution`.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rich.progress import track

from strandline.distillation.pretraining.simulated_coasts import FIRST_SEED, PretrainingConfig
from strandline.models.batching import build_gauge_batch, build_storm_batch
from strandline.observations.sea_level.harmonic_tide import fit_tide
from strandline.observations.sea_level.surge.forecast_window import TIDE_HOURS
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.storms import AFTER_PEAK, BEFORE_PEAK, Storm
from strandline.simulator.coast import simulate_coast
from strandline.uncertainty.out_of_distribution import FEATURE_HOURS, features_of_site

YEARS, STORMS = 2.5, 3


def main(argv: Sequence[str] | None = None) -> None:
    """Simulate the coasts, and write their features."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration.training_coasts", description=__doc__)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--coasts", type=int, default=PretrainingConfig.coasts)
    parser.add_argument("--cache", type=Path, required=True, help="folder for the features of each coast")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    options.cache.mkdir(parents=True, exist_ok=True)
    seeds = [options.first_seed + i for i in range(options.coasts)]
    found = [_cached(seed, options.cache) for seed in track(seeds, "coasts")]
    features = {
        stream: {n: [float(f"{one[stream][n]:.4g}") for one in found] for n in found[0][stream]} for stream in found[0]
    }
    card = {
        "command": f"python -m benchmarks.calibration.training_coasts --first-seed {options.first_seed}"
        f" --coasts {options.coasts}",
        "data": f"{options.coasts} simulated coasts, seeds from {options.first_seed}, {STORMS} storms of each",
    }
    options.out.write_text(json.dumps({**card, "features": features}, ensure_ascii=False, indent=None) + "\n")


def site_features(seed: int, cells: int = PretrainingConfig.cells) -> dict[str, dict[str, float]]:
    """Features of one simulated coast."""
    coast = simulate_coast(f"coast {seed}", seed, shape=(cells, cells), n_storms=STORMS, n_surveys=0, years=YEARS)
    gauge = coast.require_gauge()
    time, level = gauge["time"].values, gauge["water_level"].values[0] - float(gauge["mean_sea_level"].values[0])
    year = slice(0, 24 * 400)
    latitude = float(gauge["latitude"].values[0])
    fitted = fit_tide(time[year], level[year], latitude, name=coast.region.name, source="own record")
    sea_level = SeaLevelModel(fitted, np.zeros(TIDE_HOURS))  # no feature uses the residual covariance
    peaks = coast.require("truth")["time"].values
    storms = [Storm(peak - BEFORE_PEAK, peak, peak + AFTER_PEAK, 0.0) for peak in peaks]
    issue = np.sort(np.random.default_rng(seed).choice(time[96:-48], FEATURE_HOURS, replace=False))
    return features_of_site(
        build_storm_batch(coast, storms, sea_level, "truth"), build_gauge_batch(coast, issue, sea_level)
    )


def _cached(seed: int, cache: Path) -> dict[str, dict[str, float]]:
    path = cache / f"features-{seed}.json"
    if not path.exists():
        path.write_text(json.dumps(site_features(seed)))
    found: dict[str, dict[str, float]] = json.loads(path.read_text())
    return found


if __name__ == "__main__":
    main()
