"""Synthetic cyclones of every basin, fitted to one part of the record and tried on the rest.

``python -m benchmarks.cyclones --storms FOLDER --out benchmarks/results/cyclones.json``, or with ``--fit FILE.npz`` in
place of ``--out`` the climate that ships with the package.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.cyclones.gauges import read_cyclone_gauges, rows_of_gauge
from benchmarks.cyclones.records import PRESSURES, TRACKS, read_fixes, read_land
from benchmarks.cyclones.run import rows_of
from benchmarks.cyclones.summary import markdown, summarise
from benchmarks.origin import commit
from benchmarks.record import Record, print_summary, sha256, write_record
from strandline.files import write_text
from strandline.simulator.sea.cyclone_climate.climate import CycloneClimate, save_cyclone_climate
from strandline.simulator.sea.cyclone_climate.fit import fit_cyclone_climate

RECORD = (1980, 2024)


def main(argv: Sequence[str] | None = None) -> None:
    """Fit and try, or fit and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--storms", type=Path, required=True, help=f"folder with {TRACKS} and {PRESSURES}")
    parser.add_argument("--gauges", type=Path, help="folder of gauges of cyclone coasts")
    parser.add_argument("--fit-years", type=int, nargs=2, default=[1980, 2004])
    parser.add_argument("--test-years", type=int, nargs=2, default=[2005, 2024])
    parser.add_argument("--windows", type=int, default=300, help="synthetic windows as long as the test years")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--fit", type=Path, help=f"write the climate of {RECORD[0]}-{RECORD[1]} there and stop")
    options = parser.parse_args(argv)
    if (options.out is None) == (options.fit is None):
        parser.error("give one of --out and --fit")
    fixes, pressure = read_fixes(options.storms)
    land = read_land()
    if options.fit is not None:
        rng = np.random.default_rng(options.seed)
        write_climate(fit_cyclone_climate(fixes, land, RECORD, rng), options.storms, options.fit)
        return
    fitted, held_out = (options.fit_years[0], options.fit_years[1]), (options.test_years[0], options.test_years[1])
    climate = fit_cyclone_climate(fixes, land, fitted, np.random.default_rng(options.seed))
    rows = list(rows_of(climate, fixes, pressure, fitted, held_out, options.windows, options.seed))
    data = {name: sha256(options.storms / name) for name in (TRACKS, PRESSURES)}
    if options.gauges is not None:
        for gauge in read_cyclone_gauges(options.gauges, options.storms / TRACKS):
            rows += rows_of_gauge(gauge, options.seed)
        data["gauges"] = sha256(options.gauges)
    record = Record("cyclones", "real", data, [options.seed], rows, summarise(rows))
    write_record(record, options.out, markdown(record))
    print_summary(record)


def write_climate(climate: CycloneClimate, storms: Path, out: Path) -> None:
    """The climate and, beside it, the card that says what it is."""
    save_cyclone_climate(climate, out)
    card = {
        "what": "statistics of tropical cyclones of six basins, from which synthetic ones are drawn",
        "data": "IBTrACS v04, 1980-2024, NOAA National Centers for Environmental Information, open data; 6-hourly"
        " positions and 1-minute winds of the United States' agencies; land of Natural Earth 1:110 million, public"
        " domain",
        "sha256": {TRACKS: sha256(storms / TRACKS)},
        "command": f"python -m benchmarks.cyclones --storms STORMS --fit {out.name}",
        "commit": commit(),
        "years": list(climate.years),
        "basins": list(climate.basins),
        "storms": int(climate.genesis.basin.size),
        "storms_per_year": {
            name: round(float(rate), 2) for name, rate in zip(climate.basins, climate.genesis.per_year, strict=True)
        },
        "validation": "benchmarks/results/cyclones.md: the same fit to 1980-2004 against 2005-2024",
    }
    write_text(out.with_suffix(".json"), json.dumps(card, indent=1) + "\n")


if __name__ == "__main__":
    main()
