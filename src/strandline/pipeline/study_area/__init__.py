"""The study area of a run: what is observed there, what theory asks of it, and which seas are mapped."""

from strandline.pipeline.study_area.study_area import (
    BUILT_IN_SEED,
    BUILT_IN_SIZES,
    StudyArea,
    built_in_sea,
    built_in_study_area,
    evacuation_settings,
    gauge_hours,
    last_year,
    open_study_area,
    own_mean_sea_level,
    seaward_direction,
    simulate_study_area,
)

__all__ = [
    "BUILT_IN_SEED",
    "BUILT_IN_SIZES",
    "StudyArea",
    "built_in_sea",
    "built_in_study_area",
    "evacuation_settings",
    "gauge_hours",
    "last_year",
    "open_study_area",
    "own_mean_sea_level",
    "seaward_direction",
    "simulate_study_area",
]
