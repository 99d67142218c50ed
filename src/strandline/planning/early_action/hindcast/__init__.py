"""Hindcast: a plan's own protocol on the record of its gauge, by the forecasts and the rule of the watch."""

from strandline.planning.early_action.hindcast.issued_forecasts import issued_forecasts
from strandline.planning.early_action.hindcast.protocol_hindcast import (
    PROTECTION_HOURS,
    Condition,
    EvacuationTrial,
    Hindcast,
    confidence_of,
    drop_storms,
    evacuation_caveat,
    forecast_findings,
    hindcast_protocol,
    needed_hours,
    outages,
    try_evacuation,
    untested_caveat,
    with_outages,
)
from strandline.planning.early_action.hindcast.record import (
    MOST_YEARS,
    WITH_READINGS,
    WITH_WEATHER,
    HindcastData,
    OwnForecasts,
    prepare_hindcast,
)

__all__ = [
    "MOST_YEARS",
    "PROTECTION_HOURS",
    "WITH_READINGS",
    "WITH_WEATHER",
    "Condition",
    "EvacuationTrial",
    "Hindcast",
    "HindcastData",
    "OwnForecasts",
    "confidence_of",
    "drop_storms",
    "evacuation_caveat",
    "forecast_findings",
    "hindcast_protocol",
    "issued_forecasts",
    "needed_hours",
    "outages",
    "prepare_hindcast",
    "try_evacuation",
    "untested_caveat",
    "with_outages",
]
