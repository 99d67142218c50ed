"""A person who follows the tutorial to the letter ends with strategies of their own, compared, and one chosen."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from strandline.pipeline.deployment.trial_ground_file import TRIAL_GROUND_FILE

pytestmark = [pytest.mark.slow, pytest.mark.allow_hosts(["127.0.0.1"])]
ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/tutorial/own-strategy.md").read_text()
STRANDLINE = (sys.executable, "-m", "strandline.cli.main")
SOLVER_MS = 300_000


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A copy of the run that step 1 makes, as it came from there."""
    made = ROOT / "runs/demo"
    if not (made / TRIAL_GROUND_FILE).is_file():
        pytest.skip("no runs/demo of this version here; `make demo` makes it")
    left_out = shutil.ignore_patterns("watch*", "strategies")
    return Path(shutil.copytree(made, tmp_path / "runs/demo", ignore=left_out))


@pytest.fixture
def printed(demo: Path) -> Iterator[str]:
    """What ``strandline serve`` prints."""
    command = [*STRANDLINE, "serve", "--run", str(demo), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline() + server.stdout.readline()
        finally:
            server.terminate()


def strategies_of_the_page() -> list[tuple[str, str, str, str]]:
    """Name, points, crest and cost of each strategy, in the words of the page."""
    points = [re.sub(r"(?m)^ +", "", block).strip() for block in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)]
    crests, costs = re.findall(r"\*Crest\*:? `([\d.]+)`", PAGE), re.findall(r"\*Cost\*:? `(\d+)`", PAGE)
    names = list(dict.fromkeys(re.findall(r"`(Ring of polder \d+)`", PAGE)))
    return list(zip(names, points, crests, costs, strict=True))


def test_who_follows_it_compares_two_strategies_and_chooses_one(
    printed: str, demo: Path, open_page: Callable[..., Page]
) -> None:
    address, token = re.search(r"http://\S+", printed), re.search(r"token: (\S+)", printed)
    assert address is not None, printed
    assert token is not None, printed
    page = open_page(address[0])
    expect(page.get_by_role("heading", name="Draw and see")).to_be_visible()
    page.get_by_role("heading", name="Draw and see").scroll_into_view_if_needed()
    page.locator("#studio").get_by_label("Token").fill(token[1])
    first, second = strategies_of_the_page()
    for name, points, crest, cost in (first, second):
        if name == second[0]:
            page.get_by_role("button", name="Remove 1. Embankment").click()
        draw_and_save(page, name, points, crest, cost)
    table = page.locator("#studio-strategies table")
    for name, *_ in (first, second):
        expect(table).to_contain_text(name)
    page.get_by_role("button", name=f"Choose {second[0]}").click()
    expect(page.locator("#studio-saved")).to_contain_text("written into plan.json")
    chosen = json.loads((demo / "plan.json").read_text())["chosen_strategy"]
    assert (chosen["name"], chosen["chosen_by"], chosen["method"]) == (second[0], "Ada Vento", "solver")
    assert second[0] in (demo / "plan.md").read_text()
    subprocess.run([*STRANDLINE, "lint", str(demo / "plan.json")], check=True)
    avoided = {each["name"]: each for each in map(read, (demo / "strategies").glob("*.json"))}
    by_still, by_solver = (
        [avoided[name][method]["futures"][0]["change"]["avoided"]["mean"] for name, *_ in (first, second)]
        for method in ("still_water", "solver")
    )
    assert by_still[0] > by_still[1] > 0  # "had it the other way round"
    assert by_solver[1] > 4 * by_solver[0] > 0


def draw_and_save(page: Page, name: str, points: str, crest: str, cost: str) -> None:
    """Steps 2 and 3 of the page."""
    page.get_by_role("button", name="Embankment", exact=True).click()
    surface = page.locator("#studio-surface")
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    assert box is not None
    for across in (0.4, 0.6):
        page.mouse.click(box["x"] + across * box["width"], box["y"] + 0.4 * box["height"])
    page.get_by_role("button", name="Finish").click()
    page.get_by_label("Points").fill(points)
    page.get_by_label("Crest").fill(crest)
    page.get_by_label("Cost").fill(cost)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#studio-outcome [data-method='still water']")).to_be_visible()
    expect(page.locator("#studio-outcome [data-method=solver]")).to_be_visible(timeout=SOLVER_MS)
    page.get_by_label("Name of the strategy").fill(name)
    page.locator("#studio-save").get_by_label("Your name").fill("Ada Vento")
    page.get_by_role("button", name="Save the strategy").click()
    expect(page.locator("#studio-saved")).to_contain_text(name)


def read(path: Path) -> dict[str, dict[str, object]]:
    """A saved strategy."""
    return json.loads(path.read_text())  # type: ignore[no-any-return]
