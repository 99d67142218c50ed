"""One Cloud-Optimised GeoTIFF for each quantity and scenario of a run, with its QGIS style beside it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.errors import RasterioError

from strandline.errors import InputError
from strandline.files import write_bytes
from strandline.observations.arrays import Reals
from strandline.pipeline.export.gis.finished_run import FinishedRun, slug
from strandline.pipeline.export.gis.quantities import ALL_DRIVERS, QUANTITIES, Quantity
from strandline.pipeline.run_folder.bands import Band, read_bands
from strandline.report.figures.geotiff import encode_cog

_PERCENTILE = re.compile(r"\bp(\d+)$")


@dataclass(frozen=True, eq=False)
class ScenarioRaster:
    """The bands of one quantity in one scenario.

    Attributes:
        file: its name.
        bands: what each band holds; empty = of all drivers, whose ``band_names`` say it.
        values: (band, H, W) in the quantity's unit; NaN = unknown.
        shown: index of the band that a map shows first.
        tags: of the run's raster: provenance, datum, method.
    """

    file: str
    quantity: Quantity
    scenario: str
    bands: tuple[Band, ...]
    band_names: tuple[str, ...]
    values: Reals
    transform: Affine
    shown: int
    tags: dict[str, str]

    @property
    def title(self) -> str:
        """Quantity, and the condition of the band that is shown first."""
        band = self.band_names[self.shown].removeprefix(f"{self.scenario}, ")
        condition = _PERCENTILE.sub(r"\1th percentile", band)
        return f"{self.quantity.title}, {condition}"


def read_scenarios(run: FinishedRun) -> list[ScenarioRaster]:
    """Return the rasters of a run, by scenario in the order of the run and then by quantity.

    Raises:
        InputError: one is missing or cannot be read.
    """
    found = [each for quantity in QUANTITIES for each in _by_scenario(run, quantity)]
    scenarios = list(dict.fromkeys(each.scenario for each in found))
    found.sort(key=lambda each: scenarios.index(each.scenario))
    if (run.folder / f"{ALL_DRIVERS.name}.tif").exists():
        found.append(_of_all_drivers(run, scenarios[0]))
    return found


def write_rasters(out: Path, run: FinishedRun, rasters: Sequence[ScenarioRaster]) -> None:
    """Write the GeoTIFFs.

    Raises:
        InputError: one cannot be written.
    """
    for each in rasters:
        stated = {
            **each.tags, "UNIT": each.quantity.unit, "QUANTITY": each.quantity.long_name, "SCENARIO": each.scenario,
            "ORIGIN": run.origin, "ATTRIBUTION": run.attribution, "SOFTWARE": run.software,
        }  # fmt: skip
        tags = {name: text for name, text in stated.items() if text}
        content = encode_cog(each.values, run.crs, each.transform, each.band_names, each.quantity.unit, tags)
        write_bytes(out / each.file, content)


def _by_scenario(run: FinishedRun, quantity: Quantity) -> list[ScenarioRaster]:
    path = run.folder / f"{quantity.name}.tif"
    bands = read_bands(path)
    values, names, transform, tags = _read(path)
    scenarios = list(dict.fromkeys(band.scenario for band in bands))
    found = []
    for scenario, file in zip(scenarios, _file_names(quantity.name, scenarios), strict=True):
        own = [band for band in bands if band.scenario == scenario]
        numbers = [band.number - 1 for band in own]
        found.append(
            ScenarioRaster(
                file,
                quantity,
                scenario,
                tuple(own),
                tuple(names[number] for number in numbers),
                values[numbers],
                transform,
                quantity.shown_band(own),
                tags,
            )
        )
    return found


def _of_all_drivers(run: FinishedRun, today: str) -> ScenarioRaster:
    """Of today; the mean is shown first."""
    values, names, transform, tags = _read(run.folder / f"{ALL_DRIVERS.name}.tif")
    file = f"{ALL_DRIVERS.name}_{slug(today)}.tif"
    return ScenarioRaster(file, ALL_DRIVERS, today, (), names, values, transform, 0, tags)


def _read(path: Path) -> tuple[Reals, tuple[str, ...], Affine, dict[str, str]]:
    try:
        with rasterio.open(path) as raster:
            names = tuple(str(name) for name in raster.descriptions)
            tags = {name: text for name, text in raster.tags().items() if name != "AREA_OR_POINT"}
            return np.asarray(raster.read()), names, raster.transform, tags
    except (OSError, RasterioError) as error:
        raise InputError(path, f"cannot be read ({error})", "run `strandline run` again") from error


def _file_names(quantity: str, scenarios: Sequence[str]) -> list[str]:
    """A name for each scenario; where two read alike in small letters and digits, numbers tell them apart."""
    slugs = [slug(scenario) for scenario in scenarios]
    return [
        f"{quantity}_{each}{f'-{number + 1}' if slugs.count(each) > 1 else ''}.tif" for number, each in enumerate(slugs)
    ]
