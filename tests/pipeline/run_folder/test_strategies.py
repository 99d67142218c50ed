"""Strategies beside a run: whole or refused, never a link, and a product that is replaced leaves the run whole."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.pipeline.run_folder.generations import open_run, products_of, replaced_products, write_manifest
from strandline.pipeline.run_folder.strategies import (
    Amount,
    ChangeRecord,
    Count,
    FutureRecord,
    OutcomeRecord,
    Strategy,
    key_of,
    load_strategies,
    load_strategy,
    save_strategy,
)
from strandline.risk.works.geojson import DrawnWorks

NOTHING = DrawnWorks(type="FeatureCollection", features=())


def a_strategy(name: str = "Ring", hour: int = 1) -> Strategy:
    amount = Amount(mean=1.0, standard_error=None, p10=0.0, p50=1.0, p90=2.0, draws=9)
    count = Count(low=0, likely=1, high=2)
    change = ChangeRecord(
        damage_before=amount, damage_after=amount, avoided=amount, people_before=count, people_after=count,
        unknown_assets=0,
    )  # fmt: skip
    outcome = OutcomeRecord(
        method="still water", level=2.0, return_period=100.0, zones=(), notes=(),
        futures=(FutureRecord(name="today", rise=0.0, change=change),),
    )  # fmt: skip
    return Strategy(
        name=name, author="Ada Vento", saved=datetime(2026, 1, 1, hour), run="r", money="EUR 2010", cost=0.0,
        works=NOTHING, still_water=outcome,
    )  # fmt: skip


def test_a_strategy_comes_back_equal_and_the_newest_stands_first(tmp_path: Path) -> None:
    first, second = a_strategy("One", 1), a_strategy("দুই", 2)
    keys = [save_strategy(tmp_path, each) for each in (first, second)]
    assert load_strategy(tmp_path, keys[0]) == first
    found, damaged = load_strategies(tmp_path)
    assert list(found.values()) == [second, first]
    assert damaged == ()


def test_names_that_differ_have_different_files() -> None:
    assert len({key_of(name) for name in ("A b", "a-b", "A  b", "ক", "খ")}) == 5


@pytest.mark.parametrize("key", ["../plan", "a/b", "", "none", "A"])
def test_a_key_that_names_no_strategy_is_refused(tmp_path: Path, key: str) -> None:
    save_strategy(tmp_path, a_strategy())
    with pytest.raises(InputError, match="none is called"):
        load_strategy(tmp_path, key)


def test_a_link_in_place_of_the_folder_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "strategies").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="link"):
        save_strategy(tmp_path, a_strategy())
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_changed_file_is_no_strategy_and_is_named(tmp_path: Path) -> None:
    key = save_strategy(tmp_path, a_strategy())
    path = tmp_path / "strategies" / f"{key}.json"
    content = json.loads(path.read_text())
    for change in ({"cost": None}, {"author": ""}, {"extra": 1}, {"saved": "yesterday"}):
        path.write_text(json.dumps(content | change))
        assert load_strategies(tmp_path) == ({}, (path.name,))


def test_a_replaced_product_leaves_the_others_and_the_run_whole(tmp_path: Path) -> None:
    for name in ("plan.json", "summary.json"):
        (tmp_path / name).write_text(f"{name} as the run wrote it")
    write_manifest(tmp_path, {"started": "then"})
    before = products_of(tmp_path)
    with replaced_products(tmp_path, ["plan.json"]) as new:
        (new / "plan.json").write_text("another plan")
    open_run(tmp_path)
    after = products_of(tmp_path)
    assert (tmp_path / "plan.json").read_text() == "another plan"
    assert after["summary.json"] == before["summary.json"]
    assert after["plan.json"] != before["plan.json"]


def test_a_product_that_is_not_finished_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("as the run wrote it")
    write_manifest(tmp_path, {"started": "then"})

    def replace_half() -> None:
        with replaced_products(tmp_path, ["plan.json"]) as new:
            (new / "plan.json").write_text("half of it")
            raise ValueError("no plan")

    with pytest.raises(ValueError, match="no plan"):
        replace_half()
    open_run(tmp_path)
    assert (tmp_path / "plan.json").read_text() == "as the run wrote it"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["plan.json", "products.json"]
