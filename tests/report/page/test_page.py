"""The page works offline, is accessible, reports unknowns, and never runs text as code."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

import tests.fixtures.reports as coast
from strandline.observations.fetch.credits.data_files import DataFile
from strandline.observations.observations import Provenance
from strandline.observations.region_file.prices.money import EUR_2010, SPACE, MoneyUnit
from strandline.planning import formatting
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationAreas
from strandline.planning.early_action.protocol import Night
from strandline.report.catalogues.data_sources import describe_data
from strandline.report.figures.charts import draw_learning
from strandline.report.figures.maps import map_flood
from strandline.report.figures.style import INK, MUTED, ON_DARK, PAPER, as_rgb
from strandline.report.findings import RunResults
from strandline.report.page.page import render_page
from strandline.report.page.pictures import Drawing
from strandline.risk.expectation import Expectation
from strandline.risk.impact.population import DistrictPopulation, PopulationImpact
from strandline.risk.impact.totals import partial_totals
from strandline.risk.people import People

pytestmark = pytest.mark.slow

VOID = {"meta", "source", "img", "br", "link", "input", "hr"}
SCRIPT = "<script>alert('x')</script><img src=x onerror=alert(1)>"


@dataclass
class Page(HTMLParser):
    """Start tags in order, with their attributes, and the text of each."""

    html: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.append((self.open[-1], data))

    def all(self, *names: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in names]

    @property
    def text(self) -> str:
        joined = " ".join(text for tag, text in self.texts if tag != "style")
        return re.sub(r"\s+", " ", joined)

    @property
    def pictures(self) -> list[str]:
        uris = [a["src"] for a in self.all("img")] + [a["srcset"] for a in self.all("source")]
        return [base64.b64decode(uri.partition("base64,")[2]).decode() for uri in uris]


@pytest.fixture(scope="module")
def simulated(drawn_page: tuple[str, Mapping[str, Drawing]]) -> Page:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("strandline.report.page.page.draw_all", lambda *_: drawn_page[1])
        return Page(render_page(coast.results("simulated")))


@pytest.fixture(scope="module")
def real(drawn_page: tuple[str, Mapping[str, Drawing]]) -> Page:
    return Page(drawn_page[0])


def with_scripts_as_names() -> RunResults:
    results = coast.results("real")
    assets = results.impact.assets.copy()
    assets["asset_id"] = [f"{SCRIPT} {i}" for i in range(len(assets))]
    action = replace(results.plan.actions[0], title=SCRIPT, why=SCRIPT, where=(SCRIPT,))
    observations = results.observations
    provenance = {name: Provenance("real", SCRIPT, SCRIPT) for name in observations.provenance}
    region = replace(results.hazard.region, name=f"{SCRIPT} $x_1^{{2}}$", vertical_datum=f"{SCRIPT} $y")
    return replace(
        results,
        hazard=replace(results.hazard, region=region),
        observations=replace(observations, provenance=provenance, files=(DataFile(*[SCRIPT] * 8),)),
        impact=replace(results.impact, assets=assets),
        plan=replace(results.plan, actions=(action,)),
        run=replace(results.run, warnings=(SCRIPT,)),
    )


@pytest.mark.usefixtures("without_pictures")
def test_each_file_is_on_the_page_and_in_the_folder_with_its_credit_and_what_its_licence_forbids() -> None:
    terrain = DataFile(
        "fetched/terrain/dem.tif", "terrain", "glo30", "free", "© DLR", "2021-04-01", "2026-11-30", "ab" * 32
    )
    weather = DataFile(
        "era5.csv", "weather.station", "Open-Meteo", "CC-BY-4.0; non-commercial use only", "Open-Meteo.com"
    )
    made = coast.results("real")
    made = replace(made, observations=replace(made.observations, files=(terrain, weather)))
    page, text = Page(render_page(made)).text, describe_data(made)
    for words in ("fetched/terrain/dem.tif", "© DLR", "2021-04-01", "abababababab", "NOT FOR COMMERCIAL USE: weather"):
        assert words in page
        assert words in text
    assert "- SHA-256: " + "ab" * 32 in text
    assert "No file was read" in describe_data(coast.results("simulated"))


def test_every_element_is_closed_and_the_page_is_small(simulated: Page) -> None:
    assert simulated.open == []
    assert len(simulated.html) < 3_000_000


def test_nothing_is_loaded_from_elsewhere(simulated: Page) -> None:
    for tag, attributes in simulated.tags:
        for name in ("src", "srcset", "href", "action", "data", "poster"):
            if name in attributes:
                assert attributes[name].startswith(("data:", "#")), (tag, name, attributes[name][:60])
    assert not simulated.all("script", "link", "iframe", "object", "embed", "base")
    style = "".join(text for tag, text in simulated.texts if tag == "style")
    assert "url(" not in style
    assert "@import" not in style
    for svg in simulated.pictures:
        assert all(target.startswith(("#", "data:")) for target in re.findall(r'href="([^"]*)"', svg))
        assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", svg))


def test_headings_go_down_one_step_at_a_time(simulated: Page) -> None:
    levels = [int(tag[1]) for tag, _ in simulated.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_the_page_is_accessible_to_screen_readers(simulated: Page) -> None:
    assert simulated.all("html")[0]["lang"] == "en"
    assert all(len(picture["alt"]) > 20 for picture in simulated.all("img"))
    assert len(simulated.all("img")) == 10
    assert all(cell["scope"] in ("col", "row") for cell in simulated.all("th"))
    assert len(simulated.all("caption")) == len(simulated.all("table"))
    ids = [attributes["id"] for _, attributes in simulated.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = {
        attributes["aria-labelledby"] for attributes in simulated.all("section") if "aria-labelledby" in attributes
    }
    targets = {link["href"][1:] for link in simulated.all("a")}
    assert named | targets <= set(ids)


def test_simulated_is_in_capitals_exactly_for_simulated_results(simulated: Page, real: Page) -> None:
    assert "SIMULATED" in simulated.text
    assert "PARTLY" not in simulated.text
    assert "SIMULATED" not in real.html
    assert "No number here may guide a decision" in simulated.text


@pytest.mark.usefixtures("without_pictures")
def test_a_partly_simulated_run_says_so_and_which_part() -> None:
    page = Page(render_page(replace(coast.results("real"), hazard=coast.hazard("simulated"))))
    assert "PARTLY SIMULATED" in page.text
    assert "Every section says which" in page.text
    badges = [
        text for tag, text in page.texts if tag == "span" and text in ("real data", "simulated", "partly simulated")
    ]
    assert {"real data", "simulated", "partly simulated"} == set(badges)


@pytest.mark.usefixtures("without_pictures")
def test_escape_characters_in_names_do_not_reach_the_page() -> None:
    """On a49c0fa a name could steer the terminal that shows the file."""
    results = coast.results("real")
    (action, *others) = results.plan.actions
    named = replace(action, title="Raise \x1b[2J\u202ehomes\x00")
    page = render_page(replace(results, plan=replace(results.plan, actions=(named, *others))))
    assert "Raise \ufffd[2J\ufffdhomes\ufffd" in page
    assert not {"\x1b", "\u202e", "\x00"} & set(page)


def test_text_is_never_code() -> None:
    page = Page(render_page(with_scripts_as_names()))
    assert page.open == []
    assert not page.all("script")
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert len(page.all("img")) == 10
    assert SCRIPT in page.text
    assert "&lt;script&gt;" in page.html
    for svg in page.pictures:
        assert "<script" not in svg
        assert "onerror=alert(1)>" not in svg.replace("&gt;", "")


def test_unknowns_are_reported(real: Page) -> None:
    assert "5 % of the map is unknown" in real.text.replace(SPACE, " ")
    assert "1 asset, worth" in real.text.replace(SPACE, " ")
    assert "Gauge “Offshore tower” gave no reading at all." in real.text
    assert "The gauge was silent at the peak of the last storm." in real.text


@pytest.mark.usefixtures("without_pictures")
def test_the_share_of_flooded_cells_that_the_map_calls_dry_stands_beside_the_map() -> None:
    results = coast.results("real")
    page = Page(render_page(replace(results, learning=replace(results.learning, miss_rate=0.37))))
    assert "37 % are called dry by these maps" in page.text.partition("In any one year")[0]


def test_the_plan_says_when_to_start_to_stop_and_what_to_do_without_readings(real: Page) -> None:
    text = real.text.replace(SPACE, " ")
    for part in (
        "1 Evacuate low-lying areas", "beyond the budget", "€6.4 million (€5.1 million to €8.0 million)",
        "A chance of more than 50 % of forecast water level at or above 1.18 m, 6 to 48 hours ahead",
        "A chance of at most 20 % of forecast water level at or above 0.88 m within 48 hours, for 6 hours",
        "after 3 hours without readings: Start on neighbour water level at or above 1.00 m (Offshore tower)",
        "Tested on 9.8 observed years", "Evacuate low-lying areas all gauges work – 7 2 1 5 9 0.72",
        "the civil protection officer on duty decides",
    ):  # fmt: skip
        assert part in text, part


@pytest.mark.usefixtures("without_pictures")
def test_a_zone_that_no_map_covers_is_named_and_not_safe() -> None:
    results = coast.results("real")
    areas = EvacuationAreas((), ("B3", "Old mole"), Night(begins=21, ends=5), "22:00 to 06:00", {"B3": {"": "Ba Tri"}})
    page = Page(render_page(replace(results, plan=replace(results.plan, evacuation=areas))))
    assert "so a person on the spot decides: B3 (around Ba Tri), Old mole. Unknown does not mean safe" in page.text


def test_the_plan_says_what_is_proposed_in_which_scenarios_and_what_follows(real: Page) -> None:
    text = real.text.replace(SPACE, " ")
    for part in (
        "Build together: Raise homes where it pays", "4 of 4 scenarios", "Who the owners",
        "Protects 3 assets, 9 people",
        "SSP5-8.5 0.40 m €28 million or more", "as proposed (2 of 2)", "Raise the embankment 3 of 4",
        "First the proposal (until it works, damage may exceed the limit for 1 year); then, at 0.1 to 0.2 m of rise"
            " (2045 to 2090), Raise the embankment",
        "0.4 to 0.8 m or more of rise (after 2100)", "0.2 m (limit 0.1 to 0.2 m)", "Every pathway begins with the",
        "Stronger storms: made up for a test.",
    ):  # fmt: skip
        assert part in text, part


def test_the_page_of_provenance_names_source_licence_span_and_age(real: Page) -> None:
    text = real.text.replace(SPACE, " ")
    for part in ("harbour office of Sella", "CC-BY-4.0", "1 November 2022 – 25 November 2022", "3.3 years", "0123abc"):
        assert part in text, part
    assert "coast 11, student 3" in text


@pytest.mark.usefixtures("without_pictures")
def test_an_undefined_gap_and_a_better_baseline_are_reported() -> None:
    results = coast.results("real")
    learning = replace(results.learning, gap_closed=None, pretrained_iou=None)
    surge = replace(results.surge_scores, baseline_rmse=0.05)
    empty = replace(results, learning=learning, surge_scores=surge, surge=results.surge.iloc[:0], reliability=None)
    page = Page(render_page(empty))
    assert "undefined" in page.text
    assert "not measured" in page.text
    assert "it is the better forecast" in page.text
    assert "There is no forecast to show." in page.text


def test_maps_without_a_score_are_reported_as_unscored(draw_only: Callable[..., None]) -> None:
    draw_only(draw_learning)
    results = coast.results("real")
    unknown = dict.fromkeys(("teacher_iou", "student_iou", "labels_only_iou", "pretrained_iou", "retention"), np.nan)
    page = Page(render_page(replace(results, learning=replace(results.learning, gap_closed=None, **unknown))))
    assert "no flood map could be scored" in page.text
    assert "undefined" in page.text
    assert "nan" not in page.text.lower().split()


def test_a_site_without_known_damage_gets_a_report(draw_only: Callable[..., None]) -> None:
    draw_only(map_flood)
    results = coast.results("real")
    assets = results.impact.assets.copy()
    for column in assets.columns[assets.columns.str.contains("damage|depth")]:
        assets[column] = np.nan
    unknown = Expectation.unknown()
    impact = replace(results.impact, assets=assets, expected_annual_damage=unknown, unknown_assets=26)
    page = Page(render_page(replace(results, impact=impact)))
    assert "No asset has a known damage above zero." in page.text
    assert "nan" not in page.text.lower().replace("finance", "")


@pytest.mark.usefixtures("without_pictures")
def test_damage_by_class_and_district_counts_the_unknown_in_every_row_and_people_by_district() -> None:
    results = coast.results("real")
    assets = results.impact.assets.assign(district=["harbour"] * 20 + [SCRIPT] * 4 + [None] * 2)
    samples = np.stack([assets[f"expected_annual_damage_{name}"] for name in ("p10", "p50", "p90")])
    here, wet, cut = People.bounded(3333, 4000, 5432), People(9, 9, 9), People.bounded(3, 400, 1111)
    counts = (here, 2, wet, {"hospital": cut})
    people = PopulationImpact(*counts, (DistrictPopulation("harbour", *counts), DistrictPopulation(None, *counts)))
    totals = partial_totals(samples, assets, 3)
    page = Page(render_page(replace(results, impact=replace(results.impact, totals=totals, population=people))))
    cells = [text.strip() for tag, text in page.texts if tag in ("td", "th") and text.strip()]
    for part in totals:
        name = "not stated" if part.name is None else part.name
        value = formatting.format_money(part.unknown_value, EUR_2010) if part.unknown_assets else "–"
        row = [
            name,
            str(part.assets),
            str(part.unknown_assets),
            value,
            formatting.format_mean(part.expected_annual_damage, EUR_2010),
        ]
        assert any(cells[i : i + 5] == row for i in range(len(cells))), row
    assert sum(part.unknown_assets for part in totals if part.by == "district") == results.impact.unknown_assets > 0
    for name in ("harbour", "not stated"):
        row = [name, "3,300 to 5,500", "2", "9", "3 to 1,200"]
        assert any(cells[i : i + 5] == row for i in range(len(cells))), row
    assert "<script>" not in page.html
    known = [replace(part, unknown_assets=0, unknown_value=0.0) for part in totals]
    without = Page(render_page(replace(results, impact=replace(results.impact, totals=tuple(known)))))
    assert "Value of these" in page.text
    assert "Value of these" not in without.text, "columns of nothing push the range off the page"
    assert "Damage by district" not in Page(render_page(results)).text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(simulated: Page, scheme: str) -> None:
    style = "".join(text for tag, text in simulated.texts if tag == "style")
    blocks = re.findall(r":root \{([^}]*)\}", style)
    colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[0] if scheme == "light" else blocks[1]))
    pairs = [
        ("ink", "paper"), ("ink", "card"), ("muted", "paper"), ("muted", "card"), ("accent", "paper"),
        ("warn-ink", "warn"), ("calm-ink", "calm"),
    ]  # fmt: skip
    for text, ground in pairs:
        assert contrast(colour[text], colour[ground]) >= 4.5, (scheme, text, ground)
    inks = [(INK, PAPER), (MUTED, PAPER)]
    for text, ground in inks if scheme == "light" else [(ON_DARK[a], ON_DARK[b]) for a, b in inks]:
        assert contrast(text, ground) >= 4.5


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""
    light = []
    for colour in (one, other):
        channel = as_rgb(colour)
        linear = np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)
        light.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(light) + 0.05) / (min(light) + 0.05)


@pytest.mark.parametrize(
    ("euros", "text"),
    [
        (0.0, "€0"), (812.0, "€810"), (1250.0, "€1,200"), (777_000.0, "€780,000"),
        (999_000.0, "€1.0 million"), (12_345_678.0, "€12 million"), (-1.1e6, "−€1.1 million"),
        (float("nan"), "unknown"),
    ],
)  # fmt: skip
def test_money_has_two_digits(euros: float, text: str) -> None:
    assert formatting.format_money(euros, EUR_2010).replace(SPACE, " ") == text


def test_money_is_written_one_way_in_every_sentence_and_table() -> None:
    """Plan and report had two: "€100,000" beside "€100 thousand", "€−51 to 300 million"."""
    pairs = ((0.0, 7.8e6), (5e5, 1.2e6), (2.6e4, 7.8e6), (1.02, 8.6e6), (-51e6, 300e6))
    assert [formatting.format_money_between(*pair, EUR_2010) for pair in pairs] == [
        "€0 to €7.8 million",
        "€500,000 to €1.2 million",
        "€26,000 to €7.8 million",
        "nearly €0 to €8.6 million",
        "−€51 million to €300 million",
    ]
    wide = Expectation(5e6, 1e6, -51e6, 4e6, 300e6, 400)
    assert formatting.format_expectation(wide, EUR_2010) == "€5.0 million ± €1.0 million (−€51 million to €300 million)"
    unknown = replace(wide, mean=np.nan, p10=np.nan, p90=np.nan)
    assert formatting.format_expectation(unknown, EUR_2010) == "unknown"
    assert formatting.format_money(-1.2e6, MoneyUnit("BDT", 2024)) == "−BDT 1.2 million"


@pytest.mark.usefixtures("without_pictures")
def test_no_amount_of_the_page_is_in_thousands() -> None:
    assert not re.search(r"\d.thousand|€[−-]", render_page(coast.results("simulated")))


def test_a_share_is_never_rounded_to_nothing_or_all() -> None:
    formatted = [
        formatting.format_percent(share).replace(SPACE, " ") for share in (0.0, 0.001, 0.05, 0.999, 1.0, float("nan"))
    ]
    assert formatted == ["0 %", "less than 1 %", "5 %", "more than 99 %", "100 %", "unknown"]


@pytest.mark.usefixtures("without_pictures")
def test_a_run_without_baselines_says_what_it_cannot_claim() -> None:
    evaluated = coast.results("simulated")
    scores = replace(evaluated.learning, labels_only_iou=None, finetuned_iou=None, gap_closed=None)
    text = render_page(replace(evaluated, learning=scores))
    assert "does not show what the teacher gained here" in text
    assert "strandline run --evaluate" in text
    assert text.count("not evaluated") == 3, "labels alone, shipped with labels, gap closed"
    assert "Labels only” is the same student" not in text
    scores = replace(evaluated.learning, finetuned_iou=0.41)
    assert "not evaluated" not in render_page(replace(evaluated, learning=scores))
