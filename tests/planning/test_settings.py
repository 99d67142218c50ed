"""Presets and the user's own keys: every figure has a source, one key overrides one number, money is converted once."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import tests.fixtures.reports as coast
from strandline.errors import InputError
from strandline.observations.region_file import load_region_file
from strandline.observations.region_file.planning_section import PlanningSection
from strandline.observations.region_file.prices.greatest_damage import greatest_damage
from strandline.observations.region_file.prices.money import EUR_2010, MoneyUnit, PriceBasis
from strandline.observations.region_file.prices.preset import PRESETS, Figure, PresetName, load_preset
from strandline.planning.formatting import format_expectation, format_money
from strandline.planning.investment.discounting import Economy
from strandline.planning.measures import SHIPPED, load_measures
from strandline.planning.plan_schema import plan_to_json
from strandline.planning.settings import read_planning_settings
from strandline.report.page.page import render_page
from strandline.report.plan.cost_tables import cost_page, cost_tables
from strandline.report.plan.markdown import plan_to_markdown
from strandline.report.products import summarise
from strandline.risk.expectation import Expectation
from tests.observations.region_file.test_region_file import MINIMAL, write

YEARS = tuple(map(str, range(1950, 2030)))


def embankment(section: PlanningSection) -> tuple[float, float, float]:
    cost = next(m for m in read_planning_settings(section).measures.long_term if m.key == "raise_embankment").unit_cost
    assert cost.money == section.money
    return cost.low, cost.value, cost.high


@pytest.mark.parametrize("name", PRESETS)
def test_every_figure_of_a_preset_names_a_year_and_a_source_or_is_called_an_assumption(name: PresetName) -> None:
    preset = load_preset(name)
    sources = [
        preset.discount_rate.source,
        preset.horizon_years.source,
        preset.price_index.source,
        *(each.source for each in preset.exchange_rates),
        *(figure.source for numbers in preset.measure.values() for figure in numbers.values()),
        *(figure.source for figure in preset.construction_cost.values()),
    ]
    assert len(sources) >= 9
    for source in sources:
        assert "assumption" in source or any(year in source for year in YEARS), source
    for numbers in preset.measure.values():
        for figure in numbers.values():
            assert figure.unit, "an amount without what it is paid for"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_converts_every_cost_to_its_own_money(name: PresetName) -> None:
    found = read_planning_settings(PlanningSection(preset=name))
    for measure in found.measures.long_term:
        assert measure.unit_cost.money == (None if measure.asset_by_asset else found.money)
    assert all(each.cost is None or each.cost.money == found.money for each in found.measures.operational)
    assert found.money.price_year == 2024
    assert any("Discount rate" in sentence for sentence in found.basis)


def test_a_bangladeshi_embankment_costs_what_the_project_paid_in_the_prices_of_the_plan() -> None:
    """CEIP-1: USD 400 million for 600 km at 77.8 taka; consumer prices of 2024 are 2.06 times those of 2013."""
    low, value, high = embankment(PlanningSection(preset="bangladesh"))
    assert value == pytest.approx(400e6 / 600 * 77.8 * 262.0 / 127.2, rel=0.01)
    assert (value / low, high / value) == pytest.approx((3, 3))


def test_one_key_of_the_region_file_overrides_one_number_and_no_other() -> None:
    tender = Figure(
        value=9e7, factor=1.2, currency="BDT", price_year=2024, unit="km and metre", source="tender of 2025"
    )
    plain = PlanningSection(preset="bangladesh")
    own = PlanningSection(preset="bangladesh", measure={"raise_embankment": {"unit_cost": tender}})
    assert embankment(own) == pytest.approx((9e7 / 1.2, 9e7, 9e7 * 1.2))
    before, after = (read_planning_settings(each) for each in (plain, own))
    assert before.discount_rate == after.discount_rate == 0.12
    for old, new in zip(before.measures.long_term, after.measures.long_term, strict=True):
        assert (old == new) == (old.key != "raise_embankment")
    assert read_planning_settings(PlanningSection(preset="bangladesh", discount_rate=0.03)).discount_rate == 0.03
    fewer = read_planning_settings(PlanningSection(leave_out=("pumps",))).measures
    assert {each.key for each in load_measures().long_term} - {each.key for each in fewer.long_term} == {"pumps"}


def test_the_length_of_the_shore_is_the_users() -> None:
    stated = Figure(value=12.5, unit="km", source="survey of 2024")
    found = read_planning_settings(PlanningSection(measure={"raise_embankment": {"length": stated}}))
    assert (
        next(each for each in found.measures.long_term if each.key == "raise_embankment").effect["length"].value == 12.5
    )


@pytest.mark.parametrize(
    ("planning", "message"),
    [
        ('preset = "atlantis"', "preset.*does not fit"),
        ('currency = "EUR"', "belong together"),
        ('currency = "BDT"\nprice_year = 2024', "no exchange rate from EUR to BDT is known for 2010.*exchange_rates"),
        ('preset = "vietnam"\nprice_year = 2031', "price index of VND in 2031 is not known.*add 2031"),
        ("discount_rate = 3", "discount_rate.*less than or equal to 0.2"),
        ("horizon_years = 1000", "horizon_years"),
        ("budget = 1e15", "is no budget of a coast"),
        ("[planning.measure.raise_embankment]\nunit_cost = { value = 1e6 }", "source.*is missing"),
        (
            '[planning.measure.raise_embankment]\nunit_cost = { value = 1e6, cost = 1, source = "tender" }',
            "unknown key 'cost'.*known keys here: value, low, high",
        ),
        (
            '[planning.measure.raise_embankment]\nunit_cost = { low = 3, high = 1, source = "tender" }',
            "does not hold.*order them",
        ),
        (
            '[planning.measure.raise_embankment]\nunit_cost = { value = 1, currency = "EUR", source = "tender" }',
            "'currency' and 'price_year'",
        ),
    ],
)
def test_nonsense_in_planning_is_refused_at_the_door_with_its_place(
    tmp_path: Path, planning: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load_region_file(write(tmp_path, f"{MINIMAL}[planning]\n{planning}\n"))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (
            {"measure": {"moat": {"unit_cost": Figure(value=1, source="made up")}}},
            r"\[planning.measure.moat\]: is no measure; known: raise_embankment",
        ),
        ({"measure": {"pumps": {"unit_cost": Figure(value=1, source="made up")}}}, "is in no currency"),
        ({"measure": {"pumps": {"colour": Figure(value=1, source="made up")}}}, "unknown .*colour"),
        ({"measure": {"pumps": {"title": Figure(value=1, source="made up")}}}, "title.*is no number"),
        ({"leave_out": ("moat",)}, "no measure is called 'moat'"),
        (
            {"measure": {"raise_embankment": {"length": Figure(value=12_500, unit="m", source="survey")}}},
            "length: is in 'm'; give km",
        ),
        (
            {"measure": {"pumps": {"lifetime_years": Figure(value=0, source="made up")}}},
            "0 to 0 lies outside 1 to 1000",
        ),
        ({"measure": {"floodgates": {"avoided_share": Figure(low=0.1, high=40, source="made up")}}}, "outside 0 to 1"),
    ],
)
def test_what_no_catalogue_knows_is_refused(section: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_planning_settings(PlanningSection.model_validate(section))


def test_own_prices_and_rates_make_any_currency_possible() -> None:
    rate = {"from": "EUR", "year": 2010, "rate": 1.3, "source": "central bank"}
    own = PlanningSection.model_validate(
        {"currency": "USD", "price_year": 2020, "price_index": {"2010": 80, "2020": 100}, "exchange_rates": [rate]}
    )
    assert own.prices.factor(EUR_2010) == pytest.approx(1.3 * 100 / 80)
    assert embankment(own)[1] == pytest.approx(5e6 * 1.625)
    with pytest.raises(ValidationError, match="belong together"):
        PlanningSection(currency="USD")


amounts = st.floats(1e-3, 1e15)
indices = st.dictionaries(st.integers(2000, 2030), st.floats(1, 1e4), min_size=2, max_size=6)


@given(amounts, indices, st.data())
def test_money_brought_to_another_year_and_back_is_the_same(
    amount: float, index: dict[int, float], data: st.DataObject
) -> None:
    first, second = (data.draw(st.sampled_from(sorted(index))) for _ in range(2))
    there, back = (PriceBasis(MoneyUnit("BDT", year), index) for year in (second, first))
    moved = amount * there.factor(MoneyUnit("BDT", first))
    assert moved * back.factor(MoneyUnit("BDT", second)) == pytest.approx(amount)


@settings(max_examples=50)
@given(st.floats(0.0, 0.15), st.floats(0.001, 0.05), st.integers(5, 75), st.floats(0, 4))
def test_the_present_value_of_benefits_falls_with_the_discount_rate(
    rate: float, more: float, horizon: int, lead: float
) -> None:
    low, high = (Economy(each, horizon, 2025) for each in (rate, rate + more))
    assert high.annuity_from(lead) < low.annuity_from(lead) or lead >= horizon
    assert high.life_cycle_cost_factor(20, 0.02) <= low.life_cycle_cost_factor(20, 0.02)


def test_greatest_damage_is_that_of_the_jrc_with_contents_apart_and_slums_worth_least() -> None:
    prices = PlanningSection(preset="bangladesh").prices
    found = greatest_damage(load_preset("bangladesh"), prices)
    masonry, rural, informal = (found["residential", kind] for kind in ("masonry", "rural", "informal"))
    assert masonry.structure == pytest.approx(310.4 * 0.6 * 0.6 * prices.factor(EUR_2010))
    assert masonry.contents == pytest.approx(0.5 * masonry.structure)
    assert masonry.total > rural.total > informal.total > 0
    assert found["school", "masonry"].contents == found["commercial", "masonry"].structure
    assert ("agriculture", "masonry") not in found


def test_amounts_are_printed_in_the_money_of_the_plan() -> None:
    taka, euro = MoneyUnit("BDT", 2024), EUR_2010
    assert format_money(1.23e6, taka) == "BDT 1.2 million"
    assert format_money(1.23e6, euro) == "€1.2 million"
    assert format_money(2.5e13, MoneyUnit("VND", 2024)) == "VND 25 trillion"
    wide = Expectation(2e6, 1e6, 1e3, 1e5, 3e9, 400)
    assert "€" not in format_expectation(wide, taka) + format_expectation(wide, taka)
    assert MoneyUnit.parse(str(taka)) == taka


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_every_text_of_a_plan_is_in_its_own_money() -> None:
    """The unit was written into each text: a plan in taka showed euros."""
    plan = replace(coast.a_plan(), money=MoneyUnit("BDT", 2024))
    assert plan_to_json(plan)["money"].items() >= {"currency": "BDT", "price_year": 2024}.items()
    text = plan_to_markdown(plan)
    assert "Amounts are in BDT in prices of 2024" in text
    assert "Every BDT spent saves" in text
    results = replace(coast.results(), plan=plan)
    impact = summarise(results)["impact"]
    assert isinstance(impact, dict)
    assert impact["expected_annual_damage"]["unit"] == "BDT 2024 per year"  # type: ignore[call-overload, index]
    page = render_page(results)
    assert "Money is in BDT in prices of 2024" in page
    for product in (text, page):
        assert "€" not in product
        assert "EUR" not in product


def test_the_page_of_costs_is_the_one_that_the_command_writes() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "costs.md"
    assert page.read_text(encoding="utf-8") == cost_page(), "write it again with `strandline costs --all`"


def test_every_cost_in_the_table_has_a_source() -> None:
    lines = cost_tables(PlanningSection(preset="vietnam"))
    priced = [
        line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ") and line.count("|") == 7
    ]
    titles = [title for title in priced if title not in ("measure", "VND 2024")]
    assert len(titles) >= 12
    for title in titles:
        if title in load_preset("vietnam").construction_cost:
            continue
        (source,) = [line for line in lines if line.startswith(f"- **{title}**")]
        assert "assumption" in source or any(year in source for year in YEARS), source


def test_a_catalogue_of_ones_own_stands_alone_and_is_refused_like_any_input(tmp_path: Path) -> None:
    shipped = SHIPPED.read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(shipped.replace("value = 5.0e6", "value = 7.0e6"), encoding="utf-8")
    region = load_region_file(write(tmp_path, f'{MINIMAL}[planning]\npreset = "italy"\nmeasures = "mine.toml"\n'))
    assert region.planning is not None
    assert embankment(region.planning)[1] == pytest.approx(7e6 * region.planning.prices.factor(EUR_2010))
    for old, new, message in (
        ("crews = { value = 2,", "crews = 2 # {", "is not TOML|crews = 2 has no source"),
        ("lifetime_years = { value = 50,", 'lifetime_years = { value = "long",', "lifetime_years"),
        ("[[long_term]]", "[long_term]", "is not TOML|is no list of measures"),
        ('currency = "EUR", price_year = 2010, unit = "hectare"', 'unit = "hectare"', "unit_cost: is in no currency"),
        ("earliest = 12, latest = 48", "earliest = 48, latest = 12", "give earliest, then latest"),
    ):
        (tmp_path / "mine.toml").write_text(shipped.replace(old, new), encoding="utf-8")
        with pytest.raises(InputError, match=message):
            read_planning_settings(region.planning)
