"""Metadata of a run's products for data catalogues, in the Risk Data Library Standard 0.2.

Source: Global Facility for Disaster Reduction and Recovery, Risk Data Library Standard, ``schema/rdls_schema.json``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from strandline.observations.fetch.credits.data_files import attributions
from strandline.observations.region import Region
from strandline.report.findings import RunResults

Json = str | float | Sequence["Json"] | Mapping[str, "Json"]
Entry = dict[str, Json]
Kind = Literal["hazard", "exposure", "loss"]
SCHEMA = "https://docs.riskdatalibrary.org/en/0__2__0/rdls_schema.json"
"""Of the newest published version of the standard; by it the link that says which schema describes a data set."""
DAMAGE_CURVES = "https://doi.org/10.2760/16510"
"""Huizinga, de Moel and Szewczyk (2017), JRC105688."""
DEPTH = "fl_wd:m"
"""Flood water depth [m] among the standard's intensity measures."""
HAZARD: Entry = {"type": "coastal_flood", "processes": ["storm_surge"], "intensity_measure": DEPTH}
GIVEN = "given the sea level of the band's return period"
BANDS = "one band for each scenario and return period; nodata = unknown"
CATEGORIES = {
    "buildings": ("residential", "commercial", "industrial", "school", "hospital", "shelter"),
    "agriculture": ("agriculture",),
    "infrastructure": (
        *("infrastructure", "transport", "road", "bridge", "pumping_station", "embankment", "power", "water_supply"),
    ),
}
"""The standard's exposure category → our classes of assets."""


def describe_for_catalogues(results: RunResults) -> dict[str, Json]:
    """Describe one data set for the hazard, and one of exposure and one of loss for each category of assets.

    The web address of a file is its name, because the files lie beside the catalogue until somebody publishes them.
    """
    region, run, money = results.hazard.region, results.run, results.plan.money
    stem = f"urn:strandline:{_slug(region.name)}:{run.started:%Y%m%dT%H%M%S}"
    present = set(results.impact.assets["asset_class"])
    categories = [name for name, classes in CATEGORIES.items() if present & set(classes)]
    hazard_id = f"{stem}:hazard"
    datasets: list[Json] = [
        {
            **_common(results, hazard_id, "hazard", f"Coastal flood depths at {region.name}"),
            "resources": [
                _raster(region, "flood_depth", f"Maximum depth of water [m], {GIVEN}, three quantiles; {BANDS}"),
                _raster(region, "flood_probability", f"Probability [-] of 0.15 m of water or more, {GIVEN}; {BANDS}"),
                _raster(
                    region,
                    "annual_flood_probability",
                    "Probability [1/yr] of 0.15 m of water or more in a year, at least and at most: the integral of"
                    " flood_probability over return periods; two bands for each scenario; nodata = unknown",
                ),
                _resource("return_levels", "csv", "text/csv", f"Sea levels [m above {region.vertical_datum}]"),
            ],
            "hazard": {"event_sets": _event_sets(results)},
        }
    ]
    for category in categories:
        exposure_id = f"{stem}:exposure:{category}"
        assets = _resource("assets", "geojson", "application/geo+json", f"Assets with their value [{money}] and flood"
                           " damage; null = unknown")  # fmt: skip
        cost: Entry = {"id": "value", "type": "structure", "dimension": "structure", "unit": money.currency}
        metric: Entry = {"id": "value", "dimension": "structure", "quantity_kind": "currency"}
        datasets.append(
            {
                **_common(results, exposure_id, "exposure", f"Assets at {region.name}: {category}"),
                "resources": [assets],
                "exposure": {"category": category, "metrics": [metric]},
            }
        )
        datasets.append(
            {
                **_common(results, f"{stem}:loss:{category}", "loss", f"Flood damage at {region.name}: {category}"),
                "resources": [assets],
                "loss": {
                    "hazard_type": "coastal_flood",
                    "hazard_process": "storm_surge",
                    "hazard_analysis_type": "probabilistic",
                    "category": category,
                    "description": f"Expected annual damage of each asset [{money} a-1]: mean, p10, p50, p90",
                    "cost": [{**cost, "id": "damage"}],
                    "impact": {
                        "type": "direct",
                        "metric": "loss_annual_average_value",
                        "unit": money.currency,
                        "base_data_type": "simulated",
                    },
                    "type": "ground_up",
                    "approach": "empirical",
                    "hazard_id": hazard_id,
                    "exposure_id": exposure_id,
                    "vulnerability_id": DAMAGE_CURVES,
                },
            }
        )
    return {"datasets": datasets}


def _common(results: RunResults, identifier: str, kind: Kind, title: str) -> Entry:
    """Return the fields that every data set has."""
    entity: Entry = {"name": results.issuer.name}
    contact = results.issuer.contact
    kinds = "SIMULATED. " if results.provenance == "simulated" else ""
    credits = "; ".join(attributions(results.observations.files))
    licences = {provenance.licence for provenance in results.observations.provenance.values()}
    return {
        "id": identifier,
        "title": title,
        "description": f"{kinds}Made by strandline {results.run.version}, commit {results.run.commit}, from the"
        f" sources listed; report.html states the uncertainty.{f' Credits: {credits}.' if credits else ''}",
        "risk_data_type": [kind],
        "publisher": entity,
        "contact_point": {**entity, "email": contact} if contact and "@" in contact else entity,
        "creator": entity,
        "version": f"{results.run.started:%Y-%m-%d}",
        "spatial": _location(results.hazard.region),
        "license": licences.pop() if len(licences) == 1 else "Custom",
        "sources": [
            {"id": name, "name": f"{entry.source} ({entry.kind}; {entry.licence})", "type": "dataset"}
            for name, entry in results.observations.provenance.items()
        ],
        "links": [{"href": SCHEMA, "rel": "describedby"}],
    }


def _location(region: Region) -> Entry:
    """Return the bounding box of the region in longitude and latitude."""
    return {
        "scale": "sub-national",
        "bbox": [round(edge, 5) for edge in region.bounds_lonlat],
        "centroid": [round(value, 5) for value in region.centre_lonlat],
    }


def _event_sets(results: RunResults) -> list[Json]:
    rises = [(scenario.name, scenario.hazard) for scenario in results.rise_scenarios]
    scenarios = [("today", results.hazard), *rises]
    sets: list[Json] = []
    for name, hazard in scenarios:
        events: list[Json] = []
        for period, level in zip(hazard.return_periods, np.median(hazard.level_draws, axis=0), strict=True):
            identifier = f"{_slug(name)}-{period:g}"
            footprint: Entry = {
                "id": f"{identifier}-depth",
                "intensity_measure": DEPTH,
                "data_uncertainty": "flood_depth.tif has one band for each of the 10th, 50th and 90th percentile",
            }
            events.append(
                {
                    "id": identifier,
                    "calculation_method": "simulated",
                    "hazard": {"id": f"{identifier}-hazard", **HAZARD},
                    "occurrence": {"probabilistic": {"return_period": float(period)}},
                    "description": f"Sea level {level:.2f} m above {hazard.region.vertical_datum} (median)",
                    "footprints": [footprint],
                }
            )
        sets.append(
            {
                "id": _slug(name),
                "hazards": [{"id": f"{_slug(name)}-hazard", **HAZARD}],
                "analysis_type": "probabilistic",
                "calculation_method": "simulated",
                "occurrence_range": f"Return periods from {hazard.return_periods[0]:g} to"
                f" {hazard.return_periods[-1]:g} years",
                "spatial": _location(hazard.region),
                "events": events,
            }
        )
    return sets


def _raster(region: Region, name: str, description: str) -> Entry:
    entry = _resource(name, "geotiff", "image/tiff", description, ending="tif")
    entry["spatial_resolution"] = region.cell_size
    if re.fullmatch("(ESRI|EPSG):[0-9]+", region.crs):
        entry["coordinate_system"] = region.crs
    return entry


def _resource(name: str, form: str, media_type: str, description: str, ending: str | None = None) -> Entry:
    file = f"{name}.{ending or form}"
    return {
        "id": name,
        "title": file,
        "description": description,
        "media_type": media_type,
        "format": form,
        "url": file,
        "download_url": file,
    }


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
