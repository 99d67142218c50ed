"""What the pages show works: Python blocks run, commands are the parser's own, files and links are there."""

import ast
import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import strandline
from strandline.cli.main import app
from tests.fixtures.docs import write_documented_place

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *(ROOT / name for name in ("README.md", "examples/README.md"))])
TOP = [ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "benchmarks/README.md")]
RUN = [page for page in PAGES if "```python\n" in page.read_text(encoding="utf-8")]
SLOW = {"library.md"}
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
UsageError = typer.BadParameter.__mro__[1]
NOT_RUN = re.compile(r"<!-- not run: .+ -->\n```(\w+)\n.*?```", re.DOTALL)
PRODUCT_FOLDERS = ("runs/", "alerts/", "drafts/", "confirmed/", "watch-alerts/", "fetched/")
GLOBAL = {"--help", "--install-completion", "--show-completion"}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> Iterator[str]:
    """Fenced blocks of a language, those marked as not run left out."""
    text = NOT_RUN.sub("", page.read_text(encoding="utf-8"))
    yield from re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def commands(page: Path) -> Iterator[str]:
    """Lines of blocks, fenced or indented, that begin with `strandline`."""
    for line in page.read_text(encoding="utf-8").splitlines():
        if re.match(r"(?:    )?(?:\$ )?strandline ", line):
            yield line.strip().removeprefix("$ ")


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.slow if page.name in SLOW else ()) for page in RUN], ids=name_of
)
def test_the_python_blocks_of_a_page_run_one_after_the_other(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page.name == "library.md":
        write_documented_place(tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for number, block in enumerate(blocks(page, "python"), start=1):
        exec(compile(block, f"{page.name}, block {number}", "exec"), names)


@pytest.mark.parametrize("page", [page for page in PAGES if list(commands(page))], ids=name_of)
def test_the_command_lines_of_a_page_are_understood(page: Path) -> None:
    for line in commands(page):
        typed = line.split("   ")[0].split(" | ")[0].split(" > ")[0] if "#" not in line else line.split(" #")[0]
        name, *arguments = shlex.split(typed)[1:]
        if name.startswith("--"):
            assert {name, *arguments} <= GLOBAL, line
            continue
        try:
            COMMANDS[name].make_context(name, arguments)
        except (KeyError, UsageError) as error:
            raise AssertionError(f"{name_of(page)}: {line}: {error!r}") from error


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=name_of)
def test_a_command_within_a_sentence_names_no_option_that_is_not_there(page: Path) -> None:
    for said in re.findall(r"`strandline ([^`]+)`", page.read_text(encoding="utf-8").replace("\n", " ")):
        name, *rest = said.split()
        if name.startswith("--") or name == "COMMAND":
            assert {word for word in (name, *rest) if word.startswith("--")} <= GLOBAL, said
            continue
        known = {option for parameter in COMMANDS[name].params for option in parameter.opts} | GLOBAL
        assert {word for word in rest if word.startswith("--")} <= known, said


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=name_of)
def test_a_benchmark_that_a_page_names_is_there_with_its_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for module, rest in re.findall(r"python -m (benchmarks(?:\.\w+)+)([^`\n]*)", text):
        found = find_spec(module)
        assert found is not None, module
        assert found.origin is not None
        here = Path(found.origin)
        sources = here.parent.glob("*.py") if here.name == "__init__.py" else [here]
        source = "".join(part.read_text(encoding="utf-8") for part in sources)
        for option in re.findall(r"--[a-z][a-z-]*", rest.split("#")[0]):
            assert f'"{option}"' in source, f"{module} {option}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_toml_blocks_are_toml(page: Path) -> None:
    for block in blocks(page, "toml"):
        assert tomllib.loads(block)


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=name_of)
def test_every_local_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text) + re.findall(
        r"^\[[^\]]+\]: ([^#\s]+)", text, re.MULTILINE
    )
    for target in targets:
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{name_of(page)} links to {target}"


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=name_of)
def test_every_file_and_folder_of_the_package_that_a_page_names_is_there(page: Path) -> None:
    """Names in backticks with a slash that end in `.py` or a slash, from the package, the tests or the repository."""
    roots = (ROOT / "src" / "strandline", ROOT, ROOT / "tests")
    for name in re.findall(r"`([a-z_][\w/-]*/(?:[\w-]+\.py)?)`", page.read_text(encoding="utf-8")):
        if not name.startswith(PRODUCT_FOLDERS):
            assert any((root / name).exists() for root in roots), f"{name_of(page)} names {name}"


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=name_of)
def test_every_module_that_a_page_names_can_be_found(page: Path) -> None:
    for name in re.findall(r"`(strandline(?:\.\w+)+)`", page.read_text(encoding="utf-8")):
        module, _, attribute = name.rpartition(".")
        assert find_spec(name) is not None if _is_module(name) else hasattr(import_module(module), attribute), name


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=name_of)
def test_no_line_of_a_page_is_longer_than_120_characters(page: Path) -> None:
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        assert len(line) <= 120, f"{name_of(page)}, line {number}: {len(line)} characters"


def test_every_page_stands_in_the_sites_order() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    decisions = (ROOT / "docs" / "decisions" / "index.md").read_text(encoding="utf-8")
    for page in ROOT.glob("docs/**/*.md"):
        name = str(page.relative_to(ROOT / "docs"))
        if name.startswith("decisions/0"):
            assert f"({page.name})" in decisions, f"{name} is not in decisions/index.md"
        else:
            assert f": {name}\n" in nav, f"{name} is not in mkdocs.yml"


def test_every_public_name_has_its_entry_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    entries = set(re.findall(r"^::: strandline\.(\w+)$", page, re.MULTILINE))
    assert entries == set(strandline.__all__) - {"__version__"}


def test_no_block_is_left_out_without_a_reason() -> None:
    """A fence that is neither run, parsed nor marked would rot."""
    known = {"python", "sh", "toml", "json", "text"}
    for page in PAGES:
        for language in re.findall(r"^```(\w*)$", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert language in known | {""}, f"{name_of(page)}: ```{language}"


def test_examples_are_python_that_compiles() -> None:
    for path in (ROOT / "examples").glob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), str(path))


def test_help_can_be_shown_for_every_command() -> None:
    os.environ.setdefault("COLUMNS", "120")
    for name in COMMANDS:
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0
