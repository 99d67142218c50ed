"""Where no terminal is, a line says how far a benchmark is and how long it takes yet."""

import io
import re

import pytest
from rich.console import Console

from benchmarks.progress import LINES, Progress


def plain() -> tuple[Progress, io.StringIO]:
    written = io.StringIO()
    return Progress(Console(file=written, force_terminal=False)), written


def test_every_finished_step_is_a_line_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    bar, written = plain()
    now = [0.0]
    bar.get_time = lambda: now[0]
    with bar:
        task = bar.add_task("coasts", total=4)
        bar.update(task, description="coast 1")  # nothing is finished
        for _ in range(4):
            now[0] += 90
            bar.advance(task)
    assert written.getvalue().splitlines() == [
        "1/4 coast 1 after 1.5 min, 4.5 min left",
        "2/4 coast 1 after 3.0 min, 3.0 min left",
        "3/4 coast 1 after 4.5 min, 1.5 min left",
        "4/4 coast 1 after 6.0 min, 0.0 min left",
    ]


def test_a_share_is_no_more_than_a_hundred_lines_and_its_last_is_the_end() -> None:
    bar, written = plain()
    with bar:
        task = bar.add_task("a year of steps", total=1.0)
        for step in range(1, 5001):
            bar.update(task, completed=step / 5000)
    lines = written.getvalue().splitlines()
    assert len(lines) == LINES
    assert lines[-1].startswith("1/1 a year of steps")


def test_steps_of_an_unknown_number_have_no_time_left() -> None:
    bar, written = plain()
    with bar:
        task = bar.add_task("", total=None)
        bar.update(task, description="event [1]", advance=1)
    assert re.fullmatch(r"1 event \[1\] after 0\.0 min\n", written.getvalue())


def test_a_terminal_has_a_bar_and_no_lines() -> None:
    written = io.StringIO()
    with Progress(Console(file=written, force_terminal=True)) as bar:
        bar.advance(bar.add_task("coasts", total=2))
    assert "left" not in written.getvalue()
    assert "1/2" in written.getvalue()
