"""Do gauges, published maxima and terrain stand on the datum that the region file states?"""

from strandline.observations.checks.datums.datum_checks import check_datums

__all__ = ["check_datums"]
