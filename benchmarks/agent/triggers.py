"""Whether triggers pay, on real gauges and on simulated decades, with live and with dead streams.

``python -m benchmarks.agent.triggers --gauges LEVELS.csv … --stations STATIONS.csv … --coasts 4 --years 20
--out OUT.json``

Of each record the first part teaches tide, forecaster, the level that makes an event, the neighbour's level that stands
in, and the warning level of the sceptic's rule; the rest is the test.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from benchmarks.record import Record, Value, markdown_table, print_table, sha256, write_record
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.harmonic_tide import fit_tide, predict_tide
from strandline.observations.storms import find_storms
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.planning.early_action.hindcast import EVERY_HOURS, PROTECTION_HOURS, silence_storms
from strandline.planning.early_action.protocol import DegradedRule, Event, Indicator, Phase, Protocol, StopRule
from strandline.planning.early_action.statistical_forecast import fit_statistical_forecast
from strandline.planning.early_action.triggers import History, Stream, replay
from strandline.planning.early_action.verification import Stakes, Verification, verify
from strandline.simulator.sea.sea import TYPICAL_SHELF, simulate_sea
from strandline.simulator.sea.tracks import Basin

Provenance = Literal["real", "simulated"]
RATIOS = (0.05, 0.1, 0.2, 0.5)
"""Cost over avoidable loss [-]."""
EVENTS_A_YEAR, LEARN_SHARE = 4.0, 0.35
MARGINS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
"""How far below the event a reading may act, over the residual's standard deviation [-]."""
WINDOW, STOP_HOURS, SILENCE_HOURS, HYSTERESIS = (3.0, 12.0), 13.0, 6.0, 0.1
STREAMS = ("alive", "dead in storms", "dead, no degraded rule")
PLACES: Mapping[Basin, tuple[float, float, float]] = {
    "bay_of_bengal": (90.4, 22.0, 180.0),
    "mekong": (106.7, 9.8, 120.0),
}
"""Longitude, latitude and where the sea lies [degrees] of the simulated coasts."""
FIRST_COAST = 500
COLUMNS = ("case", "level_m", "rule", "cost_loss", "streams", "events", "hits", "late", "false_alarms", "lead_hours",
           "cost_in_vain", "relative_value")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Case:
    """A gauge's record and its neighbour's, hourly [m]; NaN = not observed."""

    name: str
    provenance: Provenance
    latitude: float
    time: Times
    own: Floats
    neighbour: Floats


@dataclass(frozen=True, eq=False)
class Span:
    """One part of a record: what happened, and what was known of it with each fate of the streams."""

    time: Times
    observed: Floats
    histories: Mapping[str, History]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gauges", type=Path, nargs="*", default=[], help="hourly levels [m], a column a station")
    parser.add_argument("--stations", type=Path, nargs="*", default=[], help="their latitudes, a file a file of gauges")
    parser.add_argument("--coasts", type=int, default=4, help="simulated coasts")
    parser.add_argument("--years", type=float, default=20.0, help="of each of them")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    rows = []
    for levels, stations in zip(arguments.gauges, arguments.stations, strict=True):
        for case in real_cases(levels, stations):
            rows += rows_of(case)
    seeds = range(FIRST_COAST, FIRST_COAST + arguments.coasts)
    for seed in seeds:
        rows += rows_of(simulated_case(seed, arguments.years))
    data = {path.name: sha256(path) for path in (*arguments.gauges, *arguments.stations)}
    kind: Provenance = "real" if data else "simulated"
    record = Record("triggers", kind, data, list(seeds), rows, summarise(rows))
    write_record(record, arguments.out)
    arguments.out.with_suffix(".md").write_text(markdown(record, arguments))
    print_table(record, COLUMNS)


def real_cases(levels: Path, stations: Path) -> Iterator[Case]:
    """Each gauge of a file with the one whose water goes most like its own."""
    table = pd.read_csv(levels, index_col=0, parse_dates=True)
    table = table.reindex(pd.date_range(table.index[0], table.index[-1], freq="h"))
    latitude = pd.read_csv(stations, index_col="station")["latitude"]
    daily = table.rolling(25, center=True, min_periods=20).mean()  # without the tide, which goes alike everywhere
    alike = daily.iloc[: round(LEARN_SHARE * len(table))].corr()
    for name in table.columns:
        other = alike[name].drop(name).idxmax()
        own, neighbour = (table[column].to_numpy(dtype=float) for column in (name, other))
        yield Case(name, "real", float(latitude[name]), table.index.to_numpy("datetime64[ns]"), own, neighbour)


def simulated_case(seed: int, years: float) -> Case:
    """Some years of sea at a coast that never was, and at its neighbour."""
    basin: Basin = ("bay_of_bengal", "mekong")[seed % 2]
    longitude, latitude, seaward = PLACES[basin]
    width, depth = TYPICAL_SHELF[basin]
    sea = simulate_sea(
        basin, longitude, latitude, years, np.random.default_rng(seed), seaward_direction=seaward, shelf_width=width,
        shelf_depth=depth, neighbours=1,
    )  # fmt: skip
    own, neighbour = sea.tide_gauge["water_level"].values
    return Case(f"{basin}-{seed}", "simulated", latitude, sea.tide_gauge["time"].values, own, neighbour)


def rows_of(case: Case) -> list[dict[str, Value]]:
    """Every rule at every ratio of cost and loss, with every fate of the streams."""
    n = round(LEARN_SHARE * case.time.size)
    rng = np.random.default_rng(0)
    fitted = fit_tide(case.time[:n], case.own[:n], case.latitude, name=case.name, source="first part of the record")
    tide = predict_tide(fitted.constants, case.time) + fitted.mean
    forecaster = fit_statistical_forecast(case.own[:n], tide[:n], rng)
    storms = find_storms(case.time[:n], case.own[:n], round(EVENTS_A_YEAR * n / HOURS_PER_YEAR))
    level = min(storm.peak_level for storm in storms)
    as_often = np.nanquantile(case.neighbour[:n], np.nanmean(case.own[:n] < level))

    def span(part: slice, fates: Sequence[str]) -> Span:
        time, own = case.time[part], case.own[part]
        near = {"neighbour": Stream.of_readings(pd.Series(case.neighbour[part], index=pd.DatetimeIndex(time)), "m")}
        histories = {}
        for fate in fates:
            heard = own if fate == "alive" else silence_storms(time, own)
            said = {"forecast": forecaster.forecast(time, heard, tide[part], EVERY_HOURS),
                    "reading": Stream.of_readings(pd.Series(heard, index=pd.DatetimeIndex(time)), "m")}  # fmt: skip
            histories[fate] = said if fate == STREAMS[2] else said | near
        return Span(time, own, histories)

    learned, test = span(slice(0, n), STREAMS[:2]), span(slice(n, None), STREAMS)
    event = Event(variable="water_level", operator=">=", value=level, unit="m")
    spread = float(np.nanstd(case.own[:n] - tide[:n]))
    spare = best_fallbacks(learned, event, float(as_often), spread)
    warned = best_warning_levels(learned, event, spread)
    rows = []
    for fate in STREAMS:
        for ratio in RATIOS:
            rules = {"cost_loss": by_chance(level, ratio), "even_chance": by_chance(level, 0.5),
                     "reading": by_reading(warned[ratio])}  # fmt: skip
            for rule, indicators in rules.items():
                result = try_out(test, fate, indicators, event, spare[ratio], (ratio,))[ratio]
                rows.append(row_of(case, level, rule, ratio, fate, result))
    return rows


def by_chance(level: float, probability: float) -> dict[str, Indicator]:
    """Start on a chance of the level; go on while half of it is left of one a little lower."""

    def ahead(value: float, chance: float, window: tuple[float, float]) -> Indicator:
        return Indicator(variable="forecast", operator=">=", value=value, unit="m", probability=chance,
                         lead_window_hours=window, valid_hours=SILENCE_HOURS, source="own readings")  # fmt: skip

    return {
        "start": ahead(level, probability, WINDOW),
        "left": ahead(level - HYSTERESIS, probability / 2, (0, WINDOW[1])),
    }


def by_reading(level: float) -> dict[str, Indicator]:
    """What is done without forecasts: act when the water itself stands at a warning level."""

    def read(value: float) -> Indicator:
        return Indicator(variable="reading", operator=">=", value=value, unit="m", lead_window_hours=(0, 0),
                         valid_hours=SILENCE_HOURS, source="own readings")  # fmt: skip

    return {"start": read(level), "left": read(level - HYSTERESIS)}


def best_warning_levels(span: Span, event: Event, spread: float) -> dict[float, float]:
    """Ratio of cost and loss → the warning level of the own gauge that was worth most in the part that teaches."""
    levels = [event.value - share * spread for share in MARGINS]
    found = [try_out(span, STREAMS[0], by_reading(level), event, np.inf, RATIOS) for level in levels]
    return _best(levels, found)


def best_fallbacks(span: Span, event: Event, as_often: float, spread: float) -> dict[float, float]:
    """Likewise the neighbour's level, where the own gauge dies in storms and its forecasts decide while they come."""
    levels = [as_often - share * spread for share in MARGINS]
    found = []
    for level in levels:
        one = {
            ratio: try_out(span, STREAMS[1], by_chance(event.value, ratio), event, level, (ratio,)) for ratio in RATIOS
        }
        found.append({ratio: one[ratio][ratio] for ratio in RATIOS})
    return _best(levels, found)


def _best(levels: Sequence[float], found: Sequence[Mapping[float, Verification]]) -> dict[float, float]:
    expense = {ratio: [results[ratio].expenses.decided for results in found] for ratio in RATIOS}
    return {ratio: levels[int(np.argmin(values))] for ratio, values in expense.items()}


def try_out(
    span: Span,
    fate: str,
    indicators: Mapping[str, Indicator],
    event: Event,
    spare_level: float,
    ratios: Sequence[float],
) -> dict[float, Verification]:
    """Ratio of cost and loss → how a phase with these indicators, and the neighbour's level in reserve, fares."""
    spare = Indicator(variable="neighbour", operator=">=", value=min(spare_level, 99.0), unit="m",
                      lead_window_hours=(0, 0), valid_hours=SILENCE_HOURS, source="neighbouring gauge")  # fmt: skip
    phase = Phase(
        name="act", start="start", actions=("act",), response="Execute", event=event,
        stop=StopRule(when="not left", for_hours=STOP_HOURS),
        degraded=DegradedRule(after_hours=SILENCE_HOURS, fallback="spare", prior="leave it", decided_by="nobody"),
    )  # fmt: skip
    protocol = Protocol(title="benchmark", source="benchmark", confirmed_by="nobody",
                        indicators={**indicators, "spare": spare}, phases=(phase,))  # fmt: skip
    active = replay(protocol, span.histories[fate], span.time)["act"].active

    def value_of_acting(ratio: float) -> Verification:
        stakes = Stakes(ratio, lambda peaks: np.ones(peaks.size), PROTECTION_HOURS)
        return verify(active, span.time, span.observed, event, WINDOW[0], stakes)

    return {ratio: value_of_acting(ratio) for ratio in ratios}


def row_of(case: Case, level: float, rule: str, ratio: float, fate: str, result: Verification) -> dict[str, Value]:
    assert result.expenses is not None
    return {
        "case": case.name, "provenance": case.provenance, "level_m": level, "rule": rule, "cost_loss": ratio,
        "streams": fate, "years": result.years, "events": result.hits + result.misses, "hits": result.hits,
        "late": result.late, "misses": result.misses, "false_alarms": result.false_alarms,
        "unverified": result.unverified, "lead_hours": result.lead_hours, "cost_in_vain": result.cost_in_vain,
        "expense": result.expenses.decided, "expense_perfect": result.expenses.perfect,
        "expense_climate": min(result.expenses.never, result.expenses.always),
        "relative_value": result.expenses.relative_value,
    }  # fmt: skip


def summarise(rows: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """Relative value of the expenses of all cases together, and the share of all events that was hit."""
    summary: dict[str, Value] = {}
    for provenance in ("real", "simulated"):
        for fate in STREAMS:
            for ratio in RATIOS:
                for rule in ("cost_loss", "even_chance", "reading"):
                    wanted = {"provenance": provenance, "streams": fate, "cost_loss": ratio, "rule": rule}
                    chosen = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
                    if not chosen:
                        continue
                    total = {
                        key: sum(float(str(row[key])) for row in chosen)
                        for key in ("expense", "expense_perfect", "expense_climate", "hits", "events", "false_alarms")
                    }
                    gain = total["expense_climate"] - total["expense_perfect"]
                    place = f"{provenance}/{fate}/{ratio:g}/{rule}"
                    summary[f"{place}/value"] = (total["expense_climate"] - total["expense"]) / gain
                    summary[f"{place}/hit_rate"] = total["hits"] / total["events"]
                    summary[f"{place}/false_alarms_a_hit"] = total["false_alarms"] / max(total["hits"], 1.0)
    return summary


def markdown(record: Record, arguments: argparse.Namespace) -> str:
    """The summary and the rows under the command that made them."""
    asked = {"gauges": arguments.gauges, "stations": arguments.stations}
    names = " ".join(f"--{key} {' '.join(path.name for path in paths)}" for key, paths in asked.items() if paths)
    command = f"python -m benchmarks.agent.triggers {names} --coasts {arguments.coasts} --years {arguments.years:g}"
    short = []
    for name, value in record.summary.items():
        place, _, what = name.rpartition("/")
        if not short or short[-1]["place"] != place:
            provenance, fate, ratio, rule = place.split("/")
            short.append({"place": place, "record": provenance, "streams": fate, "cost / loss": ratio, "rule": rule})
        short[-1][what] = value
    head = ("record", "streams", "cost / loss", "rule", "value", "hit_rate", "false_alarms_a_hit")
    return (
        f"    {command}\n\nAll cases together; value 1 = perfect information, 0 = the climate alone.\n\n"
        f"{markdown_table(short, head)}\nCost in vain in units of the avoidable loss.\n\n"
        f"{markdown_table(record.rows, COLUMNS)}"
    )


if __name__ == "__main__":
    main()
