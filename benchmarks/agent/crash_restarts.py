"""``python -m benchmarks.agent.crash_restarts``: a watch that is killed again and again, and what its store holds then.

A child plays scripted hours into a store: readings with repeats and revisions, a belief state that depends on
everything before it, outlook, decisions, alerts, a person's confirmations, files. SIGKILL ends it, in turn at a
random moment between two statements, commits or files and at a random time, and it is started again until the script
is through. Then every row, every entry of the log and every file must equal those of a run that nobody killed. Such
rounds follow one another until there were enough kills.
"""

import argparse
import json
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import select

from benchmarks.agent.scripted_watch import open_store, play, play_and_die
from strandline.files import write_text
from strandline.watch.store.database.engine import make_engine, reading
from strandline.watch.store.tables import metadata

HOURS = 12
"""Of the script, a step each."""
MOMENTS = 200
"""At the latest of which a child dies: about two hours of the script, and the migrations."""
Contents = Mapping[str, object]


@dataclass(frozen=True)
class Progress:
    """What was done so far.

    Attributes:
        kills, at_moments: how many children were killed, and how many of them at a chosen moment (``play_and_die``).
        rounds: scripts that came to their end and were compared.
        wrong: what did not equal the run that nobody killed, a line each.
    """

    kills: int = 0
    at_moments: int = 0
    rounds: int = 0
    wrong: tuple[str, ...] = ()


def crash_restarts(kills: int, work: Path, address_of: Callable[[int], str] | None = None) -> Progress:
    """Kill ``kills`` times and compare; goes on where an interrupted call with the same ``work`` stopped.

    Args:
        address_of: the store of a round by its number, empty when the round begins; an SQLite file if ``None``.
    """
    seconds, expected = _unharmed()
    context = get_context("forkserver")
    context.set_forkserver_preload([play_and_die.__module__])
    progress = _progress_in(work)
    while True:
        folder = work / f"round-{progress.rounds}"
        folder.mkdir(parents=True, exist_ok=True)
        address = address_of(progress.rounds) if address_of else str(folder / "watch.db")
        is_enough, at_moment = progress.kills >= kills, progress.kills % 2 == 0
        rng = np.random.default_rng([progress.rounds, progress.kills])
        dies_at = int(rng.integers(1, MOMENTS)) if at_moment and not is_enough else None
        child = context.Process(target=play_and_die, args=(address, folder / "alerts", HOURS, dies_at))
        child.start()
        child.join(None if at_moment or is_enough else rng.uniform(0.0, seconds / 4))
        child.kill()
        child.join()
        if child.exitcode == -signal.SIGKILL:
            progress = replace(progress, kills=progress.kills + 1, at_moments=progress.at_moments + at_moment)
        elif child.exitcode == 0:
            wrong = differences(contents(address, folder / "alerts"), expected)
            lines = tuple(f"round {progress.rounds}: {line}" for line in wrong)
            progress = replace(progress, rounds=progress.rounds + 1, wrong=progress.wrong + lines)
        else:
            raise RuntimeError(f"{address}: the child ended with exit code {child.exitcode}; see what it wrote")
        write_text(work / "progress.json", json.dumps(asdict(progress)))
        if is_enough:
            return progress


def contents(address: str, alerts: Path) -> Contents:
    """Every row of every table, and every file, by name; the log and what it vouches for are checked on the way."""
    with open_store(address) as store:
        store.verify_log()
        store.verify_contents()
    engine = make_engine(address)
    with reading(engine) as connection:
        tables = metadata.sorted_tables
        rows = {table.name: connection.execute(select(table).order_by(*table.primary_key)).all() for table in tables}
    engine.dispose()
    files = {str(path.relative_to(alerts)): path.read_bytes() for path in alerts.rglob("*") if path.is_file()}
    return {**rows, **files}


def differences(found: Contents, expected: Contents) -> list[str]:
    """What is missing, too much or other, a line each."""
    lines = [f"{name} is missing" for name in expected.keys() - found.keys()]
    lines += [f"{name} is too much" for name in found.keys() - expected.keys()]
    return sorted(
        lines + [f"{name} differs" for name in expected.keys() & found.keys() if found[name] != expected[name]]
    )


def _unharmed() -> tuple[float, Contents]:
    """Seconds and contents of a run that nobody kills."""
    with TemporaryDirectory() as folder:
        address, alerts, start = str(Path(folder) / "watch.db"), Path(folder) / "alerts", time.perf_counter()
        with open_store(address) as store:
            play(store, alerts, HOURS)
        return time.perf_counter() - start, contents(address, alerts)


def _progress_in(work: Path) -> Progress:
    path = work / "progress.json"
    if not path.exists():
        return Progress()
    stored = json.loads(path.read_text())
    return Progress(**stored | {"wrong": tuple(stored["wrong"])})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--work", type=Path, required=True, help="where an interrupted run goes on")
    arguments = parser.parse_args()
    start = time.perf_counter()
    progress = crash_restarts(arguments.kills, arguments.work)
    print(f"{progress} in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
