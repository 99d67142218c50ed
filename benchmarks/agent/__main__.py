"""``python -m benchmarks.agent``: the value of the agent's decisions, and the effect of stream failures on it.

Simulated coasts: a decade of decisions beside simpler rules, with all streams and with half of them failing in storms;
storms with every kind of stream failure. ``--region``: the real record of November 2022 at Caorle. ``--soak``: a year
of steps on a store, a store whose process is killed, and corrupted stores. ``--late-warnings``: whether people are
warned before events that are forecast late, or whose time is uncertain. ``--silence``: whether a forecast becomes surer
because streams stop. Alarms on long real gauges:
``python -m benchmarks.agent.alarms``.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.agent import caorle, same_decisions, silence
from benchmarks.agent.alarms import late_warnings
from benchmarks.agent.corrupted_stores import corrupted_stores
from benchmarks.agent.crash_restarts import crash_restarts
from benchmarks.agent.run import coast_rows, soak_rows
from benchmarks.agent.summary import COLUMNS, markdown, summarise, summarise_caorle, summarise_service
from benchmarks.progress import Progress
from benchmarks.record import Record, Row, print_table, sha256, write_record
from strandline.pipeline.deployment import DEPLOYMENT_FILE, load_deployment

FIRST_COAST, FIRST_TUNING_COAST = 500, 2_000_000


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, summarise, and write the record."""
    arguments = _parser().parse_args(argv)
    if arguments.late_warnings:
        late_warnings.measure(arguments.before, arguments.out)
        return
    if arguments.silence:
        silence.measure(_seeds(arguments), arguments.silence, arguments.before, arguments.out)
        return
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.soak:
        record = service(arguments)
    else:
        record = real(arguments) if arguments.region else simulated(arguments)
    write_record(record, arguments.out, markdown(record))
    if arguments.region:
        caorle.draw([row for row in record.rows if "hour" in row], arguments.out.with_suffix(".png"))
    print_table(record, COLUMNS)


def simulated(arguments: argparse.Namespace) -> Record:
    """Decades of decisions and stream failures on simulated coasts."""
    seeds = _seeds(arguments)
    rows: list[Row] = []
    with Progress() as bar:
        for seed in seeds:
            rows += coast_rows(seed, arguments.storms, arguments.work, bar)
    return Record("agent", "simulated", {}, seeds, rows, summarise(rows))


def _seeds(arguments: argparse.Namespace) -> list[int]:
    first = FIRST_TUNING_COAST if arguments.tuning_coasts else FIRST_COAST
    return list(range(first, first + arguments.coasts))


def real(arguments: argparse.Namespace) -> Record:
    """The replay of November 2022 at Caorle."""
    with Progress() as bar, tempfile.TemporaryDirectory(dir=arguments.work) as folder:
        task = bar.add_task("Caorle", total=1.0)
        place = caorle.open_with_weather(arguments.region, arguments.data, caorle.WEATHER[arguments.weather])
        deployment = load_deployment(arguments.run)
        rows = caorle.rows_of(
            place,
            deployment,
            arguments.run,
            Path(folder) / "watch.db",
            lambda done: bar.update(task, completed=done),
        )
        rows += caorle.forecasts_of_the_peak(place, deployment, arguments.run)
        rows.append(same_decisions.row_of_region(place, deployment, arguments.run, Path(folder) / "same.db"))
    file = arguments.run / DEPLOYMENT_FILE
    data = {arguments.region.name: sha256(arguments.region), file.name: sha256(file)}
    return Record("agent", "real", data, [], rows, summarise_caorle(rows))


def service(arguments: argparse.Namespace) -> Record:
    """A year of steps at full speed, a store whose process is killed again and again, and corrupted stores."""
    with Progress() as bar:
        task = bar.add_task("a year of steps", total=1.0)
        rows = soak_rows(
            arguments.run, arguments.work / "soak.db", arguments.soak, lambda done: bar.update(task, completed=done)
        )
    restarts = crash_restarts(arguments.kills, arguments.work / "kills")
    corrupted = corrupted_stores(arguments.corrupt)
    return Record("agent", "simulated", {}, [], rows, summarise_service(rows, arguments.soak, restarts, corrupted))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coasts", type=int, default=2, help="simulated coasts, alternating between two basins")
    parser.add_argument(
        "--tuning-coasts", "--recipe-coasts", action="store_true", help="use the coasts on which constants are chosen"
    )
    parser.add_argument("--storms", type=int, default=12, help="storms per coast in which streams fail")
    parser.add_argument("--region", type=Path, help="region file of Caorle: run the real replay instead")
    parser.add_argument("--data", type=Path, help="folder of the files that the region file names")
    parser.add_argument("--run", type=Path, help="folder of a finished run")
    parser.add_argument(
        "--weather", choices=caorle.WEATHER, default="none", help="with --region: its forecasts of the weather"
    )
    parser.add_argument("--soak", type=int, help="steps on the built-in delta's store, such as 8766: run these instead")
    parser.add_argument("--kills", type=int, default=1000, help="with --soak: number of times that a store is killed")
    parser.add_argument("--corrupt", type=int, default=220, help="with --soak: number of corrupted stores")
    parser.add_argument("--late-warnings", action="store_true", help="made-up approaches of a flood: run these instead")
    parser.add_argument(
        "--silence", type=int, help="random outages, such as 1000: compare forecasts under these instead"
    )
    parser.add_argument(
        "--before", type=Path, help="with --late-warnings or --silence: result of an earlier version, to compare with"
    )
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder for finished parts")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
