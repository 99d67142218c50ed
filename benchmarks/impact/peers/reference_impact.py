"""The definition, event by event: value × interpolated damage ratio, summed; slow."""

import numpy as np
from impact_case import DEPTHS, ImpactCase, clock, main


def run(case: ImpactCase, curves: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, str]:
    by_event = case.depth.tocsc()
    annual, damage = np.zeros(case.value.size), np.zeros(case.frequency.size)
    began = clock()
    for event, frequency in enumerate(case.frequency):
        depth = by_event[:, [event]].toarray()[:, 0].astype(np.float64)
        loss = np.zeros(depth.size)
        for number, curve in enumerate(curves):
            mine = case.curve_of == number
            loss[mine] = case.value[mine] * np.interp(depth[mine], DEPTHS, curve)
        annual += frequency * loss
        damage[event] = loss.sum()
    return clock() - began, annual, damage, "definition"


main(run)
