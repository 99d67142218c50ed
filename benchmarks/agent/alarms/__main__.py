"""``python -m benchmarks.agent.alarms``: how often, how long and how early the watch alarms on long real gauges.

``python -m benchmarks.agent.alarms --gauges FOLDER … --years 6 --work WORK --out OUT.json``

A folder holds ``stations.csv`` and hourly records. The first part of each record fits tide, sea-level model, spread and
event levels; the rest, at most ``--years``, is watched hour by hour.
"""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks.agent.alarms.gauges import files_of, fit_gauge, latitudes_of, read_levels
from benchmarks.agent.alarms.run import rows_of
from benchmarks.agent.alarms.summary import ACTION_COLUMNS, TASK, curve_of, markdown, pooled, summarise
from benchmarks.progress import Progress
from benchmarks.record import Record, Row, finished_rows, print_table, read_record, sha256, write_record


def main(argv: Sequence[str] | None = None) -> None:
    """Measure every gauge, and write the record beside an earlier one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gauges", type=Path, nargs="+", required=True, help="folders of hourly records")
    parser.add_argument("--years", type=float, default=6.0, help="greatest length of a test")
    parser.add_argument("--version", choices=("before", "after"), default="after", help="of the rule and the belief")
    parser.add_argument("--before", type=Path, help="result of the version before, to compare with")
    parser.add_argument("--work", type=Path, required=True, help="folder for finished gauges")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    rows: list[Row] = []
    with Progress() as bar:
        for folder in arguments.gauges:
            levels, latitudes = read_levels(folder), latitudes_of(folder)
            for name in bar.track(list(map(str, levels.columns)), description=folder.name):
                path = arguments.work / f"{arguments.version}-{folder.name}-{name}-{arguments.years:g}.json"
                measure = partial(gauge_rows, name, folder.name, levels, latitudes, arguments.years)
                rows += [{"version": arguments.version, **row} for row in finished_rows(path, measure)]
    curve = curve_of([row for row in rows if row["part"] == "curve"])
    rows = [row for row in rows if row["part"] == "actions"]
    if arguments.before is not None:
        earlier = read_record(arguments.before)
        rows, curve = [*map(dict, earlier.rows), *rows], [*map(dict, earlier.tables["curve"]), *curve]
    data = {path.name: sha256(path) for folder in arguments.gauges for path in files_of(folder)}
    record = Record("agent.alarms", "real", data, [], rows, summarise(rows, curve), {"curve": curve})
    write_record(record, arguments.out, markdown(record))
    shown = pooled(rows, (*TASK, "chance"))
    print_table(Record("agent.alarms", "real", {}, [], shown, {}), ACTION_COLUMNS)


def gauge_rows(
    name: str, region: str, levels: pd.DataFrame, latitudes: Mapping[str, float], most_years: float
) -> list[Row]:
    """Fit one gauge and watch it."""
    return rows_of(fit_gauge(name, region, levels, latitudes, most_years))


if __name__ == "__main__":
    main()
