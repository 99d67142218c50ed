"""The dashboard in Chromium: charts, live updates, confirmations, keyboard and accessibility."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

import tests.fixtures.reports as coast
from strandline.report.page.page import render_page
from strandline.web.dashboard.i18n import labels
from strandline.web.run_folder import RunFolder
from tests.fixtures.served_dashboard import DESK, PHONE, STEPS, Site, drawn, served, wait_until
from tests.fixtures.web import HOUR, PASSWORD, START, STREAMS, make_watch, take_step

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]
LARGEST_REPORT = 6_000_000


def test_a_silent_stream_is_shown_in_the_strip(own_site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(own_site.address)
    row = page.locator(f'tr[data-stream="{STREAMS[0]}"]')
    expect(row).to_have_attribute("data-condition", "alive")
    expect(row.locator(".was-silent")).to_have_count(0)
    take_step(own_site.watched.store, STEPS, "silent")
    expect(row).to_have_attribute("data-condition", "silent")
    expect(row.locator(".was-silent")).to_have_count(1)
    expect(row.locator(".condition")).to_have_text(labels("en")["condition_silent"])
    expect(page.locator("#now")).to_contain_text(f"not working: {STREAMS[0]}")
    expect(page.locator(f'tr[data-stream="{STREAMS[1]}"]')).to_have_attribute("data-condition", "alive")


def test_a_new_decision_is_announced_and_the_focus_stays(own_site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(own_site.address)
    draft = page.locator("summary", has_text="Draft of a warning")
    draft.focus()
    page.keyboard.press("Enter")
    take_step(own_site.watched.store, STEPS, change="stop")
    expect(page.locator("#announcements")).to_have_text("New: Evacuate low-lying areas: stop")
    assert page.evaluate("document.activeElement.localName") == "summary"
    expect(page.locator("details.draft")).to_have_attribute("open", "")


def test_a_decision_between_the_page_and_its_first_event_is_announced(
    own_site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(own_site.address)
    steps = iter(["stop"])

    def step_first(route: Route) -> None:
        for change in steps:  # once: the page is made, and no event can reach it yet
            take_step(own_site.watched.store, STEPS, change=change)
        route.continue_()

    page.route("**/watch/events*", step_first)
    page.reload()
    expect(page.locator("#announcements")).to_have_text("New: Evacuate low-lying areas: stop")


def test_a_page_opened_before_the_first_step_shows_it(
    runs: dict[str, RunFolder], tmp_path: Path, open_page: Callable[..., Page]
) -> None:
    folder = tmp_path / "new"
    shutil.copytree(runs["before"].path, folder, ignore=shutil.ignore_patterns("watch*"))
    new = RunFolder("new", folder)
    with served({"new": new}, replace(make_watch(new, 0), clock=lambda: START + HOUR / 3)) as opened:
        page = open_page(opened.address)
        expect(page.locator("#now")).to_contain_text(labels("en")["no_steps"])
        take_step(opened.watched.store, 0)
        opened.wait_for_steps(page, 0)
        expect(page.locator("#actions")).to_be_visible()


def test_a_confirmation_needs_a_password_and_a_warning_two_officers(
    own_site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(own_site.address)
    page.get_by_role("button", name="Confirm: Evacuate low-lying areas – start").click()
    page.get_by_label("Your account").fill("ada")
    page.locator("#confirm").get_by_label("Note").fill("seen from the mole")
    page.get_by_label("Password").fill("a guess that is wrong")
    page.locator("#send").click()
    expect(page.get_by_role("alert")).to_contain_text("Refused: the name or the password is wrong")
    expect(page.get_by_label("Password")).to_have_value("")
    before = own_site.watched.head()
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("#send").click()
    expect(page.locator("#announcements")).to_have_text(labels("en")["confirmed"])
    expect(page.locator(".confirmed")).to_contain_text("Confirmed by Ada Vento")
    expect(page.locator("#log")).to_contain_text("Ada Vento confirms 20221121T00/0")
    (entry,) = (each for each in own_site.watched.store.read.log(before[0]) if each.kind == "confirmation")
    assert (entry.kind, entry.data["note"]) == ("confirmation", "seen from the mole")
    own_site.watched.store.verify_log()
    assert PASSWORD not in page.content()
    assert page.evaluate("[JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie]") == [
        "{}", "{}", "",
    ]  # fmt: skip
    page.locator("summary", has_text="Draft of a warning").click()
    for account, said in (("ada", "confirmed_one"), ("bo", "confirmed")):
        page.get_by_role("button", name="Confirm this warning").click()
        page.get_by_label("Your account").fill(account)
        page.get_by_label("Password").fill(PASSWORD)
        page.locator("#send").click()
        expect(page.locator("#announcements")).to_have_text(labels("en")[said])
        if account == "ada":
            expect(page.locator("details.draft .waits")).to_be_visible()
            assert not list(own_site.watched.alerts.glob("confirmed/*"))
    expect(page.locator("details.draft")).to_contain_text("Released")
    expect(page.get_by_role("button", name="Confirm this warning")).to_have_count(0)
    assert [each.name for each in own_site.watched.alerts.glob("confirmed/*")] == ["sella-20221121T03.xml"]


def test_a_page_that_is_renewed_late_takes_no_password_and_no_newer_state_away(
    own_site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(own_site.address)
    held = list[tuple[Route, APIResponse]]()
    page.route(f"{own_site.address}/", lambda route: held.append((route, route.fetch())))
    page.get_by_role("button", name="Confirm: Evacuate low-lying areas – start").click()
    page.get_by_label("Your account").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("#send").click()
    expect(page.locator("#announcements")).to_have_text(labels("en")["confirmed"])
    page.locator("summary", has_text="Draft of a warning").click()
    page.get_by_role("button", name="Confirm this warning").click()
    expect(page.locator("#send")).to_be_enabled()
    page.get_by_label("Password").fill("being typed")
    for _ in range(600):
        if len(held) == 2:  # of the confirmation, and of its entry in the log
            break
        page.wait_for_timeout(100)
    take_step(own_site.watched.store, STEPS, "silent")
    for _ in range(600):
        if len(held) == 3:
            break
        page.wait_for_timeout(100)
    for route, answer in reversed(held):
        route.fulfill(response=answer)
        page.wait_for_timeout(200)
    silent = page.locator(f'tr[data-stream="{STREAMS[0]}"]')
    expect(silent).to_have_attribute("data-condition", "silent")
    expect(page.locator(".confirmed")).to_contain_text("Confirmed by Ada Vento")
    expect(page.get_by_label("Password")).to_have_value("being typed")


def test_a_button_that_is_pressed_while_the_page_is_renewed_is_not_lost(
    own_site: Site, open_page: Callable[..., Page]
) -> None:
    page = open_page(own_site.address)
    button = page.get_by_role("button", name="Confirm: Evacuate low-lying areas – start")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    take_step(own_site.watched.store, STEPS, "silent")
    page.wait_for_timeout(1500)
    page.mouse.up()
    expect(page.locator("#confirm")).to_be_visible()
    expect(page.locator(f'tr[data-stream="{STREAMS[0]}"]')).to_have_attribute("data-condition", "silent")


def test_the_keyboard_reaches_everything(site: Site, open_page: Callable[..., Page]) -> None:
    page = drawn(open_page(site.address))
    wanted = page.evaluate("""() => {
        const all = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']");
        const there = [...all].filter((each) => each.checkVisibility() && !each.matches(":disabled")
            && !each.closest("dialog, .js-plotly-plot > *"));
        there.forEach((each, number) => { each.dataset.number = number; });
        return there.length;
    }""")
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached = []
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.dataset.number ?? null"))
    assert {int(number) for number in reached if number is not None} == set(range(wanted))
    page.get_by_role("button", name="Confirm: Evacuate").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#confirm")).to_be_visible()
    expect(page.locator("#account")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#confirm")).to_be_hidden()
    expect(page.get_by_role("button", name="Confirm: Evacuate")).to_be_focused()


@pytest.mark.parametrize(("scheme", "viewport", "language"), [("light", DESK, "en"), ("dark", PHONE, "bn")])
def test_axe_finds_nothing_serious(
    site: Site, open_page: Callable[..., Page], scheme: str, viewport: dict[str, int], language: str
) -> None:
    page = drawn(open_page(f"{site.address}?lang={language}", color_scheme=scheme, viewport=viewport))
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert serious(page) == []
    page.locator("[data-confirm]").first.click()
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    assert serious(page) == []


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary'][:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def test_light_and_dark_follow_the_reader(site: Site, open_page: Callable[..., Page]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page = open_page(site.address, color_scheme="dark")
    dark = page.evaluate(ground)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(ground)
    assert brightness(dark) < 40 < 200 < brightness(light)
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(ground) == dark
    page.reload()
    assert page.evaluate(ground) == dark, "the choice is kept"
    page.emulate_media(media="print")
    assert brightness(page.evaluate(ground)) > 200, "paper is white"


def brightness(colour: str) -> float:
    return sum(float(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")) / 3


def test_a_phone_scrolls_in_one_direction(site: Site, open_page: Callable[..., Page]) -> None:
    for language in ("en", "bn", "vi"):
        page = open_page(f"{site.address}?lang={language}", viewport=PHONE, is_mobile=True, has_touch=True)
        if language == "en":
            drawn(page)
        wide = page.evaluate(
            """(width) => [...document.querySelectorAll("main *, header *")]
            .filter((each) => !each.closest(".scroll, svg, .visually-hidden, .js-plotly-plot") && each.checkVisibility()
                && each.getBoundingClientRect().right > width + 1).map((each) => each.outerHTML.slice(0, 100))""",
            PHONE["width"],
        )
        assert wide == [], language


def test_a_second_language_writes_its_own_numbers(site: Site, open_page: Callable[..., Page]) -> None:
    page = drawn(open_page(site.address, locale="bn-BD"))
    assert page.evaluate("document.documentElement.lang") == "bn"
    expect(page.locator("#now .tiles")).to_contain_text("০.৬৫ m")
    expect(page.locator("#slider-value")).to_have_text("২৪ ঘণ্টার মধ্যে")
    expect(page.locator("#sea-level-chart .ytick text").first).to_contain_text("০")
    page.get_by_role("link", name="Tiếng Việt").click()
    expect(page.locator("#now .tiles")).to_contain_text("0,65 m")
    expect(page.locator("#actions-title")).to_have_text(labels("vi")["actions"])


def test_without_a_script_the_page_shows_what_matters(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(site.address, java_script_enabled=False)
    for text in ("0.65 m", "Evacuate low-lying areas", "a chance below 10 %", "working", "need JavaScript"):
        expect(page.get_by_text(text).first).to_be_visible()
    expect(page.get_by_role("button", name="Confirm")).to_have_count(0)
    expect(page.locator("#map-chart img")).to_be_visible()


def test_with_data_saving_charts_load_on_request(site: Site, open_page: Callable[..., Page]) -> None:
    saving = "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
    page = open_page(site.address, saving)
    page.locator("#map").scroll_into_view_if_needed()
    expect(page.locator("#load")).to_be_visible()
    assert page.evaluate("[typeof Plotly, typeof maplibregl]") == ["undefined", "undefined"]
    page.locator("#load").click()
    drawn(page)


def test_a_lost_connection_is_reported(own_site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(own_site.address)
    expect(page.locator("#lost")).to_be_hidden()
    wait_until(page, "performance.getEntriesByType('resource').length > 3")
    own_site.stop()
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#announcements")).to_have_text(labels("en")["lost"])


def test_two_runs_are_compared(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page(site.address)
    page.select_option("#first-run", "before")
    page.select_option("#second-run", "after")
    page.get_by_role("button", name="Compare").click()
    comparison = page.locator("#comparison")
    expect(comparison).to_contain_text("today, once in 100 years")
    expect(comparison).to_contain_text(labels("en")["damage_overlaps"])
    expect(comparison).to_contain_text("Raise the embankment")
    picture = comparison.locator("img").first
    picture.scroll_into_view_if_needed()
    wait_until(page, "document.querySelector('#comparison img').naturalWidth === 480")
    assert serious(page) == []


def test_the_report_prints(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(render_page(coast.results()), encoding="utf-8")
    context = browser.new_context()
    page = context.new_page()
    page.goto(file.as_uri())
    paper = page.pdf(format="A4", print_background=True)
    context.close()
    assert paper.startswith(b"%PDF-")
    assert len(paper) <= LARGEST_REPORT
    assert file.stat().st_size <= LARGEST_REPORT
