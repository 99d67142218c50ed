"""Texas: five lagoon gauges in 2025 and two at South Padre Island 2008–2012, with wind and pressure."""

from pathlib import Path

import pandas as pd

from benchmarks.record import Row
from benchmarks.surge.records.gauge import GaugeSet, Period
from benchmarks.surge.records.layout import read_gauges

LONG = ("port_isabel", "south_padre_coast_guard")
SCORED_PERIOD = "mar2011-apr2012"


def read(folder: Path) -> GaugeSet:
    """The set; flagged spikes are left out. The long records are trained on 2008–2010, the others in blocks.

    Records of different years are joined by year, so that a gauge hears only neighbours of its own hours.
    """
    recent = sorted(folder.glob("*_2025.csv.gz"))
    older = sorted(set(folder.glob("*_[0-9]*.csv.gz")) - set(recent))
    gauges = [gauge for files in (recent, older) if files for gauge in read_gauges(files, folder / "stations.csv")]
    period = Period((("2008-06-01", "2010-04-30"),), (("2011-03-01", "2012-04-30"),))
    return GaugeSet(
        "texas",
        tuple(gauges),
        periods=dict.fromkeys(LONG, period),
        source="NOAA and TAMU-CC Lighthouse: nikhileshkverma/waterlevel_term_project@6e66d9f, "
        "ncail/water_level_gap_filling@9fddf2f",
        peers=_networks(folder / "cbi_surge_model_skill.csv"),
    )


def _networks(path: Path) -> tuple[Row, ...]:
    """Scores of the surge by the published operational networks, in the test period; their winds are observed ones."""
    if not path.exists():
        return ()
    table = pd.read_csv(path)
    table = table[table["period"] == SCORED_PERIOD]
    return tuple(
        {
            "source": "CBI networks, surge, observed wind", "target": str(station),
            "lead_h": float(lead), "rmse": float(rmse),
        }
        for station, lead, rmse in zip(table["station"], table["lead_h"], table["rmse_m"], strict=True)
    )  # fmt: skip
