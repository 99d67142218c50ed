"""Questions to the Overpass API, and their answers as features."""

import re
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import geopandas as gpd

from strandline.errors import FeedError, require_extra
from strandline.files import write_atomically, write_text
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import PlannedFile, box_of, with_box

ADDRESS = "https://overpass-api.de/api"
LICENCE = "ODbL-1.0"
ATTRIBUTION = "© OpenStreetMap contributors, https://www.openstreetmap.org/copyright"
_GAVE_UP = re.compile(r"<rem" r"ark>\s*(.{0,200}?)\s*</", re.DOTALL)
"""The element in which Overpass states why an answer of status 200 is not whole."""
_SECONDS, _MEMORY = 80, 536_870_912
"""Of one question, on the server [s, bytes]: its default memory, and less than the pause after which we hang up."""


def planned(name: str, address: str, box: Box, what: str, per_km2: float) -> PlannedFile:
    """What a source would ask in a box; nothing is asked of the service.

    Args:
        name: of the source.
        address: of the API, before ``/interpreter``.
        per_km2: expected size of the answer [bytes].
    """
    file, size = f"exposure/{name}-{box.file_stem}.gpkg", max(1, int(box.area * per_km2))
    return PlannedFile(name, file, f"{address}/interpreter", what, size, details=with_box(box))


def bring(
    planned: PlannedFile,
    to: Path,
    client: Downloader,
    filters: Sequence[str],
    choose: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame],
    layer: str,
) -> gpd.GeoDataFrame:
    """Ask for features, and write those that are chosen as a layer of the GeoPackage ``to``; returns them.

    Raises:
        FeedError: as ``ask``, or none is chosen.
    """
    chosen = choose(ask(planned, filters, client, to))
    if chosen.empty:
        raise none_of_it(planned, client)
    with write_atomically(to) as path:
        chosen.to_file(path, layer=layer, driver="GPKG", engine="pyogrio")
    return chosen


def none_of_it(planned: PlannedFile, client: Downloader) -> FeedError:
    """Why a box without what was asked for is no answer."""
    what = f"OpenStreetMap has none of it in box {box_of(planned)}"
    return client.refusal(what, "map it (openstreetmap.org), or give a file of your own")


def question(box: Box, filters: Sequence[str]) -> str:
    """The Overpass QL that asks for the features of some filters (``way["highway"]``) in a box, with their nodes.

    Source: https://dev.overpass-api.de/overpass-doc/en/; its operator asks for fewer than 10,000 questions and 1 GB a
    day (https://dev.overpass-api.de/overpass-doc/en/preface/commons.html): one fetch asks once a source.
    """
    bounds = f"{box.south:.6f},{box.west:.6f},{box.north:.6f},{box.east:.6f}"
    parts = "".join(f"{each}({bounds});" for each in filters)
    return f"[out:xml][timeout:{_SECONDS}][maxsize:{_MEMORY}];({parts});out body;>;out skel qt;"


def ask(planned: PlannedFile, filters: Sequence[str], client: Downloader, beside: Path) -> gpd.GeoDataFrame:
    """The features in the box of a plan (EPSG:4326), with columns ``element``, ``id`` and one of each tag.

    Args:
        beside: a path in whose folder the answer lies while it is read.

    Raises:
        FeedError: no answer, one that broke off within the server's limits, or one without such features.
    """
    require_extra(f"source '{client.source}'", "fetch", "osmnx")
    import osmnx

    answer = client.post_form(planned.url, {"data": question(box_of(planned), filters)}, identified())
    if reason := _GAVE_UP.search(answer):
        what = f"Overpass gave up: {reason[1]}"
        raise client.refusal(what, "its answer is not whole; choose a smaller box, or try again later")
    if not answer.rstrip().endswith("</osm>"):
        raise client.refusal(f"Overpass answers '{answer[:60].strip()}'", "fetch it again later")
    if not re.search(r"<(?:node|way|relation)\b", answer):
        raise none_of_it(planned, client)
    whole = beside.with_name(f".answer-{beside.name}.osm")
    try:
        write_text(whole, answer)
        return osmnx.features_from_xml(whole).reset_index()
    finally:
        whole.unlink(missing_ok=True)


def identified() -> dict[str, str]:
    """The header by which the operators of free services want to know who asks."""
    return {"User-Agent": f"strandline/{version('strandline')} (coastal resilience plans; asked by a person)"}
