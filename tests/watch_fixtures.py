"""What a watch is handed of the made-up coast of ``report_fixtures``."""

import numpy as np

import report_fixtures as coast
from batch_fixtures import make_sea
from strandline.planning.briefing import Briefing, Making, brief


def a_briefing() -> Briefing:
    """Of the seed 7, with the tide and weather of ``make_sea``."""
    making, rng = Making("0", "abc", {"run": 7}), np.random.default_rng(0)
    observed, hazard = coast.observations("simulated"), coast.hazard("simulated")
    return brief(observed, [hazard], coast.a_plan(), make_sea(), [], making, rng)
