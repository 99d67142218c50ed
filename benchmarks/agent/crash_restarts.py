"""``python -m benchmarks.agent.crash_restarts``: does the store of a watch survive SIGKILL at any moment?

A child process writes scripted hours to a store: readings with repeats and revisions, a belief state that depends on
all earlier hours, a forecast, decisions, alerts, confirmations, files. SIGKILL ends it alternately at a random moment
(before a statement, a commit or a file operation) and after a random time; it is restarted until the script is
finished. Then every row, every log entry and every file must equal those of an uninterrupted run. After each kill a
store in a file must be found whole. Rounds are repeated until the requested number of kills is reached.
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

from benchmarks.agent.scripted_watch import START, open_store, play, play_until_killed
from strandline.files import write_text
from strandline.watch.store.database.engine import make_engine, reading
from strandline.watch.store.database.existence import trace_of_a_store
from strandline.watch.store.database.locations import Locations
from strandline.watch.store.tables import metadata
from strandline.watch.store.verification.verify import verify_address

HOURS = 12
"""Length of the script [h], one step each."""
MOMENTS = 200
"""A child is killed before this moment at the latest: about two hours of the script, and the migrations."""
Contents = Mapping[str, object]


@dataclass(frozen=True)
class Progress:
    """Counts and findings so far.

    Attributes:
        kills, at_moments: killed children, and those of them killed at a chosen moment (``play_until_killed``).
        rounds: finished scripts that were compared.
        differences: from the uninterrupted run, and damage that was found after a kill, one line each.
    """

    kills: int = 0
    at_moments: int = 0
    rounds: int = 0
    differences: tuple[str, ...] = ()


def crash_restarts(kills: int, work: Path, address_of: Callable[[int], str] | None = None) -> Progress:
    """Kill ``kills`` times and compare; an interrupted call with the same ``work`` is resumed.

    Args:
        address_of: address of the store by round number, empty when the round begins; an SQLite file if ``None``.
    """
    seconds, expected = _reference_run()
    context = get_context("forkserver")
    context.set_forkserver_preload([play_until_killed.__module__])
    progress = _progress_in(work)
    while True:
        folder = work / f"round-{progress.rounds}"
        folder.mkdir(parents=True, exist_ok=True)
        address = address_of(progress.rounds) if address_of else str(folder / "watch.db")
        is_enough, at_moment = progress.kills >= kills, progress.kills % 2 == 0
        rng = np.random.default_rng([progress.rounds, progress.kills])
        killed_at = int(rng.integers(1, MOMENTS)) if at_moment and not is_enough else None
        child = context.Process(target=play_until_killed, args=(address, folder / "alerts", HOURS, killed_at))
        child.start()
        child.join(None if at_moment or is_enough else rng.uniform(0.0, seconds / 4))
        child.kill()
        child.join()
        if child.exitcode == -signal.SIGKILL:
            lines = tuple(f"kill {progress.kills}: {line}" for line in damage(address, folder / "alerts"))
            progress = replace(
                progress, kills=progress.kills + 1, at_moments=progress.at_moments + at_moment,
                differences=progress.differences + lines,
            )  # fmt: skip
        elif child.exitcode == 0:
            found = [
                *damage(address, folder / "alerts"),
                *differences(contents(address, folder / "alerts"), expected),
            ]
            lines = tuple(f"round {progress.rounds}: {line}" for line in found)
            progress = replace(progress, rounds=progress.rounds + 1, differences=progress.differences + lines)
        else:
            raise RuntimeError(f"{address}: the child ended with exit code {child.exitcode}; see its output")
        write_text(work / "progress.json", json.dumps(asdict(progress)))
        if is_enough:
            return progress


def damage(address: str, alerts: Path) -> list[str]:
    """What a verification finds in a killed store, which nobody has opened since; on a server it is not looked for."""
    locations = replace(Locations.of(address), alerts=alerts)
    if locations.file is None or trace_of_a_store(locations) is None:
        return []  # killed before the first step
    return [one.what for one in verify_address(locations, (), START).findings]


def contents(address: str, alerts: Path) -> Contents:
    """Every row of every table and every file, by name; the log and the rows are verified first."""
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
    """Missing, unexpected and different entries, one line each."""
    lines = [f"{name} is missing" for name in expected.keys() - found.keys()]
    lines += [f"{name} is unexpected" for name in found.keys() - expected.keys()]
    return sorted(
        lines + [f"{name} differs" for name in expected.keys() & found.keys() if found[name] != expected[name]]
    )


def _reference_run() -> tuple[float, Contents]:
    """Duration [s] and contents of an uninterrupted run."""
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
    return Progress(**stored | {"differences": tuple(stored["differences"])})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--work", type=Path, required=True, help="working folder; an interrupted run is resumed")
    arguments = parser.parse_args()
    start = time.perf_counter()
    progress = crash_restarts(arguments.kills, arguments.work)
    print(f"{progress} in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
