"""Agreed numbers of the derived triggers; each an assumption until a place agrees on its own."""

FORECAST, NEIGHBOUR = "forecast_water_level", "neighbour_water_level"
"""Variables that the triggers read [m]: this place's ensemble, and the neighbouring gauge on its own zero."""
DANGER = "danger_by_all_drivers"
"""Variable of a forecast [1] of the danger to an area by sea, rain and rivers together; followed by ``_`` and its
name."""
FORECAST_OF_THE_PLACE = "water-level forecast of this place"
PROBABILITY_FOR_LIVES = 0.2
"""Probability from which an action for lives starts: four false alarms for one flood."""
DEFERRAL_HOURS = 3
"""An action waits as long as the event is not expected within the time that it takes and so much more [h]: waiting then
cannot lose the last moment to start."""
WAITING_CHANCE, WAITING_RATIO = 0.2, 2.0
"""An action for money waits while the probability [-] of the event in that time is no more than the first, or than the
second times cost over avoidable loss, whichever is less: newer forecasts are better, and starting early is paid for
longer. On the coasts on which constants are chosen, less waiting cost value, and more cost hits of the cheapest action.
For lives: only at 0."""
STOP_HOURS = 13
"""A whole tide (12.4 h) and a margin [h], so that low water in between does not stop an action."""
STOP_SHARE = 0.5
"""Share of what starts an action below which it is not worth keeping up [-]."""
REACHED = 0.05
"""Probability [-] that the sea stands at the event's level from which the land may be wet."""
FLOODED_SHARE = "flooded_share"
"""Variable of flood scenes [-]: the greatest flooded share of an area's zones; followed by ``_`` and its name."""
DRAINED_SHARE = 0.05
"""Flooded share of every zone up to which an area has drained [-]; an assumption: scenes err by as much."""
SCENE_HOURS = STOP_HOURS - 1
"""Validity of a flood scene [h]: a phase that stops after ``STOP_HOURS`` was flooded in none that is still valid."""
UNDECIDED_HOURS = 6.0
"""Time without a decision after which the neighbouring gauge decides: half a tide."""
VALID_HOURS = 6.0
"""Validity of a forecast or a neighbour's reading: half a tide."""
PRIOR = "act as if the level were reached while a storm warning of the weather service is in force"
DECIDED_BY = "the duty officer"
