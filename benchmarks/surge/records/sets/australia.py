"""Australia: eight gauges of all coasts, hourly 2012–2014, without weather."""

from pathlib import Path

from benchmarks.surge.records.gauge import GaugeSet, Period
from benchmarks.surge.records.layout import read_gauges


def read(folder: Path) -> GaugeSet:
    """The set; trained on two years, tested on the third."""
    gauges = read_gauges(sorted(folder.glob("sealevel_hourly_*.csv.gz")), folder / "stations.csv")
    period = Period((("2012-01-01", "2013-12-31"),), (("2014-01-01", "2014-12-31"),))
    return GaugeSet("australia", gauges, period, source="Bureau of Meteorology, R package TideHarmonics 0.1-1")
