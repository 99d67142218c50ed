"""The section “How it was learnt”: every part, its weight and loss, what was rejected, and what each is worth."""

import json
import re
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from benchmarks.ablation import LABELS as LABEL_FRACTION
from benchmarks.ablation import OUT, RESULT, ablation_of, ablation_rows, rows_of_report
from benchmarks.record import Row
from strandline.distillation.adaptation.recipe import ALIGNMENTS, AMORTISED, ARTICLE, PARTS, Recipe
from strandline.distillation.adaptation.teacher_weight import TeacherWeight
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
        assert (rows[label].weight == "off") == (part not in recipe.parts), part
    soft = rows[LABELS["soft_targets"]]
    if recipe.all_weights:
        assert (soft.weight, soft.loss) == (f"{recipe.soft:g} × 0.97 (weight of the teacher)", "0.02")
    else:
        assert (soft.weight, soft.loss) == ("nothing was trained here", "–")


def test_every_alignment_has_a_name_for_the_reader() -> None:
    assert set(page.ALIGNMENTS) == set(ALIGNMENTS)


def test_a_rejected_archive_is_named_with_its_weight() -> None:
    learnt = replace(how_learnt(), archive_rejected=True)
    assert "were rejected: by the labels they mislead (weight 0.94)" in " ".join(learnt_sentences(learnt))
    assert part_rows(learnt)[0].weight == "rejected"


@pytest.mark.usefixtures("without_pictures")
def test_the_report_and_the_summary_say_how_it_was_learnt() -> None:
    found = replace(results(), learnt=how_learnt(ARTICLE))
    html, summary = render_page(found), json.loads(json.dumps(summarise(found)))
    assert "How it was learnt" in html
    assert "λ = 300" in html
    assert f"8{SPACE}variants" in html
    assert "These figures are not of this site." in html
    assert summary["learning"]["parts"] == list(ARTICLE.parts)
    assert summary["learning"]["loss_terms"]["temporal"] == 0.01
    assert "How it was learnt" not in render_page(replace(found, learnt=None))


def test_what_the_page_says_a_part_is_worth_is_what_the_results_say() -> None:
    """`python -m benchmarks.ablation` writes it; nobody types it."""
    assert OUT.read_text(encoding="utf-8") == ablation_of(RESULT)
    ablation = read_ablation(AMORTISED)
    assert ablation is not None
    assert ablation.methods[1].label == "Recipe “amortised”"


def test_no_name_of_the_code_and_no_third_decimal_stands_in_the_section() -> None:
    """A mayor reads it: no identifier, no formula's precision that nobody has."""
    learnt = replace(how_learnt(ARTICLE.without("ewc", "mc_dropout")), terms={"temporal": 0.012345, "feature": 1e-5})
    rows, ablation = part_rows(learnt), read_ablation(learnt.recipe)
    assert ablation is not None
    tables = [*ablation.methods, *ablation.parts]
    cells = [text for row in [*rows, *tables] for text in astuple(row)]
    text = " ".join([*learnt_sentences(learnt), *cells, *ablation.introduction, ablation.source])
    assert "_" not in text
    assert not any(re.search(r"\d\.\d{3}", each) for row in tables for each in astuple(row))
    assert {row.label: row.loss for row in rows}[LABELS["temporal_attention"]] == "0.012"


def test_what_was_left_out_is_said_in_words() -> None:
    (first, *_) = learnt_sentences(how_learnt(ARTICLE.without("ewc", "mc_dropout")))
    assert "“article”, without elastic weight consolidation and Monte-Carlo dropout: the students imitate" in first


@pytest.mark.parametrize(
    ("teacher", "said"),
    [
        (TeacherWeight(0.9, 0.9), "No label of this site shows how good the teacher is: what it teaches counts with"),
        (TeacherWeight(0.02, 0.9, (0.1,) * 9, 0.31, 0.12), "is probably worse here than a student without one: on 9"),
        (
            TeacherWeight(0.5, 0.9, (0.1,), 0.2, 0.2),
            "do not decide whether the teacher is better here",
        ),
        (TeacherWeight(0.97, 0.9, (0.1,), 0.294, 0.301, 0.04), "their errors are 0.29 and 0.30"),
        (TeacherWeight(0.97, 0.9, (0.1,), 0.1, 0.2, 0.04), "determine 4 % of its predictions"),
    ],
)
def test_how_far_the_teacher_is_trusted_is_said_with_its_reason(teacher: TeacherWeight, said: str) -> None:
    text = " ".join(learnt_sentences(replace(how_learnt(), teacher=teacher))).replace(SPACE, " ")
    assert said in text


def test_what_was_not_measured_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def introduction(recipe: Recipe, *methods: tuple[str, str | None, str | None]) -> list[str]:
        rows = [
            {"method": method, "recipe": of, "part": part, "iou": 0.6, "difference": None, "low": None, "high": None}
            for method, of, part in methods
        ]
        record = {"benchmark": "delta", "provenance": "simulated", "commit": "a", "label_fraction": 0.05, "coasts": 8}
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / "ablation.json").write_text(json.dumps({**record, "seeds": 5, "rows": rows}))
        monkeypatch.setattr(page, "files", lambda _: tmp_path)
        found = read_ablation(recipe)
        assert found is not None
        return list(found.introduction)

    amortised, archive = ("amortised", None, None), ("amortised_without_archive", "amortised", "archive")
    own = ("self_archive", None, None)
    for out in ("archive", "ewc"):
        _, article, strongest = introduction(ARTICLE if out == "archive" else ARTICLE.without(out), amortised, archive)
        assert article.startswith("The recipe of this run, “article”, has not been measured there")
        assert strongest.startswith("One comparison is missing: a student that looks up maps of its own")
    measured, alone = introduction(AMORTISED, amortised, archive, own)
    assert measured.replace(SPACE, " ").startswith(
        "These figures are not of this site. They were measured on 8 simulated"
    )
    assert alone == "Parts of this run that were not measured alone: soft targets, local labels."


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
    assert read_ablation(AMORTISED) is None


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
