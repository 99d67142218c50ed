"""``python -m benchmarks.agent``: what the watch's agent is worth, and what broken streams do to it.

On simulated coasts: a decade of decisions beside simpler rules, with all streams and with half of them failing in
storms; storms while streams break in every way. With ``--region``: the real record of November 2022 at Caorle.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.progress import Progress as Bar

from benchmarks.agent import broken, caorle, decade, soak
from benchmarks.agent.coasts import Coast, simulate
from benchmarks.agent.crash_restarts import crash_restarts
from benchmarks.record import Record, Value, markdown_table, print_table, sha256, write_record
from strandline.files import write_text

FIRST_COAST, FIRST_RECIPE_COAST = 500, 2_000_000
COLUMNS = (
    "scenario",
    "condition",
    "policy",
    "action",
    "relative_value",
    "coverage_90",
    "hits",
    "false_alarms",
    "lead_h",
)
Rows = list[dict[str, Value]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coasts", type=int, default=2, help="simulated coasts, the two basins in turn")
    parser.add_argument("--recipe-coasts", action="store_true", help="those on which constants may be chosen instead")
    parser.add_argument("--storms", type=int, default=12, help="a coast, in which streams break")
    parser.add_argument("--region", type=Path, help="region file of Caorle: the real replay instead")
    parser.add_argument("--data", type=Path, help="folder that its paths start from")
    parser.add_argument("--run", type=Path, help="folder of its finished run")
    parser.add_argument("--soak", type=int, help="steps of the built-in delta's agent on its store instead, as 8766")
    parser.add_argument("--kills", type=int, default=1000, help="with --soak: how often a store is killed as well")
    parser.add_argument("--work", type=Path, required=True, help="folder in which finished parts are kept")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.soak:
        record = service(arguments)
    else:
        record = real(arguments) if arguments.region else simulated(arguments)
    write_record(record, arguments.out)
    if arguments.region:
        caorle.draw(record.rows, arguments.out.with_suffix(".png"))
    arguments.out.with_suffix(".md").write_text(markdown(record, arguments))
    print_table(record, COLUMNS)


def simulated(arguments: argparse.Namespace) -> Record:
    first = FIRST_RECIPE_COAST if arguments.recipe_coasts else FIRST_COAST
    seeds = list(range(first, first + arguments.coasts))
    rows: Rows = []
    with Bar() as bar:
        for seed in seeds:
            rows += one_coast(seed, arguments.storms, arguments.work, bar)
    return Record("agent", "simulated", {}, seeds, rows, summarise(rows))


def one_coast(seed: int, storms: int, work: Path, bar: Bar) -> Rows:
    """All rows of a coast; parts that were finished before are read."""
    coast: list[Coast] = []

    def part(name: str, make: Callable[[Coast, Callable[[float], None]], Rows]) -> Rows:
        path = work / f"{seed}-{name}.json"
        if path.exists():
            return list(json.loads(path.read_text()))
        if not coast:
            learning = bar.add_task(f"{seed}: learn", total=1.0)
            coast.append(simulate(seed, lambda done: bar.update(learning, completed=done)))
        task = bar.add_task(f"{seed}: {name}", total=1.0)
        rows = make(coast[0], lambda done: bar.update(task, completed=done))
        write_text(path, json.dumps(rows))
        return rows

    def decade_of(condition: str) -> Callable[[Coast, Callable[[float], None]], Rows]:
        def rows(place: Coast, progress: Callable[[float], None]) -> Rows:
            dead = np.zeros((4, place.time.size), dtype=bool)
            if condition != "all":
                dead = decade.failing(place, np.random.default_rng([seed, 1]))
            found: Rows = []
            for policy, active in decade.simple_policies(place, dead).items():
                found += decade.rows_of(place, seed, condition, policy, active, None)
            lived = decade.live(place, dead, progress)
            return found + decade.rows_of(place, seed, condition, "strandline", lived.active, lived)

        return rows

    return [
        *part("all", decade_of("all")),
        *part("half failing", decade_of("half failing in storms")),
        *part("broken", lambda place, progress: broken.rows_of(place, seed, storms, progress)),
    ]


def real(arguments: argparse.Namespace) -> Record:
    with Bar() as bar, tempfile.TemporaryDirectory(dir=arguments.work) as folder:
        task = bar.add_task("Caorle", total=1.0)
        store = Path(folder) / "watch.db"
        rows = caorle.rows_of(
            arguments.region, arguments.data, arguments.run, store, lambda done: bar.update(task, completed=done)
        )
    data = {arguments.region.name: sha256(arguments.region), "briefing.nc": sha256(arguments.run / "briefing.nc")}
    return Record("agent", "real", data, [], rows, caorle.summarise(rows, caorle.highest(rows)))


def service(arguments: argparse.Namespace) -> Record:
    """A year at full speed, and a store that is killed again and again."""
    with Bar() as bar:
        task = bar.add_task("a year of steps", total=1.0)
        rows = soak.rows_of(
            arguments.run, arguments.work / "soak.db", arguments.soak, lambda done: bar.update(task, completed=done)
        )
    killed = crash_restarts(arguments.kills, arguments.work / "kills")
    settled = rows[len(rows) // 4 :]  # after caches have filled
    summary: dict[str, Value] = {
        "soak/steps": arguments.soak,
        "soak/memory_growth_mb": float(str(settled[-1]["memory_mb"])) - float(str(settled[0]["memory_mb"])),
        "soak/open_files_growth": int(str(settled[-1]["open_files"])) - int(str(settled[0]["open_files"])),
        "soak/steps_per_s": float(np.mean([float(str(row["steps_per_s"])) for row in rows])),
        "kills/kills": killed.kills,
        "kills/rounds": killed.rounds,
        "kills/differences": len(killed.wrong),
    }
    return Record("agent", "simulated", {}, [], rows, summary)


def summarise(rows: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """Relative value of all coasts and actions together, a condition and policy; and what broken streams did."""
    summary: dict[str, Value] = {}
    decades = [row for row in rows if "expense" in row]
    for condition in dict.fromkeys(str(row["condition"]) for row in decades):
        for policy in dict.fromkeys(str(row["policy"]) for row in decades):
            chosen = [row for row in decades if row["condition"] == condition and row["policy"] == policy]
            summary[f"{condition}/{policy}/value"] = decade.pooled_value(chosen)
            summary[f"{condition}/{policy}/hit_rate"] = _share(chosen, "hits", "misses")
            summary[f"{condition}/{policy}/false_alarms_a_hit"] = _sum(chosen, "false_alarms") / max(
                _sum(chosen, "hits"), 1
            )
        covered = [
            float(str(row["coverage_90"])) for row in decades if row["condition"] == condition and row["coverage_90"]
        ]
        summary[f"{condition}/strandline/coverage_90_in_storms"] = float(np.mean(covered))
    return {**summary, **broken.summarise([row for row in rows if "fault" in row])}


def _sum(rows: Sequence[Mapping[str, Value]], key: str) -> int:
    return sum(int(str(row[key])) for row in rows)


def _share(rows: Sequence[Mapping[str, Value]], part: str, rest: str) -> float:
    return _sum(rows, part) / max(_sum(rows, part) + _sum(rows, rest), 1)


def markdown(record: Record, arguments: argparse.Namespace) -> str:
    """The summary and the rows under the command that made them."""
    if arguments.region:
        command = f"python -m benchmarks.agent --region {arguments.region.name} --data DATA --run RUN"
    elif arguments.soak:
        command = f"python -m benchmarks.agent --soak {arguments.soak} --kills {arguments.kills} --run RUN"
    else:
        command = f"python -m benchmarks.agent --coasts {arguments.coasts} --storms {arguments.storms}"
    told = [{"what": name, "value": value} for name, value in record.summary.items()]
    shown = [row for row in record.rows if not arguments.region or row["starts"] or row["stops"]]
    columns: tuple[str, ...] = COLUMNS
    if arguments.region:
        columns = ("hour", "level_observed", "highest_p50", "starts", "stops")
    elif arguments.soak:
        columns = ("step", "memory_mb", "open_files", "steps_per_s", "store_mb")
    return (
        f"    {command} --work WORK --out OUT\n\nValue 1 = perfect information, 0 = the climate alone.\n\n"
        f"{markdown_table(told, ('what', 'value'))}\n{markdown_table(shown, columns)}"
    )


if __name__ == "__main__":
    main()
