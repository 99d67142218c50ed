"""The ``[[accepted]]`` sections of a region file: findings of the checks that a person answers for."""

from typing import Annotated, Literal

from pydantic import Field

from strandline.observations.region_file.values import Section

CheckName = Literal[
    "mean sea level",
    "neighbouring gauges",
    "highest readings",
    "land along the shoreline",
    "lowest land",
    "land below high water",
    "share of water",
]
"""Checks that compare data sets by what is usual on low coasts, so that an unusual coast may be right."""


class AcceptedFinding(Section):
    """A finding that would refuse the region, and why the data is right all the same; the report shows both."""

    check: CheckName
    reason: Annotated[str, Field(min_length=15)]
