"""Every method with what it needs: one line each."""

from dataclasses import dataclass

from benchmarks.surge.methods.forecaster import distilled, labels_only, process, shuffled_teacher
from benchmarks.surge.methods.method import Method, with_intervals
from benchmarks.surge.methods.networks import hidra_like, lstm
from benchmarks.surge.methods.operational import operational, operational_corrected, operational_debiased
from benchmarks.surge.methods.ridge import ridge, ridge_weather
from benchmarks.surge.methods.simple import fit_damped_persistence, fit_persistence, fit_zero_surge
from benchmarks.surge.protocol import Task
from benchmarks.surge.weather import MODES


@dataclass(frozen=True)
class Entry:
    """A method.

    Attributes:
        method: fitted to a task.
        modes: of weather that it runs under.
        needs_operational: whether it needs an operational forecast.
    """

    method: Method
    modes: tuple[str, ...] = ("none",)
    needs_operational: bool = False

    def runs(self, task: Task) -> bool:
        """Whether it has a forecast for a task."""
        has_operational = task.gauge.operational is not None
        return task.weather.mode in self.modes and (has_operational or not self.needs_operational)


WITH_WEATHER = tuple(mode for mode in MODES if mode != "none")
METHODS: dict[str, Entry] = {
    "zero_surge": Entry(with_intervals(fit_zero_surge)),
    "persistence": Entry(with_intervals(fit_persistence)),
    "damped_persistence": Entry(with_intervals(fit_damped_persistence)),
    "ridge": Entry(ridge),
    "ridge_weather": Entry(ridge_weather, WITH_WEATHER),
    "lstm": Entry(lstm, MODES),
    "hidra_like": Entry(hidra_like, MODES),
    "process": Entry(process),
    "labels_only": Entry(labels_only, WITH_WEATHER),
    "distilled": Entry(distilled, WITH_WEATHER),
    "shuffled_teacher": Entry(shuffled_teacher, WITH_WEATHER),
    "operational": Entry(operational, ("forecast",), needs_operational=True),
    "operational_debiased": Entry(operational_debiased, ("forecast",), needs_operational=True),
    "operational_corrected": Entry(operational_corrected, ("forecast",), needs_operational=True),
}
SIMPLE = ("zero_surge", "persistence", "damped_persistence", "ridge")
"""Methods without weather that the best simple one is chosen from."""
