"""Terminal output: progress and notes on standard error, results on standard output."""

import json
import os
import time
from collections.abc import Callable
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

_stderr = Console(stderr=True, quiet=os.environ.get("RANK", "0") != "0")  # of a torchrun only the first writes
REPORT_EVERY_S = 30.0
"""How often a long stage reports its progress where standard error is no terminal [s]."""


def print_result(result: RenderableType) -> None:
    """Print a result to standard output; text stays as it is, whatever the width."""
    Console().print(result, highlight=False, markup=False, soft_wrap=isinstance(result, str))


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print plain values to standard output as JSON; without ``indent`` on one line, for streams."""
    print(json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False), flush=True)  # noqa: T201


def note(text: RenderableType) -> None:
    """Print a note to standard error; brackets in it are text, not markup."""
    _stderr.print(text, highlight=False, markup=False, soft_wrap=isinstance(text, str))


def warn(text: str) -> None:
    """Print a warning that refuses nothing to standard error."""
    note(Text.assemble(("warning:", "bold yellow"), " ", text))


def refuse(text: str) -> None:
    """Print why a command ends to standard error."""
    _stderr.print(Text.assemble(("strandline:", "bold red"), " ", text), highlight=False, soft_wrap=True)


class StageDisplay:
    """Shows each stage with its progress and time; announcing the next stage closes the last.

    On a terminal a bar for each stage; elsewhere (a pipe, a log file) a line when a stage starts, now and then how far
    it is, and a line when it is done.
    """

    def __init__(self) -> None:
        self._bars = _Bars() if _stderr.is_terminal else _Lines()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._bars.stop(finished=error is None)

    def __call__(self, name: str) -> Callable[[float], None]:
        """Begin a stage; the returned function takes the fraction done, 0…1."""
        return self._bars.begin(name)


class _Bars:
    """Progress bars on a terminal."""

    def __init__(self) -> None:
        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self._display = Progress(*columns, console=_stderr)

    def start(self) -> None:
        self._display.start()

    def stop(self, *, finished: bool) -> None:
        if finished:
            self._close_last()
        self._display.stop()

    def begin(self, name: str) -> Callable[[float], None]:
        self._close_last()
        task = self._display.add_task(name, total=1.0)
        return lambda done: self._display.update(task, completed=done)

    def _close_last(self) -> None:
        if self._display.tasks:
            self._display.update(self._display.tasks[-1].id, completed=1)


class _Lines:
    """Plain lines where there is no terminal."""

    def __init__(self) -> None:
        self._stage: tuple[str, float] | None = None

    def start(self) -> None:
        pass

    def stop(self, *, finished: bool) -> None:
        if finished:
            self._close_last()

    def begin(self, name: str) -> Callable[[float], None]:
        self._close_last()
        started = last = time.monotonic()
        self._stage = name, started
        note(f"{name} …")

        def report(done: float) -> None:
            nonlocal last
            if (now := time.monotonic()) - last >= REPORT_EVERY_S:
                last = now
                note(f"{name}: {done:.0%} after {now - started:.0f} s")

        return report

    def _close_last(self) -> None:
        if self._stage is not None:
            name, started = self._stage
            note(f"{name}: done in {time.monotonic() - started:.1f} s")
            self._stage = None


def summary_table(summary: dict[str, Any]) -> Table:
    """The four numbers of a run's ``summary.json`` that a reader looks at first."""
    flood, surge, damage = summary["flood"], summary["surge"], summary["impact"]["expected_annual_damage"]
    table = Table(title=f"{summary['provenance']} data", show_header=False, box=None, title_justify="left")
    table.add_row("flood maps, IoU", _flood_scores(flood))
    table.add_row("water level", f"RMSE {surge['rmse']:.2f} m, {surge['coverage_90']:.0%} within the 90 % interval")
    table.add_row("annual damage", _annual_damage(damage))
    table.add_row("plan", f"{summary['plan']['n_actions']} actions, {summary['plan']['n_triggers']} triggers")
    return table


def _annual_damage(damage: dict[str, Any]) -> str:
    """The mean with two digits and the error of its calculation, and the range of 8 in 10 draws."""
    from strandline.observations.region_file.prices.money import MoneyUnit
    from strandline.planning.formatting import format_mean, format_money_between
    from strandline.risk.expectation import Expectation

    if damage["mean"] is None:
        return "unknown: no asset of known value lies on known ground"
    known = Expectation(
        damage["mean"], damage["standard_error"] or 0.0, damage["p10"], damage["p50"], damage["p90"], damage["draws"]
    )
    money = MoneyUnit.parse(str(damage["unit"]).removesuffix(" per year"))
    between = format_money_between(known.p10, known.p90, money)
    return f"{format_mean(known, money)} on average (8 in 10 chance: {between})"


def _flood_scores(flood: dict[str, Any]) -> str:
    if flood["student_iou"] is None:
        return "undefined: no flood of the held-out storms is known"
    scores = f"student {flood['student_iou']:.2f}, teacher {flood['teacher_iou']:.2f}"
    if flood["labels_only_iou"] is None:
        return f"{scores}; what distillation gained is unknown without --evaluate"
    return f"{scores}, labels only {flood['labels_only_iou']:.2f}"
