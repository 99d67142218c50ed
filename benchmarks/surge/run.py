"""One gauge at a time: every method, on every lead, with its own readings whole, half and gone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.record import Value
from benchmarks.surge import methods
from benchmarks.surge.baselines import Forecast, dressed, fit_ridge, persistence, zero_surge
from benchmarks.surge.gauges import Floats, Gauges, Mask, residual
from benchmarks.surge.learning import ask, shown
from benchmarks.surge.methods import BOTH, NEIGHBOURS, OWN, Budget, Elsewhere, Names, Task
from benchmarks.surge.scoring import score
from benchmarks.surge.windows import past_of
from strandline.models.surge_network import LEVELS, SurgeNetwork

Row = dict[str, Value]
OUTAGES = (0.0, 0.5, 1.0)
"""Shares of its own readings that a test window loses."""


@dataclass(frozen=True)
class Plan:
    """What is to be run.

    Attributes:
        fractions: of the training record that is labelled; ``leads`` [h]; ``seeds``: draws of the weeks.
    """

    fractions: tuple[float, ...]
    leads: tuple[int, ...]
    seeds: int
    budget: Budget


def run_target(
    gauges: Gauges, target: int, train: Mask, test: Mask, plan: Plan, progress: Callable[[str], None]
) -> Iterator[list[Row]]:
    """All rows of a gauge, one list a fraction and seed."""
    truth = residual(gauges, target, train | test).level
    threshold = float(np.nanquantile(gauges.level[target][train | test], 0.99))
    for fraction in plan.fractions:
        progress(f"{gauges.names[target]}: teacher and students of the other gauges")
        elsewhere = methods.learn_elsewhere(gauges, train, target, fraction, plan.budget)
        for seed in range(plan.seeds):
            progress(f"{gauges.names[target]}: {fraction:g} of the record, seed {seed}")
            task = methods.draw_task(elsewhere, fraction, seed, plan.budget)
            yield Exam(elsewhere, task, test, truth, threshold, fraction, plan).run()


class Exam:
    """Every method at one gauge, under one draw of labelled weeks."""

    def __init__(
        self,
        elsewhere: Elsewhere,
        task: Task,
        test: Mask,
        truth: Floats,
        threshold: float,
        fraction: float,
        plan: Plan,
    ) -> None:
        gauges, target = elsewhere.gauges, elsewhere.target
        self._past = past_of(gauges, [(target, task.record)], [test], test, elsewhere.around)
        self._elsewhere, self._task, self._test, self._truth = elsewhere, task, test, truth
        self._threshold, self._plan = threshold, plan
        self._given: Row = {"target": gauges.names[target], "record_fraction": fraction, "seed": task.seed}
        self._rows: list[Row] = []

    def run(self) -> list[Row]:
        """The rows."""
        task, seed = self._task, self._task.seed
        for share in OUTAGES:
            self._add("zero_surge", "own", share, dressed(zero_surge, task.labelled, share, seed))
            self._add("persistence", "own", share, dressed(persistence, task.labelled, share, seed))
            ridge = fit_ridge(task.labelled, share, seed)
            self._add("ridge", "own", share, dressed(ridge, task.labelled, share, seed))
        self._add_network("teacher", NEIGHBOURS, self._elsewhere.teacher, (1.0,))
        for streams, name in ((OWN, "own"), (BOTH, "any")):
            self._add_network("pretrained", name, self._elsewhere.students[streams])
            self._add_network("labels_only", name, methods.labels_only(task, streams))
            self._add_network("pretrained_finetuned", name, methods.finetuned(task, streams))
            self._add_network("distilled", name, methods.distilled(task, streams))
            self._add_network("full_record", name, methods.full_record(task, streams))
        return self._rows

    def _add_network(
        self, method: str, streams: str | Names, network: SurgeNetwork, shares: tuple[float, ...] = OUTAGES
    ) -> None:
        for share in shares:
            name = streams if isinstance(streams, str) else "+".join(streams)
            self._add(method, name, share, lambda windows: ask(network, windows).double().numpy())

    def _add(self, method: str, streams: str, share: float, forecast: Forecast) -> None:
        windows, _ = shown(self._past, share, self._task.seed)
        said, issued = forecast(windows), self._past.issues[:, 1].numpy()
        target, record = self._elsewhere.target, self._task.record
        for lead in self._plan.leads:
            quantiles = np.full((record.level.size, len(LEVELS)), np.nan)
            quantiles[issued + lead] = said[:, lead]
            hours = self._test & np.isfinite(quantiles).all(axis=1)
            observed = np.where(hours, self._elsewhere.gauges.level[target], np.nan)
            found = score(
                quantiles[self._test],
                LEVELS,
                (record.mean + record.tide)[self._test],
                observed[self._test],
                self._truth[self._test],
                self._threshold,
            )
            self._rows.append(
                {**self._given, "method": method, "streams": streams, "outage": share, "lead_h": lead, **found}
            )
