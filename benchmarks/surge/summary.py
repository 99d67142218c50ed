"""From rows to a summary and tables: errors by gauge and lead, and ratios to the best simple method with intervals."""

from collections.abc import Iterable, Mapping

import numpy as np

from benchmarks.record import Record, Row, Rows, Value, markdown_table, shown
from benchmarks.statistics import number, paired_bootstrap, rows_by
from benchmarks.surge.methods.registry import SIMPLE
from benchmarks.surge.run import FULL_RECORD, FULL_RECORD_OF, FULL_TIDE

DRAWS = 2000
SCORES = ("coverage_90", "coverage_90_extreme", "f1_extreme", "rmse_extreme", "crps")
Scores = dict[str, dict[float, float]]
"""Target → seed → score."""


def summarise(rows: Rows) -> Row:
    """Means over gauges as ``set/lead/method/number``, ``all`` for every gauge that is scored by the hour.

    Ratios are means over gauges of the ratio at each, with intervals from gauges, then draws of weeks, paired.
    """
    hourly = [row for row in rows if row["scored"] == "hours"]
    parts: dict[str, Rows] = {"all": hourly} if hourly else {}
    parts |= {str(name): found for (name,), found in rows_by(rows, "set").items()}
    summary: Row = {}
    for name, part in parts.items():
        for lead in _leads(part):
            if lead > 0:
                summary |= _of_lead(f"{name}/{lead}h", [row for row in part if row["lead_h"] == lead])
    return summary


def best_simple(rows: Rows) -> dict[str, str]:
    """Target → the method without weather with the least mean error at a lead, known after the test."""
    found: dict[str, str] = {}
    for (target,), part in rows_by(_read(rows), "target").items():
        means = {method: _mean(row["rmse"] for row in part if row["method"] == method) for method in SIMPLE}
        there = {method: mean for method, mean in means.items() if np.isfinite(mean)}
        if there:
            found[str(target)] = min(there, key=lambda method: there[method])
    return found


def markdown(record: Record) -> str:
    """Errors by gauge and lead, scores over gauges, what was published, and notes."""
    rows, text = record.rows, ""
    for (name,), part in rows_by(rows, "set").items():
        text += f"\n## {name}\n\nRMSE of the water level [m], mean over draws of weeks, every reading there.\n\n"
        text += _errors(_read(part))
    text += "\n## Over gauges\n\nMeans over draws and gauges; in brackets without any own reading.\n\n"
    text += _over_gauges([row for row in rows if row["scored"] == "hours"] or rows)
    published = record.tables.get("published", ())
    if published:
        text += "\n## Published scores\n\nOf other hours or quantities, to compare with, not to rank.\n\n"
        text += markdown_table(published, ["source", "target", "lead_h", "rmse"])
    notes = [row for row in record.tables.get("sets", ()) if row["note"]]
    if notes:
        text += "\n## Notes\n\n" + "".join(f"- {row['target']}: {row['note']}.\n" for row in notes)
    return text.lstrip()


def _of_lead(name: str, rows: Rows) -> Row:
    summary: Row = {}
    chosen = best_simple(rows)
    simple = {target: _by_seed(rows, target, method, "none", 0.0, "rmse") for target, method in chosen.items()}
    silent = {target: _by_seed(rows, target, "zero_surge", "none", 1.0, "rmse") for target in chosen}
    for (method, weather), part in rows_by(rows, "method", "weather").items():
        label = f"{name}/{method}" + ("" if weather == "none" else f"/{weather}")
        read = [row for row in part if row["outage"] == 0]
        summary[f"{label}/rmse"] = _mean_of_gauges(read, "rmse")
        for score in SCORES:
            summary[f"{label}/{score}"] = _mean_of_gauges(read, score)
        if method in SIMPLE:
            continue
        ours = {str(target): _seeds(found, "rmse") for (target,), found in rows_by(read, "target").items()}
        others = {
            "against_best_simple": simple,
            "against_full_tide": {t: _by_seed(rows, t, FULL_TIDE, "none", 0.0, "rmse") for t in ours},
            "against_ridge_weather": {t: _by_seed(rows, t, "ridge_weather", weather, 0.0, "rmse") for t in ours},
        }
        for other, theirs in others.items():
            if other != f"against_{method}" and not (method == FULL_TIDE and other == "against_full_tide"):
                summary |= _ratio(f"{label}/{other}", ours, theirs)
        if method == "distilled":
            summary |= _share_to_full_record(f"{label}/share_to_full_record", rows, weather, ours)
        lost = [row for row in part if row["outage"] == 1]
        without = {str(target): _seeds(found, "rmse") for (target,), found in rows_by(lost, "target").items()}
        summary |= _ratio(f"{label}/silent_against_zero_surge", without, silent)
    return summary


def _share_to_full_record(name: str, rows: Rows, weather: Value, distilled: Scores) -> Row:
    """Of the way from the student of some weeks to that of every week, how much the teacher brings; from the means over
    draws at each gauge that has all three.
    """
    shares = {}
    for target, scores in distilled.items():
        some, full = (_by_seed(rows, target, m, weather, 0.0, "rmse") for m in (FULL_RECORD_OF, FULL_RECORD))
        way = _mean(some.values()) - _mean(full.values())
        if way > 0:
            shares[f"{name}/{target}"] = (_mean(some.values()) - _mean(scores.values())) / way
    return {**shares}


def _ratio(name: str, ours: Scores, theirs: Scores) -> Row:
    """Mean over gauges of the ratio, with its interval; nothing where no gauge has both."""
    groups: dict[str, list[float]] = {}
    for target, scores in ours.items():
        base = theirs.get(target, {})
        ratios = [score / base[seed] for seed, score in scores.items() if base.get(seed, 0.0) > 0]
        finite = [ratio for ratio in ratios if np.isfinite(ratio)]
        if finite:
            groups[target] = finite
    return paired_bootstrap(groups, DRAWS, 0).entries(name, "_") if groups else {}


def _by_seed(rows: Rows, target: str, method: str, weather: Value, outage: float, score: str) -> dict[float, float]:
    wanted = {"target": target, "method": method, "weather": weather, "outage": outage}
    return _seeds([row for row in rows if all(row[key] == value for key, value in wanted.items())], score)


def _seeds(rows: Rows, score: str) -> dict[float, float]:
    return {number(row, "seed"): number(row, score) for row in rows}


def _errors(rows: Rows) -> str:
    leads = _leads(rows)
    lines: list[Row] = []
    for (target, method, weather), part in rows_by(rows, "target", "method", "weather").items():
        line: Row = {"gauge": str(target), "method": str(method), "weather": str(weather)}
        for lead in leads:
            line[f"{lead} h"] = _fixed(_mean(row["rmse"] for row in part if row["lead_h"] == lead))
        line["weeks"] = _mean(row["known_weeks"] for row in part)
        ages = [row["issued_h"] for row in part if row["issued_h"] is not None]
        line["age [h]"] = _mean(ages) if ages else None
        lines.append(line)
    return markdown_table(lines, list(lines[0]))


def _over_gauges(rows: Rows) -> str:
    lines: list[Row] = []
    for (method, weather), part in rows_by(rows, "method", "weather").items():
        for lead in (lead for lead in _leads(rows) if lead in (24, 48)):
            read, lost = ([row for row in part if row["lead_h"] == lead and row["outage"] == o] for o in (0, 1))
            if read:
                line: Row = {"method": str(method), "weather": str(weather), "lead [h]": lead}
                line["gauges"] = len({row["target"] for row in read})
                line["RMSE [m]"] = f"{_fixed(_mean_of_gauges(read, 'rmse'))} ({_fixed(_mean_of_gauges(lost, 'rmse'))})"
                for title, score in (
                    ("CRPS [m]", "crps"), ("top 1 % RMSE [m]", "rmse_extreme"), ("F1 of peaks", "f1_extreme"),
                    ("within 90 %", "coverage_90"), ("top 1 % within", "coverage_90_extreme"),
                ):  # fmt: skip
                    line[title] = shown(_mean_of_gauges(read, score))
                lines.append(line)
    return markdown_table(lines, list(lines[0])) if lines else ""


def _read(rows: Rows) -> list[Mapping[str, Value]]:
    return [row for row in rows if row["outage"] == 0]


def _leads(rows: Rows) -> list[int]:
    return sorted({int(number(row, "lead_h")) for row in rows})


def _fixed(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "–"


def _mean_of_gauges(rows: Rows, score: str) -> float:
    """Mean over gauges of the mean over draws."""
    return _mean(_mean(row[score] for row in part) for part in rows_by(rows, "target").values())


def _mean(values: Iterable[Value]) -> float:
    """Over what was measured; NaN without any."""
    finite = [float(value) for value in values if value is not None and np.isfinite(float(value))]
    return float(np.mean(finite)) if finite else float("nan")
