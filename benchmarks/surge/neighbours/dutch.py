"""``python -m benchmarks.surge.neighbours.dutch FOLDER OUT``: convert the Dutch gauges to one table of levels.

FOLDER holds one ``STATION_hourly_*.csv.gz`` per gauge, in Central European Time, and ``stations.csv``. ``levels.csv``
in UTC and ``stations.csv`` are written to OUT.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

TIME, LEVEL = "time_MET_assumed", "level_m_NAP"
PUBLISHED = {"vlissgn": "ticon/vlissingen-vlis-nld-rws", "hoekvhld": "ticon/hoek_van_holland-hoekvhld-nld-rws_hist"}


def main(argv: Sequence[str] | None = None) -> None:
    """Convert the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args(argv)
    stations = pd.read_csv(arguments.folder / "stations.csv", index_col="station")
    records = {}
    for name in stations.index:
        (path,) = arguments.folder.glob(f"{name}_hourly_*.csv.gz")
        records[name] = pd.read_csv(path, index_col=TIME, parse_dates=True)[LEVEL]
    levels = pd.DataFrame(records)
    levels.index = (pd.DatetimeIndex(levels.index) - pd.Timedelta(hours=1)).rename("time_utc")
    arguments.out.mkdir(parents=True, exist_ok=True)
    levels.to_csv(arguments.out / "levels.csv")
    stations.assign(constants=pd.Series(PUBLISHED)).to_csv(arguments.out / "stations.csv")


if __name__ == "__main__":
    main()
