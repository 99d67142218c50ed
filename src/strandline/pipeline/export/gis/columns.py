"""What people read in place of a field's name: title, unit and meaning. A new column is one row here."""

from collections.abc import Mapping
from dataclasses import dataclass

from strandline.pipeline.export.gis.finished_run import FinishedRun


@dataclass(frozen=True)
class Column:
    """A field for people.

    Attributes:
        unit: empty = a name, a word or a time.
        meaning: one clause; probabilities say of what, levels their datum.
    """

    title: str
    unit: str = ""
    meaning: str = ""

    @property
    def alias(self) -> str:
        """Title and unit."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title


def columns_of(run: FinishedRun) -> Mapping[str, Column]:
    """Field → what it holds, for every layer of a run's GeoPackage."""
    money, rarest = run.money, f"{run.rarest:g}-year sea level of today"
    level = f"m above {run.vertical_datum}"
    damage = "given the " + rarest
    states = ("none", "slight", "moderate", "extensive", "complete")
    return {
        # assets
        "asset_id": Column("Asset", meaning="its id in the survey"),
        "name": Column("Name", meaning="what people call it, or what a stretch is called here"),
        "asset_class": Column("Class of asset"),
        "value": Column("Value", money),
        "value_low": Column("Value, at least", money),
        "value_high": Column("Value, at most", money),
        "survey_year": Column("Year of the survey"),
        "people": Column("People", "people", "who live there"),
        "places": Column("Places in the shelter", "people"),
        "district": Column("District"),
        "operation_threshold": Column("Out of service from a depth of", "m of water"),
        "toe": Column("Toe of the embankment", level),
        "condition": Column("Condition of the embankment"),
        "floor_area": Column("Floor area", "m2"),
        "count": Column("Buildings counted as one", "1"),
        "is_mapped": Column("From a map, not from a survey"),
        "damage_state": Column("Damage reached at an even chance or more", meaning=f"{damage}; unknown is not “none”"),
        **{
            f"damage_state_{number}": Column(f"Probability of the damage “{name}”", "0 to 1", damage)
            for number, name in enumerate(states)
        },
        "state_source": Column("Damage states from", meaning="damage curve or student network"),
        **_with_percentiles("expected_annual_damage", "Expected annual damage", f"{money} per year"),
        "depth_p50": Column("Depth of water, median", "m", f"above ground, {damage}"),
        "out_of_service": Column("Probability that it is out of service", "0 to 1", damage),
        "out_of_service_per_year": Column("Out of service", "times a year"),
        "measures": Column("Measures proposed here"),
        # zones and the areas of the evacuation
        "zone": Column("Zone"),
        "evacuation_area": Column("Evacuation area"),
        "return_period": Column("Return period of the sea level", "years", "of the numbers in this row"),
        "flooded_share_p50": Column("Flooded part of the land, median", "0 to 1", damage),
        "dangerous_share_p50": Column("Part of the land in dangerous water, median", "0 to 1", damage),
        "damage_p50": Column("Damage in one flood, median", money, damage),
        "people_in_danger_low": Column("People in danger, at least", "people", damage),
        "people_in_danger_high": Column("People in danger, at most", "people", f"{damage}; empty = unknown"),
        "unknown_share": Column("Part of the land without a flood map", "0 to 1"),
        "uncounted_homes": Column("Homes whose people nobody counted", "homes"),
        "unknown_assets": Column("Assets whose damage is unknown", "assets"),
        "unknown_value": Column("Value of those assets", money),
        "area": Column("Evacuation area"),
        "zones": Column("Zones of the area"),
        "level": Column("Sea level from which people are in danger", level),
        "frequency": Column("How often the sea reaches it"),
        "people_low": Column("People, at least", "people"),
        "people_likely": Column("People, likely", "people"),
        "people_high": Column("People, at most", "people"),
        "day_hours": Column("Needed to leave by day", "hours", "at most"),
        "night_hours": Column("Needed to leave by night", "hours", "at most"),
        # stretches of embankments
        "rank": Column("Rank of the repair", meaning="1 = first"),
        "line": Column("Embankment"),
        "begin_km": Column("From", "km along the embankment"),
        "end_km": Column("To", "km along the embankment"),
        "crest": Column("Crest of the embankment", level),
        "breaches_per_year": Column("Breaches", "per year", "expected number today"),
        "avoided_damage": Column("Damage that the repair avoids", f"{money} per year", "on average"),
        "avoided_people": Column("People with water at home that it avoids", "people per year", "on average"),
        "cost": Column("Cost of the repair", money),
        "net_present_value": Column("Net present value of the repair", money),
        "value_of_survey": Column("Worth of knowing the condition first", money, "0 = it changes no decision"),
        # names of places
        "kind": Column("Kind of place", meaning="by OpenStreetMap's tag: city, town, village, hamlet, …"),
        **{
            f"name_{code}": Column(f"Name in {title}")
            for code, title in (("bn", "Bengali"), ("en", "English"), ("vi", "Vietnamese"))
        },
        "population": Column("Population", "people", "empty = not stated"),
        # drafts of warnings
        "headline": Column("Draft warning"),
        "status": Column("Status of the message", meaning="a draft is not sent; a person decides"),
        "probability": Column("Probability that the sea reaches the level", "0 to 1", "by the forecast of that time"),
        "water_level": Column("Sea level of the warning", "", f"above {run.vertical_datum}"),
        "severity": Column("Severity", meaning="Common Alerting Protocol 1.2"),
        "sent": Column("Written", "UTC"),
        "onset": Column("Begins", "UTC"),
        "expires": Column("Ends", "UTC", "void afterwards"),
        "area_name": Column("Area"),
        "message": Column("File of the draft"),
    }


def column_of(field: str, columns: Mapping[str, Column]) -> Column:
    """A field's column; one that only the user's survey has keeps its name as title."""
    return columns.get(field, Column(field.replace("_", " ").capitalize()))


def _with_percentiles(field: str, title: str, unit: str) -> dict[str, Column]:
    parts = {
        "mean": "on average", "standard_error": "error of the calculation", "p10": "10th percentile",
        "p50": "median", "p90": "90th percentile",
    }  # fmt: skip
    return {f"{field}_{part}": Column(f"{title}, {words}", unit) for part, words in parts.items()}
