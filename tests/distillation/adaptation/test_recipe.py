"""Recipes: parts by name, on and off, and what is refused."""

from dataclasses import fields, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strandline.distillation.adaptation.recipe import (
    ALIGNMENTS,
    AMORTISED,
    ARTICLE,
    PARTS,
    RECIPES,
    Recipe,
    recipe_faults,
    recipe_of,
)
from strandline.errors import InputError


def test_the_articles_recipe_has_every_idea_of_the_article_and_no_archive() -> None:
    assert set(ARTICLE.parts) == set(PARTS) - {"archive", "replay"}
    assert (ARTICLE.soft, ARTICLE.feature, ARTICLE.task) == (0.5, 0.3, 0.2)
    assert AMORTISED.parts == ("archive", "soft_targets", "task_loss")


@settings(suppress_health_check=[HealthCheck.too_slow])  # of a busy machine
@given(name=st.sampled_from(sorted(RECIPES)), drawn=st.sets(st.sampled_from(sorted(PARTS))))
def test_what_is_taken_out_is_off_and_everything_else_stays(name: str, drawn: set[str]) -> None:
    recipe = RECIPES[name]
    out = [part for part in recipe.parts if part in drawn]
    found = recipe.without(*out)
    assert set(found.parts) == set(recipe.parts) - set(out)
    touched = {field for part in out for field in PARTS[part]} | {"name"}
    for field in fields(Recipe):
        if field.name not in touched:
            assert getattr(found, field.name) == getattr(recipe, field.name)
    assert all(part in found.name for part in out)


@pytest.mark.parametrize("alignment", ALIGNMENTS)
def test_an_alignment_is_chosen_by_its_name(alignment: str) -> None:
    assert recipe_of("article", alignment=alignment) == replace(ARTICLE, alignment=alignment)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "paper"}, "recipe: 'paper' is unknown; name one of amortised, article"),
        ({"without": ["dropouts"]}, "without: 'dropouts' is unknown; is 'mc_dropout' meant.*archive, soft_targets"),
        ({"without": ["ewc"]}, "recipe 'amortised' has no part 'ewc' that could be left out; its parts are archive"),
        ({"name": "article", "without": ["replay"]}, "recipe 'article' has no part 'replay'"),
        ({"name": "article", "alignment": "euclid"}, "'euclid' is unknown; name one of cosine"),
        ({"alignment": "rbf"}, "recipe 'amortised' aligns no features"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        recipe_of(**arguments)  # type: ignore[arg-type]


def test_all_that_is_wrong_is_found_at_once() -> None:
    faults = recipe_faults("Article", ("EWC", "ewc", "tea"), "zz")
    assert [fault.where for fault in faults] == ["recipe", "without", "without", "alignment"]
    assert [fault.remedy.split("?")[0] for fault in faults[:2]] == ["is 'article' meant", "is 'ewc' meant"]
    assert recipe_faults("article", ("ewc",), "rbf") == []


def test_a_part_that_is_named_twice_is_left_out_once() -> None:
    assert recipe_of("article", ["ewc", "ewc"]) == ARTICLE.without("ewc")
