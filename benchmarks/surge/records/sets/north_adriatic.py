"""The northern Adriatic: Venice and Trieste in 1995, 1996 and 2020, with components of ERA5 pressure and stress."""

from dataclasses import replace
from pathlib import Path

from benchmarks.surge.records.gauge import GaugeSet, Period
from benchmarks.surge.records.layout import read_gauges

FILTER_REACH = 7
"""Hours that a centred filter of 13 h looks ahead: younger readings hold what has not happened yet."""
NOTE = (
    "surge low-passed (13 h) by the source, so not the full surge; readings are used 7 h late, since the filter looks "
    "ahead; the tide is that of FES2014"
)


def read(folder: Path) -> GaugeSet:
    """The set; trained on 1995–1996, tested on 2020. The components of a model that assimilates levels are left out."""
    gauges = tuple(
        replace(
            gauge, reading_delay=FILTER_REACH, note=NOTE, datum="mean of the detrended surge", tide_source="FES2014"
        )
        for gauge in read_gauges(sorted(folder.glob("*_[0-9]*.csv.gz")))
    )
    period = Period((("1995-01-01", "1996-12-31"),), (("2020-01-01", "2020-12-31"),))
    source = "ro-camposcaba/stormsurge_ml@ecf1df2, ERA5, EGUsphere-2025-5313"
    return GaugeSet("north_adriatic", gauges, period, has_full_record=True, source=source)
