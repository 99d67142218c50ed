"""What a watch is handed of the made-up coast of ``report_fixtures``."""

import numpy as np

import report_fixtures as coast
from batch_fixtures import MEAN_SEA_LEVEL, make_sea
from strandline.belief.calibration import NO_WIDENING
from strandline.belief.filter import SeaModel
from strandline.belief.process import SurgeProcess
from strandline.belief.sensors import own_sensor
from strandline.planning.briefing import Briefing, Making, brief
from strandline.watch.learn import GaugeTide, Knowledge


def a_briefing() -> Briefing:
    """Of the seed 7, with the tide and weather of ``make_sea``."""
    making, rng = Making("0", "abc", {"run": 7}), np.random.default_rng(0)
    observed, hazard = coast.observations("simulated"), coast.hazard("simulated")
    return brief(observed, [hazard], coast.a_plan(), make_sea(), [], making, rng)


def some_knowledge(made_of: str) -> Knowledge:
    """What a watch might have learned of a gauge called ``own``, from a run with this digest."""
    process = SurgeProcess(np.array([1.3, -0.34]), np.array([0.02, 0.1]), np.array([[0.98, 0.02], [0.02, 0.98]]))
    tide = GaugeTide(make_sea().fitted.constants, MEAN_SEA_LEVEL)
    return Knowledge(SeaModel(process, (own_sensor("own", process),)), {"own": tide}, NO_WIDENING, (), (), made_of)
