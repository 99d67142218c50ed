"""Strandline turns almost no data into a coastal resilience plan.

The names below are the public face; they are loaded when they are first used. Everything else may move between
versions.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strandline.distillation.adaptation.distil_student import DistillationConfig
    from strandline.distillation.adaptation.recipe import Recipe, recipe_of
    from strandline.distillation.distil import DistillationBatch, DistillationReport, distil
    from strandline.distillation.ensemble import EnsembleDistillationConfig, distil_members
    from strandline.errors import FeedError, InputError, RefusedByTheory, StrandlineError
    from strandline.models.batch import Batch
    from strandline.models.prediction import Prediction
    from strandline.observations.flood_scenes.read_scenes import read_labelled_scenes
    from strandline.observations.flood_scenes.scene import FloodScene, LabelledScene
    from strandline.observations.observations import Observations
    from strandline.observations.region_file import RegionFile, load_region_file
    from strandline.observations.sea_level.issued_levels import IssuedLevels, issued_levels
    from strandline.pipeline.jobs import run
    from strandline.pipeline.study_area import StudyArea, open_study_area
    from strandline.planning.plan import Plan
    from strandline.risk.hazard.hazard import Hazard
    from strandline.risk.hazard.joint.driver_events import DriverEvents, find_driver_events
    from strandline.risk.hazard.joint.flood_chance import FloodChance, flood_chance, shares_of_drivers
    from strandline.risk.hazard.joint.simulated_years import JointEvents, SimulatedYears
    from strandline.risk.impact.impact import Impact
    from strandline.simulator.flood_chips.scenes import simulate_flood_scenes
    from strandline.simulator.sea.cyclone_climate.climate import CycloneClimate, load_cyclone_climate
    from strandline.simulator.sea.cyclone_climate.fit import fit_cyclone_climate
    from strandline.simulator.sea.cyclone_climate.passages import draw_passages
    from strandline.uncertainty.forecaster import Forecaster, load_forecaster
    from strandline.uncertainty.gauge_forecast.fit import NeighbourRecord, fit_gauge_forecaster
    from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster
    from strandline.uncertainty.gauge_forecast.forecaster_file import load_gauge_forecaster
    from strandline.uncertainty.operational_forecast import CorrectedForecast, correct_forecast
    from strandline.watch.service import Watch, open_watch

__version__ = version("strandline")
_MODULES = {
    "distillation.adaptation.distil_student": ("DistillationConfig",),
    "distillation.distil": ("DistillationBatch", "DistillationReport", "distil"),
    "distillation.ensemble": ("EnsembleDistillationConfig", "distil_members"),
    "distillation.adaptation.recipe": ("Recipe", "recipe_of"),
    "errors": ("FeedError", "InputError", "RefusedByTheory", "StrandlineError"),
    "models.batch": ("Batch",),
    "models.prediction": ("Prediction",),
    "observations.flood_scenes.read_scenes": ("read_labelled_scenes",),
    "observations.flood_scenes.scene": ("FloodScene", "LabelledScene"),
    "observations.observations": ("Observations",),
    "observations.region_file": ("RegionFile", "load_region_file"),
    "observations.sea_level.issued_levels": ("IssuedLevels", "issued_levels"),
    "pipeline.jobs": ("run",),
    "pipeline.study_area": ("StudyArea", "open_study_area"),
    "planning.plan": ("Plan",),
    "risk.hazard.hazard": ("Hazard",),
    "risk.hazard.joint.driver_events": ("DriverEvents", "find_driver_events"),
    "risk.hazard.joint.flood_chance": ("FloodChance", "flood_chance", "shares_of_drivers"),
    "risk.hazard.joint.simulated_years": ("JointEvents", "SimulatedYears"),
    "risk.impact.impact": ("Impact",),
    "simulator.flood_chips.scenes": ("simulate_flood_scenes",),
    "simulator.sea.cyclone_climate.climate": ("CycloneClimate", "load_cyclone_climate"),
    "simulator.sea.cyclone_climate.fit": ("fit_cyclone_climate",),
    "simulator.sea.cyclone_climate.passages": ("draw_passages",),
    "uncertainty.forecaster": ("Forecaster", "load_forecaster"),
    "uncertainty.gauge_forecast.fit": ("NeighbourRecord", "fit_gauge_forecaster"),
    "uncertainty.gauge_forecast.forecaster": ("GaugeForecaster",),
    "uncertainty.gauge_forecast.forecaster_file": ("load_gauge_forecaster",),
    "uncertainty.operational_forecast": ("CorrectedForecast", "correct_forecast"),
    "watch.service": ("Watch", "open_watch"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Batch",
    "CorrectedForecast",
    "CycloneClimate",
    "DistillationBatch",
    "DistillationConfig",
    "DistillationReport",
    "DriverEvents",
    "EnsembleDistillationConfig",
    "FeedError",
    "FloodChance",
    "FloodScene",
    "Forecaster",
    "GaugeForecaster",
    "Hazard",
    "Impact",
    "InputError",
    "IssuedLevels",
    "JointEvents",
    "LabelledScene",
    "NeighbourRecord",
    "Observations",
    "Plan",
    "Prediction",
    "Recipe",
    "RefusedByTheory",
    "RegionFile",
    "SimulatedYears",
    "StrandlineError",
    "StudyArea",
    "Watch",
    "__version__",
    "correct_forecast",
    "distil",
    "distil_members",
    "draw_passages",
    "find_driver_events",
    "fit_cyclone_climate",
    "fit_gauge_forecaster",
    "flood_chance",
    "issued_levels",
    "load_cyclone_climate",
    "load_forecaster",
    "load_gauge_forecaster",
    "load_region_file",
    "open_study_area",
    "open_watch",
    "read_labelled_scenes",
    "recipe_of",
    "run",
    "shares_of_drivers",
    "simulate_flood_scenes",
]


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'strandline' has no attribute '{name}'")
    value: object = getattr(import_module(f"strandline.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names only."""
    return sorted(__all__)
