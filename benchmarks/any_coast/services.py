"""``python -m benchmarks.any_coast.services``: serve a whole place on this machine, and write the mirrors file for it.

Terrain, scenes, gauges, weather, buildings, roads and people are a simulated stand-in at the real box; tidal constants
and cyclone tracks are published tables where they are at hand. What would give an answer away (true floods, true
terrain) is not served.
"""

import argparse
import json
import os
import pickle
import signal
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.any_coast.coast import PlaceCoast, simulate_place_coast
from benchmarks.any_coast.open_maps import BUCKET, PARQUET, RELEASE, Overpass, write_buildings
from benchmarks.any_coast.places import ABOUT, PLACES, Place, last_month
from benchmarks.any_coast.protocols.bucket import serving_bucket
from benchmarks.any_coast.protocols.data_service import serving_data
from benchmarks.any_coast.protocols.stac_api import Sky, serving
from benchmarks.any_coast.rasters import catalogue, files_of, write_rasters
from benchmarks.any_coast.sea import PlaceSea, simulate_place_sea
from benchmarks.any_coast.tables import records_of, serve_storms, serve_tables
from strandline.observations.fetch.registry import GAZETTEER


@dataclass(frozen=True)
class GaugeState:
    """What the gauges of a place have. Attributes: years: of readings. step: of the second half [m]."""

    years: int | None = None
    step: float = 0.0


GAUGES: dict[str, GaugeState | None] = {
    "whole": GaugeState(), "six-years": GaugeState(6), "stepped": GaugeState(step=1.0), "none": None,
}  # fmt: skip


@contextmanager
def serving_place(
    place: Place, folder: Path, until: date, data: Path | None, gauge: str = "whole"
) -> Iterator[dict[str, str]]:
    """Serve a place; gives the mirrors: name of a source → address.

    Args:
        folder: in which the place lies once it is simulated.
        until: day on which the records end.
        data: folder of published tables, if it is at hand.
        gauge: of ``GAUGES``.
    """
    sea, coast = simulated(place, folder, until, data)
    files = files_of(folder / place.tag / "rasters")
    sky = Sky(files=files, collections=catalogue(coast), about=ABOUT)
    sky.texts["/open/dem/tileList.txt"] = (folder / place.tag / "rasters" / "dem" / "tileList.txt").read_text()
    objects = {PARQUET: (folder / place.tag / "buildings.parquet").read_bytes()}
    latest = json.dumps({"latest": RELEASE, "description": ABOUT, "links": []})
    state = GAUGES[gauge]
    with ExitStack() as servers:
        servers.enter_context(serving(sky))
        tables = servers.enter_context(serving_data())
        bucket = servers.enter_context(serving_bucket(BUCKET, objects, latest))
        serve_tables(tables, place, sea, {} if state is None else records_of(place, sea, state.years, state.step))
        serve_storms(tables, place, sea, data)
        tables.routes["/api/interpreter"] = Overpass(coast.buildings, coast.lifelines, place.towns)
        scenes = dict.fromkeys(("esa-worldcover", "sentinel-1-rtc", "sentinel-2-l2a"), sky.address)
        weather = [f"open-meteo{product}" for product in ("", "-forecast", "-ensemble")]
        by_table = dict.fromkeys(("uhslc", "noaa-coops", "ioc", "ibtracs", *weather, "glofas"), tables.address)
        maps = dict.fromkeys(("osm-buildings", "osm-lifelines", "osm-place-names"), f"{tables.address}/api")
        opened = {"copernicus-glo30": f"{sky.address}/open/dem", "ghs-pop": f"{sky.address}/open/people"}
        opened[GAZETTEER] = tables.address
        yield {**opened, **scenes, **by_table, "overture-buildings": bucket, **maps}


def simulated(place: Place, folder: Path, until: date, data: Path | None) -> tuple[PlaceSea, PlaceCoast]:
    """Sea and coast of a place, from the folder where they are there; else simulated and kept, with their rasters."""
    here = folder / place.tag
    kept = here / f"{until}-{'published' if data else 'basin'}.pickle"
    if kept.exists():
        sea, coast = pickle.loads(kept.read_bytes())
        return sea, coast
    sea = simulate_place_sea(place, until, data)
    coast = simulate_place_coast(place, sea, until)
    write_rasters(coast, here / "rasters")
    write_buildings(coast.buildings, here / "buildings.parquet")
    kept.write_bytes(pickle.dumps((sea, coast)))
    return sea, coast


def write_mirrors(mirrors: dict[str, str], path: Path, published: Collection[str] = ()) -> None:
    """As ``strandline fetch --mirrors`` reads them; what is not of ``published`` sources is called simulated."""
    lines = [f'{name} = "{address}"\n' for name, address in mirrors.items()]
    simulated = json.dumps(sorted(set(mirrors) - set(published)))
    path.write_text("".join([f"simulated = {simulated}\n", *lines]), encoding="utf-8")


def published_tables(given: Path | None) -> Path | None:
    """The folder of published tables: as given, else by ``STRANDLINE_DATA``; ``None`` where there is none."""
    folder = given or (Path(os.environ["STRANDLINE_DATA"]) if "STRANDLINE_DATA" in os.environ else None)
    return folder if folder is not None and (folder / "tides").is_dir() else None


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.any_coast.services", description=__doc__)
    parser.add_argument("--place", choices=sorted(PLACES), required=True)
    parser.add_argument("--mirrors", type=Path, required=True, help="file to write")
    parser.add_argument("--data", type=Path, help="folder of published tables; STRANDLINE_DATA if left out")
    parser.add_argument("--gauge", choices=sorted(GAUGES), default="whole", help="what the tide gauges have")
    parser.add_argument("--until", type=date.fromisoformat, default=last_month(datetime.now(UTC).date()))
    parser.add_argument("--folder", type=Path, default=Path("build/any_coast"), help="where the place is kept")
    options = parser.parse_args(argv)
    data = published_tables(options.data)
    with serving_place(PLACES[options.place], options.folder, options.until, data, options.gauge) as mirrors:
        write_mirrors(mirrors, options.mirrors, ("ibtracs",) if data else ())
        tables = "with published tides and cyclone tracks" if data else "with tides and cyclones of the basin"
        print(f"{PLACES[options.place].title}: {ABOUT}, {tables}", flush=True)
        print(f"strandline fetch FILE --mirrors {options.mirrors}; Ctrl-C ends the services", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
