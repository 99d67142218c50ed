"""The commands that a user types, in the order of the help, and the program around them."""

import logging
import os
import sys
from collections.abc import Callable

import typer
from rich.markup import escape

from strandline.cli.console import note, refuse, warn
from strandline.cli.doctor import doctor
from strandline.cli.operation.dispatch import dispatch
from strandline.cli.operation.forecast import forecast
from strandline.cli.operation.map import map_floods
from strandline.cli.operation.serve import serve
from strandline.cli.operation.users import users
from strandline.cli.operation.verify import verify
from strandline.cli.operation.watch import watch
from strandline.cli.place.check import check
from strandline.cli.place.fetch import fetch
from strandline.cli.place.new import new
from strandline.cli.place.places import places
from strandline.cli.plans import costs, lint, schema
from strandline.cli.pretrain import pretrain
from strandline.cli.products.documents import documents
from strandline.cli.products.export import export
from strandline.cli.run import run
from strandline.cli.simulate import simulate
from strandline.cli.threads import limit_threads
from strandline.errors import StrandlineError

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
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
INTERRUPTED = 130
"""Exit code after Ctrl-C (128 + SIGINT)."""


def _add(command: Callable[..., None], *examples: tuple[str, str], name: str | None = None) -> None:
    """Offer a command, by the name of its function unless another is given.

    Args:
        examples: lines under its help: what to type, and what for.
    """
    lines = [f"[bold cyan]{escape(typed)}[/]   {what_for}" for typed, what_for in examples]
    app.command(name, epilog="\n\n".join(lines))(command)


_add(
    run,
    ("strandline run --quick --out runs/quick", "a health check, under 90 s"),
    ("strandline run examples/caorle.toml --data DATA --out runs/caorle", "a real place"),
    ("strandline run examples/caorle.toml --data DATA --out runs/caorle --resume", "after a Ctrl-C"),
    ("strandline run --evaluate --out runs/demo", "the built-in delta, with the baselines"),
    ("strandline run --recipe article --out runs/article", "by the article's recipe, about 10 min"),
    ("strandline run --recipe article --without ewc --alignment rbf", "without a part, with another kernel"),
    ("strandline run --out runs/demo --json | jq .surge.rmse", "one number of the summary"),
)
_add(
    new,
    ("strandline new --bbox 89.2 22.2 89.5 22.5 --out koyra.toml", "a box: west, south, east, north"),
    ('strandline new --near "22.34, 89.30" --size 30 --out koyra.toml', "30 km around a place"),
    ("strandline new --bbox 12.6 45.4 12.8 45.6 --terrain dem.tif --out place.toml", "with your own terrain"),
)
_add(
    check,
    ("strandline check examples/caorle.toml --data DATA", "the table and the verdict"),
    ("strandline check examples/caorle.toml --data DATA --picture there.png", "and a picture"),
)
_add(
    costs,
    ("strandline costs bangladesh", "the table as Markdown"),
    ("strandline costs --region REGION.toml", "with the region file's own numbers"),
    ("strandline costs --all > docs/reference/costs.md", "the page of the documentation"),
)
_add(
    lint,
    ("strandline lint my-protocol.toml", "before anybody relies on it"),
    ("strandline lint runs/demo/plan.json --json", "a plan, for other programs"),
)
_add(schema, ("strandline schema > plan.schema.json", "to a file"))
_add(
    watch,
    ("strandline watch examples/caorle.toml --data DATA --run runs/caorle", "live, until Ctrl-C"),
    ("strandline watch --run runs/demo --replay 2026-07-13/2026-07-17", "five days of the built-in delta again"),
    ("strandline watch examples/caorle.toml --run runs/caorle --once --json", "one hour, from a timer"),
)
_add(
    forecast,
    ("strandline forecast examples/caorle.toml --data DATA --run runs/caorle", "now, by the record and its streams"),
    ("strandline forecast examples/caorle.toml --data DATA --run runs/caorle --at 2022-11-21T06:00", "as of then"),
    ("strandline forecast --run runs/demo --json", "the built-in delta, for other programs"),
)
_add(
    map_floods,
    ("strandline map --radar-after flood.tif --out maps/now", "one image and nothing else: where water is"),
    ("strandline map --radar-after a.tif --radar-before b.tif --terrain dem.tif --out maps/now", "flood and depth"),
    ("strandline map place.toml --at 2022-11-22T08:30 --run runs/place --out maps/now", "all that a place has"),
    ("strandline map wide.toml --data DATA --run runs/caorle --out maps/wide", "return levels of a large region"),
    ("strandline map boxes/*.toml --run runs/caorle --out maps/boxes --resume", "of many, those not finished yet"),
    name="map",
)
_add(
    documents,
    ("strandline documents --run runs/demo --out print", "in English, and the languages of the region file"),
    ("strandline documents --run runs/caorle --out print --language vi --language bn", "in these"),
)
_add(
    export,
    ("strandline export --run runs/demo --gis", "the demo's maps for QGIS and other GIS"),
    ("strandline export --run runs/demo --out programs", "the demo's students"),
)
_add(
    serve,
    ("strandline serve --run runs/caorle", "that run, and its watch if there is one"),
    ("strandline serve --places places", "a first run from the browser: choose a place, fetch, check, run"),
    ("strandline serve --run runs/before --run runs/after", "two runs of one place, to compare"),
)
_add(
    users,
    ("strandline users add ada --name 'Ada Vento' --role duty_officer --run runs/caorle", "asks for the password"),
    ("strandline users list --run runs/caorle", "who may do what"),
    ("strandline users release --persons 1 --because 'one officer; council, 3 May'", "where there is one officer"),
)
_add(
    dispatch,
    ("strandline dispatch recipients.toml --run runs/caorle", "send what two officers release, until Ctrl-C"),
    ("strandline dispatch recipients.toml --run runs/caorle --once", "once, from a timer"),
    ("strandline dispatch --run runs/caorle", "what was sent, and who has acknowledged it"),
)
_add(simulate, ("strandline simulate --out coast --seed 7 --cells 32 --years 3 --storms 8", "a small one"))
_add(
    pretrain,
    ("strandline pretrain --out networks --coasts 8 --processes 2", "a trial on few coasts"),
    ("strandline pretrain --scenes simulated --scenes CHIPS.zip --blocks BLOCKS.json --out networks", "real scenes"),
)
_add(doctor, ("strandline doctor --out runs", "before the first run"))
_add(
    fetch,
    ("strandline fetch koyra.toml", "shows what would come, and asks"),
    ("strandline fetch koyra.toml --only terrain --only gauge --yes", "two kinds of data, unasked"),
    ("strandline fetch koyra.toml --since 2024-01-01 --max-cloud 10 --budget-mb 500", "within limits"),
    ("strandline fetch --list", "the sources, with licence and needs"),
)
_add(
    places,
    ("strandline places Koyra", "asks Nominatim of OpenStreetMap, once"),
    ("strandline places Koyra --table BD.zip", "looks into a file of GeoNames"),
)
_add(
    verify,
    ("strandline verify runs/caorle", "the store of that run's watch"),
    ("strandline verify runs/caorle --store postgresql+pg8000://watch@host/strandline", "one on a server"),
    ("strandline verify runs/caorle --set-aside", "if it is damaged: go on with a new one"),
)


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
