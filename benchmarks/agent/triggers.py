"""Value of triggers on real gauges and on simulated decades, with live and with silent streams.

``python -m benchmarks.agent.triggers --gauges LEVELS.csv … --stations STATIONS.csv … --coasts 4 --years 20
--out OUT.json``

The first part of each record fits the tide, the forecast, the event level, the fallback level of the neighbour and the
warning level of the baseline rule; the rest is the test.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.agent.coasts import TYPICAL_SHELF
from benchmarks.agent.scoring import expense, pooled_value
from benchmarks.record import Provenance, Record, Row, Rows, markdown_table, print_table, sha256, write_record
from benchmarks.statistics import number
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.harmonic_tide import fit_tide, predict_tide
from strandline.observations.storms import find_storms
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.planning.early_action.hindcast import EVERY_HOURS, PROTECTION_HOURS, drop_storms
from strandline.planning.early_action.protocol import DegradedRule, Event, Indicator, Phase, Protocol, StopRule
from strandline.planning.early_action.statistical_forecast import fit_statistical_forecast
from strandline.planning.early_action.streams import History, Stream
from strandline.planning.early_action.triggers import replay
from strandline.planning.early_action.verification import CostLossModel, Verification, verify
from strandline.simulator.sea.sea import simulate_sea
from strandline.simulator.sea.tracks import Basin

RATIOS = (0.05, 0.1, 0.2, 0.5)
"""Cost over avoidable loss [-]."""
EVENTS_A_YEAR, FITTING_SHARE = 4.0, 0.35
"""Events that define the event level, and the part of each record that is fitted to."""
MARGINS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Candidate warning levels below the event level, in standard deviations of the residual [-]."""
WINDOW, STOP_HOURS, SILENCE_HOURS, HYSTERESIS = (3.0, 12.0), 13.0, 6.0, 0.1
STREAMS = ("alive", "dead in storms", "dead, no degraded rule")
SITES: Mapping[Basin, tuple[float, float, float]] = {
    "bay_of_bengal": (90.4, 22.0, 180.0),
    "mekong": (106.7, 9.8, 120.0),
}
"""Longitude, latitude, and direction of the sea [degrees] of the simulated coasts."""
FIRST_COAST = 500
COLUMNS = ("case", "level_m", "rule", "cost_loss", "streams", "events", "hits", "late", "false_alarms", "lead_hours",
           "false_alarm_cost", "relative_value")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Case:
    """Hourly record [m] of a gauge and of its neighbour; NaN = not observed."""

    name: str
    provenance: Provenance
    latitude: float
    time: Times
    own: Floats
    neighbour: Floats


@dataclass(frozen=True, eq=False)
class Span:
    """One part of a record: the observed level, and the histories of all streams under each condition of `STREAMS`."""

    time: Times
    observed: Floats
    histories: Mapping[str, History]


def main(argv: Sequence[str] | None = None) -> None:
    """Verify every rule on every record, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gauges", type=Path, nargs="*", default=[], help="hourly levels [m], a column a station")
    parser.add_argument("--stations", type=Path, nargs="*", default=[], help="latitudes, one file per file of gauges")
    parser.add_argument("--coasts", type=int, default=4, help="simulated coasts")
    parser.add_argument("--years", type=float, default=20.0, help="of each simulated coast")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    rows: list[Row] = []
    for levels, stations in zip(arguments.gauges, arguments.stations, strict=True):
        for case in real_cases(levels, stations):
            rows += rows_of(case)
    seeds = range(FIRST_COAST, FIRST_COAST + arguments.coasts)
    for seed in seeds:
        rows += rows_of(simulated_case(seed, arguments.years))
    data = {path.name: sha256(path) for path in (*arguments.gauges, *arguments.stations)}
    record = Record("triggers", "real" if data else "simulated", data, list(seeds), rows, summarise(rows))
    write_record(record, arguments.out, markdown(record, _command(arguments)))
    print_table(record, COLUMNS)


def real_cases(levels: Path, stations: Path) -> Iterator[Case]:
    """Each gauge of a file with its best correlated neighbour."""
    table = pd.read_csv(levels, index_col=0, parse_dates=True)
    table = table.reindex(pd.date_range(table.index[0], table.index[-1], freq="h"))
    latitude = pd.read_csv(stations, index_col="station")["latitude"]
    daily = table.rolling(25, center=True, min_periods=20).mean()  # without the tide
    correlation = daily.iloc[: round(FITTING_SHARE * len(table))].corr()
    for name in table.columns:
        other = correlation[name].drop(name).idxmax()
        own, neighbour = (table[column].to_numpy(dtype=float) for column in (name, other))
        yield Case(name, "real", float(latitude[name]), table.index.to_numpy("datetime64[ns]"), own, neighbour)


def simulated_case(seed: int, years: float) -> Case:
    """Some years of sea level at a simulated coast and at its neighbour."""
    basin: Basin = ("bay_of_bengal", "mekong")[seed % 2]
    longitude, latitude, seaward = SITES[basin]
    width, depth = TYPICAL_SHELF[basin]
    sea = simulate_sea(
        basin, longitude, latitude, years, np.random.default_rng(seed), seaward_direction=seaward, shelf_width=width,
        shelf_depth=depth, neighbours=1,
    )  # fmt: skip
    own, neighbour = sea.tide_gauge["water_level"].values
    return Case(f"{basin}-{seed}", "simulated", latitude, sea.tide_gauge["time"].values, own, neighbour)


def rows_of(case: Case) -> list[Row]:
    """Every rule at every cost–loss ratio under every condition of the streams."""
    n = round(FITTING_SHARE * case.time.size)
    rng = np.random.default_rng(0)
    fitted = fit_tide(case.time[:n], case.own[:n], case.latitude, name=case.name, source="first part of the record")
    tide = predict_tide(fitted.constants, case.time) + fitted.mean
    forecaster = fit_statistical_forecast(case.own[:n], tide[:n], rng)
    storms = find_storms(case.time[:n], case.own[:n], round(EVENTS_A_YEAR * n / HOURS_PER_YEAR))
    level = min(storm.peak_level for storm in storms)
    as_often = np.nanquantile(case.neighbour[:n], np.nanmean(case.own[:n] < level))

    def span(part: slice, conditions: Sequence[str]) -> Span:
        time, own = case.time[part], case.own[part]
        near = {"neighbour": Stream.of_readings(pd.Series(case.neighbour[part], index=pd.DatetimeIndex(time)), "m")}
        histories = {}
        for streams in conditions:
            readings = own if streams == "alive" else drop_storms(time, own)
            history = {
                "forecast": forecaster.issue(time, readings, tide[part], EVERY_HOURS),
                "reading": Stream.of_readings(pd.Series(readings, index=pd.DatetimeIndex(time)), "m"),
            }
            histories[streams] = history if streams == STREAMS[2] else history | near
        return Span(time, own, histories)

    fitting, test = span(slice(0, n), STREAMS[:2]), span(slice(n, None), STREAMS)
    event = Event(variable="water_level", operator=">=", value=level, unit="m")
    spread = float(np.nanstd(case.own[:n] - tide[:n]))
    fallbacks = best_fallbacks(fitting, event, float(as_often), spread)
    warning_levels = best_warning_levels(fitting, event, spread)
    rows = []
    for streams in STREAMS:
        for ratio in RATIOS:
            rules = {"cost_loss": by_probability(level, ratio), "even_chance": by_probability(level, 0.5),
                     "reading": by_reading(warning_levels[ratio])}  # fmt: skip
            for rule, indicators in rules.items():
                result = verify_rule(test, streams, indicators, event, fallbacks[ratio], (ratio,))[ratio]
                rows.append(row_of(case, level, rule, ratio, streams, result))
    return rows


def by_probability(level: float, probability: float) -> dict[str, Indicator]:
    """Start at a probability of the level; continue while half of it remains for a slightly lower level."""

    def ahead(value: float, probability: float, window: tuple[float, float]) -> Indicator:
        return Indicator(variable="forecast", operator=">=", value=value, unit="m", probability=probability,
                         lead_window_hours=window, valid_hours=SILENCE_HOURS, source="own readings")  # fmt: skip

    return {
        "start": ahead(level, probability, WINDOW),
        "left": ahead(level - HYSTERESIS, probability / 2, (0, WINDOW[1])),
    }


def by_reading(level: float) -> dict[str, Indicator]:
    """Without forecasts: act when the observed level reaches a warning level."""

    def read(value: float) -> Indicator:
        return Indicator(variable="reading", operator=">=", value=value, unit="m", lead_window_hours=(0, 0),
                         valid_hours=SILENCE_HOURS, source="own readings")  # fmt: skip

    return {"start": read(level), "left": read(level - HYSTERESIS)}


def best_warning_levels(span: Span, event: Event, spread: float) -> dict[float, float]:
    """Cost–loss ratio → warning level of the own gauge with the lowest expense in the fitting part."""
    levels = [event.value - share * spread for share in MARGINS]
    found = [verify_rule(span, STREAMS[0], by_reading(level), event, np.inf, RATIOS) for level in levels]
    return _best(levels, found)


def best_fallbacks(span: Span, event: Event, as_often: float, spread: float) -> dict[float, float]:
    """Cost–loss ratio → best level of the neighbour that decides while the own gauge is silent in storms."""
    levels = [as_often - share * spread for share in MARGINS]
    found = []
    for level in levels:
        one = {
            ratio: verify_rule(span, STREAMS[1], by_probability(event.value, ratio), event, level, (ratio,))
            for ratio in RATIOS
        }
        found.append({ratio: one[ratio][ratio] for ratio in RATIOS})
    return _best(levels, found)


def _best(levels: Sequence[float], found: Sequence[Mapping[float, Verification]]) -> dict[float, float]:
    expenses = {ratio: [expense(results[ratio]) for results in found] for ratio in RATIOS}
    return {ratio: levels[int(np.argmin(values))] for ratio, values in expenses.items()}


def verify_rule(
    span: Span,
    streams: str,
    indicators: Mapping[str, Indicator],
    event: Event,
    fallback_level: float,
    ratios: Sequence[float],
) -> dict[float, Verification]:
    """Cost–loss ratio → verification of a phase with these indicators and the neighbour's level as its fallback."""
    fallback = Indicator(variable="neighbour", operator=">=", value=min(fallback_level, 99.0), unit="m",
                      lead_window_hours=(0, 0), valid_hours=SILENCE_HOURS, source="neighbouring gauge")  # fmt: skip
    phase = Phase(
        name="act", start="start", actions=("act",), response="Execute", event=event,
        stop=StopRule(when="not left", for_hours=STOP_HOURS),
        degraded=DegradedRule(after_hours=SILENCE_HOURS, fallback="fallback", prior="leave it", decided_by="nobody"),
    )  # fmt: skip
    protocol = Protocol(title="benchmark", source="benchmark", confirmed_by="nobody",
                        indicators={**indicators, "fallback": fallback}, phases=(phase,))  # fmt: skip
    active = replay(protocol, span.histories[streams], span.time)["act"].active

    def at_ratio(ratio: float) -> Verification:
        cost_loss = CostLossModel(ratio, lambda peaks: np.ones(peaks.size), PROTECTION_HOURS)
        return verify(active, span.time, span.observed, event, WINDOW[0], cost_loss)

    return {ratio: at_ratio(ratio) for ratio in ratios}


def row_of(case: Case, level: float, rule: str, ratio: float, streams: str, result: Verification) -> Row:
    """The verification of one rule as a row."""
    assert result.expenses is not None
    return {
        "case": case.name, "provenance": case.provenance, "level_m": level, "rule": rule, "cost_loss": ratio,
        "streams": streams, "years": result.years, "events": result.hits + result.misses, "hits": result.hits,
        "late": result.late, "misses": result.misses, "false_alarms": result.false_alarms,
        "unverified": result.unverified, "lead_hours": result.lead_hours, "false_alarm_cost": result.false_alarm_cost,
        "expense": result.expenses.decided, "expense_perfect": result.expenses.perfect,
        "expense_climate": min(result.expenses.never, result.expenses.always),
        "relative_value": result.expenses.relative_value,
    }  # fmt: skip


def summarise(rows: Rows) -> Row:
    """Relative value of the summed expenses of all cases, hit rate, and false alarms per hit."""
    summary: Row = {}
    for provenance in ("real", "simulated"):
        for streams in STREAMS:
            for ratio in RATIOS:
                for rule in ("cost_loss", "even_chance", "reading"):
                    wanted = {"provenance": provenance, "streams": streams, "cost_loss": ratio, "rule": rule}
                    chosen = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
                    if not chosen:
                        continue
                    hits, events, false_alarms = (
                        sum(number(row, name) for row in chosen) for name in ("hits", "events", "false_alarms")
                    )
                    name = f"{provenance}/{streams}/{ratio:g}/{rule}"
                    summary[f"{name}/value"] = pooled_value(chosen)
                    summary[f"{name}/hit_rate"] = hits / events
                    summary[f"{name}/false_alarms_a_hit"] = false_alarms / max(hits, 1.0)
    return summary


def markdown(record: Record, command: str) -> str:
    """The command, the summary by rule, and the rows."""
    lines: dict[str, Row] = {}
    for name, value in record.summary.items():
        group, _, what = name.rpartition("/")
        provenance, streams, ratio, rule = group.split("/")
        line = lines.setdefault(group, {"record": provenance, "streams": streams, "cost / loss": ratio, "rule": rule})
        line[what] = value
    head = ("record", "streams", "cost / loss", "rule", "value", "hit_rate", "false_alarms_a_hit")
    return (
        f"    {command}\n\nAll cases together; value 1 = perfect information, 0 = the climate alone.\n\n"
        f"{markdown_table(list(lines.values()), head)}\nCost of false alarms in units of the avoidable loss.\n\n"
        f"{markdown_table(record.rows, COLUMNS)}"
    )


def _command(arguments: argparse.Namespace) -> str:
    files = {"gauges": arguments.gauges, "stations": arguments.stations}
    names = " ".join(f"--{key} {' '.join(path.name for path in paths)}" for key, paths in files.items() if paths)
    return f"python -m benchmarks.agent.triggers {names} --coasts {arguments.coasts} --years {arguments.years:g}"


if __name__ == "__main__":
    main()
