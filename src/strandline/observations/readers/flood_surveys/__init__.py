"""Surveys of floods: marks, polygons, rasters and loggers."""

from strandline.observations.readers.flood_surveys.flood_surveys import read_flood_surveys

__all__ = ["read_flood_surveys"]
