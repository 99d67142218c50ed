"""How far a benchmark is."""

from typing import Any

from rich import progress
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LINES = 100
"""Lines of a task whose number of steps is known, at most."""


class Progress(progress.Progress):
    """A bar on a terminal; elsewhere a line for each finished step, with the time left at this pace."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        super().__init__(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """As of a bar."""
        before = self._lines(task_id)
        super().update(task_id, **changes)
        self._print(task_id, before)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """As of a bar."""
        before = self._lines(task_id)
        super().advance(task_id, advance)
        self._print(task_id, before)

    def _lines(self, task_id: TaskID) -> int:
        """How many lines a task deserves by now."""
        task = self._tasks[task_id]
        return int(task.completed if not task.total else task.completed / task.total * LINES)

    def _print(self, task_id: TaskID, before: int) -> None:
        if not self.disable or self._lines(task_id) <= before:
            return
        task = self._tasks[task_id]
        taken = task.elapsed or 0.0
        of = left = ""
        if task.total:
            of = f"/{task.total:g}"
            left = f", {_minutes(taken / task.completed * (task.total - task.completed))} left"
        done = f"{task.completed:g}{of} {task.description}".rstrip()
        self.console.print(f"{done} after {_minutes(taken)}{left}", highlight=False, markup=False, soft_wrap=True)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
