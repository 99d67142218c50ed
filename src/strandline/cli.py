"""The command line: what a user types, and nothing else."""

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Self

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from strandline.errors import StrandlineError

app = typer.Typer(
    help="From almost no data to a coastal resilience plan.\n\n"
    "Start with `strandline run --out runs/demo`: a simulated delta, no file needed. For a real place, write a region "
    "file (see examples/), look at it with `strandline check`, then `strandline run REGION.toml --out DIR`.\n\n"
    "Exit codes: 0 done, 2 an input cannot be used (the message says what would be right), 130 interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
console = Console(stderr=True, quiet=os.environ.get("RANK", "0") != "0")  # of a torchrun the first speaks
INTERRUPTED = 130
"""The exit code into which typer turns Ctrl-C (128 + SIGINT)."""
RegionPath = Annotated[
    Path | None, typer.Argument(help="Region file (TOML). Without one: the built-in simulated delta.")
]
DataFolder = Annotated[
    Path | None, typer.Option("--data", help="Folder that the region file's paths start from [default: its own]")
]


@app.command()
def run(
    region: RegionPath = None,
    out: Annotated[Path, typer.Option(help="Folder for the products.")] = Path("runs/demo"),
    data: DataFolder = None,
    quick: Annotated[bool, typer.Option("--quick", help="A tiny simulated coast, under 90 s: a health check.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run in --out.")] = False,
    seed: Annotated[int, typer.Option(help="Of every draw.")] = 1,
    false_dry: Annotated[
        float | None,
        typer.Option(help="Share of flooded cells that may be called dry, as 0.1 [default: best IoU]."),
    ] = None,
) -> None:
    """Observe, distil, forecast, assess, plan: from files (or a simulated delta) to report.html."""
    from strandline import jobs

    if quick and region is not None:
        raise typer.BadParameter(
            "--quick is a simulated coast of its own; leave the region file out", param_hint="--quick"
        )
    job = jobs.real(region, data, seed, false_dry) if region else jobs.simulated(seed, quick=quick, false_dry=false_dry)
    with _Stages() as announce:
        report = job.run(out, announce, resume)
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    _show_summary(summary, report)


@app.command()
def check(
    region: Annotated[Path, typer.Argument(help="Region file (TOML).")],
    data: DataFolder = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw what is there into this PNG.")] = None,
) -> None:
    """Say what is present, its span, gaps and age, and what each missing stream costs. Computes nothing."""
    from strandline.config import load_region_file
    from strandline.sources.inventory import take_inventory
    from strandline.sources.inventory_views import draw_inventory, inventory_table

    inventory = take_inventory(load_region_file(region, data))
    Console().print(inventory_table(inventory))
    if picture is not None:
        draw_inventory(inventory, picture)
        console.print(f"picture: {picture}")


@app.command()
def lint(
    plan: Annotated[Path, typer.Argument(help="Early action protocol (TOML), or the plan.json of a run.")],
) -> None:
    """Say what an early action protocol or a plan lacks or contradicts, where, and what would be right."""
    from strandline.errors import InputError
    from strandline.planning.plan_json import check_plan
    from strandline.planning.protocol import lint as find_faults

    faults = find_faults(plan)
    if not faults and plan.suffix == ".json":
        faults = check_plan(plan)
    for fault in faults:
        Console().print(str(fault), highlight=False, markup=False, soft_wrap=True)
    if faults:
        raise InputError(plan, f"is not fit for use ({len(faults)} faults)", "mend what is listed above")
    Console().print(f"{plan}: fit for use", highlight=False, markup=False, soft_wrap=True)


@app.command()
def schema() -> None:
    """Print the JSON Schema of plan.json: every field with its type, unit and datum."""
    from strandline.planning.plan_json import plan_schema

    typer.echo(json.dumps(plan_schema(), indent=2))


@app.command()
def watch(
    region: RegionPath = None,
    run: Annotated[Path, typer.Option(help="Folder of this place's finished `strandline run`.")] = Path("runs/demo"),
    data: DataFolder = None,
    store: Annotated[
        str | None, typer.Option(help="Database: a path, or postgresql+pg8000://… [default: watch.db in --run]")
    ] = None,
    replay: Annotated[
        str | None, typer.Option(help="Hours of the record to live through again: FROM/TO, as 2022-11-20/2022-11-24.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(help="Of a replay, times real time [default: as fast as it goes].", min=0.001)
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="One step, then stop.")] = False,
) -> None:
    """Keep the risk picture coherent, hour by hour: hear the streams, move the belief, propose what to do."""
    from strandline.watch import job

    with _Stages() as announce:
        watching, hours = job.prepare(region, data, run, store, replay, speed, announce, once=once)
    console.print(f"watching; store: {store or run / 'watch.db'}; a person confirms what leaves this machine")
    for hour in hours:
        for line in job.tell(hour, watching.step(hour)):
            Console().print(line, highlight=False, markup=False, soft_wrap=True)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="Folder for the programs.")],
    run: Annotated[Path, typer.Option(help="Folder of a finished `strandline run`.")] = Path("runs/demo"),
    torch_only: Annotated[
        bool, typer.Option("--torch-only", help="No ONNX, which needs the extra strandline[onnx].")
    ] = False,
) -> None:
    """Write a place's students as programs for other machines: torch.export, ONNX, ONNX in eight bits."""
    from strandline.export import export_forecaster
    from strandline.uncertainty.forecaster import load_forecaster

    export_forecaster(load_forecaster(run), out, onnx=not torch_only)
    console.print(f"programs: {out}")


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the coast.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same coast.")] = 7,
    cells: Annotated[int, typer.Option(help="Edge of the grid; a multiple of 8.")] = 64,
    storms: Annotated[int, typer.Option(help="How many storms are flooded.")] = 40,
    years: Annotated[float, typer.Option(help="Length of the gauge's record.")] = 12.0,
) -> None:
    """Draw a coast that never was: terrain, sea, floods, instruments – and the truth beside them."""
    from strandline.simulator.coast import simulate_coast
    from strandline.simulator.files import save_coast

    with _Stages() as announce:
        coast = simulate_coast(
            f"simulated coast {seed}",
            seed,
            shape=(cells, cells),
            years=years,
            n_storms=storms,
            inhabited=True,
            progress=announce("flood the coast"),
        )
    save_coast(coast, out)
    console.print(f"coast: {out}")


@app.command()
def teach(
    out: Annotated[Path, typer.Option(help="Folder for teacher.safetensors, student.safetensors and student.json.")],
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    coasts: Annotated[int | None, typer.Option(help="Simulated coasts [default: the shipped recipe's].")] = None,
    processes: Annotated[int, typer.Option(help="Coasts simulated at a time.")] = os.cpu_count() or 1,
    seed: Annotated[int, typer.Option(help="Of every draw.")] = 0,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the shipped networks, and teach their surge decoders anew.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted job in --out.")] = False,
) -> None:
    """Pre-train teacher and students on simulated coasts, as the shipped ones were."""
    from strandline import jobs

    with _Stages() as announce:
        jobs.teach(out, device, coasts, processes, seed, announce, keep=keep, resume=resume)
    console.print(f"networks: {out}")


def main() -> None:
    """Run the command line; refusals become one line and exit code 2."""
    logging.basicConfig(level=os.environ.get("STRANDLINE_LOG", "WARNING"), format="%(name)s: %(message)s")
    try:
        app()
    except StrandlineError as error:
        console.print(f"[bold red]strandline:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(2)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            console.print("interrupted; `strandline run --resume` with the same arguments goes on from here")
        raise


class _Stages:
    """A line a stage; announcing the next one closes the last."""

    def __init__(self) -> None:
        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
        )
        self.display = Progress(*columns, console=console)

    def __enter__(self) -> Self:
        self.display.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._close_last()
        self.display.stop()

    def __call__(self, name: str) -> Callable[[float], None]:
        self._close_last()
        task = self.display.add_task(name, total=1.0)
        return lambda done: self.display.update(task, completed=done)

    def _close_last(self) -> None:
        if self.display.tasks:
            self.display.update(self.display.tasks[-1].id, completed=1)


def _show_summary(summary: dict[str, Any], report: Path) -> None:
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
    console.print(table)
    known = summary["familiarity"]
    if known is not None and known["warning"] is not None:
        console.print(f"[bold yellow]warning:[/] {escape(known['warning'])}", highlight=False)
    Console().print(f"report: {report}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
