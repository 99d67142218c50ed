"""What a person sees at the terminal: progress and tables on standard error, answers on standard output."""

import json
import os
from collections.abc import Callable
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

stderr = Console(stderr=True, quiet=os.environ.get("RANK", "0") != "0")  # of a torchrun the first speaks
"""Progress, remarks and refusals: what must not get into a pipe."""


def print_result(said: RenderableType) -> None:
    """Print what was asked for to standard output; text stays as it is, whatever the width."""
    Console().print(said, highlight=False, markup=False, soft_wrap=isinstance(said, str))


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print plain values to standard output as JSON; without ``indent`` as one line, for streams of them."""
    print(json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False), flush=True)  # noqa: T201


class Stages:
    """A line a stage, with the time it took and the time it still needs; announcing the next one closes the last."""

    def __init__(self) -> None:
        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self.display = Progress(*columns, console=stderr)

    def __enter__(self) -> Self:
        self.display.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._close_last()
        self.display.stop()

    def __call__(self, name: str) -> Callable[[float], None]:
        """Begin a stage; what is returned takes the fraction done, 0…1."""
        self._close_last()
        task = self.display.add_task(name, total=1.0)
        return lambda done: self.display.update(task, completed=done)

    def _close_last(self) -> None:
        if self.display.tasks:
            self.display.update(self.display.tasks[-1].id, completed=1)


def summary_table(summary: dict[str, Any]) -> Table:
    """The four numbers of a run's ``summary.json`` that a person looks at first."""
    flood, surge, damage = summary["flood"], summary["surge"], summary["impact"]["expected_annual_damage"]
    table = Table(title=f"{summary['provenance']} data", show_header=False, box=None, title_justify="left")
    table.add_row(
        "flood maps, IoU",
        "undefined: no flood of the held-out storms is known"
        if flood["student_iou"] is None
        else f"student {flood['student_iou']:.2f}, teacher {flood['teacher_iou']:.2f}, "
        f"labels only {flood['labels_only_iou']:.2f}",
    )
    table.add_row("water level", f"RMSE {surge['rmse']:.2f} m, {surge['coverage_90']:.0%} within the 90 % interval")
    table.add_row(
        "annual damage", f"{damage['p50']:,.0f} EUR (80 % interval {damage['p10']:,.0f} to {damage['p90']:,.0f})"
    )
    table.add_row("plan", f"{summary['plan']['n_actions']} actions, {summary['plan']['n_triggers']} triggers")
    return table


def warn(what: str) -> None:
    """A remark that must not be overlooked and refuses nothing."""
    stderr.print(f"[bold yellow]warning:[/] {escape(what)}", highlight=False)
