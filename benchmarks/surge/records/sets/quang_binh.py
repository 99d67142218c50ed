"""Quang Binh, Vietnam: the river mouth at Dong Hoi in floods, with rain and readings upstream."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.surge.records.gauge import Gauge, GaugeSet, Period
from benchmarks.surge.records.layout import read_gauges
from strandline.observations.arrays import Mask

MOUTH, UPSTREAM = "dong_hoi", "le_thuy_m"
RIVER = UPSTREAM
"""What the package's forecaster is given as the river. In left-out weeks of 2010 and 2016 its level did best 12 h ahead
and where the own gauge was silent (decision 55); 2020 was not looked at for that."""
READ_IN_FLOODS = 12
"""Readings a day upstream from which on the day is one of a flood; else there are two to four."""


def read(folder: Path) -> GaugeSet:
    """The set; 2020 from 2010 and 2016, every reading of which is known. Nothing between readings is filled."""
    found = read_gauges(sorted(folder.glob("hourly_*.csv.gz")))
    gauges = tuple(_in_floods(gauge) for gauge in found if gauge.name == MOUTH)
    period = Period((("2010-01-01", "2010-12-31"), ("2016-01-01", "2016-12-31")), (("2020-01-01", "2020-12-31"),))
    source = "htrieu93/Water-level-prediction@90d6907; no licence; clock taken as UTC+7"
    return GaugeSet("quang_binh", gauges, period, fraction=1.0, source=source)


def _in_floods(gauge: Gauge) -> Gauge:
    """Scored on days when the upstream gauge was read by the hour, and the day after."""
    assert gauge.forcing is not None
    names = [column.name for column in gauge.forcing.columns]
    upstream = np.isfinite(gauge.forcing.values[:, names.index(UPSTREAM)])
    day = (gauge.time.astype("datetime64[D]") - gauge.time[0].astype("datetime64[D]")).astype(int)
    in_flood: Mask = np.bincount(day, upstream, minlength=day[-1] + 2) >= READ_IN_FLOODS
    in_flood[1:] |= in_flood[:-1].copy()
    note = "scored in floods: days when the gauge upstream was read by the hour, and the day after"
    return replace(gauge, scored=in_flood[day], datum="local", note=note, river=RIVER)
