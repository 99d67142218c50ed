"""``python -m benchmarks.ablation``: what the report says each part of a recipe is worth, from a finished result.

It reads the rows of `benchmarks.delta` and measures nothing.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.record import Row, Rows, Value, read_record
from benchmarks.statistics import (
    Interval,
    mean_over_groups,
    paired_bootstrap,
    paired_differences,
    rows_by,
    scores_by,
)
from strandline.distillation.adaptation.recipe import AMORTISED, ARTICLE, PARTS
from strandline.files import write_text
from strandline.report.page.how_learnt import ABLATION_FILE, METHODS

RESULT = Path(__file__).parent / "results" / "delta.json"
OUT = Path(__file__).parents[1] / "src" / "strandline" / "report" / "page" / "data" / ABLATION_FILE
TEST, REGIME, LABELS = "normal", "standard", 0.05
"""The rows that the report shows: ordinary storms, good radar, a twentieth of the cells labelled."""
DRAWS = 4000
NAMES = {"amortised": ("amortised", "distilled"), "amortised_without_archive": ("distilled_no_archive_and_waterlines",)}
"""Name in the report → names in the rows, the first that is there; other methods have one name."""
PEER = "recipe_amortised"
"""The default with as many students as the article's recipe."""
Scores = Mapping[Value, list[float]]


def main(argv: Sequence[str] | None = None) -> None:
    """Write the file that the report reads."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    parser.add_argument("--result", type=Path, default=RESULT, help="JSON that `benchmarks.delta` wrote")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(argv)
    write_text(options.out, ablation_of(options.result))
    print(options.out)


def ablation_of(result: Path) -> str:
    """The content of the file: IoU of each method and recipe, and the difference to the recipe it belongs to."""
    record = read_record(result)
    rows = rows_of_report(record.rows)
    content = {
        "command": "python -m benchmarks.ablation",
        "benchmark": "delta",
        "provenance": record.provenance,
        "commit": record.origin.commit,
        "test": TEST,
        "label_fraction": LABELS,
        "coasts": len({row["coast"] for row in rows}),
        "seeds": len(record.seeds),
        "rows": ablation_rows(rows),
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def rows_of_report(rows: Rows) -> Rows:
    """Rows at the label fraction of the report; of a method that no label changes, which has none there, at 0."""
    of_test = [row for row in rows if (row["test"], row["regime"], row["outage"]) == (TEST, REGIME, "none")]
    labelled = {row["method"] for row in of_test if row["label_fraction"] == LABELS}
    return [row for row in of_test if row["label_fraction"] == (LABELS if row["method"] in labelled else 0.0)]


def ablation_rows(rows: Rows) -> list[Row]:
    """A row for each method of the report, against “amortised”, and one for each part, against its recipe."""
    scores = _scores_by_method(rows)
    found: list[Row] = []
    for method in METHODS:
        if method in scores:
            default = PEER if method == ARTICLE.name and PEER in scores else AMORTISED.name
            found.append(_row(method, None, None, scores[method], scores.get(default)))
    for recipe in (AMORTISED, ARTICLE):
        for part in PARTS:
            method = f"{recipe.name}_without_{part}"
            if method in scores and recipe.name in scores:
                found.append(_row(method, recipe.name, part, scores[method], scores[recipe.name]))
    return found


def _row(method: str, recipe: str | None, part: str | None, scores: Scores, whole: Scores | None) -> Row:
    gain = None if whole is None or whole is scores else _difference(whole, scores)
    row: Row = {"method": method, "recipe": recipe, "part": part, "iou": mean_over_groups(scores)}
    names = ("difference", "low", "high")
    return row | dict(zip(names, (None, None, None) if gain is None else gain, strict=True))


def _scores_by_method(rows: Rows) -> dict[str, Scores]:
    by_method = {str(name): scores_by(of, "coast", "iou") for (name,), of in rows_by(rows, "method").items()}
    finite: dict[str, Scores] = {
        name: of for name, of in by_method.items() if all(v == v for scores in of.values() for v in scores)
    }
    for name, others in NAMES.items():
        first = next((other for other in others if other in finite), None)
        if first is not None:
            finite[name] = finite[first]
    return finite


def _difference(ours: Scores, theirs: Scores) -> Interval:
    """What ours has more, over the coasts and the first seeds that both have."""
    seeds = {coast: min(len(scores), len(theirs.get(coast, ()))) for coast, scores in ours.items()}
    one, other = ({coast: of[coast][:count] for coast, count in seeds.items() if count} for of in (ours, theirs))
    return paired_bootstrap(paired_differences(one, other), DRAWS, seed=0)


if __name__ == "__main__":
    main()
