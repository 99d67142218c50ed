"""Surveys of floods: marks, polygons, rasters and loggers."""

from strandline.observations.readers.flood_surveys.flood_surveys import read_flood_surveys
from strandline.observations.readers.flood_surveys.labels import label_of_surveys

__all__ = ["label_of_surveys", "read_flood_surveys"]
