"""What flood maps of a place are scored against: floods that people saw, or else simulated ones."""

from collections.abc import Sequence

import xarray as xr

from strandline.models.batching import Targets
from strandline.observations.observations import Observations, ProvenanceKind
from strandline.observations.weather.storms import Storm


def surveyed(storms: Sequence[Storm], survey: xr.Dataset | None) -> tuple[Storm, ...]:
    """The storms of whose flood there is a survey.

    Args:
        survey: the ``flood_survey`` modality; ``None`` = nobody surveyed a flood.
    """
    if survey is None:
        return ()
    return tuple(storm for storm in storms if storm.contains(survey["time"].values).any())


def targets_of(observations: Observations, test: Sequence[Storm]) -> Targets:
    """What floods of the ``test`` storms are scored against.

    A survey by people comes first where there is one of a test storm, then the simulated truth, where there is one.
    """
    if observations.truth is None:
        return "survey"
    is_real = observations.flood_survey is not None and observations.provenance["flood_survey"].kind == "real"
    return "survey" if is_real and surveyed(test, observations.flood_survey) else "truth"


def kind_of_targets(observations: Observations, test: Sequence[Storm]) -> ProvenanceKind:
    """Whether scores on the ``test`` storms compare with a real flood or a simulated one."""
    by_survey = targets_of(observations, test) == "survey"
    name = ("flood_survey" if observations.flood_survey is not None else "terrain") if by_survey else "truth"
    return observations.provenance[name].kind
