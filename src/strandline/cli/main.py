"""The commands that a user types."""

import json
import logging
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from strandline.cli.check import check
from strandline.cli.console import StageDisplay, note, print_json, print_result, refuse, summary_table, warn
from strandline.cli.fetch import fetch
from strandline.cli.forecast import forecast
from strandline.cli.map import map_floods
from strandline.cli.new import new
from strandline.cli.places import places
from strandline.cli.pretrain import pretrain
from strandline.cli.threads import limit_threads
from strandline.cli.verify import verify
from strandline.errors import InputError, StrandlineError, require_extra

app = typer.Typer(
    help="From almost no data to a coastal resilience plan.\n\n"
    "Start with `strandline run --out runs/demo`: a simulated delta, no file needed. For a real place, `strandline "
    "new` writes a region file, `strandline fetch` brings data, `strandline check` says what is missing, then "
    "`strandline run REGION.toml --out DIR`. "
    "`strandline doctor` checks this machine.\n\n"
    "Results go to standard output, with --json as JSON; progress and notes go to standard error.",
    epilog="Exit codes: 0 done; 2 an input cannot be used, or something needed is broken (the message states what "
    "would be right); 65 a store is damaged or was changed; 75 a service gives no answer, or another job uses the "
    "folder or store: try again later; 130 interrupted; 1 a fault of Strandline itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
LARGEST_SEED = 2**32 - 1
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
INTERRUPTED = 130
"""Exit code after Ctrl-C (128 + SIGINT)."""
RegionPath = Annotated[
    Path | None, typer.Argument(help="Region file (TOML). Without one: the built-in simulated delta.")
]
DataFolder = Annotated[
    Path | None, typer.Option("--data", help="Folder that the region file's paths start from.", show_default="its own")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON on standard output.")]


def _examples(*examples: tuple[str, str]) -> str:
    """Lines under a command's help: what to type, and what for."""
    return "\n\n".join(f"[bold cyan]{escape(typed)}[/]   {what_for}" for typed, what_for in examples)


@app.command(
    epilog=_examples(
        ("strandline run --quick --out runs/quick", "a health check, under 90 s"),
        ("strandline run examples/caorle.toml --data DATA --out runs/caorle", "a real place"),
        ("strandline run examples/caorle.toml --data DATA --out runs/caorle --resume", "after a Ctrl-C"),
        ("strandline run --evaluate --out runs/demo", "the built-in delta, with the baselines"),
        ("strandline run --recipe article --out runs/article", "by the article's recipe, about 10 min"),
        ("strandline run --recipe article --without ewc --alignment rbf", "without a part, with another kernel"),
        ("strandline run --out runs/demo --json | jq .surge.rmse", "one number of the summary"),
    )
)
def run(
    region: RegionPath = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the products.", show_default="runs/NAME of the region file, runs/quick or runs/demo"
        ),
    ] = None,
    data: DataFolder = None,
    quick: Annotated[bool, typer.Option("--quick", help="A tiny simulated coast, under 90 s: a health check.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run in --out.")] = False,
    seed: Annotated[int, typer.Option(help="Of every random stream.", min=0, max=LARGEST_SEED)] = 1,
    miss_rate: Annotated[
        float | None,
        typer.Option(
            help="Share of flooded cells that flood maps may miss, as 0.1.", min=0, max=1, show_default="best overlap"
        ),
    ] = None,
    evaluate: Annotated[
        bool,
        typer.Option(
            "--evaluate",
            help="Also train baselines without a teacher, to measure the gain of distillation. Doubles the run time.",
        ),
    ] = False,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="What the students learn by: amortised (they read the teacher's maps of past storms) or article "
            "(soft targets, alignments, EWC, MC dropout: every part of the article).",
            show_default="of the region file, or amortised",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", help="A part of the recipe to leave out, as ewc; may be repeated."),
    ] = None,
    alignment: Annotated[
        str | None,
        typer.Option(
            help="How features are aligned: cosine, linear_cka, rbf, quantum_angle, quantum_zz or quantum_projected.",
            show_default="cosine, if the recipe aligns any",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Observe, distil, forecast, assess, plan: from files (or a simulated delta) to report.html."""
    from strandline.pipeline import jobs

    if quick and region is not None:
        raise typer.BadParameter(
            "--quick is a simulated coast of its own; leave the region file out", param_hint="--quick"
        )
    if out is None:
        out = Path("runs") / (region.stem if region is not None else "quick" if quick else "demo")
    with StageDisplay() as announce:
        report = jobs.run(
            region, out, data=data, quick=quick, seed=seed, miss_rate=miss_rate, evaluate=evaluate, recipe=recipe,
            without=without or (), alignment=alignment, resume=resume, announce=announce,
        )  # fmt: skip
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    if (known := summary["out_of_distribution"]) is not None and known["warning"] is not None:
        warn(known["warning"])
    if as_json:
        print_json(summary)
    else:
        note(summary_table(summary))
        print_result(f"report: {report}")


app.command(
    epilog=_examples(
        ("strandline new --bbox 89.2 22.2 89.5 22.5 --out koyra.toml", "a box: west, south, east, north"),
        ('strandline new --near "22.34, 89.30" --size 30 --out koyra.toml', "30 km around a place"),
        ("strandline new --bbox 12.6 45.4 12.8 45.6 --terrain dem.tif --out place.toml", "with your own terrain"),
    )
)(new)


app.command(
    epilog=_examples(
        ("strandline check examples/caorle.toml --data DATA", "the table and the verdict"),
        ("strandline check examples/caorle.toml --data DATA --picture there.png", "and a picture"),
    )
)(check)


@app.command(
    epilog=_examples(
        ("strandline costs bangladesh", "the table as Markdown"),
        ("strandline costs --region REGION.toml", "with the region file's own numbers"),
        ("strandline costs --all > docs/reference/costs.md", "the page of the documentation"),
    )
)
def costs(
    preset: Annotated[str | None, typer.Argument(help="A preset: bangladesh, italy, netherlands or vietnam.")] = None,
    region: Annotated[Path | None, typer.Option(help="Region file whose [planning] is shown.")] = None,
    data: DataFolder = None,
    every: Annotated[bool, typer.Option("--all", help="The page with every preset.")] = False,
) -> None:
    """Show what a plan counts with: costs, rates, prices and greatest damage, each with its source, as Markdown."""
    from strandline.observations.region_file import load_region_file
    from strandline.observations.region_file.planning_section import PlanningSection
    from strandline.report.plan.cost_tables import cost_page, cost_tables, section_of_preset

    if sum((preset is not None, region is not None, every)) > 1:
        raise typer.BadParameter("name a preset, --region or --all, one of them")
    if every:
        print_result(cost_page().rstrip("\n"))
    elif region is not None:
        section = load_region_file(region, data).planning or PlanningSection()
        print_result("\n".join(cost_tables(section)))
    else:
        print_result("\n".join(cost_tables(PlanningSection() if preset is None else section_of_preset(preset))))


@app.command(
    epilog=_examples(
        ("strandline lint my-protocol.toml", "before anybody relies on it"),
        ("strandline lint runs/demo/plan.json --json", "a plan, for other programs"),
    )
)
def lint(
    plan: Annotated[Path, typer.Argument(help="Early action protocol (TOML), or the plan.json of a run.")],
    as_json: AsJson = False,
) -> None:
    """Check an early action protocol or a plan: what it lacks or contradicts, where, and what would be right."""
    from strandline.planning.early_action.protocol_file import lint as find_faults
    from strandline.planning.plan_schema import check_plan

    faults = find_faults(plan)
    if not faults and plan.suffix == ".json":
        faults = check_plan(plan)
    if as_json:
        listed = [{"where": one.where, "what": one.what, "remedy": one.remedy} for one in faults]
        print_json({"file": str(plan), "is_fit_for_use": not faults, "faults": listed})
    else:
        for fault in faults:
            print_result(str(fault))
    if faults:
        raise InputError(plan, f"is not fit for use ({len(faults)} faults)", "mend what is listed above")
    if not as_json:
        print_result(f"{plan}: fit for use")


@app.command(epilog=_examples(("strandline schema > plan.schema.json", "to a file")))
def schema() -> None:
    """Print the JSON Schema of plan.json: every field with its type, unit and datum."""
    from strandline.planning.plan_schema import plan_schema

    typer.echo(json.dumps(plan_schema(), indent=2))


@app.command(
    epilog=_examples(
        ("strandline watch examples/caorle.toml --data DATA --run runs/caorle", "live, until Ctrl-C"),
        ("strandline watch --run runs/demo --replay 2026-07-13/2026-07-17", "five days of the built-in delta again"),
        ("strandline watch examples/caorle.toml --run runs/caorle --once --json", "one hour, from a timer"),
    )
)
def watch(
    region: RegionPath = None,
    run: Annotated[Path, typer.Option(help="Folder of this place's finished `strandline run`.")] = Path("runs/demo"),
    data: DataFolder = None,
    store: Annotated[
        str | None, typer.Option(help="Database: a path, or postgresql+pg8000://…", show_default="watch.db in --run")
    ] = None,
    replay: Annotated[
        str | None, typer.Option(help="Hours of the record to replay: FROM/TO, as 2022-11-20/2022-11-24.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(help="Of a replay, times real time.", min=0.001, show_default="as fast as it goes")
    ] = None,
    protocol: Annotated[
        Path | None, typer.Option(help="Protocol (TOML) to follow.", show_default="the run's own")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="One step, then stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON an hour, with every decision.")] = False,
) -> None:
    """Update the belief about the sea every hour from all streams, and propose what to do."""
    require_extra("watch", "watch", "sqlalchemy", "alembic", "httpx", "tenacity", "pybreaker", "pystac_client")
    from strandline.watch import run as job

    with StageDisplay() as announce:
        watching, hours = job.prepare(region, data, run, store, replay, speed, announce, once=once, protocol=protocol)
    note(f"watching; store: {store or run / 'watch.db'}; a person confirms every alert before it is sent")
    if (newest := watching.store.read.newest_entry()) is not None:
        note(f"the store is whole; its log ends at {newest.sequence}:{newest.hash} (`strandline verify --known`)")
    for hour in hours:
        decisions = watching.step(hour)
        if as_json:
            print_json(job.hour_to_json(hour, decisions), indent=None)
        else:
            for line in job.screen_lines(hour, decisions):
                print_result(line)


app.command(
    epilog=_examples(
        (
            "strandline forecast examples/caorle.toml --data DATA --run runs/caorle",
            "now, by the record and its streams",
        ),
        ("strandline forecast examples/caorle.toml --data DATA --run runs/caorle --at 2022-11-21T06:00", "as of then"),
        ("strandline forecast --run runs/demo --json", "the built-in delta, for other programs"),
    )
)(forecast)


app.command(
    "map",
    epilog=_examples(
        ("strandline map --radar-after flood.tif --out maps/now", "one image and nothing else: where water is"),
        ("strandline map --radar-after a.tif --radar-before b.tif --terrain dem.tif --out maps/now", "flood and depth"),
        ("strandline map place.toml --at 2022-11-22T08:30 --run runs/place --out maps/now", "all that a place has"),
        ("strandline map wide.toml --data DATA --run runs/caorle --out maps/wide", "return levels of a large region"),
    ),
)(map_floods)


@app.command(epilog=_examples(("strandline export --run runs/demo --out programs", "the demo's students")))
def export(
    out: Annotated[Path, typer.Option(help="Folder for the programs.")],
    run: Annotated[Path, typer.Option(help="Folder of a finished `strandline run`.")] = Path("runs/demo"),
    torch_only: Annotated[
        bool, typer.Option("--torch-only", help="No ONNX, which needs the extra strandline[onnx].")
    ] = False,
) -> None:
    """Write a run's students as programs for other machines: torch.export, ONNX, ONNX in eight bits.

    A run of the recipe “article” holds eight draws of the weights, whose programs take some minutes.
    """
    if not torch_only:
        require_extra("export", "onnx", "onnx", "onnxruntime", "onnxscript")
    from strandline.pipeline.export import export_forecaster
    from strandline.pipeline.run_folder.generations import open_run
    from strandline.uncertainty.forecaster import load_forecaster

    open_run(run)
    export_forecaster(load_forecaster(run), out, onnx=not torch_only)
    note(f"programs: {out}")


@app.command(
    epilog=_examples(
        ("strandline serve --run runs/caorle", "that run, and its watch if there is one"),
        ("strandline serve --run runs/before --run runs/after", "two runs of one place, to compare"),
    )
)
def serve(
    run: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of a finished `strandline run`; give several to compare.", show_default="runs/demo"),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(help="Database of the watch over the first run's place.", show_default="watch.db in --run"),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to bind to; with another one, other machines can reach the server.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 = any free port.")] = 8000,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Another host name by which browsers may reach this server.")
    ] = None,
) -> None:
    """Show runs and the watch in a browser: map, sea, streams, actions to confirm, and an API."""
    require_extra("serve", "serve", "fastapi", "uvicorn", "plotly", "rio_tiler", "sse_starlette", "PIL", "sqlalchemy")
    import strandline.web.server as server

    serving = server.prepare(run or [Path("runs/demo")], store, host, allow_host or [])
    with server.listening(host, port) as (address, listener):
        note(f"dashboard: {address}   (Ctrl-C stops it)")
        if serving.token is not None and serving.token.is_new:
            note(f"to confirm, enter this token: {serving.token.value}")
        with suppress(KeyboardInterrupt):
            server.serve(serving, listener)


@app.command(
    epilog=_examples(("strandline simulate --out coast --seed 7 --cells 32 --years 3 --storms 8", "a small one"))
)
def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the coast.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same coast.", min=0, max=LARGEST_SEED)] = 7,
    cells: Annotated[int, typer.Option(help="Edge of the grid; a multiple of 8.", min=8, max=4096)] = 64,
    storms: Annotated[int, typer.Option(help="How many storms are flooded.", min=1)] = 40,
    years: Annotated[float, typer.Option(help="Length of the gauge's record.", min=0.1, max=1000)] = 12.0,
) -> None:
    """Simulate a coast that does not exist: terrain, sea, floods, instruments, and the truth beside them."""
    from strandline.simulator.coast import simulate_coast
    from strandline.simulator.coast_files import save_coast

    with StageDisplay() as announce:
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
    note(f"coast: {out}")


app.command(
    epilog=_examples(
        ("strandline pretrain --out networks --coasts 8 --processes 2", "a trial on few coasts"),
        (
            "strandline pretrain --scenes simulated --scenes CHIPS.zip --blocks BLOCKS.json --out networks",
            "real scenes",
        ),
    )
)(pretrain)


@app.command(epilog=_examples(("strandline doctor --out runs", "before the first run")))
def doctor(
    out: Annotated[Path, typer.Option(help="Folder that runs are to be written to.")] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Check whether this machine can run Strandline, and what each missing extra would add."""
    from strandline.cli.doctor import examine, findings_table

    findings = list(examine(out))
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        print_result(findings_table(findings))
    broken = [one.name for one in findings if one.state == "broken"]
    if broken:
        raise InputError("doctor", f"{', '.join(broken)} must work", "mend what is called broken above")


app.command(
    epilog=_examples(
        ("strandline fetch koyra.toml", "shows what would come, and asks"),
        ("strandline fetch koyra.toml --only terrain --only gauge --yes", "two kinds of data, unasked"),
        ("strandline fetch koyra.toml --since 2024-01-01 --max-cloud 10 --budget-mb 500", "within limits"),
        ("strandline fetch --list", "the sources, with licence and needs"),
    )
)(fetch)
app.command(
    epilog=_examples(
        ("strandline places Koyra", "asks Nominatim of OpenStreetMap, once"),
        ("strandline places Koyra --table BD.zip", "looks into a file of GeoNames"),
    )
)(places)
app.command(
    epilog=_examples(
        ("strandline verify runs/caorle", "the store of that run's watch"),
        ("strandline verify runs/caorle --store postgresql+pg8000://watch@host/strandline", "one on a server"),
        ("strandline verify runs/caorle --set-aside", "if it is damaged: go on with a new one"),
    )
)(verify)


def main() -> None:
    """Run the command line; a refusal becomes one line and the exit code of its class."""
    limit_threads()
    level = os.environ.get("STRANDLINE_LOG", "WARNING").upper()
    logging.basicConfig(level=level if level in LOG_LEVELS else "WARNING", format="%(name)s: %(message)s")
    if level not in LOG_LEVELS:
        warn(f"STRANDLINE_LOG={level!r} is no level; WARNING is used, choose one of {', '.join(LOG_LEVELS)}")
    try:
        app()
    except StrandlineError as error:
        refuse(str(error))
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            note(
                "interrupted; continue `run`, `map` or `pretrain` with --resume and the same arguments; `fetch` goes on"
                " where it ended"
            )
        raise


if __name__ == "__main__":
    main()
