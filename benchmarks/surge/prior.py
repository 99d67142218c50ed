"""``python -m benchmarks.surge.prior``: how the variance of a gauge's residual is shared, over many gauges.

The numbers that `strandline.observations.sea_level.surge.variance_prior` rounds.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.record import Record, Row, print_summary, sha256, summary_table, write_record
from benchmarks.surge.methods.forecaster import history_of, neighbours_of
from benchmarks.surge.protocol import draw_task
from benchmarks.surge.records.gauge import Gauge, GaugeSet
from benchmarks.surge.records.sets import SETS
from strandline.distillation.sea_level.neighbour_teacher import infer_from_neighbours
from strandline.observations.arrays import Floats
from strandline.observations.sea_level.surge.likelihood import Record as Readings
from strandline.observations.sea_level.surge.likelihood import RecordLikelihood
from strandline.observations.sea_level.surge.residual_process import SHAPES, choose_variances
from strandline.observations.sea_level.surge.variance_prior import equal_shares
from strandline.observations.sea_level.surge.weather_response import BANDS, fit_weather_response
from strandline.uncertainty.residual_forecaster import GaugeHistory


def main(argv: Sequence[str] | None = None) -> None:
    """Fit the whole training record of every gauge with a wide prior, and write the shares."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.surge.prior", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets, one folder each")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=["australia", "salish_sea", "texas"])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    sets = [SETS[name](arguments.data / name) for name in arguments.sets]
    gauges = [(of_set, gauge) for of_set in sets for gauge in of_set.gauges if not gauge.has_only_high_waters]
    rows = [row for of_set, gauge in track(gauges) for row in shares_of(of_set, gauge)]
    summary: Row = {"gauges": len(gauges)}
    for what in dict.fromkeys(str(row["what"]) for row in rows):
        found = np.array([float(str(row["log_share"])) for row in rows if row["what"] == what])
        summary |= {f"{what} mean": float(found.mean()), f"{what} deviation": float(found.std())}
    data = {name: sha256(arguments.data / name) for name in arguments.sets}
    record = Record("surge_prior", "real", data, [0], rows, summary)
    write_record(record, arguments.out, summary_table(summary))
    print_summary(record)


def shares_of(gauge_set: GaugeSet, gauge: Gauge) -> list[Row]:
    """Logarithms of the variances beside that of the residual, of shapes and of coefficients of the weather.

    The difference of what neighbours show stands beside the first band of its kind.
    """
    mode = "none" if gauge.forcing is None else "analysis"
    others = tuple(other for other in gauge_set.gauges if other.name != gauge.name)
    task = draw_task(gauge, others, gauge_set.period_of(gauge.name), 1.0, gauge_set.leads, 0, mode)
    history = history_of(task)
    likelihood = RecordLikelihood([Readings.without_weather(history.level, history.tide_modes)], SHAPES)
    variance = likelihood.mean_square
    found = choose_variances(likelihood, equal_shares(variance, len(SHAPES))) - np.log(variance)
    head: Row = {"set": gauge_set.name, "target": gauge.name}
    rows: list[Row] = [{**head, "what": f"shape {i}", "log_share": float(one)} for i, one in enumerate(found)]
    if history.columns:
        response = fit_weather_response(history.level, history.tide_modes, history.weather, history.columns)
        kinds = list(dict.fromkeys(column.kind for column in history.columns))
        of_groups = response.logarithms[len(SHAPES) :].reshape(len(kinds), -1) - np.log(variance)
        rows += [
            {**head, "what": f"{kind}, band {band}", "log_share": float(one)}
            for kind, bands in zip(kinds, of_groups, strict=True) for band, one in enumerate(bands)
        ]  # fmt: skip
        if neighbours := neighbours_of(task):
            rows += [
                {**head, "what": f"{kind}, difference", "log_share": float(one)}
                for kind, one in zip(kinds, _differences(history, neighbours), strict=True)
            ]
    return rows


def _differences(history: GaugeHistory, neighbours: Sequence[Floats]) -> Floats:
    """(G,) logarithms of the variances of what neighbours answer otherwise, beside the own, for each kind of column."""
    teacher = infer_from_neighbours(history.level, np.stack(neighbours)).as_record()
    found = fit_weather_response(
        history.level, history.tide_modes, history.weather, history.columns, (teacher,)
    ).logarithms[len(SHAPES) :]
    count = found.size // (len(BANDS) + 2)
    return np.asarray(found[-count:] - found[: -count : len(BANDS) + 1])


if __name__ == "__main__":
    main()
