"""What a run cannot know because a stream is absent: the sentences that its report shows first."""

from strandline.pipeline.study_area.study_area import StudyArea


def absence_sentences(area: StudyArea) -> tuple[str, ...]:
    """One sentence for each stream that is absent."""
    observations, found = area.observations, list[str]()
    if area.assumed_sea is not None:
        found.append(
            "No reading of the sea was given. What the sea does here, how often, and whether any forecast would be"
            f" right cannot be known from this run. {area.assumed_sea.tide} {area.assumed_sea.mean} Storms and"
            " forecasts are simulated."
        )
    if observations.assets is None:
        found.append(
            "No assets were surveyed: what a flood costs, and whom it reaches, cannot be known; land is counted."
        )
    return tuple(found)
