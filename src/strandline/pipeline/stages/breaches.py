"""The stages that sample breaches of known embankments into the flood maps, and appraise their repair."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.pipeline.stage_runner import StageContext
from strandline.pipeline.study_area import StudyArea
from strandline.risk.breaches.breached_maps import with_breaches
from strandline.risk.breaches.repair import Repair
from strandline.risk.breaches.repair import appraise_repairs as appraise
from strandline.risk.breaches.sampled_breaches import Breaches, simulate_breaches
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.simulator.design_storms import storm_designer


@dataclass(frozen=True, eq=False)
class BreachedMaps:
    """All flood maps of a run, with sampled breaches where embankments are known.

    Attributes:
        breaches: ``None`` = no embankment of known crest protects land; the maps are those of the networks, bit by bit.
            So they are where the networks saw the place's floods and nobody stated a condition.
    """

    hazard: Hazard
    frequent: Hazard | None
    futures: tuple[FutureHazard, ...]
    highest: Hazard
    breaches: Breaches | None


def sample_breaches(
    context: StageContext,
    hazard: Hazard,
    frequent: Hazard | None,
    futures: Sequence[FutureHazard],
    highest: Hazard,
    area: StudyArea,
    sea_level: SeaLevelModel,
) -> BreachedMaps:
    """The maps with breaches, the same strengths of embankments in all of them."""
    seas = [each for future in futures for each in (future.hazard, future.same_sea_today, future.frequent)]
    every = [each for each in (hazard, frequent, *seas, highest) if each is not None]
    designer = storm_designer(area.observations, sea_level)
    breaches = simulate_breaches(area.observations, designer, every, context.rng)
    if breaches is None:
        return BreachedMaps(hazard, frequent, tuple(futures), highest, None)
    found, assets = breaches, area.observations.surveyed_assets

    def breached(one: Hazard) -> Hazard:
        return with_breaches(one, found, assets)

    def where_mapped(one: Hazard | None) -> Hazard | None:
        return None if one is None else breached(one)

    later = tuple(
        replace(
            each,
            hazard=breached(each.hazard),
            same_sea_today=where_mapped(each.same_sea_today),
            frequent=where_mapped(each.frequent),
        )
        for each in futures
    )
    return BreachedMaps(breached(hazard), where_mapped(frequent), later, breached(highest), breaches)


def appraise_repairs(_: StageContext, maps: BreachedMaps, area: StudyArea) -> tuple[Repair, ...]:
    """What the repair of each stretch of embankment would avoid; empty where no breaches are sampled."""
    if maps.breaches is None:
        return ()
    observations = area.observations
    assets, people = observations.surveyed_assets, observations.mapped_people
    return appraise(maps.breaches, maps.hazard, maps.frequent, assets, people)
