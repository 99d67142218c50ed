"""The Salish Sea: ten gauges of one coast in 2006 and 2009, with the wind at Sand Heads."""

from pathlib import Path

import pandas as pd

from benchmarks.record import Row
from benchmarks.surge.records.gauge import GaugeSet, Period
from benchmarks.surge.records.layout import read_gauges


def read(folder: Path) -> GaugeSet:
    """The set; trained on 2006, tested on 2009. The published scores are of a hindcast of storms in both years."""
    gauges = read_gauges(
        sorted(folder.glob("sealevel_hourly_*.csv.gz")),
        folder / "stations.csv",
        sorted(folder.glob("wind_*.csv.gz")),
    )
    period = Period((("2006-01-01", "2006-12-31"),), (("2009-01-01", "2009-12-31"),))
    source = "SalishSeaCast/storm-surge@adf7749, wind: SOG-forcing@7ee1359"
    return GaugeSet("salish_sea", gauges, period, source=source, peers=_hindcast(folder / "nemo_storm_scores.csv"))


def _hindcast(path: Path) -> tuple[Row, ...]:
    """RMSE of the NEMO hindcast with all forcing, by gauge: mean over the storms."""
    if not path.exists():
        return ()
    table = pd.read_csv(path)
    table = table[table["forcing"] == "all_forcing"]
    scores = table.groupby(["station", "quantity"])["rms_error"].mean().reset_index()
    return tuple(
        {"source": f"NEMO hindcast of storms, {quantity}", "target": station, "lead_h": 0.0, "rmse": float(score)}
        for station, quantity, score in zip(scores["station"], scores["quantity"], scores["rms_error"], strict=True)
    )
