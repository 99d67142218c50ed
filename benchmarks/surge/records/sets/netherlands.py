"""The Netherlands: Hoek van Holland and Vlissingen, hourly 1976–1994, without weather."""

from pathlib import Path

from benchmarks.surge.records.gauge import GaugeSet, Period
from benchmarks.surge.records.layout import read_gauges


def read(folder: Path) -> GaugeSet:
    """The set; 5 % of its fourteen years is as good as all of them, so that far less is known."""
    gauges = read_gauges(sorted(folder.glob("*_hourly_*.csv.gz")), folder / "stations.csv")
    period = Period((("1976-01-01", "1989-12-31"),), (("1990-01-08", "1994-12-31"),))
    return GaugeSet("netherlands", gauges, period, fraction=0.0068, source="Rijkswaterstaat, Deltares/hatyan@ef61265")
