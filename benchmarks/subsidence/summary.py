"""The tables of the sinking delta."""

from collections.abc import Mapping

from benchmarks.record import Record, Row, Rows, Value, markdown_table

COLUMNS: dict[str, tuple[str, ...]] = {
    "rise": (
        "case", "year", "stable_p5_m", "stable_p50_m", "stable_p95_m", "sinking_p5_m", "sinking_p50_m", "sinking_p95_m",
    ),
    "hazard": (
        "case", "year", "map", "level_p5_m", "level_p50_m", "level_p95_m", "flooded_km2", "of_it_western_half_km2",
        "damage_eur_a", "standard_error_eur_a", "damage_p10_eur_a", "damage_p90_eur_a",
    ),
    "plan": (
        "case", "map", "rise_at_horizon_m", "damage_present_value_eur", "proposal_value_eur", "beyond_maps",
    ),
    "pathways": (
        "case", "map", "tips_at_p10_m", "tips_at_m", "tips_at_p90_m", "year_SSP2-4.5", "year_SSP5-8.5",
        "year_SSP5-8.5 low confidence", "late_years",
    ),
}  # fmt: skip
TITLES = {
    "rise": "Rise of the sea against the land",
    "hazard": "Level of the rarest return period against the land of today, flooded land and damage a year (SSP2-4.5)",
    "plan": "Damage until the horizon and the value of the proposal; storms and values as today",
    "pathways": "Rise and year at which measures no longer suffice",
}


def summarise(rows: Rows) -> Row:
    """What sinking land changes: level, damage, and the year in which the present situation and the last step tip."""
    summary: Row = {}
    for case in dict.fromkeys(str(row["case"]) for row in rows if row["part"] == "hazard"):
        own = [row for row in rows if row["case"] == case]
        last = [row for row in own if row["part"] == "hazard"][-1]
        summary[f"{case}: level in {last['year']} m"] = last["level_p50_m"]
        summary[f"{case}: damage in {last['year']} EUR a year"] = last["damage_eur_a"]
        steps = [row for row in own if row["part"] == "pathways"]
        if steps:
            longest = max(steps, key=_tip)
            summary[f"{case}: longest pathway suffices until, SSP2-4.5"] = longest["year_SSP2-4.5"]
            summary[f"{case}: longest pathway suffices until, SSP5-8.5"] = longest["year_SSP5-8.5"]
    return summary


def _tip(row: Mapping[str, Value]) -> float:
    return float(row["tips_at_m"] or 0.0)


def markdown(record: Record) -> str:
    """One table for each part."""
    tables = [
        f"## {title}\n\n{markdown_table([row for row in record.rows if row['part'] == part], COLUMNS[part])}"
        for part, title in TITLES.items()
    ]
    return f"Simulated; seeds {', '.join(map(str, record.seeds))}.\n\n" + "\n".join(tables)
