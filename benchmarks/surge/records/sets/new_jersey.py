"""New Jersey: high waters at three gauges in 2026, with the national ensemble forecast (PETSS)."""

from pathlib import Path

from benchmarks.surge.records.gauge import GaugeSet
from benchmarks.surge.records.layout import read_gauges


def read(folder: Path) -> GaugeSet:
    """The set; every hour of the training weeks is known, eight of them where there are so many."""
    levels = sorted([*folder.glob("high_waters_*.csv.gz"), *folder.glob("*_hourly.csv.gz")])
    gauges = [
        gauge
        for path in levels  # the records have other hours
        for gauge in read_gauges(
            [path],
            folder / "stations.csv",
            operational=sorted(folder.glob("petss_*.csv.gz")),
            high_waters=True,
        )
    ]
    return GaugeSet(
        "new_jersey",
        tuple(gauges),
        fraction=1.0,
        leads=(6, 12, 24, 48, 72, 96),
        source="NOAA PETSS, USGS; hondrospj/sea_bright_test@5bdde66, bivalve_flooding_finaltest@c5b0a7a, "
        "North-Wildwood-floodmapper@7ccd5bb",
    )
