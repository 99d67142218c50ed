"""What a run knows of each zone as layers of a map: people in danger, when water comes, how long it stands."""

import csv
from collections.abc import Iterable
from itertools import groupby
from math import inf

from strandline.errors import InputError
from strandline.report.figures.maps import PROBABILITY_COLOURS
from strandline.report.figures.time_maps import ARRIVAL_HOURS, STANDING_HOURS
from strandline.report.plan.flood_times_table import FLOOD_TIMES_FILE
from strandline.risk.timing.simulated_floods import AFTER_HOURS
from strandline.web.raster_tiles import ColourScale
from strandline.web.run_folder import RunFolder
from strandline.web.schemas import LegendClass, ZoneLayerRecord, ZoneQuantity, ZoneValue

ZONE_SCALES: dict[ZoneQuantity, ColourScale] = {
    "people_in_danger": ColourScale((1.0, 10.0, 100.0, 1000.0, inf), PROBABILITY_COLOURS, "1"),
    "arrival": ColourScale((float(-AFTER_HOURS), *ARRIVAL_HOURS[1:], inf), PROBABILITY_COLOURS, "h"),
    "standing": ColourScale(STANDING_HOURS, PROBABILITY_COLOURS[:-1], "h"),
}
"""Quantity → scale. Hours of arrival count backwards from the highest sea: the sooner, the darker."""
NO_END = LegendClass(above=STANDING_HOURS[0], below=None, colour=PROBABILITY_COLOURS[-1], has_no_end=True)
"""Of water whose end no simulation saw."""


def zone_layers(run: RunFolder) -> list[ZoneLayerRecord]:
    """Return a layer for each quantity and return period that the run has.

    Raises:
        InputError: a file of the run cannot be read.
    """
    return [*_people(run), *_times(run)]


def _people(run: RunFolder) -> Iterable[ZoneLayerRecord]:
    """People in dangerous depth; unknown where nobody counted them or the ground is not known."""
    try:
        zones = [feature["properties"] for feature in run.features("zones.geojson")]
        values = {
            str(each["zone"]): ZoneValue(value=high, low=each["people_in_danger_low"], is_known=high is not None)
            for each in zones
            for high in (each["people_in_danger_high"],)
        }
        periods = {float(each["return_period"]) for each in zones}
    except KeyError:  # zones without people, as of a place that nobody counted
        return
    if any(each.is_known for each in values.values()) and len(periods) == 1:
        yield _layer("people_in_danger", periods.pop(), values)


def _times(run: RunFolder) -> Iterable[ZoneLayerRecord]:
    path = run.file(FLOOD_TIMES_FILE)
    if not path.is_file():
        return
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: float(row["return_period"]))
        for period, group in groupby(rows, key=lambda row: float(row["return_period"])):
            of_period = list(group)
            yield _layer("arrival", period, {row["zone"]: _arrival(row) for row in of_period})
            yield _layer("standing", period, {row["zone"]: _standing(row) for row in of_period})
    except (OSError, KeyError, ValueError) as error:
        raise InputError(path, f"cannot be read ({error!r})", "run `strandline run` again") from error


def _arrival(row: dict[str, str]) -> ZoneValue:
    return ZoneValue(value=-float(row["wet_from"]) if row["wet_from"] else None, is_known=row["is_known"] == "True")


def _standing(row: dict[str, str]) -> ZoneValue:
    hours, has_no_end = row["hours_wet"], row["has_no_end"] == "True"
    value = float(hours) if hours else None
    return ZoneValue(value=value, is_known=row["is_known"] == "True", has_no_end=has_no_end)


def _layer(quantity: ZoneQuantity, period: float, values: dict[str, ZoneValue]) -> ZoneLayerRecord:
    scale = ZONE_SCALES[quantity]
    legend = [*scale.legend(), *([NO_END] if quantity == "standing" else [])]
    return ZoneLayerRecord(quantity=quantity, return_period=period, unit=scale.unit, values=values, legend=legend)
