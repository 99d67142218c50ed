"""The section “How it was learnt”: every part, its weight and loss, what was rejected, and what each is worth."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.ablation import LABELS as LABEL_FRACTION
from benchmarks.ablation import OUT, RESULT, ablation_of, ablation_rows, rows_of_report
from benchmarks.record import Row
from strandline.distillation.adaptation.recipe import ALIGNMENTS, AMORTISED, ARTICLE, PARTS, Recipe
from strandline.observations.region_file.prices.money import SPACE
from strandline.report.page import how_learnt as page
from strandline.report.page.how_learnt import LABELS, learnt_sentences, part_rows, read_ablation
from strandline.report.page.page import render_page
from strandline.report.products import summarise
from tests.fixtures.reports import how_learnt, results


@pytest.mark.parametrize("recipe", [AMORTISED, ARTICLE, ARTICLE.without("ewc")], ids=lambda recipe: recipe.name)
def test_every_part_has_a_row_those_of_the_run_first_with_weight_and_loss(recipe: Recipe) -> None:
    rows = {row.label: row for row in part_rows(how_learnt(recipe))}
    assert list(rows)[: len(recipe.parts)] == [LABELS[part] for part in recipe.parts]
    assert set(rows) == set(LABELS.values())
    assert set(LABELS) == set(PARTS)
    for part, label in LABELS.items():
        assert (rows[label].weight == "–") == (part not in recipe.parts), part
    assert rows[LABELS["soft_targets"]].loss == "0.0300"
    assert rows[LABELS["soft_targets"]].weight == f"{recipe.soft:g} × 0.97, the teacher's weight"


def test_every_alignment_has_a_name_for_the_reader() -> None:
    assert set(page.ALIGNMENTS) == set(ALIGNMENTS)


def test_a_rejected_archive_is_named_with_its_weight() -> None:
    learnt = replace(how_learnt(), archive_rejected=True)
    assert "rejected: by the local labels it misleads (weight 0.94)" in " ".join(learnt_sentences(learnt))
    assert part_rows(learnt)[0].weight == "rejected"


def test_the_report_and_the_summary_say_how_it_was_learnt() -> None:
    found = replace(results(), learnt=how_learnt(ARTICLE))
    html, summary = render_page(found), json.loads(json.dumps(summarise(found)))
    assert "How it was learnt" in html
    assert "λ = 300" in html
    assert f"8{SPACE}draws" in html
    assert summary["learning"]["parts"] == list(ARTICLE.parts)
    assert summary["learning"]["loss_terms"]["temporal"] == 0.01
    assert "How it was learnt" not in render_page(replace(found, learnt=None))


def test_what_the_page_says_a_part_is_worth_is_what_the_results_say() -> None:
    """`python -m benchmarks.ablation` writes it; nobody types it."""
    assert OUT.read_text(encoding="utf-8") == ablation_of(RESULT)
    ablation = read_ablation()
    assert ablation is not None
    assert ablation.methods[1].label == "Recipe “amortised”"


def test_a_part_is_worth_what_its_recipe_loses_without_it() -> None:
    scores = {"amortised": 0.6, "article": 0.5, "article_without_ewc": 0.45, "self_archive": 0.55, "unknown": 0.1}
    rows = [
        {"method": method, "coast": coast, "seed": seed, "iou": iou + 0.01 * coast}
        for method, iou in scores.items()
        for coast in (1, 2)
        for seed in (0, 1)
    ]
    found = {row["method"]: row for row in ablation_rows(rows)}
    assert list(found) == ["amortised", "article", "self_archive", "article_without_ewc"]
    assert found["article_without_ewc"]["part"] == "ewc"
    assert found["article_without_ewc"]["difference"] == pytest.approx(0.05)
    assert found["article"]["difference"] == pytest.approx(0.1)
    assert found["amortised"]["difference"] is None


def test_without_a_measurement_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ablation.json").write_text('{"rows": []}')
    monkeypatch.setattr(page, "files", lambda _: tmp_path)
    assert read_ablation() is None


def test_a_recipe_of_fewer_seeds_is_paired_with_the_same_seeds_and_what_no_label_changes_counts_without() -> None:
    def row(method: str, seed: int, iou: float, fraction: float = LABEL_FRACTION) -> Row:
        head: Row = {"test": "normal", "regime": "standard", "outage": "none", "label_fraction": fraction}
        return {**head, "method": method, "coast": 500, "seed": seed, "iou": iou}

    rows = [row("amortised", 0, 0.6), *(row("self_archive", seed, 0.5 + 0.1 * seed) for seed in range(3))]
    rows += [
        row("article", 0, 0.55),
        row("recipe_amortised", 0, 0.65),
        row("pretrained", 0, 0.4, 0.0),
        row("self_archive", 0, 0.1, 0.0),
    ]
    found = {each["method"]: each for each in ablation_rows(rows_of_report(rows))}
    assert found["self_archive"]["difference"] == pytest.approx(0.1)
    assert found["pretrained"]["iou"] == 0.4
    assert found["article"]["difference"] == pytest.approx(0.1)
