"""Feature alignment by kernels, quantum kernels among them: scores, concentration, and time.

``python -m benchmarks.kernels --chips CHIPS.zip --chips-blocks BLOCKS.json --cache CACHE --out kernels.json``

The networks of chips are those of `benchmarks.floods`, found in ``--work``; where it has not run there, they are
trained first, for hours. ``--effort 0.01`` is a quick try; ``--parts time concentration delta`` needs no chips.
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.delta.methods import weights_of
from benchmarks.kernels.pictures import draw_concentration, draw_gains
from benchmarks.kernels.run import PARTS
from benchmarks.kernels.summary import markdown, summarise, tests_of
from benchmarks.progress import Progress
from benchmarks.record import Provenance, Record, Row, print_summary, sha256, write_record
from strandline.models.weights.load_weights import load_students, load_teacher


def main(argv: Sequence[str] | None = None) -> None:
    """Run the chosen parts, summarise, and write the record and the figures."""
    options = _parser().parse_args(argv)
    torch.set_num_threads(1)
    data = {"networks": hashlib.sha256(weights_of([load_teacher(), load_students()[0]])).hexdigest()}
    if "floods" in options.parts:
        if options.chips is None or options.chips_blocks is None:
            raise SystemExit("the part floods needs --chips and --chips-blocks")
        data |= {"chips": sha256(options.chips), "chips_blocks": sha256(options.chips_blocks)}
    rows: list[Row] = []
    with Progress() as bar:
        task = bar.add_task("", total=None)
        for name in options.parts:
            rows += PARTS[name](options, data, lambda what: bar.update(task, description=what, advance=1))
    provenance: Provenance = "real" if "floods" in options.parts else "simulated"
    record = Record("kernels", provenance, data, list(range(options.seeds)), rows, summarise(rows))
    write_record(record, options.out, markdown(record))
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
        if tests_of(rows):
            draw_gains(rows, options.pictures / "kernels.png")
        if "concentration" in options.parts:
            draw_concentration(rows, options.pictures / "kernel-concentration.png")
    print_summary(record)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernels", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--coasts", type=int, default=4)
    parser.add_argument(
        "--tuning-coasts", "--recipe-coasts", type=int, default=2, help="other coasts, to choose weights on"
    )
    parser.add_argument("--seeds", type=int, default=2, help="draws of splits and labels")
    parser.add_argument("--events", type=int, default=40, help="storms per coast, the highest of its record")
    parser.add_argument("--years", type=float, default=40.0, help="length of the record")
    parser.add_argument("--size", type=int, default=64, help="cells along the edge of a coast")
    parser.add_argument("--steps", type=int, default=30, help="of distillation on a coast")
    parser.add_argument("--chips", type=Path, help="zip file or folder of flood chips, as for benchmarks.floods")
    parser.add_argument("--chips-blocks", type=Path, help="JSON of [first, last, count] per event")
    parser.add_argument(
        "--tuning-events", "--recipe-events", type=int, default=2, help="smallest tested events, to choose weights on"
    )
    parser.add_argument("--effort", type=float, default=1.0, help="factor on all steps on chips, for a quick try")
    parser.add_argument("--chip-seeds", type=int, default=1, help="draws of labels, clouds and points on chips")
    parser.add_argument("--cache", type=Path, default=None, help="folder for simulated coasts")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/floods"), help="folder for finished rows, and for networks of chips, "
        "as for benchmarks.floods",
    )  # fmt: skip
    parser.add_argument("--pictures", type=Path, default=None, help="folder for the two figures")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
