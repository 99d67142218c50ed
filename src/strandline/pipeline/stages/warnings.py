"""What a reader must know about a run before using it."""

import numpy as np

from strandline.distillation.adaptation.data import AdaptationData
from strandline.distillation.waterlines.flood_archive import EXTRAPOLATION_MARGIN
from strandline.distillation.waterlines.peak_levels import peak_levels
from strandline.observations.weather.storms import Split
from strandline.pipeline.radar_scenes import RadarOfPlace
from strandline.pipeline.study_area import StudyArea, own_mean_sea_level
from strandline.pipeline.study_area.absences import absence_sentences
from strandline.pipeline.study_area.flood_scores import kind_of_targets
from strandline.pipeline.study_area.future_seas import land_sentences
from strandline.report.page.rain_and_rivers import in_words
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.hazard.joint.driver_floods import DriverFloods, NotMapped
from strandline.uncertainty.out_of_distribution import OutOfDistribution

NO_SCENES = "No radar scene of this place was given"


def warnings_of(
    area: StudyArea,
    radar: RadarOfPlace,
    novelty: OutOfDistribution,
    data: AdaptationData,
    highest: Hazard,
    split: Split,
    by_driver: DriverFloods | NotMapped | None,
) -> tuple[str, ...]:
    """What a reader must know about this run before using it."""
    outlier = () if novelty.warning is None else (novelty.warning,)
    return (
        *_provenance_warnings(area, split, radar), *radar.warnings, *absence_sentences(area),
        *_driver_warnings(by_driver), *wave_warnings(area), *land_sentences(area), *area.warnings, *outlier,
        *extrapolation_warnings(data, own_mean_sea_level(area), float(np.median(highest.levels))),
    )  # fmt: skip


def wave_warnings(area: StudyArea) -> tuple[str, ...]:
    """Which part waves have in the simulated floods of a place; empty without waves."""
    waves = area.observations.waves
    return () if waves is None else (waves.sentence,)


def _driver_warnings(by_driver: DriverFloods | NotMapped | None) -> tuple[str, ...]:
    if by_driver is None:
        return ()
    if isinstance(by_driver, NotMapped):
        return (
            f"Floods by rain or a river alone are in no map: {by_driver.reason}. No alert comes before a flood of rain"
            " or of a river.",
        )
    together = in_words(by_driver.drivers)
    return (
        f"Here {together} flood. One map, who may die, the plan's damage and the triggers of its evacuations count them"
        " together; every other map and number of this report counts the sea alone where it does not name the others."
        " Alerts come before floods of rain and rivers only while the watch receives forecasts of them; where it does"
        " not, it says so.",
    )


def _provenance_warnings(area: StudyArea, split: Split, radar: RadarOfPlace) -> tuple[str, ...]:
    provenance, count = area.observations.provenance, len(radar.scenes)
    given = f"None of the {count} radar scenes of this place is used" if count else NO_SCENES
    if provenance["terrain"].kind == "simulated":
        return ("Everything here is simulated: this coast does not exist.",)
    if radar.compiled is not None:
        return ()
    if provenance["sar"].kind == "simulated" and kind_of_targets(area.observations, split.test) == "real":
        return (
            f"{given}: the floods that the teacher saw were computed by physics on this"
            " terrain. The scores compare with floods that people saw, where they looked.",
        )
    if provenance["sar"].kind == "simulated":
        return (
            f"{given}. The floods that the teacher saw, and those that the scores compare"
            " with, were computed by physics on this terrain; no flood map here was checked against an observed one.",
        )
    return ()


def extrapolation_warnings(data: AdaptationData, mean_sea_level: float, highest: float) -> tuple[str, ...]:
    """Where the maps reach levels that were only simulated.

    Args:
        mean_sea_level, highest: of the sea on average, and the highest mapped level [m, region datum].
    """
    if data.physics_augmented is None:
        return ()
    observed = mean_sea_level + data.first_pass.highest
    simulated = mean_sea_level + float(peak_levels(data.physics_augmented)[0].max())
    return (
        f"The highest sea of which a flood was mapped here reached {observed:.2f} m when it came. Maps of a sea above"
        f" {observed + EXTRAPOLATION_MARGIN:.2f} m rest on physics on the elevation product, within the bounds that the"
        f" mapped floods set for the ground. It was computed up to {simulated:.2f} m; the maps beyond, which reach to"
        f" about {highest:.2f} m, carry it on. A dike that is narrower than a cell, or that breaks, is not in them,"
        " unless the plan says that its breaches are simulated.",
    )
