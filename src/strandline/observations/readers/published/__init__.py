"""What is published of a region's sea and land, beside its own readings."""

from strandline.observations.readers.published.published import read_published

__all__ = ["read_published"]
