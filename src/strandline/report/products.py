"""The products of a run for other programs: rasters, tables, assets, plan and summary."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import orient_polygons

from strandline.distillation.adaptation.how_learnt import HowLearnt
from strandline.distillation.adaptation.radar_scenes import RadarScene
from strandline.files import write_bytes, write_text
from strandline.observations.arrays import Reals
from strandline.observations.fetch.credits.data_files import attributions
from strandline.observations.observations import Provenance
from strandline.observations.region import Region
from strandline.planning.early_action.protocol_file import protocol_to_toml
from strandline.planning.plan import Plan
from strandline.planning.plan_schema import SCHEMA_FILE, plan_schema, plan_to_json
from strandline.report.catalogues.data_sources import DATA_SOURCES, describe_data
from strandline.report.catalogues.place_names import PLACE_NAMES_FILE, place_names_geojson
from strandline.report.catalogues.risk_data_library import describe_for_catalogues
from strandline.report.consistency.gate import refuse_contradictions
from strandline.report.figures.geotiff import encode_cog
from strandline.report.figures.ground import GROUND_QUANTITY, ground_of
from strandline.report.figures.pathways_map import as_generator_files
from strandline.report.figures.scene import encode_scene, scene_picture
from strandline.report.findings import SURGE_COLUMNS, RunResults
from strandline.report.flooded_land import flooded_land
from strandline.report.plan.flood_times_table import FLOOD_TIMES_FILE, flood_times_csv
from strandline.report.plan.markdown import plan_to_markdown
from strandline.report.plan.repairs import STRETCHES_FILE, stretches_geojson
from strandline.report.radar_scenes import RADAR_SCENES_FILE, radar_scenes_csv
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import BREACHES, NO_EMBANKMENT_COUNTS, Hazard
from strandline.risk.hazard.joint.driver_floods import ALL_DRIVERS_METHOD, DriverFloods
from strandline.risk.impact.lives.loss_of_life import METHOD
from strandline.risk.people import BASIS_OF_BOUNDS
from strandline.risk.stage_damage.annual_probability import ANNUAL_METHOD, FloodChances

QUANTILES = (0.1, 0.5, 0.9)
GIVEN = "given the T-year sea level"
RASTERS = (
    ("flood_probability.tif", "flood_probability", f"probability that the depth reaches 0.15 m, {GIVEN}"),
    ("flooded.tif", "flood_extent", f"1 = classified as flooded, {GIVEN}"),
    ("flood_disagreement.tif", "epistemic_sd", f"standard deviation of the members' flood probabilities, {GIVEN}"),
)
"""File → field of a ``Hazard`` [-] and its meaning; one band for each scenario and return period."""
ANNUAL_FILE = "annual_flood_probability.tif"
ANNUAL_QUANTITY = "probability that the depth reaches 0.15 m in a year"
ANNUAL_BOUNDS = ("at least", "at most")
ALL_DRIVERS_FILE = "annual_flood_probability_all_drivers.tif"
SUMMARISED_SCORES = (
    *("teacher_iou", "student_iou", "labels_only_iou", "pretrained_iou", "finetuned_iou"),
    *("retention", "gap_closed", "n_labels", "n_test_storms"),
)
GROUND_FILE = "ground.tif"
SCENE_FILE = "scene.tif"
GENERATOR_FILES = ("pathways-action.txt", "pathways-sequence.txt")
JsonValue = str | int | float | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


def write_products(out: Path, results: RunResults) -> None:
    """Write every machine-readable file of a run into the empty folder ``out``, each whole or not at all.

    Raises:
        Contradiction: the results contradict one another; nothing is written.
        InputError: a file cannot be written.
    """
    refuse_contradictions(results)
    hazard = results.hazard
    scenarios = [("today", hazard), *((scenario.name, scenario.hazard) for scenario in results.rise_scenarios)]
    for file, field, quantity in RASTERS:
        write_raster(out / file, scenarios, field, quantity)
    ground = ground_of(results.observations.terrain, hazard.region.cell_size)[np.newaxis]
    write_bytes(out / GROUND_FILE, as_cog(hazard, ground, ["ground"], "1", GROUND_QUANTITY))
    scene = scene_picture(results.observations)
    if scene is not None:
        write_bytes(out / SCENE_FILE, encode_scene(scene, hazard.region.crs))
    write_annual_probability(out / ANNUAL_FILE, results)
    if isinstance(results.by_driver, DriverFloods):
        write_all_drivers(out / ALL_DRIVERS_FILE, hazard, results.by_driver)
    write_flood_depth(out / "flood_depth.tif", scenarios)
    write_surge(out / "surge.csv", results.surge)
    write_text(out / "return_levels.csv", return_levels(hazard).to_csv(index=False, float_format="%.4f"))
    write_assets(out / "assets.geojson", results)
    if results.place_names is not None and len(results.place_names):
        content = place_names_geojson(results.place_names, results.observations.files)
        write_text(out / PLACE_NAMES_FILE, content)
    write_json(out / "plan.json", plan_to_json(results.plan))
    write_json(out / SCHEMA_FILE, plan_schema())
    if results.repairs:
        content = stretches_geojson(results.plan, results.repairs, hazard.region.crs)
        write_text(out / STRETCHES_FILE, content)
    write_text(out / "plan.md", plan_to_markdown(results.plan, frozenset().union(*results.kinds.values())))
    if results.plan.protocol is not None:
        write_text(out / "protocol.toml", protocol_to_toml(results.plan.protocol))
    if results.plan.flood_times:
        write_text(out / FLOOD_TIMES_FILE, flood_times_csv(results.plan.flood_times))
    if results.radar_scenes:
        write_text(out / RADAR_SCENES_FILE, radar_scenes_csv(results.radar_scenes))
    write_json(out / "risk_data_library.json", describe_for_catalogues(results))
    write_text(out / DATA_SOURCES, describe_data(results))
    if results.plan.pathways is not None:
        for name, text in zip(GENERATOR_FILES, as_generator_files(results.plan.pathways), strict=True):
            write_text(out / name, text)
    write_json(out / "summary.json", summarise(results))


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON; a number that is not finite becomes ``null``."""
    write_text(path, json.dumps(as_json(value), indent=2, allow_nan=False) + "\n")


def write_raster(path: Path, scenarios: Sequence[tuple[str, Hazard]], field: str, quantity: str) -> None:
    """Write one of ``RASTERS``."""
    names = [band_name(name, period) for name, h in scenarios for period in h.return_periods]
    bands = np.concatenate([getattr(hazard, field) for _, hazard in scenarios])
    write_bytes(path, as_cog(scenarios[0][1], bands, names, "1", quantity))


def write_flood_depth(path: Path, scenarios: Sequence[tuple[str, Hazard]]) -> None:
    """Write the 10th, 50th and 90th percentile of the depth [m]; three bands for each scenario and return period."""
    bands, names = [], []
    for name, hazard in scenarios:
        for index, period in enumerate(hazard.return_periods):
            depth = np.asarray(hazard.flood_depth[:, index], dtype=np.float32)  # (S, H, W)
            bands.append(np.quantile(depth, QUANTILES, axis=0))  # (3, H, W), NaN stays NaN
            names += [band_name(name, period, f"p{quantile * 100:.0f}") for quantile in QUANTILES]
    quantity = f"greatest water depth above ground, {GIVEN}"
    write_bytes(path, as_cog(scenarios[0][1], np.concatenate(bands), names, "m", quantity))


def write_annual_probability(path: Path, results: RunResults) -> None:
    """Write the annual probability of flooding [a-1], two bounds for each scenario."""
    scenarios = [("today", FloodChances.of(results.hazard, results.frequent))]
    scenarios += [(each.name, FloodChances.of(each.hazard, each.frequent)) for each in results.rise_scenarios]
    bands, names = [], []
    for name, chances in scenarios:
        annual = chances.in_any_year()
        bands += [annual.at_least, annual.at_most]
        names += [annual_band_name(name, bound) for bound in ANNUAL_BOUNDS]
    periods = ", ".join(f"{each:g}" for each in scenarios[0][1].return_periods)
    tags = {"METHOD": ANNUAL_METHOD, "RETURN_PERIODS": f"{periods} years"}
    content = as_cog(results.hazard, np.stack(bands), names, "1/yr", ANNUAL_QUANTITY, **tags)
    write_bytes(path, content)


def write_all_drivers(path: Path, hazard: Hazard, floods: DriverFloods) -> None:
    """Write the annual probability of flooding by sea, rain and rivers together [a-1], and the part of each."""
    named = [("mean", floods.chance), ("p5", floods.low), ("p95", floods.high)]
    bands = [*(band for _, band in named), floods.by_sea, *floods.shares]
    names = [f"today, all drivers, in any one year, {part}" for part, _ in named]
    names += ["today, the sea alone, in any one year, mean", *(f"today, part of the {each}" for each in floods.drivers)]
    learned = replace(hazard, breaches=NO_EMBANKMENT_COUNTS)
    content = as_cog(learned, np.stack(bands), names, "1/yr", ANNUAL_QUANTITY, METHOD=ALL_DRIVERS_METHOD)
    write_bytes(path, content)


def band_name(scenario: str, return_period: float, part: str = "") -> str:
    """Return the name of a band that holds under the condition of a return level, such as a percentile's."""
    return f"{scenario}, given the {return_period:g}-year sea level" + (f", {part}" if part else "")


def annual_band_name(scenario: str, bound: str) -> str:
    """Return the name of a band of the annual probability."""
    return f"{scenario}, in any one year, {bound}"


def as_cog(hazard: Hazard, bands: Reals, descriptions: Sequence[str], unit: str, quantity: str, **tags: str) -> bytes:
    """Return a Cloud-Optimised GeoTIFF of ``bands`` (band, H, W) with what every raster of a run states."""
    region = hazard.region
    known = provenance_tags(region, hazard.provenance, hazard.breaches)
    return encode_cog(
        bands, region.crs, region.transform, descriptions, unit, {**known, "UNIT": unit, "QUANTITY": quantity, **tags}
    )


def return_levels(hazard: Hazard) -> pd.DataFrame:
    """Return a table of return periods [a] and the 10th, 50th and 90th percentile of their level [m, region datum]."""
    p10, p50, p90 = np.quantile(hazard.level_draws, QUANTILES, axis=0)
    return pd.DataFrame({"return_period": hazard.return_periods, "p10": p10, "p50": p50, "p90": p90})


def write_surge(path: Path, surge: pd.DataFrame) -> None:
    """Write forecast water levels [m, region datum]; an empty ``observed`` is a gap, times are UTC."""
    table = surge.loc[:, list(SURGE_COLUMNS)].copy()
    for name in ("issue_time", "time"):
        table[name] = pd.to_datetime(table[name]).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    write_text(path, table.to_csv(index=False, float_format="%.4f"))


def measures_at(plan: Plan, asset_ids: pd.Series) -> list[str | None]:
    """Return the titles of the proposed measures at each asset that are taken asset by asset; ``None`` = none."""
    taken = [(action.title, frozenset(action.where)) for action in plan.actions if action.robustness and action.where]
    return ["; ".join(title for title, where in taken if each in where) or None for each in asset_ids]


def assets_to_geojson(assets: gpd.GeoDataFrame) -> str:
    """Return assets in longitude and latitude (RFC 7946); ``null`` = unknown, never zero."""
    assets = assets.to_crs("EPSG:4326")
    rounded = assets.geometry.set_precision(1e-7).array
    assets = assets.set_geometry(gpd.GeoSeries(orient_polygons(rounded), index=assets.index, crs=assets.crs))
    return str(assets.to_json(na="null", drop_id=True, to_wgs84=True))


def write_assets(path: Path, results: RunResults) -> None:
    """Write the assets in longitude and latitude (RFC 7946); ``null`` = unknown, never zero."""
    measures = measures_at(results.plan, results.impact.assets["asset_id"].astype(str))
    collection = json.loads(assets_to_geojson(results.impact.assets.assign(measures=measures)))
    collection["provenance"] = results.provenance
    money = results.plan.money
    collection["units"] = {
        "value": f"{money}", "expected_annual_damage": f"{money} per year", "depth": "m", "damage_state": "probability",
        "out_of_service": "probability", "per_year": "events per year",
        "operation_threshold": "m", "crest": "m", "toe": "m", "people": "1", "places": "1",
    }  # fmt: skip
    write_text(path, json.dumps(collection, allow_nan=False) + "\n")


def _headlines_of(results: RunResults) -> dict[str, JsonValue]:
    """The numbers that the report begins with: on average with the Monte-Carlo error, range, unit and kinds of data.

    The error is that of the calculation alone; it is missing where a number is a score, which is not drawn.
    """
    hazard, kinds, money = results.hazard, results.kinds, results.plan.money
    level = Expectation.of(hazard.level_draws[:, -1], 1)
    land = flooded_land(hazard, results.observations.terrain).flooded
    period = hazard.return_periods[-1]

    def one(number: Expectation, unit: str, section: str) -> JsonValue:
        return as_json({**asdict(number), "unit": unit, "provenance": sorted(kinds[section])})

    found: dict[str, JsonValue] = {
        "sea_level": one(level, f"m above {hazard.region.vertical_datum}, once in {period:g} years", "levels"),
        "land_under_water": one(land, f"m2, given the {period:g}-year sea level", "flood"),
        "expected_annual_damage": one(results.impact.expected_annual_damage, f"{money} per year", "assets"),
        "forecast_error": {
            "root_mean_square": results.surge_scores.rmse,
            "unit": "m",
            "provenance": sorted(kinds["surge"]),
        },
    }
    if results.plan.portfolio is not None:
        units = {
            "investment": f"{money}", "cost": f"{money}", "avoided_loss": f"{money} per year",
            "net_present_value": f"{money}", "benefit_cost_ratio": "1",
        }  # fmt: skip
        portfolio = results.plan.portfolio
        found |= {f"proposal_{name}": one(getattr(portfolio, name), unit, "plan") for name, unit in units.items()}
    return found


def summarise(results: RunResults) -> dict[str, JsonValue]:
    """Return every headline number of the run; ``None`` = undefined or unknown."""
    learning, surge, impact, run = results.learning, results.surge_scores, results.impact, results.run
    hazard, region = results.hazard, results.hazard.region
    levels, outlier = return_levels(hazard), results.out_of_distribution
    return {
        "provenance": results.provenance,
        "headlines": _headlines_of(results),
        "provenance_of": {section: sorted(kinds) for section, kinds in results.kinds.items()},
        "region": {"name": region.name, "crs": region.crs, "vertical_datum": region.vertical_datum},
        "flood": {
            **{name: getattr(learning, name) for name in SUMMARISED_SCORES},
            "miss_rate": {"measured": learning.miss_rate, "target": learning.target_miss_rate},
            "unknown_share": float(np.isnan(hazard.flood_probability[-1]).mean()),
        },
        "learning": None if results.learnt is None else _summarise_learning(results.learnt),
        "surge": {
            "rmse": surge.rmse,
            "coverage_90": surge.coverage_90,
            "coverage_90_in_storms": surge.coverage_90_in_storms,
            "storms": {"n": surge.storms, "above_p90": surge.peaks_above, "below_p10": surge.peaks_below},
            "n_hours": surge.n_hours,
            "baseline": {"name": surge.baseline_name, "rmse": surge.baseline_rmse},
            "by_lead": as_json([asdict(each) for each in surge.by_lead]),
        },
        "return_levels": [
            {str(name): float(value) for name, value in row.items()} for row in levels.to_dict(orient="records")
        ],
        "extremes": as_json(results.levels.facts),
        "radar_scenes": as_json([_summarise_scene(scene) for scene in results.radar_scenes]),
        "impact": {
            "expected_annual_damage": as_json(
                {**asdict(impact.expected_annual_damage), "unit": f"{results.plan.money} per year"}
            ),
            "share_beyond_maps": impact.share_beyond_maps,
            "left_out_as_frequent": as_json(asdict(impact.frequent)),
            "unknown_assets": impact.unknown_assets,
            "unknown_value": impact.unknown_value,
            "n_assets": len(impact.assets),
            "totals": as_json([asdict(total) for total in impact.totals]),
            "people": None if impact.population is None else as_json(asdict(impact.population)),
            "people_basis": BASIS_OF_BOUNDS,
            "loss_of_life": None if impact.loss_of_life is None else as_json(asdict(impact.loss_of_life)),
            "loss_of_life_basis": METHOD,
            "fields": None
            if impact.fields is None
            else as_json(asdict(impact.fields) | {"salt_days": impact.fields.salt_days}),
            "information": None if results.information is None else as_json(asdict(results.information)),
        },
        "all_drivers": _summarise_drivers(results),
        "out_of_distribution": None
        if outlier is None
        else {"p_values": dict(outlier.p_values), "warning": outlier.warning},
        "plan": {
            "n_actions": len(results.plan.actions),
            "n_triggers": results.plan.n_triggers,
        },
        "seconds": {**run.seconds, "total": sum(run.seconds.values())},
        "seeds": dict(run.seeds),
        "commit": run.commit,
        "version": run.version,
        "started": f"{run.started:%Y-%m-%dT%H:%M:%SZ}",
        "credits": list(attributions(results.observations.files)),
        "warnings": list(run.warnings),
    }


def _summarise_drivers(results: RunResults) -> JsonValue:
    """Floods by all drivers: area a year [m2], its parts, damage a year and people; why none; ``None`` = unknown."""
    floods, together = results.by_driver, results.impact.by_all_drivers
    if not isinstance(floods, DriverFloods):
        return None if floods is None else {"not_mapped": floods.reason}
    damage = {"damage": floods.damage, "damage_by_sea": floods.damage_by_sea}
    return {
        "area_per_year": floods.area(floods.chance),
        "area_per_year_by_sea": floods.area(floods.by_sea),
        "parts": {name: floods.area(part) for name, part in zip(floods.drivers, floods.shares, strict=True)},
        **{name: None if value is None else as_json(asdict(value)) for name, value in damage.items()},
        "people": None if together is None else as_json(asdict(together)),
        "record_years": floods.record_years,
        "events": floods.events,
    }


def _summarise_learning(learnt: HowLearnt) -> dict[str, JsonValue]:
    """The recipe, its parts, the weighted loss of each term at the end of the training, and the teacher's weight."""
    return {
        "recipe": as_json(asdict(learnt.recipe)),
        "parts": list(learnt.recipe.parts),
        "loss_terms": as_json(learnt.terms),
        "teacher_weight": learnt.teacher.weight,
        "labelled_blocks": len(learnt.teacher.gains),
        "archive_weight": None if learnt.archive is None else learnt.archive.weight,
        "archive_rejected": learnt.archive_rejected,
        "storms": learnt.storms,
        "steps": learnt.steps,
        "members": learnt.members,
    }


def _summarise_scene(scene: RadarScene) -> dict[str, JsonValue]:
    """Time in UTC, level of the sea [m, region datum] with its standard deviation, and use."""
    time = f"{pd.Timestamp(scene.time):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "time": time, "sea_level": scene.level, "sea_level_sd": scene.level_sd, "sea_level_from": scene.source,
        "share_wet": scene.share_wet, "use": scene.use, "why": scene.why,
    }  # fmt: skip


def as_json(value: object) -> JsonValue:
    """Return plain JSON values; a number that is not finite becomes ``None``, because JSON has no NaN."""
    if isinstance(value, Mapping):
        return {str(key): as_json(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [as_json(entry) for entry in value]
    if isinstance(value, np.generic):
        return as_json(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)


def provenance_tags(region: Region, provenance: Mapping[str, Provenance], breaches: str = BREACHES) -> dict[str, str]:
    """Return the metadata tags of every raster."""
    kinds = {entry.kind for entry in provenance.values()}
    return {
        "PROVENANCE": "simulated" if "simulated" in kinds else "real",
        "SOURCES": "; ".join(f"{name}: {entry.source} ({entry.kind})" for name, entry in provenance.items()),
        "VERTICAL_DATUM": region.vertical_datum,
        "REGION": region.name,
        "BREACHES": breaches,
        "SOFTWARE": "strandline",
    }
